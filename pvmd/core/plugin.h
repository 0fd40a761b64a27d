/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks that do a part of the daemon's work, and what they are asked. */
#ifndef PVMD_CORE_PLUGIN_H
#define PVMD_CORE_PLUGIN_H

#include "pvmd/core/asker.h"
#include "pvmd/core/core.h"

struct plugin_ask;
struct pvmi_items_reader;
struct pvmi_items_writer;

enum plugin_kind { PLUGIN_MANAGER, PLUGIN_HOSTER, PLUGIN_TASKER, PLUGIN_TRACER, PLUGIN_KINDS };

/* Called once: with fault when no answer can come, else with the answer, which may be nonsense. */
typedef void plugin_done_fn(struct core *core, struct plugin_ask *ask, const struct pvmi_fault *fault,
                            struct pvmi_items_reader *answer);

/* What a plug-in was asked. */
struct plugin_ask {
    struct pvmi_list link;    /* in core.plugin_asks */
    enum plugin_kind kind;
    int32_t plugin;           /* tid */
    int32_t src;              /* the task of this host that it answers, or 0: this daemon */
    int32_t answer_tag;
    uint32_t wid;             /* set by plugin_ask() */
    plugin_done_fn *done;
    struct asker asker;       /* whom it is made for */
    void *owner;
    int32_t count;            /* things asked for, for done */
};

/* The task that is registered as kind, for this host or the machine; 0: there is none. */
int32_t plugin_find(struct core *core, enum plugin_kind kind);
bool plugin_is(struct core *core, int32_t tid, enum plugin_kind kind);    /* tid, of any host, is registered as kind */
int32_t plugin_flags(const struct core *core, int32_t tid);    /* of ti_flag: what tid is registered as */
/* Sends items, which are freed, to a task: from src, a task of this host, or (0) this daemon. False when there is no
 * memory, or they are more than 64 KiB and not from this daemon to a task of this host. */
bool plugin_send(struct core *core, int32_t src, int32_t dst, int32_t tag, uint32_t wid,
                 struct pvmi_items_writer *items);
/* Asks what->plugin: a copy of what is kept until done, unless (false, fault is filled) it cannot be sent. */
bool plugin_ask(struct core *core, const struct plugin_ask *what, int32_t tag, struct pvmi_items_writer *items,
                struct pvmi_fault *fault);
bool plugin_asked(const struct core *core, int32_t plugin, int32_t src);    /* something, and the answer is not there */
/* A message that may be an answer. False: nobody waits for it. */
bool plugin_answered(struct core *core, int32_t plugin, int32_t src, int32_t tag, uint32_t wid,
                     struct pvmi_items_reader *answer);
void plugin_nonsense(struct core *core, const struct plugin_ask *ask, struct pvmi_fault *fault);    /* its answer is */
void plugin_check(struct core *core);    /* after each event: who is asked must still be there */
void plugin_task_left(struct core *core, int32_t tid);    /* nothing is to be answered to it, nor comes from it */
void plugin_free_all(struct core *core);

#endif
