/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who acts when. One task holds the token and acts; the others wait for control messages. Before it passes the
 * token on, the holder asks all to whom it has sent for an answer: messages of one sender arrive in order, so what
 * it sent is there then. Control messages go by pvm_psend() and pvm_precv(), which leave the buffers alone.
 */
#include "script.h"

enum control { TOKEN, PING, PONG, ASK, GO, DONE };

#define OPS_DEFAULT 60
#define TURN 4    /* as many operations in a row belong to one task */
#define PROGRAM_MAX 1000

static char left_out[PROGRAM_MAX];
static int nop = OPS_DEFAULT;
static int have_token;
static int sent_to[TASKS_MAX];
static int done[TASKS_MAX];
static const char *folder;

static const struct op *const tables[] = { buffer_ops, message_ops, task_ops, group_ops, mailbox_ops, output_ops };
#define TABLES ((int)(sizeof(tables) / sizeof(tables[0])))

static void tell(int tid, enum control what, int number)
{
    int words[2] = { (int)what, number };
    int context = pvm_setcontext(PvmBaseContext);
    int rc = pvm_psend(tid, TAG_CONTROL, words, 2, PVM_INT);

    pvm_setcontext(context);
    if (rc < 0) {
        say(" control message: %s\n", code(rc));
        exit(4);
    }
}

/* Waits for the next control message to this task, of one sender (-1: anybody). */
static int next_control(int tid, int words[2], int *ret_from)
{
    int context = pvm_setcontext(PvmBaseContext);
    int rc = pvm_precv(tid, TAG_CONTROL, words, 2, PVM_INT, ret_from, NULL, NULL);

    pvm_setcontext(context);
    return rc;
}

/* The message that somebody asked for. */
static void answer_request(int tid, int tag)
{
    int data[3] = { script.me, tag, 0x1234 };
    int context = pvm_setcontext(PvmBaseContext);

    pvm_psend(tid, tag, data, 3, PVM_INT);
    pvm_setcontext(context);
    tell(tid, PONG, 0);
}

static int task_of(int tid)
{
    int i = 0;

    while (i < script.ntask - 1 && script.tids[i] != tid)
        i++;
    return i;
}

/* Serves the others until `what` comes from tid (-1: anybody). */
static void await(enum control what, int tid)
{
    int words[2], from;

    for (;;) {
        int rc = next_control(-1, words, &from);

        if (rc < 0) {
            say(" waiting: %s\n", code(rc));
            exit(4);
        }
        if (words[0] == (int)what && (tid == -1 || tid == from))
            return;
        if (words[0] == PING)
            tell(from, PONG, 0);
        else if (words[0] == ASK)
            answer_request(from, words[1]);
        else if (words[0] == TOKEN)
            have_token = 1;
        else if (words[0] == DONE)
            done[task_of(from)] = 1;
        else {
            say(" control message %d from %s while waiting for %d\n", words[0], who(from), (int)what);
            exit(4);
        }
    }
}

/* All others have come to the same place; they do so in any order. */
static void await_all(void)
{
    for (int i = 0; i < script.ntask; i++) {
        if (i != script.me && !done[i])
            await(DONE, script.tids[i]);
        done[i] = 0;
    }
}

void turns_will_send_to(int tid)
{
    for (int i = 0; i < script.ntask; i++)
        if (script.tids[i] == tid)
            sent_to[i] = 1;
}

void turns_ask_for_message(int peer, int tag)
{
    tell(peer, ASK, tag);
}

void turns_await_answer(int peer)
{
    await(PONG, peer);
}

/* Also to itself: PVM 3 sends such messages through the daemon. */
static void settle_own(void)
{
    int tid = script.tids[script.me], words[2], from;

    if (sent_to[script.me]) {
        tell(tid, PING, 0);
        next_control(tid, words, &from);
        sent_to[script.me] = 0;
    }
}

static void flush(void)
{
    settle_own();
    for (int i = 0; i < script.ntask; i++)
        if (sent_to[i]) {
            tell(script.tids[i], PING, 0);
            await(PONG, script.tids[i]);
            sent_to[i] = 0;
        }
}

