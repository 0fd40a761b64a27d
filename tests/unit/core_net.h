/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For tests of the core: several daemons' cores and their tasks in one process, joined by queues that lose
 * nothing. What an action asks for is done at once, in order; time stands still until net_advance().
 * Whatever a test wants to see is kept: frames of tasks, started processes, log lines. Included by one file
 * of a program.
 */
#ifndef TESTS_UNIT_CORE_NET_H
#define TESTS_UNIT_CORE_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/core/core.h"
#include "wire/section.h"
#include "wire/tid.h"

#define NET_HOSTS 8
#define NET_TASKS 64
#define NET_LINKS 1024
#define NET_PROCESSES 64
#define NET_LOGS 64
#define NET_TEAMS 32
#define NET_SEATS 8
#define NET_ROUND UINT32_MAX    /* the round before the first one */

struct net;

struct net_event {
    struct pvmi_list link;
    int host;
    struct core_event event;
    struct pvmi_rec_host rec;    /* for LAUNCHED */
};

/* A connection: two ends, each a host with its handle, or a task. */
struct net_link {
    bool used;
    bool up;
    int dialler;             /* host */
    uint64_t dial_handle;
    int acceptor;
    uint64_t accept_handle;
    int task;                /* index + 1 when the dialler is a task */
    enum pvmi_channel channel;
};

struct net_task {
    bool used;
    bool closed;         /* by its daemon */
    bool read_off;
    int host;
    int net_link;
    uint32_t next_id;
    int32_t tid;
    int32_t parent;
    int32_t pid;
    struct pvmi_list frames;    /* that have come: data, notices, output */
    struct pvmi_list answers;   /* control frames that nobody has asked for yet */
};

struct net_process {
    uint64_t handle;
    int host;
    int32_t tid;
    uint64_t nonce;
    int signals;         /* how many it got */
    int signum;          /* the last one */
    size_t granted;
    bool ended;
    int32_t hello_tid;    /* in what it finds in the connection that it inherits; 0: nothing */
    bool slot_claimed;    /* what it has inherited: nobody else can have that */
    char file[64];
    char env[2048];
    char path[512];
    char directory[128];
};

struct net_host {
    struct core *core;
    bool dead;           /* powered off: nothing goes in or out */
    bool stopped;        /* has said STOP */
    bool ready;
    char stop_text[256];
    struct pvmi_rec_host rec;
    char name[32];
    char address[32];
    char *addresses[1];
    uint8_t key[32];
    uint64_t incarnation;
};

/* A team as io keeps it. */
struct net_team {
    int host;
    uint64_t handle;
    bool whole;
    bool sealed;
    bool held;                      /* it is to be sealed, and the test says when */
    uint32_t count;
    int32_t tids[NET_SEATS];
    uint32_t request[NET_SEATS];    /* of who waits in the next round, else 0 */
    int32_t said[NET_SEATS];
    uint32_t released;
};

struct net {
    struct net_host hosts[NET_HOSTS + 1];    /* by number */
    struct net_task tasks[NET_TASKS];
    struct net_link links[NET_LINKS];
    struct net_process processes[NET_PROCESSES];
    int process_count;
    struct pvmi_list events;
    uint64_t now_ms;
    uint64_t random;
    bool auto_start;           /* processes start at once; else the test says */
    bool auto_launch;          /* daemons start at once */
    int launches;
    uint64_t last_launch;
    char last_launch_name[64];
    uint64_t hosted[NET_HOSTS + 1];    /* launches that a hoster is to start, by number */
    char hosted_name[NET_HOSTS + 1][64];
    int commands;              /* so many, by a hoster */
    bool hold_commands;        /* the test posts LAUNCH_COMMAND */
    int launch_kept, launch_dropped;
    int admitted, gone;        /* tasks */
    int revokes;
    bool hold_revoked;         /* the test posts REVOKED */
    char logs[NET_LOGS][512];
    int log_count;
    int tasks_max;
    uint32_t welcome_ms;       /* of hosts that join from now on */
    uint32_t job_ms;           /* of the first host */
    const char *hoster;        /* command line of one that starts with the first host */
    bool want_teams;           /* there is memory for them */
    int refuse_team_of;        /* but on this host */
    bool hold_seals;
    struct net_team teams[NET_TEAMS];
    int team_count;
    int sends;                 /* LINK_SEND actions so far */
    int steps;                 /* core_step() calls so far */
    int fail_step;             /* in this one (from 1) the allocation fail_nth fails */
    int fail_nth;
    bool cut[NET_HOSTS + 1][NET_HOSTS + 1];    /* frames from one to the other vanish, dials fail */
    bool firewall[NET_HOSTS + 1][NET_HOSTS + 1];    /* only dials fail */
    /* Sees each frame between daemons before it goes, and may put another in its place; or NULL. */
    void (*on_frame)(struct net *net, int from, int to, struct pvmi_frame **frame);
};

