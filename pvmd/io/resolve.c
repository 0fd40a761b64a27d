/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "pvmd/io/watch.h"

#define RESOLVE_THREADS 4    /* of libuv's pool */

/* Lives until its thread is done, also when nobody waits for it any more. */
struct resolve {
    uv_work_t work;
    bool working;      /* the thread has it, or will have */
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
    void *asker = resolve->owner;
    bool working = resolve->working;

    /* The thread may still write to the addresses: nobody looks at them. */
    resolve->fn = NULL;
    alarm_free(resolve->limit);
    resolve->limit = NULL;
    if (!working)
        pvmi_free(resolve);
    fn(asker, NULL, 0, working ? "the name service does not answer" : "no thread for the name service (ulimit -u)");
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

static void *wait_at(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* libuv aborts the process when it cannot start the threads of its pool: it is tried out before the first use. */
static bool threads_are_there(void)
{
    static bool proven;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[RESOLVE_THREADS];
    int count = 0;

    if (proven)
        return true;
    pthread_mutex_lock(&gate);
    while (count < RESOLVE_THREADS && pthread_create(&threads[count], NULL, wait_at, &gate) == 0)
        count++;
    pthread_mutex_unlock(&gate);
    proven = count == RESOLVE_THREADS;
    while (count > 0)
        pthread_join(threads[--count], NULL);
    return proven;
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
    if (resolve->limit == NULL) {
        pvmi_free(resolve);
        return NULL;
    }
    resolve->working = threads_are_there() &&
                       uv_queue_work(io->loop, &resolve->work, resolve_work, resolve_done) == 0;
    alarm_set(resolve->limit, resolve->working ? RESOLVE_LIMIT_MS : 0);
    return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
    if (resolve == NULL)
        return;
    resolve->fn = NULL;
    alarm_free(resolve->limit);
    resolve->limit = NULL;
    if (resolve->working)
        uv_cancel((uv_req_t *)&resolve->work);    /* one that runs goes on; its result is dropped */
    else
        pvmi_free(resolve);
}
