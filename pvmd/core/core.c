/* SPDX-License-Identifier: BSD-3-Clause */
/* The doors of the core: making it, one event in, when the next tick is wanted, and what tests may see. */
#include "pvmd/core/core.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/enroll.h"
#include "pvmd/core/groups.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/hoster.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/join.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/link.h"
#include "pvmd/core/mailbox.h"
#include "pvmd/core/mailbox_transfer.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/output.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/plugin_start.h"
#include "pvmd/core/request.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmd/core/tasker.h"
#include "pvmd/core/team.h"

bool core_is_orderer(const struct core *core)
{
    return core->config.first;
}

int core_self(const struct core *core)
{
    return core->self->rec.number;
}

int core_orderer_number(const struct core *core)
{
    return core->orderer->rec.number;
}

uint64_t core_handle(struct core *core)
{
    return core->next_handle++;
}

uint64_t core_random(struct core *core)
{
    return core->config.random(core->config.random_user);
}

void core_wake_at(struct core *core, uint64_t at_ms)
{
    if (at_ms < core->wake_ms)
        core->wake_ms = at_ms;
}

static void core_init_lists(struct core *core)
{
    pvmi_table_init(&core->links);
    pvmi_table_init(&core->peers);
    pvmi_list_init(&core->dirty);
    pvmi_list_init(&core->doomed);
    pvmi_list_init(&core->dead);
    state_init(&core->state);
    pvmi_table_init(&core->requests);
    pvmi_table_init(&core->tasks);
    pvmi_table_init(&core->processes);
    pvmi_list_init(&core->jobs);
    pvmi_table_init(&core->subjects);
    pvmi_list_init(&core->add_watches);
    pvmi_table_init(&core->log_lines);
    pvmi_list_init(&core->waits);
    pvmi_list_init(&core->leases);
    pvmi_list_init(&core->teams);
    pvmi_list_init(&core->mailbox_waits);
    pvmi_list_init(&core->mailbox_bodies);
    pvmi_list_init(&core->mailbox_transfers);
    pvmi_list_init(&core->plugin_asks);
    pvmi_list_init(&core->plugin_parts);
    pvmi_table_init(&core->contexts);
    pvmi_list_init(&core->launches);
    pvmi_list_init(&core->adds);
    pvmi_list_init(&core->known);
    pvmi_list_init(&core->failed_hosts);
    pvmi_list_init(&core->deletes);
}

/* False when there is no memory. */
static bool core_copy_config(struct core *core, const struct core_config *config)
{
    core->config = *config;
    core->debug_mask = config->debug_mask;
    core->config.ep = core_strdup(core, config->ep);
    core->config.wd = core_strdup(core, config->wd);
    core->config.bx = core_strdup(core, config->bx);
    core->config.manager = core_strdup(core, config->manager);
    core->config.tasker = core_strdup(core, config->tasker);
    core->config.hoster = core_strdup(core, config->hoster);
    core->config.tracer = core_strdup(core, config->tracer);
    core->self = host_new(core, &config->self);
    core->orderer = host_new(core, config->first ? &config->self : &config->orderer);
    core->stop_action = pvmi_calloc(1, sizeof(*core->stop_action));
    if (core->stop_action != NULL) {
        core->stop_action->type = CORE_ACTION_STOP;
        core->stop_action->stop.text = core_strdup(core, "out of memory");
        pvmi_list_init(&core->stop_action->link);
    }
    return (core->config.ep != NULL) == (config->ep != NULL) &&
           (core->config.wd != NULL) == (config->wd != NULL) &&
           (core->config.bx != NULL) == (config->bx != NULL) &&
           (core->config.manager != NULL) == (config->manager != NULL) &&
           (core->config.tasker != NULL) == (config->tasker != NULL) &&
           (core->config.hoster != NULL) == (config->hoster != NULL) &&
           (core->config.tracer != NULL) == (config->tracer != NULL) && core->self != NULL && core->orderer != NULL &&
           core->stop_action != NULL && core->stop_action->stop.text != NULL;
}

