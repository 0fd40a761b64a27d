/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon of fake_daemon.h answers to the whole API. Included by one file of a program. */
#ifndef TESTS_UNIT_FAKE_ANSWERS_H
#define TESTS_UNIT_FAKE_ANSWERS_H

#include <stdatomic.h>

#include "fake_daemon.h"
#include "libpvm/call.h"
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

/* Whatever it is asked, it goes without an answer. */
static atomic_bool daemon_vanishes;

/* It goes right behind its answer to the next request: the task finds both at once. */
static atomic_bool daemon_answers_last;

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

static void answer_hosts(int fd, uint32_t id)
{
    struct pvmi_rec_host hosts[3] = { { .number = 1, .name = "alpha", .arch = "LINUX64", .speed = 1000, .dsig = 7 },
                                      { .number = 2, .name = "beta", .arch = "SUN4", .speed = 500, .dsig = 9 },
                                      { .number = 4, .name = "delta", .arch = "LINUX64", .speed = 1, .dsig = 7 } };
    struct pvmi_msg_hosts answer = { .id = id };

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
    if (strcmp(msg->group, "never") == 0)
        return;
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
    if (!fake.silent && msg->ctx == PVMI_CONTEXT_PVMD && msg->what == PvmTaskExit)
        fake_message(fd, PVMI_FRAME_NOTICE, PVMI_TID_PVMD, FAKE_TID, msg->tag, msg->ctx, 0, "", 0);
}

/* ---- the mailbox: it has what was put last, whatever it was called ---- */

#define MAILBOX_SIZE (1 << 20)

/* What is wrong with what it gives back. */
enum mailbox_fault { MAILBOX_GOOD, MAILBOX_TOO_MUCH, MAILBOX_TOO_LITTLE, MAILBOX_NO_ENCODING, MAILBOX_HUGE, MAILBOX_NO_NAME };

static struct {
    struct pvmi_rec_message message;
    uint8_t body[MAILBOX_SIZE];
    size_t have;    /* while it comes */
    int pieces;
    enum mailbox_fault fault;
} mailbox;

static void mailbox_put(int fd, const struct pvmi_msg_mailbox *msg)
{
    if (mailbox.have + msg->body.length <= MAILBOX_SIZE)
        memcpy(mailbox.body + mailbox.have, msg->body.data, msg->body.length);
    mailbox.have += msg->body.length;
    mailbox.pieces++;
    mailbox.message = msg->message;
    if (msg->op == PVMI_MAILBOX_PIECE_OF)
        return;
    asked.numbers[0] = msg->op;
    asked.numbers[1] = msg->index;
    asked.numbers[2] = msg->flags;
    asked.numbers[3] = (int32_t)mailbox.have;
    asked.numbers[4] = mailbox.pieces;
    note_text(0, msg->name);
    mailbox.have = 0;
    mailbox.pieces = 0;
    if (strcmp(msg->name, "taken") == 0)
        fake_answer(fd, msg->id, PvmDenied, "another's");
    else
        fake_answer(fd, msg->id, msg->index < 0 ? 0 : msg->index, NULL);
}

static void mailbox_give(int fd, const struct pvmi_msg_mailbox *msg)
{
    struct pvmi_msg_mailbox_found found = { .id = msg->id, .index = msg->index, .message = mailbox.message };
    size_t length = (size_t)mailbox.message.length;

    if (mailbox.fault == MAILBOX_TOO_LITTLE)
        found.message.length++;
    if (mailbox.fault == MAILBOX_TOO_MUCH)
        found.message.length--;
    if (mailbox.fault == MAILBOX_NO_ENCODING)
        found.message.encoding = 77;
    if (mailbox.fault == MAILBOX_HUGE)
        found.message.length = UINT64_MAX;
    for (size_t at = 0;;) {
        size_t piece = length - at < PVMI_MAILBOX_PIECE ? length - at : PVMI_MAILBOX_PIECE;

        found.body = (struct pvmi_bytes){ .data = mailbox.body + at, .length = (uint32_t)piece };
        at += piece;
        found.more = at < length;
        fake_send(fd, PVMI_MSG_mailbox_found, &found);
        if (at == length)
            return;
    }
}

