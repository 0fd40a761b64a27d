/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes out of the core: actions, frames and faults as they go into them. */
#ifndef PVMD_CORE_ACTION_H
#define PVMD_CORE_ACTION_H

#include "base/log.h"
#include "pvmd/core/core.h"

struct link;
struct task;

void core_log(struct core *core, enum pvmi_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends an action; NULL when the core has stopped, also for want of memory. */
struct core_action *action_add(struct core *core, enum core_action_type type, uint64_t handle);
/* Takes frame, also when it cannot be sent. */
void action_send(struct core *core, struct link *link, struct pvmi_frame *frame);
/* What has come in, LINK_IN, is link from now on; NULL: it is not wanted. */
void action_adopt(struct core *core, const struct core_event *event, const struct link *link);
void action_peer_set(struct core *core, const struct pvmi_rec_host *rec, uint64_t ticket);
void action_peer_drop(struct core *core, int number, uint64_t incarnation);
void action_stop(struct core *core, const char *text);
void action_signal(struct core *core, const struct task *task, int signum);

/* A control message as a frame. Returns PvmOk, PvmNoMem, PvmOverflow. */
int control_frame(struct core *core, int type, const void *msg, struct pvmi_frame **ret_frame);
/* A frame made again when memory is short; NULL after the core has stopped. */
struct pvmi_frame *core_frame(struct core *core, const struct pvmi_frame_header *header,
                              struct pvmi_blob *payload, size_t at, uint32_t length);

/* A fault as it goes into a message; points into fault. */
struct pvmi_rec_error fault_record(const struct pvmi_fault *fault);
/* And back: host otherwise when the record names none. */
void fault_from_record(struct pvmi_fault *fault, const struct pvmi_rec_error *record, const char *otherwise);

#endif
