/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes out of the core: actions, and the frames and faults that go into them. */
#include "pvmd/core/action.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/link.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/relay.h"
#include "pvmd/core/task.h"

/* A line that cannot be made for want of memory is no reason to end. */
void core_log(struct core *core, enum pvmi_log_level level, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    char *copy = core_strdup(core, text);
    if (copy == NULL)
        return;

    struct core_action *action = action_add(core, CORE_ACTION_LOG, 0);
    if (action == NULL) {
        pvmi_free(copy);
        return;
    }
    action->log.level = level;
    action->log.text = copy;
}

struct core_action *action_add(struct core *core, enum core_action_type type, uint64_t handle)
{
    if (core->stopped)
        return NULL;

    struct core_action *action = core_alloc(core, sizeof(*action));
    if (action == NULL) {
        core_out_of_memory(core);
        return NULL;
    }
    action->type = type;
    action->handle = handle;
    pvmi_list_push(core->actions, &action->link);
    return action;
}

void action_send(struct core *core, struct link *link, struct pvmi_frame *frame)
{
    struct core_action *action;

    if (link->relayed) {
        relay_send(core, link, frame);
        return;
    }
    action = action_add(core, CORE_ACTION_LINK_SEND, link->handle);
    if (action == NULL) {
        pvmi_frame_free(frame);
        return;
    }
    action->send.frame = frame;
}

static char **copy_strings(struct core *core, const struct pvmi_strings *strings)
{
    char **copy = core_alloc(core, (strings->n + 1) * sizeof(*copy));

    for (uint32_t i = 0; copy != NULL && i < strings->n; i++) {
        copy[i] = core_strdup(core, strings->v[i] != NULL ? strings->v[i] : "");
        if (copy[i] == NULL) {
            while (i > 0)
                pvmi_free(copy[--i]);
            pvmi_free(copy);
            return NULL;
        }
    }
    return copy;
}

void action_adopt(struct core *core, const struct core_event *event, const struct link *link)
{
    struct core_action *action =
        action_add(core, link != NULL ? CORE_ACTION_LINK_ADOPT : CORE_ACTION_LINK_REFUSE,
                   link != NULL ? link->handle : 0);

    if (action != NULL)
        action->adopt.token = event->link_in.token;
}

void action_peer_set(struct core *core, const struct pvmi_rec_host *rec, uint64_t ticket)
{
    struct core_action *action = action_add(core, CORE_ACTION_PEER_SET, 0);

    if (action == NULL)
        return;
    action->peer.number = rec->number;
    action->peer.incarnation = rec->incarnation;
    action->peer.ticket = ticket;
    action->peer.port = (uint16_t)rec->port;
    if (rec->key.length == sizeof(action->peer.key))
        memcpy(action->peer.key, rec->key.data, sizeof(action->peer.key));
    action->peer.addresses = copy_strings(core, &rec->addresses);
    action->peer.name = core_strdup(core, rec->name != NULL ? rec->name : "");
    if (action->peer.addresses == NULL || action->peer.name == NULL) {
        core_action_free(action);
        core_out_of_memory(core);
    }
}

void action_peer_drop(struct core *core, int number, uint64_t incarnation)
{
    struct core_action *action = action_add(core, CORE_ACTION_PEER_DROP, 0);

    if (action == NULL)
        return;
    action->peer.number = number;
    action->peer.incarnation = incarnation;
}

void action_stop(struct core *core, const char *text)
{
    char *copy = core_strdup(core, text);
    struct core_action *action = action_add(core, CORE_ACTION_STOP, 0);

    if (action == NULL) {
        pvmi_free(copy);
        return;
    }
    action->stop.text = copy;
    core->stopped = true;
}

static void signal_process(struct core *core, uint64_t handle, int32_t pid, int signum)
{
    struct core_action *action = action_add(core, CORE_ACTION_TASK_SIGNAL, handle);

    if (action == NULL)
        return;
    action->signal.pid = pid;
    action->signal.signum = signum;
}

/* A process of ours is known by its handle, so that a reused pid is never hit. If it was a script that ran
 * the program which then enrolled, the signal is for that one, too. */
void action_signal(struct core *core, const struct task *task, int signum)
{
    if (task->handle != 0 && !task->handed)
        signal_process(core, task->handle, task->pid, signum);
    if (task->handle != 0 && task->link != NULL && task->link->pid > 0 && task->link->pid != task->pid)
        signal_process(core, 0, task->link->pid, signum);
    if ((task->handle == 0 || task->handed) && task->pid > 0 && !task->left)
        signal_process(core, 0, task->pid, signum);
}

