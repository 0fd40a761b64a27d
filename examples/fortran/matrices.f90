! SPDX-License-Identifier: BSD-3-Clause
! Sparse matrices for cg.f90: the one of a plate, and those of files in Matrix Market's format.
module matrices
    implicit none
    private
    public :: plate, read_matrix, product_with, is_symmetric
    integer, parameter, public :: dp = kind(1d0)

    ! Compressed rows: the entries of row i are first(i) to first(i + 1) - 1.
    type, public :: matrix
        integer, allocatable :: first(:), column(:)
        real(dp), allocatable :: value(:)
    end type matrix

    ! A file, and where we are in it.
    type source
        character(len=300) :: name
        integer :: unit = 0
        integer :: line_number = 0
        character(len=1024) :: line
    end type source

contains
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

    ! y = A x
    function product_with(a, x) result(y)
        type(matrix), intent(in) :: a
        real(dp), intent(in) :: x(:)
        real(dp) :: y(size(a%first) - 1)
        integer :: i
        do i = 1, size(y)
            y(i) = sum(a%value(a%first(i):a%first(i + 1) - 1) * x(a%column(a%first(i):a%first(i + 1) - 1)))
        end do
    end function product_with

    ! A x is the same as x A, for an x that is nothing special.
    logical function is_symmetric(a)
        type(matrix), intent(in) :: a
        real(dp) :: x(size(a%first) - 1), y(size(a%first) - 1)
        integer :: i, k
        x = [(1 + mod(i * 7919, 1000) / 1000d0, i = 1, size(x))]
        y = 0
        do i = 1, size(x)
            do k = a%first(i), a%first(i + 1) - 1
                y(a%column(k)) = y(a%column(k)) + a%value(k) * x(i)
            end do
        end do
        is_symmetric = all(abs(y - product_with(a, x)) <= 1d-12 * (maxval(abs(a%value)) + maxval(abs(y))))
    end function is_symmetric

    ! ---- files: coordinate; real, integer or pattern; general or symmetric ----

    ! The matrix of a file; error, if it is not blank, says what is wrong, and where. Of a pattern, which has no values, it is
    ! the matrix with -1 where the pattern has an entry, and in the diagonal one more than there are of them in the row.
    subroutine read_matrix(file, a, error)
        character(len=*), intent(in) :: file
        type(matrix), intent(out) :: a
        character(len=*), intent(out) :: error
        type(source) :: from
        logical :: symmetric, pattern
        integer :: n, entries, count, stat
        integer, allocatable :: i(:), j(:)
        real(dp), allocatable :: v(:)
        from%name = file
        error = ''
        open (newunit=from%unit, file=file, status='old', action='read', iostat=stat)
        if (stat /= 0) then
            error = 'cannot read ' // file
            return
        end if
        call read_header(from, symmetric, pattern, error)
        if (error == '') call read_size(from, n, entries, error)
        if (error == '') then
            allocate (i(2 * entries + n), j(2 * entries + n), v(2 * entries + n), stat=stat)
            if (stat /= 0) error = trim(file) // ': no memory for its entries'
        end if
        count = 0
        if (error == '') call read_entries(from, n, entries, symmetric, pattern, count, i, j, v, error)
        close (from%unit)
        if (error /= '') return
        if (pattern) call add_diagonal(n, count, i, j, v)
        a = compressed(n, i(:count), j(:count), v(:count))
    end subroutine read_matrix

    ! The next line that is neither blank nor a comment; false at the end.
    logical function next_line(from)
        type(source), intent(inout) :: from
        integer :: stat, k
        do
            read (from%unit, '(a)', iostat=stat) from%line
            next_line = stat == 0
            if (.not. next_line) return
            from%line_number = from%line_number + 1
            do k = 1, len_trim(from%line)
                if (iachar(from%line(k:k)) < 32) from%line(k:k) = ' '    ! tabs, and the line ends of other systems
            end do
            if (from%line /= '' .and. from%line(1:1) /= '%') return
        end do
    end function next_line

    ! "FILE:LINE: what"
    function at(from, what) result(text)
        type(source), intent(in) :: from
        character(len=*), intent(in) :: what
        character(len=400) :: text
        write (text, '(2a,i0,2a)') trim(from%name), ':', from%line_number, ': ', what
    end function at

    subroutine read_header(from, symmetric, pattern, error)
        type(source), intent(inout) :: from
        logical, intent(out) :: symmetric, pattern
        character(len=*), intent(out) :: error
        character(len=20) :: words(5)
        integer :: stat, k, m
        symmetric = .false.
        pattern = .false.
        error = ''
        words = ''
        read (from%unit, '(a)', iostat=stat) from%line
        from%line_number = 1
        if (stat == 0) read (from%line, *, iostat=stat) words
        do k = 1, 5
            do m = 1, len(words)
                if (words(k)(m:m) >= 'A' .and. words(k)(m:m) <= 'Z') words(k)(m:m) = achar(iachar(words(k)(m:m)) + 32)
            end do
            if (index(words(k), achar(13)) > 0) words(k)(index(words(k), achar(13)):) = ''
        end do
        symmetric = words(5) == 'symmetric'
        pattern = words(4) == 'pattern'
        if (words(1) /= '%%matrixmarket') then
            error = at(from, 'no Matrix Market file: it does not begin with %%MatrixMarket')
        else if (words(2) /= 'matrix' .or. words(3) /= 'coordinate') then
            error = at(from, 'no sparse matrix, which would be "matrix coordinate"')
        else if (.not. any(words(4) == ['real   ', 'integer', 'pattern'])) then
            error = at(from, 'entries are ' // trim(words(4)) // ', not real, integer or pattern')
        else if (.not. (symmetric .or. words(5) == 'general')) then
            error = at(from, 'the matrix is ' // trim(words(5)) // ', not general or symmetric')
        end if
    end subroutine read_header

    ! Whether the line has so many numbers: no more, and nothing that is none.
    logical function has_numbers(from, wanted)
        type(source), intent(in) :: from
        integer, intent(in) :: wanted
        integer :: k, found
        has_numbers = verify(trim(from%line), ' 0123456789+-.eEdD') == 0
        found = 0
        do k = 1, len_trim(from%line)
            if (from%line(k:k) == ' ') cycle
            if (k == 1) then
                found = found + 1
            else if (from%line(k - 1:k - 1) == ' ') then
                found = found + 1
            end if
        end do
        has_numbers = has_numbers .and. found == wanted
    end function has_numbers

    subroutine read_size(from, n, entries, error)
        type(source), intent(inout) :: from
        integer, intent(out) :: n, entries
        character(len=*), intent(out) :: error
        integer :: columns, stat
        n = 0
        entries = 0
        error = ''
        if (.not. next_line(from)) then
            error = at(from, 'the file ends before the size of the matrix')
            return
        end if
        stat = 1
        if (has_numbers(from, 3)) read (from%line, *, iostat=stat) n, columns, entries
        if (stat /= 0) then
            error = at(from, 'should be rows, columns and entries: ' // trim(from%line(:60)))
        else if (n < 1 .or. entries < 0 .or. n /= columns) then
            error = at(from, 'no square matrix: ' // trim(from%line(:60)))
        end if
    end subroutine read_size

    subroutine read_entries(from, n, entries, symmetric, pattern, count, i, j, v, error)
        type(source), intent(inout) :: from
        integer, intent(in) :: n, entries
        logical, intent(in) :: symmetric, pattern
        integer, intent(inout) :: count, i(:), j(:)
        real(dp), intent(inout) :: v(:)
        character(len=*), intent(out) :: error
        character(len=80) :: text
        integer :: k
        error = ''
        do k = 1, entries
            if (.not. next_line(from)) then
                write (text, '(2(a,i0),a)') 'the file ends after ', k - 1, ' of ', entries, ' entries'
                error = at(from, trim(text))
                return
            end if
            call read_entry(from, n, symmetric, pattern, i(count + 1), j(count + 1), v(count + 1), error)
            if (error /= '') return
            count = count + 1
            if (symmetric .and. i(count) /= j(count)) then
                i(count + 1) = j(count)
                j(count + 1) = i(count)
                v(count + 1) = v(count)
                count = count + 1
            end if
        end do
        write (text, '(a,i0,a)') 'behind the last of ', entries, ' entries there is one more'
        if (next_line(from)) error = at(from, trim(text))
    end subroutine read_entries

    subroutine read_entry(from, n, symmetric, pattern, i, j, v, error)
        type(source), intent(in) :: from
        integer, intent(in) :: n
        logical, intent(in) :: symmetric, pattern
        integer, intent(out) :: i, j
        real(dp), intent(out) :: v
        character(len=*), intent(out) :: error
        integer :: stat
        error = ''
        i = 0
        j = 0
        v = -1
        stat = 1
        if (pattern .and. has_numbers(from, 2)) read (from%line, *, iostat=stat) i, j
        if (.not. pattern .and. has_numbers(from, 3)) read (from%line, *, iostat=stat) i, j, v
        if (stat /= 0 .and. pattern) then
            error = at(from, 'should be row and column: ' // trim(from%line(:60)))
        else if (stat /= 0) then
            error = at(from, 'should be row, column and value: ' // trim(from%line(:60)))
        else if (min(i, j) < 1 .or. max(i, j) > n) then
            error = at(from, 'outside of the matrix: ' // trim(from%line(:60)))
        else if (symmetric .and. j > i) then
            error = at(from, 'above the diagonal, but the file has the lower half of a symmetric matrix: ' // trim(from%line(:60)))
        end if
    end subroutine read_entry

    ! For a pattern: entries of its diagonal give way to those that make the matrix positive definite.
    subroutine add_diagonal(n, count, i, j, v)
        integer, intent(in) :: n
        integer, intent(inout) :: count, i(:), j(:)
        real(dp), intent(inout) :: v(:)
        integer :: k, kept, in_row(n)
        kept = 0
        in_row = 0
        do k = 1, count
            if (i(k) == j(k)) cycle
            kept = kept + 1
            i(kept) = i(k)
            j(kept) = j(k)
            v(kept) = v(k)
            in_row(i(k)) = in_row(i(k)) + 1
        end do
        do k = 1, n
            i(kept + k) = k
            j(kept + k) = k
            v(kept + k) = in_row(k) + 1
        end do
        count = kept + n
    end subroutine add_diagonal
end module matrices
