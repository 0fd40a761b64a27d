/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's lock is kept while a handler runs: other threads must not see its context and buffers. */
#include "libpvm/handler.h"

#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"
#include "libpvm/call.h"
#include "libpvm/match.h"
#include "libpvm/msgbuf.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "libpvm/undeclared.h"
#include "wire/tid.h"

#define FIRST_ID 9                          /* as in PVM 3, whose library takes those below for itself */
#define SYSTEM_TAG_FIRST ((int)0x80030001)  /* tags of messages between libraries, in PVMI_CONTEXT_CONTROL */
#define SYSTEM_TAG_LAST ((int)0x8003000c)
#define ANY (-1)

struct handler {
    int (*func)(int mid);    /* NULL: the place is free */
    int src;
    int tag;
    int ctx;
    int next_free;           /* index + 1; 0 ends the list */
};

int pvmi_handler_count;

static struct {
    struct handler *v;       /* by id - FIRST_ID */
    int places;
    int free;                /* the place that was freed last, index + 1; 0 none */
    bool running;
} handlers;

/* This thread is in one. */
static __thread bool handler_inside __attribute__((tls_model("initial-exec")));

/* ---- which one ---- */

static bool matches(const struct handler *handler, const struct pvmi_msgbuf *buf)
{
    return handler->func != NULL && (handler->src == ANY || handler->src == buf->src) &&
           (handler->tag == ANY || handler->tag == buf->tag) &&
           (handler->ctx == ANY ? !pvmi_match_is_system(buf->ctx) : handler->ctx == buf->ctx);
}

static const struct handler *handler_of(const struct pvmi_msgbuf *buf)
{
    for (int i = 0; i < handlers.places; i++) {
        if (matches(&handlers.v[i], buf))
            return &handlers.v[i];
    }
    return NULL;
}

bool pvmi_handler_exists(const struct pvmi_msgbuf *buf)
{
    return handler_of(buf) != NULL;
}

/* ---- calling ---- */

/* What a handler has left active is freed: its message, or another one that it has received, and what it has
 * packed. A message that still waits in the queue only is as it came. */
static void free_left_over(void)
{
    struct pvmi_msgbuf *buf = pvmi_active_receive_buf();

    if (buf != NULL && pvmi_match_holds(buf))
        pvmi_msgbuf_rewind(buf);
    else
        pvmi_msgbuf_free(buf);
    pvmi_msgbuf_free(pvmi_active_send_buf());
}

static void call(const struct handler *handler, struct pvmi_msgbuf *buf)
{
    int (*func)(int mid) = handler->func;
    struct pvmi_call_state before;
    struct pvmi_active active;
    int context = pvmmyctx;

    pvmi_active_save(&active);
    pvmi_active_set_send(0);
    pvmi_active_set_receive(buf->id);
    pvmi_msgbuf_rewind(buf);
    pvmmyctx = buf->ctx;
    if (pvmi_trace_on)
        pvmi_trace_once(TEV_MHF_INVOKE, handler->src, handler->tag, handler->ctx, buf->id,
                        (int)pvmi_msgbuf_xdr_length(buf), buf->tag, buf->ctx, buf->src);
    handlers.running = handler_inside = true;
    before = pvmi_call_program_begin();
    func(buf->id);
    pvmi_call_program_end(&before);
    handlers.running = handler_inside = false;
    pvmmyctx = context;
    free_left_over();
    pvmi_active_restore(&active);
}

int pvmi_handler_call(struct pvmi_msgbuf *buf)
{
    const struct handler *handler = handler_of(buf);

    if (handler == NULL)
        return 0;
    if (buf->id == 0 && pvmi_msgbuf_publish(buf) != PvmOk)
        return PvmNoMem;
    pvmi_list_remove(&buf->link);
    call(handler, buf);
    return 1;
}

bool pvmi_handler_running(void)
{
    return handlers.running;
}

bool pvmi_handler_inside(void)
{
    return handler_inside;
}

int pvmi_handler_refuse(const char *what)
{
    if (!handler_inside)
        return PvmOk;
    return pvmi_call_fail(PvmNotImpl, "a message handler cannot %s", what);
}

