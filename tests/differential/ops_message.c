/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations that send and receive. */
#include "script.h"

static int some_tag(void)
{
    return chance(96) ? below(TAGS) : -1 - below(5);
}

static void op_send(int index)
{
    int tid = some_tid(), tag = some_tag();

    (void)index;
    turns_will_send_to(tid);
    say("(%s, %d)", who(tid), tag);
    say(" = %s", code(pvm_send(tid, tag)));
}

static void op_mcast(int index)
{
    int list[8], n = below(8), tag = some_tag();

    (void)index;
    say("(");
    for (int i = 0; i < n; i++) {
        list[i] = chance(97) ? some_peer() : some_tid();
        turns_will_send_to(list[i]);
        say("%s ", who(list[i]));
    }
    say("%d)", tag);
    buffers_multicast();
    say(" = %s", code(pvm_mcast(list, chance(95) ? n : -1, tag)));
}

static void op_psend(int index)
{
    static char data[16 * 4096];
    int tid = some_tid(), tag = chance(95) ? TAGS + below(TAGS) : -2;
    int datatype = chance(92) ? 1 + below(11) : below(2) * 13;
    int count = chance(85) ? below(10) : chance(60) ? below(3000) : 0;

    (void)index;
    if (datatype >= PVM_BYTE && datatype <= PVM_ULONG)
        data_random(datatype, data, count);
    turns_will_send_to(tid);
    say("(%s, %d, %d, %d)", who(tid), tag, count, datatype);
    say(" = %s", code(pvm_psend(tid, tag, data, count, datatype)));
}

/* After a receive: the one that was active before is gone, the message is a new one. */
static void received(int before, int id)
{
    int length = -1, tag = -1, tid = -1;

    if (id < 0) {
        say(" = %s", code(id));
        return;
    }
    buffers_gone(before);
    buffers_made(id, PvmDataDefault, 1);
    say(" = %s", buffers_text(id));
    if (id > 0) {
        pvm_bufinfo(id, &length, &tag, &tid);
        say(" %s %d %d", who(tid), tag, length);
    }
    say(", active %s", buffers_text(pvm_getrbuf()));
}

static void op_probe(int index)
{
    int tid = any_tid(), tag = any_tag(), id = pvm_probe(tid, tag);
    int length = -1, got = -1, from = -1;

    (void)index;
    say("(%s, %d) = %s", who(tid), tag, id > 0 ? "yes" : code(id));
    if (id > 0) {
        pvm_bufinfo(id, &length, &got, &from);
        say(" %s %d %d", who(from), got, length);
    }
}

static void op_nrecv(int index)
{
    int tid = any_tid(), tag = any_tag(), before = pvm_getrbuf();

    (void)index;
    say("(%s, %d)", who(tid), tag);
    received(before, pvm_nrecv(tid, tag));
}

/* For pvm_recvf(): of the messages of the script the highest tag, the oldest of these. */
static int highest_tag(int mid, int tid, int tag)
{
    struct pvmminfo info;

    pvm_getminfo(mid, &info);
    if (info.ctx != pvm_getcontext() || info.tag < 0 || info.tag >= 2 * TAGS)
        return 0;
    return (tid == -1 || tid == info.src) && (tag == -1 || tag == info.tag) ? 2 + info.tag : 0;
}

static void op_recvf(int index)
{
    int tid = any_tid(), tag = any_tag(), before = pvm_getrbuf(), id, ours;

    (void)index;
    say("(%s, %d)", who(tid), tag);
    pvm_recvf(highest_tag);
    say(" probe %d", pvm_probe(tid, tag) > 0);
    id = pvm_nrecv(tid, tag);
    ours = pvm_recvf(NULL) == highest_tag;
    received(before, id);
    say(", it was ours %d", ours);
}

/* Waits only for what is there. */
static void op_recv(int index)
{
    int tid = any_tid(), tag = any_tag(), before = pvm_getrbuf();

    (void)index;
    say("(%s, %d)", who(tid), tag);
    if (pvm_probe(tid, tag) > 0)
        received(before, chance(60) ? pvm_recv(tid, tag) : pvm_trecv(tid, tag, NULL));
    else
        say(" none");
}

