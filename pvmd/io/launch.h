/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting a daemon on another host, or another one on this: a launcher (ssh, what PVM_RSH names, or the
 * daemon itself) is run with a pipe to its stdin, over which the join line goes, and one from its stdout,
 * over which the ready line comes (joinline.h).
 *
 *   RESOLVING --address--> WAITING --a place--> RUNNING --ready line--> JOINING --LAUNCH_END--> ENDING
 *        \                                         |                                              |
 *         unknown, or a member's                   its end, 60 s, another version             its end
 *          \                                       |                                              |
 *           +--------> LAUNCHED with what is wrong, ENDING                                     forgotten
 *
 * Where a task has registered as a hoster, it starts the daemon by its own means: RESOLVING --> ASKING, where the core
 * is told the command (LAUNCH_COMMAND) --its answer, the ready line--> JOINING. That line holds a secret.
 *
 * LAUNCHED is said once: at the ready line, or at the first thing that is wrong. A name that nobody here knows is
 * left to ssh, whose own configuration may know it.
 */
#ifndef PVMD_IO_LAUNCH_H
#define PVMD_IO_LAUNCH_H

#include "base/buffer.h"
#include "pvmd/io/io.h"
#include "pvmd/io/resolve.h"
#include "pvmd/io/tunnel.h"

enum launch_step {
    LAUNCH_RESOLVING,
    LAUNCH_WAITING,    /* for a place: 32 launchers run at a time */
    LAUNCH_RUNNING,
    LAUNCH_ASKING,     /* a hoster */
    LAUNCH_JOINING,
    LAUNCH_ENDING
};

/* How a launcher is started: which program, with which words. Errors go to fault. */
struct launch_command {
    char *path;
    char *argv[24];
    int argc;
};

struct launch {
    struct pvmi_list node;
    struct io *io;
    uint64_t handle;
    struct hostspec *spec;
    int number;
    uint64_t ticket;
    uint8_t secret[PVMI_KEY_SIZE];
    uint32_t hoster_ms;                 /* as in the action; 0: it is ours to start */
    enum launch_step step;
    struct resolve *resolve;
    char addresses[RESOLVE_MAX][64];    /* of the host, as we see it */
    int address_count;
    char *host_addresses[IO_ADDRESSES_MAX + 1];    /* of LAUNCHED */
    char *command;                      /* of LAUNCH_COMMAND */
    char *target;
    pid_t pid;                          /* 0: none runs */
    int in;                             /* its stdin; -1 closed */
    int outs[2];                        /* its stdout, stderr; -1 at their ends */
    struct watch *watches[2];
    struct pvmi_buffer lines[2];        /* the line that is coming */
    char said[1024];                    /* the last of what it printed, for the explanation */
    bool old_pvmd;                      /* PVM 3's line came on stdout */
    bool reaped;                        /* it has ended; pid is no longer its own */
    bool killed;
    struct alarm *alarm;
};

struct launches *launches_new(void);

/* Ends all launchers. NULL is fine. */
void launches_free(struct launches *launches);

/* LAUNCH: takes the action's spec. */
void launch_start(struct io *io, struct core_action *action);

/* LAUNCH_ANSWER: takes the action's line. */
void launch_answer(struct io *io, struct core_action *action);

/* True for a daemon that a hoster has been asked to start: it may dial before the hoster has answered. */
bool launch_is_asked(const struct io *io, uint64_t ticket);

/* LAUNCH_END: keep: the host is in, its launcher may go; else it must not come in any more. */
void launch_end(struct io *io, uint64_t handle, bool keep);

/* A child of ours has ended: perhaps a launcher. */
void launches_on_child(struct io *io);

/* ---- launch.c, for launch_process.c ---- */

/* It is decided, and is no new host: says LAUNCHED. The launch may be gone afterwards. */
void launch_fail(struct launch *launch, const struct pvmi_fault *fault);

/* Nothing more is wanted of it: its launcher, if it still runs, has limit_ms to end by itself. */
void launch_finish(struct launch *launch, uint64_t limit_ms);

/* It is ours to start: when there is a place. PvmOk or PvmNoMem. */
int launch_wait(struct launch *launch);

/* ---- launch_process.c ---- */

/* Before anything else, and last. */
void launch_open(struct launch *launch);
void launch_close(struct launch *launch);

void launch_run(struct launch *launch);          /* WAITING: starts the launcher */
void launch_close_in(struct launch *launch);     /* the new daemon reads the end of its stdin */
void launch_on_exit(struct launch *launch, int status);
void launch_on_no_answer(struct launch *launch); /* RUNNING: its time is over */
void launch_on_ready_line(struct launch *launch, const char *line);

/* What the new daemon is to know, but for the secret, and when it would have to give up. addresses has room for
 * IO_ADDRESSES_MAX; the rest points into launch. */
void launch_fill_join(const struct launch *launch, char **addresses, struct pvmi_msg_join *ret_join);

/* Nobody is to see again what a program that is no pvmd prints of the join line, or any of the ready line, least of all
 * the log: cuts text there. */
void launch_redact(char *text);

/* ---- launch_hoster.c ---- */
void launch_ask(struct launch *launch);    /* ASKING: says LAUNCH_COMMAND */
void launch_take_answer(struct launch *launch, char *line);

/* ---- launch_ssh.c, launch_local.c: the kinds ---- */

/* False: PVM_RSH takes ssh's place. */
bool launch_ssh_is_builtin(void);

int launch_ssh_command(const struct launch *launch, struct launch_command *command, struct pvmi_fault *fault);

/* For tunnel.c: ssh with its stdin and stdout connected to target there. */
int launch_ssh_tunnel_command(const struct tunnel_way *way, const char *target, struct launch_command *command,
                              struct pvmi_fault *fault);

/* For launch_hoster.c: one line of plain words, to be freed; NULL when there is no memory. */
char *launch_ssh_plain_command(const struct launch *launch, const char *argument);

int launch_local_command(const struct launch *launch, struct launch_command *command, struct pvmi_fault *fault);
bool launch_is_local(const struct hostspec *spec);

/* Frees path and argv. */
void launch_command_fini(struct launch_command *command);

/* Appends a word, which becomes the command's; NULL is out of memory. Returns PvmOk or PvmNoMem. */
int launch_command_add(struct launch_command *command, char *word);

/* ---- launch_words.c ---- */

/* What the end of a launcher means (status as of wait()), and what to do about it. */
void launch_explain_end(const struct launch *launch, int status, struct pvmi_fault *fault);

/* The same for a launcher that has said nothing that counts, and still runs. */
void launch_explain_silence(const struct launch *launch, int seconds, struct pvmi_fault *fault);

#endif
