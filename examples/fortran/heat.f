! SPDX-License-Identifier: BSD-3-Clause
! Heat spreads in a plate, in Fortran 77 as PVM codes were written then, but for "use pvm", which was include 'fpvm3.h':
! so the compiler checks the calls (and gfortran does not ask for -std=legacy). The program starts copies of itself on the
! hosts; each has some columns, and exchanges the outermost ones with its neighbours in every step. At the end the
! first collects the plate and writes a picture, heat.pgm.
!
!     pvm add HOST...; ./heat        300 steps of 4 tasks
      program heat
      use pvm
      integer n, ntask, steps
      parameter (n = 200, ntask = 4, steps = 300)
      integer mytid, parent, me, tids(0:ntask-1), numt, bufid, info, i
      character*200 file

      call pvmfmytid(mytid)
      if (mytid .lt. 0) stop 1
      call pvmfparent(parent)
      if (parent .lt. 0) then
        call getarg(0, file)
        tids(0) = mytid
        call pvmfspawn(file, PVMTASKDEFAULT, '*', ntask - 1, tids(1),
     &    numt)
        if (numt .lt. ntask - 1) then
          write (*, *) 'heat: only', numt, ' of', ntask - 1,
     &      ' tasks could be started'
          call pvmfexit(info)
          stop 1
        end if
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        call pvmfpack(INTEGER4, tids, ntask, 1, info)
        call pvmfmcast(ntask - 1, tids(1), 1, info)
      else
        call pvmfrecv(parent, 1, bufid)
        call pvmfunpack(INTEGER4, tids, ntask, 1, info)
      end if
      do 10 i = 0, ntask - 1
        if (tids(i) .eq. mytid) me = i
 10   continue
      call plate(n, n / ntask, steps, me, ntask, tids)
      call pvmfexit(info)
      end

! The columns of task me, and one more on each side that belongs to a neighbour or is the edge.
      subroutine plate(n, w, steps, me, ntask, tids)
      use pvm
      integer n, w, steps, me, ntask, tids(0:ntask-1)
      integer i, j, k, bufid, info
      real t(0:201, 0:51), new(0:201, 0:51), all(200, 200)

      do 20 j = 0, w + 1
        do 10 i = 0, n + 1
          t(i, j) = 0
          k = me * w + j
          if (abs(i - n / 2) .lt. 30 .and. abs(k - n / 2) .lt. 30)
     &      t(i, j) = 100
          new(i, j) = t(i, j)
 10     continue
 20   continue

      do 60 k = 1, steps
        if (me .gt. 0) call column(t(1, 1), n, tids(me-1), 2)
        if (me .lt. ntask-1) call column(t(1, w), n, tids(me+1), 3)
        if (me .gt. 0) then
          call pvmfrecv(tids(me-1), 3, bufid)
          call pvmfunpack(REAL4, t(1, 0), n, 1, info)
        end if
        if (me .lt. ntask-1) then
          call pvmfrecv(tids(me+1), 2, bufid)
          call pvmfunpack(REAL4, t(1, w + 1), n, 1, info)
        end if
        do 40 j = 1, w
          do 30 i = 1, n
            new(i, j) = t(i, j) + 0.2 * (t(i-1, j) + t(i+1, j)
     &        + t(i, j-1) + t(i, j+1) - 4 * t(i, j))
 30       continue
 40     continue
        do 55 j = 1, w
          do 50 i = 1, n
            t(i, j) = new(i, j)
 50       continue
 55     continue
        if (me .eq. 0 .and. mod(k, 100) .eq. 0)
     &    write (*, *) 'step', k, ' of', steps
 60   continue

! The picture: column by column to the first task.
      if (me .gt. 0) then
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        do 70 j = 1, w
          call pvmfpack(REAL4, t(1, j), n, 1, info)
 70     continue
        call pvmfsend(tids(0), 4, info)
      else
        do 90 k = 0, ntask - 1
          if (k .gt. 0) call pvmfrecv(tids(k), 4, bufid)
          do 80 j = 1, w
            if (k .eq. 0) then
              do 75 i = 1, n
                all(i, j) = t(i, j)
 75           continue
            else
              call pvmfunpack(REAL4, all(1, k * w + j), n, 1, info)
            end if
 80       continue
 90     continue
        call picture(all, n)
      end if
      end

      subroutine column(x, n, tid, tag)
      use pvm
      integer n, tid, tag, bufid, info
      real x(n)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfpack(REAL4, x, n, 1, info)
      call pvmfsend(tid, tag, info)
      end

      subroutine picture(all, n)
      integer n, i, j
      real all(n, n), heat
      heat = 0
      open (10, file='heat.pgm', status='unknown')
      write (10, '(a)') 'P2'
      write (10, *) n, n
      write (10, *) 255
      do 10 i = 1, n
        write (10, '(16i5)') (min(255, int(all(i, j) * 2.55)),
     &    j = 1, n)
        do 5 j = 1, n
          heat = heat + all(i, j)
 5      continue
 10   continue
      close (10)
      write (*, *) 'heat in all', int(heat + 0.5), '; see heat.pgm'
      end
