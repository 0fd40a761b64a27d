/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same cases over every way that a message may take between two tasks.
 *
 *   routes ROUTE DIVISOR FILE ARGS...   spawns FILE, which is this program or starts it, and runs all cases with it; prints
 *                                       "ROUTE ok". DIVISOR: how much less is sent of each.
 *   routes push MIB FILE ARGS...        only this: both send each other so many messages of 1 MiB before they receive
 *   routes peer                         the other one
 *
 * ROUTE is self (no other task), direct (through shared memory, if that is there), daemon (PvmDontRoute), or the name of
 * another host.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

enum { TAG_ECHO = 1, TAG_TYPES, TAG_PSEND, TAG_PUSH, TAG_DATA, TAG_LAST, TAG_STOP, TAG_READY, TAG_EXIT };

#define MIB (1024 * 1024)
#define LARGEST (9 * MIB + 3)
#define BEFORE_THE_END 200

static const int encodings[] = { PvmDataDefault, PvmDataRaw, PvmDataInPlace };
static int me, other, divisor = 1;
static uint8_t *bytes, *got;

static void fail(const char *what, long value)
{
    printf("t%x FAILED: %s (%ld, %s)\n", (unsigned)me, what, value, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    exit(1);
}

static void must(int good, const char *what, long value)
{
    if (!good)
        fail(what, value);
}

static uint8_t byte_of(int number, size_t at)
{
    return (uint8_t)((size_t)number * 31 + at * 7 + (at >> 8) + (at >> 16));
}

/* ---- messages of bytes alone, which any machine reads in any encoding: their number, their length, and that many ---- */

static void pack(int number, int length, int encoding)
{
    static int head[2];

    head[0] = number;
    head[1] = length;
    for (int i = 0; i < length; i++)
        bytes[i] = byte_of(number, (size_t)i);
    must(pvm_initsend(encoding) > 0, "pvm_initsend", encoding);
    must(pvm_pkbyte((char *)head, (int)sizeof(head), 1) == PvmOk, "pvm_pkbyte", number);
    must(length == 0 || pvm_pkbyte((char *)bytes, length, 1) == PvmOk, "pvm_pkbyte", length);
}

static void send_bytes(int tag, int number, int length, int encoding)
{
    int rc;

    pack(number, length, encoding);
    rc = pvm_send(other, tag);
    must(rc == PvmOk, "pvm_send", rc);
}

/* The active message is that. */
static void check_bytes(int number, int length)
{
    int head[2], more;

    must(pvm_upkbyte((char *)head, (int)sizeof(head), 1) == PvmOk, "pvm_upkbyte", number);
    must(head[0] == number, "the next number", head[0]);
    must(head[1] == length, "its length", head[1]);
    must(length == 0 || pvm_upkbyte((char *)got, length, 1) == PvmOk, "pvm_upkbyte", length);
    for (int i = 0; i < length; i++)
        must(got[i] == byte_of(number, (size_t)i), "its bytes", i);
    must(pvm_upkbyte((char *)&more, 1, 1) == PvmNoData, "and no more", number);
}

static void expect_bytes(int tag, int number, int length)
{
    int rc = pvm_recv(other, tag);

    must(rc > 0, "pvm_recv", rc);
    check_bytes(number, length);
}

/* ---- the cases ---- */

/* In each encoding, all before the first one is read; the peer forwards what it gets without a look. */
static void all_sizes_come_back_in_order(void)
{
    static const int sizes[] = { 0, 1, 2, 7, 8, 31, 32, 33, 56, 63, 64, 65, 500, 767, 768, 769, 1023, 1400, 4095, 4096, 16384,
                                 65535, 65536, 65537, 262143, 262144, MIB, 3 * MIB + 1, LARGEST, 5 };
    int count = (int)(sizeof(sizes) / sizeof(sizes[0]));

    for (int e = 0; e < 3; e++) {
        for (int i = 0; i < count; i++)
            send_bytes(TAG_ECHO, i, sizes[i] / (sizes[i] > MIB ? divisor : 1), encodings[e]);
        for (int i = 0; i < count; i++)
            expect_bytes(TAG_ECHO, i, sizes[i] / (sizes[i] > MIB ? divisor : 1));
    }
}

static void many_come_back_in_order(void)
{
    int count = 20000 / divisor;

    for (int i = 0; i < count; i++)
        send_bytes(TAG_ECHO, i, i % 100 == 7 ? 3000 : i % 60, encodings[i % 3]);
    for (int i = 0; i < count; i++)
        expect_bytes(TAG_ECHO, i, i % 100 == 7 ? 3000 : i % 60);
}

/* Received and not, wanted or not: by its tag first, then what had come before it. */
static void a_later_message_can_be_had_first(void)
{
    send_bytes(TAG_ECHO, 1, 100, PvmDataDefault);
    send_bytes(TAG_LAST, 2, 5000, PvmDataDefault);
    expect_bytes(TAG_LAST, 2, 5000);
    expect_bytes(TAG_ECHO, 1, 100);
}

/* One of each type, with a stride; the other one unpacks them and packs them anew. */
struct values {
    char text[40];
    short shorts[3];
    int ints[3];
    long longs[3];
    float floats[3];
    double doubles[3], complexes[6];
    unsigned uints[3];
};

static void pack_values(const struct values *v)
{
    pvm_pkstr((char *)v->text);
    pvm_pkshort((short *)v->shorts, 2, 2);
    pvm_pkint((int *)v->ints, 2, 2);
    pvm_pklong((long *)v->longs, 2, 2);
    pvm_pkfloat((float *)v->floats, 2, 2);
    pvm_pkdouble((double *)v->doubles, 2, 2);
    pvm_pkdcplx((double *)v->complexes, 2, 2);
    must(pvm_pkuint((unsigned *)v->uints, 3, 1) == PvmOk, "pvm_pkuint", 0);
}

static void unpack_values(struct values *v)
{
    must(pvm_upkstr(v->text) == PvmOk, "pvm_upkstr", 0);
    must(pvm_upkshort(v->shorts, 2, 2) == PvmOk, "pvm_upkshort", 0);
    must(pvm_upkint(v->ints, 2, 2) == PvmOk, "pvm_upkint", 0);
    must(pvm_upklong(v->longs, 2, 2) == PvmOk, "pvm_upklong", 0);
    must(pvm_upkfloat(v->floats, 2, 2) == PvmOk, "pvm_upkfloat", 0);
    must(pvm_upkdouble(v->doubles, 2, 2) == PvmOk, "pvm_upkdouble", 0);
    must(pvm_upkdcplx(v->complexes, 2, 2) == PvmOk, "pvm_upkdcplx", 0);
    must(pvm_upkuint(v->uints, 3, 1) == PvmOk, "pvm_upkuint", 0);
}

static void all_types_come_back(void)
{
    static const struct values sent = { "what was sent", { -7, 0, 32767 }, { -70000, 0, 2000000000 }, { -5, 0, 2147483647 },
                                        { 0.5f, 0, -1e30f }, { 1.0 / 3, 0, -1e300 }, { 1, 2, 0, 0, -3, 1e-300 },
                                        { 1, 2, 4000000000u } };
    struct values back = { .text = "" };

    for (int i = 0; i < 20; i++) {
        memset(&back, 0, sizeof(back));
        must(pvm_initsend(PvmDataDefault) > 0, "pvm_initsend", i);
        pack_values(&sent);
        must(pvm_send(other, TAG_TYPES) == PvmOk && pvm_recv(other, TAG_TYPES) > 0, "values to and fro", i);
        unpack_values(&back);
        must(memcmp(&sent, &back, sizeof(sent)) == 0, "values are as they were", i);
    }
}

static void psend_meets_precv(void)
{
    static const int sizes[] = { 1, 64, 700, 800, 5000, 70000, 2 * MIB };

    for (int i = 0; i < (int)(sizeof(sizes) / sizeof(sizes[0])); i++) {
        int tid, tag, length, size = sizes[i] / (sizes[i] > MIB ? divisor : 1);

        for (int k = 0; k < size; k++)
            bytes[k] = byte_of(i, (size_t)k);
        must(pvm_psend(other, TAG_PSEND, (char *)bytes, size, PVM_BYTE) == PvmOk, "pvm_psend", size);
        must(pvm_precv(other, TAG_PSEND, (char *)got, LARGEST, PVM_BYTE, &tid, &tag, &length) == PvmOk, "pvm_precv", size);
        must(tid == other && tag == TAG_PSEND && length == size, "from whom, and how much", length);
        must(memcmp(bytes, got, (size_t)size) == 0, "its bytes", size);
    }
}

/* pvm_mcast() leaves out who calls it. */
static void a_multicast_comes_once(void)
{
    int both[] = { other, me };

    for (int i = 0; i < 8; i++) {
        pack(i, i * i * i * 1000, encodings[i % 3]);
        must(pvm_mcast(both, 2, TAG_ECHO) == PvmOk, "pvm_mcast", i);
    }
    for (int i = 0; i < 8 && other != me; i++)
        expect_bytes(TAG_ECHO, i, i * i * i * 1000);
    must(pvm_nrecv(-1, -1) == 0, "once", 0);
}

/* Neither waits for the other one to receive. */
static void push(int count)
{
    for (int i = 0; i < count; i++)
        send_bytes(TAG_DATA, i, MIB, PvmDataDefault);
}

static void pull(int count)
{
    for (int i = 0; i < count; i++)
        expect_bytes(TAG_DATA, i, MIB);
}

static void both_send_before_they_receive(int count)
{
    if (other != me) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&count, 1, 1);
        must(pvm_send(other, TAG_PUSH) == PvmOk, "pvm_send", count);
    }
    push(count);
    if (other != me)
        must(pvm_recv(other, TAG_READY) > 0, "the other one has sent all, too", count);
    pull(count);
}

