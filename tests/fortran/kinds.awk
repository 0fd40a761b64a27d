# SPDX-License-Identifier: BSD-3-Clause
# Writes a program that sends arrays of each type and rank by every generic routine of pvm_f08, to itself: kinds.f90.
#
#   awk -v types="i1 i2 ... c" -v ranks=7 -f kinds.awk > kinds.f90

function type_of(t,    k) {
    k = substr(t, 2)
    return t == "c" ? "character(len=3)" : (t ~ /^i/ ? "integer(" : t ~ /^r/ ? "real(" : t ~ /^z/ ? "complex(" : "logical(") k ")"
}

function value_of(t, second,    k) {
    k = "_" substr(t, 2)
    if (t ~ /^i/) return second ? "-7" k : "5" k
    if (t ~ /^r/) return second ? "-2.25" k : "1.5" k
    if (t ~ /^z/) return second ? "(-2.25" k ", 1.5" k ")" : "(1.5" k ", -2.0" k ")"
    if (t ~ /^l/) return second ? ".true." k : ".false." k
    return second ? "'xyz'" : "'abc'"
}

# "(a, b, b)": a first, then b; rank of them.
function list(rank, a, b,    i, s) {
    for (i = 1; i <= rank; i++)
        s = s (i > 1 ? ", " : "") (i == 1 ? a : b)
    return rank ? "(" s ")" : ""
}

function is_a(t, rank, x,    same) {
    same = t ~ /^l/ ? "a .eqv. " x : "a == " x
    return "good = good .and. " (rank ? "all(" same ")" : "(" same ")")
}

function say(line) { print "    " line }

function try(t, rank,    backwards, allocates) {
    backwards = list(rank, "2:1:-1", ":")
    allocates = rank > 0 || t == "c"
    say("subroutine try_" t "_" rank "()")
    say("    " type_of(t) " :: a" list(rank, "2", "2") ", b" list(rank, "2", "2") ", many" list(rank + 1, "2", "2"))
    if (allocates)
        say("    " (t == "c" ? "character(len=:)" : type_of(t)) ", allocatable :: c" list(rank, ":", ":"))
    say("    logical :: good")
    say("    a = " value_of(t, 0) "\n        b = a\n        many" list(rank + 1, ":", ":") " = " value_of(t, 0))
    say("    a" list(rank, "1", "2") " = " value_of(t, 1) "\n        good = .true.")
    say("    call pvm_initsend(PVMDATADEFAULT, bufid)\n        call pvm_pack(a" backwards ")\n        call pvm_pack_array(a)")
    say("    call pvm_send(me, 1)\n        call pvm_recv(me, 1)\n        call pvm_unpack(b" backwards ")\n        " is_a(t, rank, "b"))
    if (allocates)
        say("    call pvm_unpack_alloc(c)\n        " is_a(t, rank, "c"))
    say("    b = " value_of(t, 0) "\n        call pvm_send(me, 2, a)\n        call pvm_recv(me, 2, b)\n        " is_a(t, rank, "b"))
    if (allocates)
        say("    call pvm_send(me, 3, a)\n        call pvm_recv_alloc(me, 3, c)\n        " is_a(t, rank, "c"))
    say("    b = " value_of(t, 0) "\n        call pvm_psend(me, 4, a" backwards ")\n        call pvm_precv(me, 4, b" backwards ")\n        " \
        is_a(t, rank, "b"))
    say("    call pvm_mcast([me], 5, a)\n        call pvm_bcast('alone', 6, a, stat=stat)\n        good = good .and. stat == PvmNoInst")
    say("    call pvm_reduce(nothing, b, 7, 'alone', 0)\n        " is_a(t, rank, "b"))
    if (rank < ranks) {
        say("    call pvm_gather(many, a, 8, 'alone', 0)\n        b = " value_of(t, 0) "\n        call pvm_scatter(b, many, 9, 'alone', 0)")
        say("    " is_a(t, rank, "b"))
    }
    if (rank > 0) {
        say("    b = " value_of(t, 0) "\n        call pvm_gather(b" backwards ", a" backwards ", 8, 'alone', 0)\n        " is_a(t, rank, "b"))
        say("    b = " value_of(t, 0) "\n        call pvm_scatter(b" backwards ", a" backwards ", 9, 'alone', 0)\n        " is_a(t, rank, "b"))
    }
    say("    call check('" type_of(t) ", rank " rank "', good)\n    end subroutine try_" t "_" rank "\n")
}

BEGIN {
    count = split(types, type, " ")
    print "! SPDX-License-Identifier: BSD-3-Clause\nmodule tries\n    use pvm_f08\n    implicit none\n    integer :: me, bufid, stat\ncontains"
    for (i = 1; i <= count; i++)
        for (rank = 0; rank <= ranks; rank++)
            try(type[i], rank)
    print "    subroutine nothing(datatype, x, y, num, info)\n        integer :: datatype, num, info"
    print "        integer(1) :: x(*), y(*)\n        x(1) = y(1)\n        info = min(0, datatype, num)\n    end subroutine nothing\nend module tries\n"
    print "program kinds\n    use tries\n    implicit none\n    call pvm_mytid(me)\n    call pvm_joingroup('alone', stat)"
    for (i = 1; i <= count; i++)
        for (rank = 0; rank <= ranks; rank++)
            print "    call try_" type[i] "_" rank
    print "    call pvm_exit()\nend program kinds"
}
