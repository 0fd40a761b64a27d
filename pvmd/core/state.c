/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine's state: a log of commands, ordered by the first host, applied by all in the same order. What a
 * command makes of hosts, groups and the mailbox stands in state_hosts.c, state_groups.c and state_mailbox.c and
 * depends on nothing else; what follows from it on this host (links, notices, answers) is called from apply().
 *
 * The orderer tells the others first and then applies, so that an answer that depends on a command comes
 * behind it in the same session.
 */
#include "pvmd/core/state.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/halt.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/join.h"
#include "pvmd/core/lease.h"
#include "pvmd/core/mailbox.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/notify.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/state_groups.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/state_mailbox.h"

#define CORE_EPOCH 1    /* of the ordered log: one orderer for the machine's whole life */

void state_init(struct state *state)
{
    memset(state, 0, sizeof(*state));
    pvmi_list_init(&state->hosts);
    pvmi_list_init(&state->groups);
    mailbox_init(&state->mailbox);
}

void state_fini(struct state *state)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&state->hosts)) != NULL)
        host_free(PVMI_CONTAINER(node, struct host, link));
    while ((node = pvmi_list_pop(&state->groups)) != NULL)
        group_free(PVMI_CONTAINER(node, struct group, link));
    mailbox_fini(&state->mailbox);
}

/* ---- applying ---- */

static int apply_host_add(struct core *core, const struct pvmi_msg_cmd_host_add *cmd)
{
    if (host_find(&core->state, cmd->host.number) != NULL)
        return PvmOk;

    struct host *host = host_new(core, &cmd->host);
    if (host == NULL)
        return PvmNoMem;
    state_insert_host(&core->state, host);
    if (core->state.next_host <= host->rec.number)
        core->state.next_host = host->rec.number + 1;
    hosts_on_add(core, host);
    return PvmOk;
}

static void apply_host_drop(struct core *core, const struct pvmi_msg_cmd_host_drop *cmd)
{
    if (host_find(&core->state, cmd->number) != NULL)
        hosts_on_drop(core, cmd->number, cmd->reason, cmd->text != NULL ? cmd->text : "");
}

static int apply(struct core *core, int type, const void *msg)
{
    const struct pvmi_msg_cmd_group_join *join = msg;
    const struct pvmi_msg_cmd_group_leave *leave = msg;
    const struct pvmi_msg_cmd_group_freeze *freeze = msg;
    const struct pvmi_msg_cmd_task_gone *gone = msg;
    const struct pvmi_msg_cmd_mailbox_delete *delete = msg;

    switch (type) {
    case PVMI_MSG_cmd_host_add:
        return apply_host_add(core, msg);
    case PVMI_MSG_cmd_host_drop:
        apply_host_drop(core, msg);
        return PvmOk;
    case PVMI_MSG_cmd_group_join:
        return state_group_join(core, join->group != NULL ? join->group : "", join->tid);
    case PVMI_MSG_cmd_group_leave:
        state_group_leave(core, leave->group != NULL ? leave->group : "", leave->tid);
        return PvmOk;
    case PVMI_MSG_cmd_group_freeze:
        state_group_freeze(core, freeze->group != NULL ? freeze->group : "", freeze->size);
        return PvmOk;
    case PVMI_MSG_cmd_task_gone:
        state_task_gone(core, gone->tid);
        state_mailbox_gone(core, gone->tid);
        return PvmOk;
    case PVMI_MSG_cmd_mailbox_put:
        return state_mailbox_put(core, &((const struct pvmi_msg_cmd_mailbox_put *)msg)->entry);
    case PVMI_MSG_cmd_mailbox_delete:
        state_mailbox_delete(core, delete->name != NULL ? delete->name : "", delete->index);
        return PvmOk;
    case PVMI_MSG_cmd_hosts_added:
        return notify_hosts_added(core, &((const struct pvmi_msg_cmd_hosts_added *)msg)->numbers);
    default:
        return PvmBadMsg;
    }
}

static int encode_command(struct core *core, int type, const void *msg, struct pvmi_blob **ret_blob)
{
    int rc = pvmi_control_encode_blob(type, msg, ret_blob);

    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_control_encode_blob(type, msg, ret_blob);
    return rc;
}

static void send_append(struct core *core, const struct pvmi_blob *command, int except)
{
    struct pvmi_msg_append append = {
        .epoch = CORE_EPOCH,
        .index = core->state.index,
        .command = { .data = command->data, .length = (uint32_t)command->length },
    };
    uint32_t cursor = 0;
    struct peer *peer;

    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        if (peer->in_log && peer->number != except)
            peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_append, &append);
    }
}