#define NET_UNUSED __attribute__((unused))

NET_UNUSED static uint64_t net_random(void *user)
{
    struct net *net = user;

    net->random = net->random * 6364136223846793005u + 1442695040888963407u;
    return net->random ^ (net->random >> 29);
}

/* A wall clock that goes with the net's time. */
NET_UNUSED static int64_t net_clock(void *user)
{
    const struct net *net = user;

    return INT64_C(4000000000123456) + (int64_t)net->now_ms * 1000;
}

NET_UNUSED static struct net_event *net_post(struct net *net, int host, enum core_event_type type,
                                             uint64_t handle)
{
    struct net_event *event = calloc(1, sizeof(*event));

    assert_non_null(event);
    event->host = host;
    event->event.type = type;
    event->event.handle = handle;
    pvmi_list_push(&net->events, &event->link);
    return event;
}

NET_UNUSED static void net_post_down(struct net *net, int host, uint64_t handle, enum core_down_reason reason)
{
    net_post(net, host, CORE_EVENT_LINK_DOWN, handle)->event.link_down.reason = reason;
}

NET_UNUSED static struct net_link *net_link_new(struct net *net, int *ret_index)
{
    for (int i = 0; i < NET_LINKS; i++) {
        if (!net->links[i].used) {
            memset(&net->links[i], 0, sizeof(net->links[i]));
            net->links[i].used = true;
            *ret_index = i;
            return &net->links[i];
        }
    }
    fail_msg("no more links");
    return NULL;
}

/* The connection of which host has end handle. */
NET_UNUSED static struct net_link *net_link_of(struct net *net, int host, uint64_t handle)
{
    for (int i = 0; i < NET_LINKS; i++) {
        struct net_link *link = &net->links[i];

        if (!link->used)
            continue;
        if ((link->task == 0 && link->dialler == host && link->dial_handle == handle) ||
            (link->acceptor == host && link->accept_handle == handle && handle != 0))
            return link;
    }
    return NULL;
}

NET_UNUSED static void net_host_config(struct net *net, int number, const char *name,
                                       struct core_config *config)
{
    struct net_host *host = &net->hosts[number];

    memset(config, 0, sizeof(*config));
    snprintf(host->name, sizeof(host->name), "%s", name);
    snprintf(host->address, sizeof(host->address), "10.0.0.%d", number);
    host->addresses[0] = host->address;
    host->incarnation = 1000 + (uint64_t)number;
    memset(host->key, number, sizeof(host->key));
    host->rec = (struct pvmi_rec_host){
        .number = number,
        .incarnation = host->incarnation,
        .name = host->name,
        .addresses = { .v = host->addresses, .n = 1 },
        .port = 4000 + (uint32_t)number,
        .key = { .data = host->key, .length = sizeof(host->key) },
        .arch = number == 3 ? "OTHER" : "LINUX64",
        .speed = 1000,
        .launcher = number == 1 ? "first" : "ssh",
    };
    config->first = number == 1;
    config->self = host->rec;
    config->orderer = net->hosts[1].rec;
    config->suspect_ms = 2000;
    config->dead_ms = 10000;
    config->join_ms = 15000;
    config->welcome_ms = net->welcome_ms;
    config->job_ms = net->job_ms;
    config->hoster = net->hoster;
    config->halt_ms = 5000;
    config->tasks_max = net->tasks_max;
    config->ep = "/ep/one:/ep/two";
    config->random = net_random;
    config->random_user = net;
    config->clock = net_clock;
    config->clock_user = net;
}

NET_UNUSED static void net_core_start(struct net *net, int number, const char *name)
{
    struct core_config config;

    net_host_config(net, number, name, &config);
    assert_int_equal(core_new(&config, &net->hosts[number].core), PvmOk);
    net_post(net, number, CORE_EVENT_TICK, 0);
}

/* ---- actions ---- */

NET_UNUSED static void net_dial(struct net *net, int host, const struct core_action *action)
{
    int to = action->dial.host;
    struct net_host *other = &net->hosts[to];
    struct net_event *event;
    struct net_link *link;
    bool closed;
    int index;

    assert_in_range(to, 1, NET_HOSTS);
    closed = net->cut[host][to] || net->firewall[host][to];
    if (closed || other->core == NULL || other->dead || other->stopped ||
        other->incarnation != action->dial.incarnation) {
        net_post_down(net, host, action->handle, closed ? CORE_DOWN_UNREACHED : CORE_DOWN_REFUSED);
        return;
    }
    link = net_link_new(net, &index);
    link->dialler = host;
    link->dial_handle = action->handle;
    link->acceptor = to;
    link->channel = action->dial.channel;
    event = net_post(net, to, CORE_EVENT_LINK_IN, 0);
    event->event.link_in.token = (uint64_t)index + 1;
    event->event.link_in.kind = CORE_LINK_DAEMON;
    event->event.link_in.host = host;
    event->event.link_in.incarnation = net->hosts[host].incarnation;
    event->event.link_in.channel = action->dial.channel;
}

