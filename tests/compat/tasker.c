/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_reg_tasker: what a tasker is told, what becomes of the tasks that it starts and of those that it does not,
 * PvmAlready, and that the second call takes it back. */
#include "case.h"

#include <sys/resource.h>

#include <pvmproto.h>

#define MAX 64

enum { TAG_READY = 1, TAG_TOLD, TAG_HELLO, TAG_ENDED, TAG_UNREGISTER, TAG_LEAVE };

struct request {
    int tid, flags, argc, nenv, copies[3];
    char path[1024], argv[MAX][256], env[MAX][1024];
};

/* ---- the tasker, as a user writes one ---- */

static void take_request(struct request *request)
{
    pvm_upkint(&request->tid, 1, 1);
    pvm_upkint(&request->flags, 1, 1);
    pvm_upkstr(request->path);
    pvm_upkint(&request->argc, 1, 1);
    for (int i = 0; i < request->argc; i++)
        pvm_upkstr(request->argv[i]);
    pvm_upkint(&request->nenv, 1, 1);
    for (int i = 0; i < request->nenv; i++)
        pvm_upkstr(request->env[i]);
    pvm_upkint(request->copies, 3, 1);
}

static void tell_parent(const struct request *request, int from_pvmd, int context)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint((int *)&request->tid, 1, 1);
    pvm_pkint(&from_pvmd, 1, 1);
    pvm_pkint(&context, 1, 1);
    pvm_pkint((int *)&request->flags, 1, 1);
    pvm_pkstr((char *)request->path);
    pvm_pkint((int *)&request->argc, 1, 1);
    for (int i = 0; i < request->argc; i++)
        pvm_pkstr((char *)request->argv[i]);
    pvm_pkstr((char *)request->env[0]);
    pvm_pkstr((char *)request->env[request->nenv - 1]);
    pvm_pkint((int *)request->copies, 3, 1);
    pvm_send(pvm_parent(), TAG_TOLD);
}

static int run(struct request *request, struct rusage *usage)
{
    char *argv[MAX + 1];
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        for (int i = 0; i < request->argc; i++)
            argv[i] = request->argv[i];
        argv[request->argc] = NULL;
        for (int i = 0; i < request->nenv; i++)
            putenv(request->env[i]);
        execv(request->path, argv);
        _exit(1);
    }
    wait4(pid, &status, 0, usage);
    return status;
}

static void start(int from)
{
    static struct request request;
    struct rusage usage = { 0 };
    int status = 2 << 8, context = pvm_getcontext();
    int values[4];

    take_request(&request);
    tell_parent(&request, from == (int)0x80000000, context);
    if (request.argc < 3 || strcmp(request.argv[2], "refuse") != 0)
        status = run(&request, &usage);
    values[0] = (int)usage.ru_utime.tv_sec;
    values[1] = (int)usage.ru_utime.tv_usec;
    values[2] = (int)usage.ru_stime.tv_sec;
    values[3] = (int)usage.ru_stime.tv_usec;
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&request.tid, 1, 1);
    pvm_pkint(&status, 1, 1);
    pvm_pkint(values, 4, 1);
    pvm_send(from, SM_TASKX);
}

static void answer_parent(int value)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(pvm_parent(), TAG_READY);
}

static int tasker(void)
{
    int tag, from;

    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmResvTids, 1);
    answer_parent(pvm_reg_tasker());
    do {
        pvm_bufinfo(pvm_recv(-1, -1), NULL, &tag, &from);
        if (tag == SM_STTASK)
            start(from);
        else if (tag == TAG_UNREGISTER)
            answer_parent(pvm_reg_tasker());
    } while (tag != TAG_LEAVE);
    pvm_exit();
    return 0;
}

/* ---- what it starts ---- */

static int kid(int argc, char **argv)
{
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&argc, 1, 1);
    for (int i = 1; i < argc; i++)
        pvm_pkstr(argv[i]);
    pvm_send(pvm_parent(), TAG_HELLO);
    pvm_exit();
    return 3;
}

/* ---- the case ---- */

static int tasker_says(void)
{
    int value;

    pvm_recv(case_tids[0], TAG_READY);
    pvm_upkint(&value, 1, 1);
    return value;
}

