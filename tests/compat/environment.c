/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_export and pvm_unexport, and what a child finds in its environment. */
#include "case.h"

static const char *value_of(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "(not set)";
}

static int child(void)
{
    static const char *const names[] = { "CASE_A", "CASE_B", "CASE_C", "PVM_EXPORT" };

    pvm_initsend(PvmDataDefault);
    for (int i = 0; i < 4; i++)
        pvm_pkstr((char *)value_of(names[i]));
    pvm_pkstr(getenv("PVM_ARCH") != NULL && getenv("PVMSOCK") != NULL ? "both" : "missing");
    pvm_send(pvm_parent(), 1);
    pvm_exit();
    return 0;
}

static void show_child(void)
{
    char text[1000];

    case_spawn("child", 1);
    pvm_recv(-1, 1);
    for (int i = 0; i < 5; i++) {
        pvm_upkstr(text);
        printf("%s%s", text, i < 4 ? " | " : "\n");
    }
}

int main(int argc, char **argv)
{
    if (case_role(argc, argv, "child"))
        return child();
    case_begin();
    setenv("CASE_A", "one:two", 1);
    setenv("CASE_B", "b", 1);
    show_child();
    SHOW(pvm_export("CASE_A"));
    SHOW(pvm_export("CASE_A"));
    SHOW(pvm_export("CASE_C"));
    SHOW(pvm_export("CASE_A"));
    SHOW(pvm_export(""));
    printf("%s\n", value_of("PVM_EXPORT"));
    show_child();
    SHOW(pvm_export("CASE_B"));
    SHOW(pvm_unexport("CASE_A"));
    SHOW(pvm_unexport("NEVER"));
    printf("%s\n", value_of("PVM_EXPORT"));
    show_child();
    SHOW(pvm_unexport("CASE_C"));
    SHOW(pvm_unexport("CASE_B"));
    printf("[%s]\n", value_of("PVM_EXPORT"));
    pvm_exit();
    return 0;
}