static void pass_token(int to)
{
    flush();
    have_token = 0;
    tell(script.tids[to], TOKEN, 0);
}

static void together(const struct op *op, int index, int owner)
{
    if (script.me == owner) {
        flush();
        for (int i = 0; i < script.ntask; i++)
            if (i != owner)
                tell(script.tids[i], GO, index);
    } else {
        await(GO, script.tids[owner]);
    }
    draw_from(index, 3);
    say("%d %s", index, op->name);
    op->run(index);
    say("\n");
    flush();
    if (script.me != owner) {
        tell(script.tids[owner], DONE, index);
        return;
    }
    await_all();
}

static const struct op *chosen(int index)
{
    int sum = 0, n;

    draw_from(index, 1);
    for (int i = 0; i < TABLES; i++)
        for (const struct op *op = tables[i]; op->name != NULL; op++)
            sum += op->weight;
    n = below(sum);
    for (int i = 0; i < TABLES; i++)
        for (const struct op *op = tables[i]; op->name != NULL; op++)
            if ((n -= op->weight) < 0)
                return op;
    abort();
}

static int owner_of(int index)
{
    draw_from(index / TURN, 2);
    return below(script.ntask);
}

/* The token comes to task 0, which lets the others go: nobody leaves while somebody may ask for an answer. */
static void finish(void)
{
    if (script.me != 0) {
        if (have_token)
            pass_token(0);
        await(GO, script.tids[0]);
        return;
    }
    if (!have_token)
        await(TOKEN, -1);
    flush();
    for (int i = 1; i < script.ntask; i++)
        tell(script.tids[i], GO, nop);
}

void turns_run(void)
{
    have_token = script.me == 0;
    for (int index = 0; index < nop; index++)
        script.has_bodies |= strcmp(chosen(index)->name, "pkmesgbody") == 0;
    for (int index = 0; index < nop; index++) {
        const struct op *op = chosen(index);
        int owner = owner_of(index);

        if (left_out[index])
            continue;
        if (owner != script.me && have_token)
            pass_token(owner);
        while (owner == script.me && !have_token) {
            await(TOKEN, -1);
            have_token = 1;
        }
        if (op->together) {
            together(op, index, owner);
        } else if (owner == script.me) {
            draw_from(index, 3);
            say("%d %s", index, op->name);
            op->run(index);
            say("\n");
            settle_own();
        }
    }
    finish();
}

/* Operations that are not to be run: "3-9,12". */
static void leave_out(const char *list)
{
    while (*list != '\0') {
        char *end;
        long first = strtol(list, &end, 10), last = first;

        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        for (long i = first; i <= last && i < PROGRAM_MAX; i++)
            left_out[i] = 1;
        list = *end == ',' ? end + 1 : end + strlen(end);
    }
}

static void start_others(char **argv)
{
    char *args[] = { argv[1], argv[2], argv[3], "child", NULL };
    int got;

    script.tids[0] = pvm_mytid();
    got = pvm_spawn(script.program, args, PvmTaskDefault, "", script.ntask - 1, script.tids + 1);
    if (got != script.ntask - 1) {
        fprintf(stderr, "the copies could not be started: %d\n", script.tids[1]);
        exit(3);
    }
    for (int i = 1; i < script.ntask; i++)
        pvm_psend(script.tids[i], TAG_CONTROL, script.tids, script.ntask, PVM_INT);
}

/* program SEED FOLDER OMITTED [child] */
void turns_begin(int argc, char **argv)
{
    int parent;

    pvm_setopt(PvmAutoErr, 0);
    script.program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    script.seed = strtoull(argv[1], NULL, 10);
    folder = argv[2];
    leave_out(argv[3]);
    draw_from(0, 0);
    script.ntask = 2 + below(TASKS_MAX - 1);
    if (argc < 5) {
        log_open(text_format("%s/t0", folder));
        start_others(argv);
        return;
    }
    parent = pvm_parent();
    pvm_precv(parent, TAG_CONTROL, script.tids, script.ntask, PVM_INT, NULL, NULL, NULL);
    for (int i = 1; i < script.ntask; i++)
        if (script.tids[i] == pvm_mytid())
            script.me = i;
    log_open(text_format("%s/t%d", folder, script.me));
}