int state_order(struct core *core, int type, const void *msg)
{
    const struct pvmi_msg_cmd_host_drop *drop = msg;
    struct pvmi_blob *command;

    int rc = encode_command(core, type, msg, &command);
    if (rc != PvmOk)
        return rc;
    core->state.index++;
    send_append(core, command, type == PVMI_MSG_cmd_host_drop ? drop->number : 0);
    pvmi_blob_unref(command);
    rc = apply(core, type, msg);
    if (rc != PvmOk)
        core_out_of_memory(core);    /* the others have it: this daemon must not go on without it */
    return rc;
}

void state_order_gone(struct core *core, int32_t tid)
{
    struct pvmi_msg_cmd_task_gone cmd = { .tid = tid };

    mailbox_task_gone(core, tid);
    lease_task_gone(core, tid);
    join_asker_gone(core, tid, 0);
    if (!group_any_of(&core->state, tid) && !mailbox_owns(&core->state, tid))
        return;
    if (state_order(core, PVMI_MSG_cmd_task_gone, &cmd) == PvmNoMem)
        core_out_of_memory(core);
}

static void state_broken(struct core *core, const char *why)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmSysErr, NULL, "the machine's state came in disorder from %s (%s)",
                   core->orderer->rec.name, why);
    core_log(core, PVMI_LOG_ERROR, "%s", fault.text);
    halt_begin(core, false, fault.text);
}

void state_on_append(struct core *core, const struct pvmi_msg_append *msg)
{
    struct pvmi_control control;

    if (core->state.index == 0 && core->state.host_count == 0)
        return;    /* before the welcome */
    if (msg->epoch != CORE_EPOCH || msg->index != core->state.index + 1) {
        state_broken(core, "a command is missing");
        return;
    }
    int rc = pvmi_control_decode(msg->command.data, msg->command.length, &control);
    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_control_decode(msg->command.data, msg->command.length, &control);
    if (rc == PvmNoMem) {
        core_out_of_memory(core);
        return;
    }
    if (rc != PvmOk || (pvmi_control_senders(control.type) & PVMI_FROM_LOG) == 0) {
        if (rc == PvmOk)
            pvmi_control_free(&control);
        state_broken(core, "a command that is none");
        return;
    }
    core->state.index = msg->index;
    rc = apply(core, control.type, control.msg);
    if (rc == PvmNoMem)
        core_out_of_memory(core);
    pvmi_control_free(&control);
}

/* ---- snapshot ---- */

static int welcome_groups(struct core *core, struct pvmi_msg_welcome *welcome)
{
    uint32_t count = 0;

    PVMI_LIST_EACH(node, &core->state.groups)
        count++;
    welcome->groups.v = core_alloc(core, (count + 1) * sizeof(*welcome->groups.v));
    if (welcome->groups.v == NULL)
        return PvmNoMem;
    PVMI_LIST_EACH(node, &core->state.groups) {
        const struct group *group = PVMI_CONTAINER(node, struct group, link);
        struct pvmi_rec_group *rec = &welcome->groups.v[welcome->groups.n++];

        rec->name = group->name;
        rec->frozen = group->frozen;
        rec->members.v = core_alloc(core, ((size_t)group->count + 1) * sizeof(*rec->members.v));
        if (rec->members.v == NULL)
            return PvmNoMem;
        PVMI_LIST_EACH(at, &group->members) {
            const struct group_member *member = PVMI_CONTAINER(at, struct group_member, link);

            rec->members.v[rec->members.n].tid = member->tid;
            rec->members.v[rec->members.n++].instance = member->instance;
        }
    }
    return PvmOk;
}

static int welcome_mailbox(struct core *core, struct pvmi_msg_welcome *welcome)
{
    const struct mailbox *mailbox = &core->state.mailbox;

    welcome->mailbox.v = core_alloc(core, ((size_t)mailbox->entry_count + 1) * sizeof(*welcome->mailbox.v));
    if (welcome->mailbox.v == NULL)
        return PvmNoMem;
    PVMI_LIST_EACH(node, &mailbox->classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        PVMI_LIST_EACH(at, &class->entries)
            welcome->mailbox.v[welcome->mailbox.n++] =
                mailbox_record(class, PVMI_CONTAINER(at, struct mailbox_entry, link));
    }
    return PvmOk;
}

static int welcome_hosts(struct core *core, struct pvmi_msg_welcome *welcome)
{
    welcome->hosts.v = core_alloc(core, ((size_t)core->state.host_count + 1) * sizeof(*welcome->hosts.v));
    if (welcome->hosts.v == NULL)
        return PvmNoMem;
    PVMI_LIST_EACH(node, &core->state.hosts)
        welcome->hosts.v[welcome->hosts.n++] = PVMI_CONTAINER(node, struct host, link)->rec;
    return PvmOk;
}

