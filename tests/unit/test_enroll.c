/* SPDX-License-Identifier: BSD-3-Clause */
/* Becoming a task, sending and receiving as one, and ceasing to be one. */
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "fake_daemon.h"
#include "libpvm/call.h"
#include "libpvm/task.h"

static bool fake_control(int fd, const struct pvmi_control *control)
{
    (void)fd;
    return control->type == PVMI_MSG_option || control->type == PVMI_MSG_notify;
}

static void pack_and_send(int value, int tid, int tag)
{
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_pkint(&value, 1, 1), PvmOk);
    assert_int_equal(pvm_send(tid, tag), PvmOk);
}

static int unpack(void)
{
    int value = -1;

    assert_int_equal(pvm_upkint(&value, 1, 1), PvmOk);
    return value;
}

/* ---- enrolment ---- */

static void a_program_gets_one_tid(void **state)
{
    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_parent(), PvmNoParent);
    assert_int_equal(fake.last.pid, getpid());
}

static void without_a_daemon_the_text_says_where_it_looked(void **state)
{
    (void)state;
    fake_stop();
    assert_int_equal(pvm_mytid(), PvmSysErr);
    assert_non_null(strstr(pvm_errdetail(), fake.path));
    assert_non_null(strstr(pvm_errdetail(), "unset PVMSOCK"));
    assert_int_equal(pvm_send(FAKE_TID, 1), PvmSysErr);
    assert_int_equal(pvm_recv(-1, -1), PvmSysErr);
    assert_int_equal(pvm_exit(), PvmOk);
}

/* In a child of the test, which has no standard files: what it opens must not get their numbers. */
static int enrol_without_standard_files(void)
{
    int open_ones = 0;
    int *fds;

    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    if (pvm_mytid() != FAKE_TID || pvm_nrecv(-1, -1) != 0 || pvm_getfds(&fds) != 1)
        return 100;
    for (int fd = 0; fd <= 2; fd++)
        open_ones += fcntl(fd, F_GETFD) >= 0;
    return open_ones;
}

static void no_descriptor_of_ours_is_stdin_stdout_or_stderr(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0)
        _exit(enrol_without_standard_files());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_refusal_comes_with_its_reason(void **state)
{
    (void)state;
    fake.refuse = true;
    assert_int_equal(pvm_mytid(), PvmOutOfRes);
    assert_string_equal(pvm_errdetail(), "no more than 0 tasks");
    fake.refuse = false;
    assert_int_equal(pvm_mytid(), FAKE_TID);
}

static void a_spawned_task_claims_its_tid_once(void **state)
{
    (void)state;
    fake.claim_tid = 0x40077;
    fake.claim_nonce = 0x123456789abcdef0;
    fake.inherit = (struct pvmi_rec_inherit){ .context = 5, .output_tid = 0x40055, .output_tag = 44,
                                              .trace_buffer = 123, .trace_options = 2 };
    setenv("PVM_CLAIM", "40077:123456789abcdef0", 1);
    assert_int_equal(pvm_mytid(), 0x40077);
    assert_null(getenv("PVM_CLAIM"));
    assert_int_equal(pvm_parent(), 0x40055);
    assert_int_equal(pvmmyctx, 5);
    assert_int_equal(pvm_getopt(PvmOutputTid), 0x40055);
    assert_int_equal(pvm_getopt(PvmSelfOutputCode), 44);
    assert_int_equal(pvm_getopt(PvmTraceBuffer), 123);
    pvmmyctx = 0;

    pvm_exit();
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_parent(), PvmNoParent);
}

static void a_claim_that_is_not_accepted_gives_a_new_tid(void **state)
{
    (void)state;
    setenv("PVM_CLAIM", "40077:1", 1);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    pvm_exit();
    setenv("PVM_CLAIM", "nonsense", 1);
    assert_int_equal(pvm_mytid(), FAKE_TID + 1);
}

static void after_exit_one_may_enrol_again(void **state)
{
    int buf;

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    buf = pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_exit(), PvmOk);
    assert_int_equal(pvm_exit(), PvmOk);
    assert_int_equal(pvm_getsbuf(), buf);
    assert_int_equal(pvm_mytid(), FAKE_TID + 1);
}

