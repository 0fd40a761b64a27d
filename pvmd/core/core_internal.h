/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the core know of each other. An event enters in core.c, goes to the object that it is
 * about (link, peer, task, launch), and comes out as actions. One object, one file:
 *
 *   action    the actions that come out, and memory          link      connections by handle
 *   peer      other daemons: links, sessions; peer_alive     flow      what waits to go to a peer, by source
 *   relay     links by way of the first host
 *   route     frames of tasks: inboxes, credit               state     the ordered log and what it makes
 *   ahead     what speaks of hosts that the log has not yet brought
 *   hosts     the host table's consequences                  join      adding hosts; join_request, _failed
 *   requests  control messages, open requests                task      tasks and their processes
 *   spawn     pvm_spawn, at the asker's and the executor's   placement which host gets which copy
 *   manager   a task that decides what others get; manager_exec: what it has done
 *   tasker    starts by a task that has registered for them
 *   query     pstat, tasks, signal, config                   notify    who wants to know what
 *   output    of processes                                   groups    requests that wait: barrier, freeze
 *   hoster    hosts that a task is to start
 *   plugin    who does a part of the daemon's work, and what they are asked; plugin_message
 *   mailbox   requests about it; mailbox_body, _transfer     context   numbers of contexts
 *   halt      the end                                        hostspec  lines of a host file
 */
#ifndef PVMD_CORE_INTERNAL_H
#define PVMD_CORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/core.h"
#include "transport/session.h"
#include "wire/control.h"
#include "wire/frame.h"
#include "wire/items.h"
#include "wire/tid.h"

#define CORE_NEVER UINT64_MAX
#define CORE_EPOCH 1    /* of the ordered log: one orderer for the machine's whole life */

/* Limits; each is explained where it is used. */
#define FLOW_WAITING_MAX (64u * 1024 * 1024)    /* bytes of a task waiting in daemons: then it is not read */
#define FLOW_WAITING_LOW (32u * 1024 * 1024)
#define FLOW_WINDOW (16u * 1024 * 1024)         /* bytes sent to a peer and not acknowledged */
#define RELAY_WINDOW (4u * 1024 * 1024)         /* the same by way of the first host, which keeps it */
#define RELAY_REDIAL_MS 5000                    /* how often a direct link is tried meanwhile */
#define RELAY_ROOM 256                          /* what a relay puts around a control message, and more */
#define FLOW_BURST (1024u * 1024)               /* bytes given to a link before io may say "congested" */
#define CREDIT_BATCH (64u * 1024)
#define ACK_DELAY_MS 50
#define DIAL_BACKOFF_MIN_MS 100
#define DIAL_BACKOFF_MAX_MS 1000
#define OUTPUT_WINDOW (64u * 1024)              /* output of a process read and not yet delivered */
#define OUTPUT_CHUNK 32768                      /* bytes of output in one message */
#define ENDINGS_MAX 1024                        /* exit statuses remembered for notifies that come late */
#define EXIT_EOF_MS 1000                        /* how long the rest of the output may take after the end */
#define EXIT_STATUS_MS 200                      /* how long a process may take to end after its task left */
#define FAILED_HOSTS_MAX 256                    /* hosts of the host file that failed: names and texts kept */
#define START_TEXTS_MAX 64                      /* error texts in the answer to a spawn; all codes are there */
#define HALT_STOP_MS 2000                       /* what the orderer gives others beyond halt_ms */
#define ADDED_TELL_MS 1000                      /* how long new hosts wait for the others of their request */
#define MAILBOX_ENTRIES_MAX 65536               /* so many entries, and bytes of their names: "welcome" must */
#define MAILBOX_NAMES_MAX (4u * 1024 * 1024)    /* hold them all */
#define MAILBOX_BYTES_MAX (1024u * 1024 * 1024) /* of all bodies, at the orderer */
#define TRANSFER_WAITING_MAX 32                 /* pieces of one body that wait for their link */
#define HOSTER_ANSWER_MS 300000                 /* for a hoster to start what it was asked for, and to say so */
#define HOSTER_REGISTER_MS 10000                /* for one that starts with the daemon to register */
#define HOSTER_BATCH 1024                       /* so many hosts in one question: the answer must not be too long */
#define DELETE_DROP_MS 1000                     /* the same for a host that is deleted */

struct host;
struct peer;
struct task;
struct link;
struct request;

/* ---- who asked: where an answer goes. By handle and number, for the asker may be gone by then. ---- */

enum asker_kind { ASKER_NONE, ASKER_TASK, ASKER_HOST, ASKER_SELF, ASKER_MANAGER };

struct asker {
    enum asker_kind kind;
    uint64_t link;           /* TASK: handle of its link */
    int host;                /* HOST */
    uint64_t incarnation;    /* HOST */
    uint32_t id;             /* of the request */
    int32_t tid;             /* MANAGER: gets a message with this tag and wait id */
    int32_t tag;
    uint32_t wid;
};

/* ---- links ---- */

struct link {
    uint64_t handle;
    enum core_link_kind kind;
    bool up;
    bool dialled;       /* by us */
    bool relayed;       /* DAEMON: no connection of its own: its frames go by way of the first host */
    uint64_t remote;    /* relayed: the handle at its other end, 0 while that is not known */
    bool congested;
    bool read_off;
    bool choked;        /* TASK: too much of what it sent waits */
    bool catching_up;   /* TASK: what it said speaks of hosts that are not known here yet */
    uint32_t held_sure; /* so many of held, from the first, had come when that was asked for */
    struct pvmi_list held;      /* TASK: frames from it that wait for that */
    int32_t pid;        /* TASK: who connected */
    struct task *task;  /* TASK: once enrolled */
    struct peer *peer;  /* DAEMON */
    enum pvmi_channel channel;
    struct pvmi_list doomed;    /* in core.doomed: closed at the end of the step */
};

