/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_recvf: what a match function is asked, what its results do, and that all receives use it. */
#include "case.h"

static int asked, handled, want, unpacked;
static int (*before)(int, int, int);

static void put(int tag, int value)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    pvm_send(case_me, tag);
}

static int tag_of(int mid)
{
    int tag = -1;

    pvm_bufinfo(mid, NULL, &tag, NULL);
    return tag;
}

/* The answer for each message is its tag's last digit; tag 9 is an error. */
static int by_tag(int mid, int tid, int tag)
{
    asked++;
    printf("  asked of tag %d for %d, %d\n", tag_of(mid), tid, tag);
    return tag_of(mid) % 10 == 9 ? PvmNoData : tag_of(mid) % 10;
}

static int by_content(int mid, int tid, int tag)
{
    int old = pvm_setrbuf(mid), value = -1;

    pvm_upkint(&value, 1, 1);
    pvm_setrbuf(old);
    unpacked = value;
    return value == want;
}

static int as_before(int mid, int tid, int tag)
{
    asked++;
    return before(mid, tid, tag);
}

static int handler(int mid)
{
    handled++;
    return 0;
}

static void all_there(int last)
{
    int (*mine)(int, int, int) = pvm_recvf(NULL);

    while (pvm_probe(-1, last) == 0)
        ;
    pvm_recvf(mine);
}

int main(int argc, char **argv)
{
    struct timeval some = { 0, 50000 }, zero = { 0, 0 };
    int value, tid, tag, length, mid;

    case_roles(argc, argv);
    printf("before enrolment: the old one is NULL %d\n", pvm_recvf(by_tag) == NULL);
    printf("NULL gives the default back: old is mine %d\n", pvm_recvf(NULL) == by_tag);
    case_begin();
    before = pvm_recvf(by_tag);
    printf("old is NULL %d\n", before == NULL);
    printf("old is mine %d\n", pvm_recvf(by_tag) == by_tag);

    put(10, 0);
    put(13, 1);
    put(12, 2);
    put(23, 3);
    all_there(23);
    printf("ranks\n");
    SIGN(mid = pvm_probe(7, 8));
    printf(" tag %d\n", tag_of(mid));
    printf("the receive takes the same: %d\n", pvm_recv(-1, 5) == mid);
    value = -1;
    SHOW(pvm_upkint(&value, 1, 1));
    printf(" value %d\n", value);
    SIGN(pvm_nrecv(-1, -1));
    printf(" tag %d\n", tag_of(pvm_getrbuf()));
    put(11, 4);
    put(15, 5);
    all_there(15);
    printf("1 takes at once\n");
    SIGN(pvm_recv(3, 4));
    printf(" tag %d\n", tag_of(pvm_getrbuf()));
    SHOW(pvm_precv(-1, -1, &value, 1, PVM_INT, &tid, &tag, &length));
    printf(" precv: tag %d\n", tag);
    SIGN(pvm_trecv(-1, -1, &some));
    printf(" tag %d\n", tag_of(pvm_getrbuf()));
    printf("none\n");
    SHOW(pvm_nrecv(-1, 10));
    SHOW(pvm_trecv(-1, 10, &zero));
    SHOW(pvm_probe(-1, 10));
    put(19, 6);
    put(11, 7);
    all_there(11);
    printf("an error ends the receive\n");
    SHOW(pvm_nrecv(-1, -1));
    SHOW(pvm_recv(-1, -1));
    SHOW(pvm_trecv(-1, -1, &some));
    SHOW(pvm_probe(-1, -1));
    SHOW(pvm_precv(-1, -1, &value, 1, PVM_INT, &tid, &tag, &length));
    SHOW(pvm_getrbuf());
    pvm_recvf(NULL);
    SIGN(pvm_recv(-1, 19));
    SIGN(pvm_recv(-1, 11));
    SIGN(pvm_recv(-1, 10));
    SHOW(pvm_nrecv(-1, -1));

    printf("by content\n");
    pvm_recvf(by_content);
    put(1, 50);
    put(2, 60);
    put(3, 70);
    all_there(3);
    want = 70;
    SIGN(pvm_recv(-1, 1));
    value = -1;
    SHOW(pvm_upkint(&value, 1, 1));
    printf(" tag %d value %d\n", tag_of(pvm_getrbuf()), value);
    want = 80;
    SHOW(pvm_nrecv(-1, 1));
    printf(" the last one asked of had %d\n", unpacked);
    pvm_recvf(NULL);
    SIGN(pvm_nrecv(-1, -1));
    value = -1;
    SHOW(pvm_upkint(&value, 1, 1));
    printf(" a receive starts at the beginning: %d\n", value);
    SIGN(pvm_nrecv(-1, -1));

    printf("the default called by a function\n");
    pvm_recvf(as_before);
    put(5, 1);
    put(6, 2);
    SIGN(pvm_recv(case_me, 6));
    value = -1;
    SHOW(pvm_upkint(&value, 1, 1));
    printf(" value %d\n", value);
    SIGN(pvm_recv(-1, -1));
    SHOW(pvm_nrecv(-1, 6));
    printf(" was asked %d\n", asked > 0);

    pvm_recvf(by_tag);
    printf("messages for handlers do not come by here\n");
    mid = pvm_addmhf(-1, 21, 0, handler);
    put(21, 1);
    while (handled == 0)
        pvm_nrecv(-1, -1);
    SHOW(pvm_delmhf(mid));
    SHOW(pvm_exit());
    printf("survives pvm_exit: %d\n", pvm_recvf(NULL) == by_tag);
    return 0;
}
