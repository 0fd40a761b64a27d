/* SPDX-License-Identifier: BSD-3-Clause */
/* The state word: sleeping, waking, and what a sleeper costs. tests/models has all interleavings of the protocol. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "arena_task.h"
#include "base/clock.h"

static struct arena_daemon daemon_one;
static struct arena_task first, second;

static int setup(void **state)
{
    (void)state;
    daemon_make(&daemon_one, ARENA_PAGES);
    task_claim(&first, daemon_one.arena, daemon_reserve(&daemon_one, 1));
    task_claim(&second, daemon_one.arena, daemon_reserve(&daemon_one, 2));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    task_end(&first, false);
    task_end(&second, false);
    daemon_end(&daemon_one);
    return 0;
}

static enum pvmi_state state_now(const struct arena_task *task)
{
    return pvmi_state_of(atomic_load(&task->self.state->word));
}

static bool look_nothing(void *user)
{
    ++*(int *)user;
    return false;
}

static bool look_something(void *user)
{
    ++*(int *)user;
    return true;
}

/* *user is how many looks are left until there is something. */
static bool look_later(void *user)
{
    return --*(int *)user < 0;
}

static void a_wait_ends_at_its_deadline(void **state)
{
    int looks = 0;
    struct pvmi_wake_count count = { 0 };
    uint64_t deadline = pvmi_clock_us() + 5000;

    (void)state;
    assert_int_equal(pvmi_wake_wait(&first.self, look_nothing, &looks, deadline, &count), PVMI_AGAIN);
    assert_true(pvmi_clock_us() >= deadline);
    assert_int_equal(looks, 3);    /* before sleeping, after 2 ms, and at the end */
    assert_int_equal(count.sleeps, 1);
    assert_int_equal(count.late + count.lost, 0);
    assert_int_equal(state_now(&first), PVMI_AWAKE);
    assert_int_equal(pvmi_wake_wait(&first.self, look_nothing, &looks, 1, &count), PVMI_AGAIN);
    assert_int_equal(count.sleeps, 1);
}

static void what_is_found_and_nobody_woke_for_is_counted(void **state)
{
    struct pvmi_wake_count count = { 0 };
    int looks = 1;

    (void)state;
    assert_int_equal(pvmi_wake_wait(&first.self, look_later, &looks, PVMI_WAKE_NO_DEADLINE, &count), PvmOk);
    assert_int_equal(count.late, 1);
    looks = 2;
    assert_int_equal(pvmi_wake_wait(&first.self, look_later, &looks, pvmi_clock_us() + 5000, &count), PvmOk);
    assert_int_equal(count.late, 1);
    assert_int_equal(count.lost, 1);
    assert_int_equal(count.sleeps, 2);
}

static bool look_fifth(void *user)
{
    assert_int_equal(state_now(&first), PVMI_ASLEEP);
    return ++*(int *)user == 5;
}

