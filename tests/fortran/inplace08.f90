! SPDX-License-Identifier: BSD-3-Clause
! In place by pvm_f08: variables that are contiguous are read at the send, if the compiler shows that they are such (its
! argument is then "read"); all else is copied when packed.
module packed
    use pvm_f08
    implicit none
    integer :: me, bufid
contains
    subroutine pass()
        call overwrite
        call pvm_send(me, 1)
        call pvm_recv(me, 1)
    end subroutine pass

    subroutine copied()
        integer :: a(10), b(10), i, n, three(3)
        real(8) :: grid(4, 5), row(5), part(2, 3)
        character(len=5) :: word, other
        a = [(i, i = 1, 10)]
        n = 4
        grid = reshape([(i / 4d0, i = 1, 20)], [4, 5])
        word = 'some'
        call pvm_initsend(PVMDATAINPLACE, bufid)
        call pvm_pack(a(1:9:2))
        call pvm_pack(grid(2, :))
        call pvm_pack(grid(2:3, 1:5:2))
        call pvm_pack(2 * a)
        call pvm_pack(a(2:n) + 1)
        call pvm_pack(a([7, 2, 9]))
        call pvm_pack((a))
        call pvm_pack(twice(a(:3)))
        call pvm_pack(n)
        call pvm_pack(n + 1)
        call pvm_pack(trim(word) // '!')
        call pack_value(n)
        a = -1
        n = -1
        grid = -1
        word = '?'
        call pass
        call pvm_unpack(b(:5))
        call check('a section', all(b(:5) == [1, 3, 5, 7, 9]))
        call pvm_unpack(row)
        call check('a row', all(row == [2, 6, 10, 14, 18] / 4d0))
        call pvm_unpack(part)
        call check('a part', all(part == reshape([2, 3, 10, 11, 18, 19], [2, 3]) / 4d0))
        call pvm_unpack(b)
        call check('an expression', all(b == [(2 * i, i = 1, 10)]))
        call pvm_unpack(three)
        call check('one of a size that is not constant', all(three == [3, 4, 5]))
        call pvm_unpack(three)
        call check('a vector of subscripts', all(three == [7, 2, 9]))
        call pvm_unpack(b)
        call check('in parentheses', all(b == [(i, i = 1, 10)]))
        call pvm_unpack(three)
        call check('what a function gives', all(three == [2, 4, 6]))
        call pvm_unpack(b(:2))
        call check('a number, and one that is worked out', all(b(:2) == [4, 5]))
        call pvm_unpack(other)
        call check('text', other == 'some!')
        call pvm_unpack(i)
        call same('a dummy argument with VALUE', i, 4)
    end subroutine copied

    function twice(x)
        integer, intent(in) :: x(:)
        integer :: twice(size(x))
        twice = 2 * x
    end function twice

    subroutine pack_value(x)
        integer, value :: x
        call pvm_pack(x)
    end subroutine pack_value

    ! Their heads, with type and shape, are the library's own and copied.
    subroutine shaped()
        integer, allocatable :: matrix(:, :), row(:)
        integer, target :: a(2, 3)
        a = reshape([1, 2, 3, 4, 5, 6], [2, 3])
        call pvm_initsend(PVMDATAINPLACE, bufid)
        call pvm_pack_array(a)
        call pvm_pack_array(a(2, :))
        call pvm_pack_array(a(1, :) + 1)
        call pass
        call pvm_unpack_alloc(matrix)
        call check('an array with its shape', all(shape(matrix) == [2, 3]) .and. all(matrix == a))
        call pvm_unpack_alloc(row)
        call check('a section with its shape', all(row == [2, 4, 6]))
        call pvm_unpack_alloc(row)
        call check('an expression with its shape', all(row == [2, 4, 6]))
    end subroutine shaped

    subroutine referred(how)
        character(len=*), intent(in) :: how
        integer, target :: a(6), low(0:3)
        integer, allocatable, target :: made(:)
        real, target :: grid(3, 4)
        character(len=3), target :: words(2)
        integer :: b(6), round, seen
        real :: column(3)
        character(len=3) :: read(2)
        allocate (made(4))
        call pvm_initsend(PVMDATAINPLACE, bufid)
        do round = 1, 2
            a = round
            low = round + 10
            made = round + 20
            grid = round / 2.0
            words = achar(48 + round)
            if (round == 1) then
                call pvm_pack(a(:3))
                call pvm_pack(a(4:))
                call pvm_pack(low)
                call pack_shape(made)
                call pvm_pack(grid(:, 2))
                call pvm_pack(words)
            end if
        end do
        call pass
        seen = merge(2, 1, how == 'read')
        call pvm_unpack(b)
        call check('an array, in pieces', all(b == seen))
        call pvm_unpack(b(:4))
        call check('one that begins at 0', all(b(:4) == seen + 10))
        call pvm_unpack(b(:4))
        call check('a dummy argument of assumed shape', all(b(:4) == seen + 20))
        call pvm_unpack(column)
        call check('a column', all(column == seen / 2.0))
        call pvm_unpack(read)
        call check('text', all(read == achar(48 + seen)))
    end subroutine referred

    subroutine pack_shape(x)
        integer, intent(in) :: x(:)
        call pvm_pack(x)
    end subroutine pack_shape

    ! Memory of temporaries, on the stack and elsewhere, is used anew.
    subroutine overwrite()
        integer, allocatable :: many(:)
        integer :: few(2000), i
        do i = 1, 64
            allocate (many(i))
            many = 99
            call look(many, i)
            deallocate (many)
        end do
        few = 99
        call look(few, 2000)
    end subroutine overwrite
end module packed

program inplace08
    use packed
    implicit none
    character(len=8) :: how
    call get_command_argument(1, how)
    call pvm_mytid(me)
    call copied
    call shaped
    call referred(how)
    call pvm_exit()
end program inplace08

subroutine look(x, n)
    integer, intent(in) :: n, x(n)
    if (any(x /= 99)) error stop 'memory changes by itself'
end subroutine look