NET_UNUSED static void net_adopt(struct net *net, int host, const struct core_action *action, bool adopt)
{
    struct net_link *link = &net->links[action->adopt.token - 1];

    if (!link->used || link->acceptor != host) {    /* the dialler has given up: it breaks at once */
        if (adopt)
            net_post_down(net, host, action->handle, CORE_DOWN_CLOSED);
        return;
    }
    if (!adopt) {
        if (link->task == 0)
            net_post_down(net, link->dialler, link->dial_handle, CORE_DOWN_DENIED);
        else
            net->tasks[link->task - 1].closed = true;
        link->used = false;
        return;
    }
    link->accept_handle = action->handle;
    link->up = true;
    if (link->task == 0)
        net_post(net, link->dialler, CORE_EVENT_LINK_UP, link->dial_handle);
}

NET_UNUSED static void net_send(struct net *net, int host, struct core_action *action)
{
    struct net_link *link = net_link_of(net, host, action->handle);
    struct pvmi_frame *frame = action->send.frame;
    int other;

    net->sends++;
    if (link == NULL)
        return;
    action->send.frame = NULL;
    if (link->task != 0) {
        struct net_task *task = &net->tasks[link->task - 1];

        pvmi_list_push(frame->header.kind == PVMI_FRAME_CONTROL ? &task->answers : &task->frames,
                       &frame->link);
        return;
    }
    other = link->dialler == host ? link->acceptor : link->dialler;
    if (net->cut[host][other] || net->hosts[other].dead) {
        pvmi_frame_free(frame);
        return;
    }
    if (net->on_frame != NULL)
        net->on_frame(net, host, other, &frame);
    net_post(net, other, CORE_EVENT_FRAME, link->dialler == host ? link->accept_handle : link->dial_handle)
        ->event.frame.frame = frame;
}

NET_UNUSED static void net_close(struct net *net, int host, uint64_t handle)
{
    struct net_link *link = net_link_of(net, host, handle);
    bool dialler;

    if (link == NULL)
        return;
    dialler = link->task == 0 && link->dialler == host && link->dial_handle == handle;
    link->used = false;
    if (link->task != 0)
        net->tasks[link->task - 1].closed = true;
    else if (dialler && link->up)
        net_post_down(net, link->acceptor, link->accept_handle, CORE_DOWN_CLOSED);
    else if (!dialler)
        net_post_down(net, link->dialler, link->dial_handle, CORE_DOWN_CLOSED);
}

NET_UNUSED static struct net_process *net_process_of(struct net *net, int host, uint64_t handle)
{
    for (int i = 0; i < net->process_count; i++) {
        if (net->processes[i].host == host && net->processes[i].handle == handle)
            return &net->processes[i];
    }
    return NULL;
}

NET_UNUSED static void net_join_strings(char *to, size_t size, char **strings)
{
    to[0] = '\0';
    for (; *strings != NULL; strings++) {
        strncat(to, *strings, size - strlen(to) - 1);
        strncat(to, " ", size - strlen(to) - 1);
    }
}

NET_UNUSED static void net_started(struct net *net, struct net_process *process)
{
    struct net_event *event = net_post(net, process->host, CORE_EVENT_STARTED, process->handle);

    event->event.started.pid = 100 + (int32_t)(process - net->processes);
    event->event.started.path = pvmi_strdup("/bin/x");
}

NET_UNUSED static int32_t net_hello_tid(const struct pvmi_frame *frame)
{
    struct pvmi_control control;
    int32_t tid;

    if (frame == NULL)
        return 0;
    assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control), PvmOk);
    assert_int_equal(control.type, PVMI_MSG_enrolled);
    tid = ((struct pvmi_msg_enrolled *)control.msg)->tid;
    pvmi_control_free(&control);
    return tid;
}

NET_UNUSED static void net_task_start(struct net *net, int host, const struct core_action *action)
{
    struct net_process *process = &net->processes[net->process_count];
    struct core_event *event;

    if (action->start.find) {
        event = &net_post(net, host, CORE_EVENT_STARTED, action->handle)->event;
        event->started.path = pvmi_asprintf("/found/%s", action->start.file);
        return;
    }
    net->process_count++;
    assert_true(net->process_count <= NET_PROCESSES);
    memset(process, 0, sizeof(*process));
    process->host = host;
    process->handle = action->handle;
    process->tid = action->start.tid;
    process->nonce = action->start.nonce;
    process->hello_tid = net_hello_tid(action->start.enrolled);
    snprintf(process->file, sizeof(process->file), "%s", action->start.file);
    snprintf(process->directory, sizeof(process->directory), "%s",
             action->start.directory != NULL ? action->start.directory : "");
    net_join_strings(process->env, sizeof(process->env), action->start.env);
    net_join_strings(process->path, sizeof(process->path), action->start.path);
    if (net->auto_start)
        net_started(net, process);
}