/* The last case: what the other one had sent, then the notice of its end, then nothing. */
static void the_end_is_told_behind_all_messages(void)
{
    if (other == me)
        return;
    must(pvm_notify(PvmTaskExit, TAG_EXIT, 1, &other) == PvmOk, "pvm_notify", 0);
    pvm_initsend(PvmDataDefault);
    must(pvm_send(other, TAG_STOP) == PvmOk, "pvm_send", 0);
    must(pvm_recv(-1, TAG_EXIT) > 0, "the notice", 0);
    for (int i = 0; i < BEFORE_THE_END; i++) {
        must(pvm_nrecv(other, TAG_LAST) > 0, "what was sent before the end", i);
        check_bytes(i, i * 200);
    }
    must(pvm_nrecv(-1, -1) == 0, "and nothing more", 0);
}

/* ---- the other one ---- */

/* What it has got, as it is. */
static void forward(int tag)
{
    int buffer = pvm_setrbuf(0);

    pvm_freebuf(pvm_setsbuf(buffer));
    must(pvm_send(other, tag) == PvmOk, "forward", tag);
}

static void answer_types(void)
{
    struct values values;

    unpack_values(&values);
    must(pvm_initsend(PvmDataDefault) > 0, "pvm_initsend", 0);
    pack_values(&values);
    must(pvm_send(other, TAG_TYPES) == PvmOk, "pvm_send", 0);
}

