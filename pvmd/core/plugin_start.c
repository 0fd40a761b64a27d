/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plug-ins that start with the daemon, because its environment names them: as any task, spawned by nobody, so that they
 * end with the machine and their output goes to its log. Hosts wait a moment for such a hoster.
 */
#include "pvmd/core/plugin_start.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "pvmd/core/action.h"
#include "pvmd/core/core_internal.h"
#include "pvmd/core/hoster.h"
#include "pvmd/core/memory.h"
#include "pvmd/core/plugin.h"
#include "pvmd/core/request.h"
#include "pvmd/core/start.h"

#define WORDS_MAX 64    /* of a command line */
#define BLANKS " \t"

static void on_started(struct core *core, struct request *request, const struct pvmi_fault *fault, int type,
                       const void *msg)
{
    const struct pvmi_msg_answer *answer = type == PVMI_MSG_answer ? msg : NULL;
    bool hoster = request->index == PLUGIN_HOSTER;
    const char *why = fault != NULL ? fault->text : "";
    int32_t tid = 0;

    if (fault == NULL && answer != NULL) {
        tid = answer->values.n == 1 && answer->values.v[0] > 0 ? answer->values.v[0] : 0;
        why = answer->errors.n > 0 ? answer->errors.v[0].text : answer->error.text;
    }
    if (tid == 0)
        core_log(core, PVMI_LOG_ERROR, "a plug-in that the environment names cannot be started: %s",
                 why != NULL ? why : "");
    if (fault == NULL)
        start_on_done(core, core_self(core), request->id);    /* last: the answer's texts are in there */
    if (hoster)
        hoster_started(core, tid);
}

/* Splits line in place; without quotes, as PVM 3 does. */
static uint32_t split(char *line, char *words[WORDS_MAX])
{
    uint32_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(line, BLANKS, &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, BLANKS, &rest))
        words[count++] = word;
    return count;
}

static void plugin_start(struct core *core, enum plugin_kind kind, const char *command)
{
    char *words[WORDS_MAX];
    char *line = core_strdup(core, command);
    uint32_t count = line != NULL ? split(line, words) : 0;
    struct request *request = count > 0 ? request_open(core, core_self(core), on_started) : NULL;
    struct pvmi_msg_start start = { .file = words[0], .argv = { words + 1, count > 0 ? count - 1 : 0 }, .count = 1 };

    if (request != NULL) {
        if (kind == PLUGIN_HOSTER)
            hoster_expect(core);
        request->index = (int)kind;
        request_post(core, request, PVMI_MSG_start, &start);
    }
    pvmi_free(line);
}

void plugin_start_all(struct core *core)
{
    const char *commands[PLUGIN_KINDS] = {
        [PLUGIN_MANAGER] = core->config.manager,
        [PLUGIN_TASKER] = core->config.tasker,
        [PLUGIN_HOSTER] = core_is_orderer(core) ? core->config.hoster : NULL,
        [PLUGIN_TRACER] = core_is_orderer(core) ? core->config.tracer : NULL,
    };

    for (int kind = 0; kind < PLUGIN_KINDS; kind++) {
        if (commands[kind] != NULL)
            plugin_start(core, (enum plugin_kind)kind, commands[kind]);
    }
}
