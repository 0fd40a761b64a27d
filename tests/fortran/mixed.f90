! SPDX-License-Identifier: BSD-3-Clause
! Fortran and C in one job: all types go to a task in C and come back, packed by the second and by the third door.
program mixed
    use pvm
    use pvm_f08
    implicit none
    integer :: tids(1), info, bufid, inum, round
    character(len=10) :: text
    integer(1) :: bytes(4)
    integer(2) :: shorts(3)
    integer(4) :: ints(3)
    integer(8) :: longs(3)
    real(4) :: floats(2)
    real(8) :: doubles(2)
    complex(4) :: complexes(2)
    character(len=300) :: file
    external :: pvmsum
    call get_command_argument(0, file)
    call pvm_spawn(trim(file) // '-c', tids)
    call pvmfjoingroup('mixed', inum)
    do round = 1, 2
        bytes = [1_1, -1_1, 127_1, 0_1]
        shorts = [1_2, 2_2, -3_2]
        ints = [100000, -2, 3]
        longs = [5000000000_8, -2_8, 3_8]
        floats = [1.5, -0.25]
        doubles = [1d300, 1d-300]
        complexes = [(1.0, -2.0), (0.5, 4.0)]
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        if (round == 1) then
            call pvm_pack('from there')
            call pvm_pack(bytes)
            call pvm_pack(shorts)
            call pvm_pack(ints)
            call pvm_pack(longs)
            call pvm_pack(floats)
            call pvm_pack(doubles)
            call pvm_pack(complexes)
        else
            call pvmfpack(STRING, 'from there', 10, 1, info)
            call pvmfpack(BYTE1, bytes, 4, 1, info)
            call pvmfpack(INTEGER2, shorts, 3, 1, info)
            call pvmfpack(INTEGER4, ints, 3, 1, info)
            call pvmfpack(INTEGER8, longs, 3, 1, info)
            call pvmfpack(REAL4, floats, 2, 1, info)
            call pvmfpack(REAL8, doubles, 2, 1, info)
            call pvmfpack(COMPLEX8, complexes, 2, 1, info)
        end if
        call pvm_send(tids(1), 1)
        bytes = 0
        floats = 0
        doubles = 0
        complexes = 0
        call pvm_recv(tids(1), 2)
        call pvm_unpack(text)
        call pvm_unpack(bytes)
        call pvm_unpack(shorts)
        call pvm_unpack(ints)
        call pvm_unpack(longs)
        call pvm_unpack(floats)
        call pvm_unpack(doubles)
        call pvm_unpack(complexes)
        call check('text and bytes', text == 'from  here' .and. all(bytes == [1_1, -1_1, 127_1, 0_1]))
        call check('integers', all(shorts == [-1_2, -2_2, 3_2]) .and. all(ints == [-100000, 2, -3]) .and. &
            all(longs == [-5000000000_8, 2_8, -3_8]))
        call check('reals', all(floats == [1.5, -0.25]) .and. all(doubles == [1d300, 1d-300]) .and. &
            all(complexes == [(1.0, -2.0), (0.5, 4.0)]))
    end do
    call pvm_barrier('mixed', 2)
    call pvmfreduce(pvmsum, ints, 3, INTEGER4, 3, 'mixed', inum, info)
    call pvm_barrier('mixed', 2)
    call check('a reduce of both', info == PvmOk .and. all(ints == 2 * [-100000, 2, -3]))
    call pvm_exit()
end program mixed
