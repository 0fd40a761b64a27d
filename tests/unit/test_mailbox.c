/* SPDX-License-Identifier: BSD-3-Clause */
/* libpvm's half of the mailbox, of contexts and clocks: checks, what goes to the daemon, and what its answers become. */
#include "fake_answers.h"
#include "libpvm/call.h"
#include "libpvm/task.h"

static int numbers[100000];

static void fill(void)
{
    for (int i = 0; i < 100000; i++)
        numbers[i] = 7 * i + 1;
}

static void clear(void)
{
    memset(numbers, 0, sizeof(numbers));
}

static void assert_filled(int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(numbers[i], 7 * i + 1);
}

/* ---- what is refused ---- */

static void arguments_are_checked_first(void **state)
{
    int bufid = pvm_mkbuf(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_putinfo(NULL, bufid, 0), PvmBadParam);
    assert_int_equal(pvm_putinfo("", bufid, 0), PvmBadParam);
    assert_int_equal(pvm_putinfo("c", 0, 0), PvmBadParam);
    assert_int_equal(pvm_putinfo("c", -3, 0), PvmBadParam);
    assert_int_equal(pvm_recvinfo(NULL, 0, 0), PvmBadParam);
    assert_int_equal(pvm_recvinfo("", 0, 0), PvmBadParam);
    assert_int_equal(pvm_recvinfo("c", -1, 0), PvmBadParam);
    assert_int_equal(pvm_delinfo(NULL, 0, 0), PvmBadParam);
    assert_int_equal(pvm_delinfo("", 0, 0), PvmBadParam);
    assert_int_equal(pvm_delinfo("c", -1, 0), PvmBadParam);
    assert_int_equal(pvm_insert(NULL, 0, 0), PvmBadParam);
    assert_int_equal(pvm_insert("", 0, 0), PvmBadParam);
    assert_int_equal(pvm_insert("c", -2, 0), PvmBadParam);
    assert_int_equal(pvm_lookup(NULL, 0, NULL), PvmBadParam);
    assert_int_equal(pvm_lookup("", 0, NULL), PvmBadParam);
    assert_int_equal(pvm_lookup("c", -2, NULL), PvmBadParam);
    assert_int_equal(pvm_delete(NULL, 0), PvmBadParam);
    assert_int_equal(pvm_delete("", 0), PvmBadParam);
    assert_int_equal(pvm_delete("c", -1), PvmBadParam);
    assert_int_equal(pvm_archcode(NULL), PvmBadParam);
    assert_int_equal(pvmi_task_tid(), 0);    /* for none of it did it have to enrol */
    assert_int_equal(pvm_putinfo("c", 4711, 0), PvmNoSuchBuf);
    assert_non_null(strstr(pvm_errdetail(), "4711"));
    assert_int_equal(pvm_freebuf(bufid), PvmOk);
}

static void a_name_has_a_maximum(void **state)
{
    size_t length = PVMI_CONTROL_STRING_MAX + 1;
    char *name = malloc(length + 1);

    (void)state;
    assert_non_null(name);
    memset(name, 'n', length);
    name[length] = '\0';
    assert_int_equal(pvm_delinfo(name, 0, 0), PvmBadParam);
    name[length - 1] = '\0';
    assert_int_equal(pvm_delinfo(name, 3, 0), 3);
    free(name);
}

static void a_message_that_is_too_long_names_the_limit(void **state)
{
    size_t length = PVMI_MAILBOX_ENTRY_MAX + 1;
    char *bytes = calloc(1, length);

    (void)state;
    assert_non_null(bytes);
    pvm_mytid();
    pvm_initsend(PvmDataInPlace);
    assert_int_equal(pvm_pkbyte(bytes, (int)length, 1), PvmOk);
    assert_int_equal(pvm_putinfo("c", pvm_getsbuf(), 0), PvmNoMem);
    assert_non_null(strstr(pvm_errdetail(), "64 MiB"));
    free(bytes);
}

static void the_daemons_errors_come_through(void **state)
{
    int value = 5;

    (void)state;
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_putinfo("taken", pvm_getsbuf(), 0), PvmDenied);
    assert_string_equal(pvm_errdetail(), "beta: another's");
    assert_int_equal(pvm_recvinfo("none", 0, 0), PvmNotFound);
    assert_int_equal(pvm_recvinfo("taken", 0, PvmMboxReadAndDelete), PvmDenied);
    assert_int_equal(pvm_delinfo("none", 0, 0), PvmNotFound);
    assert_int_equal(pvm_delinfo("taken", 0, 0), PvmDenied);
    assert_int_equal(pvm_insert("taken", 0, 1), PvmDenied);
    assert_int_equal(pvm_lookup("none", 0, &value), PvmNotFound);
    assert_int_equal(pvm_delete("none", 0), PvmNotFound);
    assert_int_equal(pvm_delete("taken", 0), PvmDenied);
    assert_int_equal(value, 5);
}

