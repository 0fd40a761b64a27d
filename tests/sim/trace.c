/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of what goes into and comes out of a core. */
#include "tests/sim/trace.h"

#include <stdio.h>

#include "tests/sim/process.h"
#include "wire/control.h"

const char *node_event_name(enum core_event_type type)
{
    static const char *const names[] = { "TICK",      "LINK_IN",       "LINK_UP",
                                         "LINK_DOWN", "LINK_WRITABLE", "LINK_CONGESTED",
                                         "FRAME",     "STARTED",       "START_FAILED",
                                         "REVOKED",   "ENDED",         "OUTPUT",        "LAUNCH_COMMAND",
                                         "LAUNCHED",  "TEAM_MADE",     "TEAM_SEALED",
                                         "ADD",       "HALT" };

    return names[type];
}

const char *node_action_name(enum core_action_type type)
{
    static const char *const names[] = { "LINK_DIAL",    "LINK_ADOPT", "LINK_REFUSE", "LINK_SEND",
                                         "LINK_READ",    "LINK_CLOSE", "TASK_START",  "TASK_SIGNAL",
                                         "TASK_REVOKE",  "TASK_ADMIT",   "TASK_GONE",
                                         "OUTPUT_GRANT", "LAUNCH",     "LAUNCH_ANSWER", "LAUNCH_END",
                                         "PEER_SET",     "PEER_DROP",  "GATE",        "TEAM_MAKE",
                                         "TEAM_SEAL",    "TEAM_RELEASE", "READY",
                                         "LOG",          "DEBUG",      "STOP" };

    return names[type];
}

static void trace_words(const struct pvmi_frame_header *header, const uint8_t *payload, char *words,
                        size_t size)
{
    static const char *const kinds[] = {
        "?", "data", "control", "output", "notice", "resume", "ack", "ping"
    };
    struct pvmi_control control;

    if (header->kind != PVMI_FRAME_CONTROL) {
        snprintf(words, size, "%s t%x->t%x message %u at %llu", kinds[header->kind], (unsigned)header->src,
                 (unsigned)header->dst, header->message, (unsigned long long)header->offset);
    } else if (pvmi_control_decode(payload, header->length, &control) == PvmOk) {
        snprintf(words, size, "\"%s\" %d", pvmi_control_name(control.type),
                 control.type == PVMI_MSG_siblings ? 0 : *(int32_t *)control.msg);
        pvmi_control_free(&control);
    } else {
        snprintf(words, size, "control that does not decode");
    }
}

void trace_frame(struct world *world, const char *way, const struct conn_end *end,
                 const struct pvmi_frame_header *header, const uint8_t *payload)
{
    const struct conn_end *other = end == &end->conn->end[0] ? &end->conn->end[1] : &end->conn->end[0];
    char words[200];
    char peer[40];

    if (!world->trace || header->kind == PVMI_FRAME_PING || header->kind == PVMI_FRAME_ACK)
        return;
    trace_words(header, payload, words, sizeof(words));
    if (other->process != NULL)
        snprintf(peer, sizeof(peer), "process %d", other->process->pid);
    else
        snprintf(peer, sizeof(peer), "node %d %s", other->node->number,
                 end->conn->channel == 0 ? "control" : "bulk");
    world_say(world, "node %d %s %s link %llu: %s #%llu ack %llu, %u bytes", end->node->number, way, peer,
              (unsigned long long)end->handle, words, (unsigned long long)header->number,
              (unsigned long long)header->ack, header->length);
}