NET_UNUSED static void net_signal(struct net *net, int host, const struct core_action *action)
{
    struct net_process *process = net_process_of(net, host, action->handle);

    if (process == NULL)
        return;
    process->signals++;
    process->signum = action->signal.signum;
}

NET_UNUSED static void net_launched(struct net *net, uint64_t handle, const char *name, int number)
{
    struct net_event *event;

    net_core_start(net, number, name);
    event = net_post(net, 1, CORE_EVENT_LAUNCHED, handle);
    event->rec = net->hosts[number].rec;
    event->event.launched.host = event->rec;
}

/* The command for the hoster is made. */
NET_UNUSED static void net_command(struct net *net, int number)
{
    struct core_event *event = &net_post(net, 1, CORE_EVENT_LAUNCH_COMMAND, net->hosted[number])->event;

    net->commands++;
    event->launch_command.so = "pw";
    event->launch_command.address = "me@somewhere";
    event->launch_command.command = "pvmd --join-public 1:00";
    event->launch_command.vmid = "";
}

/* What the hoster has got: "ready" stands for a ready line. */
NET_UNUSED static void net_hoster_answer(struct net *net, const struct core_action *action)
{
    const char *line = action->launch_answer.line;
    struct net_event *event;
    int number = 0;

    while (number < NET_HOSTS && net->hosted[number] != action->handle)
        number++;
    assert_true(net->hosted[number] == action->handle);
    if (line == NULL || strcmp(line, "ready") == 0) {
        net_launched(net, action->handle, net->hosted_name[number], number);
        return;
    }
    event = net_post(net, 1, CORE_EVENT_LAUNCHED, action->handle);
    pvmi_fault_set(&event->event.launched.fault, strcmp(line, "PvmNoHost") == 0 ? PvmNoHost : PvmCantStart, NULL,
                   "the hoster says %s", line);
}

NET_UNUSED static void net_launch(struct net *net, const struct core_action *action)
{
    net->launches++;
    net->last_launch = action->handle;
    snprintf(net->last_launch_name, sizeof(net->last_launch_name), "%s", action->launch.spec->name);
    assert_true(action->launch.number <= NET_HOSTS);
    if (action->launch.hoster_ms != 0) {
        net->hosted[action->launch.number] = action->handle;
        snprintf(net->hosted_name[action->launch.number], sizeof(net->hosted_name[0]), "%s",
                 action->launch.spec->name);
        if (!net->hold_commands)
            net_command(net, action->launch.number);
    } else if (net->auto_launch)
        net_launched(net, action->handle, action->launch.spec->name, action->launch.number);
}

NET_UNUSED static void net_log(struct net *net, const char *name, const char *text)
{
    char line[sizeof(net->logs[0])];

    snprintf(line, sizeof(line), "%s: %s", name, text);
    memcpy(net->logs[net->log_count++ % NET_LOGS], line, sizeof(line));
}

/* A team is sealed: who waits there waits at the core. */
NET_UNUSED static void net_seal(struct net *net, struct net_team *team)
{
    struct core_event *event = &net_post(net, team->host, CORE_EVENT_TEAM_SEALED, team->handle)->event;

    team->sealed = true;
    event->team_sealed.arrivals = pvmi_calloc(NET_SEATS, sizeof(*event->team_sealed.arrivals));
    for (uint32_t i = 0; i < team->count; i++) {
        if (team->request[i] != 0)
            event->team_sealed.arrivals[event->team_sealed.count++] = (struct core_arrival){
                .seat = i, .request = team->request[i], .count = team->said[i], .round = team->released + 1,
            };
    }
}

