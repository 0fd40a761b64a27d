! SPDX-License-Identifier: BSD-3-Clause
! Every routine of fpvm3.h, as an old program calls it. The same program is its own child.
      program inc
      include 'fpvm3.h'
      integer tid, parent, old
      call pvmfsetopt(PVMAUTOERR, 0, old)
      call pvmfmytid(tid)
      call pvmfparent(parent)
      if (parent .gt. 0) then
        call child(parent)
      else
        call same('autoerr was on', old, 1)
        call buffers(tid)
        call packing(tid)
        call sending(tid)
        call tasks(tid)
        call hosts(tid)
        call mailbox
        call handlers(tid)
        call groups(tid)
        call old32
        call leave(tid)
      end if
      end

! ---- a child: says who it is, waits, and goes ----
      subroutine child(parent)
      include 'fpvm3.h'
      integer parent, info, bufid, n, i, sib(3), m
      call pvmfsiblings(n, -1, m)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfpack(INTEGER4, n, 1, 1, info)
      do 10 i = 1, 3
        sib(i) = 0
        call pvmfsiblings(n, i - 1, sib(i))
 10   continue
      call pvmfpack(INTEGER4, sib, 3, 1, info)
      call pvmfsend(parent, 1, info)
      call pvmfrecv(parent, 2, bufid)
      call pvmfexit(info)
      end

      subroutine buffers(tid)
      include 'fpvm3.h'
      integer tid, a, b, c, info, bytes, tag, from, other
      integer l, x, t, w, e, r, s, d
      call pvmfmkbuf(PVMDATARAW, a)
      call check('mkbuf', a .gt. 0)
      call pvmfmkbuf(99, b)
      call same('mkbuf of a wrong encoding', b, PvmBadParam)
      call pvmfsetsbuf(a, b)
      call pvmfgetsbuf(c)
      call same('getsbuf', c, a)
      call pvmfsetsbuf(0, c)
      call same('setsbuf gives the one before', c, a)
      call pvmfsetrbuf(a, b)
      call same('setrbuf', b, 0)
      call pvmfgetrbuf(c)
      call same('getrbuf', c, a)
      call pvmfsetrbuf(0, c)
      call pvmfsetminfo(a, 5, 6, 7, tid, tid, info)
      call same('setminfo', info, PvmOk)
      call pvmfgetminfo(a, l, x, t, w, e, r, s, d, info)
      call check('getminfo', info .eq. 0 .and. l .eq. 0 .and. x .eq. 5
     &  .and. t .eq. 6 .and. w .eq. 7 .and. s .eq. tid)
      call pvmffreebuf(a, info)
      call same('freebuf', info, PvmOk)
      call pvmfbufinfo(a, bytes, tag, from, info)
      call same('bufinfo of a freed buffer', info, PvmNoSuchBuf)
      call pvmfinitsend(PVMDATADEFAULT, a)
      call pvmfpack(INTEGER4, 17, 1, 1, info)
      call pvmfmkbuf(PVMDATADEFAULT, b)
      call pvmfsetsbuf(b, c)
      call pvmfpack(INTEGER4, 18, 1, 1, info)
      call pvmfpkmesg(a, info)
      call same('pkmesg', info, PvmOk)
      call pvmfpkmesgbody(a, info)
      call same('pkmesgbody', info, PvmOk)
      call pvmfsend(tid, 3, info)
      call pvmfrecv(-1, 3, c)
      call pvmfunpack(INTEGER4, x, 1, 1, info)
      call pvmfupkmesg(c, other)
      call check('upkmesg', other .gt. 0)
      call pvmfunpack(INTEGER4, t, 1, 1, info)
      call check('around a message in a message',
     &  x .eq. 18 .and. t .eq. 17 .and. info .eq. PvmOk)
      call pvmfsetrbuf(other, c)
      call pvmfunpack(INTEGER4, t, 1, 1, info)
      call check('what was in it', t .eq. 17 .and. info .eq. PvmOk)
      call pvmfupkmesg(9999, other)
      call same('upkmesg from no buffer', other, PvmNoSuchBuf)
      end

