/* SPDX-License-Identifier: BSD-3-Clause */
/* Other tasks: starting them, asking for them, sending them signals. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/env.h"
#include "libpvm/call.h"
#include "libpvm/detail.h"
#include "libpvm/output.h"
#include "libpvm/request.h"
#include "libpvm/task.h"
#include "libpvm/trace.h"
#include "wire/tid.h"

#define PATH_LENGTH 4096

/* ---- PVM_EXPORT ---- */

/* "NAME=value" of each exported variable that is set, PVM_EXPORT first. */
struct exports {
    char **env;
    uint32_t count;
};

static void exports_free(struct exports *exports)
{
    for (uint32_t i = 0; i < exports->count; i++)
        pvmi_free(exports->env[i]);
    pvmi_free(exports->env);
}

static int exports_add(struct exports *exports, const char *name, const char *value)
{
    exports->env[exports->count] = pvmi_asprintf("%s=%s", name, value);
    if (exports->env[exports->count] == NULL)
        return PvmNoMem;
    exports->count++;
    return PvmOk;
}

/* The names in list, separated by ':'; list is cut up. */
static int exports_add_names(struct exports *exports, char *list)
{
    char *rest = list;
    char *name;
    int rc = PvmOk;

    while (rc == PvmOk && (name = strsep(&rest, ":")) != NULL) {
        const char *value = name[0] == '\0' ? NULL : getenv(name);

        if (value != NULL)
            rc = exports_add(exports, name, value);
    }
    return rc;
}

static int exports_fill(struct exports *exports, const char *list)
{
    size_t names = 2;    /* PVM_EXPORT itself, and one more name than there are colons */
    char *copy = pvmi_strdup(list);
    int rc;

    for (const char *at = list; *at != '\0'; at++)
        names += *at == ':';
    exports->env = pvmi_calloc(names, sizeof(exports->env[0]));
    if (copy == NULL || exports->env == NULL) {
        rc = PvmNoMem;
    } else {
        rc = exports_add(exports, pvmi_env_name(PVMI_ENV_PVM_EXPORT), list);
        if (rc == PvmOk)
            rc = exports_add_names(exports, copy);
    }
    pvmi_free(copy);
    return rc == PvmOk ? PvmOk : pvmi_call_fail(rc, "no memory for the exported environment");
}

/* Puts name into the list of PVM_EXPORT, or takes it out. */
static int export_change(const char *name, bool wanted)
{
    const char *list = getenv(pvmi_env_name(PVMI_ENV_PVM_EXPORT));
    char *copy;
    char *changed;
    char *rest;
    char *word;
    bool there = false;

    if (name == NULL || name[0] == '\0')
        return PvmOk;
    if (list == NULL && !wanted)
        return PvmOk;
    copy = pvmi_strdup(list == NULL ? "" : list);
    changed = pvmi_malloc(strlen(name) + (list == NULL ? 0 : strlen(list)) + 2);
    if (copy == NULL || changed == NULL) {
        pvmi_free(copy);
        pvmi_free(changed);
        return pvmi_call_fail(PvmNoMem, "no memory for PVM_EXPORT");
    }
    changed[0] = '\0';
    rest = copy;
    while ((word = strsep(&rest, ":")) != NULL) {
        if (word[0] == '\0')
            continue;
        if (strcmp(word, name) == 0) {
            if (!wanted || there)
                continue;
            there = true;    /* it keeps its place */
        }
        strcat(strcat(changed, changed[0] == '\0' ? "" : ":"), word);
    }
    if (wanted && !there)
        strcat(strcat(changed, changed[0] == '\0' ? "" : ":"), name);
    setenv(pvmi_env_name(PVMI_ENV_PVM_EXPORT), changed, 1);
    pvmi_free(copy);
    pvmi_free(changed);
    return PvmOk;
}

int pvm_export(const char *name)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_export", export_change(name, true));
}

int pvm_unexport(const char *name)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_unexport", export_change(name, false));
}

/* ---- pvm_spawn ---- */