/* ---- life ---- */

void pvmi_handler_clear(void)
{
    pvmi_free(handlers.v);
    handlers.v = NULL;
    handlers.places = 0;
    pvmi_handler_count = 0;
    handlers.free = 0;
    handlers.running = false;
    handler_inside = false;
}

/* ---- the API ---- */

static bool meet(int a, int b)
{
    return a == b || a == ANY || b == ANY;
}

/* Messages between libraries have handlers of their own, as PVM 3 sees it. */
static bool meets_system(int tag, int ctx)
{
    return meet(ctx, PVMI_CONTEXT_CONTROL) && (tag == ANY || (tag >= SYSTEM_TAG_FIRST && tag <= SYSTEM_TAG_LAST));
}

static int check(int src, int tag, int ctx, int (*func)(int mid))
{
    if (func == NULL)
        return pvmi_call_fail(PvmBadParam, "the function is NULL");
    if (meets_system(tag, ctx))
        return pvmi_call_fail(PvmExists, "this would take messages of the library itself: name a tag or a context");
    for (int i = 0; i < handlers.places; i++) {
        const struct handler *other = &handlers.v[i];

        if (other->func != NULL && meet(src, other->src) && meet(tag, other->tag) && meet(ctx, other->ctx))
            return pvmi_call_fail(PvmExists, "handler %d takes some of these messages: source %d, tag %d, context %d",
                                  FIRST_ID + i, other->src, other->tag, other->ctx);
    }
    return PvmOk;
}

/* A free place, or a negative code. */
static int place_new(void)
{
    int place = handlers.free - 1;
    struct handler *v;

    if (place >= 0) {
        handlers.free = handlers.v[place].next_free;
        return place;
    }
    v = pvmi_realloc(handlers.v, ((size_t)handlers.places + 1) * sizeof(*v));
    if (v == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for one more message handler");
    handlers.v = v;
    return handlers.places++;
}

static int add(int src, int tag, int ctx, int (*func)(int mid))
{
    int rc = check(src, tag, ctx, func);

    if (rc == PvmOk)
        rc = place_new();
    if (rc < 0)
        return rc;
    handlers.v[rc] = (struct handler){ .func = func, .src = src, .tag = tag, .ctx = ctx };
    pvmi_handler_count++;
    return FIRST_ID + rc;
}

int pvm_addmhf(int src, int tag, int ctx, int (*func)(int mid))
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_ADDMHF, src, tag, ctx);
    return pvmi_call_leave("pvm_addmhf", add(src, tag, ctx, func));
}

static int delete(int mhid)
{
    int place = mhid - FIRST_ID;

    if (mhid < 0)
        return pvmi_call_fail(PvmBadParam, "the id %d of a message handler is negative", mhid);
    if (place < 0 || place >= handlers.places || handlers.v[place].func == NULL)
        return pvmi_call_fail(PvmNotFound, "there is no message handler %d", mhid);
    handlers.v[place].func = NULL;
    handlers.v[place].next_free = handlers.free;
    handlers.free = place + 1;
    pvmi_handler_count--;
    return PvmOk;
}

int pvm_delmhf(int mhid)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_DELMHF, mhid);
    return pvmi_call_leave("pvm_delmhf", delete(mhid));
}

/* PVM 3 also lists the nine that its library has for itself, and with each the places of its tables. */
int pvmdisplaymhfinfo(const char *name, const char *text, int tid)
{
    unsigned who = (unsigned)tid;

    pvmi_call_enter();
    printf("\n%s t%x: Display Message Handler Information: nhandles = %d\n", name, who, pvmi_handler_count);
    printf("%s t%x: %s\n", name, who, text);
    for (int i = 0; i < handlers.places; i++) {
        const struct handler *handler = &handlers.v[i];

        if (handler->func != NULL)
            printf("%s t%x: handles[%2d].mhid = %2d  .header.src = t%-8x  .header.ctx = %8d  .header.tag= %11d\n",
                   name, who, i, FIRST_ID + i, (unsigned)handler->src, handler->ctx, handler->tag);
    }
    printf("\n\n");
    return pvmi_call_end(PvmOk);
}
