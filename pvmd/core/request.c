/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of our own to daemons are kept open here until they are answered, or until the other daemon is dropped; so
 * each ends. A request to this very daemon takes the same way, without a link.
 */
#include "pvmd/core/request.h"

#include <string.h>

#include "base/alloc.h"
#include "base/table.h"
#include "pvmd/core/asker.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/peer.h"
#include "pvmd/core/requests.h"
#include "pvmd/core/state_hosts.h"

struct request *request_open(struct core *core, int host, request_done_fn *done)
{
    struct request *request = core_alloc(core, sizeof(*request));

    if (request == NULL)
        return NULL;
    do {
        request->id = core->next_request++;
    } while (request->id == 0 || pvmi_table_get(&core->requests, request->id) != NULL);
    request->host = host;
    request->done = done;
    if (core_table_set(core, &core->requests, request->id, request) != PvmOk) {
        pvmi_free(request);
        return NULL;
    }
    return request;
}

static void request_end(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                        const void *msg)
{
    pvmi_table_remove(&core->requests, request->id);
    request->done(core, request, fault, type, msg);
    pvmi_free(request);
}

void request_post(struct core *core, struct request *request, int type, void *msg)
{
    struct asker self = { .kind = ASKER_SELF, .id = request->id };
    struct peer *peer = peer_find(core, request->host);
    struct pvmi_fault fault;

    memcpy(msg, &request->id, sizeof(request->id));
    if (request->host == core_self(core)) {
        requests_serve(core, &self, type, msg);
        return;
    }
    if (peer == NULL || !peer->member) {
        pvmi_fault_set(&fault, PvmHostFail, core->self->rec.name, "%s is not in the virtual machine",
                       host_name(core, request->host));
        request_end(core, request, &fault, 0, NULL);
        return;
    }
    int rc = peer_send(core, peer, PVMI_CHANNEL_CONTROL, type, msg);
    if (rc == PvmOk)
        return;
    pvmi_fault_set(&fault, rc == PvmOverflow ? PvmBadParam : rc, core->self->rec.name,
                   "the request \"%s\" is too large to be sent to %s", pvmi_control_name(type), peer->name);
    request_end(core, request, &fault, 0, NULL);
}

/* Progress, and a body's pieces but the last, leave the request open; everything else ends it. */
void request_answered(struct core *core, int host, int type, const void *msg)
{
    struct request *request;
    uint32_t id;

    memcpy(&id, msg, sizeof(id));
    request = pvmi_table_get(&core->requests, id);
    if (request == NULL || request->host != host)
        return;
    if (type == PVMI_MSG_host_progress) {
        struct pvmi_msg_host_progress progress = *(const struct pvmi_msg_host_progress *)msg;

        asker_send(core, &request->asker, type, &progress);
        return;
    }
    if (type == PVMI_MSG_mailbox_found && ((const struct pvmi_msg_mailbox_found *)msg)->more != 0) {
        struct pvmi_msg_mailbox_found piece = *(const struct pvmi_msg_mailbox_found *)msg;

        asker_send(core, &request->asker, type, &piece);
        return;
    }
    request_end(core, request, NULL, type, msg);
}

void request_fail_host(struct core *core, int host, const char *text)
{
    uint32_t cursor = 0;
    struct request *request;
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmHostFail, core->self->rec.name, "%s", text);
    while ((request = pvmi_table_next(&core->requests, &cursor, NULL)) != NULL) {
        if (request->host == host)
            request_end(core, request, &fault, 0, NULL);
    }
}

void request_cancel(struct core *core, uint32_t id, const struct pvmi_fault *fault)
{
    struct request *request = pvmi_table_get(&core->requests, id);

    if (request != NULL)
        request_end(core, request, fault, 0, NULL);
}

void request_free_all(struct core *core)
{
    uint32_t cursor = 0;
    struct request *request;
    struct pvmi_fault fault;

    pvmi_fault_set(&fault, PvmSysErr, NULL, "the daemon ends");
    while ((request = pvmi_table_next(&core->requests, &cursor, NULL)) != NULL)
        request_end(core, request, &fault, 0, NULL);
    pvmi_table_fini(&core->requests);
}
