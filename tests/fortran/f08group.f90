! SPDX-License-Identifier: BSD-3-Clause
! use pvm_f08 in a group of four: data for all of it, from all of it, and what is wrong with an argument.
module members
    use pvm_f08
    implicit none
    integer, parameter :: n = 4
    integer :: me, mine, stat
    integer :: tids(0:n - 1)
    character(len=400) :: message
    character(len=*), parameter :: name = 'members  '
contains
    subroutine said(wanted)
        character(len=*), intent(in) :: wanted
        call check(wanted, message == wanted)
        if (message /= wanted) print *, '   said ', trim(message)
    end subroutine said

    ! Checks are the first member's, which alone has an output.
    subroutine is(what, good)
        character(len=*), intent(in) :: what
        logical, intent(in) :: good
        if (me == 0) then
            call check(what, good)
        else if (.not. good) then
            error stop 1
        end if
    end subroutine is

    subroutine reducing()
        integer(1) :: small(3)
        integer(2) :: short(2, 3)
        integer(4) :: i4
        integer(8) :: long(2)
        integer(4) :: numbers(4)
        real(4) :: r4(4)
        real(8) :: r8(3, 4)
        complex(8) :: z(2)
        logical(4) :: flags(3)
        character(len=2) :: words(2)
        numbers = [1, 2, 3, 4]
        r8 = 1
        r8(2, :) = me * numbers
        call pvm_reduce(pvm_sum, r8(2, :), 1, name, 0)
        if (me == 0) call is('the sum of a section', all(r8(2, :) == 6 * numbers) .and. all(r8(1:3:2, :) == 1))
        r4 = me * numbers
        call pvm_reduce(pvm_max, r4, 2, name, 3)
        if (me == 3) call is('the greatest, at the last member', all(r4 == 3 * numbers))
        long = [5000000000_8, int(me, 8)]
        call pvm_reduce(pvm_sum, long, 3, name, 0)
        if (me == 0) call is('long integers', all(long == [20000000000_8, 6_8]))
        i4 = me + 1
        call pvm_reduce(pvm_product, i4, 4, name, 0)
        if (me == 0) call is('the product of a scalar', i4 == 24)
        small = int([me, -me, 7], 1)
        call pvm_reduce(pvm_min, small, 5, name, 0)
        if (me == 0) call is('bytes', all(small == [0, -3, 7]))
        short = int(me, 2)
        call pvm_reduce(pvm_sum, short(:, 1:3:2), 6, name, 0)
        if (me == 0) call is('a section of short integers', all(short == reshape([6, 6, 0, 0, 6, 6], [2, 3])))
        z = cmplx(me, -me, 8)
        call pvm_reduce(pvm_sum, z, 7, name, 0)
        if (me == 0) call is('complex numbers', all(z == (6d0, -6d0)))
        flags = [mod(me, 2) == 1, .false., .true.]
        call pvm_reduce(either, flags, 8, name, 0)
        if (me == 0) call is('an own function, of logicals', logical(all(flags .eqv. [.true., .false., .true.])))
        words = ['aa', achar(97 + me) // 'b']
        call pvm_reduce(last_letter, words, 9, name, 0)
        if (me == 0) call is('and of characters', all(words == ['aa', 'db']))
        call pvm_reduce(pvm_sum, words, 10, name, 0, stat, message)
        if (me == 0) call said('pvm_reduce: argument x is CHARACTER(2), shape 2, of which func has no such value')
        call pvm_reduce(pvm_sum, small, 10, name, 0, stat, message)
        if (me == 0) call said('pvm_reduce: argument x is INTEGER(1), shape 3, of which func has no such value')
        if (stat /= PvmBadParam) error stop 'a sum of bytes'
        call pvm_reduce(pvm_sum, r8(:, 1:0), 11, name, 0, stat, message)
        if (me == 0) call is('no elements', stat == PvmBadParam .and. index(message, 'pvm_reduce: ') == 1)
        call pvm_reduce(pvm_sum, r8, 12, 'no group', 0, stat, message)
        if (me == 0) call is('no such group', stat == PvmNoGroup .and. index(message, 'no group') > 0)
        call pvm_reduce(pvm_sum, r8, 13, name, 99, stat, message)
        if (me == 0) call is('no such root', stat == PvmNoInst .and. index(message, '99') > 0)
    end subroutine reducing

    subroutine gathering()
        real(8) :: part(3), all_parts(3, n), flat(3 * n), wide(6, n)
        integer :: numbers(n), one, k
        character(len=5) :: words(n), word
        part = [(me + k / 4d0, k = 1, 3)]
        all_parts = -1
        call pvm_gather(all_parts, part, 21, name, 0)
        if (me == 0) call is('gathered, a column of each', all(all_parts == reshape([((one + k / 4d0, k = 1, 3), &
            one = 0, n - 1)], [3, n])))
        flat = -1
        call pvm_gather(flat, part, 22, name, 0)
        if (me == 0) call is('and in a row', all(flat == reshape(all_parts, [3 * n])))
        wide = -1
        call pvm_gather(wide(::2, :), part, 23, name, 0)
        if (me == 0) call is('into a section', all(wide(::2, :) == all_parts) .and. all(wide(2::2, :) == -1))
        numbers = -1
        call pvm_gather(numbers, 10 * me, 24, name, 2)
        if (me == 2) call is('a number of each, at the third', all(numbers == [0, 10, 20, 30]))
        word = 'no. ' // achar(48 + me)
        call pvm_gather(words, word, 25, name, 0)
        if (me == 0) call is('words', all(words == ['no. 0', 'no. 1', 'no. 2', 'no. 3']))
        if (me == 0) then
            call pvm_gather(flat(:11), part, 26, name, 0, stat, message)
            call said('pvm_gather: argument result has 11 elements for 4 members, and x has 3')
            call pvm_gather(words(:)(1:4), word, 26, name, 0, stat, message)
            call said('pvm_gather: argument result has elements of 4 characters, and x of 5')
        end if

        part = 0
        call pvm_scatter(part, all_parts, 31, name, 0)
        call is('scattered', all(part == [(me + k / 4d0, k = 1, 3)]))
        wide(1, :) = 0
        call pvm_scatter(wide(1, 1:3), flat, 32, name, 0)
        call is('into a section', all(wide(1, 1:3) == part))
        one = -1
        if (me == 0) numbers = [5, 6, 7, 8]
        call pvm_scatter(one, numbers, 33, name, 0)
        call is('a number for each', one == 5 + me)
        if (me == 0) then
            call pvm_scatter(part, flat(:11), 34, name, 0, stat, message)
            call said('pvm_scatter: argument x has 11 elements for 4 members, and result has 3')
        end if
    end subroutine gathering

    subroutine casting()
        real(8) :: field(3, 4)
        real(8), allocatable :: got(:, :)
        integer :: i
        if (me == 0) then
            field = reshape([(i / 3d0, i = 1, 12)], [3, 4])
            call pvm_bcast(name, 41, field(:, ::2))
            call pvm_mcast(tids(1:), 42, field(2, :))
            call pvm_bcast(name, -41, field, stat, message)
            call said('pvm_bcast: argument msgtag: -41 is negative')
            call pvm_initsend(PVMDATADEFAULT, i)
            call pvm_pack(4711)
            call pvm_bcast(name, -41, stat=stat, errmsg=message)
            call said('pvm_bcast: argument msgtag: -41 is negative')
            call pvm_bcast(name, 43)
            call is('bcast', .true.)
        else
            call pvm_recv_alloc(tids(0), 41, got)
            call is('bcast of an array', all(got == reshape([(i / 3d0, i = 1, 3), (i / 3d0, i = 7, 9)], [3, 2])))
            call pvm_recv(tids(0), 42, field(:, 1), stat=stat)
            call is('another shape', stat == PvmBadMsg)
            call pvm_recv(tids(0), 43)
            call pvm_unpack(i)
            call is('bcast of what was packed', i == 4711)
        end if
    end subroutine casting

    subroutine either(datatype, x, y, num, info)
        integer :: datatype, num, info
        logical(4) :: x(num), y(num)
        x = x .or. y
        info = min(datatype, 0)
    end subroutine either

    subroutine last_letter(datatype, x, y, num, info)
        integer :: datatype, num, info, i
        character(len=1) :: x(num), y(num)
        do i = 1, num
            if (y(i) > x(i)) x(i) = y(i)
        end do
        info = min(datatype, 0)
    end subroutine last_letter
end module members

program f08group
    use members
    implicit none
    integer :: parent
    character(len=300) :: own
    call pvm_mytid(mine)
    call pvm_parent(parent, stat)
    if (parent <= 0) then
        call get_command_argument(0, own)
        tids(0) = mine
        call pvm_joingroup(name, me)
        call pvm_spawn(own, tids(1:))
        call pvm_mcast(tids(1:), 50, tids)
    else
        call pvm_recv(parent, 50, tids)
        do me = 0, n - 1
            if (tids(me) == mine) exit
        end do
        if (me > 1) call pvm_recv(tids(me - 1), 51)    ! one after the other: instances are in the order of tids
        call pvm_joingroup(name, stat)
        if (stat /= me) error stop 'another instance'
        call pvm_initsend(PVMDATADEFAULT, stat)
        if (me < n - 1) call pvm_send(tids(me + 1), 51)
    end if
    call pvm_barrier(name, n)
    call reducing
    call pvm_barrier(name, n)
    call gathering
    call pvm_barrier(name, n)
    call casting
    call pvm_barrier(name, n)
    call pvm_exit()
end program f08group