static void who_sleeps_long_looks_again_and_again_and_stays_asleep(void **state)
{
    int looks = 0;

    (void)state;
    first.self.again_us = 1000;
    assert_int_equal(pvmi_wake_wait(&first.self, look_fifth, &looks, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
    assert_int_equal(looks, 5);
    assert_int_equal(state_now(&first), PVMI_AWAKE);
}

static void who_sees_something_does_not_sleep(void **state)
{
    int looks = 0;

    (void)state;
    assert_int_equal(pvmi_wake_wait(&first.self, look_something, &looks, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
    assert_int_equal(looks, 1);
    assert_int_equal(state_now(&first), PVMI_AWAKE);
}

static void numbers_rise_and_each_sender_wakes_once_at_each(void **state)
{
    uint32_t woken = PVMI_WAKE_NEVER, other = PVMI_WAKE_NEVER;
    uint32_t slot = first.self.slot;

    (void)state;
    assert_int_equal(pvmi_wake_peer(&second.self, slot, &woken), PVMI_WOKEN_NOT_NEEDED);
    uint32_t asleep = (pvmi_state_number(first.self.state_word) + 1) << 4 | PVMI_ASLEEP;

    atomic_store(&first.self.state->word, first.self.state_word = asleep);
    assert_int_equal(pvmi_wake_peer(&second.self, slot, &woken), PVMI_WOKEN);
    assert_int_equal(state_now(&first), PVMI_WAKING);
    assert_int_equal(pvmi_wake_peer(&second.self, slot, &woken), PVMI_WOKEN_NOT_NEEDED);
    assert_int_equal(pvmi_wake_peer(&daemon_one.self, slot, &other), PVMI_WOKEN);    /* the first may be dead */
    pvmi_wake_enter(&first.self);
    assert_int_equal(state_now(&first), PVMI_AWAKE);
    pvmi_wake_rest(&first.self);
    assert_int_equal(pvmi_state_number(first.self.state_word), pvmi_state_number(asleep) + 1);
    assert_int_equal(pvmi_wake_peer(&second.self, slot, &woken), PVMI_WOKEN_POKE);
    assert_int_equal(state_now(&first), PVMI_WAKING_FD);
    assert_int_equal(pvmi_wake_peer(&daemon_one.self, slot, &other), PVMI_WOKEN_POKE);
    pvmi_wake_recheck(&first.self);
    pvmi_wake_enter(&first.self);
    assert_int_equal(state_now(&first), PVMI_AWAKE);
}

static void the_number_comes_round(void **state)
{
    int looks = 0;

    (void)state;
    first.self.state_word = ~15u;    /* the last number */
    atomic_store(&first.self.state->word, first.self.state_word);
    assert_int_equal(pvmi_wake_wait(&first.self, look_something, &looks, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
    assert_int_equal(pvmi_state_number(atomic_load(&first.self.state->word)), 0);
}

/* ---- processes ---- */

/* A ball goes to and fro, each side sleeping at once: no wake-up may be lost, or the alarm ends it. */
static void nobody_sleeps_over_a_message(void **state)
{
    struct arena_daemon daemon;
    uint32_t slots[2];
    pid_t pids[2];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    int fd = daemon.arena->fd;
    uint32_t names[2];

    for (int i = 0; i < 2; i++) {
        slots[i] = daemon_reserve(&daemon, i + 1);
        names[i] = name_of(daemon.arena, slots[i]);
    }
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct arena_task task;

            alarm(60);
            task_start(&task, fd, slots[i]);
            for (uint32_t n = 0; n < 1000; n++) {
                if (i == 0)
                    MUST(task_send(&task, names[1], n, 8, 1300) == PvmOk);
                MUST(task_receive(&task) == n);
                if (i == 1)
                    MUST(task_send(&task, names[0], n, 8, 1300) == PvmOk);
            }
            _exit(0);
        }
    }
    assert_int_equal(status_of(pids[0]), 0);
    assert_int_equal(status_of(pids[1]), 0);
    daemon_end(&daemon);
}

static void on_signal(int number)
{
    (void)number;
}

/* Signals do not end a wait. The parent sends when the child sleeps, which its word shows, and it uses no processor. */
static void a_sleeper_is_woken_by_a_message_and_by_nothing_else(void **state)
{
    struct arena_daemon daemon;
    struct arena_task sender;
    uint32_t slot;
    pid_t pid;

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    int fd = daemon.arena->fd;

    slot = daemon_reserve(&daemon, 1);
    task_claim(&sender, daemon.arena, daemon_reserve(&daemon, 2));
    pid = fork();
    if (pid == 0) {
        struct arena_record record;
        struct arena_task task;
        struct pvmi_hold hold;
        struct rusage usage;

        signal(SIGUSR1, on_signal);
        alarm(60);
        task_start(&task, fd, slot);
        MUST(!task_take(&task, &record, &hold));
        MUST(pvmi_wake_wait(&task.self, task_look, &task, PVMI_WAKE_NO_DEADLINE, &task.count) == PvmOk);
        MUST(task_take(&task, &record, &hold) && record.number == 5);
        MUST(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_utime.tv_sec == 0);
        _exit(0);
    }
    while (pvmi_state_of(atomic_load(&daemon.arena->states[slot].word)) != PVMI_ASLEEP)
        sched_yield();
    uint32_t word = atomic_load(&daemon.arena->states[slot].word);

    for (int i = 0; i < 20; i++)
        kill(pid, SIGUSR1);
    assert_int_equal(atomic_load(&daemon.arena->states[slot].word), word);
    assert_int_equal(task_send(&sender, name_of(daemon.arena, slot), 5, 8, 1300), PvmOk);
    assert_int_equal(status_of(pid), 0);
    task_end(&sender, false);
    daemon_end(&daemon);
}

/* ---- what the daemon writes to a task's socket ---- */

static void mail_is_there_until_it_is_taken(void **state)
{
    uint32_t woken = PVMI_WAKE_NEVER;

    (void)state;
    assert_true(pvmi_wake_has_mail(&first.self));    /* what came before it claimed its slot */
    pvmi_wake_take_mail(&first.self);
    assert_false(pvmi_wake_has_mail(&first.self));
    assert_int_equal(pvmi_wake_mail(&daemon_one.self, first.self.slot, &woken), PVMI_WOKEN_NOT_NEEDED);
    assert_true(pvmi_wake_has_mail(&first.self));
    pvmi_wake_take_mail(&first.self);
    assert_false(pvmi_wake_has_mail(&first.self));
    pvmi_wake_rest(&first.self);
    assert_int_equal(pvmi_wake_mail(&daemon_one.self, first.self.slot, &woken), PVMI_WOKEN_POKE);
    assert_true(pvmi_wake_has_mail(&first.self));
    pvmi_wake_enter(&first.self);
}

static bool look_mail(void *user)
{
    return pvmi_wake_has_mail(user);
}

/* A task that sleeps on its word alone reads each byte that its daemon writes, and looks at the socket only then. */
static void nobody_sleeps_over_mail(void **state)
{
    struct arena_daemon daemon;
    uint32_t woken = PVMI_WAKE_NEVER;
    int pair[2];

    (void)state;
    daemon_make(&daemon, ARENA_PAGES);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    int fd = daemon.arena->fd;
    uint32_t slot = daemon_reserve(&daemon, 1);
    pid_t pid = fork();

    if (pid == 0) {
        struct arena_task task;
        int reads = 0;
        char byte;

        alarm(60);
        task_start(&task, fd, slot);
        for (int n = 0; n < 1000;) {
            while (!pvmi_wake_has_mail(&task.self))
                pvmi_wake_wait(&task.self, look_mail, &task.self, PVMI_WAKE_NO_DEADLINE, NULL);
            pvmi_wake_take_mail(&task.self);
            for (reads++; read(pair[1], &byte, 1) == 1; n++)
                MUST(write(pair[1], &byte, 1) == 1);
        }
        MUST(reads <= 1001);
        _exit(0);
    }
    for (int n = 0; n < 1000; n++) {
        struct pollfd echo = { pair[0], POLLIN, 0 };
        char byte;

        assert_int_equal(write(pair[0], "x", 1), 1);
        pvmi_wake_mail(&daemon.self, slot, &woken);
        assert_int_equal(poll(&echo, 1, 60000), 1);
        assert_int_equal(read(pair[0], &byte, 1), 1);
    }
    assert_int_equal(status_of(pid), 0);
    close(pair[0]);
    close(pair[1]);
    daemon_end(&daemon);
}

/* ---- who is awake ---- */

static void the_awake_of_a_mask_are_counted_and_recounted(void **state)
{
    struct pvmi_arena *arena = daemon_one.arena;
    uint32_t mask = atomic_load(&first.self.control->mask);
    struct pvmi_arena_mask *entry = &arena->header->masks[mask - 1];
    int looks = 0;

    (void)state;
    assert_in_range(mask, 1, PVMI_ARENA_MASKS);
    assert_int_equal(atomic_load(&second.self.control->mask), mask);
    assert_int_equal(atomic_load(&entry->awake), 3);    /* and the daemon */
    pvmi_wake_leave(&daemon_one.self);
    assert_int_equal(pvmi_wake_may_spin(&first.self), atomic_load(&entry->cpus) >= 2);
    atomic_store(&entry->awake, 5000);
    assert_false(pvmi_wake_may_spin(&first.self));
    pvmi_heal_recount(arena);
    assert_int_equal(atomic_load(&entry->awake), 2);
    pvmi_wake_wait(&first.self, look_nothing, &looks, pvmi_clock_us() + 100, NULL);
    assert_int_equal(atomic_load(&entry->awake), 2);
    pvmi_wake_remask(&first.self);
    assert_int_equal(atomic_load(&entry->awake), 2);
}

/* Tasks bound to other processors have another counter. */
static void another_affinity_has_another_counter(void **state)
{
    uint32_t mask = atomic_load(&first.self.control->mask);
    cpu_set_t before, one;
    int cpu = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    if (CPU_COUNT(&before) == 1)
        skip();
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    pvmi_wake_remask(&first.self);
    assert_int_not_equal(atomic_load(&first.self.control->mask), mask);
    assert_true(pvmi_wake_may_spin(&first.self));
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
    pvmi_wake_remask(&first.self);
    assert_int_equal(atomic_load(&first.self.control->mask), mask);
}

/* The nth of the processors in from. */
static cpu_set_t only(const cpu_set_t *from, int nth)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, from) && nth-- == 0)
            CPU_SET(cpu, &one);
    }
    return one;
}

