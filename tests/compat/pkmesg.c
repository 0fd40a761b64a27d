/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages in messages: pvm_pkmesg, pvm_pkmesgbody, pvm_upkmesg, in every mixture of encodings, nested, forwarded. */
#include "case.h"

static const char *mark = "";    /* "~" where PVM 3 cannot read what it packed */
static const char *const names[] = { "default", "raw", "in place" };
static int numbers[3] = { 11, 22, 33 };

static int length_of(int buf)
{
    int length = -1;

    pvm_bufinfo(buf, &length, NULL, NULL);
    return length;
}

/* A message with the three numbers. */
static int inner_new(int encoding)
{
    int buf = pvm_mkbuf(encoding), old = pvm_setsbuf(buf);
    struct pvmminfo info;

    pvm_pkint(numbers, 3, 1);
    pvm_setsbuf(old);
    pvm_getminfo(buf, &info);
    info.tag = 5;
    info.ctx = 6;
    info.wid = 7;
    info.src = 8;
    info.dst = 9;
    pvm_setminfo(buf, &info);
    return buf;
}

static int deliver(int tag)
{
    pvm_send(case_me, tag);
    return pvm_recv(case_me, tag);
}

static void show(const char *what, int buf)
{
    int got[3] = { -1, -1, -1 }, old;
    struct pvmminfo info;

    if (buf <= 0) {
        printf(" %s: %s\n", what, code(buf));
        return;
    }
    memset(&info, 0, sizeof(info));
    pvm_getminfo(buf, &info);
    old = pvm_setrbuf(buf);
    printf("%s %s: %s", mark, what, code(pvm_upkint(got, 3, 1)));
    printf(" %d %d %d, tag %d ctx %d wid %d src %d dst %d crc %d enc 0x%x\n", got[0], got[1], got[2], info.tag, info.ctx, info.wid,
           info.src, info.dst, info.crc, info.enc);
    pvm_setrbuf(old);
}

static void mixtures(void)
{
    int x = 99, y;

    for (int outer = 0; outer < 3; outer++) {
        for (int inner = 0; inner < 3; inner++) {
            int buf = inner_new(inner), rc;

            printf("%s in %s\n", names[inner], names[outer]);
            mark = inner == PvmDataInPlace ? "~" : "";
            pvm_initsend(outer);
            printf(" pkmesg: %s", code(pvm_pkmesg(buf)));
            printf(", pkint: %s\n", code(pvm_pkint(&x, 1, 1)));
            SIGN(deliver(1));
            show("got", rc = pvm_upkmesg());
            y = -1;
            printf("%s behind it: %s", mark, code(pvm_upkint(&y, 1, 1)));
            printf(" %d, at the end: %s\n", y, code(pvm_upkmesg()));
            pvm_freebuf(buf);
            if (rc > 0)
                pvm_freebuf(rc);
        }
    }
}

static void bodies(void)
{
    int x = 1, got[5];

    for (int outer = 0; outer < 3; outer++) {
        for (int inner = 0; inner < 3; inner++) {
            int buf = inner_new(inner), rc;

            pvm_initsend(outer);
            pvm_pkint(&x, 1, 1);
            rc = pvm_pkmesgbody(buf);
            printf("body, %s in %s: %s, length %d\n", names[inner], names[outer], code(rc), length_of(pvm_getsbuf()));
            if (rc == PvmOk) {
                SIGN(deliver(2));
                memset(got, 0, sizeof(got));
                printf(" %s", code(pvm_upkint(got, 4, 1)));
                printf(" %d %d %d %d, length %d\n", got[0], got[1], got[2], got[3], length_of(pvm_getrbuf()));
            }
            pvm_freebuf(buf);
        }
    }
}

static void nested(void)
{
    int a = inner_new(PvmDataDefault), b = pvm_mkbuf(PvmDataRaw), c = pvm_mkbuf(PvmDataDefault), x = 44, got = -1, r, s;
    char text[20] = "";

    printf("nested\n");
    pvm_setsbuf(b);
    pvm_pkint(&x, 1, 1);
    SHOW(pvm_pkmesg(a));
    pvm_setsbuf(c);
    pvm_pkstr("around");
    SHOW(pvm_pkmesg(b));
    SHOW(pvm_pkmesg(b));
    pvm_pkstr("behind");
    SIGN(deliver(3));
    pvm_upkstr(text);
    printf(" %s\n", text);
    SIGN(r = pvm_upkmesg());
    SIGN(s = pvm_upkmesg());
    pvm_upkstr(text);
    printf(" %s\n", text);
    pvm_setrbuf(s);
    SHOW(pvm_upkint(&got, 1, 1));
    printf(" %d\n", got);
    show("innermost", pvm_upkmesg());
    printf(" tag %s\n", code(pvm_bufinfo(r, NULL, &x, NULL)));
    pvm_freebuf(r);
    pvm_freebuf(s);
}

