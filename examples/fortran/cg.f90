! SPDX-License-Identifier: BSD-3-Clause
! Conjugate gradients: solves A x = b for a symmetric positive definite sparse matrix, b = A * (1, ..., 1).
!
!     cg [-n TASKS] [-o PLOT.svg] [FILE.mtx]
!
! A comes from a file in Matrix Market's format (coordinate, real, symmetric or general), else it is that of a plate of
! 60 x 60 points. Copies of the program hold some rows each and multiply them; how it goes is told on the way, and the
! plot shows the residual of each step. It needs a machine: pvm add HOST...; ./cg
module sparse
    use pvm_f08
    implicit none
    integer, parameter :: dp = kind(1d0), rows_tag = 1, vector_tag = 2, product_tag = 3, end_tag = 4

    ! Compressed rows: those of row i are first(i) to first(i + 1) - 1.
    type matrix
        integer, allocatable :: first(:), column(:)
        real(dp), allocatable :: value(:)
    end type matrix
contains
    ! ---- matrices ----

    ! Entries in any order become compressed rows.
    function compressed(n, i, j, v) result(a)
        integer, intent(in) :: n, i(:), j(:)
        real(dp), intent(in) :: v(:)
        type(matrix) :: a
        integer :: k, place(n)
        allocate (a%first(n + 1), a%column(size(v)), a%value(size(v)))
        a%first = 0
        do k = 1, size(i)
            a%first(i(k) + 1) = a%first(i(k) + 1) + 1
        end do
        a%first(1) = 1
        do k = 2, n + 1
            a%first(k) = a%first(k) + a%first(k - 1)
        end do
        place = a%first(:n)
        do k = 1, size(i)
            a%column(place(i(k))) = j(k)
            a%value(place(i(k))) = v(k)
            place(i(k)) = place(i(k)) + 1
        end do
    end function compressed

    function plate(m) result(a)
        integer, intent(in) :: m
        type(matrix) :: a
        integer :: row, x, y, k, i(5 * m * m), j(5 * m * m)
        real(dp) :: v(5 * m * m)
        k = 0
        do row = 1, m * m
            x = mod(row - 1, m) + 1
            y = (row - 1) / m + 1
            call add(row, 4d0)
            if (x > 1) call add(row - 1, -1d0)
            if (x < m) call add(row + 1, -1d0)
            if (y > 1) call add(row - m, -1d0)
            if (y < m) call add(row + m, -1d0)
        end do
        a = compressed(m * m, i(:k), j(:k), v(:k))
    contains
        subroutine add(to, value)
            integer, intent(in) :: to
            real(dp), intent(in) :: value
            k = k + 1
            i(k) = row
            j(k) = to
            v(k) = value
        end subroutine add
    end function plate

    function read_matrix(file) result(a)
        character(len=*), intent(in) :: file
        type(matrix) :: a
        character(len=200) :: line
        integer :: unit, stat, n, columns, entries, k, count
        integer, allocatable :: i(:), j(:)
        real(dp), allocatable :: v(:)
        logical :: symmetric
        open (newunit=unit, file=file, status='old', action='read', iostat=stat)
        if (stat /= 0) call give_up('cannot read ' // file)
        read (unit, '(a)', iostat=stat) line
        if (stat /= 0 .or. index(line, '%%MatrixMarket matrix coordinate') /= 1 .or. index(line, 'complex') > 0 .or. &
            index(line, 'pattern') > 0) call give_up(file // ' is no real sparse matrix in Matrix Market format')
        symmetric = index(line, 'symmetric') > 0
        do
            read (unit, '(a)', iostat=stat) line
            if (stat /= 0 .or. line(1:1) /= '%') exit
        end do
        read (line, *, iostat=stat) n, columns, entries
        if (stat /= 0 .or. n /= columns) call give_up(file // ': its size is no square: ' // trim(line))
        allocate (i(2 * entries), j(2 * entries), v(2 * entries))
        count = 0
        do k = 1, entries
            count = count + 1
            read (unit, *, iostat=stat) i(count), j(count), v(count)
            if (stat /= 0) call give_up(file // ' ends too early')
            if (i(count) < 1 .or. i(count) > n .or. j(count) < 1 .or. j(count) > n) &
                call give_up(file // ': an entry outside of the matrix')
            if (symmetric .and. i(count) /= j(count)) then
                count = count + 1
                i(count) = j(count - 1)
                j(count) = i(count - 1)
                v(count) = v(count - 1)
            end if
        end do
        close (unit)
        a = compressed(n, i(:count), j(:count), v(:count))
    end function read_matrix

    subroutine give_up(text)
        character(len=*), intent(in) :: text
        print '(2a)', 'cg: ', text
        call pvm_exit()
        stop 1
    end subroutine give_up

    ! ---- tasks ----

    ! A worker: rows come once, then vectors until the end; each product goes back.
    subroutine work(master)
        integer, intent(in) :: master
        type(matrix) :: a
        real(dp), allocatable :: x(:), y(:)
        integer :: bufid, tag, i
        call pvm_recv(master, rows_tag)
        call pvm_unpack_alloc(a%first)
        call pvm_unpack_alloc(a%column)
        call pvm_unpack_alloc(a%value)
        allocate (y(size(a%first) - 1))
        do
            call pvm_recv(master, -1, bufid=bufid, atag=tag)
            if (tag == end_tag) return
            call pvm_unpack_alloc(x)
            do i = 1, size(y)
                y(i) = sum(a%value(a%first(i):a%first(i + 1) - 1) * x(a%column(a%first(i):a%first(i + 1) - 1)))
            end do
            call pvm_send(master, product_tag, y)
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
        integer :: k, bufid
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack_array(x)
        call pvm_mcast(size(tids), tids, vector_tag)
        do k = 1, size(tids)
            call pvm_recv(tids(k), product_tag, y(from(k):from(k + 1) - 1))
        end do
    end function times

    ! ---- the method ----

    function solve(b, tids, from, residuals) result(x)
        real(dp), intent(in) :: b(:)
        integer, intent(in) :: tids(:), from(:)
        real(dp), allocatable, intent(out) :: residuals(:)
        real(dp) :: x(size(b)), r(size(b)), p(size(b)), ap(size(b)), rr, before, norm
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
            x = x + (rr / dot_product(p, ap)) * p
            r = r - (rr / dot_product(p, ap)) * ap
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
        if (stat /= 0) call give_up('cannot write ' // file)
        write (unit, '(a)') '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 400" font-family="sans-serif" font-size="12">'
        write (unit, '(a)') '<rect width="640" height="400" fill="white"/>'
        do power = 2, -10, -2
            y = 40 + 300 * (2 - power) / 12.0
            write (unit, '(a,f6.1,a,f6.1,a)') '<line x1="60" x2="620" y1="', y, '" y2="', y, '" stroke="#ddd"/>'
            write (unit, '(a,f6.1,a,i0,a)') '<text x="52" y="', y + 4, '" text-anchor="end">1e', power, '</text>'
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
end module sparse

program cg
    use sparse
    implicit none
    integer :: parent, ntask, k, n, stat, me
    integer, allocatable :: tids(:), from(:)
    character(len=300) :: word, file, picture, own, message
    real(dp), allocatable :: b(:), x(:), residuals(:)
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
        a = read_matrix(trim(file))
    end if
    n = size(a%first) - 1
    ntask = min(ntask, n)
    allocate (tids(ntask))
    call get_command_argument(0, own)
    call pvm_spawn(own, tids)
    from = [(1 + (k * n) / ntask, k = 0, ntask)]
    print '(3(i0,a))', n, ' unknowns, ', size(a%value), ' entries, ', ntask, ' tasks'
    call give_rows(a, tids, from)
    b = times([(1d0, k = 1, n)], tids, from)
    x = solve(b, tids, from, residuals)
    call pvm_initsend(PVMDATADEFAULT, k)
    call pvm_mcast(ntask, tids, end_tag)
    call plot(trim(picture), residuals)
    print '(i0,a,es9.2,2a)', size(residuals) - 1, ' steps, largest error ', maxval(abs(x - 1)), '; see ', trim(picture)
    call pvm_exit()
end program cg
