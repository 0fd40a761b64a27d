/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whole virtual machines of daemon cores in one process, under a seeded scheduler with faults.
 *
 *   sim --seeds N [--first S] [--hosts MIN-MAX] [--steps N] [--jobs N] [--plant NAME] [--verbose]
 *   sim --seed S --trace       replays one seed, readably
 *   sim --planted-all          plants each known bug in turn; all must be found
 *
 * A seed that fails prints one line with seed and rule. Exit status 1 when one failed (or a planted bug was
 * not found), 2 for a wrong call.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tests/sim/plan.h"
#include "tests/sim/world.h"

#define TWICE_EVERY 50     /* one seed in so many runs twice, for the hash */
#define PLANTED_SEEDS 1500 /* within so many a planted bug must be found */

struct summary {
    uint64_t seeds, failed, planted;
    uint64_t first_failed; /* index of it, counted from 1 */
    char first_failure[200];
    struct sim_stats stats;
    uint64_t virtual_us;
};

static volatile sig_atomic_t crash_noted;
static uint64_t current_seed;

/* An assertion or a wild pointer: the seed must be known. Only what is allowed in a handler. */
static void on_crash(int signum)
{
    char text[80] = "FAIL seed ";
    char digits[24];
    size_t at = strlen(text);
    int count = 0;
    uint64_t seed = current_seed;

    do {
        digits[count++] = (char)('0' + seed % 10);
        seed /= 10;
    } while (seed > 0);
    while (count > 0)
        text[at++] = digits[--count];
    memcpy(text + at, ": crash\n", 8);
    if (!crash_noted && write(STDOUT_FILENO, text, at + 8) < 0)
        _exit(3);
    crash_noted = 1;
    signal(signum, SIG_DFL);
    raise(signum);
}

static void stats_add(struct sim_stats *to, const struct sim_stats *from)
{
    to->steps += from->steps;
    to->actions += from->actions;
    to->frames += from->frames;
    to->messages += from->messages;
    to->notices += from->notices;
    to->answers += from->answers;
    to->outputs += from->outputs;
    to->joins += from->joins;
    to->drops += from->drops;
    to->resumes += from->resumes;
}

/* Runs one seed once. True when all rules held; the hash of all that happened. */
static bool run_once(const struct sim_options *options, uint64_t seed, struct summary *summary,
                     uint64_t *ret_hash, char *failure, size_t failure_max)
{
    struct world *world = sim_alloc(sizeof(*world));
    long blocks = pvmi_alloc_count();
    bool held;

    world_init(world, options, seed);
    plan_run(world);
    *ret_hash = world->hash;
    summary->planted += world->planted;
    summary->virtual_us += world->now;
    stats_add(&summary->stats, &world->stats);
    if (options->verbose)
        printf("seed %llu: %d hosts, %llu s, %llu steps, %llu frames, %llu joins, %llu drops, %d processes\n",
               (unsigned long long)seed, world->hosts_wanted, (unsigned long long)(world->now / SECOND),
               (unsigned long long)world->stats.steps, (unsigned long long)world->stats.frames,
               (unsigned long long)world->stats.joins, (unsigned long long)world->stats.drops,
               world->process_count);
    world_fini(world);
    if (!world->failed && pvmi_alloc_count() != blocks)
        world_fail(world, "memory leaked", "%ld blocks", pvmi_alloc_count() - blocks);
    held = !world->failed;
    snprintf(failure, failure_max, "%s", world->failure);
    free(world);
    return held;
}

