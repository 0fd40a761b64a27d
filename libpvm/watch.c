/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/watch.h"

#include <limits.h>

#include "base/alloc.h"
#include "libpvm/call.h"
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

static void watch_free(struct pvmi_watch *watch)
{
    pvmi_list_remove(&watch->link);
    pvmi_free(watch);
}

int pvmi_watch_begin(int32_t tid, struct pvmi_watch **ret_watch)
{
    static int last_tag;
    struct pvmi_watch *watch = pvmi_malloc(sizeof(*watch));
    int rc;

    if (watch == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory to watch over t%x", (unsigned)tid);
    last_tag = last_tag == INT_MAX ? 1 : last_tag + 1;
    *watch = (struct pvmi_watch){ .me = pvmi_task.tid, .tid = tid, .tag = last_tag };
    pvmi_list_push(&watches, &watch->link);
    rc = watch_ask(watch, PvmTaskExit);
    if (rc != PvmOk)
        watch_free(watch);
    else
        *ret_watch = watch;
    return rc;
}

void pvmi_watch_end(struct pvmi_watch *watch)
{
    if (!watch->gone && !pvmi_task.lost && pvmi_task.tid == watch->me)
        watch_ask(watch, PvmTaskExit | PvmNotifyCancel);    /* the notice comes at once; nobody takes it */
    watch_free(watch);
}

void pvmi_watch_arrived(struct pvmi_msgbuf *buf)
{
    PVMI_LIST_EACH(node, &watches) {
        struct pvmi_watch *watch = PVMI_CONTAINER(node, struct pvmi_watch, link);

        if (watch->tag == buf->tag)
            watch->gone = true;
    }
}
