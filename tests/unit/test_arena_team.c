/* SPDX-License-Identifier: BSD-3-Clause */
/* Teams: barriers of few, of many, and of a part; what becomes of an arrival when pvmd seals the team. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arena_team.h"

#define ROUNDS 400

/* What members tell each other outside of the arena. */
struct told {
    _Atomic uint32_t round[TEAM_MAX];     /* barriers that each has called */
    _Atomic uint32_t passed[TEAM_MAX];    /* and passed */
    _Atomic uint32_t result[TEAM_MAX];    /* of the last one, and 1 */
    _Atomic uint32_t turn;
};

static struct told *told;

static int set_up(void **state)
{
    (void)state;
    memset(told, 0, sizeof(*told));
    return 0;
}

/* Nobody passes who has not seen all others arrive. Ends when it is not passed any more. */
static void member_of_whole(const struct team_daemon *d, uint32_t number, uint32_t rounds)
{
    struct arena_task task;
    struct pvmi_team team;
    enum pvmi_team_result result = PVMI_TEAM_DONE;

    member_start(d, number, &task, &team);
    for (uint32_t r = 1; r <= rounds && result == PVMI_TEAM_DONE; r++) {
        atomic_store(&told->round[number], r);
        result = member_barrier(&team);
        atomic_store(&told->result[number], result + 1);
        for (uint32_t i = 0; i < d->count && result == PVMI_TEAM_DONE; i++)
            MUST(atomic_load(&told->round[i]) >= r);
        if (result == PVMI_TEAM_DONE)
            atomic_store(&told->passed[number], r);
    }
    pvmi_team_close(&team);
    task_end(&task, true);
}

static pid_t start_member(const struct team_daemon *d, uint32_t number, uint32_t rounds)
{
    pid_t pid = fork();

    if (pid == 0) {
        alarm(100);
        member_of_whole(d, number, rounds);
        _exit(0);
    }
    return pid;
}

static void barriers_of(uint32_t count, uint32_t rounds)
{
    struct team_daemon d;
    pid_t pids[TEAM_MAX];

    team_make(&d, count, true);
    for (uint32_t i = 0; i < count; i++)
        pids[i] = start_member(&d, i, rounds);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(status_of(pids[i]), 0);
    assert_true(pvmi_team_idle(&d.heap, &d.team));
    team_seal(&d);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(d.taken[i], 0);
    team_end(&d);
}

static void nobody_passes_a_barrier_before_all_have_come(void **state)
{
    (void)state;
    barriers_of(1, ROUNDS);
    barriers_of(2, 10 * ROUNDS);
    barriers_of(PVMI_TEAM_FEW, ROUNDS);
    barriers_of(PVMI_TEAM_FEW + 1, ROUNDS);
    barriers_of(TEAM_MAX, ROUNDS / 8);
}

/* ---- members in this process, one step at a time ---- */

struct stepped {
    struct team_daemon d;
    struct arena_task tasks[TEAM_MAX];
    struct pvmi_team teams[TEAM_MAX];
};

static void stepped_make(struct stepped *s, uint32_t count, bool whole)
{
    team_make(&s->d, count, whole);
    for (uint32_t i = 0; i < count; i++)
        member_start(&s->d, i, &s->tasks[i], &s->teams[i]);
}

static void stepped_end(struct stepped *s)
{
    for (uint32_t i = 0; i < s->d.count; i++) {
        assert_int_equal(pvmi_team_idle(&s->d.heap, &s->d.team), false);
        pvmi_team_close(&s->teams[i]);
        task_end(&s->tasks[i], true);
    }
    team_end(&s->d);
}

/* All of them, so often. */
static void stepped_rounds(struct stepped *s, int rounds)
{
    for (int r = 0; r < rounds; r++) {
        for (uint32_t i = 0; i < s->d.count; i++) {
            assert_int_equal(pvmi_team_arrive(&s->teams[i], -1), !s->teams[i].few && i + 1 == s->d.count);
            if (s->teams[i].whole)
                assert_int_equal(pvmi_team_look(&s->teams[i]),
                                 i + 1 == s->d.count ? PVMI_TEAM_DONE : PVMI_TEAM_WAIT);
        }
    }
}

/* Runs on the nth of the processors that it may run on; false: there is none. */
static bool run_on(const cpu_set_t *allowed, int nth)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        cpu_set_t one;

        if (!CPU_ISSET(cpu, allowed) || nth-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof(one), &one) == 0;
    }
    return false;
}

