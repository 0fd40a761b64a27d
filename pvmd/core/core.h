/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's mind. It has no clock, socket, random number or file of its own: io tells it what happened,
 * one event at a time, and does the actions that come out. The same events at the same times give the same
 * actions, so that whole virtual machines run in one process under a seeded scheduler (tests/sim).
 *
 * Rules between core and io:
 *  - Handles are numbers made by the core, never used twice. 0 is none.
 *  - An action that can fail is answered by exactly one event, later, never from inside core_step().
 *      LINK_DIAL -> LINK_UP or LINK_DOWN      TASK_START -> STARTED, then ENDED; or START_FAILED
 *      LAUNCH -> LAUNCHED; with a hoster: LAUNCH_COMMAND or LAUNCHED, then LAUNCH_ANSWER -> LAUNCHED
 *      LINK_ADOPT -> (nothing; LINK_DOWN when it ends)      TASK_REVOKE -> REVOKED
 *      TEAM_MAKE -> TEAM_MADE                TEAM_SEAL -> TEAM_SEALED
 *  - A link that was up ends with one LINK_DOWN, unless the core closed it: after LINK_CLOSE no event comes,
 *    and one that was already under way changes nothing.
 *  - Actions are done in order. Frames, blobs and strings in an event become the core's (event_clear() is
 *    not needed); those in an action are io's to free, by core_action_free().
 *  - Permission is checked here; who a peer is (keys, macs, user ids) was checked by io.
 */
#ifndef PVMD_CORE_CORE_H
#define PVMD_CORE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/error.h"
#include "base/list.h"
#include "pvmd/core/hostspec.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/hello.h"

struct core;

/* Fixed for a daemon run. Strings are copied. */
struct core_config {
    bool first;                       /* this daemon starts the machine and orders its state */
    struct pvmi_rec_host self;        /* this host: number (1 for the first), name, addresses, port, key, ... */
    struct pvmi_rec_host orderer;     /* the first host, for others: number, incarnation, key, addresses, port */
    uint8_t gate[32];                 /* first: the gate key; others get it by the welcome */
    uint32_t suspect_ms;              /* silence after which a link is tried anew: 2000 */
    uint32_t dead_ms;                 /* silence after which the orderer drops a host: 10000 */
    uint32_t join_ms;                 /* a launched daemon must be linked within: 15000 */
    uint32_t welcome_ms;              /* this host, when it joins, must be in within; 0: twice join_ms */
    uint32_t job_ms;                  /* first: the machine is for the first program that enrols by hand, and ends with
                                       * it, or when none has within this time; 0: it is for everybody */
    uint32_t halt_ms;                 /* SIGTERM to SIGKILL at a halt: 5000 */
    int32_t debug_mask;
    int tasks_max;                    /* on this host; 0 as many as fit */
    const char *ep;                   /* this host's options from the host file, or NULL */
    const char *wd;
    const char *bx;
    const char *manager;              /* command lines of plug-ins that start with this host, or NULL; of the last */
    const char *tasker;               /* two on the first host alone */
    const char *hoster;
    const char *tracer;
    uint64_t (*random)(void *user);
    void *random_user;
    /* Microseconds since 1970, for pvm_hostsync() and trace events alone: nothing is decided by it. */
    int64_t (*clock)(void *user);
    void *clock_user;
};

enum core_event_type {
    CORE_EVENT_TICK,            /* the deadline has come; late_ms: how much later than asked the loop ran */
    CORE_EVENT_LINK_IN,         /* a connection from outside, wholly authenticated: adopt or refuse token */
    CORE_EVENT_LINK_UP,         /* a dialled link stands and is authenticated */
    CORE_EVENT_LINK_DOWN,       /* reason says how */
    CORE_EVENT_LINK_WRITABLE,   /* its queue has run low: bulk may go on */
    CORE_EVENT_LINK_CONGESTED,  /* its queue is above the mark: hold bulk back */
    CORE_EVENT_FRAME,           /* a frame has come on a link */
    CORE_EVENT_STARTED,         /* a task's process runs */
    CORE_EVENT_START_FAILED,
    CORE_EVENT_REVOKED,         /* what a process was to inherit: done: it is nobody's; else it has claimed it */
    CORE_EVENT_ENDED,           /* a started process has ended and was reaped */
    CORE_EVENT_OUTPUT,          /* of a started process; length 0 with eof: there is no more */
    CORE_EVENT_LAUNCH_COMMAND,  /* what a hoster is to run */
    CORE_EVENT_LAUNCHED,        /* a daemon start has been decided */
    CORE_EVENT_TEAM_MADE,       /* the memory of a team is there, or cannot be */
    CORE_EVENT_TEAM_SEALED,     /* who waits in it does so here now */
    CORE_EVENT_ADD,             /* add these host file lines: from the host file at start */
    CORE_EVENT_HALT             /* the daemon was told to end (SIGTERM): halt the machine */
};

