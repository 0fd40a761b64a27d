/* SPDX-License-Identifier: BSD-3-Clause */
/* The processes that we have started for the core, and their output. */
#ifndef PVMD_IO_TASKS_H
#define PVMD_IO_TASKS_H

#include "pvmd/io/io.h"

/* socket: what PVMSOCK is for them. NULL when there is no memory. */
struct tasks *tasks_new(const char *socket);
void tasks_free(struct tasks *tasks);

/* TASK_START: ends with STARTED, and later ENDED; or with START_FAILED, also when there would be no descriptor for
 * its output or its connection. */
void tasks_start(struct io *io, const struct core_action *action);

/* Signals the process of handle; handle 0: the process pid, which is a task that was started by hand. */
void tasks_signal(struct io *io, uint64_t handle, int32_t pid, int signum);

/* So many bytes more may be read of its output. */
void tasks_grant(struct io *io, uint64_t handle, size_t bytes);

/* link is the connection that the process of handle has inherited. Returns the tid of its task, 0 when the process has
 * gone. */
int32_t tasks_linked(struct io *io, uint64_t handle, uint64_t link);

/* Process pid connects: the descriptor that was set aside for that is free now. */
void tasks_on_connection(struct io *io, int32_t pid);

/* What the keeper says. fd: its output, or -1; connection: our end of what it has inherited, or -1. */
void tasks_on_started(struct io *io, const struct pvmi_msg_run_started *msg, int fd, int connection);
void tasks_on_found(struct io *io, const struct pvmi_msg_run_started *msg);
void tasks_on_failed(struct io *io, const struct pvmi_msg_run_failed *msg);
void tasks_on_ended(struct io *io, const struct pvmi_msg_run_ended *msg);

#endif