/* Teams are made when the test wants them; who arrives in them stands in their seats. */
NET_UNUSED static void net_team(struct net *net, int number, struct core_action *action)
{
    struct net_team *team = NULL;
    struct core_event *event;

    for (int i = 0; i < net->team_count; i++) {
        if (net->teams[i].host == number && net->teams[i].handle == action->handle)
            team = &net->teams[i];
    }
    if (action->type == CORE_ACTION_TEAM_MAKE) {
        assert_true(team == NULL && net->team_count < NET_TEAMS && action->team.count <= NET_SEATS);
        team = &net->teams[net->team_count++];
        *team = (struct net_team){ .host = number, .handle = action->handle, .whole = action->team.whole,
                                   .count = action->team.count, .released = NET_ROUND };
        memcpy(team->tids, action->team.tids, action->team.count * sizeof(team->tids[0]));
        event = &net_post(net, number, CORE_EVENT_TEAM_MADE, action->handle)->event;
        event->team_made.position = net->want_teams && net->refuse_team_of != number ? 0x10000 + action->handle : 0;
        event->team_made.round = NET_ROUND;
        return;
    }
    assert_true(team != NULL && !team->sealed);
    if (action->type == CORE_ACTION_TEAM_SEAL && net->hold_seals) {
        team->held = true;
        return;
    }
    if (action->type == CORE_ACTION_TEAM_RELEASE) {
        assert_int_equal(action->team.round, team->released + 1);
        team->released = action->team.round;
        return;
    }
    net_seal(net, team);
}

NET_UNUSED static void net_do(struct net *net, int number, struct core_action *action)
{
    struct net_host *host = &net->hosts[number];
    struct net_process *process;

    switch (action->type) {
    case CORE_ACTION_LINK_DIAL:
        net_dial(net, number, action);
        break;
    case CORE_ACTION_LINK_ADOPT:
    case CORE_ACTION_LINK_REFUSE:
        net_adopt(net, number, action, action->type == CORE_ACTION_LINK_ADOPT);
        break;
    case CORE_ACTION_LINK_SEND:
        net_send(net, number, action);
        break;
    case CORE_ACTION_LINK_READ: {
        struct net_link *link = net_link_of(net, number, action->handle);

        assert_non_null(link);
        net->tasks[link->task - 1].read_off = !action->read.on;
        break;
    }
    case CORE_ACTION_LINK_CLOSE:
        net_close(net, number, action->handle);
        break;
    case CORE_ACTION_TASK_START:
        net_task_start(net, number, action);
        break;
    case CORE_ACTION_TASK_SIGNAL:
        net_signal(net, number, action);
        break;
    case CORE_ACTION_TASK_REVOKE:
        process = net_process_of(net, number, action->handle);
        net->revokes++;
        if (!net->hold_revoked)
            net_post(net, number, CORE_EVENT_REVOKED, action->handle)->event.revoked.done =
                process == NULL || !process->slot_claimed;
        break;
    case CORE_ACTION_TASK_ADMIT:
        net->admitted++;
        break;
    case CORE_ACTION_TASK_GONE:
        net->gone++;
        break;
    case CORE_ACTION_OUTPUT_GRANT:
        process = net_process_of(net, number, action->handle);
        if (process != NULL)
            process->granted += action->grant.bytes;
        break;
    case CORE_ACTION_LAUNCH:
        net_launch(net, action);
        break;
    case CORE_ACTION_LAUNCH_ANSWER:
        net_hoster_answer(net, action);
        break;
    case CORE_ACTION_LAUNCH_END:
        net->launch_kept += action->launch_end.keep;
        net->launch_dropped += !action->launch_end.keep;
        break;
    case CORE_ACTION_TEAM_MAKE:
    case CORE_ACTION_TEAM_SEAL:
    case CORE_ACTION_TEAM_RELEASE:
        net_team(net, number, action);
        break;
    case CORE_ACTION_READY:
        host->ready = true;
        break;
    case CORE_ACTION_DEBUG:
        break;
    case CORE_ACTION_LOG:
        net_log(net, host->name, action->log.text);
        break;
    case CORE_ACTION_STOP:
        host->stopped = true;
        snprintf(host->stop_text, sizeof(host->stop_text), "%s",
                 action->stop.text != NULL ? action->stop.text : "");
        break;
    case CORE_ACTION_PEER_SET:
    case CORE_ACTION_PEER_DROP:
    case CORE_ACTION_GATE:
        break;
    }
}

/* A daemon that has ended, or a host that was powered off: in the first case its sockets say so. */
NET_UNUSED static void net_host_gone(struct net *net, int number, bool silent)
{
    for (int i = 0; i < NET_LINKS; i++) {
        struct net_link *link = &net->links[i];

        if (!link->used || (link->acceptor != number && (link->task != 0 || link->dialler != number)))
            continue;
        if (link->task != 0)
            net->tasks[link->task - 1].closed = true;
        else if (!silent && link->dialler == number && link->up)
            net_post_down(net, link->acceptor, link->accept_handle, CORE_DOWN_CLOSED);
        else if (!silent && link->acceptor == number)
            net_post_down(net, link->dialler, link->dial_handle, CORE_DOWN_CLOSED);
        if (!silent)
            link->used = false;
    }
}

