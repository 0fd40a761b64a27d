/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads are one task. Made for ThreadSanitizer, and of use without it. */
#include <sched.h>
#include <stdatomic.h>

#include "fake_answers.h"
#include "libpvm/task.h"

#define THREADS 6
#define ROUNDS 60
#define PEER 0x40099    /* what is sent there comes back */

/* Threads begin together, so that they meet. */
static pthread_barrier_t start;
static atomic_int wrong;

#define RIGHT(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);           \
            atomic_fetch_add(&wrong, 1);                                                      \
        }                                                                                     \
    } while (0)

static void run_threads(void *(*body)(void *))
{
    pthread_t threads[THREADS];

    atomic_store(&wrong, 0);
    pthread_barrier_init(&start, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    assert_int_equal(atomic_load(&wrong), 0);
}

/* ---- enrolment ---- */

static void *enroll_at_once(void *argument)
{
    pthread_barrier_wait(&start);
    RIGHT(pvm_mytid() == FAKE_TID);
    RIGHT(pvm_parent() == PvmNoParent);
    return argument;
}

static void the_first_calls_of_many_threads_enroll_once(void **state)
{
    (void)state;
    run_threads(enroll_at_once);
    assert_int_equal(fake.enrolled, 1);
}

static void *enroll_without_daemon(void *argument)
{
    pthread_barrier_wait(&start);
    RIGHT(pvm_mytid() == PvmSysErr);
    RIGHT(pvm_errdetail()[0] != '\0');
    return argument;
}

static void each_thread_is_told_that_there_is_no_daemon(void **state)
{
    (void)state;
    fake_stop();
    run_threads(enroll_without_daemon);
}

/* ---- messages ---- */

static int size_of_round(int round)
{
    static const int sizes[] = { 1, 100, 5000, 70000 };

    return sizes[round % 4];
}

/* Packs what the round and the tag say, and sends it. */
static void send_round(int tid, int tag, int round, int encoding)
{
    static const int zeros[70000];
    int size = size_of_round(round);

    RIGHT(pvm_initsend(encoding) > 0);
    RIGHT(pvm_pkint(&round, 1, 1) == PvmOk);
    RIGHT(pvm_packf("%d", tag) == PvmOk);
    RIGHT(pvm_pkint(zeros, size, 1) == PvmOk);
    RIGHT(pvm_pkstr("end") == PvmOk);
    RIGHT(pvm_send(tid, tag) == PvmOk);
}

static void receive_round(int tid, int tag, int round)
{
    int *items = malloc(70000 * sizeof(*items));
    int size = size_of_round(round);
    int got_round = -1;
    int got_tag = -1;
    char text[8] = "";

    RIGHT(pvm_recv(tid, tag) > 0);
    RIGHT(pvm_upkint(&got_round, 1, 1) == PvmOk && got_round == round);
    RIGHT(pvm_unpackf("%d", &got_tag) == PvmOk && got_tag == tag);
    RIGHT(pvm_upkint(items, size, 1) == PvmOk && items[size - 1] == 0);
    RIGHT(pvm_upkstr(text) == PvmOk && strcmp(text, "end") == 0);
    free(items);
}

static void *pack_send_and_receive(void *argument)
{
    int tag = 100 + (int)(intptr_t)argument;
    int me;

    pthread_barrier_wait(&start);
    me = pvm_mytid();
    for (int round = 0; round < ROUNDS; round++) {
        send_round(PEER, tag, round, PvmDataDefault);
        send_round(me, tag, round, PvmDataRaw);
        if (round >= 2) {
            receive_round(PEER, tag, round - 2);
            receive_round(me, tag, round - 2);
        }
    }
    for (int round = ROUNDS - 2; round < ROUNDS; round++) {
        receive_round(PEER, tag, round);
        receive_round(me, tag, round);
    }
    RIGHT(pvm_nrecv(-1, tag) == 0);
    return argument;
}


static void each_thread_gets_its_own_messages_in_order(void **state)
{
    (void)state;
    run_threads(pack_send_and_receive);
}

static void *psend_and_precv(void *argument)
{
    int tag = 200 + (int)(intptr_t)argument;
    long sent[1000];
    long got[1000];

    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 1000; i++)
            sent[i] = (long)round * 1000 + i + tag;
        RIGHT(pvm_psend(PEER, tag, sent, 1000, PVM_LONG) == PvmOk);
        RIGHT(pvm_precv(PEER, tag, got, 1000, PVM_LONG, NULL, NULL, NULL) == PvmOk);
        RIGHT(memcmp(sent, got, sizeof(sent)) == 0);
    }
    return argument;
}