static void mailbox_list(int fd, const struct pvmi_msg_mailbox *msg)
{
    struct pvmi_rec_entry entries[] = { { .name = "one", .index = 0, .owner = FAKE_TID, .flags = 2 },
                                        { .name = "one", .index = 7, .owner = FAKE_TID, .flags = 3 },
                                        { .name = "one", .index = 8, .owner = 0, .flags = 1 },
                                        { .name = "two", .index = 4, .owner = CHILD_A, .flags = 0 } };
    struct pvmi_msg_mailbox_found found = { .id = msg->id };

    note_text(0, msg->name);
    if (mailbox.fault == MAILBOX_NO_NAME)
        entries[2].name = NULL;
    found.entries.v = entries;
    found.entries.n = 4;
    fake_send(fd, PVMI_MSG_mailbox_found, &found);
}

static void answer_mailbox(int fd, const struct pvmi_msg_mailbox *msg)
{
    if (msg->op == PVMI_MAILBOX_PUT || msg->op == PVMI_MAILBOX_INSERT || msg->op == PVMI_MAILBOX_PIECE_OF) {
        mailbox_put(fd, msg);
        return;
    }
    asked.numbers[0] = msg->op;
    asked.numbers[1] = msg->index;
    asked.numbers[2] = msg->flags;
    asked.count = msg->tids.n;
    if (msg->op == PVMI_MAILBOX_LIST) {
        mailbox_list(fd, msg);
        return;
    }
    note_text(0, msg->name);
    if (msg->name != NULL && strcmp(msg->name, "none") == 0)
        fake_answer(fd, msg->id, PvmNotFound, "there is none");
    else if (msg->name != NULL && strcmp(msg->name, "taken") == 0)
        fake_answer(fd, msg->id, PvmDenied, "another's");
    else if (msg->op == PVMI_MAILBOX_GET)
        mailbox_give(fd, msg);
    else
        fake_answer(fd, msg->id, msg->op == PVMI_MAILBOX_DELETE ? msg->index : 1, NULL);
}

static void answer_clock(int fd, const struct pvmi_msg_clock *msg)
{
    int32_t values[3] = { 3, 5, 250000 };
    struct pvmi_msg_answer answer = { .id = msg->id, .values = { .v = values, .n = 3 } };

    asked.numbers[0] = msg->host;
    fake_send(fd, PVMI_MSG_answer, &answer);
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
    case PVMI_MSG_context:
        asked.numbers[0] = ((const struct pvmi_msg_context *)control->msg)->number;
        fake_answer(fd, id, asked.numbers[0] == 0 ? 0x40007 : asked.numbers[0] == 0x40007 ? PvmOk : PvmNotFound, NULL);
        return;
    case PVMI_MSG_option:
        asked.numbers[0] = ((const struct pvmi_msg_option *)control->msg)->inherit.output_tid;
        return;
    default:
        break;
    }
    fake_answer(fd, id, 0, NULL);
}

static bool answer(int fd, const struct pvmi_control *control)
{
    const struct pvmi_msg_spawn *spawn = control->msg;

    if (control->type != PVMI_MSG_leave)
        asked.type = control->type;
    switch (control->type) {
    case PVMI_MSG_leave:
        return false;
    case PVMI_MSG_spawn:
        if (strcmp(spawn->file, "caught") == 0)
            answer_caught_spawn(fd, spawn);
        else
            answer_spawn(fd, spawn);
        return true;
    case PVMI_MSG_hosts_query:
        answer_hosts(fd, ((const struct pvmi_msg_hosts_query *)control->msg)->id);
        return true;
    case PVMI_MSG_manage:
        answer_hosts(fd, ((const struct pvmi_msg_manage *)control->msg)->id);
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
    case PVMI_MSG_mailbox:
        answer_mailbox(fd, control->msg);
        return true;
    case PVMI_MSG_clock:
        answer_clock(fd, control->msg);
        return true;
    default:
        answer_simple(fd, control);
        return true;
    }
}

static bool fake_control(int fd, const struct pvmi_control *control)
{
    if (daemon_vanishes) {
        shutdown(fd, SHUT_RDWR);
        return true;
    }
    if (daemon_answers_last) {
        pvmi_call_enter();    /* the task looks when it has the library's lock back */
        answer(fd, control);
        shutdown(fd, SHUT_RDWR);
        pvmi_call_end(PvmOk);
        return true;
    }
    return answer(fd, control);
}

static inline int answers_setup(void **state)
{
    memset(&asked, 0, sizeof(asked));
    memset(&mailbox, 0, sizeof(mailbox));
    daemon_vanishes = false;
    daemon_answers_last = false;
    return fake_setup(state);
}

#endif
