# SPDX-License-Identifier: BSD-3-Clause
# The second step to pvm_f08.f90: blocks "@each FORM@" of the template are written out for each type and rank, and
# "@names FORM X@" lists the specific procedures of a generic one. Forms:
#
#   any          one array: of assumed rank, where there are descriptors
#   pair         all members' parts and one: a rank more, or the same
#   allocatable  one array of each rank, which can be allocated
#   described    of which arrays the module tells itself where the elements are
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

# rank -1: assumed.
function dims_of(rank) { return rank < 0 ? "(..)" : list(rank, ":", 0) }
function describer_of(t, rank) { return rank < 0 ? "describe" : "describe_" t "_" rank }

function write_out(text, t, rank, part,    name, extents, i) {
    name = rank < 0 ? t : t "_" rank (part == "" ? "" : "_" part)
    text = replaced(text, "{n}", name)
    text = replaced(text, "{type}", type_of(t))
    text = replaced(text, "{dims}", dims_of(rank))
    text = replaced(text, "{whole}", dims_of(rank))
    text = replaced(text, "{part}", dims_of(part))
    text = replaced(text, "{shape}", list(rank, ":", 0))
    text = replaced(text, "{deferred}", t == "c" ? "character(len=:)" : type_of(t))
    text = replaced(text, "{family}", family_of(t))
    text = replaced(text, "{rank}", rank)
    text = replaced(text, "{size}", size_of(t))
    text = replaced(text, "{kindtest}", t == "c" ? ".true." : "found%size == " size_of(t))
    for (i = 1; i <= rank; i++)
        extents = extents (i > 1 ? ", " : "") "found%extent(" i ")"
    extents = "x" (rank > 0 ? "(" extents ")" : "")
    if (rank > 3)
        extents = replaced(extents, "found%extent(3), ", "found%extent(3), &\n                ")
    text = replaced(text, "{allocate}", (t == "c" ? "character(len=found%size) :: " : "") extents)
    text = replaced(text, "{describe}", "call " describer_of(t, rank) "(x, a)")
    text = replaced(text, "{describe whole}", describer_of(t, rank))
    text = replaced(text, "{describe part}", describer_of(t, part))
    text = replaced(text, "{described}", data == "descriptor" ? "call describe(x, a)" : describe(t, rank))
    printf "%s", text
}

# text for each type and rank of a form.
function each_one(text, form,    i, rank) {
    for (i = 1; i <= count; i++) {
        if (data == "descriptor" && (form == "any" || form == "pair"))
            write_out(text, type[i], -1, -1)
        else if (form == "pair")
            for (rank = 1; rank <= ranks; rank++) {
                write_out(text, type[i], rank, rank - 1)
                write_out(text, type[i], rank, rank)
            }
        else
            for (rank = form == "any" || type[i] == "c" || form == "described" && data == "external" ? 0 : 1; rank <= ranks; rank++)
                write_out(text, type[i], rank, "")
    }
}

BEGIN { count = split(types, type, " ") }

/^@names / { sub(/@$/, ""); each_one("        module procedure " $3 "_{n}\n", $2); next }
/^@each / { sub(/@$/, ""); collecting = $2; block = ""; next }
/^@end@$/ { each_one(block, collecting); collecting = ""; next }
collecting != "" { block = block $0 "\n"; next }
{ print }
