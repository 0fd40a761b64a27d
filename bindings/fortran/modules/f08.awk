# SPDX-License-Identifier: BSD-3-Clause
# The second step to pvm_f08.f90: blocks "@each@" and "@each allocatable@" of the template are written out for each type
# and rank, "@names X@" and "@allocnames X@" list the specific procedures of a generic one.
#
#   awk -f f08.awk -v types="i1 i2 i4 i8 r4 ..." -v data=descriptor|external -v ranks=7 pvm_f08.tmp > pvm_f08.f90

function type_of(t,    k) {
    k = substr(t, 2)
    if (t ~ /^i/) return "integer(" k ")"
    if (t ~ /^r/) return "real(" k ")"
    if (t ~ /^z/) return "complex(" k ")"
    if (t ~ /^l/) return "logical(" k ")"
    return "character(len=*)"
}

function family_of(t) {
    return t ~ /^[il]/ ? 1 : t ~ /^r/ ? 2 : t ~ /^z/ ? 3 : 4
}

function size_of(t) {
    return t == "c" ? "0" : t ~ /^z/ ? 2 * substr(t, 2) : substr(t, 2)
}

# "(a, b, a)": b at place, rank of them.
function list(rank, a, place, b,    i, s) {
    for (i = 1; i <= rank; i++)
        s = s (i > 1 ? "," : "") (i == place ? b : a)
    return rank ? "(" s ")" : ""
}

# Without descriptors: addresses of the first element and of its neighbours tell where all are.
function describe(t, rank,    i, s, first) {
    first = "x" list(rank, "1", 0)
    s = "a%size = " (t == "c" ? "len(x)" : size_of(t)) "\n        a%family = " family_of(t) "\n        a%rank = " rank
    if (rank == 0)
        return s "\n        a%base = loc(x)"
    s = s "\n        if (size(x) > 0) a%base = loc(" first ")"
    for (i = 1; i <= rank; i++) {
        s = s "\n        a%extent(" i ") = size(x, " i ")"
        s = s "\n        if (size(x) > 0 .and. size(x, " i ") > 1) a%step(" i ") = loc(x" list(rank, "1", i, "2") ") - a%base"
    }
    return s
}

function replaced(text, word, by,    done, at) {
    done = ""
    while ((at = index(text, word)) > 0) {
        done = done substr(text, 1, at - 1) by
        text = substr(text, at + length(word))
    }
    return done text
}

function write_out(text, t, rank, form,    name, extents, i) {
    text = replaced(text, "{n}", t (form == "assumed" ? "" : "_" rank))
    text = replaced(text, "{type}", type_of(t))
    text = replaced(text, "{dims}", form == "assumed" ? "(..)" : list(rank, ":", 0))
    text = replaced(text, "{shape}", list(rank, ":", 0))
    text = replaced(text, "{deferred}", t == "c" ? "character(len=:)" : type_of(t))
    text = replaced(text, "{family}", family_of(t))
    text = replaced(text, "{rank}", rank)
    text = replaced(text, "{size}", size_of(t))
    text = replaced(text, "{kindtest}", t == "c" ? ".true." : "found%size == " size_of(t))
    for (i = 1; i <= rank; i++)
        extents = extents (i > 1 ? ", " : "") "found%extent(" i ")"
    extents = "x" (rank ? "(" extents ")" : "")
    if (rank > 3)
        extents = replaced(extents, "found%extent(3), ", "found%extent(3), &\n                ")
    text = replaced(text, "{allocate}", (t == "c" ? "character(len=found%size) :: " : "") extents)
    text = replaced(text, "{describe}", data == "descriptor" ? "call describe(x, a)" : describe(t, rank))
    printf "%s", text
}

function each_one(text, allocatable,    i, rank) {
    for (i = 1; i <= count; i++) {
        if (!allocatable && data == "descriptor")
            write_out(text, type[i], 0, "assumed")
        else
            for (rank = allocatable && type[i] != "c" ? 1 : 0; rank <= ranks; rank++)
                write_out(text, type[i], rank, "")
    }
}

function names_of(generic, allocatable,    i, rank) {
    for (i = 1; i <= count; i++) {
        if (!allocatable && data == "descriptor")
            print "        module procedure " generic "_" type[i]
        else
            for (rank = allocatable && type[i] != "c" ? 1 : 0; rank <= ranks; rank++)
                print "        module procedure " generic "_" type[i] "_" rank
    }
}

BEGIN { count = split(types, type, " ") }

/^@names / { sub(/@$/, ""); names_of($2, 0); next }
/^@allocnames / { sub(/@$/, ""); names_of($2, 1); next }
/^@each@$/ { collecting = 1; block = ""; next }
/^@each allocatable@$/ { collecting = 2; block = ""; next }
/^@end@$/ { each_one(block, collecting == 2); collecting = 0; next }
collecting { block = block $0 "\n"; next }
{ print }
