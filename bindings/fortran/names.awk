# SPDX-License-Identifier: BSD-3-Clause
# From a list of names without underscore, which the sources have with one: the symbol map of the library, and the
# linker's options that give each name its other forms.
#
#   awk -v manglings="lower lower_" -v map=FILE -v defsym=FILE -f names.awk LIST

function mangled(name, how) {
    if (how ~ /^UPPER/)
        name = toupper(name)
    sub(/^(lower|UPPER)/, "", how)
    return name how
}

BEGIN {
    count = split(manglings, forms, " ")
    print "{\nglobal:" >map
}

{
    for (i = 1; i <= count; i++) {
        name = mangled($1, forms[i])
        print "    " name ";" >map
        if (name != $1 "_")
            print "--defsym=" name "=" $1 "_" >defsym
    }
}

END { print "local:\n    *;\n};" >map }
