! SPDX-License-Identifier: BSD-3-Clause
! the Fortran interface: enrolment, packing, strings, config, tasks, mailbox, groups. basic.expected is what PVM 3.4.6 printed
      program fbasic
      include 'fpvm3.h'
      integer mytid, info, bufid, i, n, tid, bytes, tag, ia(4), ib(4)
      integer nhost, narch, dtid, speed, idx, old, ctx, ntask, ptid
      external PvmSum
      integer flag, src, rtag, rlen, nsib, sib, ival, lval
      integer*8 big, bigb
      double precision d(3), e(3)
      complex c, cc
      character*20 s, t
      character*32 name, arch, aout
      call pvmfsetopt(PVMAUTOERR, 0, old)
      print *, 'old autoerr', old
      call pvmfmytid(mytid)
      print *, 'mytid positive', mytid .gt. 0
      call pvmfparent(tid)
      print *, 'parent', tid
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      print *, 'initsend positive', bufid .gt. 0
      do 10 i = 1, 4
        ia(i) = i * 11
 10   continue
      do 20 i = 1, 3
        d(i) = i / 4.0d0
 20   continue
      c = (1.5, -2.0)
      big = 1234567
      call pvmfpack(INTEGER4, ia, 4, 1, info)
      print *, 'pack integer4', info
      call pvmfpack(REAL8, d, 3, 1, info)
      print *, 'pack real8', info
      call pvmfpack(COMPLEX8, c, 1, 1, info)
      print *, 'pack complex8', info
      call pvmfpack(INTEGER8, big, 1, 1, info)
      print *, 'pack integer8', info
      s = 'hello fortran'
      call pvmfpack(STRING, s, 13, 1, info)
      print *, 'pack string', info
      call pvmfpack(99, ia, 1, 1, info)
      print *, 'pack bad what', info
      call pvmfsend(mytid, 7, info)
      print *, 'send', info
      call pvmfrecv(-1, 7, bufid)
      call pvmfbufinfo(bufid, bytes, tag, tid, info)
      print *, 'bufinfo', bytes, tag, tid .eq. mytid, info
      call pvmfunpack(INTEGER4, ib, 2, 2, info)
      print *, 'unpack stride 2', ib(1), ib(3), info
      call pvmfunpack(INTEGER4, ib, 2, 1, info)
      print *, 'rest', ib(1), ib(2), info
      call pvmfunpack(REAL8, e, 3, 1, info)
      print *, 'real8', e(1), e(2), e(3), info
      call pvmfunpack(COMPLEX8, cc, 1, 1, info)
      print *, 'complex8', cc, info
      call pvmfunpack(INTEGER8, bigb, 1, 1, info)
      print *, 'integer8', bigb, info
      t = '????????????????????'
      call pvmfunpack(STRING, t, 13, 1, info)
      print *, 'string <', t, '>', info
      call pvmfunpack(INTEGER4, ib, 1, 1, info)
      print *, 'past the end', info
      call pvmfpsend(mytid, 8, ia, 4, INTEGER4, info)
      print *, 'psend', info
      call pvmfprecv(-1, 8, ib, 4, INTEGER4, src, rtag, rlen, info)
      print *, 'precv', ib, src .eq. mytid, rtag, rlen, info
      call pvmftrecv(-1, 9, 0, 100000, bufid)
      print *, 'trecv', bufid
      call pvmfprobe(-1, 9, bufid)
      print *, 'probe', bufid
      call pvmfconfig(nhost, narch, dtid, name, arch, speed, info)
      print *, 'config', nhost, narch, name, arch, speed, info
      call pvmfconfig(nhost, narch, dtid, name, arch, speed, info)
      print *, 'config again', nhost, name, info
      call pvmftasks(0, ntask, tid, ptid, dtid, flag, aout, info)
      print *, 'tasks', ntask, tid .eq. mytid, ptid, flag, info
      call pvmftidtohost(mytid, dtid)
      print *, 'tidtohost', dtid
      call pvmfspawn('no_such_thing', PVMDEFAULT, '*', 1, ib, n)
      print *, 'spawn', n, ib(1)
      call pvmfmstat('alpha', info)
      print *, 'mstat', info
      call pvmfaddhost('no.such.host.invalid', info)
      print *, 'addhost', info
      call pvmfdelhost('no.such.host.invalid', info)
      print *, 'delhost', info
      call pvmfarchcode('NOARCH', info)
      print *, 'archcode', info
      call pvmfjoingroup('fg', info)
      print *, 'joingroup', info
      call pvmfgsize('fg', info)
      print *, 'gsize', info
      call pvmfgetinst('fg', mytid, info)
      print *, 'getinst', info
      call pvmfbarrier('fg', 1, info)
      print *, 'barrier', info
      call pvmfreduce(PvmSum, ia, 2, INTEGER4, 5, 'fg', 0, info)
      print *, 'reduce', ia(1), ia(2), info
      call pvmflvgroup('fg', info)
      print *, 'lvgroup', info
      call pvmfinitsend(PVMDATARAW, bufid)
      call pvmfpack(INTEGER4, ia, 1, 1, info)
      call pvmfputinfo('fbox', bufid, PVMMBOXDEFAULT, idx)
      print *, 'putinfo', idx
      call pvmfrecvinfo('fbox', 0, PVMMBOXDEFAULT, bufid)
      call pvmfunpack(INTEGER4, ib, 1, 1, info)
      print *, 'recvinfo', bufid .gt. 0, ib(1)
      call pvmfdelinfo('fbox', 0, 0, info)
      print *, 'delinfo', info
      call pvmfgetcontext(ctx)
      print *, 'context', ctx
      call pvmfgetopt(PVMROUTE, ival)
      print *, 'route', ival
      call pvmfsiblings(nsib, -1, sib)
      print *, 'siblings', nsib
      call pvmfsiblings(nsib, 0, sib)
      print *, 'sibling 0', nsib, sib .eq. mytid
      call pvmfsiblings(nsib, 5, sib)
      print *, 'sibling 5', nsib
      call pvmfexit(info)
      print *, 'exit', info
      end