! ---- all types, with strides, of every encoding ----
      subroutine packing(tid)
      include 'fpvm3.h'
      integer tid, enc, bufid, info, i, n
      character*9 text, back
      integer*1 b(6), bb(6)
      integer*2 h(6), hb(6)
      integer k(6), kb(6), grid(3, 3)
      integer*8 g(6), gb(6)
      real r(6), rb(6)
      double precision d(6), db(6)
      complex c(6), cb(6)
      complex*16 z(6), zb(6)
      logical good
      do 10 i = 1, 6
        b(i) = i - 4
        h(i) = -300 * i
        k(i) = 70000 * i
        g(i) = -5000000000_8 * i
        r(i) = i / 4.0
        d(i) = i / 7.0d0
        c(i) = cmplx(i, -i)
        z(i) = dcmplx(i / 7.0d0, -i)
 10   continue
      do 20 enc = 0, 1
        call pvmfinitsend(enc, bufid)
        call pvmfpack(STRING, 'some text', 9, 1, info)
        call pvmfpack(BYTE1, b, 3, 2, info)
        call pvmfpack(INTEGER2, h, 3, 2, info)
        call pvmfpack(INTEGER4, k, 3, 2, info)
        call pvmfpack(INTEGER8, g, 3, 2, info)
        call pvmfpack(REAL4, r, 3, 2, info)
        call pvmfpack(REAL8, d, 3, 2, info)
        call pvmfpack(COMPLEX8, c, 3, 2, info)
        call pvmfpack(COMPLEX16, z, 3, 2, info)
        call same('pack', info, PvmOk)
        call pvmfpack(INTEGER4, k, 0, 1, info)
        call same('pack nothing', info, PvmOk)
        call pvmfpack(INTEGER4, k, -1, 1, info)
        call same('pack a negative count', info, PvmBadParam)
        call pvmfpack(9, k, 1, 1, info)
        call same('pack an unknown type', info, PvmBadParam)
        call pvmfsend(tid, 4, info)
        call pvmfrecv(tid, 4, bufid)
        back = '?????????'
        call pvmfunpack(STRING, back, 9, 1, info)
        text = 'some text'
        call check('a string comes back', back .eq. text)
        do 30 i = 1, 6
          bb(i) = 9
          hb(i) = 9
          kb(i) = 9
          gb(i) = 9
          rb(i) = 9
          db(i) = 9
          cb(i) = 9
          zb(i) = 9
 30     continue
        call pvmfunpack(BYTE1, bb, 3, 2, info)
        call pvmfunpack(INTEGER2, hb, 3, 2, info)
        call pvmfunpack(INTEGER4, kb, 3, 2, info)
        call pvmfunpack(INTEGER8, gb, 3, 2, info)
        call pvmfunpack(REAL4, rb, 3, 2, info)
        call pvmfunpack(REAL8, db, 3, 2, info)
        call pvmfunpack(COMPLEX8, cb, 3, 2, info)
        call pvmfunpack(COMPLEX16, zb, 3, 2, info)
        call same('unpack', info, PvmOk)
        good = .true.
        do 40 i = 1, 5, 2
          good = good .and. b(i) .eq. bb(i) .and. h(i) .eq. hb(i)
     &      .and. k(i) .eq. kb(i) .and. g(i) .eq. gb(i)
     &      .and. r(i) .eq. rb(i) .and. d(i) .eq. db(i)
     &      .and. c(i) .eq. cb(i) .and. z(i) .eq. zb(i)
          n = i + 1
          good = good .and. bb(n) .eq. 9 .and. hb(n) .eq. 9
     &      .and. kb(n) .eq. 9 .and. gb(n) .eq. 9 .and. rb(n) .eq. 9
     &      .and. db(n) .eq. 9 .and. cb(n) .eq. 9 .and. zb(n) .eq. 9
 40     continue
        call check('all types come back, and nothing between', good)
        call pvmfunpack(INTEGER4, k, 1, 1, info)
        call same('unpack past the end', info, PvmNoData)
        call pvmfunpack(10, k, 1, 1, info)
        call same('unpack an unknown type', info, PvmBadParam)
 20   continue