static void when_the_daemon_goes_calls_fail_and_mytid_stays(void **state)
{
    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    pack_and_send(7, FAKE_TID, 1);
    fake_stop();
    assert_int_equal(pvm_recv(-1, 99), PvmSysErr);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_pstat(FAKE_TID), PvmSysErr);
    assert_int_equal(pvm_send(FAKE_TID, 1), PvmSysErr);
    assert_true(pvm_recv(-1, 1) > 0);    /* had arrived before */
    assert_int_equal(pvm_exit(), PvmSysErr);
    assert_int_equal(pvm_exit(), PvmOk);
}

static void a_forked_child_is_a_task_of_its_own(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    pack_and_send(1, FAKE_TID, 1);
    pid = fork();
    if (pid == 0) {
        int wrong = pvm_getsbuf() != 0 || pvm_mytid() != FAKE_TID + 1;

        pack_and_send(2, pvm_mytid(), 2);
        wrong |= pvm_recv(-1, 2) <= 0 || pvm_exit() != PvmOk;
        _exit(wrong);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(pvm_recv(-1, 1) > 0);
    pack_and_send(3, 0x40099, 3);
    assert_true(pvm_recv(0x40099, 3) > 0);
}

/* ---- sending and receiving ---- */

static void a_message_goes_out_and_comes_back(void **state)
{
    int tag;
    int tid;
    int bytes;
    int buf;

    (void)state;
    pack_and_send(42, 0x40099, 5);
    buf = pvm_recv(0x40099, 5);
    assert_true(buf > 0);
    assert_int_equal(pvm_getrbuf(), buf);
    assert_int_equal(unpack(), 42);
    assert_int_equal(pvm_bufinfo(buf, &bytes, &tag, &tid), PvmOk);
    assert_int_equal(bytes, 4);
    assert_int_equal(tag, 5);
    assert_int_equal(tid, 0x40099);
}

static void messages_to_oneself_keep_their_order(void **state)
{
    int me = pvm_mytid();

    (void)state;
    for (int i = 0; i < 1000; i++)
        pack_and_send(i, me, 10 + i % 3);
    for (int i = 0; i < 1000; i++) {
        assert_true(pvm_recv(me, -1) > 0);
        assert_int_equal(unpack(), i);
    }
}

/* The echo cannot take it all unless the sender reads while it sends. */
static void a_sender_reads_while_it_waits_for_room(void **state)
{
    const int count = 4 << 20;
    int *data = calloc((size_t)count, sizeof(*data));
    int *back = calloc((size_t)count, sizeof(*back));

    (void)state;
    for (int i = 0; i < count; i++)
        data[i] = i;
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_pkint(data, count, 1), PvmOk);
    assert_int_equal(pvm_send(0x40099, 1), PvmOk);
    assert_true(pvm_recv(0x40099, 1) > 0);
    assert_int_equal(pvm_upkint(back, count, 1), PvmOk);
    assert_memory_equal(data, back, (size_t)count * sizeof(*data));
    free(data);
    free(back);
}

static void mcast_sends_once_to_each_and_never_to_oneself(void **state)
{
    int tids[5] = { 0x40091, FAKE_TID, 0x40092, 0x40091, 0x40092 };

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_mcast(tids, 5, 3), PvmOk);
    pack_and_send(0, 0x40099, 4);    /* the echo comes behind the others */
    assert_true(pvm_recv(0x40099, 4) > 0);
    assert_true(pvm_nrecv(0x40091, 3) > 0);
    assert_true(pvm_nrecv(0x40092, 3) > 0);
    assert_int_equal(pvm_nrecv(-1, -1), 0);
    tids[4] = -1;
    assert_int_equal(pvm_mcast(tids, 5, 3), PvmBadParam);
    assert_int_equal(pvm_mcast(NULL, 0, 3), PvmOk);
    assert_int_equal(pvm_mcast(tids, -1, 3), PvmBadParam);
    assert_int_equal(pvm_mcast(tids, 4, -1), PvmBadParam);
}

/* What reaches nobody has not been sent: the buffer shows the tag of the last send, as in PVM 3. */
static void mcast_to_nobody_leaves_the_tag(void **state)
{
    int tids[1] = { FAKE_TID }, bufid = pvm_initsend(PvmDataDefault), tag = -1;

    (void)state;
    pvm_mytid();
    assert_int_equal(pvm_mcast(tids, 1, 5), PvmOk);
    assert_int_equal(pvm_mcast(NULL, 0, 5), PvmOk);
    assert_int_equal(pvm_bufinfo(bufid, NULL, &tag, NULL), PvmOk);
    assert_int_equal(tag, 0);
    tids[0] = 0x40091;
    assert_int_equal(pvm_mcast(tids, 1, 5), PvmOk);
    assert_int_equal(pvm_bufinfo(bufid, NULL, &tag, NULL), PvmOk);
    assert_int_equal(tag, 5);
}