int core_new(const struct core_config *config, struct core **ret_core)
{
    struct core *core = pvmi_calloc(1, sizeof(*core));

    if (core == NULL)
        return PvmNoMem;
    core_init_lists(core);
    core->next_handle = 1;
    core->next_request = 1;
    core->next_local = 1;
    core->next_context = 1;
    if (!core_copy_config(core, config)) {
        core_free(core);
        return PvmNoMem;
    }
    core->next_number = core->self->rec.number + 1;
    core->next_placed = core->self->rec.number + 1;
    core->join_deadline_ms = CORE_NEVER;
    core->halt_kill_ms = CORE_NEVER;
    core->halt_stop_ms = CORE_NEVER;
    *ret_core = core;
    return PvmOk;
}

static void core_free_links(struct core *core)
{
    uint32_t cursor = 0;
    struct link *link;

    while ((link = pvmi_table_next(&core->links, &cursor, NULL)) != NULL)
        link_free(core, link);
    pvmi_table_fini(&core->links);
}

void core_free(struct core *core)
{
    struct pvmi_list nowhere;
    uint32_t cursor = 0;
    struct peer *peer;

    if (core == NULL)
        return;
    core->stopped = true;    /* so that nothing makes an action */
    pvmi_list_init(&nowhere);
    core->actions = &nowhere;
    plugin_free_all(core);
    groups_free_all(core);
    lease_free_all(core);
    team_free_all(core);
    mailbox_free_all(core);
    hosts_deletes_free(core);
    start_free_all(core);
    request_free_all(core);
    join_free_all(core);
    task_free_all(core);
    notify_free_all(core);
    output_free_all(core);
    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL)
        peer_free(core, peer);
    pvmi_table_fini(&core->peers);
    pvmi_table_fini(&core->contexts);
    core_free_links(core);
    state_fini(&core->state);
    host_free(core->self);
    host_free(core->orderer);
    core_action_free(core->stop_action);
    pvmi_free((char *)core->config.ep);
    pvmi_free((char *)core->config.wd);
    pvmi_free((char *)core->config.bx);
    pvmi_free((char *)core->config.manager);
    pvmi_free((char *)core->config.tasker);
    pvmi_free((char *)core->config.hoster);
    pvmi_free((char *)core->config.tracer);
    pvmi_free(core->halt_text);
    pvmi_free(core->reserve);
    pvmi_free(core);
}

/* The first host is its own machine of one; another one must be let in first. */
static void core_begin(struct core *core)
{
    core->begun = true;
    if (!core_is_orderer(core)) {
        join_begin(core);
        return;
    }

    core->job_until = core->now_ms + core->config.job_ms;
    struct host *host = host_new(core, &core->self->rec);
    struct core_action *gate = action_add(core, CORE_ACTION_GATE, 0);
    if (host == NULL || gate == NULL) {
        host_free(host);
        core_out_of_memory(core);
        return;
    }
    memcpy(gate->gate.key, core->config.gate, sizeof(gate->gate.key));
    state_insert_host(&core->state, host);
    core->state.next_host = host->rec.number + 1;
    core->ready = true;
    plugin_start_all(core);
    action_add(core, CORE_ACTION_READY, 0);
}

/* Everything that time brings. Whoever waits for a time says so again by core_wake_at(). */
static void core_tick(struct core *core, uint64_t late_ms)
{
    uint32_t cursor = 0;
    struct peer *peer;

    core->wake_ms = CORE_NEVER;
    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL)
        peer_timers(core, peer, late_ms);
    if (core_is_orderer(core))
        hosts_timers(core);
    join_timers(core, late_ms);
    task_timers(core, late_ms);
    halt_timers(core);
}

/* What an event brought and nobody took. */
static void core_event_free(struct core_event *event)
{
    if (event->type == CORE_EVENT_FRAME) {
        pvmi_frame_free(event->frame.frame);
        event->frame.frame = NULL;
    } else if (event->type == CORE_EVENT_OUTPUT) {
        pvmi_blob_unref(event->output.bytes);
        event->output.bytes = NULL;
    } else if (event->type == CORE_EVENT_STARTED) {
        pvmi_free(event->started.path);
        event->started.path = NULL;
    } else if (event->type == CORE_EVENT_TEAM_SEALED) {
        pvmi_free(event->team_sealed.arrivals);
        event->team_sealed.arrivals = NULL;
    }
}

