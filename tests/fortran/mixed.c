/* SPDX-License-Identifier: BSD-3-Clause */
/* The C half of mixed.f90: reads what it packed, answers with the same, changed a little. */
#include <stdio.h>
#include <string.h>

#include <pvm3.h>

int main(void)
{
    int parent = pvm_parent();
    char text[32] = "";
    char bytes[4];
    short shorts[3];
    int ints[3];
    long longs[3];
    float floats[2];
    double doubles[2];
    float complexes[4];

    for (int round = 0; round < 2; round++) {
        if (pvm_recv(parent, 1) < 0)
            return 1;
        pvm_upkbyte(text, 10, 1);
        pvm_upkbyte(bytes, 4, 1);
        pvm_upkshort(shorts, 3, 1);
        pvm_upkint(ints, 3, 1);
        pvm_upklong(longs, 3, 1);
        pvm_upkfloat(floats, 2, 1);
        pvm_upkdouble(doubles, 2, 1);
        if (pvm_upkcplx(complexes, 2, 1) != PvmOk || memcmp(text, "from there", 10) != 0)
            return 1;
        for (int i = 0; i < 3; i++) {
            shorts[i] = (short)-shorts[i];
            ints[i] = -ints[i];
            longs[i] = -longs[i];
        }
        pvm_initsend(PvmDataDefault);
        pvm_pkbyte("from  here", 10, 1);
        pvm_pkbyte(bytes, 4, 1);
        pvm_pkshort(shorts, 3, 1);
        pvm_pkint(ints, 3, 1);
        pvm_pklong(longs, 3, 1);
        pvm_pkfloat(floats, 2, 1);
        pvm_pkdouble(doubles, 2, 1);
        pvm_pkcplx(complexes, 2, 1);
        pvm_send(parent, 2);
    }
    pvm_joingroup("mixed");
    pvm_barrier("mixed", 2);
    pvm_reduce(PvmSum, ints, 3, PVM_INT, 3, "mixed", pvm_getinst("mixed", parent));
    pvm_barrier("mixed", 2);    /* the root looks who is a member when it comes to the reduce */
    pvm_exit();
    return 0;
}
