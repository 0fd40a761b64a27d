! SPDX-License-Identifier: BSD-3-Clause
! Without stat= an error ends the program, and says which.
program stops
    use pvm_f08
    implicit none
    integer :: bufid
    call pvm_initsend(PVMDATADEFAULT, bufid)
    call pvm_send(0, 1)
    print *, 'FAIL it goes on'
end program stops
