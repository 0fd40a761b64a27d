/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pvm_notify. A watch has one owner, the daemon of the task that waits, and is gone when it fires; so a
 * notice comes once. For a task elsewhere its daemon is asked once ("watch"), and answers once ("exited",
 * behind all that the task has sent). If that host is dropped first, that is the end of its tasks.
 */
#include "pvmd/core/notify.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/flow.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/route.h"
#include "pvmd/core/state_hosts.h"
#include "pvmd/core/task.h"
#include "wire/section.h"
#include "wire/tid.h"

/* ---- subjects ---- */

static struct subject *subject_find(struct core *core, int32_t tid)
{
    return pvmi_table_get(&core->subjects, (uint32_t)tid);
}

static struct subject *subject_make(struct core *core, int32_t tid)
{
    struct subject *subject = subject_find(core, tid);

    if (subject != NULL)
        return subject;
    subject = core_alloc(core, sizeof(*subject));
    if (subject == NULL)
        return NULL;
    subject->tid = tid;
    pvmi_list_init(&subject->watches);
    if (core_table_set(core, &core->subjects, (uint32_t)tid, subject) != PvmOk) {
        pvmi_free(subject);
        return NULL;
    }
    return subject;
}

static void subject_free(struct core *core, struct subject *subject)
{
    pvmi_table_remove(&core->subjects, (uint32_t)subject->tid);
    pvmi_free(subject->hosts);
    pvmi_free(subject);
}

/* Nobody waits for it any more. */
static void subject_release(struct core *core, struct subject *subject)
{
    struct pvmi_msg_unwatch unwatch = { .tid = subject->tid };
    struct peer *peer = peer_find(core, pvmi_tid_host(subject->tid));

    if (!pvmi_list_empty(&subject->watches) || subject->host_count > 0)
        return;
    if (pvmi_tid_is_task(subject->tid) && peer != NULL && peer->member && !core->stopped)
        peer_send(core, peer, PVMI_CHANNEL_CONTROL, PVMI_MSG_unwatch, &unwatch);
    subject_free(core, subject);
}

/* ---- notices ---- */

static void send_notice(struct core *core, const struct task *task, int32_t tag, int32_t ctx,
                        const int32_t *ints, uint32_t count)
{
    uint32_t length = count * (uint32_t)sizeof(*ints);
    struct pvmi_frame_header header = {
        .kind = PVMI_FRAME_NOTICE,
        .encoding = PVMI_ENCODING_DEFAULT,
        .format = (uint8_t)pvmi_format_own(),
        .src = PVMI_TID_PVMD,
        .dst = task->tid,
        .tag = tag,
        .ctx = ctx,
        .message_length = PVMI_SECTION_HEADER_SIZE + length,
    };

    struct pvmi_blob *blob = pvmi_blob_new(PVMI_SECTION_HEADER_SIZE + length);
    if (blob == NULL && core_release_reserve(core))
        blob = pvmi_blob_new(PVMI_SECTION_HEADER_SIZE + length);
    if (blob == NULL) {
        core_out_of_memory(core);
        return;
    }
    pvmi_section_header_encode(PVMI_TYPE_INT32, length, blob->data);
    memcpy(blob->data + PVMI_SECTION_HEADER_SIZE, ints, length);
    struct pvmi_frame *frame = core_frame(core, &header, blob, 0, (uint32_t)blob->length);
    pvmi_blob_unref(blob);
    if (frame != NULL)
        route_deliver(core, frame);
}

static void notice_gone(struct core *core, const struct task *task, int what, int32_t tag, int32_t ctx,
                        int32_t tid, int32_t status)
{
    int32_t ints[] = { tid, status };

    send_notice(core, task, tag, ctx, ints, what == PvmTaskExit ? 2 : 1);
}

static void watch_free(struct core *core, struct watch *watch)
{
    pvmi_list_remove(&watch->link);
    pvmi_list_remove(&watch->own);
    pvmi_free(watch);
    core->watch_count--;
}

static void watch_fire(struct core *core, struct watch *watch, int32_t status)
{
    struct watch fired = *watch;

    watch_free(core, watch);
    notice_gone(core, fired.task, fired.what, fired.tag, fired.ctx, fired.tid, status);
}

static void subject_fire(struct core *core, struct subject *subject, int32_t status)
{
    while (!pvmi_list_empty(&subject->watches))
        watch_fire(core, PVMI_CONTAINER(subject->watches.next, struct watch, link), status);
}

/* ---- what a task asks for ---- */