NET_UNUSED static void net_step(struct net *net, int number, struct core_event *event)
{
    struct net_host *host = &net->hosts[number];
    struct pvmi_list actions;
    bool stopped = host->stopped;

    if (host->core == NULL || host->dead) {
        if (event->type == CORE_EVENT_FRAME)
            pvmi_frame_free(event->frame.frame);
        else if (event->type == CORE_EVENT_OUTPUT)
            pvmi_blob_unref(event->output.bytes);
        else if (event->type == CORE_EVENT_STARTED)
            pvmi_free(event->started.path);
        else if (event->type == CORE_EVENT_TEAM_SEALED)
            pvmi_free(event->team_sealed.arrivals);
        return;
    }
    pvmi_list_init(&actions);
    if (++net->steps == net->fail_step)
        pvmi_alloc_fail_nth(net->fail_nth);
    core_step(host->core, net->now_ms, event, &actions);
    pvmi_alloc_fail_nth(-1);
    while (!pvmi_list_empty(&actions)) {
        struct core_action *action = PVMI_CONTAINER(actions.next, struct core_action, link);

        net_do(net, number, action);
        core_action_free(action);
    }
    if (host->stopped && !stopped)
        net_host_gone(net, number, false);
}

/* Until nothing is under way. */
NET_UNUSED static void net_run(struct net *net)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&net->events)) != NULL) {
        struct net_event *event = PVMI_CONTAINER(node, struct net_event, link);

        net_step(net, event->host, &event->event);
        free(event);
    }
}

/* Lets ms pass, with a tick for every deadline on the way. */
NET_UNUSED static void net_advance(struct net *net, uint64_t ms)
{
    uint64_t until = net->now_ms + ms;

    net_run(net);
    for (int turns = 0; turns < 1000000; turns++) {
        uint64_t first = UINT64_MAX;
        int which = 0;

        for (int i = 1; i <= NET_HOSTS; i++) {
            struct net_host *host = &net->hosts[i];

            if (host->core != NULL && !host->dead && !host->stopped && core_deadline(host->core) < first) {
                first = core_deadline(host->core);
                which = i;
            }
        }
        if (first > until)
            break;
        if (first > net->now_ms)
            net->now_ms = first;
        net_post(net, which, CORE_EVENT_TICK, 0);
        net_run(net);
    }
    net->now_ms = until;
}

/* ---- the test's own acts ---- */

NET_UNUSED static struct net *net_new(void)
{
    struct net *net = calloc(1, sizeof(*net));

    assert_non_null(net);
    pvmi_list_init(&net->events);
    net->auto_start = true;
    net->auto_launch = true;
    net->now_ms = 1000;
    net->random = 42;
    return net;
}

NET_UNUSED static void net_free(struct net *net)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&net->events)) != NULL) {
        struct net_event *event = PVMI_CONTAINER(node, struct net_event, link);

        net->hosts[event->host].dead = true;
        net_step(net, event->host, &event->event);
        free(event);
    }
    for (int i = 1; i <= NET_HOSTS; i++)
        core_free(net->hosts[i].core);
    for (int i = 0; i < NET_TASKS; i++) {
        if (net->tasks[i].used) {
            pvmi_frame_free_all(&net->tasks[i].frames);
            pvmi_frame_free_all(&net->tasks[i].answers);
        }
    }
    free(net);
}

/* A machine of hosts: h1, h2, ... */
NET_UNUSED static struct net *net_machine(int hosts)
{
    struct net *net = net_new();
    char line[16];
    char *lines[1] = { line };

    net_core_start(net, 1, "h1");
    net_run(net);
    for (int i = 2; i <= hosts; i++) {
        struct net_event *event = net_post(net, 1, CORE_EVENT_ADD, 0);

        snprintf(line, sizeof(line), "h%d", i);
        event->event.add.lines = (struct pvmi_strings){ .v = lines, .n = 1 };
        net_run(net);
        assert_true(net->hosts[i].ready);
    }
    return net;
}

NET_UNUSED static void net_task_send_control(struct net *net, int task, int type, const void *msg)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };
    struct net_link *link = &net->links[net->tasks[task].net_link];
    struct pvmi_blob *blob;
    struct pvmi_frame *frame;

    assert_int_equal(pvmi_control_encode_blob(type, msg, &blob), PvmOk);
    frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    assert_non_null(frame);
    pvmi_blob_unref(blob);
    net_post(net, net->tasks[task].host, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame = frame;
}

