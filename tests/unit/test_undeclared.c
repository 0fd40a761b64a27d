/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that are exported and not declared; what PVM 3.4.6 does with them is in tests/compat/undeclared. */
#include "fake_daemon.h"
#include "libpvm/task.h"
#include "libpvm/undeclared.h"

static bool fake_control(int fd, const struct pvmi_control *control)
{
    (void)fd;
    return control->type == PVMI_MSG_option;
}

static void the_list_has_the_text_of_each_error(void **state)
{
    (void)state;
    assert_int_equal(pvm_nerr, 37);
    for (int i = 0; i < pvm_nerr; i++) {
        assert_non_null(pvm_errlist[i]);
        if (strcmp(pvmi_error_name(-i), "?") != 0)
            assert_string_equal(pvm_errlist[i], pvmi_error_text(-i));
    }
}

static void a_task_that_drops_its_connection_may_enrol_anew(void **state)
{
    int tid;

    (void)state;
    assert_int_equal(pvmmytid, -1);
    assert_int_equal(pvmendtask(), 0);
    assert_int_equal(pvmbeatask(), PvmOk);
    tid = pvmmytid;
    assert_int_equal(tid, pvmi_task_tid());
    assert_int_equal(pvmendtask(), 0);
    assert_int_equal(pvmmytid, -1);
    assert_int_equal(pvmi_task_tid(), 0);
    assert_true(pvm_mytid() > tid);
    assert_int_equal(pvmmytid, pvm_mytid());
}

static void without_a_daemon_the_refusal_is_not_reported(void **state)
{
    (void)state;
    fake_stop();
    assert_int_equal(pvmbeatask(), PvmSysErr);
    assert_int_equal(pvm_errno, PvmSysErr);
}

static void the_context_is_the_one_of_sends(void **state)
{
    (void)state;
    pvmmyctx = 4711;
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_send(pvm_mytid(), 3), PvmOk);
    pvmmyctx = 0;
    assert_int_equal(pvm_nrecv(-1, 3), 0);
    pvmmyctx = 4711;
    assert_true(pvm_nrecv(-1, 3) > 0);
    pvmmyctx = 0;
}

static void odd_arguments_do_no_harm(void **state)
{
    (void)state;
    assert_int_equal(lpvmerr(NULL, PvmNoMem), PvmNoMem);
    assert_int_equal(lpvmerr("x", 1234567890), 1234567890);
    assert_int_equal(lpvmerr("x", INT32_MIN), INT32_MIN);
    assert_int_equal(pvmsleep(0), 0);
    assert_int_equal(pvmsleep(-5), 0);
    assert_string_equal(pvmnametag(INT32_MIN, NULL), "-2147483648");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_list_has_the_text_of_each_error),
        TEST(a_task_that_drops_its_connection_may_enrol_anew),
        TEST(without_a_daemon_the_refusal_is_not_reported),
        TEST(the_context_is_the_one_of_sends),
        TEST(odd_arguments_do_no_harm),
    };

    return cmocka_run_group_tests_name("undeclared", tests, NULL, NULL);
}