static void mcast_wants_a_buffer_before_all_else(void **state)
{
    int tids[1] = { -1 };

    (void)state;
    pvm_freebuf(pvm_getsbuf());
    assert_int_equal(pvm_mcast(tids, -1, 1), PvmNoBuf);
    assert_int_equal(pvm_mcast(NULL, 0, -1), PvmNoBuf);
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_mcast(NULL, 0, -1), PvmBadParam);
    assert_int_equal(pvm_mcast(NULL, 1, 1), PvmBadParam);
}

static void sends_check_destination_and_tag_before_the_buffer(void **state)
{
    (void)state;
    pvm_freebuf(pvm_getsbuf());
    assert_int_equal(pvm_send(0, 1), PvmBadParam);
    assert_int_equal(pvm_send(FAKE_TID, -1), PvmBadParam);
    assert_int_equal(pvm_send(0x40000, 1), PvmBadParam);
    assert_int_equal(pvm_send(FAKE_TID, 1), PvmNoBuf);
    assert_int_equal(pvm_psend(FAKE_TID, 1, "x", 1, PVM_STR), PvmNotImpl);
    assert_int_equal(pvm_psend(FAKE_TID, 1, "x", 1, 99), PvmBadParam);
    pvm_setopt(PvmResvTids, 1);
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_send(FAKE_TID, -5), PvmOk);
    assert_true(pvm_recv(-1, -5) > 0);
    pvm_setopt(PvmResvTids, 0);
}

static void psend_and_precv_move_raw_items(void **state)
{
    double out[3] = { 1.5, 2.5, 3.5 };
    double in[4] = { 0, 0, 0, 9 };
    int tid;
    int tag;
    int length;

    (void)state;
    assert_int_equal(pvm_psend(0x40099, 7, out, 3, PVM_DOUBLE), PvmOk);
    assert_int_equal(pvm_precv(-1, -1, in, 4, PVM_DOUBLE, &tid, &tag, &length), PvmOk);
    assert_memory_equal(in, out, sizeof(out));
    assert_true(in[3] == 9);
    assert_int_equal(tid, 0x40099);
    assert_int_equal(tag, 7);
    assert_int_equal(length, sizeof(out));

    assert_int_equal(pvm_psend(0x40099, 7, out, 3, PVM_DOUBLE), PvmOk);
    in[0] = in[1] = 0;
    assert_int_equal(pvm_precv(-1, -1, in, 1, PVM_DOUBLE, NULL, NULL, &length), PvmOk);
    assert_true(in[0] == 1.5 && in[1] == 0);
    assert_int_equal(length, sizeof(out));
}

static void precv_unpacks_typed_messages_by_value(void **state)
{
    int value = 5;
    short small = 0;
    unsigned char bytes[4];

    (void)state;
    pack_and_send(value, 0x40099, 1);
    assert_int_equal(pvm_precv(-1, 1, &small, 1, PVM_SHORT, NULL, NULL, NULL), PvmOk);
    assert_int_equal(small, 5);
    pack_and_send(value, 0x40099, 1);
    assert_int_equal(pvm_precv(-1, 1, bytes, 4, PVM_BYTE, NULL, NULL, NULL), PvmOk);
    assert_memory_equal(bytes, "\0\0\0\5", 4);
}

/* -1 packs nothing, and sends all the same: as PVM 3 has it. */
static void psend_of_less_than_nothing_is_an_empty_message(void **state)
{
    int length = -1;

    (void)state;
    assert_int_equal(pvm_psend(0x40099, 7, NULL, -1, PVM_INT), PvmOk);
    assert_int_equal(pvm_errno, PvmBadParam);
    assert_int_equal(pvm_precv(0x40099, 7, NULL, -1, PVM_INT, NULL, NULL, &length), PvmOk);
    assert_int_equal(length, 0);
}