static void where_is_known(uint32_t count)
{
    static struct stepped s;
    cpu_set_t allowed;

    assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    stepped_make(&s, count, true);
    assert_true(run_on(&allowed, 0));
    stepped_rounds(&s, 1);
    for (uint32_t i = 0; i < 2 * count; i++) {
        pvmi_team_arrive(&s.teams[i % count], -1);
        assert_int_equal(pvmi_team_in_the_way(&s.teams[i % count]), (i + 1) % count != 0);
    }
    if (run_on(&allowed, 1)) {
        pvmi_team_arrive(&s.teams[0], -1);
        assert_false(pvmi_team_in_the_way(&s.teams[0]));
    }
    assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
    team_seal(&s.d);
    stepped_end(&s);
}

static void a_member_knows_whether_it_is_in_the_way_of_who_is_missing(void **state)
{
    (void)state;
    where_is_known(2);
    where_is_known(PVMI_TEAM_FEW + 2);
}

static void sealed_amid(uint32_t count, uint32_t arrived, int rounds)
{
    struct stepped s;

    stepped_make(&s, count, true);
    stepped_rounds(&s, rounds);
    for (uint32_t i = 0; i < arrived; i++)
        pvmi_team_arrive(&s.teams[i], i == 0 ? (int32_t)count : -1);
    team_seal(&s.d);
    for (uint32_t i = 0; i < count; i++) {
        bool taken = i < arrived && arrived < count;

        assert_false(pvmi_team_is_open(&s.teams[i]));
        assert_int_equal(pvmi_team_look(&s.teams[i]), taken ? PVMI_TEAM_TAKEN : PVMI_TEAM_DONE);
        assert_int_equal(s.d.taken[i], taken ? TEAM_REQUEST + i : 0);
        if (taken)
            assert_int_equal(s.d.said[i], i == 0 ? (int32_t)count : -1);
        if (!taken) {    /* who comes too late is known to nobody */
            pvmi_team_arrive(&s.teams[i], -1);
            assert_int_equal(pvmi_team_look(&s.teams[i]), PVMI_TEAM_MISSED);
        }
    }
    stepped_end(&s);
}

static void sealing_takes_over_who_has_arrived(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= PVMI_TEAM_FEW + 2; count++) {
        for (uint32_t arrived = 0; arrived <= count; arrived++) {
            sealed_amid(count, arrived, 0);
            sealed_amid(count, arrived, 20);    /* numbers have gone round */
        }
    }
}

static void a_part_waits_for_pvmd(void **state)
{
    struct stepped s;

    (void)state;
    stepped_make(&s, 3, false);
    for (uint32_t r = 1; r <= 20; r++) {
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(pvmi_team_arrive(&s.teams[i], -1), i == 2);
        assert_int_equal(pvmi_team_look(&s.teams[0]), PVMI_TEAM_WAIT);
        pvmi_team_release(&s.d.heap, &s.d.team, PVMI_TEAM_FIRST + r);
        pvmi_team_release(&s.d.heap, &s.d.team, PVMI_TEAM_FIRST + r - 1);    /* late: changes nothing */
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(pvmi_team_look(&s.teams[i]), PVMI_TEAM_DONE);
    }
    for (uint32_t i = 0; i < 3; i++)
        pvmi_team_arrive(&s.teams[i], 9);
    team_seal(&s.d);    /* all have come here, but not elsewhere */
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(pvmi_team_look(&s.teams[i]), PVMI_TEAM_TAKEN);
        assert_int_equal(s.d.said[i], 9);
    }
    stepped_end(&s);
}

static void a_seat_is_for_its_task_alone(void **state)
{
    struct team_daemon d;
    struct arena_task task;
    struct pvmi_team team;

    (void)state;
    team_make(&d, 2, true);
    task_start(&task, d.daemon.arena->fd, d.slots[0]);
    assert_int_equal(pvmi_team_open(&task.self, d.team.position, 1, 1, &team), PvmBadMsg);
    assert_int_equal(pvmi_team_open(&task.self, d.team.position, 2, 1, &team), PvmBadMsg);
    assert_int_equal(pvmi_team_open(&task.self, d.team.position + 64, 0, 1, &team), PvmBadMsg);
    assert_int_equal(pvmi_team_open(&task.self, 0, 0, 1, &team), PvmBadMsg);
    assert_int_equal(pvmi_team_make(&d.heap, d.names, PVMI_TEAM_SEATS_MAX + 1, true, &d.team), PvmBadParam);
    assert_int_equal(pvmi_team_make(&d.heap, d.names, 0, true, &d.team), PvmBadParam);
    assert_int_equal(pvmi_team_open(&task.self, d.team.position, 0, 1, &team), PvmOk);
    pvmi_team_close(&team);
    pvmi_team_close(&team);
    task_end(&task, true);
    team_end(&d);
}