/* ---- what goes and what comes ---- */

static void flags_tell_the_index(void **state)
{
    int bufid = pvm_initsend(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_putinfo("c", bufid, 0), 0);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_PUT);
    assert_int_equal(pvm_putinfo("c", bufid, PvmMboxDirectIndex(9) | PvmMboxPersistent), 9);
    assert_int_equal(asked.numbers[2], 9 << 10 | 1);
    assert_int_equal(pvm_putinfo("c", bufid, -1), 2097151);
    assert_string_equal(asked.text[0], "c");
    assert_int_equal(pvm_getsbuf(), bufid);
}

static void a_message_comes_back_as_it_was(void **state)
{
    struct pvmminfo info;
    int value;

    (void)state;
    fill();
    for (int count = 0; count <= 100000; count = count * 10 + 1) {
        for (int encoding = PvmDataDefault; encoding <= PvmDataInPlace; encoding++) {
            int bufid = pvm_initsend(encoding);

            assert_int_equal(pvm_pkint(numbers, count, 1), PvmOk);
            pvm_setminfo(bufid, &(struct pvmminfo){ .ctx = 3, .tag = 4, .wid = 5, .src = FAKE_TID, .dst = 6 });
            assert_int_equal(pvm_putinfo("c", bufid, 0), 0);
            assert_int_equal(asked.numbers[4], 1 + (asked.numbers[3] - 1) / (int)PVMI_MAILBOX_PIECE);
            assert_int_equal(pvm_getsbuf(), bufid);
            if (encoding == PvmDataInPlace)
                clear();    /* it was copied */
            int got = pvm_recvinfo("c", 0, PvmMboxFirstAvail);
            assert_true(got > 0);
            assert_int_equal(pvm_getrbuf(), got);
            assert_int_equal(pvm_getminfo(got, &info), PvmOk);
            assert_int_equal(info.ctx, 3);
            assert_int_equal(info.tag, 4);
            assert_int_equal(info.wid, 5);
            assert_int_equal(info.src, FAKE_TID);
            assert_int_equal(info.dst, 6);
            clear();
            assert_int_equal(pvm_upkint(numbers, count, 1), PvmOk);
            assert_filled(count);
            assert_int_equal(pvm_upkint(&value, 1, 1), PvmNoData);
            fill();
        }
    }
}

static void a_put_seals_what_it_has_sent(void **state)
{
    int one = 1, two = 2, values[2];
    int bufid = pvm_initsend(PvmDataDefault);

    (void)state;
    pvm_pkint(&one, 1, 1);
    assert_int_equal(pvm_putinfo("c", bufid, 0), 0);
    assert_true(pvm_recvinfo("c", 0, 0) > 0);
    pvm_pkint(&two, 1, 1);
    assert_int_equal(pvm_upkint(values, 2, 1), PvmNoData);
    assert_int_equal(pvm_putinfo("c", bufid, 0), 0);
    assert_true(pvm_recvinfo("c", 0, 0) > 0);
    assert_int_equal(pvm_upkint(values, 2, 1), PvmOk);
    assert_int_equal(values[1], 2);
}

static void a_recvinfo_that_finds_nothing_leaves_no_buffer(void **state)
{
    int old;

    (void)state;
    pvm_initsend(PvmDataDefault);
    pvm_putinfo("c", pvm_getsbuf(), 0);
    old = pvm_recvinfo("c", 0, 0);
    assert_int_equal(pvm_recvinfo("none", 0, 0), PvmNotFound);
    assert_int_equal(pvm_getrbuf(), 0);
    assert_int_equal(pvm_bufinfo(old, NULL, NULL, NULL), PvmNoSuchBuf);
}

static void what_comes_damaged_is_an_error(void **state)
{
    (void)state;
    fill();
    pvm_initsend(PvmDataRaw);
    pvm_pkint(numbers, 50000, 1);
    assert_int_equal(pvm_putinfo("c", pvm_getsbuf(), 0), 0);
    for (int fault = MAILBOX_TOO_MUCH; fault <= MAILBOX_HUGE; fault++) {
        mailbox.fault = (enum mailbox_fault)fault;
        assert_int_equal(pvm_recvinfo("c", 0, 0), PvmBadMsg);
        assert_non_null(strstr(pvm_errdetail(), "damaged"));
        assert_int_equal(pvm_getrbuf(), 0);
    }
    mailbox.fault = MAILBOX_NO_NAME;
    assert_int_equal(pvm_getmboxinfo("", NULL, NULL), PvmBadMsg);
    mailbox.fault = MAILBOX_GOOD;
    assert_true(pvm_recvinfo("c", 0, 0) > 0);
}

