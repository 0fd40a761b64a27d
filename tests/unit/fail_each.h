/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One call of the API with each of its allocations failing in turn, on the daemon of fake_answers.h. Included by one
 * file of a program, once.
 */
#ifndef TESTS_UNIT_FAIL_EACH_H
#define TESTS_UNIT_FAIL_EACH_H

#include "fake_answers.h"
#include "libpvm/call.h"
#include "libpvm/task.h"

#define ALLOCATIONS_MAX 200    /* of one call */

/* True when the allocation that was to fail has not come. */
static bool fault_is_left(void)
{
    for (int i = 0; i < ALLOCATIONS_MAX + 1; i++) {
        void *block = pvmi_malloc(1);

        if (block == NULL)
            return true;
        pvmi_free(block);
    }
    pvmi_alloc_fail_nth(-1);
    return false;
}

/* What must not change by a call that fails. */
struct before {
    int tid;
    int send;
    int receive;
};

static struct before look(void)
{
    return (struct before){ pvmi_task.tid, pvm_getsbuf(), pvm_getrbuf() };
}

/* keeps: the active buffers are those of before; the receives drop theirs first. */
enum keeps { KEEPS_BOTH, KEEPS_SEND, KEEPS_RECEIVE };

/* True when the call gave PvmNoMem for one of its allocations. */
static inline bool check_call(const char *name, int (*call)(void), enum keeps keeps)
{
    int rc = PvmNoMem;
    bool done = false;
    bool refused = false;

    for (int nth = 0; !done; nth++) {
        struct before before = look();

        assert_true(nth < ALLOCATIONS_MAX);
        pvmi_alloc_fail_nth(nth);
        rc = call();
        done = fault_is_left();
        pvmi_alloc_fail_nth(-1);
        if (rc < 0 && rc != PvmNoMem)
            fail_msg("%s gave %d when allocation %d failed", name, rc, nth);
        if (rc < 0) {
            struct before after = look();

            refused = true;
            assert_int_equal(after.tid, before.tid);
            if (keeps != KEEPS_RECEIVE)
                assert_int_equal(after.send, before.send);
            assert_int_equal(after.receive, keeps == KEEPS_SEND ? 0 : before.receive);
            assert_int_equal(pvm_errno, PvmNoMem);
        }
    }
    if (rc < 0)
        fail_msg("%s gave %d with all its memory", name, rc);
    return refused;
}

#endif
