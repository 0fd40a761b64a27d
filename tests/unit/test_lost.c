/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon goes: every call that waits for it, or for a message, ends with PvmSysErr; so do all later ones. */
#include <semaphore.h>

#include "fake_answers.h"
#include "libpvm/call.h"

static int data[4] = { 1, 2, 3, 4 };
static char *host_lines[] = { "beta" };
static int child = CHILD_A;

static void sum(int *datatype, void *x, void *y, int *num, int *info)
{
    PvmSum(datatype, x, y, num, info);
}

/* ---- calls that ask ---- */

static int do_spawn(void) { return pvm_spawn("worker", NULL, 0, NULL, 1, NULL); }
static int do_kill(void) { return pvm_kill(CHILD_A); }
static int do_pstat(void) { return pvm_pstat(CHILD_A); }
static int do_tasks(void) { return pvm_tasks(0, NULL, NULL); }
static int do_siblings(void) { return pvm_siblings(NULL); }
static int do_config(void) { return pvm_config(NULL, NULL, NULL); }
static int do_addhosts(void) { return pvm_addhosts(host_lines, 1, NULL); }
static int do_delhosts(void) { return pvm_delhosts(host_lines, 1, NULL); }
static int do_mstat(void) { return pvm_mstat("beta"); }
static int do_halt(void) { return pvm_halt(); }
static int do_joingroup(void) { return pvm_joingroup("g"); }
static int do_lvgroup(void) { return pvm_lvgroup("g"); }
static int do_gsize(void) { return pvm_gsize("g"); }
static int do_getinst(void) { return pvm_getinst("g", CHILD_A); }
static int do_gettid(void) { return pvm_gettid("g", 0); }
static int do_barrier(void) { return pvm_barrier("g", 2); }
static int do_bcast(void) { return pvm_bcast("g", 1); }
static int do_freezegroup(void) { return pvm_freezegroup("g", 2); }
static int do_reduce(void) { return pvm_reduce(sum, data, 1, PVM_INT, 1, "g", 0); }
static int do_gather(void) { return pvm_gather(data, data, 1, PVM_INT, 1, "g", 0); }
static int do_scatter(void) { return pvm_scatter(data, data, 1, PVM_INT, 1, "g", 0); }
static int do_putinfo(void) { return pvm_putinfo("c", pvm_initsend(PvmDataDefault), 0); }
static int do_recvinfo(void) { return pvm_recvinfo("c", 0, PvmMboxWaitForInfo); }
static int do_delinfo(void) { return pvm_delinfo("c", 0, 0); }
static int do_getmboxinfo(void) { return pvm_getmboxinfo("c", NULL, NULL); }
static int do_insert(void) { return pvm_insert("c", 0, 1); }
static int do_lookup(void) { return pvm_lookup("c", 0, NULL); }
static int do_delete(void) { return pvm_delete("c", 0); }
static int do_newcontext(void) { return pvm_newcontext(); }
static int do_freecontext(void) { return pvm_freecontext(1); }
static int do_hostsync(void) { return pvm_hostsync(CHILD_B, NULL, NULL); }
static int do_archcode(void) { return pvm_archcode("LINUX64"); }
static int do_getnoresets(void) { return pvm_getnoresets(NULL, NULL); }
static int do_noreset(void) { return pvm_setopt(PvmNoReset, 1); }
static int do_reset(void) { return pvmreset(pvm_mytid(), 0, NULL, -1); }
static int do_reg_hoster(void) { return pvm_reg_hoster(); }
static int do_reg_tasker(void) { return pvm_reg_tasker(); }
static int do_reg_rm(void) { return pvm_reg_rm(NULL); }
static int do_exit(void) { return pvm_exit(); }

static const struct {
    const char *name;
    int (*call)(void);
} requests[] = {
    { "pvm_spawn", do_spawn },       { "pvm_kill", do_kill },           { "pvm_pstat", do_pstat },
    { "pvm_tasks", do_tasks },       { "pvm_siblings", do_siblings },   { "pvm_config", do_config },
    { "pvm_addhosts", do_addhosts }, { "pvm_delhosts", do_delhosts },   { "pvm_mstat", do_mstat },
    { "pvm_halt", do_halt },         { "pvm_joingroup", do_joingroup }, { "pvm_lvgroup", do_lvgroup },
    { "pvm_gsize", do_gsize },       { "pvm_getinst", do_getinst },     { "pvm_gettid", do_gettid },
    { "pvm_barrier", do_barrier },   { "pvm_bcast", do_bcast },         { "pvm_freezegroup", do_freezegroup },
    { "pvm_reduce", do_reduce },     { "pvm_gather", do_gather },       { "pvm_scatter", do_scatter },
    { "pvm_putinfo", do_putinfo },   { "pvm_recvinfo", do_recvinfo },   { "pvm_delinfo", do_delinfo },
    { "pvm_getmboxinfo", do_getmboxinfo }, { "pvm_insert", do_insert }, { "pvm_lookup", do_lookup },
    { "pvm_delete", do_delete },     { "pvm_newcontext", do_newcontext }, { "pvm_freecontext", do_freecontext },
    { "pvm_hostsync", do_hostsync }, { "pvm_archcode", do_archcode },   { "pvm_getnoresets", do_getnoresets },
    { "PvmNoReset", do_noreset },    { "pvmreset", do_reset },          { "pvm_reg_hoster", do_reg_hoster },
    { "pvm_reg_tasker", do_reg_tasker }, { "pvm_reg_rm", do_reg_rm },   { "pvm_exit", do_exit },
};