/* A process connects to its daemon; index of the task. */
/* start: handle of the process that has inherited that end of the connection, 0 for one that connects. */
NET_UNUSED static int net_connect_as(struct net *net, int host, int32_t pid, uint64_t start)
{
    int index = 0;
    int number = 0;
    struct net_event *event;
    struct net_link *link;

    while (net->tasks[index].used)
        index++;
    assert_true(index < NET_TASKS);
    memset(&net->tasks[index], 0, sizeof(net->tasks[index]));
    pvmi_list_init(&net->tasks[index].frames);
    pvmi_list_init(&net->tasks[index].answers);
    net->tasks[index].used = true;
    net->tasks[index].host = host;
    net->tasks[index].pid = pid;
    net->tasks[index].next_id = 1;
    link = net_link_new(net, &number);
    net->tasks[index].net_link = number;
    link->task = index + 1;
    link->acceptor = host;
    event = net_post(net, host, CORE_EVENT_LINK_IN, 0);
    event->event.link_in.token = (uint64_t)number + 1;
    event->event.link_in.start = start;
    event->event.link_in.kind = CORE_LINK_TASK;
    event->event.link_in.pid = pid;
    net_run(net);
    return index;
}

/* The next control message that came to the task and is of this type; it must be there. Free it. */
NET_UNUSED static struct pvmi_control net_take(struct net *net, int task, int type)
{
    struct pvmi_control control = { .type = 0 };

    PVMI_LIST_EACH(node, &net->tasks[task].answers) {
        struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        assert_int_equal(pvmi_control_decode(pvmi_frame_bytes(frame), frame->header.length, &control), PvmOk);
        if (control.type == type) {
            pvmi_frame_free(frame);
            return control;
        }
        pvmi_control_free(&control);
    }
    fail_msg("no \"%s\" has come", pvmi_control_name(type));
    return control;
}

NET_UNUSED static bool net_has_answer(struct net *net, int task)
{
    return !pvmi_list_empty(&net->tasks[task].answers);
}

/* Enrols; the error code. */
NET_UNUSED static int net_connect(struct net *net, int host, int32_t pid)
{
    return net_connect_as(net, host, pid, 0);
}

NET_UNUSED static int net_enroll(struct net *net, int task, int32_t claim_tid, uint64_t nonce)
{
    struct pvmi_msg_enroll enroll = {
        .version = PVMI_VERSION,
        .claim_tid = claim_tid,
        .claim_nonce = nonce,
        .program = "test",
    };
    struct pvmi_control control;
    int code;

    net_task_send_control(net, task, PVMI_MSG_enroll, &enroll);
    net_run(net);
    control = net_take(net, task, PVMI_MSG_enrolled);
    net->tasks[task].tid = ((struct pvmi_msg_enrolled *)control.msg)->tid;
    net->tasks[task].parent = ((struct pvmi_msg_enrolled *)control.msg)->parent;
    code = ((struct pvmi_msg_enrolled *)control.msg)->error.code;
    pvmi_control_free(&control);
    return code;
}

/* A program started by hand. */
NET_UNUSED static int net_task(struct net *net, int host)
{
    static int32_t pid = 5000;
    int task = net_connect(net, host, pid++);

    assert_int_equal(net_enroll(net, task, 0, 0), PvmOk);
    return task;
}

/* A started process enrols with its claim. */
NET_UNUSED static int net_claim(struct net *net, int process)
{
    struct net_process *which = &net->processes[process];
    int task = net_connect(net, which->host, 100 + process);

    assert_int_equal(net_enroll(net, task, which->tid, which->nonce), PvmOk);
    assert_int_equal(net->tasks[task].tid, which->tid);
    return task;
}

/* Sends a request, whose first member becomes a fresh id. */
NET_UNUSED static void net_ask(struct net *net, int task, int type, void *msg)
{
    uint32_t id = net->tasks[task].next_id++;

    memcpy(msg, &id, sizeof(id));
    net_task_send_control(net, task, type, msg);
    net_run(net);
}

/* And its answer, to be freed. */
NET_UNUSED static struct pvmi_control net_request(struct net *net, int task, int type, void *msg)
{
    net_ask(net, task, type, msg);
    return net_take(net, task, PVMI_MSG_answer);
}

NET_UNUSED static const struct pvmi_msg_answer *net_answer(const struct pvmi_control *control)
{
    return control->msg;
}

/* Its code, or its value. */
NET_UNUSED static int net_result(struct net *net, int task)
{
    struct pvmi_control control = net_take(net, task, PVMI_MSG_answer);
    const struct pvmi_msg_answer *answer = control.msg;
    int result = answer->error.code != PvmOk ? answer->error.code : answer->value;

    pvmi_control_free(&control);
    return result;
}

NET_UNUSED static int net_group(struct net *net, int task, int op, const char *group, int number)
{
    struct pvmi_msg_group msg = { .op = op, .group = group, .number = number };

    net_ask(net, task, PVMI_MSG_group, &msg);
    return net_has_answer(net, task) ? net_result(net, task) : PVMI_AGAIN;
}