/* The directory of this program's executable, or "". */
static void own_directory(char path[PATH_LENGTH])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_LENGTH - 1);
    char *slash;

    path[length < 0 ? 0 : length] = '\0';
    slash = strrchr(path, '/');
    if (slash != NULL)
        slash[slash == path] = '\0';    /* of "/program" the "/" stays */
}

static uint32_t argv_count(char **argv)
{
    uint32_t count = 0;

    while (argv != NULL && argv[count] != NULL)
        count++;
    return count;
}

/* The exit for the trace: how many, and their tids. */
static void trace_started(const struct pvmi_msg_answer *answer, int started)
{
    int *tids = pvmi_malloc(((size_t)started + 1) * sizeof(*tids));
    int count = 0;

    for (uint32_t i = 0; tids != NULL && i < answer->values.n && count < started; i++) {
        if (answer->values.v[i] > 0)
            tids[count++] = answer->values.v[i];
    }
    pvmi_trace_result(started, count, tids);
    pvmi_free(tids);
}

/* Writes the answer into tids, the started ones first, and notes what failed for pvm_errdetail() (the first one)
 * and pvm_errdetail_item(). */
static int spawn_result(const struct pvmi_msg_answer *answer, int ntask, int *tids)
{
    int started = 0;
    int failed = 0;

    for (uint32_t i = 0; i < answer->values.n && (int)i < ntask; i++)
        started += answer->values.v[i] > 0;
    for (int i = 0, next = 0; tids != NULL && i < ntask; i++) {
        int32_t value = (uint32_t)i < answer->values.n ? answer->values.v[i] : PvmDSysErr;

        if (value > 0)
            tids[next++] = value;
        else
            tids[started + failed++] = value;
    }
    if (answer->errors.n > 0)
        pvmi_request_fault(&answer->errors.v[0]);
    pvmi_detail_take(answer, true);
    if (pvmi_call_state.traced != 0)
        trace_started(answer, started);
    return started;
}

static int spawn_ask(struct pvmi_msg_spawn *msg, int *tids)
{
    struct pvmi_control control;
    const struct pvmi_msg_answer *answer;
    int rc;

    pvmi_output_spawning();
    rc = pvmi_request_ask(PVMI_MSG_spawn, msg, NULL, NULL, &control);
    if (rc != PvmOk) {
        pvmi_output_spawned(NULL, 0);
        return rc;
    }
    answer = control.msg;
    pvmi_output_spawned(answer->values.v, answer->values.n);
    rc = spawn_result(answer, msg->count, tids);
    pvmi_control_free(&control);
    return rc;
}