static void every_request_ends_when_the_daemon_goes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        int tid = pvm_mytid();
        int rc;

        assert_true(tid > 0);
        daemon_vanishes = true;
        rc = requests[i].call();
        if (rc != PvmSysErr)
            fail_msg("%s gave %d when the daemon went", requests[i].name, rc);
        if (requests[i].call == do_exit)
            continue;
        assert_int_equal(pvm_mytid(), tid);
        rc = requests[i].call();
        if (rc != PvmSysErr)
            fail_msg("%s gave %d after the daemon had gone", requests[i].name, rc);
        assert_int_equal(pvm_exit(), PvmSysErr);
        daemon_vanishes = false;
    }
}

/* ---- calls that wait for messages ---- */

static int wait_recv(void) { return pvm_recv(-1, 1); }
static int wait_precv(void) { return pvm_precv(-1, 1, data, 1, PVM_INT, NULL, NULL, NULL); }

static int wait_trecv(void)
{
    struct timeval long_time = { 1000, 0 };

    return pvm_trecv(-1, 1, &long_time);
}

/* The members are there, but the part of the other one does not come. */
static int wait_gather(void) { return pvm_gather(data, data, 1, PVM_INT, 1, "g", 0); }

/* Fills the daemon's socket, and waits for room. */
static int wait_send(void)
{
    static char much[1 << 20];
    int rc;

    pvm_initsend(PvmDataRaw);
    pvm_pkbyte(much, sizeof(much), 1);
    do
        rc = pvm_send(CHILD_A, 1);
    while (rc == PvmOk);
    return rc;
}

struct waiting {
    int (*call)(void);
    sem_t ready;
};

/* Lets go of the library's lock only in the wait. */
static void *wait_in_thread(void *argument)
{
    struct waiting *waiting = argument;

    pvmi_call_enter();
    sem_post(&waiting->ready);
    return (void *)(intptr_t)pvmi_call_end(waiting->call());
}

static int wait_while_it_goes(int (*call)(void))
{
    struct waiting waiting = { .call = call };
    pthread_t thread;
    void *rc;

    assert_true(pvm_mytid() > 0);
    fake.silent = true;
    sem_init(&waiting.ready, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &waiting), 0);
    while (sem_wait(&waiting.ready) != 0)
        continue;
    pvmi_call_enter();    /* it waits */
    pvmi_call_end(PvmOk);
    fake_stop();
    pthread_join(thread, &rc);
    sem_destroy(&waiting.ready);
    return (int)(intptr_t)rc;
}

static void a_receive_ends_when_the_daemon_goes(void **state)
{
    (void)state;
    assert_int_equal(wait_while_it_goes(wait_recv), PvmSysErr);
    assert_string_equal(pvm_strerror(), "Can't contact local daemon");
}

static void a_receive_with_a_time_limit_too(void **state)
{
    (void)state;
    assert_int_equal(wait_while_it_goes(wait_trecv), PvmSysErr);
}

static void a_receive_into_memory_too(void **state)
{
    (void)state;
    assert_int_equal(wait_while_it_goes(wait_precv), PvmSysErr);
}

static void a_gather_too(void **state)
{
    (void)state;
    assert_int_equal(wait_while_it_goes(wait_gather), PvmSysErr);
}

/* The answer that names the members and the daemon's end are seen at once: no part has come. */
static void a_gather_whose_members_are_known_has_not_succeeded(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    daemon_answers_last = true;
    assert_int_equal(do_gather(), PvmSysErr);
}

static void nor_has_a_reduce(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    daemon_answers_last = true;
    assert_int_equal(do_reduce(), PvmSysErr);
    assert_int_equal(data[0], 1);
}

static void a_send_too(void **state)
{
    (void)state;
    assert_int_equal(wait_while_it_goes(wait_send), PvmSysErr);
}

static void without_the_daemon_nothing_waits(void **state)
{
    struct timeval long_time = { 1000, 0 };

    (void)state;
    assert_true(pvm_mytid() > 0);
    pvm_initsend(PvmDataDefault);
    fake_stop();
    assert_int_equal(pvm_recv(-1, 1), PvmSysErr);
    assert_int_equal(pvm_nrecv(-1, 1), PvmSysErr);
    assert_int_equal(pvm_probe(-1, 1), PvmSysErr);
    assert_int_equal(pvm_trecv(-1, 1, &long_time), PvmSysErr);
    assert_int_equal(pvm_precv(-1, 1, data, 1, PVM_INT, NULL, NULL, NULL), PvmSysErr);
    assert_int_equal(pvm_send(CHILD_A, 1), PvmSysErr);
    assert_int_equal(pvm_mcast(&child, 1, 1), PvmSysErr);
    assert_int_equal(pvm_psend(CHILD_A, 1, data, 1, PVM_INT), PvmSysErr);
    assert_int_equal(pvm_notify(PvmTaskExit, 1, 1, &child), PvmSysErr);
    assert_int_equal(pvm_parent(), PvmSysErr);
    pvm_errno = PvmOk;
    assert_null(pvm_alloc(1));
    assert_int_equal(pvm_errno, PvmSysErr);
    assert_true(pvm_mytid() > 0);
    assert_int_equal(pvm_exit(), PvmSysErr);
    assert_int_equal(pvm_exit(), PvmOk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_request_ends_when_the_daemon_goes),
        TEST(a_receive_ends_when_the_daemon_goes),
        TEST(a_receive_with_a_time_limit_too),
        TEST(a_receive_into_memory_too),
        TEST(a_gather_too),
        TEST(a_gather_whose_members_are_known_has_not_succeeded),
        TEST(nor_has_a_reduce),
        TEST(a_send_too),
        TEST(without_the_daemon_nothing_waits),
    };

    return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
