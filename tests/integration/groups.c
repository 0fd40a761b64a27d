/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups under stress: barriers by several tasks on all hosts, while others join and leave, and while members are killed.
 * All hosts are on this computer, so who has called which barrier stands in a file that all map.
 *
 *     groups lockstep TASKS ROUNDS        all call each barrier
 *     groups restless TASKS ROUNDS        and others join and leave all the time
 *     groups killed TASKS                 members are killed until two are left
 *     groups collect TASKS ROUNDS         reduce, gather and scatter, each member the root in turn
 *     groups missing TASKS                and one has ended before it could do its share
 *     groups threads TASKS ROUNDS         each task has a thread that sends and receives meanwhile
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pvm3.h>

#define TASKS_MAX 64
#define FLOATERS 3
#define DONE 7
#define ENDED 8

struct shared {
    _Atomic int called[TASKS_MAX];    /* barriers that each has called */
    _Atomic int dead[TASKS_MAX];
    _Atomic int killed[TASKS_MAX];    /* tids */
    _Atomic int done[TASKS_MAX];      /* it reports */
    _Atomic int last;                 /* round */
    _Atomic int stop;
};

static struct shared *shared;

static void fail(const char *what, int number)
{
    printf("t%x: %s %d: %s\n", (unsigned)pvm_mytid(), what, number, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    exit(1);
}

static void share(const char *path, int create)
{
    int fd = open(path, O_RDWR | (create ? O_CREAT | O_TRUNC : 0), 0600);

    if (fd < 0 || (create && ftruncate(fd, sizeof(*shared)) != 0))
        fail("the shared file", fd);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        fail("mapping", 0);
}

/* ---- members ---- */

static void check_all_called(int tasks, int round)
{
    for (int i = 0; i < tasks; i++) {
        if (atomic_load(&shared->called[i]) < round && !atomic_load(&shared->dead[i]))
            fail("passed a barrier before one had called it, round", round);
    }
}

/* All others wait in that round for this one. */
static void await_all_others(int me, int tasks, int round)
{
    for (int i = 0; i < tasks; i++) {
        while (i != me && atomic_load(&shared->called[i]) < round)
            sched_yield();
    }
}

static void lockstep(int me, int tasks, int rounds)
{
    for (int round = 1; round <= rounds; round++) {
        int rc;

        atomic_store(&shared->called[me], round);
        rc = pvm_barrier("team", tasks);
        if (rc != PvmOk)
            fail("barrier", rc);
        check_all_called(tasks, round);
        if (round % 50 == 0 && round < rounds && me == round / 50 % tasks)
            await_all_others(me, tasks, round + 1);
    }
}

/* Whether the text names somebody who was killed. */
static int names_killed(const char *text)
{
    for (int i = 0; i < TASKS_MAX; i++) {
        char tid[32];

        snprintf(tid, sizeof(tid), "t%x ", (unsigned)atomic_load(&shared->killed[i]));
        if (atomic_load(&shared->killed[i]) != 0 && strstr(text, tid) != NULL)
            return 1;
    }
    return 0;
}

static void with_the_dead(int me, int tasks)
{
    for (int round = 1; round <= atomic_load(&shared->last);) {
        int rc;

        atomic_store(&shared->called[me], round);
        rc = pvm_barrier("team", -1);
        if (rc == PvmOk)
            check_all_called(tasks, round++);
        else if (rc != PvmNoTask || !names_killed(pvm_errdetail()))
            fail("barrier with the dead", rc);
    }
}

static void floater(void)
{
    for (int i = 0; !atomic_load(&shared->stop); i++) {
        int rc = pvm_joingroup("team");

        if (rc < 0)
            fail("join", rc);
        if (i % 3 == 0 && pvm_gettid("team", rc) != pvm_mytid())
            fail("another tid at instance", rc);
        if (i % 4 == 0 && pvm_getinst("team", pvm_mytid()) != rc)
            fail("another instance than", rc);
        rc = pvm_lvgroup("team");
        if (rc != PvmOk)
            fail("leave", rc);
    }
}

static atomic_int threads_stop;

static void *chatter(void *arg)
{
    (void)arg;
    for (int i = 0; !atomic_load(&threads_stop); i++) {
        int got;

        pvm_initsend(PvmDataDefault);
        pvm_pkint(&i, 1, 1);
        if (pvm_send(pvm_mytid(), 99) != PvmOk || pvm_recv(pvm_mytid(), 99) <= 0)
            return (void *)"a thread cannot talk to itself";
        pvm_upkint(&got, 1, 1);
        if (got != i)
            return (void *)"a thread hears something else";
    }
    return NULL;
}

static void with_thread(int me, int tasks, int rounds)
{
    pthread_t thread;
    void *what;

    if (pthread_create(&thread, NULL, chatter, NULL) != 0)
        fail("thread", 0);
    lockstep(me, tasks, rounds);
    atomic_store(&threads_stop, 1);
    pthread_join(thread, &what);
    if (what != NULL)
        fail(what, 0);
}

/* ---- reduce, gather, scatter ---- */

#define ITEMS 3000

/* Not one of PVM's: the largest of what the members have, and how many of them have at least one. */
static void largest_and_count(int *datatype, void *x, void *y, int *num, int *info)
{
    int *a = x;
    const int *b = y;

    *info = *datatype == PVM_INT && *num == 2 ? PvmOk : PvmBadParam;
    a[0] = b[0] > a[0] ? b[0] : a[0];
    a[1] += b[1];
}

static void check_reduce(int me, int tasks, int root)
{
    static double sums[ITEMS];
    int pair[2] = { 10 + me, 1 }, least = -me, rc;
    short product = (short)(me == 2 ? 3 : 1);

    for (int i = 0; i < ITEMS; i++)
        sums[i] = me * 0.5 + i;
    if ((rc = pvm_reduce(PvmSum, sums, ITEMS, PVM_DOUBLE, 5, "team", root)) != PvmOk ||
        (rc = pvm_reduce(largest_and_count, pair, 2, PVM_INT, 6, "team", root)) != PvmOk ||
        (rc = pvm_reduce(PvmMin, &least, 1, PVM_INT, 5, "team", root)) != PvmOk ||
        (rc = pvm_reduce(PvmProduct, &product, 1, PVM_SHORT, 5, "team", root)) != PvmOk)
        fail("reduce", rc);
    if (me != root)
        return;
    for (int i = 0; i < ITEMS; i++) {
        if (sums[i] != tasks * (tasks - 1) / 4.0 + (double)tasks * i)
            fail("a wrong sum, item", i);
    }
    if (pair[0] != 10 + tasks - 1 || pair[1] != tasks || least != 1 - tasks || product != (tasks > 2 ? 3 : 1))
        fail("a wrong result at root", root);
}

static void check_gather_and_scatter(int me, int tasks, int root)
{
    static float all[TASKS_MAX * ITEMS], own[ITEMS];
    int rc;

    for (int i = 0; i < ITEMS; i++)
        own[i] = (float)(me * 1000 + i);
    rc = pvm_gather(all, own, ITEMS, PVM_FLOAT, 5, "team", root);
    if (rc != PvmOk)
        fail("gather", rc);
    for (int i = 0; me == root && i < tasks * ITEMS; i++) {
        if (all[i] != (float)(i / ITEMS * 1000 + i % ITEMS))
            fail("gathered something else, item", i);
    }
    for (int i = 0; me == root && i < tasks * ITEMS; i++)
        all[i] += 7;
    rc = pvm_scatter(own, all, ITEMS, PVM_FLOAT, 5, "team", root);
    if (rc != PvmOk)
        fail("scatter", rc);
    for (int i = 0; i < ITEMS; i++) {
        if (own[i] != (float)(me * 1000 + i + 7))
            fail("scattered something else, item", i);
    }
}

/* One tells all others so many bytes, in several pieces between hosts; and behind them a few. */
static void check_bcast(int me, int root)
{
    static char bytes[150000];
    int count = (int)sizeof(bytes), few = 0;

    if (me == root) {
        memset(bytes, root + 1, sizeof(bytes));
        pvm_initsend(PvmDataDefault);
        pvm_pkbyte(bytes, count, 1);
        if (pvm_bcast("team", 77) != PvmOk)
            fail("bcast", root);
        pvm_initsend(PvmDataRaw);
        pvm_pkint(&root, 1, 1);
        if (pvm_bcast("team", 78) != PvmOk)
            fail("second bcast", root);
        return;
    }
    if (pvm_recv(pvm_gettid("team", root), -1) <= 0 || pvm_upkbyte(bytes, count, 1) != PvmOk)
        fail("bcast has not come", root);
    for (int i = 0; i < count; i++) {
        if (bytes[i] != (char)(root + 1))
            fail("bcast has come damaged", root);
    }
    if (pvm_recv(pvm_gettid("team", root), -1) <= 0 || pvm_upkint(&few, 1, 1) != PvmOk || few != root)
        fail("second bcast has not come", root);
}

static void collect(int me, int tasks, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        check_reduce(me, tasks, round % tasks);
        check_gather_and_scatter(me, tasks, round % tasks);
        if (round % 5 == 0)
            check_bcast(me, round % tasks);
        if (round % 3 == 0 && pvm_barrier("team", tasks) != PvmOk)    /* else nobody waits for the slowest */
            fail("barrier", round);
    }
}

