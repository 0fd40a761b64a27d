! SPDX-License-Identifier: BSD-3-Clause
! use pvm_f08: all kinds, ranks and sections; shapes that travel; stat= and errmsg=.
module parts
    use pvm_f08
    implicit none
    integer :: me, bufid
contains
    subroutine integers()
        integer(1) :: a1(5), b1(5)
        integer(2) :: a2(2, 3), b2(2, 3)
        integer(4) :: a4(3, 3, 3), b4(3, 3, 3), n
        integer(8) :: a8, b8
        integer :: i
        a1 = [(int(i - 3, 1), i = 1, 5)]
        a2 = reshape([(int(i * 1000, 2), i = 1, 6)], [2, 3])
        a4 = reshape([(int(i, 4), i = 1, 27)], [3, 3, 3])
        a8 = -5000000000_8
        b1 = 0
        b2 = 0
        b4 = 0
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack(a1)
        call pvm_pack(a2(:, 1:3:2))
        call pvm_pack(a4(::2, 2, 3:1:-1))
        call pvm_pack(a8)
        call pvm_pack(a4(2, 2, 2))
        call pvm_pack(7_4)
        call pvm_pack(a4(1:0, :, :))
        call pvm_send(me, 1)
        call pvm_recv(me, 1)
        call pvm_unpack(b1)
        call pvm_unpack(b2(:, 1:3:2))
        call pvm_unpack(b4(::2, 2, 3:1:-1))
        call pvm_unpack(b8)
        call check('integer(1)', logical(all(a1 == b1)))
        call check('integer(2), a section', all(a2(:, ::2) == b2(:, ::2)) .and. all(b2(:, 2) == 0))
        call check('integer(4), a section backwards', all(a4(::2, 2, :) == b4(::2, 2, :)) .and. sum(b4) == sum(a4(::2, 2, :)))
        call check('integer(8), a scalar', a8 == b8)
        call pvm_unpack(n)
        call check('an element', n == a4(2, 2, 2))
        call pvm_unpack(n)
        call check('a constant', n == 7)
        call pvm_unpack(n, stat=i)
        call same('the end', i, PvmNoData)
    end subroutine integers

    subroutine reals()
        real(4) :: a4(4), b4(4)
        real(8) :: a8(4, 4), b8(4, 4)
        complex(4) :: c4(3), d4(3)
        complex(8) :: c8(2, 2), d8(2, 2)
        integer :: i, encoding
        a4 = [(i / 4.0, i = 1, 4)]
        a8 = reshape([(i / 7.0d0, i = 1, 16)], [4, 4])
        c4 = [(cmplx(i, -i, 4), i = 1, 3)]
        c8 = reshape([(cmplx(i / 3.0d0, -i, 8), i = 1, 4)], [2, 2])
        do encoding = PVMDATADEFAULT, PVMDATAINPLACE
            b8 = 0
            d8 = 0
            call pvm_initsend(encoding, bufid)
            call pvm_pack(a4)
            call pvm_pack(a8(2:3, 2:3))
            call pvm_pack(c4(3:1:-1))
            call pvm_pack(c8(2, :))
            call pvm_send(me, 2)
            call pvm_recv(me, 2)
            call pvm_unpack(b4)
            call pvm_unpack(b8(2:3, 2:3))
            call pvm_unpack(d4(3:1:-1))
            call pvm_unpack(d8(2, :))
            call check('real(4)', all(a4 == b4))
            call check('real(8)', all(a8(2:3, 2:3) == b8(2:3, 2:3)) .and. all(b8(1, :) == 0))
            call check('complex(4)', all(c4 == d4))
            call check('complex(8)', all(c8(2, :) == d8(2, :)) .and. all(d8(1, :) == 0))
        end do
    end subroutine reals

    subroutine others()
        logical :: a(6), b(6)
        logical(1) :: c
        character(len=7) :: words(4), read(4)
        character(len=:), allocatable :: line
        integer :: i
        a = [(mod(i, 3) == 0, i = 1, 6)]
        b = .false.
        words = ['one    ', 'two    ', 'three  ', 'seventh']
        read = '?'
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack(a(2:6:2))
        call pvm_pack(.true._1)
        call pvm_pack(words)
        call pvm_pack(words(2:4:2))
        call pvm_pack(words(:)(2:3))
        call pvm_pack('a constant')
        call pvm_pack_array('of any length')
        call pvm_send(me, 3)
        call pvm_recv(me, 3)
        c = .false.
        call pvm_unpack(b(2:6:2))
        call check('logical', all(b(2:6:2) .eqv. a(2:6:2)) .and. .not. any(b(1:5:2)))
        call pvm_unpack(c)
        call check('logical(1)', logical(c))
        call pvm_unpack(read)
        call check('character', all(read == words))
        call pvm_unpack(read(1:2))
        call check('a section of them', all(read(1:2) == words(2:4:2)))
        call pvm_unpack(read(:)(1:2))
        call check('parts of each', all(read(:)(1:2) == words(:)(2:3)))
        read(1:2) = ''
        call pvm_unpack(read(1))
        call pvm_unpack(read(2)(1:3))
        call check('a constant', read(1) // read(2)(1:3) == 'a constant')
        call pvm_unpack_alloc(line)
        call check('deferred length', line == 'of any length')
    end subroutine others

    subroutine shapes()
        real(8) :: a(3, 4), b(3, 4), vector(5)
        real(8), allocatable :: any(:, :), wrong(:)
        integer, allocatable :: list(:)
        integer(2), allocatable :: cube(:, :, :)
        integer :: i, from, tag, stat, length, n
        character(len=300) :: message
        a = reshape([(i * 1.5d0, i = 1, 12)], [3, 4])
        call pvm_send(me, 4, a)
        b = 0
        call pvm_recv(me, 4, b)
        call check('an array as it is', all(a == b))
        call pvm_send(me, 4, a(::2, :))
        call pvm_recv_alloc(-1, 4, any, atid=from, atag=tag)
        call check('allocated to the shape', all(shape(any) == [2, 4]))
        call check('with the data', all(any == a(::2, :)))
        call check('and sender and tag', from == me .and. tag == 4)
        call pvm_send(me, 4, 17)
        call pvm_recv(me, 4, n)
        call same('a number', n, 17)
        call pvm_send(me, 4, [integer ::])
        call pvm_recv_alloc(me, 4, list)
        call check('nothing', allocated(list) .and. size(list) == 0)
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack_array([1, 2, 3])
        call pvm_pack_array(reshape([(int(i, 2), i = 1, 8)], [2, 2, 2]))
        call pvm_send(me, 5)
        call pvm_recv(me, 5)
        call pvm_unpack_alloc(list)
        call pvm_unpack_alloc(cube)
        call check('several arrays', all(list == [1, 2, 3]) .and. all(shape(cube) == 2) .and. sum(cube) == 36)

        call pvm_send(me, 6, a)
        call pvm_recv(me, 6, b(:, 1:3), stat=stat, errmsg=message)
        call same('another shape', stat, PvmBadMsg)
        call said('pvm_recv: argument x is REAL(8), shape 3 3; the message has REAL(8), shape 3 4')
        call pvm_send(me, 6, a)
        call pvm_recv_alloc(me, 6, wrong, stat=stat, errmsg=message)
        call same('another rank', stat, PvmBadMsg)
        call pvm_send(me, 6, a)
        call pvm_recv(me, 6, n, stat=stat, errmsg=message)
        call same('another type', stat, PvmBadMsg)

        call pvm_psend(me, 7, a(2, :))
        call pvm_precv(me, 7, b(3, :), atid=from, atag=tag, alen=length)
        call check('psend and precv', all(b(3, :) == a(2, :)) .and. from == me .and. tag == 7 .and. length == 32)
        vector = 0
        call pvm_psend(me, 7, [1d0, 2d0])
        call pvm_precv(me, 7, vector)
        call check('a shorter message', all(vector == [1d0, 2d0, 0d0, 0d0, 0d0]))

        call pvm_send(0, 8, a, stat=stat, errmsg=message)
        call same('a wrong tid', stat, PvmBadParam)
        call said('pvm_send: argument tid: 0 is no tid of a task')
        call pvm_send(me, -8, stat=stat, errmsg=message)
        call said('pvm_send: argument msgtag: -8 is negative')
        message = 'as it was'
        call pvm_exit(stat=stat, errmsg=message)
        call said('as it was')
        call pvm_mytid(me)
        call pvm_mcast(3, [me, me], 1, stat, message)
        call said('pvm_mcast: argument tids has 2 elements, and ntask is 3')
        call pvm_barrier('no such group', 1, stat, message)
        call same('the code of the library', stat, PvmNoGroup)
        call check('and its text', index(message, 'pvm_barrier: ') == 1 .and. len_trim(message) > 20)
    contains
        subroutine said(wanted)
            character(len=*), intent(in) :: wanted
            call check(wanted, message == wanted)
            if (message /= wanted) print *, '   said ', trim(message)
        end subroutine said
    end subroutine shapes

    ! Its own children get words as arguments, and answer with a matrix.
    subroutine tasks(file)
        character(len=*), intent(in) :: file
        integer :: tids(3), none(1), i, stat, numt
        real, allocatable :: matrix(:, :)
        character(len=400) :: message
        call pvm_spawn(file, tids, args=[character(len=8) :: 'child', 'two', 'x y'])
        do i = 1, 3
            call pvm_recv_alloc(tids(i), 9, matrix)
            call check('a matrix of a child', all(shape(matrix) == [2, 3]) .and. all(matrix == 2.5))
        end do
        call pvm_spawn('no such program', none, stat=stat, errmsg=message)
        call same('spawn of nothing', stat, PvmNoFile)
        call check('says what was looked for', index(message, 'no such program') > 0)
        call pvm_spawn('no such program', none, numt=numt, stat=stat)
        call check('with numt it is no error', numt == 0 .and. stat == 0 .and. none(1) == PvmNoFile)
    end subroutine tasks
end module parts

program f08
    use parts
    implicit none
    integer :: parent, nhost, narch, dtid, speed, value
    character(len=40) :: name, arch
    character(len=300) :: file
    character(len=8) :: words(3)
    call pvm_parent(parent)
    if (parent > 0) then
        call get_command_argument(1, words(1))
        call get_command_argument(2, words(2))
        call get_command_argument(3, words(3))
        if (words(1) /= 'child' .or. words(2) /= 'two' .or. words(3) /= 'x y') error stop 'other words'
        call pvm_send(parent, 9, reshape([2.5, 2.5, 2.5, 2.5, 2.5, 2.5], [2, 3]))
        call pvm_exit()
        stop
    end if
    call pvm_mytid(me)
    call integers
    call reals
    call others
    call shapes
    call get_command_argument(0, file)
    call tasks(file)
    nhost = -1
    call pvm_config(nhost, narch, dtid, name, arch, speed)
    call check('config', nhost == 1 .and. len_trim(name) > 0)
    call pvm_setopt(PVMROUTE, PVMDONTROUTE, value)
    call pvm_getopt(PVMROUTE, value)
    call same('options', value, PVMDONTROUTE)
    call pvm_exit()
end program f08