struct channel {
    struct pvmi_session session;
    struct peer *peer;
    enum pvmi_channel number;
    struct link *link;      /* that is up and used, or NULL */
    struct link *dial;      /* that is being dialled, or NULL */
    uint64_t dial_at;       /* not before then */
    uint64_t backoff_ms;
    uint64_t up_ms;         /* since when the link is used */
    uint64_t heard_ms;      /* last frame on it */
    uint64_t sent_ms;
    uint64_t unacked_ms;    /* since when something waits for its acknowledgement */
    uint64_t down_ms;       /* since when there is no link although one is wanted; CORE_NEVER: it is not so */
    uint64_t ack_at;        /* an acknowledgement must be sent by then */
    bool asked;             /* the peer has something for it and cannot dial us: we are to dial */
    struct pvmi_list dirty; /* in core.dirty: something may be sent */
};

/* What waits to go to a peer from one task, and what is on its way and not yet delivered there. */
struct flow {
    int32_t src;
    struct peer *peer;
    struct pvmi_list frames;
    struct pvmi_list ready;      /* in peer.ready while frames is not empty */
    uint64_t data_bytes;         /* queued or sent, not yet credited */
    uint64_t output_bytes;
};

/* What a peer's task gets credit for, collected. */
struct owed {
    int32_t tid;    /* with the pvmd bit: for its output */
    uint64_t bytes;
};

struct peer {
    int number;
    uint64_t incarnation;
    char *name;
    bool member;         /* in the host table; else it joins, or we do */
    bool in_log;         /* has had its welcome: gets every command */
    bool dial_proven;    /* we have reached it: a refusal means that it has ended */
    bool deleting;
    bool halted;
    uint64_t wake_ms;    /* nothing of it is due before then */
    uint64_t delete_at;  /* drop it then, when it is being deleted */
    uint64_t heard_ms;
    uint64_t accused_ms; /* when we last told the orderer that we cannot reach it */
    struct channel channels[PVMI_CHANNEL_COUNT];
    struct pvmi_table flows;    /* struct flow by source tid */
    struct pvmi_list ready;     /* flows with frames, whose turn it is first */
    struct pvmi_table owed;     /* struct owed by tid */
    uint64_t owed_at;
};

/* ---- the ordered state ---- */

struct host {
    struct pvmi_list link;    /* in state.hosts, in order of number */
    struct pvmi_rec_host rec;
};

struct group_member {
    struct pvmi_list link;    /* in order of instance */
    int32_t tid;
    int32_t instance;
};

struct group {
    struct pvmi_list link;    /* in state.groups, in order of creation */
    char *name;
    int32_t frozen;
    int32_t count;
    struct pvmi_list members;
};

struct mailbox_entry {
    struct pvmi_list link;    /* in order of index */
    int32_t index;
    int32_t owner;            /* 0: it has ended */
    int32_t flags;
    struct pvmi_rec_message message;
    struct pvmi_blob *body;   /* at the orderer */
};

struct mailbox_class {
    struct pvmi_list link;    /* in mailbox.classes, in order of creation */
    char *name;
    int32_t count;
    struct pvmi_list entries;
};

/* Classes are there while they have entries. */
struct mailbox {
    struct pvmi_list classes;
    struct pvmi_names by_name;    /* the same */
    uint32_t entry_count;
    size_t name_bytes;            /* each entry counts the name of its class */
    uint64_t body_bytes;
};

struct state {
    uint64_t index;
    int next_host;
    int host_count;
    struct pvmi_list hosts;
    struct pvmi_list groups;
    struct mailbox mailbox;
    uint8_t met[PVMI_HOST_MAX / 8 + 1];    /* a bit for each host number that was in the table here */
};

/* ---- tasks ---- */

struct start_job;

struct task {
    int32_t tid;
    int32_t parent;          /* as programs see it */
    int32_t spawner;         /* tid, also when parent is PvmParentNotSet */
    uint64_t handle;         /* of the process we started; 0 for one started by hand */
    uint64_t nonce;
    bool claimed;            /* has enrolled */
    bool left;               /* is no task any more; its process or its output may go on */
    bool reported;           /* its end has been told */
    bool running;            /* its process is known to run */
    bool ended;              /* and was reaped */
    bool output_eof;
    bool ordered;            /* has joined a group or used the mailbox: the orderer must hear of its end */
    bool transferred;        /* has sent it more than a message holds: it must hear that behind that, too */
    int32_t pid;
    int32_t status;          /* as of wait() */
    uint64_t user_us;        /* what its process has used, once it was reaped */
    uint64_t system_us;
    int32_t spawn_flags;
    bool trace_begun;        /* who traces it knows of it */
    bool tracer_adopted;     /* that is the machine's tracer, which is told nothing of a task's spawn */
    int32_t manager;         /* who decides what it gets of the machine; 0 nobody */
    int32_t tasker;          /* who is to start it; 0 the keeper. Once handed: who tells of its end, 0 nobody */
    bool handed;             /* the tasker has it */
    int32_t hand_argc;       /* for the request to the tasker, while its executable is looked for: */
    struct pvmi_items_writer hand_rest;    /* all of it behind the path */
    char *file;
    struct pvmi_rec_inherit self;
    char *trace_mask;        /* what self points to */
    struct link *link;
    struct pvmi_list inbox;  /* frames for it that its link does not take now */
    uint32_t pvmd_messages;  /* with a number, that this daemon has sent it */
    uint64_t waiting;        /* bytes it sent that have not been delivered */
    size_t output_waiting;   /* bytes of output on their way */
    size_t output_ungranted; /* bytes that io may not yet read for */
    uint64_t report_at;
    uint64_t kill_at;
    int32_t *siblings;
    uint32_t sibling_count;
    bool siblings_known;
    struct pvmi_list siblings_waiters;
    struct start_job *job;   /* that waits for its process to start */
    uint32_t job_index;
    struct pvmi_list watches;    /* struct watch.own: what it asked for */
    struct pvmi_list dead;       /* in core.dead */
};

/* ---- notices ---- */

/* Something whose end somebody waits for: a task or a host. */
struct subject {
    int32_t tid;                  /* task, or host as tid */
    struct pvmi_list watches;     /* struct watch.link, oldest first */
    uint32_t host_count;
    int *hosts;                   /* other daemons that asked for it */
};