static bool run_seed(const struct sim_options *options, uint64_t seed, struct summary *summary)
{
    char failure[600], again[600];
    uint64_t hash, hash_again;
    bool held;

    current_seed = seed;
    held = run_once(options, seed, summary, &hash, failure, sizeof(failure));
    if (held && (seed % TWICE_EVERY == 0 || options->plant == PLANT_UNSEEDED) && !options->trace) {
        held = run_once(options, seed, summary, &hash_again, again, sizeof(again)) && hash == hash_again;
        if (!held)
            snprintf(failure, sizeof(failure),
                     "not deterministic: a second run of the seed went another way");
    }
    summary->seeds++;
    if (held)
        return true;
    summary->failed++;
    if (summary->first_failed == 0) {
        summary->first_failed = summary->seeds;
        snprintf(summary->first_failure, sizeof(summary->first_failure), "%.199s", failure);
    }
    if (options->plant == PLANT_NONE) {
        printf("FAIL seed %llu: %s (replay: sim --seed %llu --hosts %d-%d --trace)\n",
               (unsigned long long)seed, failure, (unsigned long long)seed, options->hosts_min,
               options->hosts_max);
        fflush(stdout);
    }
    return false;
}

/* ---- workers ---- */

/* Worker number takes each jobs-th seed; a planted bug needs to be found but once. */
static void work(const struct sim_options *options, int number, int out)
{
    struct summary summary;
    const char *at = (const char *)&summary;
    size_t left = sizeof(summary);

    memset(&summary, 0, sizeof(summary));
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    for (uint64_t i = (uint64_t)number; i < options->seeds; i += (uint64_t)options->workers) {
        if (!run_seed(options, options->seed_first + i, &summary) && options->plant != PLANT_NONE)
            break;
    }
    while (left > 0) {
        ssize_t count = write(out, at, left);

        if (count < 0 && errno != EINTR)
            _exit(3);
        if (count > 0) {
            at += count;
            left -= (size_t)count;
        }
    }
    exit(0);
}

static bool summary_read(int fd, struct summary *summary)
{
    char *at = (char *)summary;
    size_t left = sizeof(*summary);

    while (left > 0) {
        ssize_t count = read(fd, at, left);

        if (count == 0 || (count < 0 && errno != EINTR))
            return false;
        if (count > 0) {
            at += count;
            left -= (size_t)count;
        }
    }
    return true;
}

static void summary_add(struct summary *total, const struct summary *part)
{
    total->seeds += part->seeds;
    total->failed += part->failed;
    total->planted += part->planted;
    total->virtual_us += part->virtual_us;
    stats_add(&total->stats, &part->stats);
    if (part->first_failed != 0 && (total->first_failed == 0 || part->first_failed < total->first_failed)) {
        total->first_failed = part->first_failed;
        memcpy(total->first_failure, part->first_failure, sizeof(total->first_failure));
    }
}

