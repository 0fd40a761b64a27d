/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations on groups. Each script has names of its own: many run in one machine. What all do together needs to
 * know who is a member; the script knows, for joining and leaving are drawn for all tasks at once.
 */
#include "script.h"

#define GROUPS 2

static int member[GROUPS][TASKS_MAX];    /* 1 + instance, 0 for none */
static int frozen[GROUPS];               /* with so many members; nobody can join it until all have left */

static char *group_name(int group)
{
    static char name[GROUPS][40];

    snprintf(name[group], sizeof(name[group]), "g%d.%llu.%d", group, (unsigned long long)script.seed,
             script.tids[0] & 0x3ffff);
    return name[group];
}

static int members(int group)
{
    int n = 0;

    for (int i = 0; i < script.ntask; i++)
        n += member[group][i] != 0;
    return n;
}

static int lowest_hole(int group)
{
    for (int instance = 1;; instance++) {
        int taken = 0;

        for (int i = 0; i < script.ntask; i++)
            taken |= member[group][i] == instance;
        if (!taken)
            return instance;
    }
}

/* All tasks take part, so that all know; only one acts. */
static void op_join(int index)
{
    int group = below(GROUPS), task = below(script.ntask), instance = lowest_hole(group);

    (void)index;
    if (script.me == task)
        say(" %d = %s", group, quiet(pvm_joingroup(group_name(group))));
    if (member[group][task] == 0 && frozen[group] == 0)
        member[group][task] = instance;
}

static void op_leave(int index)
{
    int group = below(GROUPS), task = below(script.ntask);

    (void)index;
    if (script.me == task)
        say(" %d = %s", group, quiet(pvm_lvgroup(group_name(group))));
    member[group][task] = 0;
    if (members(group) == 0)
        frozen[group] = 0;
}

/* A frozen group that members have left: who is left would wait for them. */
static int broken(int group)
{
    return frozen[group] != 0 && members(group) != frozen[group];
}

static void op_freeze(int index)
{
    int group = below(GROUPS), all = members(group), size = chance(50) ? all : -1;

    (void)index;
    if (all == 0 || broken(group)) {
        say(" nobody, or broken");
        return;
    }
    if (member[group][script.me] != 0 || frozen[group] != 0)
        say("(%d, %d of %d) = %s", group, size, all, quiet(pvm_freezegroup(group_name(group), size)));
    frozen[group] = all;
}

static char *some_group(void)
{
    return chance(90) ? group_name(below(GROUPS)) : chance(50) ? "nosuchgroup" : chance(50) ? "" : NULL;
}

static void op_ask(int index)
{
    char *group = some_group();
    int tid = some_tid(), instance = below(6);

    (void)index;
    say(" %s size %s", group == NULL ? "NULL" : group[0] == 'g' ? text_format("%c", group[1]) : group,
        quiet(pvm_gsize(group)));
    if (tid == -1)
        masked("pvm_getinst(group, -1)");
    else
        say(", instance of %s: %s", who(tid), quiet(pvm_getinst(group, tid)));
    tid = pvm_gettid(group, instance);
    say(", tid of %d: %s", instance, tid > 0 ? who(tid) : quiet(tid));
}

/* Also by one who is no member. */
static void op_bcast(int index)
{
    int group = below(GROUPS), tag = chance(95) ? below(TAGS) : -1;

    (void)index;
    for (int i = 0; i < script.ntask; i++)
        turns_will_send_to(script.tids[i]);
    buffers_multicast();
    if (broken(group) && member[group][script.me] == 0)
        masked("pvm_bcast() into a frozen group that one has left");
    else
        say("(%d, %d) = %s", group, tag, quiet(pvm_bcast(group_name(group), tag)));
}

static void op_barrier(int index)
{
    int group = below(GROUPS), all = members(group);

    (void)index;
    if (broken(group)) {
        say(" broken");
        return;
    }
    say("(%d of %d) = %s", group, all, quiet(pvm_barrier(group_name(group), chance(50) ? all : -1)));
}

static void restore(int data[], int before[], int n)
{
    memcpy(data, before, (size_t)n * sizeof(int));
}

/* Every member, with data of its own; what others than the root end up with is not told. */
static void op_reduce(int index)
{
    static void (*const functions[])(int *, void *, void *, int *, int *) = { PvmMax, PvmMin, PvmSum, PvmProduct };
    int group = below(GROUPS), which = below(4), root = below(4), count = 1 + below(5), data[5], rc;

    (void)index;
    draw_from(index, 10 + script.me);
    for (int i = 0; i < count; i++)
        data[i] = below(20) - 10;
    if (members(group) < 2 || broken(group)) {
        say(" too few");
        return;
    }
    rc = pvm_reduce(functions[which], data, count, PVM_INT, 50, group_name(group), root);
    say("(%d, %d, root %d) = %s", group, which, root, code(rc));
    if (rc == PvmOk && member[group][script.me] == root + 1)
        say(" %s", bytes_text(data, (size_t)count * sizeof(int)));
}

static int has_holes(int group)
{
    return lowest_hole(group) != members(group) + 1;
}

static void op_gather(int index)
{
    int group = below(GROUPS), root = below(members(group) > 0 ? members(group) : 1), data[2], all[2 * TASKS_MAX];
    int before[2 * TASKS_MAX] = { 0 }, rc;

    restore(all, before, 2 * TASKS_MAX);
    draw_from(index, 10 + script.me);
    data[0] = below(1000);
    data[1] = script.me;
    if (members(group) < 2 || has_holes(group) || broken(group)) {
        say(" too few, or holes");
        return;
    }
    rc = pvm_gather(all, data, 2, PVM_INT, 51, group_name(group), root);
    say("(%d, root %d) = %s", group, root, code(rc));
    if (rc == PvmOk && member[group][script.me] == root + 1)
        say(" %s", bytes_text(all, 2 * sizeof(int) * (size_t)members(group)));
}

static void op_scatter(int index)
{
    int group = below(GROUPS), root = below(members(group) > 0 ? members(group) : 1), data[2 * TASKS_MAX];
    int result[2] = { 0, 0 }, rc;

    (void)index;
    data_random(PVM_INT, data, 2 * TASKS_MAX);
    if (members(group) < 2 || has_holes(group) || broken(group)) {
        say(" too few, or holes");
        return;
    }
    /* PVM 3 frees the root's send buffer here: none is active on either side. */
    buffers_gone(pvm_getsbuf());
    pvm_freebuf(pvm_getsbuf());
    rc = pvm_scatter(result, data, 2, PVM_INT, 52, group_name(group), root);
    say("(%d, root %d) = %s %s", group, root, code(rc), bytes_text(result, sizeof(result)));
}

const struct op group_ops[] = {
    { "join", 7, 1, op_join },
    { "leave", 2, 1, op_leave },
    { "ask", 5, 0, op_ask },
    { "bcast", 4, 0, op_bcast },
    { "barrier", 2, 1, op_barrier },
    { "freeze", 2, 1, op_freeze },
    { "reduce", 2, 1, op_reduce },
    { "gather", 2, 1, op_gather },
    { "scatter", 2, 1, op_scatter },
    { NULL, 0, 0, NULL },
};
