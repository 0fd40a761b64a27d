/* SPDX-License-Identifier: BSD-3-Clause */
/* What the API asks of the daemon, and what becomes of its answers. */
#include <signal.h>
#include <sys/time.h>

#include "fake_answers.h"
#include "libpvm/request.h"
#include "libpvm/task.h"

/* Waits until the daemon has taken all that was sent before: for messages that are not answered. */
static void round_trip(void)
{
    struct pvmi_msg_siblings_query query = { 0 };

    assert_int_equal(pvmi_request_value(PVMI_MSG_siblings_query, &query), PvmOk);
}

/* ---- tasks ---- */

static void pstat_knows_who_lives(void **state)
{
    (void)state;
    assert_int_equal(pvm_pstat(CHILD_A), PvmOk);
    assert_int_equal(pvm_pstat(CHILD_B), PvmNoTask);
    assert_int_equal(pvm_pstat(0), PvmBadParam);
    assert_int_equal(pvm_pstat(-1), PvmBadParam);
    assert_int_equal(pvm_pstat(0x40000), PvmBadParam);
}

static void what_arrives_during_a_request_is_queued(void **state)
{
    (void)state;
    assert_int_equal(pvm_kill(CHILD_A), PvmOk);
    assert_int_equal(asked.numbers[0], CHILD_A);
    assert_int_equal(asked.numbers[1], 15);
    assert_true(pvm_nrecv(0x40099, 7) > 0);
    assert_int_equal(pvm_sendsig(0x40000, 9), PvmBadParam);
}

static void spawn_puts_the_started_first_and_keeps_the_reason(void **state)
{
    char *argv[] = { "one", NULL };
    int tids[3];

    (void)state;
    pvm_mytid();
    pvm_export("PVM_TEST_A");
    pvm_export("PVM_TEST_UNSET");
    setenv("PVM_TEST_A", "b:c", 1);
    setenv("PVMTASK", "4", 1);
    pvmmyctx = 3;
    assert_int_equal(pvm_spawn("worker", argv, PvmTaskHost, "beta:/tmp", 3, tids), 2);
    assert_int_equal(tids[0], CHILD_A);
    assert_int_equal(tids[1], CHILD_B);
    assert_int_equal(tids[2], PvmNoHost);
    assert_string_equal(pvm_errdetail(), "beta: gone meanwhile");
    assert_string_equal(pvm_errdetail_item(2), "beta: gone meanwhile");
    assert_string_equal(pvm_errdetail_item(0), "");
    assert_string_equal(asked.text[0], "beta");
    assert_string_equal(asked.text[1], "/tmp");
    assert_string_equal(asked.text[2], "one");
    assert_string_equal(asked.text[3], "PVM_EXPORT=PVM_TEST_A:PVM_TEST_UNSET");
    assert_string_equal(asked.text[4], "PVM_TEST_A=b:c");
    assert_int_equal(asked.text[5][0], '/');
    assert_int_equal(asked.count, 2);
    assert_int_equal(asked.numbers[0], PvmTaskHost | 4);
    assert_int_equal(asked.numbers[2], 3);
    pvmmyctx = 0;
    unsetenv("PVMTASK");
    unsetenv("PVM_EXPORT");
    assert_int_equal(pvm_spawn("worker", NULL, 0, NULL, 3, NULL), 2);
    assert_string_equal(asked.text[1], "(null)");
    assert_int_equal(asked.count, 0);
    assert_int_equal(pvm_spawn("worker", NULL, 0, NULL, 0, NULL), PvmBadParam);
    assert_string_equal(pvm_errdetail_item(2), "");
    assert_int_equal(pvm_spawn("", NULL, 0, NULL, 2, tids), 0);
    assert_int_equal(tids[1], PvmNoFile);
    assert_string_equal(pvm_errdetail_item(1), "the program has no name");
}