static void forwarded(void)
{
    int buf = inner_new(PvmDataDefault), got[3] = { 0 }, x = 55;

    printf("a received message in another\n");
    pvm_setsbuf(buf);
    SIGN(deliver(4));
    buf = pvm_setrbuf(0);
    pvm_initsend(PvmDataDefault);
    SHOW(pvm_pkmesg(buf));
    SHOW(pvm_pkmesgbody(buf));
    pvm_pkint(&x, 1, 1);
    SIGN(deliver(5));
    x = pvm_upkmesg();
    pvm_upkint(got, 3, 1);
    printf(" body %d %d %d\n", got[0], got[1], got[2]);
    SHOW(pvm_upkint(got, 1, 1));
    printf("~ behind it %d\n", got[0]);
    pvm_setrbuf(x);
    pvm_upkint(got, 3, 1);
    printf(" message %d %d %d\n", got[0], got[1], got[2]);
    printf("what was unpacked sent on\n");
    SIGN(pvm_setsbuf(x) >= 0);
    SIGN(deliver(6));
    pvm_upkint(got, 3, 1);
    printf(" %d %d %d\n", got[0], got[1], got[2]);
}

static void large(void)
{
    static int many[50000], got[50000];
    int buf = pvm_mkbuf(PvmDataDefault), bad = 0, r;

    printf("large\n");
    for (int i = 0; i < 50000; i++)
        many[i] = i * 7;
    pvm_setsbuf(buf);
    pvm_pkint(many, 50000, 1);
    pvm_setsbuf(0);
    pvm_initsend(PvmDataDefault);
    SHOW(pvm_pkmesg(buf));
    SIGN(deliver(7));
    r = pvm_upkmesg();
    printf(" length %d\n", length_of(r));
    pvm_setrbuf(r);
    SHOW(pvm_upkint(got, 50000, 1));
    for (int i = 0; i < 50000; i++)
        bad += got[i] != many[i];
    printf(" wrong %d\n", bad);
}

static void none(void)
{
    int buf, x = 3, r;

    printf("empty\n");
    buf = pvm_mkbuf(PvmDataDefault);
    pvm_initsend(PvmDataDefault);
    SHOW(pvm_pkmesg(buf));
    SHOW(pvm_pkmesgbody(buf));
    pvm_pkint(&x, 1, 1);
    SIGN(deliver(8));
    SIGN(r = pvm_upkmesg());
    printf(" length %d\n", length_of(r));
    SHOW(pvm_upkint(&x, 1, 1));
    printf("no message at all\n");
    pvm_initsend(PvmDataDefault);
    SIGN(deliver(9));
    SHOW(pvm_upkmesg());
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 3, 1);
    SIGN(deliver(9));
    SHOW(pvm_upkmesg());
    SHOW(pvm_upkint(&x, 1, 1));
    printf("too short\n");
    pvm_initsend(PvmDataDefault);
    for (int i = 0; i < 9; i++) {
        x = i == 0 || i == 8 ? 1000 : i == 4 ? 0x10000000 : 0;
        pvm_pkint(&x, 1, 1);
    }
    pvm_pkint(numbers, 3, 1);
    SIGN(deliver(9));
    printf("~ %s\n", code(pvm_upkmesg()));
    printf("~ %s\n", code(pvm_upkint(&x, 1, 1)));
}

int main(int argc, char **argv)
{
    int buf;

    case_roles(argc, argv);
    case_begin();
    pvm_setopt(PvmAutoErr, 1);
    buf = pvm_mkbuf(PvmDataDefault);
    SHOW(pvm_upkmesg());
    SHOW(pvm_pkmesg(-1));
    SHOW(pvm_pkmesg(0));
    SHOW(pvm_pkmesg(4711));
    SHOW(pvm_pkmesg(buf));
    SHOW(pvm_pkmesgbody(-1));
    SHOW(pvm_pkmesgbody(0));
    SHOW(pvm_pkmesgbody(4711));
    SHOW(pvm_pkmesgbody(buf));
    pvm_setsbuf(buf);
    SHOW(pvm_pkmesg(buf));
    SHOW(pvm_pkmesgbody(buf));
    pvm_setopt(PvmAutoErr, 0);
    mixtures();
    mark = "";
    bodies();
    nested();
    forwarded();
    large();
    none();
    pvm_exit();
    return 0;
}
