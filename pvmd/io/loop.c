/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop: something happens, one core_step() is made of it, and the actions that come out are done in
 * order. What an action causes at once (a full queue, a refused dial) is queued as an event and stepped
 * afterwards, never from inside the step.
 *
 * Before each step the core's deadline is looked at: after a stop of this process (SIGSTOP, a sleeping
 * laptop) the frames that waited are read before libuv runs its timers, and the core must know first that
 * it was late and that silence was its own.
 */
#include "pvmd/io/io.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "pvmd/io/arena_keeper.h"
#include "pvmd/io/dial.h"
#include "pvmd/io/entrance.h"
#include "pvmd/io/folder.h"
#include "pvmd/io/joiner.h"
#include "pvmd/io/keeper_link.h"
#include "pvmd/io/launch.h"
#include "pvmd/io/links.h"
#include "pvmd/io/listener.h"
#include "pvmd/io/peers.h"
#include "pvmd/io/tasks.h"
#include "pvmd/io/teams.h"
#include "pvmd/io/tunnel.h"
#include "pvmd/io/watch.h"

#define IO_EVENTS_SPARE 256     /* set aside: so many events can be posted in one step without memory */
#define IO_STOP_MS 1000         /* at the end, for what still has to go out */
#define IO_INTERRUPTS_MAX 3     /* signals to end after which there is no more waiting */

struct io_event {
    struct pvmi_list link;
    struct pvmi_control memory;
    struct core_event event;
};

/* ---- events ---- */

static bool io_reserve_events(struct io *io)
{
    for (int i = 0; i < IO_EVENTS_SPARE; i++) {
        struct io_event *node = pvmi_calloc(1, sizeof(*node));

        if (node == NULL)
            return false;
        pvmi_list_push(&io->spare_events, &node->link);
    }
    return true;
}

struct core_event *io_event(struct io *io, enum core_event_type type, uint64_t handle)
{
    struct pvmi_list *spare = pvmi_list_pop(&io->spare_events);
    struct io_event *node;

    if (spare != NULL)
        node = PVMI_CONTAINER(spare, struct io_event, link);
    else
        node = pvmi_malloc(sizeof(*node));
    if (node == NULL) {
        pvmi_log(PVMI_LOG_ERROR, "no memory for an event: this daemon cannot go on");
        abort();
    }
    memset(&node->memory, 0, sizeof(node->memory));
    pvmi_list_init(&node->link);
    node->event.type = type;
    node->event.handle = handle;
    return &node->event;
}

void io_event_keep(struct core_event *event, struct pvmi_control *control)
{
    struct io_event *node = PVMI_CONTAINER(event, struct io_event, event);

    node->memory = *control;
    memset(control, 0, sizeof(*control));
}

static void io_event_recycle(struct io *io, struct io_event *node)
{
    pvmi_control_free(&node->memory);
    pvmi_list_push_front(&io->spare_events, &node->link);
}

/* Frees what the core would have taken. */
static void io_event_discard(struct io *io, struct io_event *node)
{
    switch (node->event.type) {
    case CORE_EVENT_FRAME:
        pvmi_frame_free(node->event.frame.frame);
        break;
    case CORE_EVENT_STARTED:
        pvmi_free(node->event.started.path);
        break;
    case CORE_EVENT_OUTPUT:
        pvmi_blob_unref(node->event.output.bytes);
        break;
    case CORE_EVENT_TEAM_SEALED:
        pvmi_free(node->event.team_sealed.arrivals);
        break;
    default:
        break;
    }
    io_event_recycle(io, node);
}

/* ---- actions ---- */

static void io_on_ready(struct io *io)
{
    if (!io->own.first) {
        joiner_on_member(io);
        return;
    }
    printf("%s\n", folder_socket(io->folder));
    fflush(stdout);
    if (io->host_lines.n > 0) {
        struct core_event *event = io_event(io, CORE_EVENT_ADD, 0);

        event->add.lines = io->host_lines;
        io_post(io, event);
    }
}

static void io_on_gate(struct io *io, const struct core_action *action)
{
    peers_set_gate(io->peers, action->gate.key);
    if (!io->own.first)
        joiner_on_member(io);
}

static void io_on_revoke(struct io *io, const struct core_action *action)
{
    struct core_event *event = io_event(io, CORE_EVENT_REVOKED, action->handle);

    event->revoked.done = arena_keeper_revoke(io, action->revoke.tid, action->revoke.pid);
    io_post(io, event);
}