static void psend_and_precv_of_many_threads(void **state)
{
    (void)state;
    run_threads(psend_and_precv);
}

/* Those who wait with a limit give way to those who wait longer, and the reverse. */
static void *wait_with_limits(void *argument)
{
    int number = (int)(intptr_t)argument;

    pthread_barrier_wait(&start);
    for (int round = 0; round < 10; round++) {
        struct timeval limit = { 0, number % 2 == 0 ? 1000 : 20000000 };

        if (number % 2 == 0) {
            RIGHT(pvm_trecv(-1, 300 + number, &limit) == 0);
        } else {
            send_round(PEER, 300 + number, round, PvmDataDefault);
            RIGHT(pvm_trecv(PEER, 300 + number, &limit) > 0);
        }
    }
    return argument;
}

static void waits_with_and_without_limits_do_not_disturb_each_other(void **state)
{
    (void)state;
    run_threads(wait_with_limits);
}

/* ---- handlers and match functions ---- */

#define HANDLED_TAG 400
#define ANSWER_TAG 500

static int handled;    /* without a lock: one handler runs at a time */

/* Answers with what came, to the thread that it is from. */
static int answer_from_handler(int mid)
{
    int number = -1;

    RIGHT(pvm_getrbuf() == mid && pvm_getsbuf() == 0);
    RIGHT(pvm_upkint(&number, 1, 1) == PvmOk);
    RIGHT(pvm_recv(-1, 4711) == PvmNotImpl);
    RIGHT(pvm_initsend(PvmDataDefault) > 0);
    RIGHT(pvm_pkint(&number, 1, 1) == PvmOk);
    RIGHT(pvm_send(number % 2 == 0 ? PEER : pvm_mytid(), ANSWER_TAG + number) == PvmOk);
    handled++;
    return 0;
}

static void *be_answered_by_a_handler(void *argument)
{
    int number = (int)(intptr_t)argument;

    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        int got = -1;
        int passing = pvm_addmhf(PEER, 4000 + number, -1, answer_from_handler);

        RIGHT(passing >= 0);
        RIGHT(pvm_initsend(PvmDataDefault) > 0);
        RIGHT(pvm_pkint(&number, 1, 1) == PvmOk);
        RIGHT(pvm_send(PEER, HANDLED_TAG) == PvmOk);
        RIGHT(pvm_recv(-1, ANSWER_TAG + number) > 0);
        RIGHT(pvm_upkint(&got, 1, 1) == PvmOk && got == number);
        RIGHT(pvm_delmhf(passing) == PvmOk);
    }
    return argument;
}

static void handlers_run_in_whichever_thread_reads(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    handled = 0;
    assert_true(pvm_addmhf(PEER, HANDLED_TAG, 0, answer_from_handler) >= 0);
    run_threads(be_answered_by_a_handler);
    assert_int_equal(handled, THREADS * ROUNDS);
}

/* What a receive does by itself, as a function of the program. */
static int same_source_and_tag(int bufid, int tid, int msgtag)
{
    int source = -1;
    int tag = -1;

    RIGHT(pvm_bufinfo(bufid, NULL, &tag, &source) == PvmOk);
    return tag == msgtag && (tid == -1 || source == tid);
}

static void a_match_function_is_asked_by_many_threads(void **state)
{
    (void)state;
    pvm_recvf(same_source_and_tag);
    run_threads(pack_send_and_receive);
    pvm_recvf(NULL);
}

/* ---- pvm_getfds ---- */

#define PARTS_TAG 700

/* Thread 0 sleeps in poll(), and gets what the receives of the others have read and left. */
static void *poll_or_talk(void *argument)
{
    int number = (int)(intptr_t)argument;
    int *fds = NULL;
    int parts = 0;

    pthread_barrier_wait(&start);
    RIGHT(pvm_getfds(&fds) == 1);
    while (number == 0 && parts < (THREADS - 1) * ROUNDS) {
        struct pollfd poller = { .fd = fds[0], .events = POLLIN };

        while (pvm_nrecv(PEER, PARTS_TAG) > 0)
            parts++;
        if (parts < (THREADS - 1) * ROUNDS)
            RIGHT(poll(&poller, 1, -1) == 1);
    }
    for (int round = 0; number > 0 && round < ROUNDS; round++) {
        send_round(PEER, PARTS_TAG, 0, PvmDataRaw);
        send_round(PEER, PARTS_TAG + number, round, PvmDataDefault);
        receive_round(PEER, PARTS_TAG + number, round);
    }
    return argument;
}

