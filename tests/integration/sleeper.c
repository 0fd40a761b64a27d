/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One of two threads of a program sleeps in pvm_recv() over shared memory, and does sleep: its processor is free. The other
 * one then polls the descriptor of pvm_getfds(), or receives.
 *
 *   sleeper FILE     spawns FILE, which is this program, as the peer; prints "sleeper ok"
 *   sleeper answer   the peer: sends each number back with the tag that it came with
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pvm3.h>

enum { TAG_SLEEPER = 1, TAG_MAIN, TAG_STOP };

#define ROUNDS 60

static int peer;
static atomic_int sleeper_tid;
static atomic_int begun;    /* rounds of the sleeper */

static void must(int good, const char *what, int round)
{
    if (good)
        return;
    printf("round %d: not so: %s (%s)\n", round, what, pvm_errdetail());
    fflush(stdout);
    _exit(1);
}

static void ask(int tag, int round)
{
    static _Thread_local int number;

    number = round;
    must(pvm_initsend(PvmDataDefault) > 0 && pvm_pkint(&number, 1, 1) == PvmOk, "pack", round);
    must(pvm_send(peer, tag) == PvmOk, "pvm_send", round);
}

static void check_answer(int round)
{
    int number;

    must(pvm_upkint(&number, 1, 1) == PvmOk && number == round, "the number that was sent", round);
}

static void *sleeper(void *argument)
{
    atomic_store(&sleeper_tid, (int)syscall(SYS_gettid));
    for (int round = 1; round <= ROUNDS; round++) {
        atomic_store(&begun, round);
        must(pvm_recv(peer, TAG_SLEEPER) > 0, "an answer", round);
        check_answer(round);
    }
    return argument;
}

/* Until it is in that system call, which is no more than in a moment: it has nothing else to do. */
static void until_asleep(int round)
{
    char path[64], text[16];

    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", atomic_load(&sleeper_tid));
    while (atomic_load(&begun) < round)
        sched_yield();
    do {
        FILE *file = fopen(path, "r");

        must(file != NULL, path, round);
        if (fgets(text, sizeof(text), file) == NULL)
            text[0] = '\0';
        fclose(file);
        sched_yield();
    } while (atoi(text) != SYS_futex);
}

static void one_round(int round, int fd)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };

    until_asleep(round);
    ask(TAG_MAIN, round);
    if (round % 2 == 0) {
        while (pvm_nrecv(peer, TAG_MAIN) == 0)
            must(poll(&wait, 1, -1) == 1, "poll", round);
    } else {
        must(pvm_recv(peer, TAG_MAIN) > 0, "an answer", round);
    }
    check_answer(round);
    ask(TAG_SLEEPER, round);
}

static int answer(void)
{
    int tag = 0, number;

    while (pvm_recv(peer, -1) > 0) {
        pvm_bufinfo(pvm_getrbuf(), NULL, &tag, NULL);
        if (tag == TAG_STOP)
            break;
        must(pvm_upkint(&number, 1, 1) == PvmOk, "pvm_upkint", tag);
        ask(tag, number);
    }
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int *fds = NULL;

    peer = pvm_parent();
    if (argc < 2)
        return 2;
    if (strcmp(argv[1], "answer") == 0)
        return answer();
    must(pvm_spawn(argv[1], (char *[]){ "answer", NULL }, PvmTaskDefault, "", 1, &peer) == 1, "pvm_spawn", 0);
    ask(TAG_MAIN, 0);
    must(pvm_recv(peer, TAG_MAIN) > 0 && pvm_getfds(&fds) == 1, "pvm_getfds", 0);
    must(pthread_create(&thread, NULL, sleeper, NULL) == 0, "pthread_create", 0);
    while (atomic_load(&sleeper_tid) == 0)
        sched_yield();
    for (int round = 1; round <= ROUNDS; round++)
        one_round(round, fds[0]);
    pthread_join(thread, NULL);
    ask(TAG_STOP, 0);
    pvm_exit();
    puts("sleeper ok");
    return 0;
}
