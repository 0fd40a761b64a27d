/* SPDX-License-Identifier: BSD-3-Clause */
/* Message handlers and match functions, where the order of arrivals is in the test's hand. */
#include <sys/wait.h>

#include "fake_answers.h"
#include "libpvm/arrive.h"
#include "libpvm/line.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"

#define PEER 0x40099

/* What the handlers saw, in order: "a5 " is handler a and the message's tag. */
static char seen[256];

static void see(char name, int mid)
{
    char text[32];
    int tag = 0;

    assert_int_equal(pvm_bufinfo(mid, NULL, &tag, NULL), PvmOk);
    snprintf(text, sizeof(text), "%c%d ", name, tag);
    strcat(seen, text);
}

static int handler_a(int mid)
{
    see('a', mid);
    return 0;
}

static int handler_b(int mid)
{
    see('b', mid);
    return 0;
}

/* A message has come, but nothing of the library has run since. */
static void arrive(int tag, int ctx)
{
    static uint32_t number;
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_NOTICE, .encoding = PVMI_ENCODING_RAW,
                                        .format = (uint8_t)pvmi_format_own(), .src = PEER, .dst = pvm_mytid(),
                                        .tag = tag, .ctx = ctx, .message = ++number, .message_length = 1,
                                        .length = 1 };
    struct pvmi_blob *blob = pvmi_blob_new(1);

    assert_non_null(blob);
    blob->data[0] = 'x';
    pvmi_arrive_frame(pvmi_frame_new(&header, blob, 0, 1));
    pvmi_blob_unref(blob);
}

static int setup(void **state)
{
    seen[0] = '\0';
    pvmmyctx = 0;
    pvmi_msgbuf_after_fork();
    return answers_setup(state);
}

static int deleting_b = -1;

static int deletes_b(int mid)
{
    see('d', mid);
    assert_int_equal(pvm_delmhf(deleting_b), PvmOk);
    return 0;
}

static int adds_b(int mid)
{
    see('n', mid);
    deleting_b = pvm_addmhf(-1, 2, -1, handler_b);
    assert_true(deleting_b >= 0);
    return 0;
}

static void messages_of_one_arrival_find_their_handlers_one_after_the_other(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_addmhf(-1, 1, -1, adds_b) >= 0);
    assert_true(pvm_addmhf(-1, 3, -1, deletes_b) >= 0);
    arrive(2, 0);
    arrive(1, 0);
    arrive(2, 0);
    arrive(4, 0);
    arrive(3, 0);
    arrive(2, 0);
    assert_string_equal(seen, "");
    assert_true(pvm_nrecv(-1, 2) > 0);       /* the first 2 came before its handler, and is found waiting */
    assert_true(pvm_nrecv(-1, 2) > 0);       /* the last one came when it was gone again */
    assert_int_equal(pvm_nrecv(-1, 2), 0);
    assert_true(pvm_nrecv(-1, 4) > 0);
    assert_string_equal(seen, "n1 b2 d3 ");
}

/* Messages 1 to 5 have come at once. A call goes as far as it needs, so that the next handler gets what is behind. */
static void a_receive_leaves_what_stands_behind_its_message_to_later_handlers(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    for (int tag = 1; tag <= 5; tag++)
        arrive(tag, 0);
    assert_true(pvm_recv(-1, 1) > 0);
    assert_true(pvm_addmhf(-1, 2, -1, handler_a) >= 0);
    assert_true(pvm_probe(-1, 3) > 0);
    assert_string_equal(seen, "a2 ");
    assert_true(pvm_addmhf(-1, 3, -1, handler_b) >= 0);    /* too late: it waits in the queue */
    assert_true(pvm_addmhf(-1, 4, -1, handler_b) >= 0);
    assert_true(pvm_nrecv(-1, 3) > 0);
    assert_string_equal(seen, "a2 ");
    assert_true(pvm_recv(-1, 5) > 0);
    assert_string_equal(seen, "a2 b4 ");
}

