/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests to add hosts: what has become of each of their lines, and who hears of it.
 *
 * Who waits for new hosts hears of all hosts of a request at once: when it is decided, or a little after the
 * first one is in, whichever comes first.
 */
#include "pvmd/core/join_request.h"

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/join.h"
#include "pvmd/core/join_failed.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/state.h"
#include "pvmd/core/state_hosts.h"

#define ADDED_TELL_MS 1000    /* how long new hosts wait for the others of their request */

void add_free(struct add *add)
{
    pvmi_list_remove(&add->link);
    PVMI_LIST_EACH(node, &add->fresh)
        launch_free(PVMI_CONTAINER(node, struct launch, link));
    pvmi_free(add->values);
    pvmi_free(add->faults);
    pvmi_free(add);
}

struct add *add_new(struct core *core, const struct asker *asker, uint32_t count)
{
    struct add *add = core_alloc(core, sizeof(*add));

    if (add == NULL)
        return NULL;
    pvmi_list_init(&add->link);
    pvmi_list_init(&add->fresh);
    add->asker = *asker;
    add->tell_at = CORE_NEVER;
    add->count = (int)count;
    add->undecided = 1;
    add->values = core_alloc(core, (count + 1) * sizeof(*add->values));
    add->faults = core_alloc(core, (count + 1) * sizeof(*add->faults));
    if (add->values == NULL || add->faults == NULL) {
        add_free(add);
        return NULL;
    }
    pvmi_list_push(&core->adds, &add->link);
    return add;
}

static void add_answer(struct core *core, struct add *add)
{
    struct pvmi_rec_error *errors = core_alloc(core, ((size_t)add->count + 1) * sizeof(*errors));
    struct pvmi_msg_answer answer = {
        .value = add->added,
        .values = { .v = add->values, .n = (uint32_t)add->count },
        .errors = { .v = errors },
    };

    for (int i = 0; errors != NULL && i < add->count; i++) {
        if (add->values[i] < 0)
            errors[answer.errors.n++] = fault_record(&add->faults[i]);
    }
    asker_send(core, &add->asker, PVMI_MSG_answer, &answer);
    pvmi_free(errors);
}

/* The highest number first, as PVM 3 tells of them, whichever was in first. */
static void fresh_insert(struct add *add, struct launch *launch)
{
    pvmi_list_remove(&launch->link);
    PVMI_LIST_EACH(node, &add->fresh) {
        if (PVMI_CONTAINER(node, struct launch, link)->number < launch->number) {
            pvmi_list_insert(node, &launch->link);
            return;
        }
    }
    pvmi_list_push(&add->fresh, &launch->link);
}

void add_fresh(struct core *core, struct add *add, struct launch *launch)
{
    fresh_insert(add, launch);
    if (add->tell_at == CORE_NEVER) {
        add->tell_at = core->now_ms + ADDED_TELL_MS;
        core_wake_at(core, add->tell_at);
    }
}

/* Puts the numbers of the fresh hosts that are still there into numbers, which must have room. */
static void fresh_take(struct core *core, struct add *add, struct pvmi_ints *numbers)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&add->fresh)) != NULL) {
        struct launch *launch = PVMI_CONTAINER(node, struct launch, link);
        const struct host *host = host_find(&core->state, launch->number);

        if (host != NULL && host->rec.incarnation == launch->host->rec.incarnation)
            numbers->v[numbers->n++] = launch->number;
        launch_free(launch);
    }
}

/* Through the log, so that all daemons tell of the same hosts in one message, as PVM 3 does. */
static void add_tell(struct core *core, struct add *add)
{
    struct pvmi_msg_cmd_hosts_added cmd = { .numbers = { .n = 0 } };
    uint32_t count = 0;

    add->tell_at = CORE_NEVER;
    PVMI_LIST_EACH(node, &add->fresh)
        count++;
    if (count == 0)
        return;
    cmd.numbers.v = core_alloc(core, count * sizeof(*cmd.numbers.v));
    if (cmd.numbers.v == NULL) {
        core_out_of_memory(core);
        return;
    }
    fresh_take(core, add, &cmd.numbers);
    if (cmd.numbers.n > 0 && state_order(core, PVMI_MSG_cmd_hosts_added, &cmd) == PvmNoMem)
        core_out_of_memory(core);
    pvmi_free(cmd.numbers.v);
}

void add_decided(struct core *core, struct add *add)
{
    if (--add->undecided > 0)
        return;
    add_tell(core, add);
    pvmi_list_remove(&add->link);
    if (add->asker.kind != ASKER_NONE)
        add_answer(core, add);
    add_free(add);
}

void add_result(struct core *core, struct add *add, int index, const char *name, int32_t value,
                const struct pvmi_fault *fault)
{
    struct pvmi_msg_host_progress progress = { .index = index, .value = value, .name = name };

    if (value > 0) {
        add->added++;
        if (add->values[index] == 0)
            add->values[index] = value;
    } else {
        if (add->values[index] >= 0)
            add->faults[index] = *fault;
        if (add->values[index] >= 0)
            add->values[index] = value;
        core_log(core, PVMI_LOG_WARN, "cannot add %s: %s: %s", name, pvmi_error_text(value), fault->text);
    }
    if (add->asker.kind != ASKER_NONE)
        asker_send(core, &add->asker, PVMI_MSG_host_progress, &progress);
    else if (value <= 0)
        failed_host_note(core, name, fault);
    add_decided(core, add);
}

void add_failed(struct core *core, struct add *add, int index, const char *name, const struct pvmi_fault *fault)
{
    add->undecided++;
    add_result(core, add, index, name, fault->code, fault);
}

int join_pending(const struct core *core)
{
    int count = 0;

    PVMI_LIST_EACH(node, &core->adds) {
        const struct add *add = PVMI_CONTAINER(node, struct add, link);

        if (add->asker.kind == ASKER_NONE)
            count += add->undecided;
    }
    return count;
}

void add_timers(struct core *core)
{
    PVMI_LIST_EACH(node, &core->adds) {
        struct add *add = PVMI_CONTAINER(node, struct add, link);

        if (add->tell_at <= core->now_ms)
            add_tell(core, add);
        else if (add->tell_at != CORE_NEVER)
            core_wake_at(core, add->tell_at);
    }
}