static void a_receive_frees_the_buffer_before_it(void **state)
{
    int first;

    (void)state;
    pack_and_send(1, FAKE_TID, 1);
    pack_and_send(2, FAKE_TID, 1);
    first = pvm_recv(-1, 1);
    assert_int_equal(pvm_setrbuf(0), first);
    assert_true(pvm_recv(-1, 1) > 0);
    assert_int_equal(pvm_nrecv(-1, 1), 0);
    assert_int_equal(pvm_getrbuf(), 0);
    assert_int_equal(pvm_freebuf(first), PvmOk);
}

static void a_probed_message_stays_until_it_is_received(void **state)
{
    int probed;

    (void)state;
    assert_int_equal(pvm_probe(-1, -1), 0);
    pack_and_send(11, FAKE_TID, 4);
    probed = pvm_probe(-1, 4);
    assert_true(probed > 0);
    assert_int_equal(pvm_probe(-1, -1), probed);
    assert_int_equal(pvm_setrbuf(probed), 0);
    assert_int_equal(unpack(), 11);
    assert_int_equal(pvm_recv(-1, 4), probed);
    assert_int_equal(unpack(), 11);
    assert_int_equal(pvm_probe(-1, -1), 0);

    pack_and_send(12, FAKE_TID, 4);
    probed = pvm_probe(-1, 4);
    assert_int_equal(pvm_freebuf(probed), PvmOk);
    assert_int_equal(pvm_nrecv(-1, 4), 0);
}

static volatile sig_atomic_t signals_seen;

static void on_signal(int signum)
{
    (void)signum;
    signals_seen++;
}

static void signals_do_not_shorten_trecv(void **state)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct itimerval often = { .it_interval = { 0, 10000 }, .it_value = { 0, 10000 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    struct timeval timeout = { 0, 200000 };
    struct timespec begin;
    struct timespec end;

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_int_equal(pvm_trecv(-1, 1, &timeout), 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(signals_seen > 0);
    assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >= 199);
    timeout.tv_sec = -1;
    assert_int_equal(pvm_trecv(-1, 1, &timeout), 0);
}

static void times_beyond_all_measure_are_ever_or_never(void **state)
{
    struct timeval ever = { LONG_MAX, LONG_MAX };
    struct timeval never = { LONG_MIN, LONG_MAX };
    struct timeval odd = { 0, LONG_MAX };

    (void)state;
    assert_int_equal(pvm_trecv(-1, 1, &never), 0);
    pack_and_send(1, FAKE_TID, 1);
    pack_and_send(2, FAKE_TID, 1);
    assert_true(pvm_trecv(-1, 1, &ever) > 0);
    assert_true(pvm_trecv(-1, 1, &odd) > 0);
}

static sigjmp_buf way_out;

static void on_alarm(int signum)
{
    (void)signum;
    siglongjmp(way_out, 1);
}

/* Programs of old have no other way to limit a wait. */
static void a_signal_handler_may_jump_out_of_a_receive(void **state)
{
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval soon = { .it_value = { 0, 20000 } };

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    sigaction(SIGALRM, &action, NULL);
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(way_out, 1) == 0) {
            setitimer(ITIMER_REAL, &soon, NULL);
            pvm_recv(-1, 1);
            fail();
        }
    }
    pack_and_send(5, 0x40099, 1);
    assert_true(pvm_recv(-1, 1) > 0);
    assert_int_equal(unpack(), 5);
}

/* ---- threads ---- */

static void *receive_tag(void *tag)
{
    int rc = pvm_recv(-1, (int)(intptr_t)tag);

    if (rc > 0)
        rc = unpack();
    return (void *)(intptr_t)rc;
}

/* Whichever of them reads the socket, each gets its own message. */
static void several_threads_may_wait_at_once(void **state)
{
    pthread_t threads[4];

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    for (intptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, receive_tag, (void *)(100 + i)), 0);
    for (int i = 3; i >= 0; i--)
        pack_and_send(i, i % 2 == 0 ? FAKE_TID : 0x40099, 100 + i);
    for (intptr_t i = 0; i < 4; i++) {
        void *got;

        pthread_join(threads[i], &got);
        assert_int_equal((intptr_t)got, i);
    }
}

/* Says that it is about to wait, and lets go of the library's lock only in the wait. */
static void *receive_for_ever(void *ready)
{
    int rc;

    pvmi_call_enter();
    sem_post(ready);
    rc = pvm_recv(-1, 1);
    return (void *)(intptr_t)pvmi_call_end(rc);
}