static void the_old_mailbox_has_ints(void **state)
{
    int value = 0, bufid;
    double real = 1.5;

    (void)state;
    assert_int_equal(pvm_insert("c", -1, 42), 0);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_INSERT);
    assert_int_equal(asked.numbers[1], -1);
    assert_int_equal(asked.numbers[2], PvmMboxPersistent | PvmMboxMultiInstance);
    pvm_initsend(PvmDataDefault);
    bufid = pvm_mkbuf(PvmDataDefault);
    pvm_setrbuf(bufid);
    assert_int_equal(pvm_lookup("c", 6, &value), 6);
    assert_int_equal(value, 42);
    assert_int_equal(asked.numbers[2], PvmMboxDefault);
    assert_int_equal(pvm_lookup("c", -1, NULL), 0);
    assert_int_equal(asked.numbers[2], PvmMboxFirstAvail);
    assert_int_equal(pvm_getrbuf(), bufid);
    assert_int_equal(pvm_delete("c", 6), 6);
    pvm_putinfo("c", pvm_getsbuf(), 0);    /* an empty message */
    assert_int_equal(pvm_lookup("c", 0, &value), PvmNoData);
    pvm_pkdouble(&real, 1, 1);
    pvm_putinfo("c", pvm_getsbuf(), 0);
    assert_int_equal(pvm_lookup("c", 0, &value), PvmBadMsg);
    assert_int_equal(pvm_lookup("c", 0, NULL), 0);
    assert_int_equal(value, 42);
}

static void classes_are_listed_with_their_entries(void **state)
{
    struct pvmmboxinfo *classes;
    int count;

    (void)state;
    assert_int_equal(pvm_getmboxinfo("o*", &count, &classes), PvmOk);
    assert_string_equal(asked.text[0], "o*");
    assert_int_equal(count, 2);
    assert_string_equal(classes[0].mi_name, "one");
    assert_int_equal(classes[0].mi_nentries, 3);
    assert_int_equal(classes[0].mi_indices[2], 8);
    assert_int_equal(classes[0].mi_owners[1], FAKE_TID);
    assert_int_equal(classes[0].mi_flags[1], 3);
    assert_string_equal(classes[1].mi_name, "two");
    assert_int_equal(classes[1].mi_nentries, 1);
    assert_int_equal(classes[1].mi_indices[0], 4);
    assert_int_equal(classes[1].mi_owners[0], CHILD_A);
    assert_int_equal(pvm_getmboxinfo(NULL, NULL, NULL), PvmOk);
    assert_int_equal(pvm_getmboxinfo("", &count, NULL), PvmOk);
}

/* ---- reset ---- */

static void noreset_is_an_entry_of_its_own(void **state)
{
    int *tids;
    int count;

    (void)state;
    assert_int_equal(pvm_setopt(PvmNoReset, 1), PvmBadParam);    /* it is no task */
    pvm_mytid();
    assert_int_equal(pvm_setopt(PvmNoReset, 0), 0);
    assert_int_equal(pvm_setopt(PvmNoReset, 3), 0);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_PUT);
    assert_int_equal(asked.numbers[2], PvmMboxMultiInstance);
    assert_string_equal(asked.text[0], PVMNORESETCLASS);
    memset(&asked, 0, sizeof(asked));
    assert_int_equal(pvm_setopt(PvmNoReset, 1), 3);
    assert_int_equal(asked.type, 0);    /* it has one */
    assert_int_equal(pvm_setopt(PvmNoReset, 0), 1);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_DELETE);
    assert_int_equal(pvm_getopt(PvmNoReset), 0);
    assert_int_equal(pvm_getnoresets(&tids, &count), PvmOk);    /* two of one task, one of nobody */
    assert_int_equal(count, 1);
    assert_int_equal(tids[0], FAKE_TID);
    assert_int_equal(pvm_getnoresets(NULL, NULL), PvmOk);
    pvm_setopt(PvmNoReset, 1);
    pvm_exit();
    pvm_mytid();
    memset(&asked, 0, sizeof(asked));
    assert_int_equal(pvm_setopt(PvmNoReset, 1), 1);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_PUT);    /* that of the task before has gone with it */
    pvm_setopt(PvmNoReset, 0);
}