static void export_edits_a_list_of_names(void **state)
{
    (void)state;
    unsetenv("PVM_EXPORT");
    pvm_unexport("A");
    assert_null(getenv("PVM_EXPORT"));
    pvm_export("A");
    pvm_export("B");
    pvm_export("A");
    pvm_export("");
    assert_string_equal(getenv("PVM_EXPORT"), "A:B");
    pvm_unexport("B");
    pvm_unexport("B");
    assert_string_equal(getenv("PVM_EXPORT"), "A");
    pvm_unexport("A");
    assert_string_equal(getenv("PVM_EXPORT"), "");
    unsetenv("PVM_EXPORT");
}

static void siblings_of_a_program_started_by_hand_are_itself(void **state)
{
    int *tids;

    (void)state;
    assert_int_equal(pvm_siblings(&tids), 1);
    assert_int_equal(tids[0], FAKE_TID);
}

static void tasks_come_as_the_daemon_says(void **state)
{
    struct pvmtaskinfo *tasks;
    int count;

    (void)state;
    assert_int_equal(pvm_tasks(0, &count, &tasks), PvmOk);
    assert_int_equal(count, 1);
    assert_int_equal(tasks[0].ti_tid, CHILD_A);
    assert_string_equal(tasks[0].ti_a_out, "worker");
    assert_int_equal(tasks[0].ti_pid, 99);
    assert_int_equal(pvm_tasks(0xfc0000, &count, &tasks), PvmNoHost);
    assert_int_equal(count, 0);
    assert_int_equal(pvm_tasks(0, NULL, NULL), PvmOk);
}

/* ---- hosts ---- */

static void config_counts_hosts_and_formats(void **state)
{
    struct pvmhostinfo *hosts;
    int hosts_count;
    int formats;

    (void)state;
    assert_int_equal(pvm_config(&hosts_count, &formats, &hosts), PvmOk);
    assert_int_equal(hosts_count, 3);
    assert_int_equal(formats, 2);
    assert_int_equal(hosts[2].hi_tid, 0x100000);
    assert_string_equal(hosts[1].hi_name, "beta");
    assert_string_equal(hosts[1].hi_arch, "SUN4");
    assert_int_equal(hosts[1].hi_speed, 500);
    assert_int_equal(pvm_config(NULL, NULL, NULL), PvmOk);
    assert_int_equal(pvm_tidtohost(CHILD_B), 0x80000);
}

static int progress_index;
static int progress_inside;

static void on_progress(int index, const char *name, int info, void *user)
{
    assert_string_equal(name, "beta");
    assert_int_equal(info, 0x80000);
    progress_index = index;
    progress_inside = pvm_pstat(CHILD_A);    /* it may call the library */
    *(int *)user += 1;
}

static void addhosts_reports_progress_and_reasons(void **state)
{
    char *lines[] = { "beta zz=1", "beta" };
    int infos[2];
    int reports = 0;

    (void)state;
    assert_int_equal(pvm_addhosts_progress(lines, 2, infos, on_progress, &reports), 1);
    assert_int_equal(reports, 1);
    assert_int_equal(progress_index, 1);
    assert_int_equal(progress_inside, PvmOk);
    assert_int_equal(infos[0], PvmBadParam);
    assert_int_equal(infos[1], 0x80000);
    assert_string_equal(pvm_errdetail(), "column 6: unknown option zz");
    assert_string_equal(pvm_errdetail_item(0), "column 6: unknown option zz");
    assert_string_equal(pvm_errdetail_item(1), "");
    assert_int_equal(pvm_addhosts(lines, 2, NULL), 1);
    assert_int_equal(pvm_addhosts(lines, 0, infos), PvmBadParam);
    assert_int_equal(pvm_addhosts(NULL, 1, infos), PvmBadParam);
    assert_int_equal(pvm_addhosts(lines, 4096, infos), PvmBadParam);
    assert_int_equal(pvm_delhosts(lines, 0, infos), PvmBadParam);
}