/* The last one ends; whoever needs it is told so by its name, the others do their share. */
static void with_one_missing(int me, int tasks)
{
    int data[TASKS_MAX] = { 0 }, result[TASKS_MAX];
    int rc = pvm_freezegroup("team", tasks);    /* so that all go on with the list of members that has it */

    if (rc != tasks)
        fail("freeze", rc);
    pvm_setopt(PvmAutoErr, 0);
    if (me == tasks - 1) {
        atomic_store(&shared->killed[0], pvm_mytid());
        atomic_store(&shared->dead[TASKS_MAX - 1], 1);
        _exit(0);
    }
    while (!atomic_load(&shared->dead[TASKS_MAX - 1]))
        sched_yield();
    rc = pvm_gather(result, data, 1, PVM_INT, 5, "team", 0);
    if (me == 0 ? rc != PvmNoTask || !names_killed(pvm_errdetail()) : rc != PvmOk && rc != PvmNoTask)
        fail("gather without one", rc);
    rc = pvm_reduce(PvmSum, data, 1, PVM_INT, 6, "team", 0);
    if (me == 0 ? rc != PvmNoTask || !names_killed(pvm_errdetail()) : rc != PvmOk && rc != PvmNoTask)
        fail("reduce without one", rc);
    rc = pvm_scatter(result, data, 1, PVM_INT, 7, "team", tasks - 1);
    if (rc != PvmNoTask || !names_killed(pvm_errdetail()))
        fail("scatter without its root", rc);
}

