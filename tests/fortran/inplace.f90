! SPDX-License-Identifier: BSD-3-Clause
! In place by the include, and by "use pvm" in its stead: data may be a compiler's temporary, so all is copied when packed.
! What was packed is overwritten before the send, and memory that was free then, too.
program inplace
    implicit none
    include 'fpvm3.h'
    integer :: me, bufid, info
    call pvmfmytid(me)
    call sections
    call expressions
    call dummies
    call kinds_of_message
    call pvmfexit(info)
contains
    subroutine begin()
        call pvmfinitsend(PVMDATAINPLACE, bufid)
    end subroutine begin

    subroutine pass()
        call overwrite
        call pvmfsend(me, 1, info)
        call pvmfrecv(me, 1, bufid)
    end subroutine pass

    subroutine sections()
        integer(4) :: a(10), b(10), i
        real(8) :: grid(4, 5), row(5), part(2, 3)
        a = [(i, i = 1, 10)]
        grid = reshape([(i / 4d0, i = 1, 20)], [4, 5])
        call begin
        call pvmfpack(INTEGER4, a(1:9:2), 5, 1, info)
        call same('a section', info, PvmOk)
        call pvmfpack(REAL8, grid(2, :), 5, 1, info)
        call pvmfpack(REAL8, grid(2:3, 1:5:2), 6, 1, info)
        call pvmfpack(INTEGER4, a(10:1:-1), 10, 1, info)
        call pvmfpack(REAL8, grid(3, 1), 5, 4, info)
        call same('a row by its stride', info, PvmOk)
        a = -1
        grid = -1
        call pass
        call pvmfunpack(INTEGER4, b, 5, 1, info)
        call check('a section', all(b(:5) == [1, 3, 5, 7, 9]))
        call pvmfunpack(REAL8, row, 5, 1, info)
        call check('a row', all(row == [2, 6, 10, 14, 18] / 4d0))
        call pvmfunpack(REAL8, part, 6, 1, info)
        call check('a part', all(part == reshape([2, 3, 10, 11, 18, 19], [2, 3]) / 4d0))
        call pvmfunpack(INTEGER4, b, 10, 1, info)
        call check('backwards', all(b == [(11 - i, i = 1, 10)]))
        call pvmfunpack(REAL8, row, 5, 1, info)
        call check('a row by its stride', all(row == [3, 7, 11, 15, 19] / 4d0))
    end subroutine sections

    subroutine expressions()
        integer(4) :: a(10), b(10), i
        character(len=5) :: word, other
        a = [(i, i = 1, 10)]
        word = 'some'
        call begin
        call pvmfpack(INTEGER4, 2 * a, 10, 1, info)
        call pvmfpack(INTEGER4, a(1) + a(2), 1, 1, info)
        call pvmfpack(INTEGER4, (a([7, 2, 9])), 3, 1, info)    ! without parentheses use pvm crashes gfortran 12
        call pvmfpack(STRING, trim(word) // '!', 5, 1, info)
        a = -1
        word = '?'
        call pass
        call pvmfunpack(INTEGER4, b, 10, 1, info)
        call check('an expression', all(b == [(2 * i, i = 1, 10)]))
        call pvmfunpack(INTEGER4, b, 4, 1, info)
        call check('a number, and a vector of subscripts', all(b(:4) == [3, 7, 2, 9]))
        call pvmfunpack(STRING, other, 5, 1, info)
        call check('text', other == 'some!')
    end subroutine expressions

    ! The caller passes a copy, which dies when the routine ends.
    subroutine dummies()
        integer(4) :: a(10), b(10), i
        a = [(i, i = 1, 10)]
        call begin
        call pack_dummy(a(2:10:2), 5)
        call pack_dummy(a(6:), 5)
        a = -1
        call pass
        call pvmfunpack(INTEGER4, b, 10, 1, info)
        call check('a dummy argument', all(b == [2, 4, 6, 8, 10, 6, 7, 8, 9, 10]))
    end subroutine dummies

    subroutine pack_dummy(x, n)
        integer, intent(in) :: n
        integer(4), intent(in) :: x(n)
        call pvmfpack(INTEGER4, x, n, 1, info)
    end subroutine pack_dummy

    ! It is one in place all the same, with as many copies as are sent, and takes others behind it.
    subroutine kinds_of_message()
        integer(4) :: a(3), b(4)
        integer :: length, ctx, tag, wid, enc, crc, src, dst, bytes, first
        a = [1, 2, 3]
        call begin
        first = bufid
        call pvmfpack(INTEGER4, a, 3, 1, info)
        call pvmfgetminfo(first, length, ctx, tag, wid, enc, crc, src, dst, info)
        call same('the message is one in place', enc, 536870912)
        call pvmfbufinfo(first, bytes, tag, src, info)
        call same('and has no length yet', bytes, 0)
        a = -1
        call pass
        call pvmfbufinfo(bufid, bytes, tag, src, info)
        call same('but where it arrives', bytes, 12)
        call pvmfpack(INTEGER4, 4_4, 1, 1, info)
        call pass
        call pvmfunpack(INTEGER4, b, 4, 1, info)
        call check('sent again, with more', all(b == [1, 2, 3, 4]))
        call pvmfpack(INTEGER4, a, -1, 1, info)
        call same('a negative count', info, PvmBadParam)
        call pvmfpack(10, a, 1, 1, info)
        call same('what is no type', info, PvmBadParam)
    end subroutine kinds_of_message

    ! Memory of temporaries, on the stack and elsewhere, is used anew.
    subroutine overwrite()
        integer(4), allocatable :: many(:)
        integer(4) :: few(2000), i
        do i = 1, 64
            allocate (many(i))
            many = 99
            call look(many, i)
            deallocate (many)
        end do
        few = 99
        call look(few, 2000)
    end subroutine overwrite
end program inplace

subroutine look(x, n)
    integer, intent(in) :: n
    integer(4), intent(in) :: x(n)
    if (any(x /= 99)) error stop 'memory changes by itself'
end subroutine look