static struct watch *watch_new(struct core *core, struct task *task, int what, int32_t tid, int32_t tag,
                               int32_t ctx)
{
    struct watch *watch = core_alloc(core, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    watch->task = task;
    watch->what = what;
    watch->tid = tid;
    watch->tag = tag;
    watch->ctx = ctx;
    pvmi_list_init(&watch->link);
    pvmi_list_push(&task->watches, &watch->own);
    core->watch_count++;
    return watch;
}

static struct watch *watch_find(const struct task *task, int what, int32_t tid,
                                const struct pvmi_msg_notify *msg)
{
    PVMI_LIST_EACH(node, &task->watches) {
        struct watch *watch = PVMI_CONTAINER(node, struct watch, own);

        if (watch->what == what && watch->tid == tid && watch->tag == msg->tag && watch->ctx == msg->ctx)
            return watch;
    }
    return NULL;
}

/* A program may end before its spawner comes to ask for the notice: that must still tell how. */
static void ending_remember(struct core *core, const struct task *task)
{
    if (task->status == 0)
        return;
    core->endings[core->ending_next] = (struct ending){ .tid = task->tid, .status = task->status };
    core->ending_next = (core->ending_next + 1) % ENDINGS_MAX;
}

static int32_t ending_status(const struct core *core, int32_t tid)
{
    for (uint32_t i = 0; i < ENDINGS_MAX; i++) {
        if (core->endings[i].tid == tid)
            return core->endings[i].status;
    }
    return 0;
}

/* False when what is to be watched is not there: its notice goes at once. */
static bool subject_exists(struct core *core, int what, int32_t tid)
{
    int host = pvmi_tid_host(tid);
    const struct task *task;

    if (what == PvmHostDelete || host != core_self(core))
        return host_find(&core->state, host) != NULL;
    task = pvmi_table_get(&core->tasks, (uint32_t)tid);
    return task != NULL && !task->reported;
}

static void watch_begin(struct core *core, struct task *task, int what, int32_t tid,
                        const struct pvmi_msg_notify *msg)
{
    int host = pvmi_tid_host(tid);
    int32_t key = what == PvmTaskExit ? tid : pvmi_tid_of_host(host);
    bool known = subject_find(core, key) != NULL;
    struct subject *subject = subject_make(core, key);
    struct watch *watch = subject != NULL ? watch_new(core, task, what, tid, msg->tag, msg->ctx) : NULL;
    struct pvmi_msg_watch ask = { .tid = tid };

    if (watch == NULL) {
        core_out_of_memory(core);    /* nothing answers a notify: the task would wait for ever */
        return;
    }
    watch->subject = subject;
    pvmi_list_push(&subject->watches, &watch->link);
    if (what == PvmTaskExit && host != core_self(core) && !known)
        peer_send(core, peer_find(core, host), PVMI_CHANNEL_CONTROL, PVMI_MSG_watch, &ask);
}

static void watch_cancel(struct core *core, struct task *task, int what, int32_t tid,
                         const struct pvmi_msg_notify *msg)
{
    struct watch *watch = watch_find(task, what, tid, msg);
    struct subject *subject;

    if (watch == NULL)
        return;
    subject = watch->subject;
    watch_fire(core, watch, 0);
    subject_release(core, subject);
}

static void notify_gone(struct core *core, struct task *task, int what, bool cancel,
                        const struct pvmi_msg_notify *msg)
{
    for (uint32_t i = 0; i < msg->tids.n && !core->stopped; i++) {
        int32_t tid = msg->tids.v[i];

        if (what == PvmTaskExit && tid == task->tid)
            continue;    /* about itself: the library's business, at pvm_exit */
        if (cancel)
            watch_cancel(core, task, what, tid, msg);
        else if (subject_exists(core, what, tid))
            watch_begin(core, task, what, tid, msg);
        else
            notice_gone(core, task, what, msg->tag, msg->ctx, tid, ending_status(core, tid));
    }
}

/* A request repeated with the same tag and context replaces the counter. */
static void notify_add(struct core *core, struct task *task, bool cancel, const struct pvmi_msg_notify *msg)
{
    struct watch *watch = watch_find(task, PvmHostAdd, 0, msg);

    if (cancel || msg->count == 0) {
        if (watch != NULL)
            watch_free(core, watch);
        return;
    }
    if (watch == NULL) {
        watch = watch_new(core, task, PvmHostAdd, 0, msg->tag, msg->ctx);
        if (watch == NULL) {
            core_out_of_memory(core);
            return;
        }
        pvmi_list_push(&core->add_watches, &watch->link);
    }
    watch->count = msg->count;
}

void notify_request(struct core *core, struct task *task, const struct pvmi_msg_notify *msg)
{
    bool cancel = (msg->what & PvmNotifyCancel) != 0;
    int what = msg->what & ~PvmNotifyCancel;

    if (what == PvmTaskExit || what == PvmHostDelete)
        notify_gone(core, task, what, cancel, msg);
    else if (what == PvmHostAdd)
        notify_add(core, task, cancel, msg);
    else
        core_log(core, PVMI_LOG_WARN, "t%x asked for a notice of kind %d, which there is not",
                 (unsigned)task->tid, (int)msg->what);
}

void notify_forget(struct core *core, struct task *task)
{
    while (!pvmi_list_empty(&task->watches)) {
        struct watch *watch = PVMI_CONTAINER(task->watches.next, struct watch, own);
        struct subject *subject = watch->subject;

        watch_free(core, watch);
        if (subject != NULL)
            subject_release(core, subject);
    }
}

/* ---- what other daemons ask for ---- */

static void send_exited(struct core *core, int host, int32_t tid, int32_t status)
{
    struct pvmi_msg_exited exited = { .tid = tid, .status = status };
    struct peer *peer = peer_find(core, host);
    struct pvmi_frame *frame;

    if (peer == NULL || !peer->member)
        return;
    if (control_frame(core, PVMI_MSG_exited, &exited, &frame) != PvmOk) {
        core_out_of_memory(core);
        return;
    }
    flow_push(core, peer, tid, frame);
}

void notify_watch(struct core *core, struct peer *peer, int32_t tid)
{
    struct subject *subject;
    int *hosts;

    if (pvmi_tid_host(tid) != core_self(core) || !subject_exists(core, PvmTaskExit, tid)) {
        send_exited(core, peer->number, tid, ending_status(core, tid));
        return;
    }
    subject = subject_make(core, tid);
    for (uint32_t i = 0; subject != NULL && i < subject->host_count; i++) {
        if (subject->hosts[i] == peer->number)
            return;
    }
    hosts = subject != NULL ? core_alloc(core, (subject->host_count + 1) * sizeof(*hosts)) : NULL;
    if (hosts == NULL) {
        core_out_of_memory(core);
        return;
    }
    if (subject->host_count > 0)
        memcpy(hosts, subject->hosts, subject->host_count * sizeof(*hosts));
    hosts[subject->host_count++] = peer->number;
    pvmi_free(subject->hosts);
    subject->hosts = hosts;
}

static void subject_remove_host(struct core *core, struct subject *subject, int number)
{
    for (uint32_t i = 0; i < subject->host_count; i++) {
        if (subject->hosts[i] != number)
            continue;
        memmove(&subject->hosts[i], &subject->hosts[i + 1],
                (subject->host_count - i - 1) * sizeof(*subject->hosts));
        subject->host_count--;
        subject_release(core, subject);
        return;
    }
}

void notify_unwatch(struct core *core, struct peer *peer, int32_t tid)
{
    struct subject *subject = subject_find(core, tid);

    if (subject != NULL && pvmi_tid_host(tid) == core_self(core))
        subject_remove_host(core, subject, peer->number);
}

/* ---- what happened ---- */

void notify_exited(struct core *core, int32_t tid, int32_t status)
{
    struct subject *subject = subject_find(core, tid);

    if (subject == NULL || !pvmi_tid_is_task(tid))
        return;
    subject_fire(core, subject, status);
    subject_free(core, subject);
}

void notify_task_ended(struct core *core, struct task *task)
{
    struct subject *subject = subject_find(core, task->tid);

    ending_remember(core, task);
    if (subject == NULL)
        return;
    subject_fire(core, subject, task->status);
    for (uint32_t i = 0; i < subject->host_count; i++)
        send_exited(core, subject->hosts[i], task->tid, task->status);
    subject_free(core, subject);
}

void notify_host_dropped(struct core *core, int number)
{
    uint32_t cursor = 0;
    struct subject *subject;

    while ((subject = pvmi_table_next(&core->subjects, &cursor, NULL)) != NULL) {
        if (pvmi_tid_host(subject->tid) == number) {
            subject_fire(core, subject, 0);
            subject_free(core, subject);
        } else {
            subject_remove_host(core, subject, number);
        }
    }
}

int notify_hosts_added(struct core *core, const struct pvmi_ints *numbers)
{
    int32_t *ints;

    if (pvmi_list_empty(&core->add_watches))
        return PvmOk;
    ints = core_alloc(core, ((size_t)numbers->n + 1) * sizeof(*ints));
    if (ints == NULL)
        return PvmNoMem;
    ints[0] = (int32_t)numbers->n;
    for (uint32_t i = 0; i < numbers->n; i++)
        ints[i + 1] = pvmi_tid_of_host(numbers->v[i]);
    PVMI_LIST_EACH(node, &core->add_watches) {
        struct watch *watch = PVMI_CONTAINER(node, struct watch, link);

        send_notice(core, watch->task, watch->tag, watch->ctx, ints, numbers->n + 1);
        if (watch->count > 0 && --watch->count == 0)
            watch_free(core, watch);
    }
    pvmi_free(ints);
    return PvmOk;
}

void notify_free_all(struct core *core)
{
    uint32_t cursor = 0;
    struct subject *subject;

    while ((subject = pvmi_table_next(&core->subjects, &cursor, NULL)) != NULL)
        subject_free(core, subject);
    pvmi_table_fini(&core->subjects);
}
