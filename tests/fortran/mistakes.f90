! SPDX-License-Identifier: BSD-3-Clause
! What "use pvm" says about wrong arguments at run time. Lines are compared with the end of this file.
program mistakes
    use pvm
    implicit none
    integer :: info, bufid, tids(2), n
    real(4) :: r(3)
    real(8) :: d(3)
    call pvmfinitsend(PVMDATADEFAULT, bufid)
    call pvmfsend(262144, -1, info)
    call pvmfsend(0, 1, info)
    call pvmfmcast(3, tids, 1, info)
    call pvmfspawn('x', 0, ' ', 3, tids, n)
    call pvmfspawn('x', 0, ' ', -1, tids, n)
    call pvmfnotify(PVMTASKEXIT, -1, 1, [262145], info)
    call pvmfpack(REAL8, r, 3, 1, info)
    call pvmfpack(INTEGER4, r, 3, 1, info)
    call pvmfpack(STRING, tids, 2, 1, info)
    call pvmfpack(REAL8, d, 4, 1, info)
    call pvmfpack(REAL8, d, 2, 3, info)
    call pvmfpack(REAL8, d, -1, 1, info)
    call pvmfpack(17, d, 1, 1, info)
    call pvmfpsend(262145, 1, d, 4, REAL8, info)
end program mistakes
! libpvm: pvmfsend: argument tid: 262144 is no tid of a task
! libpvm: pvmfsend: argument msgtag: -1 is negative
! libpvm: pvmfsend: argument tid: 0 is no tid of a task
! libpvm: pvmfmcast: argument tids: 2 elements, and ntask is 3
! libpvm: pvmfspawn: argument tids: 2 elements, and ntask is 3
! libpvm: pvmfspawn: argument ntask: -1 is negative
! libpvm: pvmfnotify: argument msgtag: -1 is negative
! libpvm: pvmfpack: argument xp is REAL(4), but is to be taken as REAL8
! libpvm: pvmfpack: argument xp is REAL(4), but is to be taken as INTEGER4
! libpvm: pvmfpack: argument xp is INTEGER(4), but is to be taken as STRING
! libpvm: pvmfpack: argument xp has 24 bytes, but 4 items of REAL8, 1 apart, need 32
! libpvm: pvmfpack: argument xp has 24 bytes, but 2 items of REAL8, 3 apart, need 32
! libpvm: pvmfpack: argument nitem, len or count is -1
! libpvm: pvmfpack: argument what or datatype is 17, which is no type
! libpvm: pvmfpsend: argument buf has 24 bytes, but 4 items of REAL8, 1 apart, need 32