static void answer_push(void)
{
    int count;

    must(pvm_upkint(&count, 1, 1) == PvmOk, "pvm_upkint", 0);
    push(count);
    pvm_initsend(PvmDataDefault);
    must(pvm_send(other, TAG_READY) == PvmOk, "pvm_send", count);
    pull(count);
}

static int run_peer(void)
{
    for (;;) {
        int buffer = pvm_recv(other, -1), tag;

        must(buffer > 0 && pvm_bufinfo(buffer, NULL, &tag, NULL) == PvmOk, "pvm_recv", buffer);
        if (tag == TAG_STOP)
            break;
        if (tag == TAG_TYPES)
            answer_types();
        else if (tag == TAG_PUSH)
            answer_push();
        else
            forward(tag);
    }
    for (int i = 0; i < BEFORE_THE_END; i++)
        send_bytes(TAG_LAST, i, i * 200, encodings[i % 3]);
    pvm_exit();
    return 0;
}

static void start_peer(const char *route, char **argv)
{
    int elsewhere = strcmp(route, "direct") != 0 && strcmp(route, "daemon") != 0 && strcmp(route, "push") != 0;
    int rc = pvm_spawn(argv[0], argv + 1, elsewhere ? PvmTaskHost : PvmTaskDefault, elsewhere ? (char *)route : "", 1, &other);

    must(rc == 1, "pvm_spawn", other);
}

int main(int argc, char **argv)
{
    const char *route = argc > 1 ? argv[1] : "";
    int last = strcmp(route, "push") == 0;

    pvm_setopt(PvmAutoErr, 0);
    me = pvm_mytid();
    bytes = malloc(LARGEST);
    got = malloc(LARGEST);
    must(me > 0 && bytes != NULL && got != NULL, "begin", me);
    if (strcmp(route, "peer") == 0) {
        other = pvm_parent();
        return run_peer();
    }
    must(argc > 3, "three arguments", argc);
    divisor = last ? 1 : atoi(argv[2]);
    pvm_catchout(stdout);
    if (strcmp(route, "self") == 0)
        other = me;
    else
        start_peer(route, argv + 3);
    if (strcmp(route, "daemon") == 0)
        pvm_setopt(PvmRoute, PvmDontRoute);
    if (!last) {
        all_sizes_come_back_in_order();
        many_come_back_in_order();
        a_later_message_can_be_had_first();
        all_types_come_back();
        psend_meets_precv();
        a_multicast_comes_once();
    }
    both_send_before_they_receive(last ? atoi(argv[2]) : 20 / divisor + 1);
    the_end_is_told_behind_all_messages();
    printf("%s ok\n", route);
    pvm_exit();
    free(bytes);
    free(got);
    return 0;
}
