/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What follows from the host table: a new host is reachable (join.c has its watchers told); a dropped one is
 * fenced off first (links, sessions, queues), and only then is anybody told, so that nothing of it comes
 * later. And pvm_delhosts, at the orderer.
 */
#include "pvmd/core/hosts.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/join.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/mailbox.h"
#include "pvmd/core/manager.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/output.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/peer_alive.h"
#include "pvmd/core/plugin_start.h"
#include "pvmd/core/request.h"
#include "pvmd/core/start.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_groups.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/state_mailbox.h"
#include "wire/tid.h"

#define DELETE_DROP_MS 1000    /* what a host that is deleted gets beyond halt_ms */

/* ---- a host more ---- */

static void self_added(struct core *core)
{
    if (core->ready)
        return;
    core->ready = true;
    core->join_deadline_ms = CORE_NEVER;
    if (peer_orderer(core) != NULL)
        peer_wake_at(core, peer_orderer(core), core->now_ms);
    plugin_start_all(core);
    action_add(core, CORE_ACTION_READY, 0);
}

void hosts_on_add(struct core *core, struct host *host)
{
    int number = host->rec.number;
    struct peer *peer = peer_find(core, number);

    if (number == core_self(core)) {
        self_added(core);
        return;
    }
    if (peer == NULL)
        peer = peer_new(core, number, host->rec.incarnation, host->rec.name);
    if (peer == NULL) {
        core_out_of_memory(core);
        return;
    }
    peer->member = true;
    peer->heard_ms = core->now_ms;
    peer_wake_at(core, peer, core->now_ms);
    action_peer_set(core, &host->rec, 0);
    core_log(core, PVMI_LOG_INFO, "host %s (%d) is in the virtual machine", host->rec.name, number);
    join_on_member(core, number);
}

/* ---- pvm_delhosts ---- */

struct host_delete {
    struct pvmi_list link;    /* in core.deletes */
    struct asker asker;
    uint32_t count;
    uint32_t pending;         /* hosts, and 1 while they are being told */
    int32_t *values;
    struct pvmi_fault *faults; /* of those that fail */
    int *numbers;             /* of the hosts that are still to go, else 0 */
};

static void delete_free(struct host_delete *delete)
{
    pvmi_list_remove(&delete->link);
    pvmi_free(delete->values);
    pvmi_free(delete->faults);
    pvmi_free(delete->numbers);
    pvmi_free(delete);
}

static struct host_delete *delete_new(struct core *core, uint32_t count)
{
    struct host_delete *delete = core_alloc(core, sizeof(*delete));

    if (delete == NULL)
        return NULL;
    pvmi_list_init(&delete->link);
    delete->count = count;
    delete->pending = 1;
    delete->values = core_alloc(core, count * sizeof(*delete->values));
    delete->faults = core_alloc(core, count * sizeof(*delete->faults));
    delete->numbers = core_alloc(core, count * sizeof(*delete->numbers));
    if (delete->values == NULL || delete->faults == NULL || delete->numbers == NULL) {
        delete_free(delete);
        return NULL;
    }
    pvmi_list_push(&core->deletes, &delete->link);
    return delete;
}

static void delete_answer(struct core *core, struct host_delete *delete)
{
    struct pvmi_rec_error *errors = core_alloc(core, delete->count * sizeof(*errors));
    struct pvmi_msg_answer answer = { .values = { .v = delete->values, .n = delete->count },
                                      .errors = { .v = errors } };

    for (uint32_t i = 0; i < delete->count; i++) {
        answer.value += delete->values[i] == PvmOk;
        if (delete->values[i] != PvmOk && errors != NULL)
            errors[answer.errors.n++] = fault_record(&delete->faults[i]);
    }
    asker_send(core, &delete->asker, PVMI_MSG_answer, &answer);
    pvmi_free(errors);
}

static void delete_done_one(struct core *core, struct host_delete *delete)
{
    if (--delete->pending > 0)
        return;
    pvmi_list_remove(&delete->link);
    delete_answer(core, delete);
    delete_free(delete);
}

/* Whether the host of this name can go: then its number is noted, else fault says why not. */
static int32_t delete_check(struct core *core, struct host_delete *delete, uint32_t index, const char *name)
{
    const struct host *host = name != NULL ? host_by_name(&core->state, name) : NULL;
    struct pvmi_fault *fault = &delete->faults[index];

    if (name == NULL || name[0] == '\0')
        pvmi_fault_set(fault, PvmNoHost, NULL, "host %u of the list has no name", index + 1);
    else if (host == NULL)
        pvmi_fault_set(fault, PvmNoHost, NULL, "%s is not in the virtual machine: use a name that conf shows", name);
    else if (host->rec.number == core_self(core))
        pvmi_fault_set(fault, PvmBadParam, NULL,
                       "%s is the first host: the others live by it, and it goes with them, by halt", name);
    for (uint32_t i = 0; host != NULL && i < index; i++) {
        if (delete->numbers[i] == host->rec.number)
            pvmi_fault_set(fault, PvmDupHost, NULL, "%s is named twice", name);
    }
    if (fault->code == PvmOk)
        delete->numbers[index] = host->rec.number;
    return fault->code;
}

