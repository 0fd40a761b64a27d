! SPDX-License-Identifier: BSD-3-Clause
! Strings of every length, in and out, and the include in free form.
program strings
    implicit none
    include 'fpvm3.h'
    integer :: n, bufid, index, info, classes, entries, owner, flags, narch, nhost, dtid, speed
    character(len=401) :: text, back
    logical :: good
    external :: pvmsum
    call pvmfsetopt(PVMAUTOERR, 0, n)
    call pvmfmytid(n)
    text = repeat('abcdefghi ', 40)
    good = .true.
    do n = 1, 400
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        call pvmfputinfo(text(:n), bufid, PVMMBOXDEFAULT, index)
        info = -1
        back = '?'
        call pvmfgetmboxinfo('*', back(:n + 1), classes, entries, index, owner, flags, info)
        good = good .and. info == PvmOk .and. back(:n + 1) == text(:n)
        call pvmfdelinfo(text(:n) // repeat(' ', mod(n, 5)), 0, 0, info)
        good = good .and. info == PvmOk
    end do
    call check('names of 1 to 400 characters, blanks inside and behind', good)
    call pvmfputinfo('', bufid, PVMMBOXDEFAULT, index)
    call same('no name', index, PvmBadParam)
    call pvmfjoingroup('      ', index)
    call same('blanks are none', index, PvmNullGroup)
    good = .true.
    do n = 1, 6
        back = '??????????'
        nhost = -1
        call pvmfconfig(nhost, narch, dtid, back(:n), text, speed, info)
        good = good .and. back(n + 1:10) == repeat('?', 10 - n)
    end do
    call check('what does not fit is cut off, and nothing behind is touched', good)
    good = .true.
    do n = 0, 400
        back = repeat('?', 401)
        call pvmfinitsend(mod(n, 2), bufid)
        call pvmfpack(STRING, text, n, 1, info)
        call pvmfmytid(owner)
        call pvmfsend(owner, 1, info)
        call pvmfrecv(owner, 1, bufid)
        call pvmfunpack(STRING, back, n, 1, info)
        good = good .and. info == PvmOk .and. back(:n) == text(:n) .and. back(n + 1:) == repeat('?', 401 - n)
    end do
    call check('packed strings of 0 to 400 characters', good)
    do n = 1, 60
        call pvmfjoingroup(text(:n), index)
        call pvmfreduce(pvmsum, speed, 1, INTEGER4, n, text(:n), 0, info)
        good = good .and. info == PvmOk .or. text(n:n) == ' '
    end do
    call check('groups whose names begin alike', good)
    call pvmfexit(info)
end program strings
