! SPDX-License-Identifier: BSD-3-Clause
! The slave of master.f: its piece of an integral, by the rules that come in a COMMON block.
      program slave
      include 'fpvm3.h'
      integer master, bufid, info, i, from, to
      integer steps, parts
      double precision low, high, width, sum, x
      character*8 name
      common /rules/ low, high, width, steps, parts
      call pvmfparent(master)
      call pvmfrecv(master, 1, bufid)
      call pvmfunpack(STRING, name, 8, 1, info)
      call pvmfunpack(REAL8, low, 3, 1, info)
      call pvmfunpack(INTEGER4, steps, 2, 1, info)
 10   call pvmfrecv(master, 2, bufid)
      call pvmfunpack(INTEGER4, from, 1, 1, info)
      call pvmfunpack(INTEGER4, to, 1, 1, info)
      if (from .eq. 0) goto 30
      sum = 0
      do 20 i = from, to
        x = low + (i - 0.5d0) * width
        if (name .eq. 'circle') sum = sum + 4 / (1 + x * x) * width
        if (name .eq. 'line') sum = sum + x * width
 20   continue
      call pvmfinitsend(PVMDEFAULT, bufid)
      call pvmfpack(INTEGER4, from, 1, 1, info)
      call pvmfpack(REAL8, sum, 1, 1, info)
      call pvmfsend(master, 3, info)
      goto 10
 30   call pvmfexit(info)
      end
