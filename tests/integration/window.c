/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For test_arena: how a program becomes a task.
 *
 *   window ask COUNT FILE ARGS...  spawns it COUNT times; prints for each message that comes "same" or "other" (whether its
 *                                  tid is that of the spawn), and how it enrolled
 *   window child                   enrols, and tells its parent how
 *   window twins PARENT            two processes with the same environment do so
 *   window chat COUNT TURNS FILE   spawns FILE COUNT times: they send each other messages of all sizes; kills one after the other with
 *                                  SIGKILL when it has got TURNS more from them; prints how many exit notices have come
 *   window chatter                 one of those
 *   window wait                    enrols, prints its tid, and receives until that fails; prints the code
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>

/* The daemon's end of an inherited connection has no name. */
static const char *how(void)
{
    struct sockaddr_un peer;
    socklen_t length;

    for (int fd = 3; fd < 256; fd++) {
        length = sizeof(peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0 || peer.sun_family != AF_UNIX)
            continue;
        if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
            return "open-for-children";
        return length > offsetof(struct sockaddr_un, sun_path) && peer.sun_path[0] != '\0' ? "connected" : "inherited";
    }
    return "alone";
}

static int tell(int parent)
{
    int tid = pvm_mytid();

    if (getenv("PVM_CLAIM") != NULL || getenv("PVM_SLOT") != NULL)
        return 3;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&tid, 1, 1);
    pvm_pkstr((char *)how());
    return tid > 0 && pvm_send(parent > 0 ? parent : pvm_parent(), 1) == 0 && pvm_exit() == 0 ? 0 : 2;
}

static int twins(int parent)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(tell(parent));
    status = tell(parent);
    return waitpid(child, &status, 0) == child ? status : 4;
}

static int ask(int count, char **argv)
{
    static int tids[1000];
    static char *args[8];
    char me[16];
    int messages = 0;
    struct timeval patience = { 60, 0 };

    if (count > (int)(sizeof(tids) / sizeof(tids[0])))
        return 1;
    snprintf(me, sizeof(me), "%d", pvm_mytid());
    for (int i = 1; argv[i] != NULL && i < 7; i++)
        args[i - 1] = strcmp(argv[i], "ME") == 0 ? me : argv[i];
    if (pvm_spawn(argv[0], args, PvmTaskDefault, "", count, tids) != count) {
        printf("spawn: %s\n", pvm_errdetail());
        return 1;
    }
    pvm_notify(PvmTaskExit, 2, count, tids);
    for (int ended = 0; ended < count || messages > 0;) {
        int buffer = pvm_trecv(-1, -1, &patience), tag = 0, tid;
        const char *word = "other";
        char text[64];

        if (buffer <= 0) {
            puts("nothing comes");
            return 1;
        }
        pvm_bufinfo(buffer, NULL, &tag, NULL);
        if (tag == 2) {
            if (++ended == count)
                break;
            continue;
        }
        pvm_upkint(&tid, 1, 1);
        pvm_upkstr(text);
        for (int i = 0; i < count; i++)
            if (tids[i] == tid)
                word = "same";
        printf("%s %s\n", word, text);
    }
    pvm_exit();
    return 0;
}

/* ---- killed while they talk ---- */

#define CHAT_MAX 64

static int chatter(void)
{
    static char bytes[300000];
    int tids[CHAT_MAX], count, parent = pvm_parent();
    unsigned seed = (unsigned)pvm_mytid();

    pvm_recv(parent, 1);
    pvm_upkint(&count, 1, 1);
    pvm_upkint(tids, count, 1);
    for (;;) {
        int length = rand_r(&seed) % 3 == 0 ? rand_r(&seed) % (int)sizeof(bytes) : rand_r(&seed) % 100;
        int to = rand_r(&seed) % 4 == 0 ? parent : tids[rand_r(&seed) % count];

        pvm_initsend(PvmDataDefault);
        pvm_pkbyte(bytes, length, 1);
        if (pvm_send(to, 3) == PvmSysErr)
            return 0;
        while (pvm_nrecv(-1, 3) > 0)
            pvm_upkbyte(bytes, 1, 1);
    }
}

/* The pid of a spawned task, which is on this host. */
static int pid_of(int tid)
{
    struct pvmtaskinfo *info;
    int count;

    return pvm_tasks(tid, &count, &info) == PvmOk && count == 1 ? info[0].ti_pid : 0;
}

static int chat(char *path, int count, int turns)
{
    char *args[] = { "chatter", NULL };
    int tids[CHAT_MAX], notices = 0;

    if (count > CHAT_MAX || pvm_spawn(path, args, PvmTaskDefault, "", count, tids) != count)
        return 1;
    pvm_notify(PvmTaskExit, 2, count, tids);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&count, 1, 1);
    pvm_pkint(tids, count, 1);
    pvm_mcast(tids, count, 1);
    for (int i = 0; i < count; i++) {
        int pid = pid_of(tids[i]);

        for (int n = 0; n < turns; n++)
            pvm_recv(-1, 3);
        if (pid <= 0 || kill(pid, SIGKILL) != 0)
            return 2;
    }
    while (notices < count && pvm_recv(-1, 2) > 0)
        notices++;
    printf("%d\n", notices);
    pvm_exit();
    return 0;
}

static int wait_for_the_end(void)
{
    printf("%x\n", (unsigned)pvm_mytid());
    fflush(stdout);
    printf("%d\n", pvm_recv(-1, 77));
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    pvm_setopt(PvmAutoErr, 0);
    if (strcmp(what, "ask") == 0 && argc > 3)
        return ask(atoi(argv[2]), argv + 3);
    if (strcmp(what, "child") == 0)
        return tell(argc > 2 ? atoi(argv[2]) : 0);
    if (strcmp(what, "twins") == 0 && argc > 2)
        return twins(atoi(argv[2]));
    if (strcmp(what, "chat") == 0 && argc > 4)
        return chat(argv[4], atoi(argv[2]), atoi(argv[3]));
    if (strcmp(what, "chatter") == 0)
        return chatter();
    if (strcmp(what, "wait") == 0)
        return wait_for_the_end();
    fprintf(stderr, "window: what?\n");
    return 1;
}
