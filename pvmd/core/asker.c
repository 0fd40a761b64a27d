/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers, by the way that the question came: a task's link, a daemon's session, a manager, or to ourselves. */
#include "pvmd/core/asker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/link.h"
#include "pvmd/core/manager_exec.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/request.h"
#include "pvmd/core/state_hosts.h"

void asker_send(struct core *core, const struct asker *asker, int type, void *msg)
{
    struct link *link;
    struct peer *peer;

    memcpy(msg, &asker->id, sizeof(asker->id));    /* the id is the first member of all that is sent here */
    switch (asker->kind) {
    case ASKER_NONE:
        break;
    case ASKER_TASK:
        link = link_find(core, asker->link);
        if (link != NULL)
            link_send_control(core, link, type, msg);
        break;
    case ASKER_HOST:
        peer = peer_find(core, asker->host);
        if (peer != NULL && peer->incarnation == asker->incarnation)
            peer_send(core, peer, PVMI_CHANNEL_CONTROL, type, msg);
        break;
    case ASKER_SELF:
        request_answered(core, core_self(core), type, msg);
        break;
    case ASKER_MANAGER:
        manager_answer(core, asker, type, msg);
        break;
    }
}

void asker_answer(struct core *core, const struct asker *asker, const struct pvmi_fault *fault, int32_t value)
{
    struct pvmi_msg_answer answer = { .value = value };

    if (fault != NULL)
        answer.error = fault_record(fault);
    asker_send(core, asker, PVMI_MSG_answer, &answer);
}

void asker_fail(struct core *core, const struct asker *asker, int code, const char *format, ...)
{
    struct pvmi_fault fault;
    char text[sizeof(fault.text)];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    pvmi_fault_set(&fault, code, core->self->rec.name, "%s", text);
    asker_answer(core, asker, &fault, 0);
}