static void a_send_moves_on_by_one_message_when_there_are_handlers(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    for (int tag = 1; tag <= 4; tag++)
        arrive(tag, 0);
    assert_true(pvm_initsend(PvmDataRaw) > 0);
    assert_int_equal(pvm_send(PEER, 9), PvmOk);
    assert_true(pvm_addmhf(-1, 1, -1, handler_a) >= 0);
    assert_true(pvm_addmhf(-1, 2, -1, handler_a) >= 0);
    assert_int_equal(pvm_send(PEER, 9), PvmOk);
    assert_string_equal(seen, "a1 ");
    assert_int_equal(pvm_send(PEER, 9), PvmOk);
    assert_string_equal(seen, "a1 a2 ");
    assert_int_equal(pvm_send(PEER, 9), PvmOk);
    assert_true(pvm_addmhf(-1, 3, -1, handler_b) >= 0);
    assert_true(pvm_addmhf(-1, 4, -1, handler_b) >= 0);
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);
    assert_string_equal(seen, "a1 a2 b4 ");
    assert_true(pvm_nrecv(-1, 3) > 0);
}

static void a_handler_without_context_does_not_see_messages_between_libraries(void **state)
{
    struct pvmi_msgbuf *buf;

    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_addmhf(-1, 5, -1, handler_a) >= 0);
    arrive(5, PVMI_CONTEXT_GROUP);
    arrive(5, 77);
    assert_int_equal(pvm_nrecv(-1, 5), 0);
    assert_string_equal(seen, "a5 ");
    buf = pvmi_match_find(&pvmi_task.arrived, -1, 5, PVMI_CONTEXT_GROUP);
    assert_non_null(buf);
    assert_int_equal(pvm_addmhf(-1, -1, PVMI_CONTEXT_CONTROL, handler_a), PvmExists);
    assert_int_equal(pvm_addmhf(-1, (int)0x80030003, -1, handler_a), PvmExists);
    assert_int_equal(pvm_addmhf(-1, 7, 0, NULL), PvmBadParam);
}

static int context_inside;

static int changes_everything(int mid)
{
    context_inside = pvmmyctx;
    assert_int_equal(pvm_getrbuf(), mid);
    assert_int_equal(pvm_getsbuf(), 0);
    pvmmyctx = 99;
    assert_true(pvm_initsend(PvmDataRaw) > 0);
    pvm_setrbuf(pvm_mkbuf(PvmDataRaw));
    return 0;
}

static int buffers_in_use(void)
{
    int count = 0;

    for (int id = 1; id < 64; id++)
        count += pvmi_msgbuf_find(id) != NULL;
    return count;
}

static void context_and_buffers_are_put_back_and_what_was_left_is_freed(void **state)
{
    int send = pvm_initsend(PvmDataDefault);
    int receive;
    int before;

    (void)state;
    assert_true(pvm_mytid() > 0);
    arrive(1, 0);
    receive = pvm_recv(-1, 1);
    pvmmyctx = 3;
    assert_true(pvm_addmhf(PEER, 6, 8, changes_everything) >= 0);
    before = buffers_in_use();
    arrive(6, 8);
    assert_int_equal(pvm_probe(-1, 4711), 0);
    assert_int_equal(context_inside, 8);
    assert_int_equal(pvmmyctx, 3);
    assert_int_equal(pvm_getsbuf(), send);
    assert_int_equal(pvm_getrbuf(), receive);
    assert_int_equal(buffers_in_use(), before + 1);    /* its message, for it has made another one active */
}

static int frees_what_was_active(int mid)
{
    (void)mid;
    for (int id = 1; id < 64; id++) {
        if (pvmi_msgbuf_find(id) != NULL)
            assert_int_equal(pvm_freebuf(id), PvmOk);
    }
    return 0;
}

