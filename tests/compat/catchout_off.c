/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_catchout(NULL): where output of later children goes then, in a task whose own output is caught and in one whose is
 * not. */
#include "case.h"

static void options(const char *when)
{
    static const int which[] = { PvmOutputTid, PvmOutputContext, PvmOutputCode, PvmSelfOutputTid };

    printf("%s:", when);
    for (int i = 0; i < 4; i++) {
        int value = pvm_getopt(which[i]);

        if (value > 0 && value == pvm_parent())
            printf(" parent");
        else
            printf(" %s", value > 0 && value == pvm_mytid() ? "me" : code(value));
    }
    puts("");
    fflush(stdout);
}

static void all(void)
{
    options("at first");
    SHOW(pvm_catchout(NULL));
    options("caught no more");
    SHOW(pvm_catchout(stdout));
    options("caught");
    SHOW(pvm_catchout(NULL));
    options("caught no more");
    pvm_setopt(PvmOutputTid, 0);
    options("to nobody");
    SHOW(pvm_catchout(NULL));
    options("caught no more");
    pvm_setopt(PvmOutputTid, pvm_mytid());
    pvm_setopt(PvmOutputCode, 55);
    pvm_setopt(PvmOutputContext, 66);
    options("as messages");
    SHOW(pvm_catchout(NULL));
    options("caught no more");
}

int main(int argc, char **argv)
{
    char *args[] = { "child", NULL };

    case_roles(argc, argv);
    if (argc == 1)
        case_begin();
    pvm_setopt(PvmAutoErr, 0);
    pvm_setopt(PvmShowTids, 0);
    all();
    if (argc == 1) {
        pvm_catchout(stdout);
        pvm_spawn(CASE_NAME, args, PvmTaskDefault, "", 1, case_tids);
    }
    pvm_exit();
    return 0;
}
