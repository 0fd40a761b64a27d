/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_packf and pvm_unpackf: every letter, counts, strides, mistakes. */
#include "case.h"

static void rewind_it(void)
{
    pvm_setrbuf(pvm_setsbuf(0));
}

static void numbers(void)
{
    int i = 0, three[3] = { 0, 0, 0 }, six[] = { 1, 2, 3, 4, 5, 6 };
    short h = 0;
    long l = 0;
    unsigned u = 0;
    float f = 0;
    double d = 0;
    char c = 0, text[20] = "";
    float complex2[2] = { 1.5f, -2.5f }, back[2] = { 0, 0 };

    SIGN(pvm_packf("%+ %d %hd %ld %ud %c %f %lf %s", PvmDataRaw, -7, 12, 34L, 56u, 'z', 1.25, 2.5, "text"));
    rewind_it();
    SHOW(pvm_unpackf("%d %hd %ld %ud %c %f %lf %s", &i, &h, &l, &u, &c, &f, &d, text));
    printf("%d %d %ld %u %c %g %g %s\n", i, h, l, u, c, f, d, text);
    SIGN(pvm_packf("%+ %3d %*d %2.2d %*.*d %x", PvmDataDefault, six, 2, six + 3, six, 1, 3, six, complex2));
    rewind_it();
    SHOW(pvm_unpackf("%3d", three));
    printf("%d %d %d\n", three[0], three[1], three[2]);
    SHOW(pvm_unpackf("%2d", three));
    printf("%d %d\n", three[0], three[1]);
    SHOW(pvm_unpackf("%.1d %d", three, three + 1));
    printf("%d %d\n", three[0], three[1]);
    SHOW(pvm_unpackf("%d %x", &i, back));
    printf("%d %g %g\n", i, back[0], back[1]);
    SHOW(pvm_unpackf("%d", &i));
}

static void mistakes(void)
{
    int one = 1;

    pvm_setsbuf(0);
    SHOW(pvm_packf("%d", 1));
    SHOW(pvm_packf(""));
    SIGN(pvm_packf("%+", PvmDataDefault));
    SHOW(pvm_packf("%+ %d", 9, 1));
    pvm_initsend(PvmDataDefault);
    SHOW(pvm_packf("%i", 1));
    SHOW(pvm_packf("%d %q", 1));
    SHOW(pvm_packf("%%"));
    SHOW(pvm_packf("text without a directive"));
    SHOW(pvm_packf("%"));
    SHOW(pvm_packf("%-1d", &one));
    pvm_initsend(PvmDataInPlace);
    SHOW(pvm_packf("%1.2d", &one));
    pvm_setrbuf(0);
    SHOW(pvm_unpackf("%d", &one));
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    numbers();
    mistakes();
    pvm_exit();
    return 0;
}
