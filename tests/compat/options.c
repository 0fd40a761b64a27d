/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_setopt and pvm_getopt: what is refused, what comes back. */
#include "case.h"

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    SHOW(pvm_getopt(0));
    SHOW(pvm_getopt(-1));
    SHOW(pvm_getopt(26));
    SHOW(pvm_setopt(0, 1));
    SHOW(pvm_setopt(26, 1));
    SHOW(pvm_setopt(PvmRoute, 0));
    SHOW(pvm_setopt(PvmRoute, 4));
    SHOW(pvm_setopt(PvmRoute, PvmDontRoute));
    SHOW(pvm_setopt(PvmRoute, PvmRouteDirect));
    SHOW(pvm_getopt(PvmRoute));
    SHOW(pvm_setopt(PvmDebugMask, 0));
    SHOW(pvm_setopt(PvmFragSize, 51));
    SHOW(pvm_setopt(PvmFragSize, 52));
    SHOW(pvm_setopt(PvmFragSize, 1048577));
    SHOW(pvm_setopt(PvmFragSize, 1048576));
    SHOW(pvm_getopt(PvmFragSize));
    SHOW(pvm_setopt(PvmResvTids, 5));
    SHOW(pvm_setopt(PvmResvTids, 0));
    SHOW(pvm_setopt(PvmOutputTid, 12345));
    SHOW(pvm_setopt(PvmOutputTid, case_me));
    SHOW(pvm_setopt(PvmOutputCode, 17));
    SHOW(pvm_setopt(PvmOutputContext, 3));
    printf("output tid is mine: %d\n", pvm_getopt(PvmOutputTid) == case_me);
    SHOW(pvm_getopt(PvmOutputCode));
    SHOW(pvm_getopt(PvmOutputContext));
    printf("back to none: %d\n", pvm_setopt(PvmOutputTid, 0) == case_me);
    SHOW(pvm_getopt(PvmOutputTid));
    SHOW(pvm_setopt(PvmTraceTid, 12345));
    SHOW(pvm_setopt(PvmTraceBuffer, 100));
    SHOW(pvm_getopt(PvmTraceBuffer));
    SHOW(pvm_setopt(PvmTraceOptions, 0));
    SHOW(pvm_setopt(PvmTraceOptions, 4));
    SHOW(pvm_setopt(PvmTraceOptions, PvmTraceTime));
    SHOW(pvm_getopt(PvmTraceOptions));
    SHOW(pvm_setopt(PvmSelfOutputContext, 1));
    SHOW(pvm_setopt(PvmSelfTraceContext, 1));
    SHOW(pvm_getopt(PvmSelfOutputContext));
    SHOW(pvm_setopt(PvmShowTids, 0));
    SHOW(pvm_setopt(PvmShowTids, 7));
    SHOW(pvm_getopt(PvmShowTids));
    SHOW(pvm_setopt(PvmPollType, PvmPollSleep));
    SHOW(pvm_getopt(PvmPollType));
    SHOW(pvm_getopt(PvmPollTime));
    SHOW(pvm_setopt(PvmAutoErr, 9));
    SHOW(pvm_setopt(PvmAutoErr, 0));
    pvm_exit();
    printf("options survive pvm_exit: %d\n", pvm_getopt(PvmFragSize));
    return 0;
}