/* The second task wakes the first, which goes on where the set says. */
static bool look_woken(void *user)
{
    uint32_t woken = PVMI_WAKE_NEVER;

    assert_int_equal(pvmi_wake_peer(&second.self, first.self.slot, &woken), PVMI_WOKEN);
    assert_int_equal(sched_setaffinity(0, sizeof(cpu_set_t), user), 0);
    return false;
}

/* Where both are on one processor, who is awake must not look on without a pause. */
static void who_takes_the_processor_of_its_waker_knows_that(void **state)
{
    cpu_set_t before, here, there;
    int looks = 0;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    here = only(&before, 0);
    assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
    assert_false(pvmi_wake_displaced(&first.self));
    assert_int_equal(pvmi_wake_wait(&first.self, look_woken, &here, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
    assert_true(pvmi_wake_displaced(&first.self));
    assert_false(pvmi_wake_displaced(&first.self));
    assert_int_equal(pvmi_wake_wait(&first.self, look_something, &looks, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
    assert_false(pvmi_wake_displaced(&first.self));    /* nobody woke it */
    if (CPU_COUNT(&before) > 1) {
        there = only(&before, 1);
        assert_int_equal(pvmi_wake_wait(&first.self, look_woken, &there, PVMI_WAKE_NO_DEADLINE, NULL), PvmOk);
        assert_false(pvmi_wake_displaced(&first.self));
    }
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wait_ends_at_its_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_found_and_nobody_woke_for_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(who_sleeps_long_looks_again_and_again_and_stays_asleep, setup, teardown),
        cmocka_unit_test_setup_teardown(who_sees_something_does_not_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_rise_and_each_sender_wakes_once_at_each, setup, teardown),
        cmocka_unit_test_setup_teardown(the_number_comes_round, setup, teardown),
        cmocka_unit_test(nobody_sleeps_over_a_message),
        cmocka_unit_test(a_sleeper_is_woken_by_a_message_and_by_nothing_else),
        cmocka_unit_test_setup_teardown(mail_is_there_until_it_is_taken, setup, teardown),
        cmocka_unit_test(nobody_sleeps_over_mail),
        cmocka_unit_test_setup_teardown(the_awake_of_a_mask_are_counted_and_recounted, setup, teardown),
        cmocka_unit_test_setup_teardown(another_affinity_has_another_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(who_takes_the_processor_of_its_waker_knows_that, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
