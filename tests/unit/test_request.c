/* SPDX-License-Identifier: BSD-3-Clause */
/* What the API asks of the daemon, and what becomes of its answers. */
#include "fake_daemon.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "wire/section.h"
#include "wire/tid.h"

#define CHILD_A 0x40081
#define CHILD_B 0x80082

/* What the daemon was asked last; written by its thread, read by the test when the answer is there. */
static struct {
    int type;
    int32_t numbers[6];
    char text[6][128];
    uint32_t count;
} asked;

static void note_text(int i, const char *text)
{
    snprintf(asked.text[i], sizeof(asked.text[i]), "%s", text == NULL ? "(null)" : text);
}

/* ---- the daemon's answers ---- */

static void answer_spawn(int fd, const struct pvmi_msg_spawn *msg)
{
    int32_t values[3] = { PvmNoHost, CHILD_A, CHILD_B };
    struct pvmi_rec_error error = { .code = PvmNoHost, .host = "beta", .text = "gone meanwhile" };
    struct pvmi_msg_answer answer = { .id = msg->id, .value = 2, .values = { .v = values, .n = 3 } };

    answer.errors.v = &error;
    answer.errors.n = 1;
    note_text(0, msg->where);
    note_text(1, msg->directory);
    note_text(2, msg->argv.n > 0 ? msg->argv.v[0] : NULL);
    note_text(3, msg->env.n > 0 ? msg->env.v[0] : NULL);
    note_text(4, msg->env.n > 1 ? msg->env.v[1] : NULL);
    note_text(5, msg->cwd);
    asked.numbers[0] = msg->flags;
    asked.numbers[1] = msg->inherit.output_tid;
    asked.numbers[2] = msg->inherit.context;
    asked.count = msg->env.n;
    fake_send(fd, PVMI_MSG_answer, &answer);
}

/* A message of output: tid, n, and what belongs to that. */
static void send_output(int fd, int tid, int n, const char *text)
{
    const int32_t ints[2] = { tid, n };
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_OUTPUT, .format = (uint8_t)pvmi_format_own(),
                                        .src = tid, .dst = FAKE_TID, .tag = (int)0x80030005,
                                        .ctx = PVMI_CONTEXT_CONTROL };
    uint8_t body[256];
    size_t length = PVMI_SECTION_HEADER_SIZE + sizeof(ints);

    pvmi_section_header_encode(PVMI_TYPE_INT32, sizeof(ints), body);
    memcpy(body + PVMI_SECTION_HEADER_SIZE, ints, sizeof(ints));
    if (n > 0) {
        pvmi_section_header_encode(PVMI_TYPE_BYTES, (uint32_t)n, body + length);
        memcpy(body + length + PVMI_SECTION_HEADER_SIZE, text, (size_t)n);
        length += PVMI_SECTION_HEADER_SIZE + (size_t)n;
    }
    header.message_length = length;
    fake_send_frame(fd, header, body, length);
}

/* The children of a caught spawn: A says all before the answer, B says its last after it. */
static void answer_caught_spawn(int fd, const struct pvmi_msg_spawn *msg)
{
    send_output(fd, CHILD_A, -2, NULL);
    send_output(fd, CHILD_A, 10, "one\ntwo\nth");
    send_output(fd, CHILD_B, -2, NULL);
    send_output(fd, CHILD_A, 8, "ree\nlast");
    send_output(fd, CHILD_A, 0, NULL);
    answer_spawn(fd, msg);
    send_output(fd, CHILD_B, 1, "\n");
    send_output(fd, CHILD_B, -1, NULL);
    send_output(fd, CHILD_B, 0, NULL);
}

static void answer_hosts(int fd, const struct pvmi_msg_hosts_query *msg)
{
    struct pvmi_rec_host hosts[3] = { { .number = 1, .name = "alpha", .arch = "LINUX64", .speed = 1000, .dsig = 7 },
                                      { .number = 2, .name = "beta", .arch = "SUN4", .speed = 500, .dsig = 9 },
                                      { .number = 4, .name = "delta", .arch = "LINUX64", .speed = 1, .dsig = 7 } };
    struct pvmi_msg_hosts answer = { .id = msg->id };

    answer.hosts.v = hosts;
    answer.hosts.n = 3;
    fake_send(fd, PVMI_MSG_hosts, &answer);
}

static void answer_tasks(int fd, const struct pvmi_msg_tasks_query *msg)
{
    struct pvmi_rec_taskinfo task = { .tid = CHILD_A, .parent = FAKE_TID, .host = 0x40000, .flags = 4,
                                      .file = "worker", .pid = 99 };
    struct pvmi_msg_tasks answer = { .id = msg->id };

    answer.tasks.v = &task;
    answer.tasks.n = 1;
    if (msg->where == 0xfc0000)
        answer = (struct pvmi_msg_tasks){ .id = msg->id, .error = { .code = PvmNoHost } };
    fake_send(fd, PVMI_MSG_tasks, &answer);
}

