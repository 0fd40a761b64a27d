/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end. The orderer tells all daemons ("halting"); each ends its tasks with SIGTERM, after halt_ms those
 * it has started with SIGKILL, says "halted" when none is left, and stops; its links close when its files have
 * gone, too. The orderer waits for that and stops last. A daemon that was deleted or has lost the first host
 * does the same for itself.
 */
#include "pvmd/core/halt.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/join.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/request.h"
#include "pvmd/core/task.h"

#define HALT_STOP_MS 2000    /* what the orderer gives others beyond halt_ms */
#define SIGNAL_KILL 9
#define SIGNAL_TERM 15

static void signal_tasks(struct core *core, bool by_hand)
{
    uint32_t cursor = 0;
    struct task *task;

    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        if (task->handle != 0 ? task->running && !task->ended : by_hand && !task->left)
            action_signal(core, task, SIGNAL_TERM);
    }
}

void halt_begin(struct core *core, bool by_hand, const char *text)
{
    if (core->halting)
        return;
    core->halting = true;
    core->halt_text = core_strdup(core, text);
    core->halt_kill_ms = core->now_ms + core->config.halt_ms;
    core->halt_stop_ms = core->halt_kill_ms + HALT_STOP_MS;
    core_wake_at(core, core->halt_kill_ms);
    signal_tasks(core, by_hand);
    join_abandon_all(core);
    halt_check(core);
}

static bool others_halted(struct core *core)
{
    uint32_t cursor = 0;
    const struct peer *peer;

    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        if (peer->member && !peer->halted)
            return false;
    }
    return true;
}

void halt_check(struct core *core)
{
    struct pvmi_msg_halted halted = { .number = core_self(core) };
    bool late = core->now_ms >= core->halt_stop_ms;

    if (!core->halting || core->stopped || core->stop_wanted)
        return;
    if (core->process_count > 0 && !late)
        return;
    if (core->halt_told && !others_halted(core) && !late)
        return;
    core->stop_wanted = true;    /* at the end of the step, behind what is still to be sent */
    if (peer_orderer(core) != NULL)
        peer_send(core, peer_orderer(core), PVMI_CHANNEL_CONTROL, PVMI_MSG_halted, &halted);
}

static void halt_machine(struct core *core)
{
    struct pvmi_msg_halting halting = { .reason = 0 };
    uint32_t cursor = 0;
    struct peer *peer;

    if (core->halt_told)
        return;
    core->halt_told = true;
    while ((peer = pvmi_table_next(&core->peers, &cursor, NULL)) != NULL) {
        if (peer->member)
            peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_halting, &halting);
    }
    halt_begin(core, true, NULL);
}

void halt_request(struct core *core, const struct asker *asker)
{
    asker_answer(core, asker, NULL, 0);    /* before the task that asks gets its signal */
    halt_machine(core);
}

/* The answer says only that it has begun; "halting" is what counts. */
static void on_halt(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                    const void *msg)
{
    (void)request;
    (void)type;
    (void)msg;
    if (fault != NULL && !core->stopped)
        halt_begin(core, true, NULL);
}

/* Told twice, it does not wait for the first host. */
void halt_on_event(struct core *core)
{
    struct pvmi_msg_halt halt = { .id = 0 };
    struct request *request;

    if (core_is_orderer(core)) {
        halt_machine(core);
        return;
    }
    request =
        core->ready && !core->halt_asked ? request_open(core, core_orderer_number(core), on_halt) : NULL;
    if (request == NULL) {
        halt_begin(core, true, NULL);
        return;
    }
    core->halt_asked = true;
    request_post(core, request, PVMI_MSG_halt, &halt);
}

void halt_timers(struct core *core)
{
    uint32_t cursor = 0;
    struct task *task;

    if (!core->halting)
        return;
    if (core->now_ms >= core->halt_kill_ms) {
        core->halt_kill_ms = CORE_NEVER;
        while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
            if (task->handle != 0 && task->running && !task->ended)
                action_signal(core, task, SIGNAL_KILL);
        }
    }
    if (core->halt_kill_ms != CORE_NEVER)
        core_wake_at(core, core->halt_kill_ms);
    core_wake_at(core, core->halt_stop_ms);
    halt_check(core);
}

/* The first that has enrolled by hand; 0 for none. */
static int32_t by_hand(const struct core *core)
{
    const struct task *task;
    uint32_t cursor = 0;

    while ((task = pvmi_table_next(&core->tasks, &cursor, NULL)) != NULL) {
        if (task->handle == 0)
            return task->tid;
    }
    return 0;
}

void halt_of_job(struct core *core)
{
    if (core->config.job_ms == 0 || core->halting || core->stopped)
        return;
    if (core->job_tid == 0)
        core->job_tid = by_hand(core);
    if (core->job_tid == 0 && core->now_ms < core->job_until) {
        core_wake_at(core, core->job_until);
        return;
    }
    if (core->job_tid != 0 && task_find(core, core->job_tid) != NULL)
        return;
    core_log(core, PVMI_LOG_INFO, "%s: halting",
             core->job_tid != 0 ? "the program that this virtual machine is for has ended"
                                : "the program that this virtual machine is for has not come");
    halt_machine(core);
}
