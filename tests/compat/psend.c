/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_psend and pvm_precv: types, lengths, what other calls see of it. */
#include "case.h"

int main(int argc, char **argv)
{
    int data[] = { 1, 2, 3, 4 }, got[6] = { 9, 9, 9, 9, 9, 9 }, tid, tag, length, id, bytes;
    double d = 2.5, e = 0;

    case_roles(argc, argv);
    case_begin();
    id = pvm_initsend(PvmDataDefault);
    SHOW(pvm_psend(case_me, 3, data, 4, PVM_INT));
    printf("the send buffer is untouched: %d\n", pvm_getsbuf() == id);
    SHOW(pvm_precv(-1, -1, got, 6, PVM_INT, &tid, &tag, &length));
    printf("%s %d %d: %d %d %d %d %d\n", who(tid), tag, length, got[0], got[1], got[2], got[3], got[4]);
    printf("the receive buffer is untouched: %d\n", pvm_getrbuf());
    pvm_psend(case_me, 3, data, 4, PVM_INT);
    got[1] = got[2] = 9;
    SHOW(pvm_precv(case_me, 3, got, 2, PVM_INT, &tid, &tag, &length));
    printf("cut: %d %d %d, true length %d\n", got[0], got[1], got[2], length);
    pvm_psend(case_me, 5, &d, 1, PVM_DOUBLE);
    printf("probe sees it: %s\n", sign(pvm_probe(-1, 5)));
    printf("recv takes it: %s\n", sign(pvm_recv(-1, 5)));
    pvm_bufinfo(pvm_getrbuf(), &bytes, &tag, NULL);
    printf("%d bytes, tag %d, unpack %s", bytes, tag, code(pvm_upkdouble(&e, 1, 1)));
    printf(" %g\n", e);
    SHOW(pvm_psend(case_me, 6, data, 0, PVM_INT));
    SHOW(pvm_precv(-1, 6, got, 1, PVM_INT, NULL, NULL, &length));
    printf("empty: %d\n", length);
    SHOW(pvm_psend(case_me, 6, data, 1, PVM_STR));
    SHOW(pvm_psend(case_me, 6, data, 1, 12));
    SHOW(pvm_psend(case_me, 6, data, 1, -1));
    SHOW(pvm_psend(case_me, -6, data, 1, PVM_INT));
    SHOW(pvm_psend(0, 6, data, 1, PVM_INT));
    SHOW(pvm_psend(-1, 6, data, 1, PVM_INT));
    SHOW(pvm_precv(-1, 6, got, 1, PVM_STR, NULL, NULL, NULL));
    SHOW(pvm_precv(-1, 6, got, 1, 99, NULL, NULL, NULL));
    pvm_exit();
    return 0;
}