/* ---- sealed at any time ---- */

/* One who did not come, or came unseen, has gone: for the rest the round was complete, or they were taken over. */
static void check_sealed(const struct team_daemon *d, uint32_t rounds)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < d->count; i++) {
        if (atomic_load(&told->passed[i]) > most)
            most = atomic_load(&told->passed[i]);
    }
    for (uint32_t i = 0; i < d->count; i++) {
        enum pvmi_team_result result = (enum pvmi_team_result)(atomic_load(&told->result[i]) - 1);

        assert_int_equal(atomic_load(&told->passed[i]), most);
        assert_true(result != PVMI_TEAM_DONE || most == rounds);
        assert_int_equal(d->taken[i] != 0, result == PVMI_TEAM_TAKEN);
    }
}

static void sealed_while_they_run(uint32_t count, uint32_t after)
{
    struct team_daemon d;
    pid_t pids[TEAM_MAX];
    uint32_t rounds = 1000000;

    memset(told, 0, sizeof(*told));
    team_make(&d, count, true);
    for (uint32_t i = 0; i < count; i++)
        pids[i] = start_member(&d, i, rounds);
    while (atomic_load(&told->passed[after % count]) < after)
        sched_yield();
    team_seal(&d);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(status_of(pids[i]), 0);
    check_sealed(&d, rounds);
    team_end(&d);
}

static void a_seal_at_any_time_loses_and_doubles_no_arrival(void **state)
{
    (void)state;
    for (uint32_t after = 1; after < 120; after++)
        sealed_while_they_run(2, after);
    for (uint32_t after = 1; after < 20; after++) {
        sealed_while_they_run(PVMI_TEAM_FEW, after);
        sealed_while_they_run(PVMI_TEAM_FEW + 2, after);
    }
}

/* ---- sleepers ---- */

static void await_sleep(const struct team_daemon *d, uint32_t number)
{
    while (pvmi_state_of(atomic_load(&d->daemon.arena->states[d->slots[number]].word)) != PVMI_ASLEEP)
        sched_yield();
}

static void sleepers_wake(uint32_t count)
{
    struct team_daemon d;
    pid_t pids[TEAM_MAX];

    memset(told, 0, sizeof(*told));
    team_make(&d, count, true);
    for (uint32_t i = 1; i < count; i++)
        pids[i] = start_member(&d, i, 3);
    for (uint32_t i = 1; i < count; i++)
        await_sleep(&d, i);
    pids[0] = start_member(&d, 0, 3);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(status_of(pids[i]), 0);
    team_end(&d);
}

static void who_sleeps_is_woken_by_the_last(void **state)
{
    (void)state;
    sleepers_wake(2);
    sleepers_wake(PVMI_TEAM_FEW);
    sleepers_wake(TEAM_MAX);
}

static void who_sleeps_is_woken_by_the_seal(void **state)
{
    struct team_daemon d;
    pid_t pid;

    (void)state;
    team_make(&d, 2, true);
    pid = start_member(&d, 1, 1);
    await_sleep(&d, 1);
    team_seal(&d);
    assert_int_equal(status_of(pid), 0);
    assert_int_equal(atomic_load(&told->result[1]), PVMI_TEAM_TAKEN + 1);
    assert_int_equal(d.taken[1], TEAM_REQUEST + 1);
    team_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_passes_a_barrier_before_all_have_come, set_up),
        cmocka_unit_test_setup(a_member_knows_whether_it_is_in_the_way_of_who_is_missing, set_up),
        cmocka_unit_test_setup(sealing_takes_over_who_has_arrived, set_up),
        cmocka_unit_test_setup(a_part_waits_for_pvmd, set_up),
        cmocka_unit_test_setup(a_seat_is_for_its_task_alone, set_up),
        cmocka_unit_test_setup(a_seal_at_any_time_loses_and_doubles_no_arrival, set_up),
        cmocka_unit_test_setup(who_sleeps_is_woken_by_the_last, set_up),
        cmocka_unit_test_setup(who_sleeps_is_woken_by_the_seal, set_up),
    };

    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
