! SPDX-License-Identifier: BSD-3-Clause
! As large Fortran 90 codes have it: a module of their own over PVM, generic over kinds and ranks, and derived types that
! are packed by it. Written for the include; the test compiles it with "use pvm", too.
module comm
    implicit none
    include 'fpvm3.h'
    integer, parameter :: sp = kind(1.0), dp = kind(1.0d0), short = selected_int_kind(4), long = selected_int_kind(15)

    type particle
        integer :: id
        real(dp) :: place(3), speed(3)
        character(len=8) :: name
    end type particle

    interface pack
        module procedure pack_i0, pack_i1, pack_i2, pack_s1, pack_l1, pack_r0, pack_r1, pack_r2, pack_r3
        module procedure pack_d0, pack_d1, pack_d2, pack_d3, pack_c1, pack_z1, pack_b0, pack_b1, pack_t0, pack_particles
    end interface
    interface unpack
        module procedure unpack_i0, unpack_i1, unpack_i2, unpack_s1, unpack_l1, unpack_r0, unpack_r1, unpack_r2, unpack_r3
        module procedure unpack_d0, unpack_d1, unpack_d2, unpack_d3, unpack_c1, unpack_z1, unpack_b0, unpack_b1, unpack_t0
        module procedure unpack_particles
    end interface