/* Returns false when a worker died. */
static bool campaign(const struct sim_options *options, struct summary *total)
{
    int fds[64][2];
    pid_t pids[64];
    bool whole = true;

    memset(total, 0, sizeof(*total));
    fflush(stdout);
    for (int i = 0; i < options->workers; i++) {
        if (pipe(fds[i]) < 0 || (pids[i] = fork()) < 0) {
            perror("sim: cannot start a worker");
            exit(2);
        }
        if (pids[i] == 0) {
            close(fds[i][0]);
            work(options, i, fds[i][1]);
        }
        close(fds[i][1]);
    }
    for (int i = 0; i < options->workers; i++) {
        struct summary part;
        int status;

        if (summary_read(fds[i][0], &part))
            summary_add(total, &part);
        else
            whole = false;
        close(fds[i][0]);
        waitpid(pids[i], &status, 0);
        if (WIFSIGNALED(status))
            printf("FAIL worker %d of %d was ended by signal %d\n", i, options->workers, WTERMSIG(status));
    }
    return whole;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_campaign(const struct sim_options *options)
{
    struct summary total;
    double start = seconds_now();
    bool whole = campaign(options, &total);

    printf("sim: %llu seeds of %d to %d hosts from %llu, %llu failed%s: %llu steps, %llu frames, %llu "
           "messages, %llu "
           "notices, %llu answers, %llu outputs, %llu joins, %llu drops, %llu resumes, %llu s of virtual "
           "time in %.1f s\n",
           (unsigned long long)total.seeds, options->hosts_min, options->hosts_max,
           (unsigned long long)options->seed_first, (unsigned long long)total.failed,
           whole ? "" : ", a worker crashed", (unsigned long long)total.stats.steps,
           (unsigned long long)total.stats.frames, (unsigned long long)total.stats.messages,
           (unsigned long long)total.stats.notices, (unsigned long long)total.stats.answers,
           (unsigned long long)total.stats.outputs, (unsigned long long)total.stats.joins,
           (unsigned long long)total.stats.drops, (unsigned long long)total.stats.resumes,
           (unsigned long long)(total.virtual_us / SECOND), seconds_now() - start);
    if (options->plant != PLANT_NONE)
        printf("planted %s: %s after %llu seeds a worker: %s\n", plant_name(options->plant),
               total.failed > 0 ? "found" : "NOT found",
               (unsigned long long)(total.failed > 0 ? total.first_failed : total.seeds),
               total.first_failure);
    return total.failed > 0 || !whole;
}

static int run_planted(struct sim_options *options)
{
    int missed = 0;

    options->seeds = PLANTED_SEEDS;
    for (int plant = 1; plant < PLANT_COUNT; plant++) {
        struct summary total;

        options->plant = (enum plant)plant;
        if (!campaign(options, &total))
            total.failed = 0;
        missed += total.failed == 0;
        printf("%-15s %-48s %s after %3llu seeds: %.70s\n", plant_name(options->plant),
               plant_text(options->plant), total.failed > 0 ? "found" : "MISSED",
               (unsigned long long)(total.failed > 0 ? total.first_failed * (uint64_t)options->workers
                                                     : total.seeds),
               total.first_failure);
        fflush(stdout);
    }
    printf("sim: %d of %d planted bugs found\n", PLANT_COUNT - 1 - missed, PLANT_COUNT - 1);
    return missed > 0;
}

/* ---- the command line ---- */

static int usage(void)
{
    fprintf(stderr, "usage: sim [--seeds N] [--first S] [--seed S] [--hosts MIN-MAX] [--steps N] [--jobs N]\n"
                    "           [--plant NAME | --planted-all] [--verbose] [--trace]\n");
    return 2;
}

static bool parse_hosts(struct sim_options *options, const char *text)
{
    if (sscanf(text, "%d-%d", &options->hosts_min, &options->hosts_max) != 2)
        options->hosts_max = options->hosts_min = atoi(text);
    return options->hosts_min >= 1 && options->hosts_max >= options->hosts_min && options->hosts_max <= 4000;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = { { "seeds", required_argument, NULL, 'n' },
                                           { "first", required_argument, NULL, 'f' },
                                           { "seed", required_argument, NULL, 's' },
                                           { "hosts", required_argument, NULL, 'h' },
                                           { "steps", required_argument, NULL, 't' },
                                           { "jobs", required_argument, NULL, 'j' },
                                           { "plant", required_argument, NULL, 'p' },
                                           { "planted-all", no_argument, NULL, 'P' },
                                           { "verbose", no_argument, NULL, 'v' },
                                           { "trace", no_argument, NULL, 'x' },
                                           { NULL, 0, NULL, 0 } };
    struct sim_options options = {
        .seed_first = 1, .seeds = 100, .hosts_min = 2, .hosts_max = 16, .workers = 2
    };
    bool one = false, planted_all = false;
    int option;

    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            options.seeds = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            options.seed_first = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options.seed_first = strtoull(optarg, NULL, 10);
            one = true;
            break;
        case 'h':
            if (!parse_hosts(&options, optarg))
                return usage();
            break;
        case 't':
            options.steps = atoi(optarg);
            break;
        case 'j':
            options.workers = atoi(optarg);
            break;
        case 'p':
            options.plant = plant_find(optarg);
            if (options.plant == PLANT_COUNT)
                return usage();
            break;
        case 'P':
            planted_all = true;
            break;
        case 'v':
            options.verbose = true;
            break;
        case 'x':
            options.trace = true;
            break;
        default:
            return usage();
        }
    }
    if (optind != argc || options.workers < 1 || options.workers > 64)
        return usage();
    if (one) {
        struct summary summary = { 0 };

        return !run_seed(&options, options.seed_first, &summary);
    }
    return planted_all ? run_planted(&options) : run_campaign(&options);
}
