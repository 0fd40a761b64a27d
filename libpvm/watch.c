/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/watch.h"

#include <limits.h>

#include "libpvm/msgbuf.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "wire/tid.h"

static struct pvmi_list watches = { &watches, &watches };

static int watch_ask(struct pvmi_watch *watch, int what)
{
    struct pvmi_msg_notify msg = { .what = what, .tag = watch->tag, .ctx = PVMI_CONTEXT_PVMD, .count = 1,
                                   .tids = { .v = &watch->tid, .n = 1 } };

    return pvmi_request_tell(PVMI_MSG_notify, &msg);
}

int pvmi_watch_begin(struct pvmi_watch *watch, int32_t tid)
{
    static int last_tag;
    int rc;

    last_tag = last_tag == INT_MAX ? 1 : last_tag + 1;
    *watch = (struct pvmi_watch){ .tid = tid, .tag = last_tag };
    pvmi_list_push(&watches, &watch->link);
    rc = watch_ask(watch, PvmTaskExit);
    if (rc != PvmOk)
        pvmi_list_remove(&watch->link);
    return rc;
}

void pvmi_watch_end(struct pvmi_watch *watch)
{
    pvmi_list_remove(&watch->link);
    if (!watch->gone && !pvmi_task.lost)
        watch_ask(watch, PvmTaskExit | PvmNotifyCancel);    /* the notice comes at once; nobody takes it */
}

void pvmi_watch_arrived(struct pvmi_msgbuf *buf)
{
    PVMI_LIST_EACH(node, &watches) {
        struct pvmi_watch *watch = PVMI_CONTAINER(node, struct pvmi_watch, link);

        if (watch->tag == buf->tag)
            watch->gone = true;
    }
}
