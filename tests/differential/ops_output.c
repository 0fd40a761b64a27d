/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on the output of children: caught in a file, and as messages. */
#include "script.h"

#include <time.h>

#define CHILDREN 3
#define TAG_OUTPUT 5000
#define TEXT_MAX 4000
#define WAIT_S 10

/* The child: program printer LINES. What it prints does not end with a line when LINES is odd. */
int output_printer(const char *lines)
{
    int n = atoi(lines);

    pvm_setopt(PvmAutoErr, 0);
    if (n % 3 != 0)
        pvm_mytid();
    for (int i = 0; i < n; i++)
        printf("line %d of %d%s", i, n, i == n - 1 && n % 2 != 0 ? "" : "\n");
    fflush(stdout);
    if (n % 3 != 0)
        pvm_exit();
    return 0;
}

static int spawn_printers(int count, int tids[CHILDREN])
{
    char lines[12];
    char *args[] = { "printer", lines, NULL };

    snprintf(lines, sizeof(lines), "%d", below(8));
    say(" %d printers of %s", count, lines);
    return pvm_spawn((char *)script.program, args, PvmTaskDefault, "", count, tids);
}

static long now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* The child that a line is of: by the tid before it. -1: it says none. */
static int child_of(const char *line, const int tids[], int count)
{
    unsigned tid;

    if (sscanf(line, "[t%x]", &tid) != 1)
        return -1;
    for (int i = 0; i < count; i++)
        if (tids[i] == (int)tid)
            return i;
    return count;
}

/* The lines of one child, in their order; returns whether its last is the end. */
static int say_lines(FILE *file, int child, const int tids[], int count, int quietly)
{
    char line[200];
    int ended = 0;

    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *text = strchr(line, ']') != NULL ? strchr(line, ']') + 1 : line;

        if (child_of(line, tids, count) != child)
            continue;
        ended |= strcmp(text, " EOF\n") == 0;
        if (!quietly)
            say(" <%.*s>", (int)strcspn(text, "\n"), text);
    }
    return ended;
}

static int all_ended(FILE *file, const int tids[], int count)
{
    int ended = 0;

    fflush(file);
    for (int i = 0; i < count; i++)
        ended += say_lines(file, i, tids, count, 1);
    return ended == count;
}

/* Lines are written while the catcher is in a library call. */
static void op_catchout(int index)
{
    int tids[CHILDREN], count = 1 + below(CHILDREN), shown = pvm_setopt(PvmShowTids, 1), rc;
    FILE *file = tmpfile();
    long end = now_s() + WAIT_S;

    (void)index;
    say(" %s", code(pvm_catchout(file)));
    say(" tid %s", who(pvm_getopt(PvmOutputTid)));
    rc = spawn_printers(count, tids);
    say(" = %s", code(rc));
    while (rc == count && !all_ended(file, tids, count) && now_s() < end)
        pvm_probe(-1, 999999);
    for (int i = 0; i < count && rc == count; i++) {
        say(" child %d:", i);
        say_lines(file, i, tids, count, 0);
    }
    say(" others:");
    say_lines(file, -1, tids, count, 0);
    say_lines(file, count, tids, count, 0);
    say(" stop %s, tid %s", code(pvm_catchout(NULL)), who(pvm_getopt(PvmOutputTid)));
    fclose(file);
    pvm_setopt(PvmShowTids, shown);
}

/* What has come of one child. */
struct told {
    char text[TEXT_MAX];
    int length;
    int begun, spawned, ended;
};

static void take_output(struct told *told)
{
    int n = -9, parent = 0;

    pvm_upkint(&n, 1, 1);
    if (n > 0 && told->length + n < TEXT_MAX) {
        pvm_upkbyte(told->text + told->length, n, 1);
        told->length += n;
    } else if (n == 0) {
        told->ended++;
    } else {
        pvm_upkint(&parent, 1, 1);
        if (n == -2)
            told->begun += parent == script.tids[script.me] ? 1 : 100;
        else if (n == -1)
            told->spawned += parent == script.tids[script.me] ? 1 : 100;
    }
}

/* The messages behind it. "Spawned" may come after the end of a short child. */
static void take_all(int count, const int tids[])
{
    static struct told told[CHILDREN];
    struct timeval long_time = { WAIT_S, 0 };
    int left = 2 * count, from = 0, odd = 0;

    memset(told, 0, sizeof(told));
    while (left > 0 && pvm_trecv(-1, TAG_OUTPUT, &long_time) > 0) {
        int tid = 0, child = 0, before;

        pvm_bufinfo(pvm_getrbuf(), NULL, NULL, &from);
        odd += from != (int)0x80000000;
        pvm_upkint(&tid, 1, 1);
        while (child < count && tids[child] != tid)
            child++;
        if (child == count) {
            say(" of another");
            continue;
        }
        before = told[child].spawned + told[child].ended;
        take_output(&told[child]);
        left -= told[child].spawned + told[child].ended - before;
    }
    for (int i = 0; i < count; i++)
        say(" child %d: begun %d spawned %d ended %d %s", i, told[i].begun, told[i].spawned, told[i].ended,
            bytes_text(told[i].text, (size_t)told[i].length));
    say(", not from the pvmd: %d", odd);
}

static void op_output(int index)
{
    int tids[CHILDREN], count = 1 + below(CHILDREN), context = pvm_getcontext(), before = pvm_setrbuf(0), rc;
    int tag = pvm_getopt(PvmOutputCode), ctx = pvm_getopt(PvmOutputContext);

    (void)index;
    say(" %s", code(pvm_setopt(PvmOutputTid, script.tids[script.me])));
    pvm_setopt(PvmOutputContext, context);
    pvm_setopt(PvmOutputCode, TAG_OUTPUT);
    rc = spawn_printers(count, tids);
    say(" = %s", code(rc));
    if (rc == count)
        take_all(count, tids);
    pvm_freebuf(pvm_setrbuf(before));
    pvm_setopt(PvmOutputTid, 0);
    pvm_setopt(PvmOutputContext, ctx);
    pvm_setopt(PvmOutputCode, tag);
}

const struct op output_ops[] = {
    { "catchout", 2, 0, op_catchout },
    { "output", 2, 0, op_output },
    { NULL, 0, 0, NULL },
};
