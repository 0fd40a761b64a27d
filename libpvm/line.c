/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/line.h"

#include "base/list.h"
#include "libpvm/getfds.h"
#include "libpvm/handler.h"
#include "libpvm/match.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"

struct pvmi_list pvmi_line = { &pvmi_line, &pvmi_line };

void pvmi_line_push(struct pvmi_msgbuf *buf)
{
    if (pvmi_match_is_system(buf->ctx) && !pvmi_handler_exists(buf)) {
        pvmi_match_push(&pvmi_task.arrived, buf);
        return;
    }
    pvmi_list_push(&pvmi_line, &buf->link);
    pvmi_getfds_queued();
}

int pvmi_line_step(struct pvmi_msgbuf **ret_buf)
{
    struct pvmi_msgbuf *buf;
    int rc;

    if (pvmi_list_empty(&pvmi_line) || pvmi_handler_running())
        return 0;
    if (pvmi_task.tid == 0)
        return 0;    /* it enrols, and no handler could send yet: what came right behind the answer waits */
    buf = PVMI_CONTAINER(pvmi_line.next, struct pvmi_msgbuf, link);
    rc = pvmi_handler_call(buf);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        pvmi_list_remove(&buf->link);
        pvmi_match_push(&pvmi_task.arrived, buf);
    }
    *ret_buf = rc == 0 ? buf : NULL;
    return 1;
}

void pvmi_line_drain(void)
{
    struct pvmi_msgbuf *buf;

    while (pvmi_line_step(&buf) > 0)
        ;
}

void pvmi_line_clear(void)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(&pvmi_line)) != NULL)
        pvmi_msgbuf_free(PVMI_CONTAINER(node, struct pvmi_msgbuf, link));
}
