! SPDX-License-Identifier: BSD-3-Clause
! use pvm_f08: every routine that takes no data, once as it should be and, where it can be, once with a mistake.
module calls
    use pvm_f08
    implicit none
    integer :: me, stat
    character(len=400) :: message
    character(len=300) :: own
    integer :: seen = 0
contains
    ! What stat= and errmsg= said of the last call; words are somewhere in the text.
    subroutine failed(routine, code, words)
        character(len=*), intent(in) :: routine, words
        integer, intent(in) :: code
        call same(routine // ' fails', stat, code)
        call check(routine // ' says: ' // words, index(message, routine // ': ') == 1 .and. index(message, words) > 0)
        if (index(message, words) == 0) print *, '   said ', trim(message)
    end subroutine failed

    subroutine buffers()
        integer :: a, b, c, n, ctx, tag, wid, enc, crc, src, dst, bytes, from, other
        call pvm_mkbuf(PVMDATARAW, a)
        call pvm_mkbuf(99, b, stat, message)
        call failed('pvm_mkbuf', PvmBadParam, '')
        call pvm_setsbuf(a, b)
        call pvm_getsbuf(c)
        call same('setsbuf, getsbuf', c, a)
        call pvm_setsbuf(0, c)
        call pvm_setsbuf(9999, c, stat, message)
        call failed('pvm_setsbuf', PvmNoSuchBuf, '')
        call pvm_setrbuf(a, b)
        call pvm_getrbuf(c)
        call same('setrbuf, getrbuf', c, a)
        call pvm_setrbuf(0, c)
        call pvm_setminfo(a, 5, 6, 7, me, me)
        call pvm_getminfo(a, n, ctx, tag, wid, enc, crc, src, dst)
        call check('setminfo, getminfo', all([n, ctx, tag, wid, src] == [0, 5, 6, 7, me]))
        call pvm_freebuf(a)
        call pvm_freebuf(a, stat, message)
        call failed('pvm_freebuf', PvmNoSuchBuf, '')
        call pvm_bufinfo(a, bytes, tag, from, stat, message)
        call failed('pvm_bufinfo', PvmNoSuchBuf, '')
        call pvm_initsend(PVMDATADEFAULT, a)
        call pvm_pack(17)
        call pvm_mkbuf(PVMDATADEFAULT, b)
        call pvm_setsbuf(b, c)
        call pvm_pack(18)
        call pvm_pkmesg(a)
        call pvm_pkmesgbody(a)
        call pvm_pkmesg(9999, stat, message)
        call failed('pvm_pkmesg', PvmNoSuchBuf, '')
        call pvm_send(me, 3)
        call pvm_recv(me, 3, bufid=c)
        call pvm_unpack(n)
        call same('before the message', n, 18)
        call pvm_upkmesg(c, other)
        call pvm_unpack(n)
        call same('behind it', n, 17)
        call pvm_setrbuf(other, c)
        call pvm_unpack(n)
        call same('in it', n, 17)
    end subroutine buffers

    subroutine receiving()
        integer :: bufid, bytes, tag, from, n
        call pvm_nrecv(-1, 6, bufid)
        call same('nrecv finds nothing', bufid, 0)
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack([1, 2])
        call pvm_send(me, 6)
        call pvm_probe(-1, 6, bufid)
        call pvm_bufinfo(bufid, bytes, tag, from)
        call check('probe, bufinfo', bytes == 2 * storage_size(n) / 8 .and. tag == 6 .and. from == me)
        call pvm_nrecv(me, 6, bufid)
        call check('nrecv', bufid > 0)
        call pvm_trecv(me, 6, 0, 1000, bufid)
        call same('trecv in vain', bufid, 0)
        call pvm_mcast(2, [me, me], 6)
        call pvm_mcast([me], 7, [1.5, 2.5])
        call pvm_nrecv(-1, 6, bufid)
        call check('mcast to oneself sends nothing', bufid == 0)
        call pvm_mcast([me], -7, 1, stat, message)
        call failed('pvm_mcast', PvmBadParam, 'argument msgtag: -7 is negative')
        call pvm_recv(me, -9, stat=stat, errmsg=message)
        call failed('pvm_recv', PvmBadParam, 'argument msgtag: -9 is no tag')
        call pvm_recv(PvmNoParent, 9, n, stat=stat, errmsg=message)
        call failed('pvm_recv', PvmBadParam, 'argument tid: -23 is no tid')
        call pvm_precv(0, 9, n, stat=stat, errmsg=message)
        call failed('pvm_precv', PvmBadParam, 'argument tid: 0 is no tid')
    end subroutine receiving

    subroutine contexts()
        integer :: ctx, new, before, bufid
        call pvm_getcontext(ctx)
        call pvm_newcontext(new)
        call pvm_setcontext(new, before)
        call same('setcontext gives the one before', before, ctx)
        call pvm_send(me, 9, 1)
        call pvm_setcontext(ctx, before)
        call pvm_nrecv(me, 9, bufid)
        call same('a message of another context', bufid, 0)
        call pvm_freecontext(new)
        call pvm_freecontext(new, stat, message)
        call failed('pvm_freecontext', PvmNotFound, '')
    end subroutine contexts

    subroutine options()
        integer :: before, now
        call pvm_setopt(PVMROUTE, PVMROUTEDIRECT, before)
        call pvm_getopt(PVMROUTE, now)
        call same('setopt, getopt', now, PVMROUTEDIRECT)
        call pvm_setopt(4711, 0, before, stat, message)
        call failed('pvm_setopt', PvmBadParam, '')
        call pvm_advise(PVMALLOWDIRECT)
        call pvm_getopt(PVMROUTE, now)
        call same('advise', now, PVMALLOWDIRECT)
        call pvm_advise(9, stat, message)
        call failed('pvm_advise', PvmBadParam, '')
        call pvm_serror(0, before)
        call same('the library says nothing itself', before, 0)
        call pvm_perror('these words are to be there')
        call pvm_sleep(0)
    end subroutine options

    subroutine tasks()
        integer :: tids(3), got(3), i, n, dtid, who, ptid, host, flag, status, bufid, found
        character(len=300) :: name
        call pvm_catchout(1)
        call pvm_catchout(0)
        call pvm_spawn(own, tids, args=['child'])
        do i = 1, 3
            call pvm_recv(tids(i), 1, got)
            call check('siblings', all(got == tids))
        end do
        call pvm_tidtohost(tids(1), dtid)
        call pvm_pstat(tids(1), status)
        call same('pstat', status, PvmOk)
        n = -1
        found = 0
        do i = 1, 4
            call pvm_tasks(0, n, who, ptid, host, flag, name)
            if (any(who == tids) .and. ptid == me .and. host == dtid .and. name == own) found = found + 1
        end do
        call check('tasks', n == 4 .and. found == 3)
        n = -1
        call pvm_tasks(999 * 262144, n, who, ptid, host, flag, name, stat, message)
        call failed('pvm_tasks', PvmNoHost, '')
        call pvm_notify(PVMTASKEXIT, 11, 3, tids)
        call pvm_notify(PVMTASKEXIT, 11, -1, tids, stat, message)
        call failed('pvm_notify', PvmBadParam, 'argument cnt: -1 is negative')
        call pvm_kill(tids(1))
        call pvm_kill(-5, stat, message)
        call failed('pvm_kill', PvmBadParam, 'argument tid: -5 is no tid of a task')
        call pvm_sendsig(tids(2), 9)
        call pvm_sendsig(tids(3), 9)
        do i = 1, 3
            call pvm_recv(-1, 11, bufid=bufid)
            call pvm_unpack(who)
            where (tids == who) tids = 0
        end do
        call check('each end is told', all(tids == 0))
        call pvm_sendsig(0, 9, stat, message)
        call failed('pvm_sendsig', PvmBadParam, 'argument tid: 0 is no tid of a task')
        call pvm_pstat(0, status, stat, message)
        call failed('pvm_pstat', PvmBadParam, 'argument tid: 0 is no tid of a task')
    end subroutine tasks

    subroutine hosts()
        integer :: nhost, narch, dtid, speed, code, status, sec, usec, dsec, dusec
        character(len=40) :: name, arch
        call pvm_addhost('second via=local sp=321')
        call pvm_addhost('second via=local', stat, message)
        call failed('pvm_addhost', PvmDupHost, 'second')
        nhost = -1
        call pvm_config(nhost, narch, dtid, name, arch, speed)
        call pvm_config(nhost, narch, dtid, name, arch, speed)
        call check('config', nhost == 2 .and. name == 'second' .and. speed == 321)
        call pvm_archcode(arch, code)
        call pvm_archcode('PDP11', code, stat, message)
        call failed('pvm_archcode', PvmNotFound, '')
        call pvm_mstat('second', status)
        call same('mstat', status, PvmOk)
        call pvm_hostsync(dtid, sec, usec, dsec, dusec)
        call check('hostsync', sec > 1000000000 .and. abs(dsec) < 60)
        call pvm_delhost('second')
        call pvm_delhost('second', stat, message)
        call failed('pvm_delhost', PvmNoHost, '')
        call pvm_startpvmd(' ', 0, stat, message)
        call failed('pvm_startpvmd', PvmDupHost, '')
    end subroutine hosts

    subroutine mailbox()
        integer :: bufid, index, classes, entries, owner, flags, info, n
        character(len=20) :: name
        call pvm_initsend(PVMDATADEFAULT, bufid)
        call pvm_pack(101)
        call pvm_putinfo('a box', bufid, PVMMBOXDEFAULT, index)
        call pvm_putinfo('a box', 9999, PVMMBOXDEFAULT, index, stat, message)
        call failed('pvm_putinfo', PvmNoSuchBuf, '')
        info = -1
        call pvm_getmboxinfo('a box', name, classes, entries, index, owner, flags, info)
        call check('getmboxinfo', name == 'a box' .and. owner == me .and. info == 0)
        call pvm_recvinfo('a box', 0, PVMMBOXDEFAULT, bufid)
        call pvm_unpack(n)
        call same('recvinfo', n, 101)
        call pvm_delinfo('a box', 0, 0)
        call pvm_recvinfo('a box', 0, PVMMBOXDEFAULT, bufid, stat, message)
        call failed('pvm_recvinfo', PvmNotFound, '')
        call pvm_delinfo('a box', 0, 0, stat, message)
        call failed('pvm_delinfo', PvmNotFound, '')
    end subroutine mailbox

    subroutine handlers()
        integer :: id, bufid
        call pvm_addmhf(-1, 21, -1, noted, id)
        call pvm_addmhf(-1, 21, -1, noted, bufid, stat, message)
        call failed('pvm_addmhf', PvmExists, '')
        call pvm_send(me, 21, 5)
        call pvm_nrecv(-1, 99, bufid)
        call same('a handler', seen, 1)
        call pvm_delmhf(id)
        call pvm_delmhf(id, stat, message)
        call failed('pvm_delmhf', PvmNotFound, '')
    end subroutine handlers

    integer function noted(mid)
        integer :: mid
        if (mid > 0) seen = seen + 1
        noted = 0
    end function noted

    subroutine groups()
        integer :: instance, n, tid
        call pvm_joingroup('alone', instance)
        call pvm_joingroup('alone', instance, stat, message)
        call failed('pvm_joingroup', PvmDupGroup, '')
        call pvm_gsize('alone', n)
        call pvm_getinst('alone', me, instance)
        call pvm_gettid('alone', 0, tid)
        call check('gsize, getinst, gettid', n == 1 .and. instance == 0 .and. tid == me)
        call pvm_getinst('alone', 262145, instance, stat, message)
        call failed('pvm_getinst', PvmNotInGroup, '')
        call pvm_barrier('alone', 1)
        call pvm_barrier('alone', -1)    ! all members
        call pvm_barrier('alone', -2, stat, message)
        call failed('pvm_barrier', PvmMismatch, 'argument count: -2 is negative')
        call pvm_freezegroup('alone', -2, stat, message)
        call failed('pvm_freezegroup', PvmMismatch, 'argument size: -2 is negative')
        call pvm_barrier('none', 1, stat, message)
        call failed('pvm_barrier', PvmNoGroup, '')
        call pvm_freezegroup('alone', 1)
        call pvm_lvgroup('alone', stat, message)
        call pvm_lvgroup('none', stat, message)
        call failed('pvm_lvgroup', PvmNoGroup, '')
    end subroutine groups

    ! A child tells who its siblings are, and waits to be ended.
    subroutine child(parent)
        integer, intent(in) :: parent
        integer :: n, i, none, all_of_us(3), bufid
        call pvm_siblings(n, -1, none)
        if (n /= 3) error stop 'siblings'
        do i = 1, 3
            call pvm_siblings(n, i - 1, all_of_us(i))
        end do
        call pvm_send(parent, 1, all_of_us)
        call pvm_recv(parent, 2, bufid=bufid)
    end subroutine child
end module calls

program f08calls
    use calls
    implicit none
    integer :: parent, again
    call pvm_parent(parent, stat)
    if (parent > 0) then
        call child(parent)
        stop
    end if
    call pvm_mytid(me)
    call get_command_argument(0, own)
    call buffers
    call receiving
    call contexts
    call options
    call tasks
    call hosts
    call mailbox
    call handlers
    call groups
    call pvm_exit()
    call pvm_mytid(again)
    call check('after an exit it enrols anew', again /= me)
    flush (6)
    call pvm_halt(stat)
end program f08calls
