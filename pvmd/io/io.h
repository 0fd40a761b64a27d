/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's hands: everything that its mind (pvmd/core) must not know: sockets, processes, names, files,
 * time. Each thing that happens becomes one core_event; each core_action is done by the file that owns its
 * object:
 *
 *   loop.c      the event queue, the one timer of the core, the table of actions
 *   links.c     connections that carry frames                  listener.c  where they come in
 *   entrance.c  strangers on the TCP port, until proven        dial.c      where they go out
 *   peers.c     which hosts are members, and their hellos      tasks.c     processes, by way of keeper_link.c
 *   launch*.c   starting daemons elsewhere                     joiner.c    being one that was started
 *   arena_keeper.c  the memory that tasks of this host share    teams.c  groups in it
 *   tunnel.c    connections through ssh, where TCP does not get
 *   folder.c    our files                                      own.c       what this host is
 *
 * All of it runs in one thread; only name look-ups (resolve.c) wait in libuv's thread pool.
 */
#ifndef PVMD_IO_IO_H
#define PVMD_IO_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <uv.h>

#include "pvmd/core/core.h"
#include "transport/tls.h"

struct alarm;
struct arena_keeper;
struct dials;
struct entrance;
struct folder;
struct joiner;
struct keeper_link;
struct launches;
struct links;
struct listener;
struct peers;
struct tasks;
struct teams;
struct tunnels;
struct watch;

#define IO_ADDRESSES_MAX 32

/* What this host is; fixed for the run once it listens. */
struct io_own {
    bool first;
    int number;
    uint64_t incarnation;
    char run[24];                    /* the incarnation in hexadecimal: PVM_RUN of our tasks */
    uint8_t machine[16];
    char *name;
    char *ip;                        /* numeric address that we bind to; NULL: all */
    char *program;                   /* path of this executable */
    struct pvmi_identity *identity;
    uint8_t key[PVMI_KEY_SIZE];
    char addresses[IO_ADDRESSES_MAX][64];
    int address_count;
    uint16_t port;
    struct rlimit files;             /* RLIMIT_NOFILE as it was before we raised it */
    int suspect_ms;                  /* as in core_config */
    int dead_ms;
};

struct io {
    uv_loop_t *loop;
    struct core *core;
    struct io_own own;

    struct pvmi_list events;         /* struct io_event, not yet stepped */
    struct pvmi_list spare_events;
    bool started;                    /* the first step is done */
    bool stepping;
    struct alarm *deadline;          /* the core's */
    uint64_t deadline_ms;            /* what it is set to; UINT64_MAX not set */
    uv_signal_t signals[3];          /* SIGTERM, SIGINT, SIGCHLD */
    struct alarm *stop_alarm;
    bool stopping;                   /* STOP was said: no more events for the core */
    int exit_status;

    struct folder *folder;
    struct keeper_link *keeper;
    struct arena_keeper *arena_keeper;
    struct teams *teams;
    struct links *links;
    struct dials *dials;
    struct peers *peers;
    struct listener *listener;
    struct entrance *entrance;
    struct tasks *tasks;
    struct launches *launches;
    struct tunnels *tunnels;
    struct joiner *joiner;           /* NULL on the first host */
    struct pvmi_strings host_lines;  /* of the host file, to be added when ready */
};

/*
 * A fresh event for the core, to be filled in and handed over by io_post(). Never NULL: memory for it is set
 * aside, and when even that is used up the daemon ends.
 */
struct core_event *io_event(struct io *io, enum core_event_type type, uint64_t handle);

/* The event's strings live in memory of this decoded message, which is freed after the step. */
void io_event_keep(struct core_event *event, struct pvmi_control *control);

/* Hands event to the core: at once, or after the step that is under way. */
void io_post(struct io *io, struct core_event *event);

/* Posts CORE_EVENT_LINK_DOWN. */
void io_post_down(struct io *io, uint64_t handle, enum core_down_reason reason, const char *text);

/* Gives a zeroed io its loop and its own parts. Returns PvmOk or PvmNoMem. */
int io_open(struct io *io);

/* Makes the core and does what it says until it says stop. The objects of io have been made before. Returns the
 * exit status. */
int io_run(struct io *io, const struct core_config *config);

/* Frees io's own parts, and all objects that are still there. Blocks for a name look-up that cannot be stopped. */
void io_close(struct io *io);

/* Ends the daemon: text (NULL when it was asked for) goes to the log and to the terminal. Once. */
void io_stop(struct io *io, const char *text);

#endif
