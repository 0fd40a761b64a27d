/* SPDX-License-Identifier: BSD-3-Clause */
/* Each function that packs or unpacks: its results, in the order of the checks. */
#include "case.h"

static long room[64];

#define BOTH(name, type) \
    do { \
        type *p = (type *)room; \
        memset(room, 0, sizeof(room)); \
        pvm_setsbuf(0); \
        pvm_setrbuf(0); \
        SHOW(pvm_pk##name(p, -1, 1)); \
        SHOW(pvm_pk##name(p, 1, 1)); \
        SHOW(pvm_upk##name(p, -1, 1)); \
        SHOW(pvm_upk##name(p, 1, 1)); \
        pvm_initsend(PvmDataInPlace); \
        SHOW(pvm_pk##name(p, 1, 2)); \
        pvm_freebuf(pvm_initsend(PvmDataDefault)); \
        pvm_initsend(PvmDataRaw); \
        SHOW(pvm_pk##name(p, 2, 2)); \
        SHOW(pvm_pk##name(p, 0, 7)); \
        pvm_send(case_me, 1); \
        pvm_recv(case_me, 1); \
        SHOW(pvm_upk##name(p, 1, -1)); \
        SHOW(pvm_upk##name(p, 2, 1)); \
        SHOW(pvm_upk##name(p, 1, 1)); \
        SHOW(pvm_upk##name(p, 0, 1)); \
        pvm_freebuf(pvm_getsbuf()); \
    } while (0)

static void strings(void)
{
    char text[16] = "word";

    pvm_setsbuf(0);
    pvm_setrbuf(0);
    SHOW(pvm_pkstr(text));
    SHOW(pvm_upkstr(text));
    pvm_initsend(PvmDataInPlace);
    SHOW(pvm_pkstr(text));
    SHOW(pvm_packf("%2.3d", room));
    SHOW(pvm_packf("%+%d", 9, 1));
    SHOW(pvm_packf("%+%d", PvmDataDefault, 1));
    SHOW(pvm_pkstr(text));
    pvm_send(case_me, 1);
    pvm_recv(case_me, 1);
    SHOW(pvm_unpackf("%d", room));
    SHOW(pvm_unpackf("%q", room));
    SHOW(pvm_upkstr(text));
    SHOW(pvm_upkstr(text));
    SHOW(pvm_unpackf("%d", room));
    pvm_setrbuf(0);
    SHOW(pvm_unpackf("%d", room));
}

/* Bytes whose number is no multiple of 4, read as numbers: each word that has begun is one. */
static void bytes_as_numbers(void)
{
    int ints[3], seven = 7;
    double real;

    pvm_initsend(PvmDataDefault);
    pvm_pkbyte("abcdef", 6, 1);
    pvm_pkint(&seven, 1, 1);
    pvm_pkbyte("\x3f\xf8\0\0\0", 5, 1);
    pvm_pkstr("12345");
    pvm_send(case_me, 1);
    pvm_recv(case_me, 1);
    SHOW(pvm_upkint(ints, 3, 1));
    printf("%x %x.... %d\n", ints[0], ints[1] >> 16, ints[2]);
    SHOW(pvm_upkdouble(&real, 1, 1));
    SHOW(pvm_upkint(ints, 3, 1));
    printf("%d %x %x......\n", ints[0], ints[1], ints[2] >> 16);
    SHOW(pvm_upkint(ints, 1, 1));
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    BOTH(byte, char);
    BOTH(short, short);
    BOTH(ushort, unsigned short);
    BOTH(int, int);
    BOTH(uint, unsigned int);
    BOTH(long, long);
    BOTH(ulong, unsigned long);
    BOTH(float, float);
    BOTH(double, double);
    BOTH(cplx, float);
    BOTH(dcplx, double);
    strings();
    bytes_as_numbers();
    pvm_exit();
    return 0;
}