static void reset_ends_who_is_not_spared(void **state)
{
    (void)state;
    pvm_mytid();
    assert_int_equal(pvmreset(pvm_mytid(), 1, NULL, -1), PvmOk);
    assert_int_equal(asked.numbers[0], PVMI_MAILBOX_RESET);
    assert_int_equal(asked.numbers[1], -1);
    assert_string_equal(asked.text[0], "(null)");
    assert_int_equal(asked.count, 1);    /* the only task that there is */
    assert_int_equal(pvmreset(CHILD_A, 1, "", -5), PvmOk);
    assert_int_equal(asked.count, 0);
    assert_int_equal(pvmreset(pvm_mytid(), 0, "c", 4), PvmOk);
    assert_int_equal(asked.count, 0);
    assert_int_equal(asked.numbers[1], 4);
    assert_string_equal(asked.text[0], "c");
}

/* ---- contexts, clocks ---- */

static void contexts_are_asked_for_and_given_back(void **state)
{
    (void)state;
    assert_int_equal(pvm_newcontext(), 0x40007);
    assert_int_equal(pvm_freecontext(0x40007), PvmOk);
    assert_int_equal(pvm_freecontext(5), PvmNotFound);
    assert_int_equal(pvm_freecontext(0), 0x40007);
    assert_int_equal(pvm_setcontext(9), 0);
    assert_int_equal(pvm_getcontext(), 9);
    assert_int_equal(pvm_setcontext(-1), 9);
    assert_int_equal(pvm_setcontext(0), -1);
}

static void contexts_need_no_daemon(void **state)
{
    (void)state;
    fake_stop();
    assert_int_equal(pvm_setcontext(9), 0);
    assert_int_equal(pvm_getcontext(), 9);
    assert_int_equal(pvm_setcontext(0), 9);
    assert_int_equal(pvm_newcontext(), PvmSysErr);
}

static void without_a_daemon_nobody_is_spared(void **state)
{
    int dummy, count = 5;
    int *tids = &dummy;

    (void)state;
    fake_stop();
    assert_int_equal(pvm_getnoresets(&tids, &count), PvmSysErr);
    assert_int_equal(count, 0);
    assert_null(tids);
    assert_int_equal(pvm_setopt(PvmNoReset, 1), PvmBadParam);
    assert_non_null(strstr(pvm_errdetail(), "pvm_mytid"));
}

static void clocks_are_compared(void **state)
{
    struct timeval clk, delta, now;

    (void)state;
    gettimeofday(&now, NULL);
    assert_int_equal(pvm_hostsync(CHILD_B, &clk, &delta), PvmOk);
    assert_int_equal(asked.numbers[0], CHILD_B);
    assert_true(clk.tv_sec == ((time_t)3 << 30) + 5);
    assert_int_equal(clk.tv_usec, 250000);
    assert_in_range(delta.tv_usec, 0, 999999);
    assert_true(delta.tv_sec >= now.tv_sec - clk.tv_sec - 1);
    assert_true(delta.tv_sec <= now.tv_sec - clk.tv_sec + 60);
    assert_int_equal(pvm_hostsync(CHILD_B, NULL, NULL), PvmOk);
}

static void architectures_have_a_signature(void **state)
{
    (void)state;
    assert_int_equal(pvm_archcode("SUN4"), 9);
    assert_int_equal(pvm_archcode("LINUX64"), 7);
    assert_int_equal(pvm_archcode("VAX"), PvmNotFound);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arguments_are_checked_first),
        TEST(a_name_has_a_maximum),
        TEST(a_message_that_is_too_long_names_the_limit),
        TEST(the_daemons_errors_come_through),
        TEST(flags_tell_the_index),
        TEST(a_message_comes_back_as_it_was),
        TEST(a_put_seals_what_it_has_sent),
        TEST(a_recvinfo_that_finds_nothing_leaves_no_buffer),
        TEST(what_comes_damaged_is_an_error),
        TEST(the_old_mailbox_has_ints),
        TEST(classes_are_listed_with_their_entries),
        TEST(noreset_is_an_entry_of_its_own),
        TEST(reset_ends_who_is_not_spared),
        TEST(contexts_are_asked_for_and_given_back),
        TEST(contexts_need_no_daemon),
        TEST(without_a_daemon_nobody_is_spared),
        TEST(clocks_are_compared),
        TEST(architectures_have_a_signature),
    };

    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
