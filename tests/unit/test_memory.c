/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation of every public function fails once. The call gives PvmNoMem, or goes on without what it wanted
 * the memory for; it does not crash or hang, the task keeps its tid and its buffers, and the same call works
 * afterwards. That nothing leaks shows under AddressSanitizer.
 */
#include "fail_each.h"
#include "fake_answers.h"
#include "libpvm/undeclared.h"

static int data[4] = { 1, 2, 3, 4 };
static int result[4];
static char *host_lines[] = { "beta zz=1", "beta" };
static int children[2] = { CHILD_A, CHILD_B };
static int codes[3];

/* ---- buffers ---- */

static int do_initsend(void) { return pvm_initsend(PvmDataDefault); }
static int do_pkint(void) { return pvm_pkint(data, 4, 1); }
static int do_pkstr(void) { return pvm_pkstr("some text"); }
static int do_packf(void) { return pvm_packf("%d %4d %s", 1, data, "text"); }
static int do_packf_new(void) { return pvm_packf("%+ %d %s", PvmDataRaw, 1, "text"); }

static int do_mkbuf(void)
{
    int id = pvm_mkbuf(PvmDataRaw);

    return id < 0 ? id : pvm_freebuf(id);
}

static int much[100000];

static int do_pack_much(void)
{
    return pvm_pkint(much, 100000, 1);
}

static int do_pack_in_place(void)
{
    int old = pvm_setsbuf(0);
    int id = pvm_mkbuf(PvmDataInPlace);
    int rc = id;

    if (id > 0) {
        pvm_setsbuf(id);
        rc = pvm_pkint(data, 4, 1);
        if (rc == PvmOk)
            rc = pvm_packf("%d", 5);
        if (rc == PvmOk)
            rc = pvmpkcopy(PVM_INT, much, 100000, 1);
        pvm_freebuf(id);
    }
    pvm_setsbuf(old);
    return rc;
}

static void buffers_and_packing(void **state)
{
    (void)state;
    pvm_mytid();
    check_call("pvm_initsend", do_initsend, KEEPS_BOTH);
    check_call("pvm_mkbuf", do_mkbuf, KEEPS_BOTH);
    check_call("pvm_pkint", do_pkint, KEEPS_BOTH);
    check_call("pvm_pkint of much", do_pack_much, KEEPS_BOTH);
    assert_true(check_call("pvm_pkstr", do_pkstr, KEEPS_BOTH));
    check_call("pvm_packf", do_packf, KEEPS_BOTH);
    check_call("pvm_packf with %+", do_packf_new, KEEPS_RECEIVE);
    check_call("packing in place", do_pack_in_place, KEEPS_BOTH);
}

/* ---- messages ---- */

static int do_send_other(void) { return pvm_send(0x40099, 9); }
static int do_send_self(void) { return pvm_send(pvmi_task.tid, 9); }
static int do_mcast(void) { return pvm_mcast(children, 2, 9); }
static int do_psend(void) { return pvm_psend(0x40099, 9, data, 4, PVM_INT); }
static int do_nrecv(void) { return pvm_nrecv(-1, 9); }
static int do_recv(void) { return pvm_recv(-1, 5); }
static int do_probe(void) { return pvm_probe(-1, 5); }
static int do_precv(void) { return pvm_precv(-1, 6, result, 4, PVM_INT, NULL, NULL, NULL); }

static int do_trecv(void)
{
    struct timeval limit = { 10, 0 };

    return pvm_trecv(-1, 7, &limit);
}

/* Enough of them that no receive is the last, and a queue long enough for its index. */
static void send_many(void)
{
    for (int i = 0; i < 60; i++) {
        assert_int_equal(pvm_send(pvmi_task.tid, 5), PvmOk);
        assert_int_equal(pvm_psend(0x40099, 6, data, 4, PVM_INT), PvmOk);
        assert_int_equal(pvm_send(0x40099, 7), PvmOk);
    }
}

static int do_forward_and_pack(void)
{
    int old = pvm_setsbuf(0);
    int rc;

    pvm_setsbuf(pvm_getrbuf());
    rc = pvm_pkint(data, 1, 1);
    pvm_setrbuf(pvm_getsbuf());
    pvm_setsbuf(old);
    return rc;
}

static void messages(void **state)
{
    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(data, 4, 1);
    assert_true(check_call("pvm_send", do_send_other, KEEPS_BOTH));
    check_call("pvm_send to oneself", do_send_self, KEEPS_BOTH);
    assert_true(check_call("pvm_mcast", do_mcast, KEEPS_BOTH));
    assert_true(check_call("pvm_psend", do_psend, KEEPS_BOTH));
    check_call("pvm_nrecv", do_nrecv, KEEPS_SEND);
    send_many();
    check_call("pvm_probe", do_probe, KEEPS_BOTH);
    check_call("pvm_recv", do_recv, KEEPS_SEND);
    check_call("pvm_trecv", do_trecv, KEEPS_SEND);
    check_call("pvm_precv", do_precv, KEEPS_BOTH);
    assert_int_equal(result[3], 4);
    assert_true(pvm_recv(-1, 5) > 0);
    check_call("packing into a received message", do_forward_and_pack, KEEPS_BOTH);
    assert_int_equal(pvm_upkint(result, 4, 1), PvmOk);
}