static void mstat_checks_the_name(void **state)
{
    (void)state;
    assert_int_equal(pvm_mstat("alpha"), PvmOk);
    assert_int_equal(pvm_mstat("omega"), PvmNoHost);
    assert_int_equal(pvm_mstat(""), PvmBadParam);
    assert_int_equal(pvm_mstat(NULL), PvmBadParam);
}

static void start_pvmd_says_that_one_runs(void **state)
{
    (void)state;
    assert_int_equal(pvm_start_pvmd(0, NULL, 0), PvmDupHost);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_start_pvmd(0, NULL, 1), PvmDupHost);
    assert_int_equal(pvm_start_pvmd(-1, NULL, 1), PvmBadParam);
}

/* ---- notify and options ---- */

static void notify_checks_and_tells_the_daemon(void **state)
{
    int tids[2] = { CHILD_A, CHILD_B };
    int bad = -1;

    (void)state;
    pvm_mytid();
    assert_int_equal(pvm_notify(PvmTaskExit, 9, 2, tids), PvmOk);
    assert_int_equal(pvm_notify(PvmRouteAdd, 9, -1, NULL), PvmOk);
    assert_int_equal(pvm_notify(PvmTaskExit, 9, 1, &bad), PvmBadParam);
    assert_int_equal(pvm_notify(PvmTaskExit, -1, 2, tids), PvmBadParam);
    assert_int_equal(pvm_notify(PvmTaskExit, 9, 0, tids), PvmBadParam);
    assert_int_equal(pvm_notify(PvmTaskExit | 512, 9, 2, tids), PvmBadParam);
    assert_int_equal(pvm_notify(0, 9, 2, tids), PvmBadParam);
    assert_int_equal(pvm_notify(PvmHostDelete | PvmNotifyCancel, 8, 1, &bad), PvmOk);
    assert_int_equal(pvm_notify(PvmHostAdd, 7, -1, NULL), PvmOk);
    round_trip();
    assert_int_equal(asked.numbers[1], 7);
    assert_int_equal(asked.numbers[3], -1);
    assert_int_equal(asked.count, 0);
}

static void a_long_list_of_tids_is_asked_for_in_parts(void **state)
{
    const int count = 150000;
    int *tids = malloc((size_t)count * sizeof(*tids));

    (void)state;
    for (int i = 0; i < count; i++)
        tids[i] = CHILD_A;
    assert_int_equal(pvm_notify(PvmTaskExit, 9, count, tids), PvmOk);
    round_trip();
    assert_int_equal(asked.count, count - 2 * 65536);
    assert_int_equal(asked.numbers[3], asked.count);
    free(tids);
}

static void a_route_that_does_not_exist_is_told_at_once(void **state)
{
    int tids[2] = { CHILD_A, CHILD_B };
    int values[2];

    (void)state;
    assert_int_equal(pvm_notify(PvmRouteDelete, 9, 2, tids), PvmOk);
    for (int i = 0; i < 2; i++) {
        assert_true(pvm_nrecv(pvm_mytid(), 9) > 0);
        assert_int_equal(pvm_upkint(values, 2, 1), PvmOk);
        assert_int_equal(values[0], tids[i]);
        assert_int_equal(values[1], -1);
    }
}