contains
    subroutine stop_if(info, what)
        integer, intent(in) :: info
        character(len=*), intent(in) :: what
        if (info >= 0) return
        print *, 'FAIL ', what, info
        stop 1
    end subroutine stop_if

    subroutine pack_i0(x)
        integer, intent(in) :: x
        integer :: info
        call pvmfpack(INTEGER4, x, 1, 1, info)
        call stop_if(info, 'pack_i0')
    end subroutine pack_i0

    subroutine unpack_i0(x)
        integer, intent(out) :: x
        integer :: info
        call pvmfunpack(INTEGER4, x, 1, 1, info)
        call stop_if(info, 'unpack_i0')
    end subroutine unpack_i0

    subroutine pack_i1(x)
        integer, intent(in) :: x(:)
        integer :: info
        call pvmfpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'pack_i1')
    end subroutine pack_i1

    subroutine unpack_i1(x)
        integer, intent(out) :: x(:)
        integer :: info
        call pvmfunpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'unpack_i1')
    end subroutine unpack_i1

    subroutine pack_i2(x)
        integer, intent(in) :: x(:,:)
        integer :: info
        call pvmfpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'pack_i2')
    end subroutine pack_i2

    subroutine unpack_i2(x)
        integer, intent(out) :: x(:,:)
        integer :: info
        call pvmfunpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'unpack_i2')
    end subroutine unpack_i2

    subroutine pack_s1(x)
        integer(short), intent(in) :: x(:)
        integer :: info
        call pvmfpack(INTEGER2, x, size(x), 1, info)
        call stop_if(info, 'pack_s1')
    end subroutine pack_s1

    subroutine unpack_s1(x)
        integer(short), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(INTEGER2, x, size(x), 1, info)
        call stop_if(info, 'unpack_s1')
    end subroutine unpack_s1

    subroutine pack_l1(x)
        integer(long), intent(in) :: x(:)
        integer :: info
        call pvmfpack(INTEGER8, x, size(x), 1, info)
        call stop_if(info, 'pack_l1')
    end subroutine pack_l1

    subroutine unpack_l1(x)
        integer(long), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(INTEGER8, x, size(x), 1, info)
        call stop_if(info, 'unpack_l1')
    end subroutine unpack_l1

    subroutine pack_r0(x)
        real(sp), intent(in) :: x
        integer :: info
        call pvmfpack(REAL4, x, 1, 1, info)
        call stop_if(info, 'pack_r0')
    end subroutine pack_r0

    subroutine unpack_r0(x)
        real(sp), intent(out) :: x
        integer :: info
        call pvmfunpack(REAL4, x, 1, 1, info)
        call stop_if(info, 'unpack_r0')
    end subroutine unpack_r0

    subroutine pack_r1(x)
        real(sp), intent(in) :: x(:)
        integer :: info
        call pvmfpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'pack_r1')
    end subroutine pack_r1

    subroutine unpack_r1(x)
        real(sp), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'unpack_r1')
    end subroutine unpack_r1

    subroutine pack_r2(x)
        real(sp), intent(in) :: x(:,:)
        integer :: info
        call pvmfpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'pack_r2')
    end subroutine pack_r2

    subroutine unpack_r2(x)
        real(sp), intent(out) :: x(:,:)
        integer :: info
        call pvmfunpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'unpack_r2')
    end subroutine unpack_r2

    subroutine pack_r3(x)
        real(sp), intent(in) :: x(:,:,:)
        integer :: info
        call pvmfpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'pack_r3')
    end subroutine pack_r3

    subroutine unpack_r3(x)
        real(sp), intent(out) :: x(:,:,:)
        integer :: info
        call pvmfunpack(REAL4, x, size(x), 1, info)
        call stop_if(info, 'unpack_r3')
    end subroutine unpack_r3

    subroutine pack_d0(x)
        real(dp), intent(in) :: x
        integer :: info
        call pvmfpack(REAL8, x, 1, 1, info)
        call stop_if(info, 'pack_d0')
    end subroutine pack_d0

    subroutine unpack_d0(x)
        real(dp), intent(out) :: x
        integer :: info
        call pvmfunpack(REAL8, x, 1, 1, info)
        call stop_if(info, 'unpack_d0')
    end subroutine unpack_d0

    subroutine pack_d1(x)
        real(dp), intent(in) :: x(:)
        integer :: info
        call pvmfpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'pack_d1')
    end subroutine pack_d1

    subroutine unpack_d1(x)
        real(dp), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'unpack_d1')
    end subroutine unpack_d1

    subroutine pack_d2(x)
        real(dp), intent(in) :: x(:,:)
        integer :: info
        call pvmfpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'pack_d2')
    end subroutine pack_d2

    subroutine unpack_d2(x)
        real(dp), intent(out) :: x(:,:)
        integer :: info
        call pvmfunpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'unpack_d2')
    end subroutine unpack_d2

    subroutine pack_d3(x)
        real(dp), intent(in) :: x(:,:,:)
        integer :: info
        call pvmfpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'pack_d3')
    end subroutine pack_d3

    subroutine unpack_d3(x)
        real(dp), intent(out) :: x(:,:,:)
        integer :: info
        call pvmfunpack(REAL8, x, size(x), 1, info)
        call stop_if(info, 'unpack_d3')
    end subroutine unpack_d3

    subroutine pack_c1(x)
        complex(sp), intent(in) :: x(:)
        integer :: info
        call pvmfpack(COMPLEX8, x, size(x), 1, info)
        call stop_if(info, 'pack_c1')
    end subroutine pack_c1

    subroutine unpack_c1(x)
        complex(sp), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(COMPLEX8, x, size(x), 1, info)
        call stop_if(info, 'unpack_c1')
    end subroutine unpack_c1

    subroutine pack_z1(x)
        complex(dp), intent(in) :: x(:)
        integer :: info
        call pvmfpack(COMPLEX16, x, size(x), 1, info)
        call stop_if(info, 'pack_z1')
    end subroutine pack_z1

    subroutine unpack_z1(x)
        complex(dp), intent(out) :: x(:)
        integer :: info
        call pvmfunpack(COMPLEX16, x, size(x), 1, info)
        call stop_if(info, 'unpack_z1')
    end subroutine unpack_z1

    subroutine pack_b0(x)
        logical, intent(in) :: x
        integer :: info
        call pvmfpack(INTEGER4, x, 1, 1, info)
        call stop_if(info, 'pack_b0')
    end subroutine pack_b0

    subroutine unpack_b0(x)
        logical, intent(out) :: x
        integer :: info
        call pvmfunpack(INTEGER4, x, 1, 1, info)
        call stop_if(info, 'unpack_b0')
    end subroutine unpack_b0

    subroutine pack_b1(x)
        logical, intent(in) :: x(:)
        integer :: info
        call pvmfpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'pack_b1')
    end subroutine pack_b1

    subroutine unpack_b1(x)
        logical, intent(out) :: x(:)
        integer :: info
        call pvmfunpack(INTEGER4, x, size(x), 1, info)
        call stop_if(info, 'unpack_b1')
    end subroutine unpack_b1

    subroutine pack_t0(x)
        character(len=*), intent(in) :: x
        integer :: info
        call pvmfpack(STRING, x, len(x), 1, info)
        call stop_if(info, 'pack_t0')
    end subroutine pack_t0

    subroutine unpack_t0(x)
        character(len=*), intent(out) :: x
        integer :: info
        call pvmfunpack(STRING, x, len(x), 1, info)
        call stop_if(info, 'unpack_t0')
    end subroutine unpack_t0

    subroutine pack_particles(x)
        type(particle), intent(in) :: x(:)
        integer :: i
        call pack(size(x))
        do i = 1, size(x)
            call pack(x(i)%id)
            call pack(x(i)%place)
            call pack(x(i)%name)
        end do
        do i = 1, 3
            call pack(x%speed(i))    ! a stride of a derived type
        end do
    end subroutine pack_particles

    subroutine unpack_particles(x)
        type(particle), pointer :: x(:)
        integer :: i, n
        call unpack(n)
        allocate (x(n))
        do i = 1, n
            call unpack(x(i)%id)
            call unpack(x(i)%place)
            call unpack(x(i)%name)
        end do
        do i = 1, 3
            call unpack(x%speed(i))
        end do
    end subroutine unpack_particles