static void one_thread_may_poll_the_descriptor_of_all(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    run_threads(poll_or_talk);
    assert_int_equal(pvm_nrecv(-1, -1), 0);
}

/* ---- requests ---- */

static void *ask_many_things(void *argument)
{
    int number = (int)(intptr_t)argument;
    int codes[3];
    int count;

    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        RIGHT(pvm_pstat(CHILD_A) == PvmOk);
        RIGHT(pvm_pstat(CHILD_B) == PvmNoTask);
        RIGHT(pvm_config(&count, NULL, NULL) == PvmOk && count == 3);
        RIGHT(pvm_tasks(0, &count, NULL) == PvmOk && count == 1);
        RIGHT(pvm_gsize("g") == 2);
        RIGHT(pvm_spawn("worker", NULL, 0, NULL, 3, codes) == 2);
        RIGHT(strcmp(pvm_errdetail_item(2), "beta: gone meanwhile") == 0);
        RIGHT(pvm_setopt(PvmShowTids, 1) == 1);
        RIGHT(pvm_mstat(number % 2 == 0 ? "alpha" : "omega") == (number % 2 == 0 ? PvmOk : PvmNoHost));
        RIGHT(number % 2 == 0 || strcmp(pvm_errdetail(), "beta: not a member") == 0);
    }
    return argument;
}

static void each_thread_gets_the_answers_to_its_requests(void **state)
{
    (void)state;
    run_threads(ask_many_things);
}

/* ---- leaving ---- */

/* Thread 0 leaves and enrols again and again; the others' calls end, well or with an error. */
static void *leave_meanwhile(void *argument)
{
    int number = (int)(intptr_t)argument;

    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        struct timeval limit = { 0, 1000 };
        int rc;

        switch (number) {
        case 0:
            RIGHT(pvm_exit() == PvmOk);
            rc = PvmOk;
            break;
        case 1:
            rc = pvm_pstat(CHILD_A);
            break;
        case 2:
            pvm_initsend(PvmDataDefault);
            rc = pvm_send(PEER, 7);
            break;
        case 3:
            rc = pvm_spawn("worker", NULL, 0, NULL, 1, NULL);
            break;
        default:
            rc = pvm_trecv(PEER, 8, &limit);
            break;
        }
        RIGHT(rc >= 0 || rc == PvmSysErr);
    }
    return argument;
}

static void one_thread_may_leave_under_the_others(void **state)
{
    (void)state;
    run_threads(leave_meanwhile);
    assert_true(pvm_mytid() > 0);
}

/* ---- shared buffers ---- */

static atomic_int shared_id;

/* Thread 0 makes buffers, and frees them while the others send them. */
static void *send_what_another_frees(void *argument)
{
    static char much[300000];
    int number = (int)(intptr_t)argument;

    pthread_barrier_wait(&start);
    for (int round = 0; round < ROUNDS; round++) {
        if (number == 0) {
            int id = pvm_initsend(PvmDataRaw);

            RIGHT(pvm_pkbyte(much, sizeof(much), 1) == PvmOk);
            atomic_store(&shared_id, id);
            RIGHT(pvm_send(PEER, 9) == PvmOk);
            RIGHT(pvm_freebuf(id) == PvmOk);
        } else {
            int id = atomic_load(&shared_id);
            int rc = pvm_setsbuf(id);

            RIGHT(rc >= 0 || rc == PvmNoSuchBuf);
            rc = pvm_send(PEER, 9);
            RIGHT(rc == PvmOk || rc == PvmNoBuf);
            sched_yield();
        }
    }
    return argument;
}

static void a_buffer_may_be_freed_while_another_thread_sends_it(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    fake.silent = true;
    run_threads(send_what_another_frees);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_calls_of_many_threads_enroll_once),
        TEST(each_thread_is_told_that_there_is_no_daemon),
        TEST(each_thread_gets_its_own_messages_in_order),
        TEST(psend_and_precv_of_many_threads),
        TEST(waits_with_and_without_limits_do_not_disturb_each_other),
        TEST(handlers_run_in_whichever_thread_reads),
        TEST(a_match_function_is_asked_by_many_threads),
        TEST(one_thread_may_poll_the_descriptor_of_all),
        TEST(each_thread_gets_the_answers_to_its_requests),
        TEST(one_thread_may_leave_under_the_others),
        TEST(a_buffer_may_be_freed_while_another_thread_sends_it),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