static void options_take_what_the_reference_says(void **state)
{
    (void)state;
    assert_int_equal(pvm_getopt(PvmRoute), PvmAllowDirect);
    assert_int_equal(pvm_setopt(PvmRoute, 0), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmRoute, 4), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmRoute, PvmDontRoute), PvmAllowDirect);
    assert_int_equal(pvm_setopt(PvmRoute, PvmAllowDirect), PvmDontRoute);
    assert_int_equal(pvm_setopt(PvmFragSize, 51), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmFragSize, 52), 4080);
    assert_int_equal(pvm_setopt(PvmFragSize, 4080), 52);
    assert_int_equal(pvm_setopt(PvmTraceOptions, 4), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmPollType, 1), PvmNotImpl);
    assert_int_equal(pvm_getopt(PvmPollType), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmSelfOutputContext, 1), PvmNotImpl);
    assert_int_equal(pvm_getopt(0), PvmBadParam);
    assert_int_equal(pvm_getopt(26), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmNoReset, 1), PvmBadParam);
    assert_int_equal(pvm_setopt(PvmOutputTid, 0x40055), PvmBadParam);
    assert_int_equal(pvm_mytid(), FAKE_TID);
    assert_int_equal(pvm_setopt(PvmOutputTid, FAKE_TID), 0);
    assert_int_equal(pvm_setopt(PvmOutputCode, -7), 0);
    assert_int_equal(pvm_setopt(PvmOutputCode, 0), -7);
    assert_int_equal(pvm_setopt(PvmOutputTid, 0), FAKE_TID);
    assert_int_equal(pvm_setopt(PvmNoReset, 1), 0);
    assert_int_equal(pvm_setopt(PvmNoReset, 0), 1);
}

static void own_output_is_told_to_the_daemon(void **state)
{
    (void)state;
    assert_int_equal(pvm_setopt(PvmSelfOutputCode, 5), 0);
    assert_int_equal(pvm_getopt(PvmSelfOutputCode), 0);
    assert_int_equal(pvm_setopt(PvmSelfOutputTid, CHILD_A), 0);
    round_trip();
    assert_int_equal(asked.numbers[0], CHILD_A);
    assert_int_equal(pvm_getopt(PvmOutputTid), CHILD_A);
    assert_int_equal(pvm_setopt(PvmSelfOutputCode, 5), 0);
    assert_int_equal(pvm_getopt(PvmOutputCode), 5);
    assert_int_equal(pvm_setopt(PvmSelfOutputTid, -1), CHILD_A);
    assert_int_equal(pvm_getopt(PvmSelfOutputTid), -1);
}

/* ---- output ---- */

static void caught_output_comes_in_lines_and_exit_waits_for_it(void **state)
{
    char text[1024];
    size_t length;
    FILE *file = tmpfile();

    (void)state;
    pvm_setopt(PvmShowTids, 1);
    assert_int_equal(pvm_catchout(file), PvmOk);
    assert_int_equal(pvm_getopt(PvmOutputTid), FAKE_TID);
    assert_int_equal(pvm_getopt(PvmOutputContext), PVMI_CONTEXT_CONTROL);
    assert_int_equal(pvm_spawn("caught", NULL, 0, NULL, 3, NULL), 2);
    assert_int_equal(asked.numbers[1], FAKE_TID);
    assert_int_equal(pvm_exit(), PvmOk);
    rewind(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    assert_string_equal(text, "[t40081] BEGIN\n[t40081] one\n[t40081] two\n[t80082] BEGIN\n[t40081] three\n"
                              "[t40081] last\n[t40081] EOF\n[t80082] \n[t80082] EOF\n");
    assert_int_equal(pvm_getopt(PvmOutputTid), 0);
    assert_int_equal(pvm_catchout(NULL), PvmOk);
    fclose(file);
}

static void without_showtids_only_the_lines_come(void **state)
{
    char text[1024];
    size_t length;
    FILE *file = tmpfile();

    (void)state;
    pvm_setopt(PvmShowTids, 0);
    assert_int_equal(pvm_catchout(file), PvmOk);
    assert_int_equal(pvm_spawn("caught", NULL, 0, NULL, 3, NULL), 2);
    assert_int_equal(pvm_exit(), PvmOk);
    pvm_setopt(PvmShowTids, 1);
    rewind(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    assert_string_equal(text, "one\ntwo\nthree\nlast\n\n");
    pvm_catchout(NULL);
    fclose(file);
}

/* ---- groups ---- */

static void groups_need_a_name(void **state)
{
    (void)state;
    assert_int_equal(pvm_joingroup(""), PvmNullGroup);
    assert_int_equal(pvm_joingroup(NULL), PvmNullGroup);
    assert_int_equal(pvm_lvgroup(""), PvmNullGroup);
    assert_int_equal(pvm_gsize(NULL), PvmNullGroup);
    assert_int_equal(pvm_getinst("", 1), PvmNullGroup);
    assert_int_equal(pvm_gettid("", 1), PvmNullGroup);
    assert_int_equal(pvm_barrier("", 1), PvmNullGroup);
    assert_int_equal(pvm_bcast("", 1), PvmNullGroup);
    assert_int_equal(pvm_freezegroup("", 1), PvmNullGroup);
}

static void group_functions_ask_the_daemon(void **state)
{
    (void)state;
    assert_int_equal(pvm_joingroup("g"), 0);
    assert_int_equal(asked.numbers[0], PVMI_GROUP_JOIN);
    assert_string_equal(asked.text[0], "g");
    assert_int_equal(pvm_gsize("g"), 2);
    assert_int_equal(pvm_gsize("none"), PvmNoGroup);
    assert_string_equal(pvm_errdetail(), "beta: no such group");
    assert_int_equal(pvm_getinst("g", 77), 0);
    assert_int_equal(asked.numbers[1], 77);
    assert_int_equal(pvm_barrier("g", -1), PvmOk);
    assert_int_equal(asked.numbers[1], -1);
    assert_int_equal(pvm_barrier("none", 1), PvmNoGroup);
}

static sigjmp_buf way_out;

static void on_alarm(int signum)
{
    (void)signum;
    siglongjmp(way_out, 1);
}

static void a_signal_handler_may_jump_out_of_a_barrier(void **state)
{
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval soon = { .it_value = { 0, 20000 } };

    (void)state;
    pvm_mytid();
    sigaction(SIGALRM, &action, NULL);
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(way_out, 1) == 0) {
            setitimer(ITIMER_REAL, &soon, NULL);
            pvm_barrier("never", 2);
            fail();
        }
        assert_int_equal(pvm_gsize("g"), 2);
    }
    assert_int_equal(pvm_exit(), PvmOk);
}

