/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers of PvmDataTrace: what they begin with, and what stands before the items of each pack. */
#include "case.h"

static int buf;

static void packed(const char *what, int rc)
{
    int length = -1;

    pvm_bufinfo(buf, &length, NULL, NULL);
    printf("%s: %s, length %d\n", what, code(rc), length);
}

/* The head of the record but its time, and the rest as ints. */
static void show_ints(void)
{
    int head[2], seconds[2], value = -1, rc;
    char name[64] = "";

    pvm_upkint(head, 2, 1);
    pvm_upkstr(name);
    pvm_upkint(seconds, 2, 1);
    printf("%d %d %s:", head[0], head[1], name);
    while ((rc = pvm_upkint(&value, 1, 1)) == PvmOk)
        printf(" %x", (unsigned)value);
    printf(" %s\n", code(rc));
}

int main(int argc, char **argv)
{
    int ints[5] = { 1, 2, 3, 4, 5 };
    unsigned int natural = 4;
    unsigned short small = 9;
    short number = 1;
    float reals[2] = { 1, 2 };
    double doubles[2] = { 1, 2 };
    char bytes[] = "abcdefgh";
    struct pvmminfo info;

    case_roles(argc, argv);
    case_begin();
    buf = pvm_initsend(PvmDataTrace);
    packed("fresh", PvmOk);
    packed("a byte", pvm_pkbyte(bytes, 1, 1));
    packed("8 bytes", pvm_pkbyte(bytes, 8, 1));
    packed("a short", pvm_pkshort(&number, 1, 1));
    packed("an unsigned short", pvm_pkushort(&small, 1, 1));
    packed("an int", pvm_pkint(ints, 1, 1));
    packed("5 ints", pvm_pkint(ints, 5, 1));
    packed("2 ints at distance 2", pvm_pkint(ints, 2, 2));
    packed("no ints", pvm_pkint(ints, 0, 1));
    packed("-1 ints", pvm_pkint(ints, -1, 1));
    packed("an unsigned int", pvm_pkuint(&natural, 1, 1));
    packed("a float", pvm_pkfloat(reals, 1, 1));
    packed("2 floats", pvm_pkfloat(reals, 2, 1));
    packed("a double", pvm_pkdouble(doubles, 1, 1));
    packed("a complex", pvm_pkcplx(reals, 1, 1));
    packed("a double complex", pvm_pkdcplx(doubles, 1, 1));
    packed("a string", pvm_pkstr("hell"));
    packed("a string of one", pvm_pkstr("h"));
    packed("an empty string", pvm_pkstr(""));
    packed("packf of an int", pvm_packf("%d", 5));
    packed("packf of a string", pvm_packf("%s", "xyz"));
    SHOW(pvm_send(case_me, 1));
    buf = pvm_recv(-1, 1);
    packed("received", PvmOk);
    pvm_getminfo(buf, &info);
    printf("enc %x\n", (unsigned)info.enc);

    buf = pvm_initsend(PvmDataTrace);
    pvm_pkint(ints, 1, 1);
    pvm_pkint(ints, 3, 1);
    pvm_pkuint(&natural, 1, 1);
    pvm_pkushort(&small, 1, 1);
    pvm_pkushort(&small, 1, 1);
    pvm_pkshort(&number, 1, 1);
    pvm_pkulong((unsigned long[]){ 3 }, 1, 1);
    pvm_pklong((long[]){ 3 }, 1, 1);
    pvm_packf("%s", "xyz");
    pvm_send(case_me, 2);
    buf = pvm_recv(-1, 2);
    show_ints();
    pvm_setsbuf(buf);
    packed("~ packed further", pvm_pkint(ints, 1, 1));
    pvm_exit();
    return 0;
}