static void answer_host_add(int fd, const struct pvmi_msg_host_add *msg)
{
    struct pvmi_msg_host_progress progress = { .id = msg->id, .index = 1, .value = 0x80000, .name = "beta" };
    int32_t values[2] = { PvmBadParam, 0x80000 };
    struct pvmi_rec_error error = { .code = PvmBadParam, .text = "column 6: unknown option zz" };
    struct pvmi_msg_answer answer = { .id = msg->id, .value = 1, .values = { .v = values, .n = 2 } };

    answer.errors.v = &error;
    answer.errors.n = 1;
    fake_send(fd, PVMI_MSG_host_progress, &progress);
    fake_send(fd, PVMI_MSG_answer, &answer);
}

static void answer_group(int fd, const struct pvmi_msg_group *msg)
{
    int32_t members[2] = { FAKE_TID, strcmp(msg->group, "holes") == 0 ? 0 : 0x40099 };
    struct pvmi_msg_answer answer = { .id = msg->id, .values = { .v = members, .n = 2 } };

    asked.numbers[0] = msg->op;
    asked.numbers[1] = msg->number;
    note_text(0, msg->group);
    if (strcmp(msg->group, "none") == 0) {
        fake_answer(fd, msg->id, PvmNoGroup, "no such group");
        return;
    }
    if (strcmp(msg->group, "alone") == 0)
        answer.values.n = 1;
    answer.value = msg->op == PVMI_GROUP_SIZE || msg->op == PVMI_GROUP_FREEZE ? (int)answer.values.n : 0;
    fake_send(fd, PVMI_MSG_answer, &answer);
}

static void note_notify(int fd, const struct pvmi_msg_notify *msg)
{
    asked.numbers[0] = msg->what;
    asked.numbers[1] = msg->tag;
    asked.numbers[2] = msg->ctx;
    asked.numbers[3] = msg->count;
    asked.count = msg->tids.n;
    /* What the library itself asks for: the task has ended. */
    if (msg->ctx == PVMI_CONTEXT_PVMD && msg->what == PvmTaskExit)
        fake_message(fd, PVMI_FRAME_NOTICE, PVMI_TID_PVMD, FAKE_TID, msg->tag, msg->ctx, 0, "", 0);
}

static void answer_simple(int fd, const struct pvmi_control *control)
{
    uint32_t id = *(const uint32_t *)control->msg;    /* the first field of all that are answered */

    switch (control->type) {
    case PVMI_MSG_task_query:
        asked.numbers[0] = ((const struct pvmi_msg_task_query *)control->msg)->tid;
        fake_answer(fd, id, asked.numbers[0] == CHILD_A ? PvmOk : PvmNoTask, NULL);
        return;
    case PVMI_MSG_signal:
        asked.numbers[0] = ((const struct pvmi_msg_signal *)control->msg)->tid;
        asked.numbers[1] = ((const struct pvmi_msg_signal *)control->msg)->signum;
        fake_message(fd, PVMI_FRAME_DATA, 0x40099, FAKE_TID, 7, 0, 1, "x", 1);
        break;
    case PVMI_MSG_host_query:
        note_text(0, ((const struct pvmi_msg_host_query *)control->msg)->name);
        if (strcmp(asked.text[0], "alpha") != 0) {
            fake_answer(fd, id, PvmNoHost, "not a member");
            return;
        }
        break;
    case PVMI_MSG_option:
        asked.numbers[0] = ((const struct pvmi_msg_option *)control->msg)->inherit.output_tid;
        return;
    default:
        break;
    }
    fake_answer(fd, id, 0, NULL);
}

static bool fake_control(int fd, const struct pvmi_control *control)
{
    const struct pvmi_msg_spawn *spawn = control->msg;

    if (control->type != PVMI_MSG_leave)
        asked.type = control->type;
    switch (control->type) {
    case PVMI_MSG_leave:
        return false;
    case PVMI_MSG_spawn:
        if (strcmp(spawn->file, "vanish") == 0) {
            shutdown(fd, SHUT_RDWR);
            return true;
        }
        if (strcmp(spawn->file, "caught") == 0)
            answer_caught_spawn(fd, spawn);
        else
            answer_spawn(fd, spawn);
        return true;
    case PVMI_MSG_hosts_query:
        answer_hosts(fd, control->msg);
        return true;
    case PVMI_MSG_tasks_query:
        answer_tasks(fd, control->msg);
        return true;
    case PVMI_MSG_host_add:
        answer_host_add(fd, control->msg);
        return true;
    case PVMI_MSG_group:
        answer_group(fd, control->msg);
        return true;
    case PVMI_MSG_notify:
        note_notify(fd, control->msg);
        return true;
    default:
        answer_simple(fd, control);
        return true;
    }
}

