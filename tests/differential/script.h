/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The random program that runs on PVM 3.4.6 and on ours, and prints the same on both.
 *
 * A seed is a script of numbered operations. Each belongs to one task and is carried out by it alone, while the
 * others wait (turns.c), so that every result is determined. What an operation does is drawn from the seed, its
 * number, and what the task has seen so far: leaving one out does not change the others' draws, which is how a
 * script is made smaller.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>

extern int pvm_errno;    /* PVM 3 exports it without declaring it */

#define TASKS_MAX 4
#define TAGS 4              /* tags below are of packed messages, TAGS to 2 * TAGS - 1 of pvm_psend() */
#define TAG_NOTICE 3000
#define TAG_HANDLED 4000    /* and the next: for message handlers */
#define TAG_CONTROL 7777

/* What this task is in the script. */
struct script {
    uint64_t seed;
    int ntask;
    int me;                  /* 0 is the one that was started by hand */
    int tids[TASKS_MAX];
    int dead;                /* tid of a task that has ended; 0 while there is none */
    const char *program;     /* name for pvm_spawn() */
    int has_bodies;          /* pvm_pkmesgbody() is among its operations: messages may have odd fragments, which PVM 3 counts */
};
extern struct script script;

/* One kind of operation. Those that all tasks do together are marked. */
struct op {
    const char *name;
    int weight;
    int together;
    void (*run)(int index);
};
extern const struct op buffer_ops[], message_ops[], task_ops[], group_ops[], mailbox_ops[], output_ops[];

/* ---- random numbers and output: script.c ---- */

void draw_from(int index, int salt);    /* what follows is drawn for this operation */
uint64_t draw(void);
int below(int n);                       /* 0 to n - 1 */
int chance(int percent);

void log_open(const char *path);
void log_close(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Texts for say(); up to eight may be in use at once. */
const char *code(int rc);                             /* of a result: an error's name, else the number */
const char *quiet(int rc);                            /* of one that is never reported: PVM 3 may leave pvm_errno, or set it inside */
void errno_unsure(void);                              /* a call that succeeded may have set it */
const char *last_error(void);                         /* of the library, where both must know it */
const char *who(int tid);                             /* "t0", "dead", "the pvmd", ... */
const char *bytes_text(const void *data, size_t n);   /* the first bytes and a sum of all */
const char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that something is not tried, because ours differs there and docs/pvm3.md says so. */
void masked(const char *reason);

/* A tid to send to or ask for: mostly a task of the script. */
int some_tid(void);
int some_peer(void);     /* always one of the script, perhaps this one */
int any_tid(void);       /* for receives: also -1 */
int any_tag(void);

/* ---- turns.c ---- */

void turns_begin(int argc, char **argv);
void turns_run(void);
void turns_will_send_to(int tid);                   /* the end of the turn waits until it has arrived */
void turns_ask_for_message(int peer, int tag);      /* peer sends one by pvm_psend() meanwhile */
void turns_await_answer(int peer);                  /* it has arrived */

/* ---- buffers.c: the buffers that this task knows ---- */

struct known {
    int id;
    int name;
    int encoding;
    int was_received;    /* or unpacked from: packing into it is another matter */
    int multicast;       /* pvm_mcast() has sent it: PVM 3 shows an address of its own as receiver */
    int own;             /* packed here, and then made the receive buffer */
    int filled;          /* something was to be packed into it */
    int has_body;        /* of another, by pvm_pkmesgbody() */
    int from_mailbox;    /* in PVM 3 it has a fragment more, which pvm_pkmesg() counts */
};

void buffers_made(int id, int encoding, int received);
void buffers_gone(int id);
void buffers_multicast(void);          /* the active send buffer goes out so */
struct known *buffers_find(int id);
struct known *buffers_some(void);      /* NULL when there is none */
const char *buffers_text(int id);

/* ---- ops_output.c ---- */

int output_printer(const char *lines);    /* the whole of a task that only prints */

/* ---- data.c: items that tell the reader what they are ---- */

void data_pack(struct known *buffer);
void data_unpack(void);
void data_drain(void);
int data_random(int datatype, void *to, int count);    /* returns the size of an item */
void data_begin(void);

#endif
