/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_reduce: operations and types, a function of the user's, what is refused. */
#include "case.h"

#define N 3

static void last_wins(int *datatype, void *x, void *y, int *num, int *info)
{
    (void)datatype;
    for (int i = 0; i < *num; i++)
        if (((int *)y)[i] > ((int *)x)[i])
            ((int *)x)[i] = ((int *)y)[i];
    *info = PvmOk;
}

static void work(int me)
{
    int i[2] = { me + 1, -me };
    short h = (short)(me + 2);
    double d = me + 0.5;
    float c[2] = { (float)me, 1.0f };
    char b = (char)(me - 1);
    int rc[6];

    rc[0] = pvm_reduce(PvmSum, i, 2, PVM_INT, 10, "r", 0);
    rc[1] = pvm_reduce(PvmProduct, &h, 1, PVM_SHORT, 11, "r", 0);
    rc[2] = pvm_reduce(PvmMax, &d, 1, PVM_DOUBLE, 12, "r", 0);
    rc[3] = pvm_reduce(PvmSum, c, 1, PVM_CPLX, 13, "r", 0);
    rc[4] = pvm_reduce(PvmMin, &b, 1, PVM_BYTE, 14, "r", 0);
    if (me == 0) {
        printf("sum %d %d: %s\n", i[0], i[1], code(rc[0]));
        printf("product %d: %s\n", h, code(rc[1]));
        printf("max %g: %s\n", d, code(rc[2]));
        printf("complex sum %g %g: %s\n", c[0], c[1], code(rc[3]));
        printf("min %d: %s\n", b, code(rc[4]));
    }
    i[0] = 100 * me;
    rc[5] = pvm_reduce(last_wins, i, 1, PVM_INT, 15, "r", 2);
    if (me == 2)
        printf("at another root, by a function of mine: %d %s\n", i[0], code(rc[5]));
    pvm_barrier("r", N);
}

static void refusals(void)
{
    int x = 1;

    SHOW(pvm_reduce(PvmSum, NULL, 1, PVM_INT, 1, "r", 0));
    SHOW(pvm_reduce(PvmSum, &x, 0, PVM_INT, 1, "r", 0));
    SHOW(pvm_reduce(PvmSum, &x, 1, 99, 1, "r", 0));
    SHOW(pvm_reduce(PvmSum, &x, 1, PVM_INT, 1, "", 0));
    SHOW(pvm_reduce(PvmSum, &x, 1, PVM_INT, 1, "nobody", 0));
    SHOW(pvm_reduce(PvmSum, &x, 1, PVM_INT, 1, "r", 9));
}

int main(int argc, char **argv)
{
    int me, type = PVM_INT, n = 1, info = 77, x = 3, y = 4;

    case_roles(argc, argv);
    if (case_role(argc, argv, "member")) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        pvm_setopt(PvmAutoErr, 0);
        pvm_recv(pvm_parent(), 1);
        me = pvm_joingroup("r");
        pvm_initsend(PvmDataDefault);
        pvm_send(pvm_parent(), 2);
        pvm_barrier("r", N);
        work(me);
        pvm_exit();
        return 0;
    }
    case_begin();
    pvm_catchout(stdout);
    pvm_setopt(PvmShowTids, 0);
    me = pvm_joingroup("r");
    refusals();
    case_spawn("member", N - 1);
    for (int i = 0; i < N - 1; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_send(case_tids[i], 1);
        pvm_recv(case_tids[i], 2);
    }
    pvm_barrier("r", N);
    work(me);
    pvm_exit();    /* with all that the members have printed */
    PvmSum(&type, &x, &y, &n, &info);
    printf("called directly: %d %s\n", x, code(info));
    type = PVM_STR;
    PvmMax(&type, &x, &y, &n, &info);
    printf("with a type that it cannot: %s\n", code(info));
    type = PVM_BYTE;
    PvmSum(&type, &x, &y, &n, &info);
    printf("sum of bytes: %s\n", code(info));
    return 0;
}