/* ---- what the daemon is asked ---- */

static int do_spawn(void) { return pvm_spawn("worker", NULL, PvmTaskHost, "beta:/tmp", 3, codes); }
static int do_kill(void) { return pvm_kill(CHILD_A); }
static int do_pstat(void) { return pvm_pstat(CHILD_A); }
static int do_tasks(void) { return pvm_tasks(0, NULL, NULL); }
static int do_siblings(void) { return pvm_siblings(NULL); }
static int do_config(void) { return pvm_config(NULL, NULL, NULL); }
static int do_delhosts(void) { return pvm_delhosts(host_lines, 2, NULL); }
static int do_mstat(void) { return pvm_mstat("alpha"); }
static int do_halt(void) { return pvm_halt(); }
static int do_notify(void) { return pvm_notify(PvmTaskExit, 9, 2, children); }
static int do_notify_route(void) { return pvm_notify(PvmRouteDelete, 9, 2, children); }
static int do_setopt(void) { return pvm_setopt(PvmSelfTraceBuffer, 0); }
static int do_export(void) { return pvm_export("PVM_TEST_MEMORY"); }
static int do_unexport(void) { return pvm_unexport("PVM_TEST_MEMORY"); }

static void on_progress(int index, const char *name, int info, void *user)
{
    (void)index;
    (void)name;
    (void)info;
    ++*(int *)user;
}

static int do_addhosts(void)
{
    int reports = 0;

    return pvm_addhosts_progress(host_lines, 2, codes, on_progress, &reports);
}

static void requests(void **state)
{
    (void)state;
    setenv("PVM_TEST_MEMORY", "value", 1);
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    assert_true(check_call("pvm_export", do_export, KEEPS_BOTH));
    assert_true(check_call("pvm_spawn", do_spawn, KEEPS_BOTH));
    assert_int_equal(codes[2], PvmNoHost);
    assert_true(check_call("pvm_unexport", do_unexport, KEEPS_BOTH));
    assert_true(check_call("pvm_kill", do_kill, KEEPS_BOTH));
    assert_true(check_call("pvm_pstat", do_pstat, KEEPS_BOTH));
    assert_true(check_call("pvm_tasks", do_tasks, KEEPS_BOTH));
    assert_true(check_call("pvm_siblings", do_siblings, KEEPS_BOTH));
    assert_true(check_call("pvm_config", do_config, KEEPS_BOTH));
    assert_true(check_call("pvm_addhosts_progress", do_addhosts, KEEPS_BOTH));
    assert_true(check_call("pvm_delhosts", do_delhosts, KEEPS_BOTH));
    assert_true(check_call("pvm_mstat", do_mstat, KEEPS_BOTH));
    assert_true(check_call("pvm_halt", do_halt, KEEPS_BOTH));
    assert_true(check_call("pvm_notify", do_notify, KEEPS_BOTH));
    check_call("pvm_notify of a route", do_notify_route, KEEPS_BOTH);
    assert_true(check_call("pvm_setopt", do_setopt, KEEPS_BOTH));
    unsetenv("PVM_EXPORT");
}

/* ---- groups ---- */

static int do_joingroup(void) { return pvm_joingroup("g"); }
static int do_lvgroup(void) { return pvm_lvgroup("g"); }
static int do_gsize(void) { return pvm_gsize("g"); }
static int do_getinst(void) { return pvm_getinst("g", CHILD_A); }
static int do_gettid(void) { return pvm_gettid("g", 0); }
static int do_barrier(void) { return pvm_barrier("g", 2); }
static int do_bcast(void) { return pvm_bcast("g", 1); }
static int do_freezegroup(void) { return pvm_freezegroup("h", 2); }
static int do_scatter(void) { return pvm_scatter(result, data, 1, PVM_INT, 1, "g", 0); }
static int do_reduce_alone(void) { return pvm_reduce(PvmSum, data, 1, PVM_INT, 2, "alone", 0); }

static void groups(void **state)
{
    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    assert_true(check_call("pvm_joingroup", do_joingroup, KEEPS_BOTH));
    assert_true(check_call("pvm_gsize", do_gsize, KEEPS_BOTH));
    assert_true(check_call("pvm_getinst", do_getinst, KEEPS_BOTH));
    assert_true(check_call("pvm_gettid", do_gettid, KEEPS_BOTH));
    assert_true(check_call("pvm_barrier", do_barrier, KEEPS_BOTH));
    assert_true(check_call("pvm_bcast", do_bcast, KEEPS_BOTH));
    assert_true(check_call("pvm_freezegroup", do_freezegroup, KEEPS_BOTH));
    assert_true(check_call("pvm_scatter", do_scatter, KEEPS_BOTH));
    assert_true(check_call("pvm_reduce", do_reduce_alone, KEEPS_BOTH));
    assert_true(check_call("pvm_lvgroup", do_lvgroup, KEEPS_BOTH));
}