static void a_handler_may_free_the_buffers_that_were_active(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_true(pvm_addmhf(-1, 6, 0, frees_what_was_active) >= 0);
    arrive(6, 0);
    assert_int_equal(pvm_probe(-1, 4711), 0);
    assert_int_equal(pvm_getsbuf(), 0);
    assert_int_equal(pvm_getrbuf(), 0);
    assert_int_equal(buffers_in_use(), 0);
}

static int refused;

static int tries_to_wait(int mid)
{
    struct timeval some = { 0, 1 };

    (void)mid;
    refused = (pvm_recv(-1, 4711) == PvmNotImpl) + (pvm_trecv(-1, 4711, &some) == PvmNotImpl) +
              (pvm_pstat(CHILD_A) == PvmNotImpl) + (pvm_exit() == PvmNotImpl) + (pvm_nrecv(-1, 4711) == 0) +
              (pvm_barrier("g", 1) == PvmNotImpl);
    return 0;
}

static void what_would_wait_is_refused_in_a_handler_and_works_after_it(void **state)
{
    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_addmhf(-1, 6, 0, tries_to_wait) >= 0);
    arrive(6, 0);
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);
    assert_int_equal(refused, 6);
    assert_int_equal(pvm_exit(), PvmOk);
    assert_true(pvm_mytid() > 0);
    arrive(6, 0);
    assert_true(pvm_nrecv(-1, 6) > 0);    /* pvm_exit() has taken the handler away */
}

static void a_handler_waits_for_memory(void **state)
{
    struct pvmi_msgbuf *buf = NULL;
    int rc;

    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_addmhf(-1, 6, 0, handler_a) >= 0);
    for (int id = 0; id < 63; id++)
        assert_true(pvm_mkbuf(PvmDataRaw) > 0);    /* the table of ids has to grow for the next one */
    arrive(6, 0);
    pvmi_alloc_fail_nth(0);
    rc = pvmi_line_step(&buf);
    pvmi_alloc_fail_nth(-1);
    assert_int_equal(rc, PvmNoMem);
    assert_string_equal(seen, "");
    assert_int_equal(pvm_nrecv(-1, 4711), 0);
    assert_string_equal(seen, "a6 ");
}

static int forks(int mid)
{
    pid_t pid = fork();

    if (pid == 0) {
        setenv("PVMSOCK", "/nonexistent", 1);
        return 0;
    }
    refused = 0;
    waitpid(pid, &refused, 0);
    see('f', mid);
    return 0;
}

static void a_handler_may_fork(void **state)
{
    pid_t me = getpid();

    (void)state;
    assert_true(pvm_mytid() > 0);
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_true(pvm_addmhf(-1, 6, 0, forks) >= 0);
    arrive(6, 0);
    pvm_probe(-1, 4711);
    if (getpid() != me)
        _exit(pvm_getsbuf() == 0 && pvm_getrbuf() == 0 && pvm_mkbuf(0) == 1 && pvm_getsbuf() == 0 &&
                      pvm_mytid() == PvmSysErr
                  ? 7 : 8);
    assert_true(WIFEXITED(refused));
    assert_int_equal(WEXITSTATUS(refused), 7);
    assert_true(pvm_getsbuf() > 0);
    assert_string_equal(seen, "f6 ");
}

/* ---- pvm_recvf ---- */

static int shown;

/* Frees the first message that it is shown, and takes the one with tag 3. */
static int frees_the_first(int bufid, int tid, int msgtag)
{
    int tag;

    (void)tid;
    (void)msgtag;
    assert_int_equal(pvm_bufinfo(bufid, NULL, &tag, NULL), PvmOk);
    if (shown++ == 0) {
        assert_int_equal(pvm_freebuf(bufid), PvmOk);
        return 5;
    }
    return tag == 3 ? 2 : 0;
}