/* where is HOST, ARCH, or either with :DIR. Cuts it in two; *ret_where is to be freed. */
static int split_where(const char *where, char **ret_where, const char **ret_directory)
{
    char *copy = pvmi_strdup(where == NULL ? "" : where);
    char *colon;

    if (copy == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory to start tasks");
    colon = strchr(copy, ':');
    *ret_directory = NULL;
    if (colon != NULL) {
        *colon = '\0';
        *ret_directory = colon + 1;
    }
    *ret_where = copy;
    return PvmOk;
}

static int spawn_from_here(struct pvmi_msg_spawn *msg, const char *where, int *tids)
{
    char beside[PATH_LENGTH];
    char cwd[PATH_LENGTH];
    char *place = NULL;
    int rc = split_where(where, &place, &msg->directory);

    if (rc != PvmOk)
        return rc;
    own_directory(beside);
    if (getcwd(cwd, sizeof(cwd)) == NULL)
        cwd[0] = '\0';
    msg->where = place;
    msg->beside = beside;
    msg->cwd = cwd;
    rc = spawn_ask(msg, tids);
    pvmi_free(place);
    return rc;
}

/* A program without a name is found nowhere. */
static int spawn_nothing(int ntask, int *tids)
{
    struct pvmi_rec_error error = { .code = PvmNoFile, .text = "the program has no name" };
    struct pvmi_msg_answer answer = { .values = { .v = tids, .n = tids == NULL ? 0 : (uint32_t)ntask } };

    for (int i = 0; tids != NULL && i < ntask; i++)
        tids[i] = PvmNoFile;
    answer.errors.v = &error;
    answer.errors.n = 1;
    pvmi_request_fault(&error);
    pvmi_detail_take(&answer, true);
    return 0;
}

static int spawn(const char *task, char **argv, int flag, const char *where, int ntask, int *tids)
{
    const char *list = getenv(pvmi_env_name(PVMI_ENV_PVM_EXPORT));    /* an empty one goes along, too */
    struct exports exports = { NULL, 0 };
    int rc;

    pvmi_detail_clear();
    rc = pvmi_task_enroll();
    if (rc != PvmOk)
        return rc;
    if (ntask < 1)
        return pvmi_call_fail(PvmBadParam, "%d tasks cannot be started", ntask);
    if (task == NULL)
        return pvmi_call_fail(PvmBadParam, "the name of the program is NULL");
    if (task[0] == '\0')
        return spawn_nothing(ntask, tids);
    if (list != NULL)
        rc = exports_fill(&exports, list);
    if (rc == PvmOk) {
        struct pvmi_msg_spawn msg = {
            .file = task,
            .argv = { .v = argv, .n = argv_count(argv) },
            .flags = flag | (int)pvmi_env_number(PVMI_ENV_PVMTASK, 0),
            .count = ntask,
            .env = { .v = exports.env, .n = exports.count },
            .inherit = pvmi_task.children,
        };

        msg.inherit.context = pvmmyctx;
        rc = spawn_from_here(&msg, where, tids);
    }
    exports_free(&exports);
    return rc;
}

int pvm_spawn(const char *task, char **argv, int flag, const char *where, int ntask, int *tids)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_SPAWN, task, where, flag, ntask);
    return pvmi_call_leave("pvm_spawn", spawn(task, argv, flag, where, ntask, tids));
}

/* ---- siblings ---- */

static struct {
    int32_t of;      /* the tid that the list is for */
    int *tids;
    int count;
} siblings;

static int siblings_fetch(void)
{
    struct pvmi_msg_siblings_query msg = { 0 };
    struct pvmi_control control;
    const struct pvmi_msg_answer *answer;
    uint32_t count;
    int *tids;
    int rc = pvmi_request_ask(PVMI_MSG_siblings_query, &msg, NULL, NULL, &control);

    if (rc != PvmOk)
        return rc;
    answer = control.msg;
    count = answer->values.n > 0 ? answer->values.n : 1;
    tids = pvmi_malloc(count * sizeof(*tids));
    if (tids != NULL) {
        tids[0] = pvmi_task.tid;
        for (uint32_t i = 0; i < answer->values.n; i++)
            tids[i] = answer->values.v[i];
    }
    pvmi_control_free(&control);
    if (tids == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for %u siblings", count);
    pvmi_free(siblings.tids);
    siblings.tids = tids;
    siblings.count = (int)count;
    siblings.of = pvmi_task.tid;
    return PvmOk;
}

static int siblings_get(int **tids)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && siblings.of != pvmi_task.tid)
        rc = siblings_fetch();
    if (rc != PvmOk)
        return rc;
    if (tids != NULL)
        *tids = siblings.tids;
    pvmi_trace_result(siblings.count, siblings.tids);
    return siblings.count;
}

int pvm_siblings(int **tids)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_SIBLINGS);
    return pvmi_call_leave("pvm_siblings", siblings_get(tids));
}

/* ---- one task ---- */

static int check_task(int tid)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && !pvmi_tid_may_be_task(tid))
        rc = pvmi_call_fail(PvmBadParam, "0x%x is not the tid of a task", (unsigned)tid);
    return rc;
}

static int send_signal(int tid, int signum)
{
    struct pvmi_msg_signal msg = { .tid = tid, .signum = signum };
    int rc = check_task(tid);

    if (rc == PvmOk)
        rc = pvmi_request_value(PVMI_MSG_signal, &msg);
    return rc < 0 ? rc : PvmOk;
}

int pvm_sendsig(int tid, int signum)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_SENDSIG, tid, signum);
    return pvmi_call_leave("pvm_sendsig", send_signal(tid, signum));
}

