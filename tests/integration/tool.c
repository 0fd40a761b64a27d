/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The task that the tests on real machines spawn: the first argument says what it does.
 *
 *   idle                     enrols and waits for ever
 *   lines N BYTES            writes N numbered lines of BYTES bytes
 *   exit STATUS              ends with STATUS, without enrolling
 *   pairs N MESSAGES         spawns N copies, one after the other on all hosts; each sends MESSAGES of growing size
 *                            to each other one; all contents and the order are checked; prints "pairs ok"
 *   stream MIB               spawns one copy on the last host and streams MIB MiB each way at once: "stream ok SUM"
 *   watch SECONDS HOST...    prints each notice about these hosts (and each task there) once: "host HOST", "task N",
 *                            and after SECONDS without a further one "quiet"
 *   churn N                  spawns and awaits N short tasks, whose tids must rise: "churn ok"
 *   alive N                  spawns copies of idle, N in one call, writes how many and what the first that failed
 *                            says, and kills those there are: "alive COUNT DETAIL"
 *   group N                  spawns N copies that join, meet at barriers, reduce, gather, scatter: "group ok"
 *   signal N                 spawns N copies of idle, kills them, waits for the notices: "signal ok"
 *   deaf STATUS              closes all its descriptors, without enrolling, and ends with STATUS
 *   daemon FILE              becomes a daemon, as in the books, writes its pid to FILE and waits for ever
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvm3.h>

enum { TAG_START = 1, TAG_DATA, TAG_DONE, TAG_EXIT, TAG_HOST };

static void fail(const char *what)
{
    printf("FAILED: %s (%s)\n", what, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    exit(1);
}

static void must(int ok, const char *what)
{
    if (!ok)
        fail(what);
}

static void spawn_copies(const char *role, const char *argument, int n, int *tids)
{
    char *args[] = { (char *)role, (char *)argument, NULL };
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    must(length > 0, "readlink");
    path[length] = '\0';
    must(pvm_spawn(path, args, PvmTaskDefault, NULL, n, tids) == n, "spawn");
}

static int run_idle(void)
{
    must(pvm_mytid() > 0, "enrol");
    pvm_recv(-1, -1);
    return 0;
}

static int run_lines(int n, int bytes)
{
    for (int i = 0; i < n; i++)
        printf("%08d %0*d\n", i, bytes > 10 ? bytes - 10 : 1, i);
    return 0;
}

static int run_deaf(int status)
{
    for (int fd = 0; fd < 256; fd++)
        close(fd);
    return status;
}

static int run_daemon(const char *path)
{
    if (fork() > 0)
        return 0;
    setsid();
    if (fork() > 0)
        return 0;
    umask(077);
    must(chdir("/") == 0, "chdir");
    for (int fd = 0; fd < 256; fd++)
        close(fd);
    FILE *file = fopen(path, "w");
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
    for (;;)
        pause();
}

/* ---- pairs ---- */

static int length_of(int message)
{
    static const int lengths[] = { 0, 1, 7, 100, 1000, 5000, 40000, 70000, 200000 };

    return lengths[message % 9];
}

static void send_to_all(const int *tids, int n, int me, int messages)
{
    static char data[200000];

    for (int message = 0; message < messages; message++) {
        int length = length_of(message);

        memset(data, 'a' + message % 26, sizeof(data));
        pvm_initsend(message % 2 ? PvmDataRaw : PvmDataDefault);
        pvm_pkint(&message, 1, 1);
        pvm_pkint(&length, 1, 1);
        pvm_pkbyte(data, length, 1);
        for (int i = 0; i < n; i++)
            if (tids[i] != me)
                must(pvm_send(tids[i], TAG_DATA) == PvmOk, "send");
    }
}

static void take_from(int tid, int expected)
{
    static char data[200000];
    int message, length;

    must(pvm_recv(tid, TAG_DATA) > 0, "recv");
    must(pvm_upkint(&message, 1, 1) == PvmOk && message == expected, "messages in order");
    must(pvm_upkint(&length, 1, 1) == PvmOk && length == length_of(message), "length");
    must(pvm_upkbyte(data, length, 1) == PvmOk, "whole");
    for (int i = 0; i < length; i++)
        must(data[i] == 'a' + message % 26, "contents");
}

static int run_pair(int messages)
{
    int me = pvm_mytid(), n, ok = 1;
    int *tids;

    must(pvm_recv(pvm_parent(), TAG_START) > 0 && pvm_upkint(&n, 1, 1) == PvmOk, "start");
    tids = calloc((size_t)n, sizeof(int));
    pvm_upkint(tids, n, 1);
    send_to_all(tids, n, me, messages);
    for (int message = 0; message < messages; message++)
        for (int i = 0; i < n; i++)
            if (tids[i] != me)
                take_from(tids[i], message);
    free(tids);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&ok, 1, 1);
    pvm_send(pvm_parent(), TAG_DONE);
    pvm_exit();
    return 0;
}