static void free_strings(char **strings)
{
    for (char **at = strings; at != NULL && *at != NULL; at++)
        pvmi_free(*at);
    pvmi_free(strings);
}

/* The line may hold what a new daemon and we show each other. */
static void free_secret(char *line)
{
    if (line != NULL)
        explicit_bzero(line, strlen(line));
    pvmi_free(line);
}

void core_action_free(struct core_action *action)
{
    if (action == NULL)
        return;

    switch (action->type) {
    case CORE_ACTION_LINK_SEND:
        pvmi_frame_free(action->send.frame);
        break;
    case CORE_ACTION_TASK_START:
        pvmi_free(action->start.file);
        free_strings(action->start.argv);
        free_strings(action->start.env);
        free_strings(action->start.path);
        pvmi_free(action->start.directory);
        pvmi_free(action->start.debugger);
        pvmi_frame_free(action->start.enrolled);
        break;
    case CORE_ACTION_LAUNCH:
        hostspec_free(action->launch.spec);
        break;
    case CORE_ACTION_LAUNCH_ANSWER:
        free_secret(action->launch_answer.line);
        break;
    case CORE_ACTION_PEER_SET:
        free_strings(action->peer.addresses);
        pvmi_free(action->peer.name);
        break;
    case CORE_ACTION_TEAM_MAKE:
        pvmi_free(action->team.tids);
        break;
    case CORE_ACTION_LOG:
        pvmi_free(action->log.text);
        break;
    case CORE_ACTION_STOP:
        pvmi_free(action->stop.text);
        break;
    case CORE_ACTION_LINK_DIAL:
    case CORE_ACTION_LINK_ADOPT:
    case CORE_ACTION_LINK_REFUSE:
    case CORE_ACTION_LINK_READ:
    case CORE_ACTION_LINK_CLOSE:
    case CORE_ACTION_TASK_SIGNAL:
    case CORE_ACTION_TASK_REVOKE:
    case CORE_ACTION_TASK_ADMIT:
    case CORE_ACTION_TASK_GONE:
    case CORE_ACTION_OUTPUT_GRANT:
    case CORE_ACTION_LAUNCH_END:
    case CORE_ACTION_PEER_DROP:
    case CORE_ACTION_GATE:
    case CORE_ACTION_TEAM_SEAL:
    case CORE_ACTION_TEAM_RELEASE:
    case CORE_ACTION_READY:
    case CORE_ACTION_DEBUG:
        break;
    }
    pvmi_list_remove(&action->link);
    pvmi_free(action);
}

struct pvmi_frame *core_frame(struct core *core, const struct pvmi_frame_header *header,
                              struct pvmi_blob *payload, size_t at, uint32_t length)
{
    struct pvmi_frame *frame = pvmi_frame_new(header, payload, at, length);

    if (frame == NULL && core_release_reserve(core))
        frame = pvmi_frame_new(header, payload, at, length);
    if (frame == NULL)
        core_out_of_memory(core);
    return frame;
}

int control_frame(struct core *core, int type, const void *msg, struct pvmi_frame **ret_frame)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL };
    size_t length_max = PVMI_FRAME_CONTROL_MAX - (type == PVMI_MSG_relay ? 0 : RELAY_ROOM);
    struct pvmi_blob *blob;

    int rc = pvmi_control_encode_blob(type, msg, &blob);
    if (rc == PvmNoMem && core_release_reserve(core))
        rc = pvmi_control_encode_blob(type, msg, &blob);
    if (rc != PvmOk)
        return rc;
    if (blob->length > length_max) {
        pvmi_blob_unref(blob);
        return PvmOverflow;
    }

    header.format = (uint8_t)pvmi_format_own();
    header.message_length = blob->length;
    struct pvmi_frame *frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    if (frame == NULL && core_release_reserve(core))
        frame = pvmi_frame_new(&header, blob, 0, (uint32_t)blob->length);
    pvmi_blob_unref(blob);
    if (frame == NULL)
        return PvmNoMem;
    *ret_frame = frame;
    return PvmOk;
}

struct pvmi_rec_error fault_record(const struct pvmi_fault *fault)
{
    struct pvmi_rec_error record = { .code = fault->code, .host = fault->host, .text = fault->text };

    return record;
}

void fault_from_record(struct pvmi_fault *fault, const struct pvmi_rec_error *record, const char *otherwise)
{
    const char *host = record->host != NULL && record->host[0] != '\0' ? record->host : otherwise;

    pvmi_fault_set(fault, record->code, host, "%s", record->text != NULL ? record->text : "");
}
