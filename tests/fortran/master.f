! SPDX-License-Identifier: BSD-3-Clause
! Master and slaves as codes of the nineties were: COMMON blocks packed as they lie, and work given out piece by piece.
      program master
      include 'fpvm3.h'
      integer nproc, tids(8), numt, bufid, info, next, i, from, who
      integer bytes, tag, done
      integer steps, parts
      double precision low, high, width, sum, part
      character*8 name
      character*200 file
      common /rules/ low, high, width, steps, parts
      common /table/ sum(50)
      parameter (nproc = 4)
      low = 0
      high = 1
      steps = 100000
      parts = 50
      width = (high - low) / steps
      name = 'circle'
      call getarg(0, file)
      i = index(file, 'master')
      file(i:) = 'slave' // file(i+6:)
      call pvmfspawn(file, PVMDEFAULT, '*', nproc, tids, numt)
      call same('slaves', numt, nproc)
      call pvmfinitsend(PVMRAW, bufid)
      call pvmfpack(STRING, name, 8, 1, info)
      call pvmfpack(REAL8, low, 3, 1, info)
      call pvmfpack(INTEGER4, steps, 2, 1, info)
      call pvmfmcast(nproc, tids, 1, info)
      next = 0
      do 10 i = 1, nproc
        call give(tids(i), next)
 10   continue
      done = 0
 20   call pvmfrecv(-1, 3, bufid)
      call pvmfbufinfo(bufid, bytes, tag, who, info)
      call pvmfunpack(INTEGER4, from, 1, 1, info)
      call pvmfunpack(REAL8, part, 1, 1, info)
      sum((from - 1) / (steps / parts) + 1) = part
      done = done + 1
      call give(who, next)
      if (done .lt. parts) goto 20
      part = 0
      do 30 i = 1, parts
        part = part + sum(i)
 30   continue
      call check('pi', abs(part - 3.14159265358979d0) .lt. 1d-9)
      call pvmfexit(info)
      end

! The next piece, or 0 for the end.
      subroutine give(tid, next)
      include 'fpvm3.h'
      integer tid, next, bufid, info, range(2)
      integer steps, parts
      double precision low, high, width
      common /rules/ low, high, width, steps, parts
      range(1) = 0
      range(2) = 0
      if (next .lt. parts) then
        range(1) = next * (steps / parts) + 1
        range(2) = (next + 1) * (steps / parts)
        next = next + 1
      end if
      call pvmfinitsend(PVMDEFAULT, bufid)
      call pvmfpack(INTEGER4, range, 2, 1, info)
      call pvmfsend(tid, 2, info)
      end
