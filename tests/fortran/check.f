! SPDX-License-Identifier: BSD-3-Clause
! One line for each check.
      subroutine check(name, good)
      character*(*) name
      logical good
      if (good) then
        write (*, '(2a)') 'ok ', name
      else
        write (*, '(2a)') 'FAIL ', name
      end if
      end

! One line more when a number is another one.
      subroutine same(name, got, wanted)
      character*(*) name
      integer got, wanted
      call check(name, got .eq. wanted)
      if (got .ne. wanted) write (*, *) '   wanted', wanted, ' got', got
      end