static void core_dispatch(struct core *core, struct core_event *event)
{
    switch (event->type) {
    case CORE_EVENT_TICK:
        core_tick(core, event->tick.late_ms);
        break;
    case CORE_EVENT_LINK_IN:
    case CORE_EVENT_LINK_UP:
    case CORE_EVENT_LINK_DOWN:
    case CORE_EVENT_LINK_WRITABLE:
    case CORE_EVENT_LINK_CONGESTED:
    case CORE_EVENT_FRAME:
        link_on_event(core, event);
        break;
    case CORE_EVENT_STARTED:
        task_on_started(core, event);
        break;
    case CORE_EVENT_START_FAILED:
        task_on_start_failed(core, event);
        break;
    case CORE_EVENT_REVOKED:
        enroll_on_revoked(core, event);
        break;
    case CORE_EVENT_ENDED:
        task_on_ended(core, event);
        break;
    case CORE_EVENT_OUTPUT:
        output_on_event(core, event);
        break;
    case CORE_EVENT_LAUNCH_COMMAND:
        hoster_on_command(core, event);
        break;
    case CORE_EVENT_LAUNCHED:
        join_on_launched(core, event);
        break;
    case CORE_EVENT_TEAM_MADE:
        team_on_made(core, event);
        break;
    case CORE_EVENT_TEAM_SEALED:
        team_on_sealed(core, event);
        break;
    case CORE_EVENT_ADD:
        join_add(core, &(struct asker){ .kind = ASKER_NONE }, 0, &event->add.lines, true);
        break;
    case CORE_EVENT_HALT:
        halt_on_event(core);
        break;
    }
}

void core_step(struct core *core, uint64_t now_ms, struct core_event *event, struct pvmi_list *actions)
{
    assert(now_ms >= core->now_ms);

    if (!core->stopped) {
        core->now_ms = now_ms;
        core->actions = actions;
        core_fill_reserve(core);
        if (!core->begun) {
            if (event->type == CORE_EVENT_TICK)
                event->tick.late_ms = 0;    /* nobody was late for a tick that nobody had asked for */
            core_begin(core);
        }
        if (!core->stopped)
            core_dispatch(core, event);
        plugin_check(core);
        hoster_check(core);
        tasker_check(core);
        link_close_doomed(core);
        halt_of_job(core);
        task_free_dead(core);
        mailbox_transfer_pump(core);
        peer_pump_all(core);
        if (core->stop_wanted)
            action_stop(core, core->halt_text);
        core->actions = NULL;
    }
    core_event_free(event);
}

uint64_t core_deadline(const struct core *core)
{
    if (core->stopped)
        return CORE_NEVER;
    return core->wake_ms;    /* 0 at first: the first step is a tick */
}

int core_hosts(const struct core *core, int *numbers, uint64_t *incarnations, int max)
{
    int count = 0;

    PVMI_LIST_EACH(node, &core->state.hosts) {
        const struct host *host = PVMI_CONTAINER(node, struct host, link);

        if (count < max) {
            numbers[count] = host->rec.number;
            incarnations[count] = host->rec.incarnation;
        }
        count++;
    }
    return count;
}

uint64_t core_state_index(const struct core *core)
{
    return core->state.index;
}

uint64_t core_state_hash(const struct core *core)
{
    return state_hash(&core->state);
}

void core_count(const struct core *core, struct core_counts *ret_counts)
{
    uint32_t cursor = 0;
    const struct peer *peer;

    *ret_counts = (struct core_counts){
        .hosts = core->state.host_count,
        .tasks = core->task_count,
        .requests = (int)core->requests.count,
        .watches = (int)core->watch_count,
    };
    PVMI_LIST_EACH(node, &core->launches)
        ret_counts->joins++;
    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        for (int i = 0; peer->member && i < PVMI_CHANNEL_COUNT; i++) {
            PVMI_LIST_EACH(node, &peer->channels[i].session.kept)
                ret_counts->session_frames++;
        }
    }
}
