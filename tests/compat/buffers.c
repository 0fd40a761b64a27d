/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of buffers: ids, which one is active, what frees what. */
#include "case.h"

int main(int argc, char **argv)
{
    int a, b, c, x = 5;

    case_roles(argc, argv);
    case_begin();
    SHOW(pvm_getsbuf());
    SHOW(pvm_getrbuf());
    SHOW(pvm_pkint(&x, 1, 1));
    SHOW(pvm_upkint(&x, 1, 1));
    SHOW(pvm_initsend(3));
    SHOW(pvm_mkbuf(-1));
    SHOW(pvm_mkbuf(9));
    a = pvm_initsend(PvmDataDefault);
    printf("initsend makes its buffer active: %d\n", a > 0 && pvm_getsbuf() == a);
    SHOW(pvm_initsend(77));
    printf("a failed one leaves it: %d\n", pvm_getsbuf() == a);
    b = pvm_mkbuf(PvmDataRaw);
    printf("mkbuf does not: %d %d\n", b > 0 && b != a, pvm_getsbuf() == a);
    printf("setsbuf gives the old one: %d\n", pvm_setsbuf(b) == a);
    printf("and frees nothing: %s\n", code(pvm_bufinfo(a, NULL, NULL, NULL)));
    printf("setsbuf 0: %d\n", pvm_setsbuf(0) == b);
    SHOW(pvm_getsbuf());
    SHOW(pvm_setsbuf(-3));
    SHOW(pvm_setsbuf(9999));
    SHOW(pvm_setrbuf(-3));
    SHOW(pvm_setrbuf(9999));
    SHOW(pvm_freebuf(0));
    SHOW(pvm_freebuf(-1));
    SHOW(pvm_freebuf(9999));
    SHOW(pvm_freebuf(b));
    SHOW(pvm_freebuf(b));
    c = pvm_mkbuf(PvmDataDefault);
    printf("the id last freed is used first: %d\n", c == b);
    pvm_setsbuf(a);
    SHOW(pvm_pkint(&x, 1, 1));
    printf("the send buffer as receive buffer: %s\n", code(pvm_setrbuf(a)));
    printf("is no send buffer any more: %d %d\n", pvm_getsbuf(), pvm_getrbuf() == a);
    x = 0;
    SHOW(pvm_upkint(&x, 1, 1));
    printf("x %d\n", x);
    SHOW(pvm_upkint(&x, 1, 1));
    printf("and back: %s\n", code(pvm_setsbuf(a)));
    SHOW(pvm_getrbuf());
    printf("freeing the active one: %s\n", code(pvm_freebuf(a)));
    SHOW(pvm_getsbuf());
    SHOW(pvm_bufinfo(0, NULL, NULL, NULL));
    SHOW(pvm_bufinfo(-1, NULL, NULL, NULL));
    SHOW(pvm_bufinfo(9999, NULL, NULL, NULL));
    a = pvm_initsend(PvmDataDefault);
    pvm_pkint(&x, 1, 1);
    pvm_send(case_me, 4);
    b = pvm_recv(-1, 4);
    printf("received: active %d\n", pvm_getrbuf() == b);
    printf("nrecv finds nothing: %d\n", pvm_nrecv(-1, 4));
    printf("and has freed it: %d %s\n", pvm_getrbuf(), code(pvm_bufinfo(b, NULL, NULL, NULL)));
    pvm_send(case_me, 4);
    b = pvm_recv(-1, 4);
    pvm_setrbuf(0);
    SHOW(pvm_nrecv(-1, 4));
    printf("kept by setrbuf 0: %s\n", code(pvm_bufinfo(b, NULL, NULL, NULL)));
    pvm_freebuf(b);
    pvm_exit();
    printf("buffers survive pvm_exit: %s\n", code(pvm_bufinfo(a, NULL, NULL, NULL)));
    return 0;
}