static void a_frozen_group_is_known_here(void **state)
{
    (void)state;
    assert_int_equal(pvm_freezegroup("g", 2), 2);
    asked.type = 0;
    assert_int_equal(pvm_gsize("g"), 2);
    assert_int_equal(pvm_gettid("g", 1), 0x40099);
    assert_int_equal(pvm_gettid("g", 2), PvmNoInst);
    assert_int_equal(pvm_gettid("g", -1), PvmNoInst);
    assert_int_equal(pvm_getinst("g", 0x40099), 1);
    assert_int_equal(pvm_getinst("g", 0), PvmNotInGroup);
    assert_int_equal(asked.type, 0);
    assert_int_equal(pvm_lvgroup("g"), PvmOk);
    pvm_gsize("g");
    assert_int_equal(asked.type, PVMI_MSG_group);
}

static void bcast_goes_to_all_others(void **state)
{
    (void)state;
    pvm_initsend(PvmDataDefault);
    assert_int_equal(pvm_bcast("none", 1), PvmNoGroup);
    assert_int_equal(pvm_bcast("alone", 1), PvmNoInst);
    assert_int_equal(pvm_bcast("g", -1), PvmBadParam);
    assert_int_equal(pvm_bcast("g", 3), PvmOk);
    assert_true(pvm_recv(0x40099, 3) > 0);
    pvm_freebuf(pvm_getsbuf());
    assert_int_equal(pvm_bcast("g", 3), PvmNoBuf);
}

