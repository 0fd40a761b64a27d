/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts that a task starts, which has registered for that (pvm_reg_hoster()) on the first host. All hosts of a request
 * are given to it in one message, SM_STHOST; its answer, SM_STHOSTACK, has the first line that each command printed,
 * or the name of an error.
 *
 *   PREPARING --LAUNCH_COMMAND--> PREPARED --all of the request are--> ORDERED --answer--> STARTING, as others
 *   PREPARED --the hoster has gone--> STARTING, by our own launcher
 *   ORDERED --it has gone, its answer leaves this one out, or is not there in time--> failed
 *
 * A hoster is a program: it may answer nonsense, twice, or late. Only the first answer to a question counts, and of that
 * what it says of hosts that were in the question and still wait.
 */
#include "pvmd/core/hoster.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/join.h"
#include "pvmd/core/join_request.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "pvmproto.h"
#include "wire/items.h"
#include "wire/tid.h"

#define HOSTER_ANSWER_MS 300000     /* for a hoster to start what it was asked for, and to say so */
#define HOSTER_REGISTER_MS 10000    /* for one that starts with the daemon to register */
#define HOSTER_BATCH 1024           /* so many hosts in one question: the answer must not be too long */

static int32_t hoster_find(struct core *core)
{
    int32_t tid = plugin_find(core, PLUGIN_HOSTER);

    return tid != 0 && pvmi_tid_host(tid) == core_self(core) ? tid : 0;
}

/* ---- one that starts with the daemon ---- */

void hoster_expect(struct core *core)
{
    core->hoster_until = core->now_ms + HOSTER_REGISTER_MS;
    core_wake_at(core, core->hoster_until);
}

void hoster_started(struct core *core, int32_t tid)
{
    core->hoster_tid = tid;
    if (tid != 0 || core->stopped)
        return;
    core->hoster_until = 0;
    hoster_ask_all(core);
}

void hoster_check(struct core *core)
{
    bool ended = core->hoster_tid != 0 && task_find(core, core->hoster_tid) == NULL;

    if (core->hoster_until == 0 || core->stopped)
        return;
    if (!ended && hoster_find(core) == 0 && core->now_ms < core->hoster_until) {
        core_wake_at(core, core->hoster_until);
        return;
    }
    if (hoster_find(core) == 0)
        core_log(core, PVMI_LOG_WARN, "the hoster %s has %s: hosts are started without it", core->config.hoster,
                 ended ? "ended" : "not registered in time");
    core->hoster_until = 0;
    hoster_ask_all(core);
}

/* ---- who is to start a host ---- */

uint32_t hoster_begin(struct core *core, struct launch *launch, const struct hostspec *spec)
{
    if ((hoster_find(core) == 0 && core->hoster_until == 0) || (spec->via != NULL && strcmp(spec->via, "local") == 0))
        return 0;
    launch->state = LAUNCH_PREPARING;
    return HOSTER_ANSWER_MS + 2 * core->config.join_ms;
}

/* ---- the question ---- */

/* The next host of add that is to be given to a hoster; NULL for none. */
static struct launch *prepared_next(struct core *core, const struct add *add)
{
    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->add == add && launch->state == LAUNCH_PREPARED)
            return launch;
    }
    return NULL;
}

static bool add_prepares(const struct core *core, const struct add *add)
{
    PVMI_LIST_EACH(node, &core->launches) {
        const struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->add == add && launch->state == LAUNCH_PREPARING)
            return true;
    }
    return false;
}

/* Says what the hoster has got for it; NULL: that there is no hoster any more. */
static void launch_answer(struct core *core, struct launch *launch, const char *line)
{
    char *copy = core_strdup(core, line);
    struct core_action *action;
    struct pvmi_fault fault;

    if (line != NULL && copy == NULL) {
        pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory to add %s", launch->name);
        join_fail(core, launch, &fault);
        return;
    }
    launch->state = LAUNCH_STARTING;
    launch->deadline_ms = CORE_NEVER;
    action = action_add(core, CORE_ACTION_LAUNCH_ANSWER, launch->handle);
    if (action != NULL)
        action->launch_answer.line = copy;
    else
        pvmi_free(copy);
}

static void order_fail(struct core *core, int32_t order, const char *why)
{
    struct pvmi_fault fault;

    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->state != LAUNCH_ORDERED || launch->order != order)
            continue;
        pvmi_fault_set(&fault, PvmCantStart, core->self->rec.name, "cannot start pvmd on %s: %s", launch->name, why);
        join_fail(core, launch, &fault);
    }
}

static void order_done(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                       struct pvmi_items_reader *answer);