static void a_thread_waits_on_when_another_has_jumped_out_of_a_receive(void **state)
{
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval soon = { .it_value = { 0, 20000 } };
    pthread_t thread;
    sem_t ready;
    void *got;

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    sigaction(SIGALRM, &action, NULL);
    if (sigsetjmp(way_out, 1) == 0) {
        setitimer(ITIMER_REAL, &soon, NULL);
        pvm_recv(-1, 2);
        fail();
    }
    sem_init(&ready, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, receive_for_ever, &ready), 0);
    while (sem_wait(&ready) != 0)
        continue;
    pack_and_send(7, 0x40099, 1);    /* comes back by way of the daemon, while this thread does not look */
    pthread_join(thread, &got);
    assert_true((intptr_t)got > 0);
    sem_destroy(&ready);
}

static void exit_in_one_thread_ends_the_waits_of_others(void **state)
{
    pthread_t thread;
    sem_t ready;
    void *got;

    (void)state;
    assert_int_equal(pvm_mytid(), FAKE_TID);
    sem_init(&ready, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, receive_for_ever, &ready), 0);
    while (sem_wait(&ready) != 0)
        continue;
    assert_int_equal(pvm_exit(), PvmOk);
    pthread_join(thread, &got);
    assert_int_equal((intptr_t)got, PvmSysErr);
    sem_destroy(&ready);
}

/* ---- memory ---- */

static void enrolment_and_messages_survive_out_of_memory(void **state)
{
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        rc = pvm_mytid() > 0 ? PvmOk : PvmNoMem;
        pvmi_alloc_fail_nth(-1);
    }
    pack_and_send(0, FAKE_TID, 1);
    assert_true(pvm_recv(-1, 1) > 0);
}

static void a_send_that_fails_leaves_no_gap(void **state)
{
    static char big[200000];
    int sent = 0;
    int got = 0;

    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataRaw);
    pvm_pkbyte(big, sizeof(big), 1);
    for (int nth = 0; sent < 3; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        sent += pvm_send(pvm_mytid(), 1) == PvmOk;
        pvmi_alloc_fail_nth(-1);
    }
    pack_and_send(0, pvm_mytid(), 2);
    assert_true(pvm_recv(-1, 2) > 0);
    while (pvm_nrecv(-1, 1) > 0)
        got++;
    assert_int_equal(got, sent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_gets_one_tid),
        TEST(without_a_daemon_the_text_says_where_it_looked),
        TEST(no_descriptor_of_ours_is_stdin_stdout_or_stderr),
        TEST(a_refusal_comes_with_its_reason),
        TEST(a_spawned_task_claims_its_tid_once),
        TEST(a_claim_that_is_not_accepted_gives_a_new_tid),
        TEST(after_exit_one_may_enrol_again),
        TEST(when_the_daemon_goes_calls_fail_and_mytid_stays),
        TEST(a_forked_child_is_a_task_of_its_own),
        TEST(a_message_goes_out_and_comes_back),
        TEST(messages_to_oneself_keep_their_order),
        TEST(a_sender_reads_while_it_waits_for_room),
        TEST(mcast_sends_once_to_each_and_never_to_oneself),
        TEST(mcast_to_nobody_leaves_the_tag),
        TEST(mcast_wants_a_buffer_before_all_else),
        TEST(sends_check_destination_and_tag_before_the_buffer),
        TEST(psend_and_precv_move_raw_items),
        TEST(precv_unpacks_typed_messages_by_value),
        TEST(psend_of_less_than_nothing_is_an_empty_message),
        TEST(a_receive_frees_the_buffer_before_it),
        TEST(a_probed_message_stays_until_it_is_received),
        TEST(signals_do_not_shorten_trecv),
        TEST(times_beyond_all_measure_are_ever_or_never),
        TEST(a_signal_handler_may_jump_out_of_a_receive),
        TEST(several_threads_may_wait_at_once),
        TEST(a_thread_waits_on_when_another_has_jumped_out_of_a_receive),
        TEST(exit_in_one_thread_ends_the_waits_of_others),
        TEST(enrolment_and_messages_survive_out_of_memory),
        TEST(a_send_that_fails_leaves_no_gap),
    };

    return cmocka_run_group_tests_name("enroll", tests, NULL, NULL);
}