static int setup(void **state)
{
    memset(&asked, 0, sizeof(asked));
    return fake_setup(state);
}

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
    assert_int_equal(pvm_sendsig(5, 9), PvmBadParam);
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
    pvmi_task.context = 3;
    assert_int_equal(pvm_spawn("worker", argv, PvmTaskHost, "beta:/tmp", 3, tids), 2);
    assert_int_equal(tids[0], CHILD_A);
    assert_int_equal(tids[1], CHILD_B);
    assert_int_equal(tids[2], PvmNoHost);
    assert_string_equal(pvm_errdetail(), "beta: gone meanwhile");
    assert_string_equal(asked.text[0], "beta");
    assert_string_equal(asked.text[1], "/tmp");
    assert_string_equal(asked.text[2], "one");
    assert_string_equal(asked.text[3], "PVM_EXPORT=PVM_TEST_A:PVM_TEST_UNSET");
    assert_string_equal(asked.text[4], "PVM_TEST_A=b:c");
    assert_int_equal(asked.text[5][0], '/');
    assert_int_equal(asked.count, 2);
    assert_int_equal(asked.numbers[0], PvmTaskHost | 4);
    assert_int_equal(asked.numbers[2], 3);
    pvmi_task.context = 0;
    unsetenv("PVMTASK");
    unsetenv("PVM_EXPORT");
    assert_int_equal(pvm_spawn("worker", NULL, 0, NULL, 3, NULL), 2);
    assert_string_equal(asked.text[1], "(null)");
    assert_int_equal(asked.count, 0);
    assert_int_equal(pvm_spawn("worker", NULL, 0, NULL, 0, NULL), PvmBadParam);
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
    assert_string_equal(getenv("PVM_EXPORT"), "B:A");
    pvm_unexport("B");
    pvm_unexport("B");
    assert_string_equal(getenv("PVM_EXPORT"), "A");
    pvm_unexport("A");
    assert_string_equal(getenv("PVM_EXPORT"), "");
    unsetenv("PVM_EXPORT");
}

static void a_daemon_that_goes_during_a_request_ends_it(void **state)
{
    (void)state;
    assert_int_equal(pvm_spawn("vanish", NULL, 0, NULL, 1, NULL), PvmSysErr);
    assert_int_equal(pvm_spawn("worker", NULL, 0, NULL, 1, NULL), PvmSysErr);
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

static void a_route_that_does_not_exist_is_told_at_once(void **state)
{
    int tids[2] = { CHILD_A, CHILD_B };
    int values[2];

    (void)state;
    assert_int_equal(pvm_notify(PvmRouteDelete, 9, 2, tids), PvmOk);
    for (int i = 0; i < 2; i++) {
        assert_true(pvm_nrecv(PVMI_TID_PVMD, 9) > 0);
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
    assert_int_equal(pvm_getopt(PvmSelfOutputTid), 0);
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
    assert_int_equal(pvm_reduce(PvmMax, data, 1, PVM_INT, 1, "holes", 0), PvmOk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pstat_knows_who_lives),
        TEST(what_arrives_during_a_request_is_queued),
        TEST(spawn_puts_the_started_first_and_keeps_the_reason),
        TEST(export_edits_a_list_of_names),
        TEST(a_daemon_that_goes_during_a_request_ends_it),
        TEST(siblings_of_a_program_started_by_hand_are_itself),
        TEST(tasks_come_as_the_daemon_says),
        TEST(config_counts_hosts_and_formats),
        TEST(addhosts_reports_progress_and_reasons),
        TEST(mstat_checks_the_name),
        TEST(start_pvmd_says_that_one_runs),
        TEST(notify_checks_and_tells_the_daemon),
        TEST(a_route_that_does_not_exist_is_told_at_once),
        TEST(options_take_what_the_reference_says),
        TEST(own_output_is_told_to_the_daemon),
        TEST(caught_output_comes_in_lines_and_exit_waits_for_it),
        TEST(without_showtids_only_the_lines_come),
        TEST(groups_need_a_name),
        TEST(group_functions_ask_the_daemon),
        TEST(a_frozen_group_is_known_here),
        TEST(bcast_goes_to_all_others),
        TEST(collectives_find_the_parts_of_members),
        TEST(a_member_that_has_ended_ends_the_call),
        TEST(collectives_check_their_arguments),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