/* The root of a gather waits for the part of a member, which has died: the call ends also without the memory to
 * be told so, as long as it is there at last. */
static int do_gather(void)
{
    int rc = pvm_gather(result, data, 1, PVM_INT, 3, "g", 0);

    return rc == PvmNoTask ? PvmOk : rc;
}

static void a_gather_whose_member_has_died(void **state)
{
    (void)state;
    pvm_mytid();
    assert_true(check_call("pvm_gather", do_gather, KEEPS_BOTH));
}

/* ---- enrolment, output ---- */

static int do_mytid(void) { return pvm_mytid(); }

/* A pvm_exit() that finds no memory to tell the daemon leaves all the same: closing the connection says it. */
static void enrolment_and_exit(void **state)
{
    int rc = PvmNoMem;
    bool done = false;

    (void)state;
    assert_true(check_call("pvm_mytid", do_mytid, KEEPS_BOTH));
    for (int nth = 0; !done; nth++) {
        assert_true(nth < ALLOCATIONS_MAX);
        assert_true(pvm_mytid() > 0);
        pvmi_alloc_fail_nth(nth);
        rc = pvm_exit();
        done = fault_is_left();
        pvmi_alloc_fail_nth(-1);
        assert_true(rc == PvmOk || rc == PvmNoMem);
        assert_int_equal(pvmi_task.tid, 0);
    }
    assert_int_equal(rc, PvmOk);
}

/* Output that finds no memory may be lost; the program goes on, and pvm_exit() ends. */
static void caught_output(void **state)
{
    bool done = false;
    FILE *file = tmpfile();

    (void)state;
    for (int nth = 0; !done; nth++) {
        assert_true(nth < ALLOCATIONS_MAX);
        assert_true(pvm_mytid() > 0);
        assert_int_equal(pvm_catchout(file), PvmOk);
        pvmi_alloc_fail_nth(nth);
        pvm_spawn("caught", NULL, 0, NULL, 3, NULL);
        done = fault_is_left();
        pvmi_alloc_fail_nth(-1);
        pvm_exit();
    }
    pvm_catchout(NULL);
    fclose(file);
}

/* ---- the mailbox, contexts, clocks ---- */

static int do_putinfo(void) { return pvm_putinfo("c", pvm_getsbuf(), 0); }
static int do_recvinfo(void) { return pvm_recvinfo("c", 0, 0); }
static int do_delinfo(void) { return pvm_delinfo("c", 0, 0); }
static int do_getmboxinfo(void) { return pvm_getmboxinfo("c", NULL, NULL); }
static int do_insert(void) { return pvm_insert("c", 0, 1); }
static int do_delete(void) { return pvm_delete("c", 0); }
static int do_newcontext(void) { return pvm_newcontext(); }
static int do_freecontext(void) { return pvm_freecontext(0x40007); }
static int do_hostsync(void) { return pvm_hostsync(CHILD_B, NULL, NULL); }
static int do_archcode(void) { return pvm_archcode("LINUX64"); }
static int do_getnoresets(void) { return pvm_getnoresets(NULL, NULL); }
static int do_reset(void) { return pvmreset(pvm_mytid(), 1, NULL, -1); }

static int do_lookup(void)
{
    int value;

    return pvm_lookup("c", 0, &value);
}

static int do_noreset(void)
{
    int rc = pvm_setopt(PvmNoReset, 1);

    return rc < 0 ? rc : pvm_setopt(PvmNoReset, 0);
}

static void the_mailbox(void **state)
{
    static int much[50000];

    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(much, 50000, 1);    /* in pieces */
    assert_true(check_call("pvm_putinfo", do_putinfo, KEEPS_BOTH));
    assert_true(check_call("pvm_recvinfo", do_recvinfo, KEEPS_SEND));
    assert_true(check_call("pvm_lookup", do_lookup, KEEPS_BOTH));
    assert_true(check_call("pvm_insert", do_insert, KEEPS_BOTH));
    assert_true(check_call("pvm_delinfo", do_delinfo, KEEPS_BOTH));
    assert_true(check_call("pvm_delete", do_delete, KEEPS_BOTH));
    assert_true(check_call("pvm_getmboxinfo", do_getmboxinfo, KEEPS_BOTH));
    assert_true(check_call("pvm_getnoresets", do_getnoresets, KEEPS_BOTH));
    check_call("PvmNoReset", do_noreset, KEEPS_BOTH);
    assert_true(check_call("pvmreset", do_reset, KEEPS_BOTH));
    assert_true(check_call("pvm_newcontext", do_newcontext, KEEPS_BOTH));
    assert_true(check_call("pvm_freecontext", do_freecontext, KEEPS_BOTH));
    assert_true(check_call("pvm_hostsync", do_hostsync, KEEPS_BOTH));
    assert_true(check_call("pvm_archcode", do_archcode, KEEPS_BOTH));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_mailbox),
        TEST(buffers_and_packing),
        TEST(messages),
        TEST(requests),
        TEST(groups),
        TEST(a_gather_whose_member_has_died),
        TEST(enrolment_and_exit),
        TEST(caught_output),
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
