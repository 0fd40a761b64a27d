/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_export and pvm_unexport: the list, and what a child gets. */
#include "case.h"

static void list(const char *what, int rc)
{
    const char *value = getenv("PVM_EXPORT");

    printf("%s: %s, PVM_EXPORT %s%s%s\n", what, code(rc), value == NULL ? "" : "\"", value == NULL ? "unset" : value,
           value == NULL ? "" : "\"");
}

static void tell(const char *name)
{
    const char *value = getenv(name);

    pvm_pkstr((char *)(value == NULL ? "(unset)" : value));
}

static void child_has(void)
{
    static const char *const names[] = { "ONE", "TWO", "EMPTY", "COLON", "NOT", "PVM_EXPORT" };
    char text[256];
    int tid;

    case_spawn("tell", 1);
    tid = case_tids[case_count - 1];
    pvm_recv(tid, 1);
    printf("child:");
    for (int i = 0; i < 6; i++) {
        pvm_upkstr(text);
        printf(" %s=%s", names[i], text);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    if (case_role(argc, argv, "tell")) {
        pvm_initsend(PvmDataDefault);
        tell("ONE");
        tell("TWO");
        tell("EMPTY");
        tell("COLON");
        tell("NOT");
        tell("PVM_EXPORT");
        pvm_send(pvm_parent(), 1);
        pvm_exit();
        return 0;
    }
    setenv("ONE", "1", 1);
    setenv("TWO", "2", 1);
    setenv("EMPTY", "", 1);
    setenv("COLON", "a:b=c", 1);
    list("begin", 0);
    list("unexport of nothing", pvm_unexport("ONE"));
    list("empty", pvm_export(""));
    child_has();
    list("ONE", pvm_export("ONE"));
    list("ONE again", pvm_export("ONE"));
    child_has();
    list("TWO", pvm_export("TWO"));
    list("EMPTY", pvm_export("EMPTY"));
    list("COLON", pvm_export("COLON"));
    list("NOT", pvm_export("NOT"));
    list("ON, a part of ONE", pvm_export("ON"));
    child_has();
    setenv("ONE", "changed", 1);
    child_has();
    list("unexport ON", pvm_unexport("ON"));
    list("unexport the one in the middle", pvm_unexport("TWO"));
    list("unexport empty", pvm_unexport(""));
    list("unexport the unknown", pvm_unexport("UNKNOWN"));
    child_has();
    list("unexport the first", pvm_unexport("ONE"));
    list("unexport the last", pvm_unexport("NOT"));
    list("unexport", pvm_unexport("EMPTY"));
    list("unexport all", pvm_unexport("COLON"));
    child_has();
    list("after that", pvm_export("ONE"));
    pvm_exit();
    return 0;
}