static int run_pairs(int n, char *messages)
{
    int *tids = calloc((size_t)n, sizeof(int));

    spawn_copies("pair", messages, n, tids);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&n, 1, 1);
    pvm_pkint(tids, n, 1);
    pvm_mcast(tids, n, TAG_START);
    for (int i = 0; i < n; i++)
        must(pvm_recv(tids[i], TAG_DONE) > 0, "done");
    free(tids);
    printf("pairs ok\n");
    pvm_exit();
    return 0;
}

/* ---- stream ---- */

static uint64_t sum_of(const uint64_t *words, int n)
{
    uint64_t sum = 0;

    for (int i = 0; i < n; i++)
        sum = sum * 31 + words[i];
    return sum;
}

/* Sends mib messages of 1 MiB to peer before it receives any, and then as many from it. */
static uint64_t stream_both_ways(int peer, int mib)
{
    enum { WORDS = 131072 };
    static uint64_t words[WORDS];
    uint64_t state = 88172645463325252u, sent = 0, got = 0;

    for (int m = 0; m < mib; m++) {
        for (int i = 0; i < WORDS; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            words[i] = state;
        }
        sent = sent * 17 + sum_of(words, WORDS);
        must(pvm_psend(peer, TAG_DATA, words, WORDS, PVM_ULONG) == PvmOk, "psend");
    }
    for (int m = 0; m < mib; m++) {
        must(pvm_precv(peer, TAG_DATA, words, WORDS, PVM_ULONG, NULL, NULL, NULL) == PvmOk, "precv");
        got = got * 17 + sum_of(words, WORDS);
    }
    must(sent == got, "the same bytes came back");
    return got;
}

static int run_stream(char *mib)
{
    int tid, hosts;
    struct pvmhostinfo *info;
    char path[4096];
    char *args[] = { "streamer", mib, NULL };
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    must(length > 0, "readlink");
    path[length] = '\0';
    must(pvm_config(&hosts, NULL, &info) == PvmOk, "config");
    must(pvm_spawn(path, args, PvmTaskHost, info[hosts - 1].hi_name, 1, &tid) == 1, "spawn");
    printf("stream ok %llx\n", (unsigned long long)stream_both_ways(tid, atoi(mib)));
    pvm_exit();
    return 0;
}

/* ---- watch ---- */

static void watch_host(const struct pvmhostinfo *host)
{
    struct pvmtaskinfo *tasks;
    int n, tid = host->hi_tid;

    must(pvm_notify(PvmHostDelete, TAG_HOST, 1, &tid) == PvmOk, "notify");
    must(pvm_tasks(tid, &n, &tasks) == PvmOk, "tasks");
    for (int i = 0; i < n; i++)
        must(pvm_notify(PvmTaskExit, TAG_EXIT, 1, &tasks[i].ti_tid) == PvmOk, "notify");
    printf("watching %s and %d tasks\n", host->hi_name, n);
}

static int run_watch(int seconds, char **names)
{
    struct timeval limit = { seconds, 0 };
    struct pvmhostinfo *info;
    int hosts, tag, tid;

    must(pvm_config(&hosts, NULL, &info) == PvmOk, "config");
    struct pvmhostinfo copy[hosts];
    memcpy(copy, info, sizeof(copy));
    for (int i = 0; i < hosts; i++)
        copy[i].hi_name = strdup(info[i].hi_name);
    for (; *names != NULL; names++)
        for (int i = 0; i < hosts; i++)
            if (strcmp(copy[i].hi_name, *names) == 0)
                watch_host(&copy[i]);
    printf("ready\n");
    fflush(stdout);
    while (pvm_trecv(-1, -1, &limit) > 0) {
        pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
        pvm_upkint(&tid, 1, 1);
        printf("%s %x\n", tag == TAG_HOST ? "host" : "task", (unsigned)tid);
        fflush(stdout);
    }
    printf("quiet\n");
    pvm_exit();
    return 0;
}

/* ---- churn, signal ---- */

static int run_churn(int n)
{
    int tid, got;
    int last = 0;

    for (int i = 0; i < n; i++) {
        spawn_copies("exit", "0", 1, &tid);
        must(tid > last || last - tid > 200000, "a tid that was not there before");    /* or they came round */
        last = tid;
        must(pvm_notify(PvmTaskExit, TAG_EXIT, 1, &tid) == PvmOk, "notify");
        must(pvm_recv(-1, TAG_EXIT) > 0 && pvm_upkint(&got, 1, 1) == PvmOk && got == tid, "its notice");
    }
    printf("churn ok\n");
    pvm_exit();
    return 0;
}