struct watch {
    struct pvmi_list link;    /* in subject.watches or core.add_watches */
    struct pvmi_list own;     /* in task.watches */
    struct subject *subject;  /* NULL for PvmHostAdd */
    struct task *task;        /* who waits */
    int what;
    int32_t tid;              /* as it was given */
    int32_t tag;
    int32_t ctx;
    int32_t count;            /* HostAdd: messages still wanted, -1 for ever */
};

/* How a task ended, for who asks only afterwards; not kept for status 0. */
struct ending {
    int32_t tid;
    int32_t status;
};

/* ---- tracing ---- */

#define TRACERS_MAX 16

/* What this daemon has told a task that collects trace messages. */
struct tracer {
    int32_t tid;             /* 0 none */
    bool identified;         /* the list of identifiers */
    unsigned described;      /* bit n: what event TEV_NEWTASK + n is made of */
};

/* ---- plug-ins ---- */

enum plugin_kind { PLUGIN_MANAGER, PLUGIN_HOSTER, PLUGIN_TASKER, PLUGIN_TRACER, PLUGIN_KINDS };

struct plugin_ask;

/* Called once: with fault when no answer can come, else with the answer, which may be nonsense. */
typedef void plugin_done_fn(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                            struct pvmi_items_reader *answer);

/* What a plug-in was asked. */
struct plugin_ask {
    struct pvmi_list link;    /* in core.plugin_asks */
    enum plugin_kind kind;
    int32_t plugin;           /* tid */
    int32_t src;              /* the task of this host that it answers, or 0: this daemon */
    int32_t answer_tag;
    uint32_t wid;             /* set by plugin_ask() */
    plugin_done_fn *done;
    struct asker asker;       /* whom it is made for */
    void *owner;
    int32_t count;            /* things asked for, for done */
};

/* ---- open requests of our own ---- */

/* Called once: with fault when no answer can come, else with the answer (type, msg as in control.def). */
typedef void request_done_fn(struct core *core, struct request *request, const struct pvmi_fault *fault,
                             int type, const void *msg);

struct request {
    uint32_t id;
    int host;
    request_done_fn *done;
    struct asker asker;    /* whom it is made for, if it is forwarded */
    void *owner;
    int index;
};

/* ---- adding hosts ---- */

struct add;

enum launch_state {
    LAUNCH_STARTING,
    LAUNCH_PREPARING, LAUNCH_PREPARED, LAUNCH_ORDERED,    /* instead, or before: a hoster is to start it (hoster.c) */
    LAUNCH_LINKING, LAUNCH_WELCOMING
};

struct launch {
    struct pvmi_list link;    /* in core.launches; in add.fresh once its host is a member */
    uint64_t handle;          /* which is its ticket */
    int number;
    char *name;
    enum launch_state state;
    uint64_t deadline_ms;     /* ORDERED, LINKING and later */
    char *words[4];           /* PREPARED, ORDERED: what the hoster is told of it, in order */
    int32_t order;            /* ORDERED: with which question */
    struct host *host;        /* LINKING and later: what the ready line said */
    struct add *add;
    int index;                /* of the line */
    char dialled[128];        /* what the last dial came to */
};

struct add {
    struct pvmi_list link;    /* in core.adds */
    struct asker asker;       /* NONE: from the host file */
    struct pvmi_list fresh;   /* struct launch: members that those who wait for new hosts have not heard of */
    uint64_t tell_at;         /* they hear of them then, if not before */
    int count;                /* lines */
    int undecided;            /* hosts */
    int added;
    int32_t *values;
    struct pvmi_fault *faults;
};

/* A host of the host file that could not be added: who started the machine asks for them. */
struct failed_host {
    struct pvmi_list link;    /* in core.failed_hosts */
    char *name;
    struct pvmi_fault fault;
};

/* ---- the whole ---- */

struct core {
    struct core_config config;
    struct host *self;       /* copy of config.self */
    struct host *orderer;    /* copy of config.orderer, or of self */
    bool begun;
    bool ready;              /* this host is a member */
    bool stopped;            /* STOP has been said: nothing happens any more */
    uint64_t now_ms;
    uint64_t wake_ms;        /* a tick is wanted then; never later than needed */
    uint64_t next_handle;
    struct pvmi_list *actions;       /* of the step that runs */
    struct core_action *stop_action; /* kept for when there is no memory */
    void *reserve;                   /* the same: given back to the heap when an allocation fails */

    struct pvmi_table links;    /* struct link by handle */
    struct pvmi_table peers;    /* struct peer by number */
    struct pvmi_list dirty;     /* channels that may have something to send */
    struct pvmi_list doomed;    /* links to close, and tasks to free, at the end of the step: whoever */
    struct pvmi_list dead;      /* holds a pointer to one while an event is handled may use it */

    struct state state;
    bool caught_up;             /* what is handled now does not wait for the log again */

    uint32_t next_request;
    struct pvmi_table requests;    /* struct request by id */

    struct pvmi_table tasks;       /* struct task by tid */
    struct pvmi_table processes;   /* the same by handle, while there is a process or output of it */
    int32_t next_local;
    int task_count;                /* that have not left */
    int process_count;             /* started or starting, not ended */
    struct pvmi_list jobs;         /* struct start_job */
    int next_placed;               /* host number that the next spawn begins with, or the next higher one */

    struct pvmi_table subjects;    /* struct subject by tid */
    struct tracer tracers[TRACERS_MAX];    /* a ring */
    int tracer_next;

    struct pvmi_list plugin_asks;  /* struct plugin_ask */
    struct pvmi_list plugin_parts; /* struct plugin_part: messages for this daemon, as far as they have come */
    int plugin_part_count;
    int32_t manager;               /* who had this host's tasks handed over; 0 nobody */
    int32_t handed_tasker;         /* who was last given a task; 0 nobody who is still there */
    uint32_t next_wid;

    int32_t debug_mask;            /* as pvm_tickle() has set it, or config */

