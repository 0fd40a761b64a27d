/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_tickle(): what is written to the log for who looks for a fault, and failing a host on purpose. */
#include "pvmd/core/tickle.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/hosts.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/request.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/tid.h"

static void log_hosts(struct core *core)
{
    PVMI_LIST_EACH(node, &core->state.hosts) {
        const struct pvmi_rec_host *rec = &PVMI_CONTAINER(node, struct host, link)->rec;
        const struct peer *peer = peer_find(core, rec->number);

        core_log(core, PVMI_LOG_INFO, "tickle: host %d %s, %s, port %u, heard of %llu ms ago", rec->number, rec->name,
                 rec->arch, rec->port, peer == NULL ? 0ull : (unsigned long long)(core->now_ms - peer->heard_ms));
    }
}

static void log_tasks(struct core *core)
{
    uint32_t cursor = 0;
    const struct task *task;

    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL)
        core_log(core, PVMI_LOG_INFO, "tickle: t%x of t%x, pid %d, %s%s%s%s", (unsigned)task->tid,
                 (unsigned)task->spawner, (int)task->pid, task->file != NULL ? task->file : "-",
                 task->claimed ? ", enrolled" : "", task->left ? ", has left" : "", task->ended ? ", ended" : "");
}

static void log_waits(struct core *core)
{
    uint32_t cursor = 0;
    const struct request *request;

    while ((request = pvmi_table_next(&core->requests, &cursor, NULL)) != NULL)
        core_log(core, PVMI_LOG_INFO, "tickle: request %u waits for %s", (unsigned)request->id,
                 host_name(core, request->host));
    core_log(core, PVMI_LOG_INFO, "tickle: %zu watches", core->watch_count);
}

static void log_mailbox(struct core *core)
{
    PVMI_LIST_EACH(node, &core->state.mailbox.classes) {
        const struct mailbox_class *class = PVMI_CONTAINER(node, struct mailbox_class, link);

        PVMI_LIST_EACH(at, &class->entries) {
            const struct mailbox_entry *entry = PVMI_CONTAINER(at, struct mailbox_entry, link);

            core_log(core, PVMI_LOG_INFO, "tickle: mailbox \"%s\" index %d of t%x, flags 0x%x", class->name,
                     (int)entry->index, (unsigned)entry->owner, (unsigned)entry->flags);
        }
    }
}

static void log_statistics(struct core *core)
{
    struct core_counts counts;

    core_count(core, &counts);
    core_log(core, PVMI_LOG_INFO, "tickle: %d hosts, %d tasks, %d requests, %d watches, %zu frames kept for links",
             counts.hosts, counts.tasks, counts.requests, counts.watches, counts.session_frames);
}

static void set_debug_mask(struct core *core, int32_t mask)
{
    struct core_action *action = action_add(core, CORE_ACTION_DEBUG, 0);

    core->debug_mask = mask;
    if (action != NULL)
        action->debug.mask = mask;
}

/* Returns 1, or 0 when there is no such host, or it is the first. */
static int32_t fail_host(struct core *core, int32_t tid)
{
    int number = pvmi_tid_host(tid);

    if (number == core_self(core) || host_find(&core->state, number) == NULL)
        return 0;
    hosts_order_drop(core, number, 1, "pvm_tickle() was told to fail it");
    return 1;
}

bool tickle_is_for_orderer(const struct core *core, const struct pvmi_msg_tickle *msg)
{
    return msg->args.n > 0 && msg->args.v[0] == PVMI_TICKLE_FAIL && !core_is_orderer(core);
}

void tickle_serve(struct core *core, const struct asker *asker, const struct pvmi_msg_tickle *msg)
{
    struct pvmi_msg_answer answer = { .value = PvmOk };
    int32_t argument = msg->args.n > 1 ? msg->args.v[1] : 0;
    int32_t result = 0;

    switch (msg->args.n > 0 ? msg->args.v[0] : -1) {
    case PVMI_TICKLE_HOSTS:
        log_hosts(core);
        break;
    case PVMI_TICKLE_TASKS:
        log_tasks(core);
        break;
    case PVMI_TICKLE_WAITS:
        log_waits(core);
        break;
    case PVMI_TICKLE_MAILBOX:
        log_mailbox(core);
        break;
    case PVMI_TICKLE_GET_DEBUG:
        answer.values = (struct pvmi_ints){ .v = &result, .n = 1 };
        result = core->debug_mask;
        break;
    case PVMI_TICKLE_SET_DEBUG:
        if (msg->args.n > 1)
            set_debug_mask(core, argument);
        break;
    case PVMI_TICKLE_FAIL:
        answer.values = (struct pvmi_ints){ .v = &result, .n = 1 };
        result = fail_host(core, argument);
        break;
    case PVMI_TICKLE_HEAP:
    case PVMI_TICKLE_STATISTICS:
        log_statistics(core);
        break;
    default:    /* PVM 3 says PvmOk, too */
        break;
    }
    asker_send(core, asker, PVMI_MSG_answer, &answer);
}
