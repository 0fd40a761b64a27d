/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring: copies of this program pass a message round in a circle, and the time of a hop is measured.
 *
 *     ./ring -n 6 -r 1000 -b 4096
 *
 * The first copy, started by hand, is one of the ring: it starts the others and tells all of them the order.
 */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pvm3.h>

enum { TAG_ORDER = 1, TAG_TOKEN, TAG_GONE };

#define TASKS_MAX 1000    /* a slip of the finger should not bring a computer down */

struct options {
    int tasks;
    int rounds;
    int bytes;
};

static const char usage[] =
    "usage: ring [options]\n"
    "  -n TASKS    tasks in the ring, 2 or more (4)\n"
    "  -r ROUNDS   how often the message goes round (1000)\n"
    "  -b BYTES    its length (8)\n";

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

/* Waits for the token. False: one of the ring has ended, so that it would never come. */
static int token_wait(char *token, int bytes)
{
    int bufid = pvm_recv(-1, -1);    /* whatever comes first, token or notice */
    int tag, from, length;

    if (bufid < 0 || pvm_bufinfo(bufid, &length, &tag, &from) < 0 || tag != TAG_TOKEN)
        return 0;
    return pvm_upkbyte(token, bytes, 1) == PvmOk;
}

static void token_pass(int next, char *token, int bytes)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkbyte(token, bytes, 1);
    pvm_send(next, TAG_TOKEN);
}

/* Every other task: learns its place, then passes on what comes. */
static int follow(int me, int parent)
{
    int count, rounds, bytes;
    int next = 0;

    pvm_notify(PvmTaskExit, TAG_GONE, 1, &parent);    /* without the first one there is no ring */
    if (pvm_recv(parent, TAG_ORDER) < 0)
        return 1;
    pvm_upkint(&count, 1, 1);
    pvm_upkint(&rounds, 1, 1);
    pvm_upkint(&bytes, 1, 1);
    int *ring = calloc((size_t)count, sizeof(*ring));
    char *token = malloc((size_t)bytes);
    if (ring == NULL || token == NULL)
        return 1;
    pvm_upkint(ring, count, 1);
    for (int i = 0; i < count; i++) {
        if (ring[i] == me)
            next = ring[(i + 1) % count];
    }

    int round = 0;
    while (round < rounds && token_wait(token, bytes)) {
        token_pass(next, token, bytes);
        round++;
    }
    if (round == rounds)
        pvm_recv(-1, TAG_GONE);    /* leaving now would look like a broken ring: stay until the first one leaves */
    free(token);
    free(ring);
    return 0;
}

/* The first one: makes the ring, sends the token off, and takes the time. */
static int lead(const struct options *options, int me, char *program)
{
    int count = options->tasks;
    int status = 1;
    int *ring = calloc((size_t)count, sizeof(*ring));
    char *token = calloc(1, (size_t)options->bytes);

    if (ring == NULL || token == NULL)
        return 1;
    ring[0] = me;
    int started = pvm_spawn(basename(program), NULL, PvmTaskDefault, NULL, count - 1, ring + 1);
    if (started < count - 1) {
        fprintf(stderr, "ring: only %d of %d tasks started: %s\n", started > 0 ? started : 0, count - 1,
                pvm_errdetail());
        for (int i = 1; i <= started; i++)
            pvm_kill(ring[i]);
        return 1;
    }
    pvm_notify(PvmTaskExit, TAG_GONE, count - 1, ring + 1);

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&count, 1, 1);
    pvm_pkint(&options->rounds, 1, 1);
    pvm_pkint(&options->bytes, 1, 1);
    pvm_pkint(ring, count, 1);
    pvm_mcast(ring + 1, count - 1, TAG_ORDER);    /* one message to many */

    double start = 0;
    int round = 0;
    for (; round < options->rounds; round++) {
        if (round == 1)
            start = seconds();    /* the first round also waits for slow starters */
        token_pass(ring[1], token, options->bytes);
        if (!token_wait(token, options->bytes))
            break;
    }
    if (round < options->rounds) {
        fprintf(stderr, "ring: a task has ended before its time; the ring is broken\n");
        for (int i = 1; i < count; i++)
            pvm_kill(ring[i]);
    } else {
        double hops = (double)(options->rounds - 1) * count;

        printf("%d bytes went round %d tasks %d times", options->bytes, count, options->rounds);
        if (hops > 0)
            printf(": %.1f microseconds a hop", (seconds() - start) / hops * 1e6);
        printf("\n");
        status = 0;
    }
    free(token);
    free(ring);
    return status;
}

/* A whole number from min to max, and nothing else. */
static int number_read(const char *text, int min, int max, int *ret_number)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || number < min || number > max)
        return 0;
    *ret_number = (int)number;
    return 1;
}

static int options_read(int argc, char **argv, struct options *options)
{
    int option;

    *options = (struct options){ .tasks = 4, .rounds = 1000, .bytes = 8 };
    while ((option = getopt(argc, argv, "n:r:b:")) != -1) {
        int good = 1;

        if (option == 'n')
            good = number_read(optarg, 2, TASKS_MAX, &options->tasks);
        else if (option == 'r')
            good = number_read(optarg, 1, 1000000000, &options->rounds);
        else if (option == 'b')
            good = number_read(optarg, 1, 1 << 30, &options->bytes);
        else
            return -1;
        if (!good) {
            fprintf(stderr, "ring: -%c cannot be \"%s\"\n", option, optarg);
            return -1;
        }
    }
    return optind < argc ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct options options;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (options_read(argc, argv, &options) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    pvm_setopt(PvmAutoErr, 0);
    int me = pvm_mytid();
    if (me < 0) {
        fprintf(stderr, "ring: there is no virtual machine; start one with: pvm\n");
        return 1;
    }
    int parent = pvm_parent();
    int status = parent > 0 ? follow(me, parent) : lead(&options, me, argv[0]);
    pvm_exit();
    return status;
}