    struct ending endings[ENDINGS_MAX];    /* a ring of tasks of this host that ended badly */
    uint32_t ending_next;
    struct pvmi_list add_watches;
    size_t watch_count;

    struct pvmi_table log_lines;   /* struct log_line by tid: output that waits for its newline */

    struct pvmi_list waits;        /* struct group_wait: barrier and freeze, at the orderer */
    struct pvmi_list mailbox_waits;        /* struct mailbox_wait: readers, at the orderer */
    struct pvmi_list mailbox_bodies;       /* struct mailbox_body: of which pieces have come */
    uint64_t mailbox_bodies_bytes;
    struct pvmi_list mailbox_transfers;    /* struct mailbox_transfer: of which pieces are still to go */

    struct pvmi_table contexts;    /* numbers in use, with the tid of the task that each belongs to */
    int32_t next_context;

    int next_number;               /* of the next host to be launched, at the orderer */
    int32_t next_order;            /* of the questions to hosters */
    uint64_t hoster_until;         /* one that was started with the daemon is to register by then; 0: none is */
    int32_t hoster_tid;            /* it, once it runs */
    struct pvmi_list launches;
    struct pvmi_list adds;
    struct pvmi_list known;        /* struct hostspec: lines of the host file */
    struct hostspec *defaults;     /* its last '*' line */
    struct pvmi_list failed_hosts; /* of it */
    int failed_dropped;            /* more of them, not kept */
    struct pvmi_list deletes;      /* struct host_delete */
    uint64_t join_deadline_ms;     /* this host must be in by then */

    bool halting;
    bool halt_asked;               /* the orderer was asked to halt the machine */
    bool halt_told;                /* the orderer has told the others, and waits for them */
    bool stop_wanted;              /* STOP at the end of this step */
    uint64_t halt_kill_ms;
    uint64_t halt_stop_ms;
    char *halt_text;               /* why, for STOP; NULL when it was asked for */
};

/* ---- action.c ---- */

/* Zeroed memory; gives the reserve back to the heap before it gives up. NULL then. */
void *core_alloc(struct core *core, size_t size);
char *core_strdup(struct core *core, const char *text);    /* of NULL: NULL, which is no failure */
/* True when the reserve was still there: what failed is worth another try. */
bool core_release_reserve(struct core *core);
/* Fills it again. False while memory is short: new requests are refused then. */
bool core_fill_reserve(struct core *core);
/* Set key in table; retries with the reserve. */
int core_table_set(struct core *core, struct pvmi_table *table, uint64_t key, void *value);
/* There is no memory for what must not be lost: the daemon ends. */
void core_out_of_memory(struct core *core);