/* A member of a team that waits in a barrier. */
struct core_arrival {
    uint32_t seat;
    uint32_t request;    /* the id that it waits for */
    int32_t count;       /* as its program said */
    uint32_t round;
};

enum core_link_kind { CORE_LINK_TASK, CORE_LINK_DAEMON };

enum core_down_reason {
    CORE_DOWN_CLOSED,      /* the other side closed, or the connection broke */
    CORE_DOWN_REFUSED,     /* dial: nobody listens there */
    CORE_DOWN_UNREACHED,   /* dial: no answer in time, no route, name */
    CORE_DOWN_DENIED,      /* dial: the peer is not who it should be, or does not let us in */
    CORE_DOWN_PROTOCOL     /* bytes that are no frame */
};

struct core_event {
    enum core_event_type type;
    uint64_t handle;    /* of the link, task start, launch */
    union {
        struct { uint64_t late_ms; } tick;
        struct {
            uint64_t token;             /* io's name for it */
            enum core_link_kind kind;
            int32_t pid;                /* TASK: by the socket's credentials */
            uint64_t start;             /* TASK: handle of the process that has inherited the other end; 0: it came */
            int host;                   /* DAEMON: number and incarnation, proven by its key */
            uint64_t incarnation;
            uint64_t ticket;            /* DAEMON that joins: the launch it belongs to; else 0 */
            enum pvmi_channel channel;
        } link_in;
        struct { enum core_down_reason reason; char text[128]; } link_down;
        struct { struct pvmi_frame *frame; } frame;
        struct { int32_t pid; char *path; } started;
        struct { struct pvmi_fault fault; } start_failed;
        struct { bool done; } revoked;
        struct { int status; uint64_t user_us, system_us; } ended;
        struct { struct pvmi_blob *bytes; bool eof; } output;
        struct {
            const char *so;         /* of the host line, or "" */
            const char *address;    /* [LOGIN@]ADDRESS */
            const char *command;    /* plain words */
            const char *vmid;       /* or "" */
        } launch_command;           /* live during core_step() */
        struct {
            struct pvmi_fault fault;    /* code PvmOk: it has printed its ready line */
            struct pvmi_rec_host host;  /* what that says; points into memory that lives during core_step() */
        } launched;
        struct { uint64_t position; uint32_t round; } team_made;    /* 0: it cannot be; the round before the first */
        struct { uint32_t count; struct core_arrival *arrivals; } team_sealed;    /* the core's to free */
        struct { struct pvmi_strings lines; } add;    /* lives during core_step() */
    };
};

enum core_action_type {
    CORE_ACTION_LINK_DIAL,      /* make a link (handle) to the daemon of host number, channel */
    CORE_ACTION_LINK_ADOPT,     /* connection token is link handle from now on */
    CORE_ACTION_LINK_REFUSE,    /* close connection token */
    CORE_ACTION_LINK_SEND,      /* write frame on link handle */
    CORE_ACTION_LINK_READ,      /* start (on) or stop reading link handle */
    CORE_ACTION_LINK_CLOSE,     /* close link handle, after what was sent on it if flush */
    CORE_ACTION_TASK_START,     /* start a process, under handle */
    CORE_ACTION_TASK_SIGNAL,    /* signal the process started under handle, or pid when handle is 0 */
    CORE_ACTION_TASK_REVOKE,    /* nobody may claim what the process of handle was to inherit, if nobody has */
    CORE_ACTION_TASK_ADMIT,     /* link is of task tid from now on, whose "enrolled" is sent next: its share of memory */
    CORE_ACTION_TASK_GONE,      /* tid is no task any more; nobody has been told yet */
    CORE_ACTION_OUTPUT_GRANT,   /* so many more bytes may be read of the output of task handle */
    CORE_ACTION_LAUNCH,         /* start a daemon on another host, under handle (which is its ticket) */
    CORE_ACTION_LAUNCH_ANSWER,  /* what the hoster has got for it */
    CORE_ACTION_LAUNCH_END,     /* the launch is over: the joining host is in, or must end */
    CORE_ACTION_PEER_SET,       /* this host is a member (or joins, ticket not 0): its key, addresses, port */
    CORE_ACTION_PEER_DROP,      /* host number, incarnation is none any more */
    CORE_ACTION_GATE,           /* the gate key for hellos between members */
    CORE_ACTION_TEAM_MAKE,      /* memory that these tasks share for the barriers of their group (arena/team.h) */
    CORE_ACTION_TEAM_SEAL,      /* no more barriers in it */
    CORE_ACTION_TEAM_RELEASE,   /* round is complete */
    CORE_ACTION_READY,          /* the machine stands: tell who started the daemon */
    CORE_ACTION_LOG,            /* a line for the log */
    CORE_ACTION_DEBUG,          /* the debug mask has changed: with one the log is talkative */
    CORE_ACTION_STOP            /* all is done: end this process; text says why when it was not asked for */
};

