/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An epoll descriptor over those of the transports, and an eventfd for messages that have been read already: with
 * another one, in a send, by another thread. The eventfd is set by what comes and reset by a receive that
 * finds nothing, so that a program which leaves messages of another kind in the queue can still sleep.
 *
 * It stays the same for the whole life of the process, across pvm_exit().
 */
#include "libpvm/getfds.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "libpvm/call.h"
#include "libpvm/line.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"

static struct {
    int epoll_fd;     /* 0: none yet */
    int queued_fd;
    bool queued;      /* queued_fd is readable */
    int given[1];     /* what pvm_getfds() hands out */
} descriptor;

void pvmi_getfds_queued(void)
{
    if (descriptor.epoll_fd > 0 && !descriptor.queued)
        descriptor.queued = eventfd_write(descriptor.queued_fd, 1) == 0;
}

void pvmi_getfds_looked(void)
{
    eventfd_t count;

    if (descriptor.queued && pvmi_line_empty())
        descriptor.queued = eventfd_read(descriptor.queued_fd, &count) != 0;
}

static int watch(int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    return epoll_ctl(descriptor.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int watch_transports(void)
{
    int rc = watch(pvmi_task.unix_tp->ops->event_fd(pvmi_task.unix_tp));

    return rc == 0 ? watch(pvmi_task.self_tp->ops->event_fd(pvmi_task.self_tp)) : rc;
}

void pvmi_getfds_opened(void)
{
    if (descriptor.epoll_fd > 0)
        watch_transports();
}

void pvmi_getfds_closing(void)
{
    if (descriptor.epoll_fd <= 0)
        return;
    pvmi_getfds_looked();
    if (pvmi_task.unix_tp != NULL)
        epoll_ctl(descriptor.epoll_fd, EPOLL_CTL_DEL, pvmi_task.unix_tp->ops->event_fd(pvmi_task.unix_tp), NULL);
    if (pvmi_task.self_tp != NULL)
        epoll_ctl(descriptor.epoll_fd, EPOLL_CTL_DEL, pvmi_task.self_tp->ops->event_fd(pvmi_task.self_tp), NULL);
}

void pvmi_getfds_after_fork(void)
{
    if (descriptor.epoll_fd > 0) {
        close(descriptor.epoll_fd);    /* the parent's set: nothing in it is to be changed */
        close(descriptor.queued_fd);
    }
    descriptor.epoll_fd = 0;
    descriptor.queued = false;
    pvmi_call_rest_after = false;
}

/* ---- the API ---- */

static int no_descriptor(void)
{
    int error = errno;

    if (descriptor.epoll_fd > 0)
        close(descriptor.epoll_fd);
    if (descriptor.queued_fd > 0)
        close(descriptor.queued_fd);
    descriptor.epoll_fd = descriptor.queued_fd = 0;
    return pvmi_call_fail(PvmSysErr, "no descriptor for pvm_getfds(): %s", strerror(error));
}

static int make(void)
{
    descriptor.queued_fd = pvmi_descriptor_move(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    descriptor.epoll_fd = pvmi_descriptor_move(epoll_create1(EPOLL_CLOEXEC));
    if (descriptor.queued_fd < 0 || descriptor.epoll_fd < 0)
        return no_descriptor();
    if (watch(descriptor.queued_fd) != 0 || watch_transports() != 0)
        return no_descriptor();
    descriptor.given[0] = descriptor.epoll_fd;
    pvmi_call_rest_after = true;
    if (pvmi_match_first(&pvmi_task.arrived) != &pvmi_task.arrived.arrived || !pvmi_line_empty())
        pvmi_getfds_queued();
    return PvmOk;
}

static int give(int **fds)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && fds == NULL)
        rc = pvmi_call_fail(PvmBadParam, "the place for the list of descriptors is NULL");
    if (rc == PvmOk && descriptor.epoll_fd <= 0)
        rc = make();
    if (rc != PvmOk)
        return rc;
    *fds = descriptor.given;
    pvmi_trace_result(1, 1, descriptor.given);
    return 1;
}

int pvm_getfds(int **fds)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_GETFDS);
    return pvmi_call_leave("pvm_getfds", give(fds));
}
