! SPDX-License-Identifier: BSD-3-Clause
! What "use pvm" adds to the include: optional info, elements and sections, checks. With 4- and with 8-byte integers;
! arguments that are no arrays here are given as the compiler without type(*) takes them, too.
program module
    use pvm
    implicit none
    integer :: me, bufid, info, i, from, tag, length, group
    integer :: tids(3), got(4), host
    integer(4) :: a(10), b(10), grid(4, 5), back(4, 5)
    real(8) :: d(6), e(6)
    character(len=5) :: words(3), read(3)
    logical(4) :: flags(4), seen(4)
    external :: pvmsum, doubled
    integer, external :: handler
    integer :: handled
    common /count/ handled
    call pvmfsetopt(PVMAUTOERR, 0, i)
    call pvmfmytid(me)
    a = [(i, i = 1, 10)]
    d = [(i / 3.0d0, i = 1, 6)]
    grid = reshape([(i, i = 1, 20)], [4, 5])
    words = ['alpha', 'beta ', 'gamma']
    flags = [.true., .false., .true., .true.]

    ! without info where nothing can go wrong
    call pvmfinitsend(PVMDATADEFAULT, bufid)
    call pvmfpack(INTEGER4, a(1:10:3), 4, 1, info)
    call pvmfpack(INTEGER4, grid(2:3, ::2), 6, 1, info)
    call pvmfpack(REAL8, d(6:1:-1), 6, 1, info)
    call pvmfpack(STRING, words, 15, 1, info)
    call pvmfpack(INTEGER4, flags, 4, 1, info)
    call pvmfpack(INTEGER4, a(5), 2, 1, info)
    call pvmfpack(INTEGER4, 42_4, 1, 1, info)
    call pvmfpack(REAL8, d(1:0), 0, 1, info)
    call same('packing sections', info, PvmOk)
    call pvmfsend(me, 1)
    call pvmfrecv(me, 1, bufid)
    b = 0
    back = 0
    e = 0
    seen = .false.
    call pvmfunpack(INTEGER4, b(2:8:2), 4, 1, info)
    call check('a section into another', all(b == [0, 1, 0, 4, 0, 7, 0, 10, 0, 0]))
    call pvmfunpack(INTEGER4, back(2:3, ::2), 6, 1, info)
    call check('of two dimensions', all(back(2:3, ::2) == grid(2:3, ::2)) .and. sum(back) == sum(grid(2:3, ::2)))
    call pvmfunpack(REAL8, e(6:1:-1), 6, 1, info)
    call check('backwards', all(d == e))
    call pvmfunpack(STRING, read, 15, 1, info)
    call check('strings', all(words == read))
    call pvmfunpack(INTEGER4, seen, 4, 1, info)
    call check('logicals', logical(all(flags .eqv. seen)))
    call pvmfunpack(INTEGER4, b(9), 2, 1, info)
    call check('from an element on', b(9) == 5 .and. b(10) == 6)
    call pvmfunpack(INTEGER4, b(1), 1, 1, info)
    call check('a constant', b(1) == 42)
    call pvmfunpack(INTEGER4, b(1), 1, 1, info)
    call same('the end', info, PvmNoData)
    call old_dummy(a, 10)

    ! in place
    call pvmfinitsend(PVMDATAINPLACE, bufid)
    call pvmfpack(INTEGER4, a, 10, 1, info)
    a(1) = 1001
    call pvmfsend(me, 2)
    a(1) = 1
    call pvmfrecv(me, 2, bufid)
    call pvmfunpack(INTEGER4, b, 10, 1, info)
    call check('a whole array in place is copied when packed', all(b == a))

    call pvmfpsend(me, 3, d(1:5:2), 3, REAL8, info)
    e = 0
    call pvmfprecv(me, 3, e(2:6:2), 3, REAL8, from, tag, length, info)
    call check('psend and precv of sections', all(e == [0d0, d(1), 0d0, d(3), 0d0, d(5)]) .and. from == me .and. &
        tag == 3 .and. length == 24)

    ! arrays of tids: whole, a section, an element, a scalar
    tids = me
    call pvmfmcast(1, tids, 4, info)
    call same('an array', info, PvmOk)
    call pvmfmcast(2, tids(1:3:2), 4, info)
    call same('a section', info, PvmOk)
    call pvmfmcast(2, tids(2), 4, info)
    call same('an element', info, PvmOk)
    call pvmfmcast(1, me, 4, info)
    call same('a scalar', info, PvmOk)
    call pvmfmcast(4, tids, 4, info)
    call same('too small an array', info, PvmBadParam)
    got = 77
    call pvmfspawn('no such program', PVMTASKDEFAULT, ' ', 2, got(2:), i)
    call check('what is stored', all(got == [77, PvmNoFile, PvmNoFile, 77]))
    got = 77
    call pvmfspawn('no such program', PVMTASKDEFAULT, ' ', 3, got(2), i)
    call check('what is stored behind an element', all(got == [77, PvmNoFile, PvmNoFile, PvmNoFile]))
    call pvmfspawn('no such program', PVMTASKDEFAULT, ' ', 5, got, i)
    call same('too small an array for spawn', i, PvmBadParam)

    call pvmfjoingroup('module', group)
    call pvmfreduce(pvmsum, d, 6, REAL8, 5, 'module', 0, info)
    call same('reduce', info, PvmOk)
    call pvmfreduce(doubled, d, 6, REAL8, 5, 'module', 0, info)
    call same('reduce with an own function', info, PvmOk)
    b = 0
    call pvmfgather(b(1:9:2), a(3:7), 5, INTEGER4, 6, 'module', 0, info)
    call check('gather', all(b(1:9:2) == a(3:7)) .and. sum(b) == sum(a(3:7)))
    b = 0
    call pvmfscatter(b(1:5), a(2:10:2), 5, INTEGER4, 7, 'module', 0, info)
    call check('scatter', all(b(1:5) == a(2:10:2)))

    handled = 0
    call pvmfaddmhf(-1, 8, -1, 0, handler, host)
    call check('addmhf', host >= 0)
    call pvmfinitsend(PVMDATADEFAULT, bufid)
    call pvmfsend(me, 8)
    call pvmfnrecv(-1, 99, bufid)
    call same('a handler', handled, 1)
    call pvmfdelmhf(host)
    call pvmfexit()
contains
    subroutine old_dummy(x, n)
        integer, intent(in) :: n
        integer(4), intent(in) :: x(*)
        call pvmfinitsend(PVMDATARAW, bufid)
        call pvmfpack(INTEGER4, x, n, 1, info)
        call same('assumed size', info, PvmOk)
    end subroutine old_dummy
end program module

subroutine doubled(type, x, y, num, info)
    integer :: type, num, info
    real(8) :: x(num), y(num)
    x = 2 * x + y * type
    info = 0
end subroutine doubled

integer function handler(mid)
    integer :: mid, handled
    common /count/ handled
    handled = handled + 1
    if (mid <= 0) handled = -1000
    handler = 0
end function handler