static void op_trecv(int index)
{
    struct timeval times[] = { { 0, 0 }, { 0, 2000 }, { -1, 0 }, { 0, -5 } };
    int tid = any_tid(), tag = any_tag(), before = pvm_getrbuf(), which = below(4);

    (void)index;
    say("(%s, %d, %ld.%06ld)", who(tid), tag, (long)times[which].tv_sec, (long)times[which].tv_usec);
    received(before, pvm_trecv(tid, tag, &times[which]));
}

/* Typed messages only as bytes, and without a look at those: some are not set by PVM 3. */
static void op_precv(int index)
{
    static char data[16 * 4096];
    int tid = any_tid(), tag = chance(60) ? TAGS + below(TAGS) : any_tag(), count = below(12);
    int datatype = tag >= TAGS ? 1 + below(11) : PVM_BYTE, from = -1, got = -1, length = -1, rc;

    (void)index;
    say("(%s, %d, %d, %d)", who(tid), tag, count, datatype);
    if (chance(8)) {
        say(" refused %s", code(pvm_precv(tid, tag, data, count, below(2) * 12, &from, &got, &length)));
        return;
    }
    if (pvm_probe(tid, tag) <= 0) {
        say(" none");
        return;
    }
    memset(data, 0x5a, 256);
    rc = pvm_precv(tid, tag, data, count, datatype, &from, &got, &length);
    say(" = %s %s %d %d", code(rc), who(from), got, length);
    if (got >= TAGS)
        say(" %s", bytes_text(data, 200));
}

/* A receive that begins before the message is sent. */
static void op_wait(int index)
{
    static char data[64];
    int peer = some_peer(), tag = TAGS + below(TAGS), from = -1, got = -1, length = -1, before = pvm_getrbuf();
    struct timeval long_time = { 60, 0 };
    int any_sender = chance(30);

    (void)index;
    if (peer == script.tids[script.me]) {
        say(" for itself");
        return;
    }
    if (pvm_getcontext() != PvmBaseContext) {
        say(" in another context");
        return;
    }
    say("(%s, %d)", any_sender ? "any" : who(peer), tag);
    turns_ask_for_message(peer, tag);
    switch (below(3)) {
    case 0:
        received(before, pvm_recv(any_sender ? -1 : peer, tag));
        break;
    case 1:
        received(before, pvm_trecv(any_sender ? -1 : peer, tag, &long_time));
        break;
    default:
        memset(data, 0, sizeof(data));
        say(" = %s", code(pvm_precv(any_sender ? -1 : peer, tag, data, 16, PVM_BYTE, &from, &got, &length)));
        say(" %s %d %d %s", who(from), got, length, bytes_text(data, 16));
    }
    turns_await_answer(peer);
}

/* Passes on what was received last. */
static void op_forward(int index)
{
    int id = pvm_getrbuf(), tid = some_peer(), tag = below(TAGS);

    (void)index;
    if (buffers_find(id) == NULL) {
        say(" nothing");
        return;
    }
    say("(%s to %s, %d)", buffers_text(id), who(tid), tag);
    turns_will_send_to(tid);
    say(" = %s", buffers_text(pvm_setsbuf(id)));
    say(" %s", code(pvm_send(tid, tag)));
    say(", active %s %s", buffers_text(pvm_getsbuf()), buffers_text(pvm_getrbuf()));
}

const struct op message_ops[] = {
    { "send", 34, 0, op_send },
    { "mcast", 8, 0, op_mcast },
    { "psend", 9, 0, op_psend },
    { "probe", 7, 0, op_probe },
    { "nrecv", 12, 0, op_nrecv },
    { "recvf", 6, 0, op_recvf },
    { "recv", 22, 0, op_recv },
    { "trecv", 5, 0, op_trecv },
    { "precv", 9, 0, op_precv },
    { "wait", 5, 0, op_wait },
    { "forward", 4, 0, op_forward },
    { NULL, 0, 0, NULL },
};
