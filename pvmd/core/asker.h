/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asked: where an answer goes. By handle and number, for the asker may be gone by then. */
#ifndef PVMD_CORE_ASKER_H
#define PVMD_CORE_ASKER_H

#include "pvmd/core/core.h"

enum asker_kind { ASKER_NONE, ASKER_TASK, ASKER_HOST, ASKER_SELF, ASKER_MANAGER };

struct asker {
    enum asker_kind kind;
    uint64_t link;           /* TASK: handle of its link */
    int host;                /* HOST */
    uint64_t incarnation;    /* HOST */
    uint32_t id;             /* of the request */
    int32_t tid;             /* MANAGER: gets a message with this tag and wait id */
    int32_t tag;
    uint32_t wid;
};

/* Sends an answer (or host_progress) to who asked; its id is filled in. */
void asker_send(struct core *core, const struct asker *asker, int type, void *msg);
void asker_answer(struct core *core, const struct asker *asker, const struct pvmi_fault *fault,
                  int32_t value);
void asker_fail(struct core *core, const struct asker *asker, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