static int run_alive(int n)
{
    int *tids = calloc((size_t)n, sizeof(int));
    char *args[] = { "idle", NULL };
    char path[4096] = "";

    must(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0, "readlink");
    int count = pvm_spawn(path, args, PvmTaskDefault, NULL, n, tids);
    must(count >= 0, "spawn");
    printf("alive %d %s\n", count, count < n ? pvm_errdetail_item(count) : "");
    for (int i = 0; i < count; i++)
        must(pvm_kill(tids[i]) == PvmOk, "kill");
    free(tids);
    pvm_exit();
    return 0;
}

static int run_signal(int n)
{
    int *tids = calloc((size_t)n, sizeof(int));
    int got;

    spawn_copies("idle", NULL, n, tids);
    must(pvm_notify(PvmTaskExit, TAG_EXIT, n, tids) == PvmOk, "notify");
    for (int i = 0; i < n; i++)
        must(pvm_kill(tids[i]) == PvmOk, "kill");
    for (int i = 0; i < n; i++)
        must(pvm_recv(-1, TAG_EXIT) > 0 && pvm_upkint(&got, 1, 1) == PvmOk, "notice");
    for (int i = 0; i < n; i++)
        must(pvm_pstat(tids[i]) == PvmNoTask, "gone");
    free(tids);
    printf("signal ok\n");
    pvm_exit();
    return 0;
}

/* ---- group ---- */

static int run_member(int n)
{
    int instance = pvm_joingroup("tool");
    int all[n], one = 0, sum = instance, ok = 1;

    must(instance >= 0, "join");
    must(pvm_barrier("tool", n) == PvmOk, "first barrier");
    must(pvm_gsize("tool") == n, "size");
    must(pvm_reduce(PvmSum, &sum, 1, PVM_INT, 20, "tool", 0) == PvmOk, "reduce");
    if (instance == 0)
        must(sum == n * (n - 1) / 2, "sum");
    must(pvm_gather(all, &instance, 1, PVM_INT, 21, "tool", 0) == PvmOk, "gather");
    for (int i = 0; instance == 0 && i < n; i++)
        must(all[i] == i, "gathered");
    for (int i = 0; i < n; i++)
        all[i] = i * 100;
    must(pvm_scatter(&one, all, 1, PVM_INT, 22, "tool", 0) == PvmOk && one == instance * 100, "scatter");
    if (instance == 0) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&n, 1, 1);
        must(n == 1 || pvm_bcast("tool", 23) == PvmOk, "bcast");
    } else {
        must(pvm_recv(-1, 23) > 0, "bcast arrives");
    }
    must(pvm_barrier("tool", -1) == PvmOk, "second barrier");
    must(pvm_lvgroup("tool") == PvmOk, "leave");
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&ok, 1, 1);
    pvm_send(pvm_parent(), TAG_DONE);
    pvm_exit();
    return 0;
}

static int run_group(int n, char *text)
{
    int *tids = calloc((size_t)n, sizeof(int));

    spawn_copies("member", text, n, tids);
    for (int i = 0; i < n; i++)
        must(pvm_recv(-1, TAG_DONE) > 0, "member done");
    free(tids);
    printf("group ok\n");
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    char *text = argc > 2 ? argv[2] : "1";
    int n = atoi(text);

    if (strcmp(role, "idle") == 0)
        return run_idle();
    if (strcmp(role, "lines") == 0)
        return run_lines(n, argc > 3 ? atoi(argv[3]) : 0);
    if (strcmp(role, "exit") == 0)
        return n;
    if (strcmp(role, "deaf") == 0)
        return run_deaf(n);
    if (strcmp(role, "daemon") == 0)
        return run_daemon(text);
    if (strcmp(role, "pair") == 0)
        return run_pair(n);
    if (strcmp(role, "pairs") == 0)
        return run_pairs(n, argc > 3 ? argv[3] : "9");
    if (strcmp(role, "streamer") == 0)
        return stream_both_ways(pvm_parent(), n) == 0;
    if (strcmp(role, "stream") == 0)
        return run_stream(text);
    if (strcmp(role, "watch") == 0)
        return run_watch(n, argv + 3);
    if (strcmp(role, "churn") == 0)
        return run_churn(n);
    if (strcmp(role, "alive") == 0)
        return run_alive(n);
    if (strcmp(role, "signal") == 0)
        return run_signal(n);
    if (strcmp(role, "member") == 0)
        return run_member(n);
    if (strcmp(role, "group") == 0)
        return run_group(n, text);
    fprintf(stderr, "tool: no role '%s'; the source lists them\n", role);
    return 2;
}