void state_send_welcome(struct core *core, struct peer *peer, int number)
{
    struct pvmi_msg_welcome welcome = {
        .epoch = CORE_EPOCH,
        .index = core->state.index,
        .number = number,
        .gate = { .data = core->config.gate, .length = sizeof(core->config.gate) },
        .next_host = core->state.next_host,
    };

    int rc = welcome_hosts(core, &welcome);
    if (rc == PvmOk)
        rc = welcome_groups(core, &welcome);
    if (rc == PvmOk)
        rc = welcome_mailbox(core, &welcome);
    if (rc == PvmOk) {
        peer->in_log = true;
        peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_welcome, &welcome);
    } else {
        core_out_of_memory(core);
    }
    for (uint32_t i = 0; i < welcome.groups.n; i++)
        pvmi_free(welcome.groups.v[i].members.v);
    pvmi_free(welcome.groups.v);
    pvmi_free(welcome.mailbox.v);
    pvmi_free(welcome.hosts.v);
}

/* Another member: this daemon must be able to reach it and to let it in. */
static int welcome_member(struct core *core, const struct pvmi_rec_host *rec)
{
    struct host *host = host_new(core, rec);
    struct peer *peer = peer_find(core, rec->number);

    if (host == NULL)
        return PvmNoMem;
    state_insert_host(&core->state, host);
    if (peer == NULL)
        peer = peer_new(core, rec->number, rec->incarnation, rec->name);
    if (peer == NULL)
        return PvmNoMem;
    peer->member = true;
    action_peer_set(core, rec, 0);
    return PvmOk;
}

void state_on_welcome(struct core *core, const struct pvmi_msg_welcome *msg)
{
    struct pvmi_msg_welcomed welcomed = { .number = core_self(core) };
    int rc = PvmOk;

    if (core->state.host_count > 0)
        return;
    if (msg->epoch != CORE_EPOCH || msg->number != core_self(core) || msg->gate.length != 32 ||
        msg->hosts.n == 0) {
        state_broken(core, "a welcome that is none");
        return;
    }

    struct core_action *gate = action_add(core, CORE_ACTION_GATE, 0);
    if (gate == NULL)
        return;
    memcpy(gate->gate.key, msg->gate.data, sizeof(gate->gate.key));
    core->state.index = msg->index;
    core->state.next_host = msg->next_host;
    for (uint32_t i = 0; rc == PvmOk && i < msg->hosts.n; i++)
        rc = welcome_member(core, &msg->hosts.v[i]);
    for (uint32_t i = 0; rc == PvmOk && i < msg->groups.n; i++)
        rc = state_group_restore(core, &msg->groups.v[i]);
    for (uint32_t i = 0; rc == PvmOk && i < msg->mailbox.n; i++)
        rc = state_mailbox_put(core, &msg->mailbox.v[i]);
    if (rc != PvmOk) {
        core_out_of_memory(core);
        return;
    }
    peer_send(core, peer_orderer(core), PVMI_CHANNEL_CONTROL, PVMI_MSG_welcomed, &welcomed);
}

/* ---- the hash that tests compare ---- */

uint64_t state_mix(uint64_t hash, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
    return state_mix(hash, &number, sizeof(number));
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return text == NULL ? mix_number(hash, 0) : state_mix(hash, text, strlen(text) + 1);
}

static uint64_t mix_host(uint64_t hash, const struct pvmi_rec_host *rec)
{
    hash = mix_number(hash, (uint64_t)rec->number);
    hash = mix_number(hash, rec->incarnation);
    hash = mix_text(hash, rec->name);
    hash = mix_number(hash, rec->port);
    hash = mix_text(hash, rec->arch);
    for (uint32_t i = 0; i < rec->addresses.n; i++)
        hash = mix_text(hash, rec->addresses.v[i]);
    return state_mix(hash, rec->key.data, rec->key.length);
}

uint64_t state_hash(const struct state *state)
{
    uint64_t hash = mix_number(0xcbf29ce484222325u, (uint64_t)state->next_host);

    PVMI_LIST_EACH(node, &state->hosts)
        hash = mix_host(hash, &PVMI_CONTAINER(node, struct host, link)->rec);
    PVMI_LIST_EACH(node, &state->groups) {
        const struct group *group = PVMI_CONTAINER(node, struct group, link);

        hash = mix_text(hash, group->name);
        hash = mix_number(hash, (uint64_t)group->frozen);
        PVMI_LIST_EACH(at, &group->members) {
            const struct group_member *member = PVMI_CONTAINER(at, struct group_member, link);

            hash = mix_number(hash, (uint64_t)member->tid);
            hash = mix_number(hash, (uint64_t)member->instance);
        }
    }
    return mailbox_hash(&state->mailbox, hash);
}