/* All are in the group before the first barrier, so that each of them lends it. */
static void member(const char *mode, int me, int tasks, int rounds)
{
    int instance = pvm_joingroup("team");
    int rc;

    if (instance < 0)
        fail("join", instance);
    if (strcmp(mode, "restless") == 0)
        while (pvm_gsize("team") < tasks)
            sched_yield();
    else if ((rc = pvm_barrier("team", tasks)) != PvmOk)
        fail("the first barrier", rc);
    if (strcmp(mode, "killed") == 0)
        with_the_dead(me, tasks);
    else if (strcmp(mode, "collect") == 0)
        collect(instance, tasks, rounds);
    else if (strcmp(mode, "missing") == 0)
        with_one_missing(instance, tasks);
    else if (strcmp(mode, "threads") == 0)
        with_thread(me, tasks, rounds);
    else
        lockstep(me, tasks, rounds);
}

static int child(char **argv)
{
    int me = atoi(argv[3]), tasks = atoi(argv[4]);

    share(argv[2], 0);
    if (strcmp(argv[1], "floater") == 0)
        floater();
    else
        member(argv[1], me, tasks, atoi(argv[5]));
    atomic_store(&shared->done[me], 1);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&me, 1, 1);
    if (me < tasks && pvm_send(pvm_parent(), DONE) != PvmOk)
        fail("report", me);
    pvm_exit();
    return 0;
}

