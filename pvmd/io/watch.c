/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/watch.h"

#include <stddef.h>

#include "base/alloc.h"

struct watch {
    uv_poll_t poll;
    watch_fn *fn;
    void *owner;
    int events;    /* watched for now */
};

struct alarm {
    uv_timer_t timer;
    alarm_fn *fn;
    void *owner;
};

static void watch_on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;

    if (status < 0) {
        watch->events = 0;    /* libuv has stopped it */
        events = UV_READABLE | UV_WRITABLE;
    }
    watch->fn(watch->owner, events);
}

struct watch *watch_new(uv_loop_t *loop, int fd, watch_fn *fn, void *owner)
{
    struct watch *watch = pvmi_calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    if (uv_poll_init(loop, &watch->poll, fd) != 0) {
        pvmi_free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->fn = fn;
    watch->owner = owner;
    return watch;
}

void watch_set(struct watch *watch, int events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    if (events == 0)
        uv_poll_stop(&watch->poll);
    else
        uv_poll_start(&watch->poll, events, watch_on_poll);
}

void watch_give(struct watch *watch, watch_fn *fn, void *owner)
{
    watch->fn = fn;
    watch->owner = owner;
}

static void watch_on_close(uv_handle_t *handle)
{
    pvmi_free(handle->data);
}

void watch_free(struct watch *watch)
{
    if (watch != NULL)
        uv_close((uv_handle_t *)&watch->poll, watch_on_close);
}

static void alarm_on_timer(uv_timer_t *timer)
{
    struct alarm *alarm = timer->data;

    alarm->fn(alarm->owner);
}

struct alarm *alarm_new(uv_loop_t *loop, alarm_fn *fn, void *owner)
{
    struct alarm *alarm = pvmi_calloc(1, sizeof(*alarm));

    if (alarm == NULL)
        return NULL;
    uv_timer_init(loop, &alarm->timer);
    alarm->timer.data = alarm;
    alarm->fn = fn;
    alarm->owner = owner;
    return alarm;
}

void alarm_set(struct alarm *alarm, uint64_t delay_ms)
{
    uv_update_time(alarm->timer.loop);    /* libuv counts from its cached time */
    uv_timer_start(&alarm->timer, alarm_on_timer, delay_ms, 0);
}

void alarm_stop(struct alarm *alarm)
{
    uv_timer_stop(&alarm->timer);
}

static void alarm_on_close(uv_handle_t *handle)
{
    pvmi_free(handle->data);
}

void alarm_free(struct alarm *alarm)
{
    if (alarm != NULL)
        uv_close((uv_handle_t *)&alarm->timer, alarm_on_close);
}