static void a_match_function_may_free_what_it_is_shown(void **state)
{
    int tag;

    (void)state;
    assert_true(pvm_mytid() > 0);
    for (int i = 1; i <= 3; i++)
        arrive(i, 0);
    arrive(3, PVMI_CONTEXT_GROUP);
    pvm_recvf(frees_the_first);
    assert_true(pvm_nrecv(-1, -1) > 0);
    pvm_recvf(NULL);
    pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
    assert_int_equal(tag, 3);
    assert_int_equal(shown, 3);
    assert_true(pvm_nrecv(-1, -1) > 0);
    pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
    assert_int_equal(tag, 2);
    assert_int_equal(pvm_nrecv(-1, -1), 0);
}

static char ranked[64];

static int ranks(int bufid, int tid, int msgtag)
{
    char text[16];
    int tag;

    (void)tid;
    (void)msgtag;
    assert_int_equal(pvm_bufinfo(bufid, NULL, &tag, NULL), PvmOk);
    snprintf(text, sizeof(text), "%d ", tag);
    strcat(ranked, text);
    return tag <= 2 ? 0 : tag;
}

static void a_match_function_is_asked_once_for_each_that_comes_up_to_the_first_it_takes(void **state)
{
    int tag;

    (void)state;
    ranked[0] = '\0';
    assert_true(pvm_mytid() > 0);
    for (int i = 1; i <= 4; i++)
        arrive(i, 0);
    pvm_recvf(ranks);
    assert_true(pvm_addmhf(-1, 1, -1, handler_a) >= 0);
    assert_true(pvm_recv(-1, -1) > 0);
    pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
    assert_int_equal(tag, 3);
    assert_string_equal(ranked, "2 3 ");
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);    /* 4 is queued */
    arrive(5, 0);
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);
    assert_true(pvm_recv(-1, -1) > 0);
    pvm_recvf(NULL);
    pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
    assert_int_equal(tag, 5);                       /* of those in the queue the highest rank */
    assert_string_equal(seen, "a1 ");
}

static int takes_all(int bufid, int tid, int msgtag)
{
    (void)bufid;
    (void)tid;
    (void)msgtag;
    return 1;
}

static void the_group_functions_choose_their_messages_themselves(void **state)
{
    int data[2] = { 1, 2 };

    (void)state;
    assert_true(pvm_mytid() > 0);
    pvm_recvf(takes_all);
    arrive(9, 0);
    assert_int_equal(pvm_gather(data, data, 1, PVM_INT, 9, "g", 0), PvmNoTask);    /* the other member has ended */
    assert_true(pvm_nrecv(-1, 9) > 0);
    pvm_recvf(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)

static int answers_by_message(int mid)
{
    see('m', mid);
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_send(PEER, 9), PvmOk);
    return 0;
}

static void a_message_that_comes_with_the_enrolment_waits_until_its_handler_can_send(void **state)
{
    (void)state;
    fake.early_tag = 8;
    assert_true(pvm_addmhf(PEER, 8, 0, answers_by_message) >= 0);
    assert_true(pvm_mytid() > 0);
    fake.early_tag = 0;
    assert_true(pvm_recv(PEER, 9) > 0);    /* what the handler has sent comes back */
    assert_string_equal(seen, "m8 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_of_one_arrival_find_their_handlers_one_after_the_other),
        TEST(a_receive_leaves_what_stands_behind_its_message_to_later_handlers),
        TEST(a_send_moves_on_by_one_message_when_there_are_handlers),
        TEST(a_handler_without_context_does_not_see_messages_between_libraries),
        TEST(context_and_buffers_are_put_back_and_what_was_left_is_freed),
        TEST(a_handler_may_free_the_buffers_that_were_active),
        TEST(what_would_wait_is_refused_in_a_handler_and_works_after_it),
        TEST(a_handler_waits_for_memory),
        TEST(a_message_that_comes_with_the_enrolment_waits_until_its_handler_can_send),
        TEST(a_handler_may_fork),
        TEST(a_match_function_may_free_what_it_is_shown),
        TEST(a_match_function_is_asked_once_for_each_that_comes_up_to_the_first_it_takes),
        TEST(the_group_functions_choose_their_messages_themselves),
    };

    return cmocka_run_group_tests_name("handler", tests, NULL, NULL);
}