static void io_act(struct io *io, struct core_action *action)
{
    switch (action->type) {
    case CORE_ACTION_LINK_DIAL:
        dial_start(io, action->handle, action->dial.host, action->dial.incarnation, action->dial.channel);
        break;
    case CORE_ACTION_LINK_ADOPT:
        links_adopt(io, action->adopt.token, action->handle);
        break;
    case CORE_ACTION_LINK_REFUSE:
        links_refuse(io, action->adopt.token);
        break;
    case CORE_ACTION_LINK_SEND:
        links_send(io, action->handle, action->send.frame);
        action->send.frame = NULL;
        break;
    case CORE_ACTION_LINK_READ:
        links_read(io, action->handle, action->read.on);
        break;
    case CORE_ACTION_LINK_CLOSE:
        if (!links_close(io, action->handle, action->close.flush))
            dial_cancel(io, action->handle);
        break;
    case CORE_ACTION_TASK_START:
        tasks_start(io, action);
        break;
    case CORE_ACTION_TASK_SIGNAL:
        tasks_signal(io, action->handle, action->signal.pid, action->signal.signum);
        break;
    case CORE_ACTION_TASK_REVOKE:
        io_on_revoke(io, action);
        break;
    case CORE_ACTION_TASK_ADMIT:
        arena_keeper_admit(io, action->handle, action->admit.tid);
        break;
    case CORE_ACTION_TASK_GONE:
        arena_keeper_gone(io, action->gone.tid, action->gone.said);
        break;
    case CORE_ACTION_OUTPUT_GRANT:
        tasks_grant(io, action->handle, action->grant.bytes);
        break;
    case CORE_ACTION_LAUNCH:
        launch_start(io, action);
        break;
    case CORE_ACTION_LAUNCH_ANSWER:
        launch_answer(io, action);
        break;
    case CORE_ACTION_LAUNCH_END:
        launch_end(io, action->handle, action->launch_end.keep);
        break;
    case CORE_ACTION_PEER_SET:
        peers_set(io, action);
        break;
    case CORE_ACTION_PEER_DROP:
        peers_drop(io, action->peer.number, action->peer.incarnation);
        break;
    case CORE_ACTION_GATE:
        io_on_gate(io, action);
        break;
    case CORE_ACTION_TEAM_MAKE:
    case CORE_ACTION_TEAM_SEAL:
    case CORE_ACTION_TEAM_RELEASE:
        teams_act(io, action);
        break;
    case CORE_ACTION_READY:
        io_on_ready(io);
        break;
    case CORE_ACTION_LOG:
        pvmi_log((enum pvmi_log_level)action->log.level, "%s", action->log.text);
        break;
    case CORE_ACTION_DEBUG:
        pvmi_log_set_level(action->debug.mask != 0 ? PVMI_LOG_DEBUG : PVMI_LOG_INFO);
        break;
    case CORE_ACTION_STOP:
        io_stop(io, action->stop.text);
        break;
    }
}

static void io_step(struct io *io, uint64_t now_ms, struct core_event *event)
{
    struct pvmi_list actions;

    pvmi_list_init(&actions);
    core_step(io->core, now_ms, event, &actions);
    while (!pvmi_list_empty(&actions)) {
        struct core_action *action = PVMI_CONTAINER(actions.next, struct core_action, link);

        io_act(io, action);
        core_action_free(action);
    }
}

/* ---- stepping ---- */

/* A TICK when the core's deadline has passed. */
static void io_tick(struct io *io, uint64_t now_ms)
{
    uint64_t deadline_ms = core_deadline(io->core);
    struct core_event tick = { .type = CORE_EVENT_TICK };

    if (!io->started || now_ms < deadline_ms)
        return;
    tick.tick.late_ms = now_ms - deadline_ms;
    io_step(io, now_ms, &tick);
}

static void io_set_deadline(struct io *io)
{
    uint64_t deadline_ms = io->stopping ? UINT64_MAX : core_deadline(io->core);
    uint64_t now_ms = pvmi_clock_ms();

    if (deadline_ms == io->deadline_ms)
        return;
    io->deadline_ms = deadline_ms;
    if (deadline_ms == UINT64_MAX)
        alarm_stop(io->deadline);
    else
        alarm_set(io->deadline, deadline_ms > now_ms ? deadline_ms - now_ms : 1);
}

static void io_drain(struct io *io)
{
    struct pvmi_list *first;

    io->stepping = true;
    while (!io->stopping && (first = pvmi_list_pop(&io->events)) != NULL) {
        struct io_event *node = PVMI_CONTAINER(first, struct io_event, link);
        uint64_t now_ms = pvmi_clock_ms();

        io_tick(io, now_ms);
        io_step(io, now_ms, &node->event);
        io->started = true;
        io_event_recycle(io, node);
    }
    io->stepping = false;
    io_set_deadline(io);
}

void io_post(struct io *io, struct core_event *event)
{
    struct io_event *node = PVMI_CONTAINER(event, struct io_event, event);

    if (io->stopping || io->core == NULL) {
        io_event_discard(io, node);
        return;
    }
    pvmi_list_push(&io->events, &node->link);
    if (!io->stepping)
        io_drain(io);
}