struct core_action {
    struct pvmi_list link;
    enum core_action_type type;
    uint64_t handle;
    union {
        struct { int host; uint64_t incarnation; enum pvmi_channel channel; } dial;
        struct { uint64_t token; } adopt;
        struct { struct pvmi_frame *frame; } send;
        struct { bool on; } read;
        struct { bool flush; } close;
        struct {
            int32_t tid;
            uint64_t nonce;      /* for PVM_CLAIM */
            char *file;
            char **argv;         /* NULL-terminated, without the program's name */
            char **env;          /* NULL-terminated NAME=value, to be added to the daemon's own */
            char **path;         /* NULL-terminated directories to search before the usual ones */
            char *directory;     /* or NULL */
            char *debugger;      /* or NULL */
            int flags;           /* of pvm_spawn */
            struct pvmi_frame *enrolled;    /* what it finds in the connection that it may inherit; NULL: none */
            bool find;           /* only look for the executable: STARTED tells its path, and pid 0 */
        } start;
        struct { int32_t pid; int signum; } signal;
        struct { int32_t tid; int32_t pid; } revoke;    /* pid: of who wants it; that one may have claimed it */
        struct { int32_t tid; } admit;
        struct { int32_t tid; bool said; } gone;    /* said: by itself, and touches nothing shared any more */
        struct { size_t bytes; } grant;
        struct {
            struct hostspec *spec;    /* owned */
            int number;               /* of the new host */
            uint64_t ticket;
            uint8_t secret[32];
            uint32_t hoster_ms;       /* not 0: a hoster is to start it, and it may take so long to be linked */
        } launch;
        struct { char *line; } launch_answer;    /* NULL: there is no hoster any more, start it yourself */
        struct { bool keep; } launch_end;
        struct {
            int number;
            uint64_t incarnation;
            uint64_t ticket;           /* it joins under this launch; 0 a member */
            char **addresses;          /* NULL-terminated */
            uint16_t port;
            uint8_t key[32];
            char *name;
        } peer;
        struct {
            int32_t *tids;       /* MAKE: by seat */
            uint32_t count;
            bool whole;          /* they are all of their group */
            uint32_t round;      /* RELEASE */
        } team;
        struct { uint8_t key[32]; } gate;
        struct { int level; char *text; } log;    /* level: enum pvmi_log_level */
        struct { int32_t mask; } debug;
        struct { char *text; } stop;              /* or NULL */
    };
};

/* Returns PvmOk or PvmNoMem. The first actions (READY, PEER_SET, dials) come from the first core_step(). */
int core_new(const struct core_config *config, struct core **ret_core);

/* Frees all; nothing is said to anybody. NULL is fine. */
void core_free(struct core *core);

/*
 * Takes one event at now_ms (never less than before) and appends to actions (a list of core_action.link)
 * what is to be done. Out of memory changes nothing but the answer to who asked, which is PvmNoMem.
 */
void core_step(struct core *core, uint64_t now_ms, struct core_event *event, struct pvmi_list *actions);

/* When a TICK is wanted next, UINT64_MAX for never. Ask after each step. */
uint64_t core_deadline(const struct core *core);

/* Unlinks and frees an action with all that is in it. */
void core_action_free(struct core_action *action);

/* ---- for the status page and for the invariants of tests; never used to decide anything in io ---- */

/* Number of hosts in the table; fills at most max numbers and incarnations, in order of number. */
int core_hosts(const struct core *core, int *numbers, uint64_t *incarnations, int max);

/* Index of the last applied command, and a hash over the whole ordered state: equal on all after calm. */
uint64_t core_state_index(const struct core *core);
uint64_t core_state_hash(const struct core *core);

/* Objects alive: tasks, open requests, watches, kept frames of sessions to members. */
struct core_counts {
    int hosts, tasks, requests, watches, joins;
    size_t session_frames;
};
void core_count(const struct core *core, struct core_counts *ret_counts);

#endif
