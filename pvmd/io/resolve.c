/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/resolve.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "pvmd/io/watch.h"

/* Lives until its thread is done, also when nobody waits for it any more. */
struct resolve {
    uv_work_t work;
    char name[256];
    char addresses[RESOLVE_MAX][64];
    int count;
    struct alarm *limit;
    resolve_fn *fn;    /* NULL: cancelled, or told already */
    void *owner;
};

int resolve_now(const char *name, char (*addresses)[64], int max)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *found;
    int count = 0;

    /* A number needs no interface of its family: ::1 and 127.0.0.2 are good in a container with neither. */
    if (getaddrinfo(name, NULL, &(struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST },
                    &found) != 0 &&
        getaddrinfo(name, NULL, &hints, &found) != 0)
        return 0;
    for (struct addrinfo *at = found; at != NULL && count < max; at = at->ai_next)
        if (getnameinfo(at->ai_addr, at->ai_addrlen, addresses[count], 64, NULL, 0, NI_NUMERICHOST) == 0)
            count++;
    freeaddrinfo(found);
    return count;
}

static void resolve_tell(struct resolve *resolve, int count, const char *why)
{
    resolve_fn *fn = resolve->fn;

    resolve->fn = NULL;
    alarm_free(resolve->limit);
    resolve->limit = NULL;
    if (fn != NULL)
        fn(resolve->owner, resolve->addresses, count, why);
}

static void resolve_on_limit(void *owner)
{
    struct resolve *resolve = owner;
    resolve_fn *fn = resolve->fn;

    /* The thread may still write to the addresses: nobody looks at them. */
    resolve->fn = NULL;
    alarm_free(resolve->limit);
    resolve->limit = NULL;
    fn(resolve->owner, NULL, 0, "the name service does not answer");
}

static void resolve_work(uv_work_t *work)
{
    struct resolve *resolve = work->data;

    resolve->count = resolve_now(resolve->name, resolve->addresses, RESOLVE_MAX);
}

static void resolve_done(uv_work_t *work, int status)
{
    struct resolve *resolve = work->data;

    if (status == 0)
        resolve_tell(resolve, resolve->count, "no such host name");
    else
        resolve_tell(resolve, 0, "cancelled");
    pvmi_free(resolve);
}

struct resolve *resolve_start(struct io *io, const char *name, resolve_fn *fn, void *owner)
{
    struct resolve *resolve = pvmi_calloc(1, sizeof(*resolve));

    if (resolve == NULL)
        return NULL;
    snprintf(resolve->name, sizeof(resolve->name), "%s", name);
    resolve->fn = fn;
    resolve->owner = owner;
    resolve->work.data = resolve;
    resolve->limit = alarm_new(io->loop, resolve_on_limit, resolve);
    if (resolve->limit == NULL || uv_queue_work(io->loop, &resolve->work, resolve_work, resolve_done) != 0) {
        alarm_free(resolve->limit);
        pvmi_free(resolve);
        return NULL;
    }
    alarm_set(resolve->limit, RESOLVE_LIMIT_MS);
    return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
    if (resolve == NULL)
        return;
    resolve->fn = NULL;
    alarm_free(resolve->limit);
    resolve->limit = NULL;
    uv_cancel((uv_req_t *)&resolve->work);    /* one that runs goes on; its result is dropped */
}