void io_post_down(struct io *io, uint64_t handle, enum core_down_reason reason, const char *text)
{
    struct core_event *event = io_event(io, CORE_EVENT_LINK_DOWN, handle);

    event->link_down.reason = reason;
    snprintf(event->link_down.text, sizeof(event->link_down.text), "%s", text);
    io_post(io, event);
}

static void io_on_deadline(void *owner)
{
    struct io *io = owner;

    io->deadline_ms = UINT64_MAX;
    io->stepping = true;
    io_tick(io, pvmi_clock_ms());
    io_drain(io);
}

/* ---- signals and the end ---- */

static void io_on_signal(uv_signal_t *handle, int signum)
{
    struct io *io = handle->data;
    static int interrupts;

    if (signum == SIGCHLD) {
        launches_on_child(io);
        tunnels_on_child(io);
        keeper_link_on_child(io);
        return;
    }
    if (++interrupts >= IO_INTERRUPTS_MAX)
        io_stop(io, "told to end again and again: not waiting any longer");
    pvmi_log(PVMI_LOG_INFO, "%s: halting", strsignal(signum));
    io_post(io, io_event(io, CORE_EVENT_HALT, 0));
}

static void io_on_stop_alarm(void *owner)
{
    struct io *io = owner;

    uv_stop(io->loop);
}

void io_stop(struct io *io, const char *text)
{
    if (io->stopping)
        return;
    io->stopping = true;
    if (text != NULL) {
        io->exit_status = 1;
        pvmi_log(PVMI_LOG_ERROR, "%s", text);
        if (isatty(STDERR_FILENO) || joiner_is_heard(io->joiner))
            fprintf(stderr, "pvmd: %s\n", text);
    }
    keeper_link_finish(io);    /* while the rest is done */
    alarm_set(io->stop_alarm, IO_STOP_MS);
    if (links_finish(io))
        alarm_set(io->stop_alarm, 0);
}

/* ---- the run ---- */

int io_open(struct io *io)
{
    pvmi_list_init(&io->events);
    pvmi_list_init(&io->spare_events);
    io->deadline_ms = UINT64_MAX;
    io->loop = uv_default_loop();
    if (io->loop == NULL)
        return PvmNoMem;
    io->deadline = alarm_new(io->loop, io_on_deadline, io);
    io->stop_alarm = alarm_new(io->loop, io_on_stop_alarm, io);
    return io->deadline != NULL && io->stop_alarm != NULL ? PvmOk : PvmNoMem;
}

static void io_signals_start(struct io *io)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGCHLD };

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(io->loop, &io->signals[i]);
        io->signals[i].data = io;
        uv_signal_start(&io->signals[i], io_on_signal, numbers[i]);
    }
}

/* The first step makes the first actions. */
static void io_start(struct io *io)
{
    struct core_event *event = io_event(io, CORE_EVENT_TICK, 0);

    event->tick.late_ms = 0;
    io_post(io, event);
}

/*
 * Tasks end with the keeper; the folder goes when there is no task left; and the links last, for
 * who sees them closed (`pvm halt`, the first host) may say that this daemon has left nothing. The keeper was told before:
 * what nobody waits for is done while it ends them.
 */
static void io_free_objects(struct io *io)
{
    listener_free(io->listener);
    entrance_free(io->entrance);
    dials_free(io->dials);
    launches_free(io->launches);
    tasks_free(io->tasks);
    core_free(io->core);
    io->core = NULL;
    folder_thin(io->folder);
    keeper_link_end(io->keeper);
    folder_remove(io->folder);
    keeper_link_free(io->keeper);
    links_free(io->links);
    teams_free(io->teams);
    arena_keeper_free(io->arena_keeper);
    tunnels_free(io->tunnels);
    joiner_free(io->joiner);
    peers_free(io->peers);
    alarm_free(io->deadline);
    alarm_free(io->stop_alarm);
}

void io_close(struct io *io)
{
    struct pvmi_list *node;

    if (io->loop == NULL)
        return;
    io->stopping = true;
    while ((node = pvmi_list_pop(&io->events)) != NULL)
        io_event_discard(io, PVMI_CONTAINER(node, struct io_event, link));
    io_free_objects(io);
    for (int i = 0; i < 3; i++)
        if (io->signals[i].data != NULL)
            uv_close((uv_handle_t *)&io->signals[i], NULL);
    while ((node = pvmi_list_pop(&io->spare_events)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct io_event, link));
    while (uv_loop_close(io->loop) == UV_EBUSY)
        uv_run(io->loop, UV_RUN_ONCE);
}

int io_run(struct io *io, const struct core_config *config)
{
    io_signals_start(io);
    if (!io_reserve_events(io) || core_new(config, &io->core) != PvmOk) {
        pvmi_log(PVMI_LOG_ERROR, "no memory to start");
        return 1;
    }
    io_start(io);
    uv_run(io->loop, UV_RUN_DEFAULT);
    return io->exit_status;
}
