/* SPDX-License-Identifier: BSD-3-Clause */
/* Open requests of our own to daemons. */
#ifndef PVMD_CORE_REQUEST_H
#define PVMD_CORE_REQUEST_H

#include "pvmd/core/asker.h"
#include "pvmd/core/core.h"

struct request;

/* Called once: with fault when no answer can come, else with the answer (type, msg as in control.def). */
typedef void request_done_fn(struct core *core, struct request *request, const struct pvmi_fault *fault,
                             int type, const void *msg);

struct request {
    uint32_t id;
    int host;
    request_done_fn *done;
    struct asker asker;    /* whom it is made for, if it is forwarded */
    void *owner;
    int index;
};

/* A request to daemon host (this one, too), which is to be posted next. NULL when there is no memory. */
struct request *request_open(struct core *core, int host, request_done_fn *done);
/* Sends msg, whose first member is the id. done may be called from inside. */
void request_post(struct core *core, struct request *request, int type, void *msg);
void request_fail_host(struct core *core, int host, const char *text);
/* No answer to it can come any more: ends it. */
void request_cancel(struct core *core, uint32_t id, const struct pvmi_fault *fault);
void request_free_all(struct core *core);
/* An answer of daemon host, or progress. */
void request_answered(struct core *core, int host, int type, const void *msg);

#endif