! in place: the data are copied, for they might be a compiler's
      do 50 i = 1, 6
        kb(i) = i
 50   continue
      call pvmfinitsend(PVMDATAINPLACE, bufid)
      call pvmfpack(INTEGER4, kb, 4, 1, info)
      call pvmfpack(INTEGER4, kb, 2, 5, info)
      call same('in place takes a stride', info, PvmOk)
      kb(1) = 4711
      kb(6) = 4711
      call pvmfsend(tid, 5, info)
      call pvmfrecv(tid, 5, bufid)
      call pvmfunpack(INTEGER4, kb, 6, 1, info)
      call check('in place is copied when packed', info .eq. PvmOk
     &  .and. kb(1) .eq. 1 .and. kb(4) .eq. 4 .and. kb(5) .eq. 1
     &  .and. kb(6) .eq. 6)
      call pvmfinitsend(PVMDATAINPLACE, bufid)
      call pvmfpack(INTEGER4, grid(1, 2), 3, 1, info)
      n = grid(3, 2)
      grid(3, 2) = 4712
      call pvmfsend(tid, 5, info)
      call pvmfrecv(tid, 5, bufid)
      call pvmfunpack(INTEGER4, kb, 3, 1, info)
      call same('a column in place, too', kb(3), n)
      end

      subroutine sending(tid)
      include 'fpvm3.h'
      integer tid, info, bufid, from, tag, bytes, i, a(5), b(5), ctx
      integer new, len
      character*10 text
      integer tids(2)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfsend(tid, -1, info)
      call same('send with a negative tag', info, PvmBadParam)
      call pvmfnrecv(-1, 6, bufid)
      call same('nrecv finds nothing', bufid, 0)
      call pvmfsend(tid, 6, info)
      call pvmfprobe(-1, 6, bufid)
      call check('probe', bufid .gt. 0)
      call pvmfbufinfo(bufid, bytes, tag, from, info)
      call check('bufinfo', tag .eq. 6 .and. from .eq. tid
     &  .and. bytes .eq. 0)
      call pvmfnrecv(-1, 6, bufid)
      call check('nrecv', bufid .gt. 0)
      call pvmftrecv(-1, 6, 0, 1000, bufid)
      call same('trecv in vain', bufid, 0)
      call pvmfsend(tid, 6, info)
      call pvmftrecv(-1, 6, -1, 0, bufid)
      call check('trecv for ever', bufid .gt. 0)
      do 10 i = 1, 5
        a(i) = i
        b(i) = 0
 10   continue
      call pvmfpsend(tid, 7, a, 4, INTEGER4, info)
      call same('psend', info, PvmOk)
      call pvmfprecv(-1, -1, b, 5, INTEGER4, from, tag, len, info)
      call check('precv', from .eq. tid .and. tag .eq. 7 .and.
     &  len .eq. 16 .and. b(4) .eq. 4 .and. b(5) .eq. 0)
      call pvmfpsend(tid, 7, 'ten bytes.', 10, BYTE1, info)
      call pvmfprecv(tid, 7, text, 10, BYTE1, from, tag, len, info)
      call check('psend of text', text .eq. 'ten bytes.')
      call pvmfpsend(tid, 7, text, 10, STRING, info)
      call same('psend of STRING', info, PvmNotImpl)
      tids(1) = tid
      tids(2) = 0
      call pvmfmcast(2, tids, 8, info)
      call same('mcast to what is no task', info, PvmBadParam)
      call pvmfmcast(1, tids, 8, info)
      call same('mcast to oneself', info, PvmOk)
      call pvmfgetcontext(ctx)
      call same('context', ctx, 0)
      call pvmfnewcontext(new)
      call check('newcontext', new .gt. 0)
      call pvmfsetcontext(new, i)
      call same('setcontext', i, ctx)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfsend(tid, 9, info)
      call pvmfsetcontext(ctx, i)
      call pvmfnrecv(-1, 9, bufid)
      call same('another context', bufid, 0)
      call pvmfsetcontext(new, i)
      call pvmfnrecv(-1, 9, bufid)
      call check('the same context', bufid .gt. 0)
      call pvmfsetcontext(ctx, i)
      call pvmffreecontext(new, info)
      call same('freecontext', info, PvmOk)
      call pvmffreecontext(new, info)
      call same('freecontext again', info, PvmNotFound)
      call pvmfgetopt(PVMROUTE, i)
      call same('getopt', i, PVMALLOWDIRECT)
      end

      subroutine tasks(tid)
      include 'fpvm3.h'
      integer tid, tids(3), numt, info, bufid, n, i, sib(3), dtid
      integer who, ptid, host, flag, got, none(2), status
      character*60 name
      character*200 me
      call pvmfspawn('no such file', PVMDEFAULT, '*', 2, none, numt)
      call check('spawn of no file', numt .eq. 0 .and.
     &  none(2) .eq. PvmNoFile)
      call getarg(0, me)
      call pvmfcatchout(1, info)
      call same('catchout', info, PvmOk)
      call pvmfcatchout(0, info)
      call pvmfspawn(me, PVMTASKDEFAULT, ' ', 3, tids, numt)
      call same('spawn', numt, 3)
      do 10 i = 1, 3
        call pvmfrecv(tids(i), 1, bufid)
        call pvmfunpack(INTEGER4, n, 1, 1, info)
        call pvmfunpack(INTEGER4, sib, 3, 1, info)
        call check('siblings', n .eq. 3 .and. sib(1) .eq. tids(1)
     &    .and. sib(2) .eq. tids(2) .and. sib(3) .eq. tids(3))
 10   continue
      call pvmfpstat(tids(2), status)
      call same('pstat', status, PvmOk)
      call pvmftidtohost(tids(1), dtid)
      call same('tidtohost', dtid, 262144)
      got = 0
      n = -1
      do 20 i = 1, 4
        call pvmftasks(0, n, who, ptid, host, flag, name, info)
        if (who .eq. tids(3) .and. ptid .eq. tid .and.
     &    host .eq. dtid .and. name .eq. me .and. info .eq. 1)
     &    got = got + 1
        call same('tasks counts', n, 4)
 20   continue
      call same('tasks names each once', got, 1)
      n = -1
      call pvmftasks(999*262144, n, who, ptid, host, flag, name, info)
      call same('tasks of no host', info, PvmNoHost)
      call pvmfnotify(PVMTASKEXIT, 11, 3, tids, info)
      call same('notify', info, PvmOk)
      call pvmfkill(tids(1), info)
      call same('kill', info, PvmOk)
      call pvmfsendsig(tids(2), 9, info)
      call same('sendsig', info, PvmOk)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfsend(tids(3), 2, info)
      do 30 i = 1, 3
        call pvmfrecv(-1, 11, bufid)
        call pvmfunpack(INTEGER4, who, 1, 1, info)
        do 40 n = 1, 3
          if (tids(n) .eq. who) tids(n) = 0
 40     continue
 30   continue
      call check('each end is told', tids(1) .eq. 0 .and.
     &  tids(2) .eq. 0 .and. tids(3) .eq. 0)
      call pvmfpstat(who, status)
      call same('pstat of one that has gone', status, PvmNoTask)
      call pvmfperror('words   ', info)
      call same('perror', info, PvmOk)
      call pvmfsleep(0)
      end

      subroutine hosts(tid)
      include 'fpvm3.h'
      integer tid, nhost, narch, dtid, speed, info, i, sec, usec
      integer dsec, dusec, first
      character*40 name, arch
      character*2 short
      call pvmfaddhost('second via=local sp=321', info)
      call check('addhost', info .gt. 0)
      call pvmfaddhost('second via=local', i)
      call same('addhost again', i, PvmDupHost)
      call pvmfaddhost('third zz=1', i)
      call same('addhost with a mistake', i, PvmBadParam)
      nhost = -1
      call pvmfconfig(nhost, narch, first, short, arch, speed, info)
      call check('config', nhost .eq. 2 .and. narch .eq. 1 .and.
     &  speed .eq. 1000 .and. info .eq. 1)
      call pvmfconfig(nhost, narch, dtid, name, arch, speed, info)
      call check('config of the second', name .eq. 'second' .and.
     &  speed .eq. 321)
      call pvmfconfig(nhost, narch, i, name, arch, speed, info)
      call check('config begins again', i .eq. first .and.
     &  name(1:2) .eq. short)
      call pvmfarchcode(arch, i)
      call check('archcode', i .gt. 0)
      call pvmfarchcode('PDP11', i)
      call same('archcode of no machine', i, PvmNotFound)
      call pvmfmstat('second   ', i)
      call same('mstat', i, PvmOk)
      call pvmfhostsync(dtid, sec, usec, dsec, dusec, info)
      call check('hostsync', sec .gt. 1000000000 .and. info .eq. 0
     &  .and. abs(dsec) .lt. 60)
      call pvmfnotify(PVMHOSTDELETE, 12, 1, dtid, info)
      call pvmfdelhost('second', info)
      call same('delhost', info, PvmOk)
      call pvmfrecv(-1, 12, i)
      call pvmfmstat('second', i)
      call same('mstat of a deleted host', i, PvmNoHost)
      call pvmfdelhost('second', info)
      call same('delhost again', info, PvmNoHost)
      call pvmfstartpvmd(' ', 0, info)
      call same('startpvmd', info, PvmDupHost)
      end

      subroutine mailbox
      include 'fpvm3.h'
      integer bufid, i, info, ncl, nent, idx, own, fl, mid, value
      character*30 name
      call pvmfmytid(mid)
      do 10 i = 1, 3
        call pvmfinitsend(PVMDATADEFAULT, bufid)
        call pvmfpack(INTEGER4, 100 + i, 1, 1, info)
        call pvmfputinfo('box of three', bufid, PVMMBOXMULTIINSTANCE,
     &    idx)
        call same('putinfo', idx, i - 1)
 10   continue
      call pvmfputinfo('box of one', bufid, PVMMBOXDEFAULT, idx)
      call pvmfrecvinfo('box of three', 1, PVMMBOXDEFAULT, bufid)
      call pvmfunpack(INTEGER4, value, 1, 1, info)
      call same('recvinfo', value, 102)
      info = -1
      do 20 i = 0, 2
        call pvmfgetmboxinfo('box', name, ncl, nent, idx, own, fl,
     &    info)
        call check('getmboxinfo', name .eq. 'box of three' .and. ncl
     &    .eq. 2 .and. nent .eq. 3 .and. idx .eq. i .and. own .eq. mid
     &    .and. fl .eq. PVMMBOXMULTIINSTANCE .and. info .eq. 0)
 20   continue
      call pvmfgetmboxinfo('box', name, ncl, nent, idx, own, fl, info)
      call check('the next class', name .eq. 'box of one' .and. idx
     &  .eq. 0 .and. info .eq. 0)
      call pvmfgetmboxinfo('box', name, ncl, nent, idx, own, fl, info)
      call same('the end', info, PvmNotFound)
      call pvmfgetmboxinfo('box', name, ncl, nent, idx, own, fl, info)
      call check('and again', name .eq. 'box of three')
      info = -1
      call pvmfgetmboxinfo('nobox', name, ncl, nent, idx, own, fl,
     &  info)
      call same('no such class', info, PvmNotFound)
      call pvmfdelinfo('box of three', 2, 0, info)
      call same('delinfo', info, 2)
      call pvmfrecvinfo('box of three', 2, 0, bufid)
      call same('recvinfo of what was deleted', bufid, PvmNotFound)
      end

      subroutine handlers(tid)
      include 'fpvm3.h'
      integer tid, a, b, info, bufid, seen, value
      common /handled/ seen, value
      integer noted, other
      external noted, other
      seen = 0
      call pvmfaddmhf(-1, 21, -1, 0, noted, a)
      call check('addmhf', a .ge. 0)
      call pvmfaddmhf(-1, 22, -1, 0, other, b)
      call pvmfaddmhf(tid, 21, 0, 0, other, info)
      call same('addmhf of what is handled', info, PvmExists)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfpack(INTEGER4, 77, 1, 1, info)
      call pvmfsend(tid, 21, info)
      call pvmfsend(tid, 22, info)
      call pvmfnrecv(-1, 99, bufid)
      call check('each has its own', seen .eq. 11 .and. value .eq. 77)
      call pvmfdelmhf(a, info)
      call same('delmhf', info, PvmOk)
      call pvmfdelmhf(a, info)
      call same('delmhf again', info, PvmNotFound)
      call pvmfsend(tid, 21, info)
      call pvmfsend(tid, 22, info)
      call pvmfnrecv(-1, 99, bufid)
      call same('only the other is left', seen, 21)
      call pvmfdelmhf(b, info)
      end

      integer function noted(mid)
      include 'fpvm3.h'
      integer mid, seen, value, info
      common /handled/ seen, value
      seen = seen + 1
      if (mid .gt. 0) call pvmfunpack(INTEGER4, value, 1, 1, info)
      noted = 0
      end

      integer function other(mid)
      integer mid, seen, value
      common /handled/ seen, value
      if (mid .gt. 0) seen = seen + 10
      other = 0
      end

      subroutine groups(tid)
      include 'fpvm3.h'
      integer tid, info, i, a(2), b(2), bufid
      double precision d(2)
      character*12 name
      external PvmSum, PvmMax, PvmMin, PvmProduct, twice
      call pvmfjoingroup('ring', i)
      call same('joingroup', i, 0)
      call pvmfjoingroup('ring  ', i)
      call same('joingroup again', i, PvmDupGroup)
      call pvmfjoingroup('ring2', i)
      call pvmfgsize('ring', i)
      call same('gsize', i, 1)
      call pvmfgetinst('ring', tid, i)
      call same('getinst', i, 0)
      call pvmfgettid('ring', 0, i)
      call same('gettid', i, tid)
      call pvmfbarrier('ring', 1, info)
      call same('barrier', info, PvmOk)
      call pvmfinitsend(PVMDATADEFAULT, bufid)
      call pvmfbcast('ring', 31, info)
      call same('bcast to nobody else', info, PvmNoInst)
      a(1) = 5
      a(2) = -6
      name = 'ring'
      call pvmfreduce(PvmSum, a, 2, INTEGER4, 32, 'ring', 0, info)
      call same('reduce', info, PvmOk)
      call pvmfreduce(PvmMax, a, 2, INTEGER4, 32, name, 0, info)
      call same('reduce with a variable', info, PvmOk)
      call pvmfreduce(PvmMin, d, 2, REAL8, 32, 'ring2', 0, info)
      call same('reduce in another group', info, PvmOk)
      call pvmfreduce(PvmProduct, d, 2, REAL8, 32, 'other', 0, info)
      call same('reduce in a strange group', info, PvmNoGroup)
      call pvmfreduce(twice, a, 2, INTEGER4, 32, 'ring', 0, info)
      call same('reduce with an own function', info, PvmOk)
      call pvmfreduce(twice, 'bytes', 5, BYTE1, 32, 'ring', 0, info)
      call same('reduce of text', info, PvmOk)
      call pvmfgather(b, a, 2, INTEGER4, 33, 'ring', 0, info)
      call check('gather', info .eq. 0 .and. b(2) .eq. -6)
      b(1) = 0
      call pvmfscatter(b, a, 2, INTEGER4, 33, 'ring', 0, info)
      call check('scatter', info .eq. 0 .and. b(1) .eq. 5)
      name = '?'
      call pvmfgather(name, 'some text', 9, STRING, 34, 'ring', 0,
     &  info)
      call check('gather text', name(1:9) .eq. 'some text')
      a(1) = 3
      b(1) = 4
      call PvmSum(INTEGER4, a, b, 1, info)
      call same('PvmSum', a(1), 7)
      call PvmProduct(INTEGER4, a, b, 1, info)
      call same('PvmProduct', a(1), 28)
      call PvmMin(INTEGER4, a, b, 1, info)
      call same('PvmMin', a(1), 4)
      b(1) = 9
      call PvmMax(INTEGER4, a, b, 1, info)
      call same('PvmMax', a(1), 9)
      call pvmffreezegroup('ring2', 1, info)
      call same('freezegroup', info, 1)
      call pvmflvgroup('ring', info)
      call same('lvgroup', info, PvmOk)
      call pvmflvgroup('ring', info)
      call same('lvgroup again', info, PvmNoGroup)
      end

      subroutine twice(type, x, y, num, info)
      integer type, num, info, x(*), y(*), i
      do 10 i = 1, num
        x(i) = x(i) + 2 * y(i) * type
 10   continue
      info = 0
      end

! ---- of PVM 3.2 ----
      subroutine old32
      include 'fpvm3.h'
      integer info, old
      call pvmfadvise(PVMROUTEDIRECT, info)
      call same('advise', info, PvmOk)
      call pvmfgetopt(PVMROUTE, old)
      call same('advise is an option', old, PVMROUTEDIRECT)
      call pvmfadvise(9, info)
      call same('advise of what is no route', info, PvmBadParam)
      call pvmfserror(0, old)
      call same('serror', old, 0)
      end

      subroutine leave(tid)
      include 'fpvm3.h'
      integer tid, info, new
      call pvmfexit(info)
      call same('exit', info, PvmOk)
      call pvmfmytid(new)
      call check('and enrol anew', new .gt. 0 .and. new .ne. tid)
      flush (6)
      call pvmfhalt(info)
      end