/* ---- the one who starts them ---- */

static void spawn(const char *mode, const char *path, int me, int tasks, int rounds, int *ret_tid)
{
    char text[3][16];
    char *args[] = { (char *)mode, (char *)path, text[0], text[1], text[2], NULL };

    snprintf(text[0], sizeof(text[0]), "%d", me);
    snprintf(text[1], sizeof(text[1]), "%d", tasks);
    snprintf(text[2], sizeof(text[2]), "%d", rounds);
    if (pvm_spawn("tool", args, PvmTaskDefault, NULL, 1, ret_tid) != 1)
        fail("spawn", *ret_tid);
    pvm_notify(PvmTaskExit, ENDED, 1, ret_tid);
}

/* One after the other, each some rounds after the one before; then those who are left stop at the same round. */
static void kill_some(const int *tids, int tasks)
{
    for (int i = tasks - 1; i >= 2; i--) {
        int round = atomic_load(&shared->called[0]);

        while (atomic_load(&shared->called[0]) < round + 3 + i * 7)
            sched_yield();
        atomic_store(&shared->dead[i], 1);
        atomic_store(&shared->killed[i], tids[i]);
        pvm_sendsig(tids[i], SIGKILL);
    }
    atomic_store(&shared->last, atomic_load(&shared->called[0]) + 50);
}

/* All members report before they end, but for those who were killed. */
static void await_reports(const int *tids, int tasks, int missing)
{
    for (int reports = 0; reports < tasks - missing;) {
        int tag, value;

        if (pvm_bufinfo(pvm_recv(-1, -1), NULL, &tag, NULL) != PvmOk)
            fail("recv", 0);
        pvm_upkint(&value, 1, 1);
        reports += tag == DONE;
        for (int i = 0; tag == ENDED && i < tasks; i++) {
            if (tids[i] == value && !atomic_load(&shared->dead[i]) && !atomic_load(&shared->done[i]) &&
                atomic_load(&shared->killed[0]) != value)
                fail("ended without a report: member", i);
        }
    }
}

static int master(const char *mode, int tasks, int rounds)
{
    int tids[TASKS_MAX], floaters[FLOATERS];
    char path[256];
    int restless = strcmp(mode, "restless") == 0, killed = strcmp(mode, "killed") == 0;

    snprintf(path, sizeof(path), "%s/shared", getcwd(NULL, 0));
    share(path, 1);
    atomic_store(&shared->last, killed ? INT_MAX : rounds);
    pvm_catchout(stdout);
    for (int i = 0; i < tasks; i++)
        spawn(mode, path, i, tasks, rounds, &tids[i]);
    for (int i = 0; restless && i < FLOATERS; i++)
        spawn("floater", path, tasks + i, tasks, rounds, &floaters[i]);
    if (killed)
        kill_some(tids, tasks);
    await_reports(tids, tasks, killed ? tasks - 2 : strcmp(mode, "missing") == 0);
    atomic_store(&shared->stop, 1);
    printf("%s ok\n", mode);
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 6)
        return child(argv);
    return argc < 3 ? 2 : master(argv[1], atoi(argv[2]), argc > 3 ? atoi(argv[3]) : 0);
}