end module comm

program wrappers
    use comm
    implicit none
    integer :: me, bufid, info, i, encoding
    integer :: ints(4, 4), back(4, 4), n
    integer(short) :: shorts(3), shorts2(3)
    integer(long) :: longs(2), longs2(2)
    real(sp) :: r3(2, 3, 4), r3b(2, 3, 4), r0, r2(3, 2), r1(3)
    real(dp) :: d3(2, 2, 2), d3b(2, 2, 2), d2(4, 4), d2b(4, 4), d0
    complex(sp) :: c(2), cb(2)
    complex(dp) :: z(2), zb(2)
    logical :: flag, flags(3)
    character(len=12) :: text
    type(particle) :: dust(5)
    type(particle), pointer :: found(:)
    call pvmfmytid(me)
    ints = reshape((/ (i, i = 1, 16) /), (/ 4, 4 /))
    r3 = reshape((/ (i / 3.0, i = 1, 24) /), (/ 2, 3, 4 /))
    d3 = reshape((/ (i / 7.0d0, i = 1, 8) /), (/ 2, 2, 2 /))
    d2 = reshape((/ (i / 9.0d0, i = 1, 16) /), (/ 4, 4 /))
    do i = 1, 5
        dust(i)%id = i
        dust(i)%place = i / 2.0d0
        dust(i)%speed = (/ 1.0d0 * i, 2.0d0 * i, 3.0d0 * i /)
        dust(i)%name = 'dust' // achar(48 + i)
    end do
    do encoding = PVMDATADEFAULT, PVMDATARAW
        call pvmfinitsend(encoding, bufid)
        call pack(42)
        call pack(ints)
        call pack(ints(2, :))
        call pack((/ 1_short, -2_short, 3_short /))
        call pack((/ 5000000000_long, -1_long /))
        call pack(1.5)
        call pack(r3)
        call pack(r3(:, 2, 1:4:3))
        call pack(r3(1, :, 2))
        call pack(2.5d0)
        call pack(d3)
        call pack(d2(2:3, 2:3))
        call pack(d2(:, 4))
        call pack((/ (1.0, 2.0), (3.0, -4.0) /))
        call pack((/ (1.0d0, 2.0d0), (3.0d0, -4.0d0) /))
        call pack(.true.)
        call pack((/ .true., .false., .true. /))
        call pack('some words')
        call pack(dust(5:1:-2))
        call pvmfsend(me, 1, info)
        call pvmfrecv(me, 1, bufid)
        call unpack(n)
        call unpack(back)
        call check('integers', n == 42 .and. all(back == ints))
        back = 0
        call unpack(back(:, 3))
        call check('a row into a column', all(back(:, 3) == ints(2, :)) .and. sum(back) == sum(ints(2, :)))
        call unpack(shorts)
        call unpack(longs)
        shorts2 = (/ 1_short, -2_short, 3_short /)
        longs2 = (/ 5000000000_long, -1_long /)
        call check('other integers', all(shorts == shorts2) .and. all(longs == longs2))
        call unpack(r0)
        call unpack(r3b)
        call unpack(r2(1:2, :))
        call unpack(r1)
        call check('reals', r0 == 1.5 .and. all(r3 == r3b) .and. all(r2(1:2, :) == r3(:, 2, 1:4:3)) .and. all(r1 == r3(1, :, 2)))
        call unpack(d0)
        call unpack(d3b)
        d2b = 0
        call unpack(d2b(1:4:3, 1:4:3))
        call unpack(d2b(2, :))
        call check('double precision', d0 == 2.5d0 .and. all(d3 == d3b) .and. all(d2b(1:4:3, 1:4:3) == d2(2:3, 2:3)) .and. &
            all(d2b(2, :) == d2(:, 4)) .and. all(d2b(3, :) == 0))
        call unpack(c)
        call unpack(z)
        cb = (/ (1.0, 2.0), (3.0, -4.0) /)
        zb = cb
        call check('complex numbers', all(c == cb) .and. all(z == zb))
        call unpack(flag)
        call unpack(flags)
        text = '??????????!!'
        call unpack(text(1:10))
        call check('logicals and text', flag .and. flags(1) .and. .not. flags(2) .and. flags(3) .and. text == 'some words!!')
        call unpack(found)
        call check('derived types', size(found) == 3 .and. all(found%id == (/ 5, 3, 1 /)) .and. &
            all(found%speed(2) == (/ 10.0d0, 6.0d0, 2.0d0 /)) .and. found(2)%name == 'dust3' .and. all(found(3)%place == 0.5d0))
        deallocate (found)
    end do
    call pvmfexit(info)
end program wrappers