NET_UNUSED static struct pvmi_control net_spawn(struct net *net, int task, const char *file, int flags,
                                                const char *where, int count)
{
    struct pvmi_msg_spawn msg = { .file = file, .flags = flags, .where = where, .count = count };

    return net_request(net, task, PVMI_MSG_spawn, &msg);
}

NET_UNUSED static void net_notify(struct net *net, int task, int what, int tag, int32_t tid, int count)
{
    struct pvmi_msg_notify msg = {
        .what = what,
        .tag = tag,
        .count = count,
        .tids = { .v = &tid, .n = what % 256 == PvmHostAdd ? 0 : 1 },
    };

    net_task_send_control(net, task, PVMI_MSG_notify, &msg);
    net_run(net);
}

/* length bytes as the message number to tid, in one frame of at most 64 KiB. */
NET_UNUSED static void net_send_data(struct net *net, int task, int32_t dst, uint32_t message, size_t length)
{
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_DATA,
        .message = message,
        .dst = dst,
        .tag = 7,
        .message_length = length,
    };
    struct net_link *link = &net->links[net->tasks[task].net_link];
    struct pvmi_blob *blob = pvmi_blob_new(length);
    struct pvmi_frame *frame;

    memset(blob->data, (int)message, length);
    frame = pvmi_frame_new(&header, blob, 0, (uint32_t)length);
    pvmi_blob_unref(blob);
    net_post(net, net->tasks[task].host, CORE_EVENT_FRAME, link->accept_handle)->event.frame.frame = frame;
    net_run(net);
}

/* The next frame that came to the task, or NULL; free it. */
NET_UNUSED static struct pvmi_frame *net_frame(struct net *net, int task)
{
    struct pvmi_list *node = pvmi_list_pop(&net->tasks[task].frames);

    return node != NULL ? PVMI_CONTAINER(node, struct pvmi_frame, link) : NULL;
}

/* The int at index of its first section. */
NET_UNUSED static int32_t net_frame_int(const struct pvmi_frame *frame, int index)
{
    int32_t value;

    memcpy(&value, pvmi_frame_bytes(frame) + PVMI_SECTION_HEADER_SIZE + index * (int)sizeof(value),
           sizeof(value));
    return value;
}

/* How many frames of kind with tag wait at the task. */
NET_UNUSED static int net_count_frames(struct net *net, int task, int kind, int tag)
{
    int count = 0;

    PVMI_LIST_EACH(node, &net->tasks[task].frames) {
        struct pvmi_frame *frame = PVMI_CONTAINER(node, struct pvmi_frame, link);

        count += frame->header.kind == kind && frame->header.tag == tag;
    }
    return count;
}

/* The program ends without a word. */
NET_UNUSED static void net_task_dies(struct net *net, int task)
{
    struct net_link *link = &net->links[net->tasks[task].net_link];

    net_post_down(net, link->acceptor, link->accept_handle, CORE_DOWN_CLOSED);
    link->used = false;
    net->tasks[task].closed = true;
    net_run(net);
}

/* A started process ends: with the end of its output, and its link if it had one. */
NET_UNUSED static void net_process_ends(struct net *net, int process, int status, bool eof)
{
    struct net_process *which = &net->processes[process];

    which->ended = true;
    if (eof)
        net_post(net, which->host, CORE_EVENT_OUTPUT, which->handle)->event.output.eof = true;
    net_post(net, which->host, CORE_EVENT_ENDED, which->handle)->event.ended.status = status;
    net_run(net);
}

NET_UNUSED static void net_output(struct net *net, int process, const char *text)
{
    struct net_process *which = &net->processes[process];
    struct net_event *event = net_post(net, which->host, CORE_EVENT_OUTPUT, which->handle);

    event->event.output.bytes = pvmi_blob_copy(text, strlen(text));
    net_run(net);
}

/* Power off: what it had open says nothing any more. */
NET_UNUSED static void net_power_off(struct net *net, int number)
{
    net->hosts[number].dead = true;
    for (int i = 1; i <= NET_HOSTS; i++)
        net->cut[i][number] = net->cut[number][i] = true;
}

/* kill -9 of a daemon: its sockets close, its port is closed. */
NET_UNUSED static void net_kill_daemon(struct net *net, int number)
{
    net->hosts[number].dead = true;
    net_host_gone(net, number, false);
    net_run(net);
}

NET_UNUSED static bool net_logged(const struct net *net, const char *text)
{
    for (int i = 0; i < NET_LOGS; i++) {
        if (strstr(net->logs[i], text) != NULL)
            return true;
    }
    return false;
}

NET_UNUSED static int net_tear_down(void **state)
{
    pvmi_alloc_fail_nth(-1);
    if (*state != NULL)
        net_free(*state);
    *state = NULL;
    if (pvmi_alloc_count() != 0)
        print_error("%ld blocks leaked\n", pvmi_alloc_count());
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

#endif