static void delete_tell(struct core *core, int number)
{
    struct pvmi_msg_halting halting = { .reason = 1 };
    struct peer *peer = peer_find(core, number);

    if (peer->deleting)
        return;
    peer->deleting = true;
    peer->delete_at = core->now_ms + core->config.halt_ms + DELETE_DROP_MS;
    core_wake_at(core, peer->delete_at);
    peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_halting, &halting);
}

void hosts_delete(struct core *core, const struct asker *asker, const struct pvmi_msg_host_delete *msg)
{
    struct host_delete *delete;

    if (msg->names.n < 1 || msg->names.n > PVMI_HOST_MAX) {
        asker_fail(core, asker, PvmBadParam, "%u hosts cannot be deleted in one request", msg->names.n);
        return;
    }
    delete = delete_new(core, msg->names.n);
    if (delete == NULL) {
        asker_fail(core, asker, PvmNoMem, "no memory to delete hosts");
        return;
    }
    delete->asker = *asker;
    for (uint32_t i = 0; i < msg->names.n; i++) {
        delete->values[i] = delete_check(core, delete, i, msg->names.v[i]);
        if (delete->values[i] == PvmOk)
            delete->pending++;
    }
    for (uint32_t i = 0; i < delete->count; i++) {
        if (delete->numbers[i] != 0)
            delete_tell(core, delete->numbers[i]);
    }
    delete_done_one(core, delete);
}

/* Its time is over: it is dropped as it is. */
static void delete_ready(struct core *core, struct peer *peer)
{
    if (core_is_orderer(core) && peer->deleting)
        hosts_order_drop(core, peer->number, 0, "it was asked for");
}

/* It has gone. */
static void delete_decided(struct core *core, int number)
{
    PVMI_LIST_EACH(node, &core->deletes) {
        struct host_delete *delete = PVMI_CONTAINER(node, struct host_delete, link);

        for (uint32_t i = 0; i < delete->count; i++) {
            if (delete->numbers[i] != number)
                continue;
            delete->numbers[i] = 0;
            delete_done_one(core, delete);
            break;    /* a number stands there once */
        }
    }
}

/* ---- a host less ---- */

void hosts_on_drop(struct core *core, int number, int reason, const char *text)
{
    struct host *host = state_remove_host(&core->state, number);
    struct peer *peer = peer_find(core, number);
    struct pvmi_fault fault;

    if (number == core_self(core)) {
        pvmi_fault_set(&fault, PvmHostFail, NULL, "this host was dropped from the virtual machine: %s", text);
        host_free(host);
        halt_begin(core, false, fault.text);
        return;
    }
    pvmi_fault_set(&fault, PvmHostFail, NULL, "host %s %s: %s", host->rec.name,
                   reason == 0 ? "was deleted" : "is lost", text);
    core_log(core, reason == 0 ? PVMI_LOG_INFO : PVMI_LOG_WARN, "%s", fault.text);
    if (peer != NULL)
        peer_free(core, peer);
    state_groups_without_host(core, number);
    lease_host_gone(core, number);
    state_mailbox_without_host(core, number);
    mailbox_host_gone(core, number);
    join_asker_gone(core, 0, number);
    request_fail_host(core, number, fault.text);
    start_host_dropped(core, number);
    output_flush_host(core, number);
    notify_host_dropped(core, number);
    manager_host_dropped(core, number);
    action_peer_drop(core, number, host->rec.incarnation);
    host_free(host);
    delete_decided(core, number);
    halt_check(core);
}

void hosts_order_drop(struct core *core, int number, int reason, const char *text)
{
    struct pvmi_msg_cmd_host_drop cmd = { .number = number, .reason = reason, .text = text };

    if (host_find(&core->state, number) == NULL)
        return;
    if (state_order(core, PVMI_MSG_cmd_host_drop, &cmd) == PvmNoMem)
        core_out_of_memory(core);
}

void hosts_timers(struct core *core)
{
    uint32_t cursor = 0;
    struct peer *peer;

    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        if (peer->delete_at <= core->now_ms)
            delete_ready(core, peer);
        else if (peer->delete_at != CORE_NEVER)
            core_wake_at(core, peer->delete_at);
    }
}

void hosts_deletes_free(struct core *core)
{
    PVMI_LIST_EACH(node, &core->deletes)
        delete_free(PVMI_CONTAINER(node, struct host_delete, link));
}