static const char *is(const char *text, const char *path)
{
    return strcmp(text, path) == 0 ? "the path" : text;
}

static void show_told(void)
{
    int tid, from_pvmd, context, flags, argc, copies[3];
    char path[1024], text[1024];

    pvm_recv(case_tids[0], TAG_TOLD);
    pvm_upkint(&tid, 1, 1);
    pvm_upkint(&from_pvmd, 1, 1);
    pvm_upkint(&context, 1, 1);
    pvm_upkint(&flags, 1, 1);
    pvm_upkstr(path);
    pvm_upkint(&argc, 1, 1);
    printf("tasker: %s, from the pvmd %d, context %d, flags %d, path .../%s, argv", who(tid), from_pvmd, context, flags,
           strrchr(path, '/') + 1);
    for (int i = 0; i < argc; i++) {
        pvm_upkstr(text);
        printf(" <%s>", is(text, path));
    }
    pvm_upkstr(text);
    printf(", first variable %.8s", text);
    pvm_upkstr(text);
    if (strncmp(text, "PVMSPAWNWD=", 11) == 0)
        printf(", last %s", text);
    pvm_upkint(copies, 3, 1);
    printf(", copies %d %d %d\n", copies[0], copies[1], copies[2]);
}

static void show_hello(int tid)
{
    char text[256];
    int argc;

    pvm_recv(tid, TAG_HELLO);
    pvm_upkint(&argc, 1, 1);
    printf("%s: %d arguments", who(tid), argc);
    for (int i = 1; i < argc; i++) {
        pvm_upkstr(text);
        printf(" <%s>", text);
    }
    printf("\n");
}

static void show_end(int tid)
{
    int ended;

    pvm_notify(PvmTaskExit, TAG_ENDED, 1, &tid);
    pvm_recv(-1, TAG_ENDED);
    pvm_upkint(&ended, 1, 1);
    printf("%s has ended: %s\n", who(ended), code(pvm_pstat(ended)));
}

static void kids(int n, char *extra, char *where)
{
    char *args[] = { "kid", "a b", extra, NULL };
    int first = case_count;

    printf("spawn %d\n", pvm_spawn(CASE_NAME, args, PvmTaskDefault, where, n, case_tids + first));
    case_count += n;
    for (int i = 0; i < n; i++)
        show_told();
    for (int i = first; i < case_count; i++) {
        if (extra == NULL)
            show_hello(case_tids[i]);
        show_end(case_tids[i]);
    }
}

int main(int argc, char **argv)
{
    char *refuse[] = { "kid", "refuse", NULL };
    char *plain[] = { "kid", NULL };
    struct pvmtaskinfo *task;
    int n, tid;

    case_roles(argc, argv);
    if (case_role(argc, argv, "tasker"))
        return tasker();
    if (argc > 1)
        return kid(argc, argv);
    case_begin();
    case_spawn("tasker", 1);
    printf("the tasker: %s\n", code(tasker_says()));
    pvm_tasks(case_tids[0], &n, &task);
    printf("flags %x\n", task->ti_flag & 0xf00);
    SHOW(pvm_reg_tasker());
    kids(1, NULL, "");
    kids(2, NULL, "");
    kids(1, NULL, ":/usr");
    printf("spawn of nothing: %d\n", pvm_spawn("there is no such program", NULL, PvmTaskDefault, "", 1, &tid));
    printf("    %s\n", code(tid));
    printf("spawn %d\n", pvm_spawn(CASE_NAME, refuse, PvmTaskDefault, "", 1, case_tids + case_count++));
    show_told();
    show_end(case_tids[case_count - 1]);
    pvm_initsend(PvmDataDefault);
    pvm_send(case_tids[0], TAG_UNREGISTER);
    printf("the tasker again: %s\n", code(tasker_says()));
    printf("spawn %d\n", pvm_spawn(CASE_NAME, plain, PvmTaskDefault, "", 1, case_tids + case_count++));
    show_hello(case_tids[case_count - 1]);
    SHOW(pvm_reg_tasker());
    SHOW(pvm_reg_tasker());
    pvm_initsend(PvmDataDefault);
    pvm_send(case_tids[0], TAG_LEAVE);
    show_end(case_tids[0]);
    pvm_exit();
    return 0;
}
