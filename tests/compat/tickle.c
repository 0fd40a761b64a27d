/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_tickle: how many results each request has, and what they are. */
#include "case.h"

static void tickle(int what, int argument)
{
    int args[2] = { what, argument };
    int results[10] = { -77 };
    int count = -1;
    int rc = pvm_tickle(2, args, &count, results);

    printf("tickle %d: %s, %d results, %d\n", what, code(rc), count, results[0]);
}

int main(int argc, char **argv)
{
    int args[11] = { 5 };
    int count;

    (void)argc;
    (void)argv;
    case_begin();
    for (int what = 0; what < 12; what++)
        tickle(what, what == 6 ? 4 : what == 7 ? 5 : 0x3fc0000);
    tickle(5, 0);
    tickle(8, pvm_tidtohost(case_me));
    SHOW(pvm_tickle(1, args, NULL, NULL));
    SHOW(pvm_tickle(0, args, &count, NULL));
    SHOW(pvm_tickle(11, args, &count, NULL));
    SHOW(pvm_tickle(-1, args, &count, NULL));
    tickle(6, 0);
    tickle(5, 0);
    pvm_exit();
    return 0;
}
