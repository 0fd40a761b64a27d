/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For test_arena: how a program becomes a task.
 *
 *   window ask COUNT FILE ARGS...  spawns it COUNT times; prints for each message that comes "same" or "other" (whether its
 *                                  tid is that of the spawn), and how it enrolled
 *   window child                   enrols, and tells its parent how
 *   window twins PARENT            two processes with the same environment do so
 *   window wait                    enrols, prints its tid, and receives until that fails; prints the code
 *   window without CALL COMMAND... runs it where system call number CALL is refused
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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
    int *tids = calloc((size_t)count, sizeof(int));
    char **args = calloc(8, sizeof(char *));
    char me[16];
    int messages = 0;
    struct timeval patience = { 60, 0 };

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

static int wait_for_the_end(void)
{
    printf("%x\n", (unsigned)pvm_mytid());
    fflush(stdout);
    printf("%d\n", pvm_recv(-1, 77));
    return 0;
}

static int without(int call, char **argv)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 77;
    execvp(argv[0], argv);
    return 1;
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
    if (strcmp(what, "wait") == 0)
        return wait_for_the_end();
    if (strcmp(what, "without") == 0 && argc > 3)
        return without(atoi(argv[2]), argv + 3);
    fprintf(stderr, "window: what?\n");
    return 1;
}
