/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs that do not live as the manual wants it. The first argument says how:
 *
 *   careless     spawns a task that sends and ends without pvm_exit(): all it sent arrives, then the notice
 *   fork         forks after enrolment: the child is a task of its own, and the parent goes on as if nothing were
 *   exec         spawns tasks that become another program, before and after enrolment, through a shell, by system()
 *   closed FILE  starts the daemon and ends it with stdin, stdout and stderr closed; writes "closed ok" into FILE
 *   block CALL   prints "waiting", then waits in CALL; prints the code that it ends with
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>

enum { TAG_DATA = 1, TAG_EXIT };

#define MESSAGES 20
#define LENGTH 100000

static char self[4096];

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("FAILED: %s (%s)\n", what, pvm_errdetail());
    fflush(stdout);
    _exit(1);
}

static int spawn(const char *program, const char *role)
{
    char *args[] = { (char *)role, NULL };
    int tid = 0;

    must(pvm_spawn(program, args, PvmTaskDefault, NULL, 1, &tid) == 1, "spawn");
    must(pvm_notify(PvmTaskExit, TAG_EXIT, 1, &tid) == PvmOk, "notify");
    return tid;
}

static void tell_parent(int number)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&number, 1, 1);
    must(pvm_send(pvm_parent(), TAG_DATA) == PvmOk, "send to the parent");
}

static int hear_number(int tid)
{
    int number = -1;

    must(pvm_recv(tid, TAG_DATA) > 0 && pvm_upkint(&number, 1, 1) == PvmOk, "a message");
    return number;
}

static void hear_end(int tid)
{
    int ended = 0;

    must(pvm_recv(-1, TAG_EXIT) > 0 && pvm_upkint(&ended, 1, 1) == PvmOk, "a notice");
    must(ended == tid, "the notice is about that task");
}

/* ---- careless ---- */

static int send_and_return(void)
{
    static char data[LENGTH];

    for (int i = 0; i < MESSAGES; i++) {
        memset(data, 'a' + i, sizeof(data));
        must(pvm_psend(pvm_parent(), TAG_DATA, data, LENGTH, PVM_BYTE) == PvmOk, "psend");
    }
    return 0;
}

static int run_careless(void)
{
    static char data[LENGTH];
    int tid = spawn(self, "send_and_return");

    hear_end(tid);
    for (int i = 0; i < MESSAGES; i++) {
        must(pvm_probe(tid, TAG_DATA) > 0, "all has arrived before the notice");
        must(pvm_precv(tid, TAG_DATA, data, LENGTH, PVM_BYTE, NULL, NULL, NULL) == PvmOk, "precv");
        must(data[0] == 'a' + i && data[LENGTH - 1] == 'a' + i, "contents");
    }
    printf("careless ok\n");
    return 0;    /* nor does this one */
}

/* ---- fork ---- */

static int run_fork(void)
{
    int me = pvm_mytid();
    int status;
    pid_t pid;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&me, 1, 1);
    pid = fork();
    if (pid == 0) {
        int mine;

        must(pvm_getsbuf() == 0, "a child has no buffers");
        mine = pvm_mytid();
        must(mine > 0 && mine != me && pvm_parent() == PvmNoParent, "a child is a task of its own");
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&mine, 1, 1);
        must(pvm_send(me, TAG_DATA) == PvmOk, "it sends to its parent");
        must(hear_number(me) == me, "and hears from it");
        _exit(0);
    }
    status = hear_number(-1);
    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &status);
    must(pvm_send(status, TAG_DATA) == PvmOk, "what was packed before fork() is still there");
    hear_end(status);
    must(waitpid(pid, &status, 0) == pid && status == 0, "the child's status");
    must(pvm_mytid() == me && pvm_pstat(me) == PvmOk, "the parent goes on");
    pvm_exit();
    printf("fork ok\n");
    return 0;
}

/* ---- exec ---- */

static int exec_before(void)
{
    execl(self, self, "tell", (char *)NULL);
    return 1;
}

static int exec_after(void)
{
    must(pvm_mytid() > 0, "enrol");
    execl(self, self, "orphan", (char *)NULL);
    return 1;
}

static int by_system(void)
{
    char command[4200];

    snprintf(command, sizeof(command), "'%s' tell", self);
    return system(command);    /* it, and not this program, is the spawned task */
}

