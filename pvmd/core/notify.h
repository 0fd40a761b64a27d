/* SPDX-License-Identifier: BSD-3-Clause */
/* Who wants to know what. */
#ifndef PVMD_CORE_NOTIFY_H
#define PVMD_CORE_NOTIFY_H

#include "pvmd/core/core.h"

struct peer;
struct task;

#define ENDINGS_MAX 1024    /* exit statuses remembered for notifies that come late */

/* Something whose end somebody waits for: a task or a host. */
struct subject {
    int32_t tid;                  /* task, or host as tid */
    struct pvmi_list watches;     /* struct watch.link, oldest first */
    uint32_t host_count;
    int *hosts;                   /* other daemons that asked for it */
};

struct watch {
    struct pvmi_list link;    /* in subject.watches or core.add_watches */
    struct pvmi_list own;     /* in task.watches */
    struct subject *subject;  /* NULL for PvmHostAdd */
    struct task *task;        /* who waits */
    int what;
    int32_t tid;              /* as it was given */
    int32_t tag;
    int32_t ctx;
    int32_t count;            /* HostAdd: messages still wanted, -1 for ever */
};

/* How a task ended, for who asks only afterwards; not kept for status 0. */
struct ending {
    int32_t tid;
    int32_t status;
};

void notify_request(struct core *core, struct task *task, const struct pvmi_msg_notify *msg);
void notify_watch(struct core *core, struct peer *peer, int32_t tid);
void notify_unwatch(struct core *core, struct peer *peer, int32_t tid);
void notify_exited(struct core *core, int32_t tid, int32_t status);      /* of another host */
void notify_task_ended(struct core *core, struct task *task);            /* of this host: tells everybody */
void notify_host_dropped(struct core *core, int number);
int notify_hosts_added(struct core *core, const struct pvmi_ints *numbers);    /* PvmOk or PvmNoMem */
void notify_forget(struct core *core, struct task *task);                /* what it asked for */
void notify_free_all(struct core *core);

#endif
