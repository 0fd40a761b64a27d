/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a task's own output and trace, seen in a child; what children inherit; pvm_catchout and the options. */
#include "case.h"

static void show(const char *name, int what)
{
    int value = pvm_getopt(what);

    printf("%s %s; ", name, value == pvm_parent() && value > 0 ? "parent" : value == pvm_mytid() ? "me" : value > 1000 ? "large"
           : code(value));
}

static void options(const char *when)
{
    printf("%s: ", when);
    show("OutputTid", PvmOutputTid);
    show("OutputContext", PvmOutputContext);
    show("OutputCode", PvmOutputCode);
    show("SelfOutputTid", PvmSelfOutputTid);
    show("SelfOutputContext", PvmSelfOutputContext);
    show("SelfOutputCode", PvmSelfOutputCode);
    printf("\n%s: ", when);
    show("TraceTid", PvmTraceTid);
    show("TraceContext", PvmTraceContext);
    show("TraceCode", PvmTraceCode);
    show("TraceBuffer", PvmTraceBuffer);
    show("TraceOptions", PvmTraceOptions);
    show("SelfTraceTid", PvmSelfTraceTid);
    show("SelfTraceContext", PvmSelfTraceContext);
    show("SelfTraceCode", PvmSelfTraceCode);
    show("SelfTraceBuffer", PvmSelfTraceBuffer);
    show("SelfTraceOptions", PvmSelfTraceOptions);
    printf("\n");
}

#define SET(what, value)                                                                                          \
    do {                                                                                                          \
        int old_ = pvm_setopt(what, value);                                                                       \
        printf("setopt(%s, %s): %s\n", #what, #value, old_ > 1000 ? "large" : code(old_));                        \
    } while (0)

static void child(void)
{
    options("child begins");
    SET(PvmOutputTid, pvm_parent());
    SET(PvmOutputTid, pvm_mytid());
    SET(PvmOutputTid, pvm_mytid() + 5);
    SET(PvmOutputTid, 0);
    SET(PvmOutputContext, 33);
    SET(PvmOutputCode, 44);
    SET(PvmOutputTid, pvm_parent());
    options("child back to the parent's");
    SET(PvmOutputCode, 45);
    SET(PvmOutputContext, 34);
    SET(PvmTraceTid, -1);
    SET(PvmTraceTid, 0);
    SET(PvmTraceCode, 99);
    SET(PvmTraceContext, 98);
    SET(PvmTraceOptions, PvmTraceCount);
    SET(PvmTraceOptions, 5);
    SET(PvmSelfTraceOptions, 0);
    SET(PvmSelfTraceOptions, PvmTraceTime);
    SET(PvmSelfTraceBuffer, 500);
    SET(PvmSelfOutputContext, 1);
    SET(PvmSelfTraceContext, 1);
    options("child changed");
    SET(PvmSelfOutputCode, 46);
    options("child changed its own code");
    SET(PvmSelfOutputTid, -1);
    options("child silent");
    SET(PvmSelfOutputCode, 47);
    SET(PvmSelfTraceCode, 47);
    options("child silent with a code");
    SET(PvmSelfTraceTid, -1);
    SET(PvmSelfOutputTid, pvm_parent());
    SET(PvmSelfOutputCode, 48);
    options("child at last");
    SET(PvmOutputTid, 0);
    SET(PvmOutputContext, 3);
    SET(PvmOutputCode, 17);
    SET(PvmOutputTid, pvm_parent());
    SET(PvmOutputCode, 48);
    SET(PvmOutputTid, pvm_parent());
    options("with the inherited code and context");
    SET(PvmOutputTid, pvm_mytid());
    SET(PvmOutputContext, 33);
    SET(PvmOutputTid, pvm_parent());
    SET(PvmTraceTid, pvm_parent());
    SET(PvmTraceTid, 0);
    SET(PvmTraceCode, 47);
    SET(PvmTraceContext, 4);
    SET(PvmTraceTid, pvm_parent());
    options("trace");
    SET(PvmSelfTraceTid, pvm_parent());
    SET(PvmSelfTraceTid, 0);
    options("no trace");
    SET(PvmSelfTraceTid, pvm_parent());
    SET(PvmSelfTraceCode, 5);
    options("trace again");
    SET(PvmSelfOutputTid, 0);
    options("no output");
    SET(PvmSelfOutputTid, pvm_parent() + 1);
    SET(PvmSelfOutputTid, -2);
    options("-2");
    SET(PvmSelfOutputTid, -1);
    fflush(stdout);
    case_spawn("grandchild", 1);
    case_await_end(case_tids[0]);
    SET(PvmSelfOutputTid, 0);
}

int main(int argc, char **argv)
{

    case_roles(argc, argv);
    case_begin();
    if (case_role(argc, argv, "child")) {
        char name[64];
        int parent = pvm_parent();

        pvm_recv(parent, 1);
        pvm_upkstr(name);
        setenv("OUTPUT", name, 1);
        pvm_export("OUTPUT");
        freopen(name, "a", stdout);
        child();
        fclose(stdout);
        pvm_exit();
        return 0;
    }
    if (case_role(argc, argv, "grandchild")) {
        freopen(getenv("OUTPUT"), "a", stdout);
        options("grandchild");
        fclose(stdout);
        pvm_exit();
        return 0;
    }
    options("begin");
    SET(PvmOutputTid, case_me);
    SET(PvmOutputContext, 3);
    SET(PvmOutputCode, 17);
    SET(PvmTraceTid, case_me);
    SET(PvmTraceContext, 4);
    SET(PvmTraceCode, 18);
    SET(PvmTraceBuffer, 2000);
    SET(PvmTraceOptions, PvmTraceFull);
    options("set");
    {
        char name[] = "/tmp/own-output-XXXXXX", line[1024];
        FILE *file;

        close(mkstemp(name));
        case_spawn("child", 1);
        pvm_initsend(PvmDataDefault);
        pvm_pkstr(name);
        pvm_send(case_tids[0], 1);
        case_await_end(case_tids[0]);
        file = fopen(name, "r");
        while (fgets(line, sizeof(line), file) != NULL)
            fputs(line, stdout);
        fclose(file);
        unlink(name);
    }
    SET(PvmOutputTid, 0);
    SET(PvmTraceTid, 0);
    options("none");
    SHOW(pvm_catchout(stdout));
    options("catchout");
    SET(PvmOutputCode, 5);
    options("another code");
    SHOW(pvm_catchout(NULL));
    options("catchout NULL");
    SET(PvmSelfOutputTid, case_me);
    SET(PvmSelfOutputCode, 5);
    options("own output of a task that has none");
    SET(PvmRoute, 0);
    SET(PvmRoute, PvmRouteDirect);
    SET(PvmRoute, PvmDontRoute);
    SET(PvmRoute, PvmAllowDirect);
    SET(PvmFragSize, 4080);
    SET(PvmFragSize, -1);
    SET(PvmFragSize, 0);
    SET(PvmDebugMask, 0);
    SET(PvmShowTids, -3);
    SET(PvmShowTids, 1);
    SET(PvmAutoErr, 0);
    SET(PvmNoReset, 1);
    SET(PvmNoReset, 1);
    pvm_exit();
    return 0;
}