int pvm_kill(int tid)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_KILL, tid);
    return pvmi_call_leave("pvm_kill", pvm_sendsig(tid, SIGTERM));
}

static int task_status(int tid)
{
    struct pvmi_msg_task_query msg = { .tid = tid };
    int rc = check_task(tid);

    if (rc == PvmOk)
        rc = pvmi_request_value(PVMI_MSG_task_query, &msg);
    return rc < 0 ? rc : PvmOk;
}

int pvm_pstat(int tid)
{
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter(TEV_PSTAT, tid);
    rc = task_status(tid);
    return rc == PvmNoTask ? pvmi_call_leave_quiet(rc) : pvmi_call_leave("pvm_pstat", rc);
}

/* ---- many tasks ---- */

/* The array that the last pvm_tasks() has given, in one block with its strings. */
static struct pvmtaskinfo *tasks_given;

static int tasks_copy(const struct pvmi_msg_tasks *msg, struct pvmtaskinfo **ret_tasks)
{
    struct pvmtaskinfo *tasks;
    size_t strings = 0;
    char *text;

    for (uint32_t i = 0; i < msg->tasks.n; i++)
        strings += (msg->tasks.v[i].file == NULL ? 0 : strlen(msg->tasks.v[i].file)) + 1;
    tasks = pvmi_malloc((msg->tasks.n + 1) * sizeof(*tasks) + strings);
    if (tasks == NULL)
        return pvmi_call_fail(PvmNoMem, "no memory for a list of %u tasks", msg->tasks.n);
    text = (char *)(tasks + msg->tasks.n + 1);
    for (uint32_t i = 0; i < msg->tasks.n; i++) {
        const struct pvmi_rec_taskinfo *from = &msg->tasks.v[i];

        tasks[i] = (struct pvmtaskinfo){ .ti_tid = from->tid, .ti_ptid = from->parent, .ti_host = from->host,
                                         .ti_flag = from->flags, .ti_a_out = text, .ti_pid = from->pid };
        text = stpcpy(text, from->file == NULL ? "" : from->file) + 1;
    }
    *ret_tasks = tasks;
    return PvmOk;
}

/* Takes over what a "tasks" answer says. */
static int tasks_take(const struct pvmi_control *control, int *ntask, struct pvmtaskinfo **taskp)
{
    const struct pvmi_msg_tasks *msg = control->msg;
    struct pvmtaskinfo *tasks = NULL;
    int rc;

    if (control->type != PVMI_MSG_tasks)
        rc = pvmi_request_fault(&((const struct pvmi_msg_answer *)control->msg)->error);
    else
        rc = pvmi_request_fault(&msg->error);
    if (rc == PvmOk)
        rc = tasks_copy(msg, &tasks);
    if (rc != PvmOk)
        return rc;
    pvmi_free(tasks_given);
    tasks_given = tasks;
    pvmi_trace_result(PvmOk, (int)msg->tasks.n);
    if (ntask != NULL)
        *ntask = (int)msg->tasks.n;
    if (taskp != NULL)
        *taskp = tasks;
    return PvmOk;
}

static int tasks_list(int where, int *ntask, struct pvmtaskinfo **taskp)
{
    struct pvmi_msg_tasks_query msg = { .where = where };
    struct pvmi_control control;
    int rc = pvmi_task_enroll();

    if (rc == PvmOk)
        rc = pvmi_request_call(PVMI_MSG_tasks_query, &msg, UINT64_MAX, &control);
    if (rc == PvmOk) {
        rc = tasks_take(&control, ntask, taskp);
        pvmi_control_free(&control);
    }
    if (rc == PvmNoHost && ntask != NULL)
        *ntask = 0;
    return rc;
}

int pvm_tasks(int where, int *ntask, struct pvmtaskinfo **taskp)
{
    pvmi_call_enter();
    pvmi_trace_enter(TEV_TASKS, where);
    return pvmi_call_leave("pvm_tasks", tasks_list(where, ntask, taskp));
}
