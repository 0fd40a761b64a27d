/* SPDX-License-Identifier: BSD-3-Clause */
/* A master hands jobs of 8 bytes to workers, to each the next when its result of 8 bytes has come. */
#include "bench/pvm_team.h"

static void put(struct team *team, int tid, int tag, double job)
{
    pvm_initsend(team->encoding);
    pvm_pkdouble(&job, 1, 1);
    team_check(pvm_send(tid, tag), "pvm_send");
}

static double jobs(void *arg, long count)
{
    struct team *team = arg;
    long given = 0, done = 0;
    double start = clock_now(), result;
    int bufid, tid;

    for (; given < team->size - 1 && given < count; given++)
        put(team, team->tids[given + 1], TAG_DATA, (double)given);
    for (; done < count; done++) {
        bufid = team_check(pvm_recv(-1, TAG_BACK), "pvm_recv");
        team_check(pvm_bufinfo(bufid, NULL, NULL, &tid), "pvm_bufinfo");
        team_check(pvm_upkdouble(&result, 1, 1), "pvm_upkdouble");
        if (given < count)
            put(team, tid, TAG_DATA, (double)given++);
    }
    return clock_now() - start;
}

/* A job is a message of TAG_DATA; another tag means that there are no more. */
static void work(struct team *team)
{
    double job;
    int bufid, tag;

    for (;;) {
        bufid = team_check(pvm_recv(team->tids[0], -1), "pvm_recv");
        team_check(pvm_bufinfo(bufid, NULL, &tag, NULL), "pvm_bufinfo");
        if (tag != TAG_DATA)
            break;
        team_check(pvm_upkdouble(&job, 1, 1), "pvm_upkdouble");
        put(team, team->tids[0], TAG_BACK, job);
    }
    pvm_exit();
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 17, .seconds = 0.1 };
    struct team team;

    options_read(&options, argc, argv);
    team_start(&team, &options, argv);
    if (team.rank != 0) {
        work(&team);
        return 0;
    }
    print_head("PVM Task Farm", "Workers         Jobs/s");
    print_size(team.size - 1, 1, 1 / measure(options.seconds, 1000000, jobs, &team));
    for (int i = 1; i < team.size; i++)
        put(&team, team.tids[i], TAG_ORDER, 0);
    pvm_exit();
    return 0;
}
