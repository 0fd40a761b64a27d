/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors and timers of the loop. A libuv handle must live until its close callback; here it lives in
 * memory of its own, so whoever watches may free itself at once, also from inside its own callback.
 */
#ifndef PVMD_IO_WATCH_H
#define PVMD_IO_WATCH_H

#include <stdint.h>

#include <uv.h>

struct watch;
struct alarm;

/* events: UV_READABLE, UV_WRITABLE; both when the descriptor has an error, which the next call on it shows. */
typedef void watch_fn(void *owner, int events);
typedef void alarm_fn(void *owner);

/* Watches nothing yet. NULL when there is no memory, or fd is of a kind that cannot be watched (a file). */
struct watch *watch_new(uv_loop_t *loop, int fd, watch_fn *fn, void *owner);

/* Watches for events from now on, 0 for none. */
void watch_set(struct watch *watch, int events);

/* Another owner from now on. */
void watch_give(struct watch *watch, watch_fn *fn, void *owner);

/* To be called before the descriptor is closed or passed on. NULL is fine. */
void watch_free(struct watch *watch);

/* A timer that is not set. NULL when there is no memory. */
struct alarm *alarm_new(uv_loop_t *loop, alarm_fn *fn, void *owner);

/* Calls fn once after delay_ms, whatever was set before. */
void alarm_set(struct alarm *alarm, uint64_t delay_ms);
void alarm_stop(struct alarm *alarm);
void alarm_free(struct alarm *alarm);    /* NULL is fine */

#endif
