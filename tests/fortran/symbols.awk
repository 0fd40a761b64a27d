# SPDX-License-Identifier: BSD-3-Clause
# From the source of a module: the names by which objects call what programs may use of it, one a line. Generic routines
# count as all their specific ones, those in C by their name there. What is called where the compiler cannot know the
# routine is a plain external.
#
#   awk -f symbols.awk pvm_f08.f90

{ gsub(/,/, " , ") }
/^ *public ::/ { for (i = 3; i <= NF; i++) if ($i ~ /^pvmf?_?[a-z]/) public[$i] = 1; next }
/^ *interface [a-z]/ { generic = $2; next }
/^ *end interface/ { generic = ""; next }
/^ *module procedure/ && generic != "" { for (i = 3; i <= NF; i++) if ($i != ",") specific[$i] = generic; next }
/^ *(subroutine|.* function) / {
    name = $0
    sub(/\(.*/, "", name)
    sub(/.* /, "", name)
    if (match($0, /bind\(C *,? *name='[a-z0-9_]*/)) {
        binding = substr($0, RSTART, RLENGTH)
        sub(/.*'/, "", binding)
        bound[name] = binding
    }
}

END {
    for (name in specific) {
        print name in bound ? bound[name] : name
        delete public[specific[name]]
    }
    for (name in public)
        print name in bound ? bound[name] : name
}
