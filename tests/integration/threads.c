/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hybrid program: two tasks, each with several OpenMP threads that pack, send and receive at the same time,
 * while a message handler answers questions and one thread waits in poll() on the descriptor of pvm_getfds().
 * Thread n of one task talks to thread n of the other with tag n. Prints one line for each part.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>
#include <pvm3.h>

#define THREADS 6
#define ROUNDS 200
#define TAG_QUESTION 50
#define TAG_ANSWER 60    /* and the thread's number */
#define TAG_PARTS 100
#define TAG_END 200

static int wrong;
static int questions;

static void right(int condition, const char *what)
{
    if (condition)
        return;
#pragma omp atomic
    wrong++;
    fprintf(stderr, "not so: %s (%s)\n", what, pvm_errdetail());
}

/* Answers a question of another task's thread with twice its number. */
static int answer(int mid)
{
    int asker;
    int numbers[2];

    right(pvm_bufinfo(mid, NULL, NULL, &asker) == PvmOk && pvm_upkint(numbers, 2, 1) == PvmOk, "a question");
    numbers[1] *= 2;
    pvm_initsend(PvmDataDefault);
    right(pvm_pkint(numbers + 1, 1, 1) == PvmOk, "pack an answer");
    right(pvm_send(asker, TAG_ANSWER + numbers[0]) == PvmOk, "send an answer");
    questions++;
    return 0;
}

/* One round of a thread: data of its own kind and size there and back, and a question to the other's handler. */
static void talk(int other, int thread, int round, int *data, int *got)
{
    int size = 1 + (thread * 997 + round * 131) % 20000;
    int numbers[2] = { thread, round };

    for (int i = 0; i < size; i++)
        data[i] = thread << 20 | round << 8 | (i & 255);
    pvm_initsend((thread + round) % 2 == 0 ? PvmDataDefault : PvmDataRaw);
    right(pvm_pkint(data, size, 1) == PvmOk && pvm_pkstr("end") == PvmOk, "pack");
    right(pvm_send(other, thread) == PvmOk, "send");
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 2, 1);
    right(pvm_send(other, TAG_QUESTION) == PvmOk, "ask");

    right(pvm_recv(other, thread) > 0, "receive");
    memset(got, 0, (size_t)size * sizeof(*got));
    right(pvm_upkint(got, size, 1) == PvmOk && memcmp(got, data, (size_t)size * sizeof(*got)) == 0, "the same data");
    right(pvm_upkstr((char[8]){ 0 }) == PvmOk, "the end of the message");
    right(pvm_recv(other, TAG_ANSWER + thread) > 0 && pvm_upkint(numbers, 1, 1) == PvmOk && numbers[0] == 2 * round,
          "the answer");
}

static void all_threads_talk(int other)
{
#pragma omp parallel num_threads(THREADS)
    {
        int *data = malloc(20001 * sizeof(*data));
        int *got = malloc(20001 * sizeof(*got));

        for (int round = 0; round < ROUNDS; round++)
            talk(other, omp_get_thread_num(), round, data, got);
        free(data);
        free(got);
    }
}

/* Thread 0 waits in poll(), and gets what the others' receives have read and left. */
static void one_thread_polls(int other)
{
    int *fds;
    int count = 0;

    right(pvm_getfds(&fds) == 1, "a descriptor");
#pragma omp parallel num_threads(THREADS)
    {
        int thread = omp_get_thread_num();

        if (thread == 0) {
            while (count < (THREADS - 1) * ROUNDS) {
                struct pollfd poller = { .fd = fds[0], .events = POLLIN };

                while (pvm_nrecv(other, TAG_PARTS) > 0)
                    count++;
                if (count < (THREADS - 1) * ROUNDS)
                    right(poll(&poller, 1, 20000) == 1, "something within 20 s");
            }
        } else {
            for (int round = 0; round < ROUNDS; round++) {
                pvm_initsend(PvmDataDefault);
                right(pvm_send(other, TAG_PARTS) == PvmOk, "send a part");
                right(pvm_send(other, TAG_PARTS + thread) == PvmOk && pvm_recv(other, TAG_PARTS + thread) > 0, "there and back");
            }
        }
    }
    right(pvm_nrecv(other, TAG_PARTS) == 0, "no part too many");
}

/* Neither leaves before the other has all its answers. */
static void end_together(int other)
{
    pvm_initsend(PvmDataDefault);
    pvm_send(other, TAG_END);
    pvm_recv(other, TAG_END);
}

int main(int argc, char **argv)
{
    char *args[] = { "other", NULL };
    int other = 0;
    int theirs = -1;

    (void)argc;
    pvm_setopt(PvmAutoErr, 0);
    right(pvm_addmhf(-1, TAG_QUESTION, -1, answer) >= 0, "a handler");
    if (pvm_parent() > 0)
        other = pvm_parent();
    else
        right(pvm_spawn(argv[0], args, PvmTaskDefault, NULL, 1, &other) == 1, "spawn");
    all_threads_talk(other);
    end_together(other);
    right(questions == THREADS * ROUNDS, "each question came once");
    one_thread_polls(other);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&wrong, 1, 1);
    pvm_send(other, TAG_END);
    right(pvm_recv(other, TAG_END) > 0 && pvm_upkint(&theirs, 1, 1) == PvmOk, "the other's count");
    if (pvm_parent() < 0)
        printf("%d threads of two tasks: wrong here %d, there %d\n", THREADS, wrong, theirs);
    pvm_exit();
    return wrong != 0;
}
