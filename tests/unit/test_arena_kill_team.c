/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member of a team is killed before each step of arriving, waiting and waking, one after the other: the others are not
 * held up once pvmd has sealed the team, and agree on which barriers were passed. The arena is compiled with steps.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arena_team.h"

#define ROUNDS 3

struct told {
    _Atomic uint32_t passed[TEAM_MAX];
    _Atomic uint32_t result[TEAM_MAX];    /* of the last one, and 1 */
};

static struct told *told;
static long kill_at = -1;    /* steps left; negative: never */

/* Kills itself: the process ends there, and no instruction of it comes after. */
void pvmi_arena_step(const char *next)
{
    (void)next;
    if (kill_at >= 0 && kill_at-- == 0)
        kill(getpid(), SIGKILL);
}

static void member(const struct team_daemon *d, uint32_t number, long nth)
{
    struct arena_task task;
    struct pvmi_team team;
    enum pvmi_team_result result = PVMI_TEAM_DONE;

    member_start(d, number, &task, &team);
    kill_at = nth;
    for (uint32_t r = 1; r <= ROUNDS && result == PVMI_TEAM_DONE; r++) {
        result = member_barrier(&team);
        atomic_store(&told->result[number], result + 1);
        if (result == PVMI_TEAM_DONE)
            atomic_store(&told->passed[number], r);
    }
}

static pid_t start(const struct team_daemon *d, uint32_t number, long nth)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        member(d, number, nth);
        _exit(0);
    }
    return pid;
}

/* Those who live have all passed the same barriers; who has not passed all was taken over, or missed. */
static void check_living(const struct team_daemon *d, bool killed)
{
    for (uint32_t i = 1; i < d->count; i++) {
        enum pvmi_team_result result = (enum pvmi_team_result)(atomic_load(&told->result[i]) - 1);

        assert_int_equal(atomic_load(&told->passed[i]), atomic_load(&told->passed[1]));
        assert_int_equal(d->taken[i] != 0, result == PVMI_TEAM_TAKEN);
        assert_int_equal(result == PVMI_TEAM_DONE, atomic_load(&told->passed[i]) == ROUNDS);
        assert_true(killed || result == PVMI_TEAM_DONE);
        assert_true(atomic_load(&told->passed[i]) >= atomic_load(&told->passed[0]));
    }
}

/* Returns whether it was killed at all: else nth is beyond its last step. The others come before, or after it. */
static bool killed_at(uint32_t count, long nth, bool others_first)
{
    struct team_daemon d;
    pid_t pids[TEAM_MAX];
    int status;

    memset(told, 0, sizeof(*told));
    team_make(&d, count, true);
    for (uint32_t i = 1; others_first && i < count; i++)
        pids[i] = start(&d, i, -1);
    for (uint32_t i = 1; others_first && i < count; i++) {
        while (pvmi_state_of(atomic_load(&d.daemon.arena->states[d.slots[i]].word)) != PVMI_ASLEEP)
            sched_yield();
    }
    pids[0] = start(&d, 0, nth);
    for (uint32_t i = 1; !others_first && i < count; i++)
        pids[i] = start(&d, i, -1);
    status = status_of(pids[0]);
    assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    daemon_bury(&d.daemon, d.slots[0]);
    team_seal(&d);
    for (uint32_t i = 1; i < count; i++)
        assert_int_equal(status_of(pids[i]), 0);
    check_living(&d, status != 0);
    team_end(&d);
    return status != 0;
}

static void killed_at_each_step(uint32_t count, bool others_first)
{
    long nth = 0;

    while (killed_at(count, nth, others_first))
        nth++;
    assert_true(nth >= 2 * ROUNDS);
}

static void one_of_few_killed_at_any_step_holds_up_nobody(void **state)
{
    (void)state;
    killed_at_each_step(2, true);
    killed_at_each_step(2, false);
    killed_at_each_step(PVMI_TEAM_FEW, true);
}

static void one_of_many_killed_at_any_step_holds_up_nobody(void **state)
{
    (void)state;
    killed_at_each_step(PVMI_TEAM_FEW + 1, true);
    killed_at_each_step(PVMI_TEAM_FEW + 1, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_few_killed_at_any_step_holds_up_nobody),
        cmocka_unit_test(one_of_many_killed_at_any_step_holds_up_nobody),
    };

    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