/* The hosts of add that are to be given to it, in the order of their lines. */
static void order_write(struct core *core, const struct add *add, int32_t order, struct pvmi_items_writer *items)
{
    int32_t count = 0;

    PVMI_LIST_EACH(node, &core->launches) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->add == add && launch->state == LAUNCH_PREPARED && count < HOSTER_BATCH) {
            launch->state = LAUNCH_ORDERED;
            launch->order = order;
            launch->deadline_ms = core->now_ms + HOSTER_ANSWER_MS;
            count++;
        }
    }
    core_wake_at(core, core->now_ms + HOSTER_ANSWER_MS);
    pvmi_items_put_int(items, count);
    PVMI_LIST_EACH(node, &core->launches) {
        const struct launch *launch = PVMI_CONTAINER(node, struct launch, link);

        if (launch->state != LAUNCH_ORDERED || launch->order != order)
            continue;
        pvmi_items_put_int(items, pvmi_tid_of_host(launch->number));
        for (int i = 0; i < 3; i++)
            pvmi_items_put_string(items, launch->words[i]);
        pvmi_items_put_string(items, "");    /* what a host with Windows would run */
        pvmi_items_put_string(items, launch->words[3]);
    }
}

static void order_ask(struct core *core, const struct add *add, int32_t hoster)
{
    struct plugin_ask ask = { .kind = PLUGIN_HOSTER, .plugin = hoster, .answer_tag = SM_STHOSTACK, .done = order_done,
                              .count = ++core->next_order };
    struct pvmi_items_writer items = { .data = NULL };
    struct pvmi_fault fault;

    order_write(core, add, ask.count, &items);
    if (!plugin_ask(core, &ask, SM_STHOST, &items, &fault))
        order_fail(core, ask.count, fault.text);
}

void hoster_ask_all(struct core *core)
{
    if (core->hoster_until != 0 && hoster_find(core) == 0)
        return;
    PVMI_LIST_EACH(node, &core->adds) {
        const struct add *add = PVMI_CONTAINER(node, struct add, link);
        struct launch *launch;

        if (add_prepares(core, add))
            continue;
        while ((launch = prepared_next(core, add)) != NULL) {
            int32_t hoster = hoster_find(core);

            if (hoster != 0)
                order_ask(core, add, hoster);
            else
                launch_answer(core, launch, NULL);
        }
    }
}

void hoster_on_command(struct core *core, struct core_event *event)
{
    const char *words[] = { event->launch_command.so, event->launch_command.address, event->launch_command.command,
                            event->launch_command.vmid };
    struct launch *launch = join_find_handle(core, event->handle);
    struct pvmi_fault fault;
    bool whole = true;

    if (launch == NULL || launch->state != LAUNCH_PREPARING)
        return;
    for (int i = 0; i < 4; i++) {
        launch->words[i] = core_strdup(core, words[i]);
        whole &= launch->words[i] != NULL;
    }
    launch->state = LAUNCH_PREPARED;
    if (!whole) {
        pvmi_fault_set(&fault, PvmNoMem, core->self->rec.name, "no memory to add %s", launch->name);
        join_fail(core, launch, &fault);
    }
    hoster_ask_all(core);
}

/* ---- the answer ---- */

static struct launch *ordered_find(struct core *core, int32_t order, int32_t tid)
{
    struct launch *launch = pvmi_tid_is_host(tid) ? join_find_number(core, pvmi_tid_host(tid)) : NULL;

    return launch != NULL && launch->state == LAUNCH_ORDERED && launch->order == order ? launch : NULL;
}

static void order_done(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                       struct pvmi_items_reader *answer)
{
    int32_t count;

    if (core->stopped)
        return;
    if (fault != NULL) {
        order_fail(core, ask->count, fault->text);
        return;
    }
    count = pvmi_items_int(answer);
    for (int32_t i = 0; i < count && !answer->failed; i++) {
        int32_t tid = pvmi_items_int(answer);
        const char *line = pvmi_items_string(answer);
        struct launch *launch = line != NULL ? ordered_find(core, ask->count, tid) : NULL;

        if (launch != NULL)
            launch_answer(core, launch, line);
        else if (line != NULL)
            core_log(core, PVMI_LOG_WARN, "the hoster t%x spoke of host %d, which does not wait for it: dropped",
                     (unsigned)ask->plugin, pvmi_tid_host(tid));
    }
    order_fail(core, ask->count,
               answer->failed ? "the hoster's answer cannot be understood" : "the hoster's answer leaves it out");
}

void hoster_late(struct core *core, struct launch *launch)
{
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmCantStart, core->self->rec.name, "cannot start pvmd on %s: the hoster gave no answer within %d s",
                   launch->name, HOSTER_ANSWER_MS / 1000);
    join_fail(core, launch, &fault);
}