static int enrolled_and_system(void)
{
    char command[4200];

    tell_parent(pvm_mytid());
    snprintf(command, sizeof(command), "'%s' orphan", self);
    return system(command);
}

static int run_exec(void)
{
    int tid = spawn(self, "exec_before");

    must(hear_number(tid) == tid, "a program that another one has become before it enrolled has its tid");
    hear_end(tid);
    tid = spawn(self, "exec_after");
    hear_end(tid);
    must(pvm_pstat(tid) == PvmNoTask, "a task that has become another program is no more");
    tid = spawn(self, "by_system");
    must(hear_number(tid) == tid, "the first program that enrols is the spawned task");
    hear_end(tid);
    tid = spawn(self, "enrolled_and_system");
    must(hear_number(tid) == tid, "later ones are tasks of their own");
    hear_end(tid);
    printf("exec ok\n");
    pvm_exit();
    return 0;
}

static int tell(void)
{
    tell_parent(pvm_mytid());
    pvm_exit();
    return 0;
}

static int orphan(void)
{
    must(pvm_mytid() > 0 && pvm_parent() == PvmNoParent, "a program that was not spawned");
    pvm_exit();
    return 0;
}

/* ---- closed ---- */

static const char *closed_words(void)
{
    char *name = (char *)"-nalpha";

    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    signal(SIGTERM, SIG_IGN);    /* a halt ends all tasks, and this is one */
    if (pvm_start_pvmd(1, &name, 1) < 0)
        return pvm_errdetail();
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            return "the library has taken the number of a standard file";
    }
    return pvm_halt() == PvmOk ? "closed ok" : pvm_errdetail();
}

static int run_closed(const char *path)
{
    const char *words;
    FILE *file;

    signal(SIGTERM, SIG_IGN);    /* pvm_halt() sends it to all tasks */
    words = closed_words();
    file = fopen(path, "w");
    return file == NULL || fprintf(file, "%s\n", words) < 0 || fclose(file) != 0;
}

/* ---- block ---- */

static int data[4];

static int block_trecv(void)
{
    struct timeval limit = { 1000, 0 };

    return pvm_trecv(-1, 1, &limit);
}

/* An idle child whose output is caught: pvm_exit() waits for it. */
static void spawn_idle(void)
{
    char *args[] = { "idle", NULL };

    pvm_catchout(stdout);
    must(pvm_spawn(self, args, PvmTaskDefault, NULL, 1, NULL) == 1, "spawn");
}

static int idle(void)
{
    pvm_mytid();
    return pvm_recv(-1, -1) < 0;
}

static int run_block(const char *call)
{
    int rc = -1000;

    signal(SIGTERM, SIG_IGN);
    pvm_setopt(PvmAutoErr, 0);
    must(pvm_mytid() > 0 && pvm_joingroup("g") == 0, "join");
    if (strcmp(call, "pvm_exit") == 0)
        spawn_idle();
    printf("waiting\n");
    fflush(stdout);
    if (strcmp(call, "pvm_recv") == 0)
        rc = pvm_recv(-1, 1);
    else if (strcmp(call, "pvm_trecv") == 0)
        rc = block_trecv();
    else if (strcmp(call, "pvm_precv") == 0)
        rc = pvm_precv(-1, 1, data, 1, PVM_INT, NULL, NULL, NULL);
    else if (strcmp(call, "pvm_barrier") == 0)
        rc = pvm_barrier("g", 2);
    else if (strcmp(call, "pvm_freezegroup") == 0)
        rc = pvm_freezegroup("g", 2);
    else if (strcmp(call, "pvm_exit") == 0)
        rc = pvm_exit();
    printf("%d\n", rc);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } roles[] = {
        { "careless", run_careless }, { "send_and_return", send_and_return }, { "fork", run_fork },
        { "exec", run_exec },         { "exec_before", exec_before },         { "exec_after", exec_after },
        { "by_system", by_system },   { "enrolled_and_system", enrolled_and_system },
        { "tell", tell },             { "orphan", orphan },                   { "idle", idle },
    };
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    must(length > 0, "readlink");
    self[length] = '\0';
    if (argc > 2 && strcmp(argv[1], "block") == 0)
        return run_block(argv[2]);
    if (argc > 2 && strcmp(argv[1], "closed") == 0)
        return run_closed(argv[2]);
    for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(argv[1], roles[i].name) == 0)
            return roles[i].run();
    }
    fprintf(stderr, "life: the source lists the roles\n");
    return 2;
}
