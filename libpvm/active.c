/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The active buffers of each thread. Ids are kept with their generation, so a buffer that another thread
 * has freed is active nowhere, although its id may be in use again.
 *
 * One thread's are also those of all threads that never made one active: then programs that lock around PVM
 * and pack in one thread, send in another, work as they did. Such a borrowed buffer is never freed by
 * the way: a second thread's first receive must not take the message from under the first one.
 */
#include <stdbool.h>

#include "libpvm/call.h"
#include "libpvm/match.h"
#include "libpvm/msgbuf.h"

struct active_thread {
    unsigned number;    /* of this thread, from 1; 0 it has not asked yet */
    struct pvmi_active own;
};

uint64_t pvmi_active_epoch = 1;
__thread struct pvmi_active_kept pvmi_active_kept_send;
__thread struct pvmi_active_kept pvmi_active_kept_receive;

static __thread struct active_thread active_here __attribute__((tls_model("initial-exec")));

static unsigned thread_count;
static unsigned process_number;
static unsigned owner_number;    /* the thread whose buffers are shared; 0 none yet */
static struct pvmi_active shared;

/* Buffers become active or are freed: what other threads have kept is to be asked for anew. Our own answers stay,
 * but for buf. */
static void epoch_next(const struct pvmi_msgbuf *buf)
{
    uint64_t before = pvmi_active_epoch;

    if (buf != NULL && pvmi_active_kept_send.buf == buf)
        pvmi_active_kept_send.epoch = 0;
    if (buf != NULL && pvmi_active_kept_receive.buf == buf)
        pvmi_active_kept_receive.epoch = 0;
    if (pvmi_call_one_thread())
        return;
    pvmi_active_epoch++;
    if (pvmi_active_kept_send.epoch == before)
        pvmi_active_kept_send.epoch = pvmi_active_epoch;
    if (pvmi_active_kept_receive.epoch == before)
        pvmi_active_kept_receive.epoch = pvmi_active_epoch;
}

void pvmi_active_freed(const struct pvmi_msgbuf *buf)
{
    epoch_next(buf);
}

static bool thread_is_owner(void)
{
    return active_here.number != 0 && active_here.number == owner_number;
}

/* Makes the calling thread the owner if there is none. */
static void thread_claim(void)
{
    if (active_here.number == 0)
        active_here.number = ++thread_count;
    if (owner_number == 0)
        owner_number = active_here.number;
}

static struct pvmi_msgbuf *active_buf(const struct pvmi_active_one *active)
{
    if (active->id == 0 || pvmi_msgbuf_generation(active->id) != active->generation)
        return NULL;
    return pvmi_msgbuf_find(active->id);
}

struct pvmi_msgbuf *pvmi_active_find_send(void)
{
    pvmi_active_kept_send.buf = active_buf(active_here.own.send.own ? &active_here.own.send : &shared.send);
    pvmi_active_kept_send.epoch = pvmi_active_epoch;
    return pvmi_active_kept_send.buf;
}

struct pvmi_msgbuf *pvmi_active_find_receive(void)
{
    pvmi_active_kept_receive.buf = active_buf(active_here.own.receive.own ? &active_here.own.receive : &shared.receive);
    pvmi_active_kept_receive.epoch = pvmi_active_epoch;
    return pvmi_active_kept_receive.buf;
}

int pvmi_active_send(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_buf();

    return buf == NULL ? 0 : buf->id;
}

int pvmi_active_receive(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_receive_buf();

    return buf == NULL ? 0 : buf->id;
}

/* own is this thread's place for a kind of buffer, shared_one the one for all. */
static void active_set(struct pvmi_active_one *own, struct pvmi_active_one *shared_one, int id)
{
    struct pvmi_active_one now = { .id = id, .generation = pvmi_msgbuf_generation(id), .own = true };

    epoch_next(NULL);
    thread_claim();
    if (thread_is_owner())
        *shared_one = now;
    else
        *own = now;
}

static void active_replace(struct pvmi_active_one *own, struct pvmi_active_one *shared_one, int id)
{
    struct pvmi_msgbuf *old;

    thread_claim();
    old = thread_is_owner() ? active_buf(shared_one) : own->own ? active_buf(own) : NULL;
    active_set(own, shared_one, id);
    if (old != NULL && old->id != id)
        pvmi_msgbuf_free(old);
}

static void keep_send(int id)
{
    pvmi_active_kept_send.buf = pvmi_msgbuf_find(id);
    pvmi_active_kept_send.epoch = pvmi_active_epoch;
}

static void keep_receive(int id)
{
    pvmi_active_kept_receive.buf = pvmi_msgbuf_find(id);
    pvmi_active_kept_receive.epoch = pvmi_active_epoch;
}

void pvmi_active_set_send(int id)
{
    active_set(&active_here.own.send, &shared.send, id);
    keep_send(id);
}

void pvmi_active_set_receive(int id)
{
    active_set(&active_here.own.receive, &shared.receive, id);
    keep_receive(id);
}

void pvmi_active_replace_send(int id)
{
    active_replace(&active_here.own.send, &shared.send, id);
    keep_send(id);
}

void pvmi_active_replace_receive(int id)
{
    active_replace(&active_here.own.receive, &shared.receive, id);
    keep_receive(id);
}

/* With one thread only, which owns what is shared, these two need not look who else may be concerned. */

void pvmi_active_received(struct pvmi_msgbuf *buf)
{
    if (!pvmi_call_one_thread() || !thread_is_owner()) {
        pvmi_active_set_receive(buf->id);
        return;
    }
    shared.receive.id = buf->id;
    shared.receive.generation = pvmi_msgbuf_generation(buf->id);
    pvmi_active_kept_receive.buf = buf;
    pvmi_active_kept_receive.epoch = pvmi_active_epoch;
}

bool pvmi_active_drop_receive(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_receive_known();

    if (!pvmi_call_one_thread() || !thread_is_owner() || buf == NULL || pvmi_match_holds(buf))
        return false;
    shared.receive.id = 0;
    pvmi_msgbuf_free(buf);
    pvmi_active_kept_receive.buf = NULL;
    pvmi_active_kept_receive.epoch = pvmi_active_epoch;
    return true;
}

/* With one thread only, so that nobody else has the old one active. */
int pvmi_active_renew_send(int encoding)
{
    struct pvmi_msgbuf *buf = pvmi_active_send_known();

    if (buf == NULL || !pvmi_call_one_thread() || !thread_is_owner() || buf == pvmi_active_receive_buf() ||
        !pvmi_msgbuf_renew(buf, encoding))
        return 0;
    shared.send.id = buf->id;
    shared.send.generation = pvmi_msgbuf_generation(buf->id);
    return buf->id;
}

void pvmi_active_save(struct pvmi_active *ret_active)
{
    thread_claim();
    *ret_active = thread_is_owner() ? shared : active_here.own;
    ret_active->process = process_number;
}

void pvmi_active_restore(const struct pvmi_active *active)
{
    if (active->process != process_number)
        return;
    pvmi_active_epoch++;
    if (thread_is_owner())
        shared = *active;
    else
        active_here.own = *active;
}

void pvmi_active_enrolled(void)
{
    thread_claim();
}

void pvmi_active_after_fork(void)
{
    pvmi_active_epoch++;
    active_here = (struct active_thread){ .number = 0 };
    shared = (struct pvmi_active){ .send.id = 0 };
    process_number++;
    owner_number = 0;
}
