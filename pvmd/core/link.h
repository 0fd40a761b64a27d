/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections by handle: of tasks, and of other daemons. */
#ifndef PVMD_CORE_LINK_H
#define PVMD_CORE_LINK_H

#include "pvmd/core/core.h"

struct peer;
struct task;

struct link {
    uint64_t handle;
    enum core_link_kind kind;
    bool up;
    bool dialled;       /* by us */
    bool relayed;       /* DAEMON: no connection of its own: its frames go by way of the first host */
    uint64_t remote;    /* relayed: the handle at its other end, 0 while that is not known */
    bool congested;
    bool read_off;
    bool choked;        /* TASK: too much of what it sent waits */
    bool catching_up;   /* TASK: what it said speaks of hosts that are not known here yet */
    uint32_t held_sure; /* so many of held, from the first, had come when that was asked for */
    struct pvmi_list held;      /* TASK: frames from it that wait for that */
    int32_t pid;        /* TASK: who connected */
    struct task *task;  /* TASK: once enrolled */
    struct task *offered;    /* TASK: the process of this one has inherited the other end, and has not enrolled yet */
    bool claiming;      /* TASK: has claimed a tid, and is not answered yet */
    struct peer *peer;  /* DAEMON */
    enum pvmi_channel channel;
    struct pvmi_list doomed;    /* in core.doomed: closed at the end of the step */
};

struct link *link_new(struct core *core, enum core_link_kind kind);
struct link *link_find(struct core *core, uint64_t handle);
void link_close(struct core *core, struct link *link, bool flush);    /* says LINK_CLOSE and frees */
void link_free(struct core *core, struct link *link);                 /* it has ended by itself */
void link_send_control(struct core *core, struct link *link, int type, const void *msg);
/* Closes it at the end of the step: its task has left then. */
void link_doom(struct core *core, struct link *link);
void link_close_doomed(struct core *core);
void link_on_event(struct core *core, struct core_event *event);
/* Tells io whether the task may be read now. */
void link_read(struct core *core, struct link *link);
/* The frame is this task's, whatever it says. */
void link_sign_frame(const struct link *link, struct pvmi_frame *frame);
/* Whether a task may send such besides control messages, and on its way with it. Takes frame. */
bool link_may_send(const struct pvmi_frame *frame);
void link_route(struct core *core, struct pvmi_frame *frame);
/* A frame of a task. Takes frame. */
void link_task_frame(struct core *core, struct link *link, struct pvmi_frame *frame);

#endif
