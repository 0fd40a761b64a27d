! SPDX-License-Identifier: BSD-3-Clause
! A code of equals: each joins a group, all meet at barriers, and results are reduced and gathered.
      program group
      include 'fpvm3.h'
      integer n, me, parent, tids(4), numt, info, i, tid, mytid, bufid
      integer all(12), mine(3), got
      double precision x(3), y(3)
      complex c
      character*200 file
      character*20 name
      external PvmSum, PvmMax, longer
      parameter (n = 4)
      name = 'equals'
      call pvmfmytid(mytid)
      call pvmfparent(parent)
      if (parent .lt. 0) then
        call getarg(0, file)
        call pvmfspawn(file, PVMTASKDEFAULT, '*', n - 1, tids, numt)
        call same('the others', numt, n - 1)
      end if
      call pvmfjoingroup('equals', me)
      call pvmfbarrier(name, n, info)
      do 10 i = 1, 3
        x(i) = (me + 1) * i
        y(i) = me * i
        mine(i) = 10 * me + i
 10   continue
      c = cmplx(me, -me)
      call pvmfreduce(PvmSum, x, 3, REAL8, 1, name, 2, info)
      call pvmfreduce(PvmMax, y, 3, REAL8, 2, 'equals', 0, info)
      call pvmfreduce(longer, c, 1, COMPLEX8, 3, 'equals', 0, info)
      call pvmfgather(all, mine, 3, INTEGER4, 4, name, 0, info)
      got = 0
      call pvmfscatter(got, all(1), 1, INTEGER4, 5, name, 0, info)
      if (me .eq. 2) then
        call pvmfgettid(name, 0, tid)
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        call pvmfpack(REAL8, x, 3, 1, info)
        call pvmfsend(tid, 6, info)
      end if
      if (me .eq. 0) then
        call pvmfrecv(-1, 6, bufid)
        call pvmfunpack(REAL8, x, 3, 1, info)
        call out(all, x, y, c, got)
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        call pvmfbcast('equals', 7, info)
        call same('bcast', info, PvmOk)
      else
        call pvmfrecv(-1, 7, bufid)
      end if
      call pvmfbarrier('equals', n, info)
      call pvmflvgroup('equals', info)
      call pvmfexit(info)
      end

      subroutine out(all, x, y, c, got)
      integer all(12), i, got
      double precision x(3), y(3)
      complex c
      logical good
      good = .true.
      do 10 i = 1, 12
        good = good .and. all(i) .eq. 10 * ((i - 1) / 3) + 1 +
     &    mod(i - 1, 3)
 10   continue
      call check('gathered in order', good)
      call check('the sum at the third', x(1) .eq. 10 .and. x(2) .eq.
     &  20 .and. x(3) .eq. 30)
      call check('the greatest', y(1) .eq. 3 .and. y(3) .eq. 9)
      call check('an own function', c .eq. (3.0, -3.0))
      call same('scattered', got, 1)
      end

! Of two complex numbers the one that is farther from 0.
      subroutine longer(type, x, y, num, info)
      integer type, num, info, i
      complex x(*), y(*)
      do 10 i = 1, num
        if (abs(y(i)) .gt. abs(x(i))) x(i) = y(i)
 10   continue
      info = type - type
      end