/* The echo sends back what the root of a scatter has sent: a gather and a reduce find a member's part. */
static void collectives_find_the_parts_of_members(void **state)
{
    int data[4] = { 1, 2, 30, 40 };
    int result[4] = { 0, 0, 0, 0 };

    (void)state;
    assert_int_equal(pvm_scatter(result, data, 2, PVM_INT, 5, "g", 0), PvmOk);
    assert_int_equal(result[0], 1);
    assert_int_equal(result[1], 2);
    assert_int_equal(pvm_gather(result, data, 2, PVM_INT, 5, "g", 0), PvmOk);
    assert_memory_equal(result, data, sizeof(data));

    assert_int_equal(pvm_scatter(result, data, 2, PVM_INT, 6, "g", 0), PvmOk);
    assert_int_equal(pvm_reduce(PvmSum, result, 2, PVM_INT, 6, "g", 0), PvmOk);
    assert_int_equal(result[0], 31);
    assert_int_equal(result[1], 42);
}

static void a_member_that_has_ended_ends_the_call(void **state)
{
    int data[4] = { 1, 2, 3, 4 };
    int result[4];

    (void)state;
    assert_int_equal(pvm_gather(result, data, 2, PVM_INT, 5, "g", 0), PvmNoTask);
    assert_non_null(strstr(pvm_errdetail(), "t40099"));
    assert_int_equal(pvm_reduce(PvmMax, data, 2, PVM_INT, 5, "g", 0), PvmNoTask);
    assert_int_equal(pvm_scatter(result, data, 2, PVM_INT, 5, "g", 1), PvmNoTask);
}

static void collectives_check_their_arguments(void **state)
{
    int data[4] = { 0 };

    (void)state;
    assert_int_equal(pvm_gather(data, NULL, 1, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_gather(NULL, data, 1, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_gather(data, data, 0, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_gather(data, data, 1, PVM_UINT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_gather(data, data, 1, PVM_INT, 1, "none", 0), PvmNoGroup);
    assert_int_equal(pvm_gather(data, data, 1, PVM_INT, 1, "", 0), PvmNullGroup);
    assert_int_equal(pvm_gather(data, data, 1, PVM_INT, 1, "g", 8), PvmNoInst);
    assert_int_equal(pvm_gather(data, data, 1, PVM_INT, 1, "holes", 0), PvmNoInst);
    assert_int_equal(pvm_scatter(NULL, data, 1, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_scatter(data, NULL, 1, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_scatter(data, data, -2, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_reduce(NULL, data, 1, PVM_INT, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_reduce(PvmMax, data, 1, PVM_STR, 1, "g", 0), PvmBadParam);
    assert_int_equal(pvm_reduce(PvmMax, data, 1, 99, 1, "g", 8), PvmNoInst);
    assert_int_equal(pvm_reduce(PvmMax, data, 1, 99, 1, "none", 0), PvmNoGroup);
    assert_int_equal(pvm_reduce(PvmMax, data, 1, PVM_INT, 1, "holes", 0), PvmOk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pstat_knows_who_lives),
        TEST(what_arrives_during_a_request_is_queued),
        TEST(spawn_puts_the_started_first_and_keeps_the_reason),
        TEST(export_edits_a_list_of_names),
        TEST(siblings_of_a_program_started_by_hand_are_itself),
        TEST(tasks_come_as_the_daemon_says),
        TEST(config_counts_hosts_and_formats),
        TEST(addhosts_reports_progress_and_reasons),
        TEST(mstat_checks_the_name),
        TEST(start_pvmd_says_that_one_runs),
        TEST(notify_checks_and_tells_the_daemon),
        TEST(a_long_list_of_tids_is_asked_for_in_parts),
        TEST(a_route_that_does_not_exist_is_told_at_once),
        TEST(options_take_what_the_reference_says),
        TEST(own_output_is_told_to_the_daemon),
        TEST(caught_output_comes_in_lines_and_exit_waits_for_it),
        TEST(without_showtids_only_the_lines_come),
        TEST(groups_need_a_name),
        TEST(group_functions_ask_the_daemon),
        TEST(a_signal_handler_may_jump_out_of_a_barrier),
        TEST(a_frozen_group_is_known_here),
        TEST(bcast_goes_to_all_others),
        TEST(collectives_find_the_parts_of_members),
        TEST(a_member_that_has_ended_ends_the_call),
        TEST(collectives_check_their_arguments),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
