/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/pvm_team.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path of this program, which every PVM can start. */
static char *own_path(void)
{
    static char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length < 0)
        die("/proc/self/exe cannot be read");
    path[length] = '\0';
    return path;
}

/* A pinned task must know its rank before it enrols: the library may look at the processors that it has. */
static void spawn_pinned(struct team *team, char **argv)
{
    char rank[16], *args[64] = { "-r", rank };
    int nargs = 2;

    for (char **arg = argv + 1; *arg != NULL && nargs < 63; arg++)
        args[nargs++] = *arg;
    for (int i = 1; i < team->size; i++) {
        snprintf(rank, sizeof(rank), "%d", i);
        if (pvm_spawn(own_path(), args, PvmTaskDefault, NULL, 1, &team->tids[i]) != 1)
            die("pvm_spawn of %s gave %d", own_path(), team->tids[i]);
    }
}

static void spawn_others(struct team *team, const struct options *options, char **argv)
{
    int others = team->size - 1;

    team->tids[0] = pvm_mytid();
    if (options->pinned)
        spawn_pinned(team, argv);
    else if (others > 0 && pvm_spawn(own_path(), argv + 1, PvmTaskDefault, NULL, others, team->tids + 1) != others)
        die("pvm_spawn of %d copies of %s failed", others, own_path());
    for (int i = 1; i < team->size; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&i, 1, 1);
        pvm_pkint(team->tids, team->size, 1);
        team_check(pvm_send(team->tids[i], TAG_TEAM), "pvm_send");
    }
    for (int i = 1; i < team->size; i++)
        team_check(pvm_recv(team->tids[i], TAG_READY), "pvm_recv");
}

static void meet_others(struct team *team)
{
    team_check(pvm_recv(pvm_parent(), TAG_TEAM), "pvm_recv");
    pvm_upkint(&team->rank, 1, 1);
    team_check(pvm_upkint(team->tids, team->size, 1), "pvm_upkint");
    pvm_initsend(PvmDataDefault);
    team_check(pvm_send(team->tids[0], TAG_READY), "pvm_send");
}

void team_start(struct team *team, const struct options *options, char **argv)
{
    memset(team, 0, sizeof(*team));
    team->size = options->tasks;
    team->encoding = options->raw ? PvmDataRaw : PvmDataDefault;
    if (team->size > TEAM_MAX)
        die("-n %d: %d tasks are the most", team->size, TEAM_MAX);
    if (options->pinned)
        pin_to(options->rank > 0 ? options->rank : 0);
    team_check(pvm_mytid(), "pvm_mytid (does a pvmd run?)");
    if (options->direct)
        pvm_setopt(PvmRoute, PvmRouteDirect);
    if (options->routed)
        pvm_setopt(PvmRoute, PvmDontRoute);
    if (pvm_parent() < 0)
        spawn_others(team, options, argv);
    else
        meet_others(team);
}

void team_order(struct team *team, int size, long count)
{
    struct order order = { size, (int)count };

    if (team->size == 1)
        return;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&order.size, 1, 1);
    pvm_pkint(&order.count, 1, 1);
    team_check(pvm_mcast(team->tids + 1, team->size - 1, TAG_ORDER), "pvm_mcast");
    for (int i = 1; i < team->size; i++)
        team_check(pvm_recv(team->tids[i], TAG_READY), "pvm_recv");
    if (count == 0)
        pvm_exit();
}

bool team_obey(struct team *team, struct order *ret_order)
{
    team_check(pvm_recv(team->tids[0], TAG_ORDER), "pvm_recv");
    pvm_upkint(&ret_order->size, 1, 1);
    team_check(pvm_upkint(&ret_order->count, 1, 1), "pvm_upkint");
    pvm_initsend(PvmDataDefault);
    team_check(pvm_send(team->tids[0], TAG_READY), "pvm_send");
    if (ret_order->count == 0)
        pvm_exit();
    return ret_order->count > 0;
}

void team_group(struct team *team)
{
    /* One after the other, so that the instances are the ranks. */
    if (team->rank == 0) {
        team_check(pvm_joingroup(TEAM_GROUP), "pvm_joingroup");
        for (int i = 1; i < team->size; i++) {
            pvm_initsend(PvmDataDefault);
            pvm_pkint(&i, 1, 1);
            pvm_pkint(&i, 1, 1);
            team_check(pvm_send(team->tids[i], TAG_ORDER), "pvm_send");
            team_check(pvm_recv(team->tids[i], TAG_BACK), "pvm_recv");
        }
    } else {
        team_check(pvm_recv(team->tids[0], TAG_ORDER), "pvm_recv");
        if (team_check(pvm_joingroup(TEAM_GROUP), "pvm_joingroup") != team->rank)
            die("the group %s has strange members", TEAM_GROUP);
        pvm_initsend(PvmDataDefault);
        team_check(pvm_send(team->tids[0], TAG_BACK), "pvm_send");
    }
    team_check(pvm_freezegroup(TEAM_GROUP, team->size), "pvm_freezegroup");
}
