! SPDX-License-Identifier: BSD-3-Clause
! Conjugate gradients: solves A x = b for a symmetric positive definite sparse matrix A, with a b whose x is known.
!
!     cg [-n TASKS] [-o PLOT.svg] [FILE.mtx]
!
! A comes from a file in Matrix Market's format (matrices.f90 reads it), else it is that of a plate of 60 x 60 points.
! Copies of the program hold some rows each and multiply them; how it goes is told on the way, and the plot shows the
! residual of each step. It needs a machine: pvm add HOST...; ./cg
module cg_parts
    use pvm_f08
    use matrices
    implicit none
    integer, parameter :: rows_tag = 1, vector_tag = 2, product_tag = 3, end_tag = 4
contains
    subroutine give_up(text, tids)
        character(len=*), intent(in) :: text
        integer, intent(in), optional :: tids(:)
        print '(2a)', 'cg: ', trim(text)
        if (present(tids)) call pvm_mcast(tids, end_tag, 0)
        call pvm_exit()
        stop 1
    end subroutine give_up

    ! ---- tasks ----

    ! A worker: rows come once, then vectors until the end; each product goes back.
    subroutine work(master)
        integer, intent(in) :: master
        type(matrix) :: a
        real(dp), allocatable :: x(:)
        integer :: tag
        call pvm_recv(master, rows_tag)
        call pvm_unpack_alloc(a%first)
        call pvm_unpack_alloc(a%column)
        call pvm_unpack_alloc(a%value)
        do
            call pvm_recv(master, -1, atag=tag)
            if (tag == end_tag) return
            call pvm_unpack_alloc(x)
            call pvm_send(master, product_tag, product_with(a, x))
        end do
    end subroutine work

    ! Rows from(k) to from(k + 1) - 1 are worker k's.
    subroutine give_rows(a, tids, from)
        type(matrix), intent(in) :: a
        integer, intent(in) :: tids(:), from(:)
        integer :: k, bufid, low, high
        do k = 1, size(tids)
            low = a%first(from(k))
            high = a%first(from(k + 1)) - 1
            call pvm_initsend(PVMDATADEFAULT, bufid)
            call pvm_pack_array(a%first(from(k):from(k + 1)) - low + 1)
            call pvm_pack_array(a%column(low:high))
            call pvm_pack_array(a%value(low:high))
            call pvm_send(tids(k), rows_tag)
        end do
    end subroutine give_rows

    function times(x, tids, from) result(y)
        real(dp), intent(in) :: x(:)
        integer, intent(in) :: tids(:), from(:)
        real(dp) :: y(size(x))
        integer :: k
        call pvm_mcast(tids, vector_tag, x)
        do k = 1, size(tids)
            call pvm_recv(tids(k), product_tag, y(from(k):from(k + 1) - 1))
        end do
    end function times

    ! ---- the method ----

    function solve(b, tids, from, residuals) result(x)
        real(dp), intent(in) :: b(:)
        integer, intent(in) :: tids(:), from(:)
        real(dp), allocatable, intent(out) :: residuals(:)
        real(dp) :: x(size(b)), r(size(b)), p(size(b)), ap(size(b)), rr, before, pap, norm
        integer :: step
        x = 0
        r = b
        p = r
        rr = dot_product(r, r)
        norm = sqrt(rr)
        residuals = [1d0]
        do step = 1, 10 * size(b)
            ap = times(p, tids, from)
            before = rr
            pap = dot_product(p, ap)
            if (.not. pap > 0) call give_up('the matrix is not positive definite: conjugate gradients do not solve it', tids)
            x = x + (rr / pap) * p
            r = r - (rr / pap) * ap
            rr = dot_product(r, r)
            residuals = [residuals, sqrt(rr) / norm]
            if (mod(step, 20) == 0) print '(a,i0,a,es9.2)', 'step ', step, ', residual ', sqrt(rr) / norm
            if (sqrt(rr) <= 1d-10 * norm) exit
            p = r + (rr / before) * p
        end do
    end function solve

    ! The residual of each step, its logarithm upwards.
    subroutine plot(file, residuals)
        character(len=*), intent(in) :: file
        real(dp), intent(in) :: residuals(:)
        integer :: unit, k, stat, power
        real :: x, y
        open (newunit=unit, file=file, status='replace', action='write', iostat=stat)
        if (stat /= 0) call give_up('cannot write ' // trim(file))
        write (unit, '(a)') '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">'
        write (unit, '(a)') '<rect width="640" height="400" fill="white"/>'
        do power = 2, -10, -2
            y = 40 + 300 * (2 - power) / 12.0
            write (unit, '(a,f0.1,a,f0.1,a)') '<line x1="60" x2="620" y1="', y, '" y2="', y, '" stroke="#ddd"/>'
            write (unit, '(a,f0.1,a,i0,a)') '<text x="52" y="', y + 4, '" text-anchor="end">1e', power, '</text>'
        end do
        write (unit, '(a)') '<text x="340" y="24" text-anchor="middle">conjugate gradients: residual of each step</text>'
        write (unit, '(a,i0,a)') '<text x="620" y="370" text-anchor="end">', size(residuals) - 1, ' steps</text>'
        write (unit, '(a)', advance='no') '<polyline fill="none" stroke="#c40" stroke-width="2" points="'
        do k = 1, size(residuals)
            x = 60 + 560 * real(k - 1) / max(1, size(residuals) - 1)
            y = 40 + 300 * (2 - real(log10(max(residuals(k), 1d-12)))) / 12
            write (unit, '(f7.2,a,f7.2)') x, ',', y
        end do
        write (unit, '(a)') '"/>', '</svg>'
        close (unit)
    end subroutine plot
end module cg_parts

program cg
    use cg_parts
    implicit none
    integer :: parent, ntask, k, n, stat, me
    integer, allocatable :: tids(:), from(:)
    character(len=300) :: word, file, picture, own
    character(len=400) :: message
    real(dp), allocatable :: b(:), known(:), x(:), residuals(:)
    type(matrix) :: a
    call pvm_mytid(me, stat=stat, errmsg=message)
    if (stat /= 0) then
        print '(2a)', 'cg: ', trim(message)
        stop 1
    end if
    call pvm_parent(parent)
    if (parent > 0) then
        call work(parent)
        call pvm_exit()
        stop
    end if

    ntask = 3
    file = ''
    picture = 'cg.svg'
    k = 1
    do while (k <= command_argument_count())
        call get_command_argument(k, word)
        select case (word)
        case ('-n')
            call get_command_argument(k + 1, word)
            read (word, *, iostat=stat) ntask
            if (stat /= 0 .or. ntask < 1 .or. ntask > 1000) call give_up('-n wants a number of tasks, not ' // trim(word))
            k = k + 1
        case ('-o')
            call get_command_argument(k + 1, picture)
            k = k + 1
        case default
            if (word(1:1) == '-') call give_up('usage: cg [-n TASKS] [-o PLOT.svg] [FILE.mtx]')
            file = word
        end select
        k = k + 1
    end do

    if (file == '') then
        a = plate(60)
    else
        call read_matrix(trim(file), a, message)
        if (message /= '') call give_up(message)
        if (.not. is_symmetric(a)) call give_up(trim(file) // ': the matrix is not symmetric')
    end if
    n = size(a%first) - 1
    ntask = min(ntask, n)
    allocate (tids(ntask))
    call get_command_argument(0, own)
    call pvm_spawn(own, tids)
    from = [(1 + (k * n) / ntask, k = 0, ntask)]
    print '(3(i0,a))', n, ' unknowns, ', size(a%value), ' entries, ', ntask, ' tasks'
    call give_rows(a, tids, from)
    known = [(1 + mod(k, 7) / 7d0, k = 1, n)]
    b = times(known, tids, from)
    x = solve(b, tids, from, residuals)
    call pvm_mcast(tids, end_tag, 0)
    call plot(trim(picture), residuals)
    print '(i0,a,es9.2,2a)', size(residuals) - 1, ' steps, largest error ', maxval(abs(x - known)), '; see ', trim(picture)
    call pvm_exit()
end program cg