uint64_t core_handle(struct core *core);
uint64_t core_random(struct core *core);
/* A tick is wanted at_ms or earlier. */
void core_wake_at(struct core *core, uint64_t at_ms);
void core_log(struct core *core, enum pvmi_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends an action; NULL when the core has stopped, also for want of memory. */
struct core_action *action_add(struct core *core, enum core_action_type type, uint64_t handle);
/* Takes frame, also when it cannot be sent. */
void action_send(struct core *core, struct link *link, struct pvmi_frame *frame);
void action_peer_set(struct core *core, const struct pvmi_rec_host *rec, uint64_t ticket);
void action_peer_drop(struct core *core, int number, uint64_t incarnation);
void action_stop(struct core *core, const char *text);
void action_signal(struct core *core, const struct task *task, int signum);

/* A control message as a frame. Returns PvmOk, PvmNoMem, PvmOverflow. */
int control_frame(struct core *core, int type, const void *msg, struct pvmi_frame **ret_frame);
/* A frame made again when memory is short; NULL after the core has stopped. */
struct pvmi_frame *core_frame(struct core *core, const struct pvmi_frame_header *header,
                              struct pvmi_blob *payload, size_t at, uint32_t length);

/* A fault as it goes into a message; points into fault. */
struct pvmi_rec_error fault_record(const struct pvmi_fault *fault);
/* And back: host otherwise when the record names none. */
void fault_from_record(struct pvmi_fault *fault, const struct pvmi_rec_error *record, const char *otherwise);

/* ---- link.c ---- */
struct link *link_new(struct core *core, enum core_link_kind kind);
struct link *link_find(struct core *core, uint64_t handle);
void link_close(struct core *core, struct link *link, bool flush);    /* says LINK_CLOSE and frees */
void link_free(struct core *core, struct link *link);                 /* it has ended by itself */
void link_send_control(struct core *core, struct link *link, int type, const void *msg);
/* Closes it at the end of the step: its task has left then. */
void link_doom(struct core *core, struct link *link);
void link_close_doomed(struct core *core);
void link_on_event(struct core *core, struct core_event *event);
/* Tells io whether the task may be read now. */
void link_read(struct core *core, struct link *link);
/* The frame is this task's, whatever it says. */
void link_sign_frame(const struct link *link, struct pvmi_frame *frame);
/* A frame of a task. Takes frame. */
void link_task_frame(struct core *core, struct link *link, struct pvmi_frame *frame);

/* ---- ahead.c: each is true when what was given waits. ---- */
bool ahead_waits(struct link *link, struct pvmi_frame *frame);    /* for what came before it. Takes frame then */
bool ahead_data(struct core *core, struct link *link, struct pvmi_frame *frame);    /* takes frame then */
bool ahead_said(struct core *core, struct link *link, const struct pvmi_frame *frame,
                const struct pvmi_control *control);
bool ahead_start(struct core *core, const struct peer *peer, const struct pvmi_frame *frame,
                 const struct pvmi_control *control);
/* The task is gone: the messages that it sent last go where they can. */
void ahead_link_lost(struct core *core, struct link *link);

/* ---- peer.c ---- */
struct peer *peer_new(struct core *core, int number, uint64_t incarnation, const char *name);
struct peer *peer_find(struct core *core, int number);
struct peer *peer_orderer(struct core *core);
void peer_free(struct core *core, struct peer *peer);
/* Sends a control message in the session. PvmOverflow when it is too large; no memory stops the core. */
int peer_send(struct core *core, struct peer *peer, enum pvmi_channel channel, int type, const void *msg);
void peer_link_in(struct core *core, const struct core_event *event);
void peer_link_up(struct core *core, struct link *link);
void peer_link_down(struct core *core, struct link *link, enum core_down_reason reason, const char *text);
/* The peer has bulk for us, and cannot dial. */
void peer_on_asked(struct core *core, struct peer *peer);
void peer_frame(struct core *core, struct link *link, struct pvmi_frame *frame);
void peer_touch(struct core *core, struct channel *channel);    /* it may have something to send */
void peer_dial(struct core *core, struct channel *channel);
void peer_pump_all(struct core *core);
bool channel_wanted(struct core *core, const struct channel *channel);    /* there should be a link */
/* link is the one that the session uses from now on: resumes it. */
void channel_use(struct core *core, struct channel *channel, struct link *link);
void channel_send_header(struct core *core, struct channel *channel, const struct pvmi_frame_header *header);
/* Its link is of no use any more: it is closed, and a new one dialled. */
void channel_break(struct core *core, struct channel *channel, const char *why);
/* The first host is gone, and with it the machine. */
void orderer_lost(struct core *core, const char *why);

/* ---- peer_alive.c ---- */
/* A sign of life is wanted from it now. */
void peer_probe(struct core *core, struct peer *peer);
/* Its timers are to run at_ms or earlier. */
void peer_wake_at(struct core *core, struct peer *peer, uint64_t at_ms);
void peer_timers(struct core *core, struct peer *peer, uint64_t late_ms);

/* ---- flow.c ---- */
/* Queues frame, which becomes the flow's, for peer behind all that src has sent there. */
void flow_push(struct core *core, struct peer *peer, int32_t src, struct pvmi_frame *frame);
/* The next frame whose turn it is, or NULL. */
struct pvmi_frame *flow_pop(struct core *core, struct peer *peer);
void flow_on_credit(struct core *core, struct peer *peer, int32_t tid, uint64_t bytes);
void flow_free_all(struct core *core, struct peer *peer);
/* True when something of tid still waits for a peer. */
bool flow_alive(struct core *core, int32_t tid);
/* tid is no more: its queues that have nothing left go. */
void flow_forget(struct core *core, int32_t tid);
/* A frame from peer has been delivered or dropped: its sender gets the bytes back. */
void credit_owe(struct core *core, int32_t src, const struct pvmi_frame_header *header);
void credit_flush(struct core *core, struct peer *peer);

/* What src has waiting for peer is not to go any more. */
void flow_drop(struct peer *peer, int32_t src);
/* How many frames src has waiting for peer, counted up to max. */
int flow_waiting(const struct peer *peer, int32_t src, int max);

/* ---- relay.c ---- */
/* Makes a relayed link when it is time for one. False: there is none. */
bool relay_open(struct core *core, struct channel *channel);
/* Its link is a relayed one: dials directly when it is time. */
void relay_redial(struct core *core, struct channel *channel);
void relay_send(struct core *core, struct link *link, struct pvmi_frame *frame);    /* takes frame */
void relay_close(struct core *core, const struct link *link);
void relay_break(struct core *core, struct link *link);    /* closes it, and tells the other end. Frees link */
void relay_on_message(struct core *core, struct peer *from, const struct pvmi_msg_relay *msg);

/* ---- route.c ---- */
uint64_t frame_cost(const struct pvmi_frame_header *header);
/* A frame of a task of this host or from its daemon: on to where it belongs. Takes frame. */
void route_frame(struct core *core, struct pvmi_frame *frame);
/* A frame for a task of this host. Takes frame. */
void route_deliver(struct core *core, struct pvmi_frame *frame);
/* A frame that a peer has sent. Takes frame. */
void route_from_peer(struct core *core, struct peer *peer, struct pvmi_frame *frame);
void route_flush(struct core *core, struct task *task);     /* the inbox, as far as the link takes it */
void route_drop_inbox(struct core *core, struct task *task);
/* bytes of data of a task of this host have been delivered. */
void route_credited(struct core *core, int32_t src, bool output, uint64_t bytes);

/* ---- state.c, state_hosts.c, state_groups.c, state_mailbox.c ---- */
void state_init(struct state *state);
void state_fini(struct state *state);
/* At the orderer: a task that once joined a group or used the mailbox has ended. */
void state_order_gone(struct core *core, int32_t tid);
/* At the orderer: makes command the next of the log, tells all, applies it. PvmOk or PvmNoMem. */
int state_order(struct core *core, int type, const void *msg);
void state_on_append(struct core *core, const struct pvmi_msg_append *msg);
void state_on_welcome(struct core *core, const struct pvmi_msg_welcome *msg);
void state_send_welcome(struct core *core, struct peer *peer, int number);
uint64_t state_hash(const struct state *state);

struct host *host_new(struct core *core, const struct pvmi_rec_host *rec);
void host_free(struct host *host);
struct host *host_find(const struct state *state, int number);
struct host *host_by_name(const struct state *state, const char *name);
void state_insert_host(struct state *state, struct host *host);
bool host_met(const struct state *state, int number);    /* it is in the table, or was */
struct host *state_remove_host(struct state *state, int number);
/* "h2", or "host 7" when it is not in the table. */
const char *host_name(struct core *core, int number);

struct group *group_find(const struct state *state, const char *name);
struct group_member *group_member_find(const struct group *group, int32_t tid);
/* Apply a command; each gives PvmOk or PvmNoMem. */
int state_group_join(struct core *core, const char *name, int32_t tid);
void state_group_leave(struct core *core, const char *name, int32_t tid);
void state_group_freeze(struct core *core, const char *name, int32_t size);
void state_task_gone(struct core *core, int32_t tid);
void state_groups_without_host(struct core *core, int number);
int state_group_restore(struct core *core, const struct pvmi_rec_group *rec);
void group_free(struct group *group);
bool group_any_of(const struct state *state, int32_t tid);    /* tid is in a group */

void mailbox_init(struct mailbox *mailbox);
void mailbox_fini(struct mailbox *mailbox);
struct mailbox_class *mailbox_class_find(const struct mailbox *mailbox, const char *name);
/* The entry at index, or with first_avail the first one from there on; NULL for none. */
struct mailbox_entry *mailbox_entry_find(const struct mailbox_class *class, int32_t index, bool first_avail);
bool mailbox_owns(const struct state *state, int32_t tid);    /* tid owns an entry */
int state_mailbox_put(struct core *core, const struct pvmi_rec_entry *rec);    /* PvmOk or PvmNoMem */
void state_mailbox_delete(struct core *core, const char *name, int32_t index);
/* tid has ended: its entries go, but for persistent ones, which lose their owner. */
void state_mailbox_gone(struct core *core, int32_t tid);
void state_mailbox_without_host(struct core *core, int number);
struct pvmi_rec_entry mailbox_record(const struct mailbox_class *class, const struct mailbox_entry *entry);
uint64_t mailbox_hash(const struct mailbox *mailbox, uint64_t hash);
/* FNV-1a goes on with these bytes. */
uint64_t state_mix(uint64_t hash, const void *data, size_t length);

/* ---- hosts.c: consequences of the host table ---- */
void hosts_on_add(struct core *core, struct host *host);
void hosts_on_drop(struct core *core, int number, int reason, const char *text);
/* At the orderer: host number is no member from now on. reason 0 deleted, 1 died. */
void hosts_order_drop(struct core *core, int number, int reason, const char *text);
void hosts_delete(struct core *core, const struct asker *asker, const struct pvmi_msg_host_delete *msg);
void hosts_delete_ready(struct core *core, struct peer *peer);
void hosts_delete_decided(struct core *core, int number);
void hosts_deletes_free(struct core *core);
void hosts_timers(struct core *core);
bool core_is_orderer(const struct core *core);
int core_self(const struct core *core);
int core_orderer_number(const struct core *core);

/* ---- join.c ---- */
void join_begin(struct core *core);    /* this host joins */
void join_add(struct core *core, const struct asker *asker, const struct pvmi_strings *lines, bool file);
void join_on_launched(struct core *core, struct core_event *event);
struct launch *join_find_number(struct core *core, int number);
struct launch *join_find_handle(struct core *core, uint64_t handle);
void join_on_link(struct core *core, struct peer *peer);
/* And so long it does not. */
void join_on_dial_failed(struct core *core, struct peer *peer, const char *text);
void join_on_welcomed(struct core *core, struct peer *peer);
void join_on_member(struct core *core, int number);
void join_abandon_all(struct core *core);    /* the machine halts */
void join_timers(struct core *core, uint64_t late_ms);
void join_free_all(struct core *core);

void launch_free(struct launch *launch);

/* ---- join_request.c: requests to add hosts ---- */
/* count lines, not yet decided: add_decided() is due when all have been begun. NULL: no memory. */
struct add *add_new(struct core *core, const struct asker *asker, uint32_t count);
void add_free(struct add *add);
/* One more of what it waits for is decided. The last one answers the request and frees it. */
void add_decided(struct core *core, struct add *add);
/* A host that is being added: value is its tid, or a code with fault. A line may stand for several: its value is the
 * first one's tid, or the first failure. */
void add_result(struct core *core, struct add *add, int index, const char *name, int32_t value,
                const struct pvmi_fault *fault);
/* The same of one that could not be begun. */
void add_failed(struct core *core, struct add *add, int index, const char *name, const struct pvmi_fault *fault);
/* launch has become a member: those who wait for new hosts are to hear of it. Takes launch. */
void add_fresh(struct core *core, struct add *add, struct launch *launch);
void add_timers(struct core *core);
int join_pending(const struct core *core);    /* hosts of the host file not yet decided */

void join_fail(struct core *core, struct launch *launch, const struct pvmi_fault *fault);    /* which is gone then */

/* ---- hoster.c ---- */
/* Whether a hoster is to start it: how long that may take, else 0. */
uint32_t hoster_begin(struct core *core, struct launch *launch, const struct hostspec *spec);
void hoster_on_command(struct core *core, struct core_event *event);
/* One was started with the daemon: hosts wait for it to register, or (tid 0) it could not be started. */
void hoster_expect(struct core *core);
void hoster_started(struct core *core, int32_t tid);
void hoster_check(struct core *core);    /* after each event: it may have registered, or ended */
void hoster_ask_all(struct core *core);    /* for the hosts of which all is known */
void hoster_late(struct core *core, struct launch *launch);    /* ORDERED: its time is over. It is gone then */

/* ---- join_failed.c ---- */
void failed_host_note(struct core *core, const char *name, const struct pvmi_fault *fault);
/* It is a member now. */
void failed_host_forget(struct core *core, const char *name);
/* Fills in those of the host file that failed; the arrays are to be freed. PvmOk or PvmNoMem. */
int failed_hosts_tell(struct core *core, struct pvmi_msg_hosts *answer);
void failed_hosts_free(struct core *core);

/* ---- requests.c ---- */
/* A request to daemon host (this one, too), which is to be posted next. NULL when there is no memory. */
struct request *request_open(struct core *core, int host, request_done_fn *done);
/* Sends msg, whose first member is the id. done may be called from inside. */
void request_post(struct core *core, struct request *request, int type, void *msg);
void request_fail_host(struct core *core, int host, const char *text);
/* No answer to it can come any more: ends it. */
void request_cancel(struct core *core, uint32_t id, const struct pvmi_fault *fault);
void request_free_all(struct core *core);
/* Sends an answer (or host_progress) to who asked; its id is filled in. */
void asker_send(struct core *core, const struct asker *asker, int type, void *msg);
void asker_answer(struct core *core, const struct asker *asker, const struct pvmi_fault *fault,
                  int32_t value);
void asker_fail(struct core *core, const struct asker *asker, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A control message has come on a task's link; from a peer. */
void requests_from_task(struct core *core, struct link *link, const struct pvmi_frame *frame);
void requests_from_peer(struct core *core, struct peer *peer, const struct pvmi_frame *frame);

/* ---- task.c ---- */
struct task *task_new(struct core *core);    /* with a tid, in the table */
struct task *task_find(struct core *core, int32_t tid);    /* that has not left */
struct task *task_of_handle(struct core *core, uint64_t handle);
bool task_room(const struct core *core, struct pvmi_fault *ret_fault);    /* false: with the limit */
int task_set_inherit(struct core *core, struct task *task, const struct pvmi_rec_inherit *inherit);
void task_enroll(struct core *core, struct link *link, const struct pvmi_msg_enroll *msg);
void task_link_lost(struct core *core, struct task *task);     /* which is freed already */
void task_leave(struct core *core, struct task *task);    /* it is no task from now on */
void task_on_started(struct core *core, struct core_event *event);
void task_on_start_failed(struct core *core, struct core_event *event);
void task_on_ended(struct core *core, struct core_event *event);
void task_start_failed(struct core *core, struct task *task, const struct pvmi_fault *fault);
void task_has_ended(struct core *core, struct task *task);    /* its status is set */
void task_settle(struct core *core, struct task *task);    /* reports its end, frees it, when it is time */
void task_timers(struct core *core, uint64_t late_ms);
void task_info(const struct core *core, const struct task *task, struct pvmi_rec_taskinfo *ret_info);
void task_free_dead(struct core *core);
void task_free_all(struct core *core);

/* ---- spawn.c, start.c, placement.c ---- */
void spawn_request(struct core *core, const struct asker *asker, struct task *task,
                   const struct pvmi_msg_spawn *msg);
void start_request(struct core *core, const struct asker *asker, const struct pvmi_msg_start *msg);
void start_on_done(struct core *core, int host, uint32_t id);
void start_on_started(struct core *core, struct task *task);
void start_on_failed(struct core *core, struct task *task, const struct pvmi_fault *fault);
void start_host_dropped(struct core *core, int number);
void start_free_all(struct core *core);
void siblings_set(struct core *core, const struct pvmi_ints *tids);
void siblings_forget(struct task *task);    /* who waits for them */
void siblings_query(struct core *core, const struct asker *asker, struct task *task);
/*
 * Gives each of count copies a host number, in order, in ret_hosts. PvmOk, or PvmNoHost with fault filled.
 */
int placement_choose(struct core *core, int flags, const char *where, int count, int *ret_hosts,
                     struct pvmi_fault *fault);

/* ---- query.c ---- */
void query_task(struct core *core, const struct asker *asker, int32_t tid);
void query_tasks(struct core *core, const struct asker *asker, int32_t where);
void query_hosts(struct core *core, const struct asker *asker);
void query_host(struct core *core, const struct asker *asker, const char *name);
/* Negative answers of the two that are not answered by "answer". */
void query_tasks_fail(struct core *core, const struct asker *asker, int code, const char *text);
void query_hosts_fail(struct core *core, const struct asker *asker, int code, const char *text);
void query_signal(struct core *core, int32_t tid, int signum);
void query_clock(struct core *core, const struct asker *asker, int32_t where);

/* ---- notify.c ---- */
void notify_request(struct core *core, struct task *task, const struct pvmi_msg_notify *msg);
void notify_watch(struct core *core, struct peer *peer, int32_t tid);
void notify_unwatch(struct core *core, struct peer *peer, int32_t tid);
void notify_exited(struct core *core, int32_t tid, int32_t status);      /* of another host */
void notify_task_ended(struct core *core, struct task *task);            /* of this host: tells everybody */
void notify_host_dropped(struct core *core, int number);
int notify_hosts_added(struct core *core, const struct pvmi_ints *numbers);    /* PvmOk or PvmNoMem */
void notify_forget(struct core *core, struct task *task);                /* what it asked for */
void notify_free_all(struct core *core);

/* ---- output.c ---- */
void output_on_event(struct core *core, struct core_event *event);
void output_first_grant(struct core *core, struct task *task);
void output_begin(struct core *core, struct task *task);                 /* "a task was started" */
void output_spawned(struct core *core, struct task *task);               /* "its pvm_spawn is complete" */
void output_end(struct core *core, struct task *task);    /* says that there is no more, once */
void output_grant(struct core *core, struct task *task);                 /* as far as the window allows */
/* Text of tid for the first host's log; length 0: there is no more. */
void output_log(struct core *core, int32_t tid, const uint8_t *text, size_t length);
void output_logged(struct core *core, int32_t tid, const uint8_t *text, size_t length);
/* An OUTPUT frame for a task that is not there: what it holds goes to the log. */
void output_undeliverable(struct core *core, const struct pvmi_frame *frame);
void output_flush_host(struct core *core, int number);
void output_free_all(struct core *core);

/* ---- plugin.c ---- */
/* The task that is registered as kind, for this host or the machine; 0: there is none. */
int32_t plugin_find(struct core *core, enum plugin_kind kind);
bool plugin_is(struct core *core, int32_t tid, enum plugin_kind kind);    /* tid, of any host, is registered as kind */
int32_t plugin_flags(const struct core *core, int32_t tid);    /* of ti_flag: what tid is registered as */
/* Sends items, which are freed, to a task: from src, a task of this host, or (0) this daemon. False when there is no
 * memory, or they are more than 64 KiB and not from this daemon to a task of this host. */
bool plugin_send(struct core *core, int32_t src, int32_t dst, int32_t tag, uint32_t wid,
                 struct pvmi_items_writer *items);
/* Asks what->plugin: a copy of what is kept until done, unless (false, fault is filled) it cannot be sent. */
bool plugin_ask(struct core *core, const struct plugin_ask *what, int32_t tag, struct pvmi_items_writer *items,
                struct pvmi_fault *fault);
bool plugin_asked(const struct core *core, int32_t plugin, int32_t src);    /* something, and the answer is not there */
/* A message that may be an answer. False: nobody waits for it. */
bool plugin_answered(struct core *core, int32_t plugin, int32_t src, int32_t tag, uint32_t wid,
                     struct pvmi_items_reader *answer);
void plugin_nonsense(struct core *core, const struct plugin_ask *ask, struct pvmi_fault *fault);    /* its answer is */
/* The plug-ins that start with this host, which is a member now. */
void plugin_start_all(struct core *core);
void plugin_check(struct core *core);    /* after each event: who is asked must still be there */
void plugin_task_left(struct core *core, int32_t tid);    /* nothing is to be answered to it, nor comes from it */
void plugin_free_all(struct core *core);

/* ---- plugin_message.c ---- */
void plugin_frame(struct core *core, struct pvmi_frame *frame);    /* for this daemon. Takes frame */
/* A frame for a task of this host. True: it is part of an answer to this daemon, and taken; else it goes on to the
 * task, made empty if it was the first of such an answer. */
bool plugin_takes(struct core *core, struct pvmi_frame *frame);
void plugin_parts_forget(struct core *core, int32_t src);    /* 0: of all */

/* ---- tasker.c ---- */
/* The index-th task that msg wants: by a tasker, if there is one. */
void tasker_prepare(struct core *core, struct task *task, const struct pvmi_msg_start *msg, int32_t index);
void tasker_on_found(struct core *core, struct task *task, const char *path);
void tasker_told(struct core *core, int32_t tasker, struct pvmi_items_reader *items);    /* SM_TASKX */
void tasker_check(struct core *core);    /* after each event: has it gone? */

/* ---- manager.c, manager_exec.c ---- */
/* A request of a task: true when its manager is asked instead. */
bool manager_takes(struct core *core, struct task *task, const struct asker *asker,
                   const struct pvmi_control *control);
void manager_request(struct core *core, const struct asker *asker);    /* a task is to become one */
void manager_on_enrolled(struct core *core, struct task *task);
void manager_on_ended(struct core *core, struct task *task);
void manager_host_dropped(struct core *core, int number);
/* SM_EXEC, SM_ADD, SM_HANDOFF. False: it is none of these, or not from a manager. */
bool manager_told(struct core *core, const struct pvmi_frame_header *header, struct pvmi_items_reader *items);
void manager_answer(struct core *core, const struct asker *asker, int type, const void *msg);
/* The variables of a spawn: int n, and so many strings. */
void manager_put_env(struct pvmi_items_writer *items, const struct pvmi_msg_spawn *msg);

/* ---- tickle.c ---- */
bool tickle_is_for_orderer(const struct core *core, const struct pvmi_msg_tickle *msg);
void tickle_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_tickle *msg);

/* ---- trace.c: for those who trace task ---- */
void trace_begin(struct core *core, struct task *task);      /* "a task was started" */
void trace_by_hand(struct core *core, struct task *task);    /* the same, of one that was not spawned */
void trace_spawned(struct core *core, struct task *task);    /* "its pvm_spawn is complete" */
void trace_end(struct core *core, struct task *task);        /* "it has ended" */
/* Whether inherit has the trace of task go elsewhere. */
bool trace_moves(const struct task *task, const struct pvmi_rec_inherit *inherit);

/* ---- groups.c ---- */
void groups_request(struct core *core, const struct asker *asker, const struct pvmi_msg_group *msg);
/* tid is no member of group any more: it has ended, or left. */
void groups_member_gone(struct core *core, const struct group *group, int32_t tid, bool ended);
void groups_free_all(struct core *core);

/* ---- mailbox.c, mailbox_body.c, mailbox_transfer.c ---- */
/* From a task of this host. */
void mailbox_request(struct core *core, const struct asker *asker, struct task *task,
                     const struct pvmi_msg_mailbox *msg);
/* At the orderer. */
void mailbox_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg);
void mailbox_task_gone(struct core *core, int32_t tid);      /* at the orderer: it waits for nothing any more */
void mailbox_host_gone(struct core *core, int number);       /* the same for all tasks of a host */
void mailbox_task_left(struct core *core, struct task *task);    /* at its own daemon */
void mailbox_free_all(struct core *core);

/* A piece of a body, in the order in which they come; what finds no memory or is too much is forgotten, which
 * the end tells. */
void mailbox_body_piece(struct core *core, const struct asker *asker, const struct pvmi_msg_mailbox *msg);
/* The last piece, or the whole: the body with one reference, or NULL and fault filled. */
struct pvmi_blob *mailbox_body_whole(struct core *core, const struct asker *asker,
                                     const struct pvmi_msg_mailbox *msg, struct pvmi_fault *fault);
void mailbox_bodies_forget(struct core *core, int32_t tid, int host);    /* of a task, or (tid 0) of a host */
void mailbox_bodies_free(struct core *core);

/* Sends msg, a PUT or INSERT of a task of this host, to the orderer, with body, of which it holds a reference. */
void mailbox_transfer_up(struct core *core, struct request *request, const struct pvmi_msg_mailbox *msg,
                         struct pvmi_blob *body);
/* Sends found to who asked, a task tid. */
void mailbox_transfer_down(struct core *core, const struct asker *asker, int32_t tid,
                           const struct pvmi_msg_mailbox_found *found, struct pvmi_blob *body);
/* As far as the links take them. */
void mailbox_transfer_pump(struct core *core);
void mailbox_transfers_forget(struct core *core, int32_t tid, int host);
void mailbox_transfers_free(struct core *core);
/* By what what goes up from tid waits in the bulk channel: not behind the task's own messages. */
int32_t mailbox_transfer_key(int32_t tid);

/* ---- context.c ---- */
void context_request(struct core *core, const struct asker *asker, const struct task *task,
                     const struct pvmi_msg_context *msg);
void context_task_left(struct core *core, int32_t tid);

/* ---- halt.c ---- */
void halt_request(struct core *core, const struct asker *asker);
void halt_on_event(struct core *core);
/* Ends this host's tasks, those started by hand only if by_hand, and then the daemon. text: why, for STOP, or
 * NULL when it was asked for. */
void halt_begin(struct core *core, bool by_hand, const char *text);
void halt_check(struct core *core);    /* after anything that may have been waited for */
void halt_timers(struct core *core);

#endif
