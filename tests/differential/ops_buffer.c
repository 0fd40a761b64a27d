/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on buffers: making, freeing, choosing, packing, unpacking, asking. */
#include "script.h"

static int some_encoding(void)
{
    return chance(94) ? below(3) : 3 + below(9) * 3;
}

static void op_initsend(int index)
{
    int encoding = some_encoding(), before = pvm_getsbuf(), id = pvm_initsend(encoding);

    (void)index;
    if (id > 0) {
        buffers_gone(before);
        buffers_made(id, encoding, 0);
    }
    say("(%d) = %s, active %s", encoding, buffers_text(id), buffers_text(pvm_getsbuf()));
}

static void op_mkbuf(int index)
{
    int encoding = some_encoding(), id = pvm_mkbuf(encoding);

    (void)index;
    buffers_made(id, encoding, 0);
    say("(%d) = %s", encoding, buffers_text(id));
}

/* An id: mostly a known one. Ids that were freed may be in use by what has just arrived. */
static int some_buffer(void)
{
    static const int none[] = { 0, -1, -5, 99999 };
    struct known *buffer = buffers_some();

    return buffer != NULL && chance(85) ? buffer->id : none[below(4)];
}

static void op_freebuf(int index)
{
    int id = some_buffer();

    (void)index;
    say("(%s)", buffers_text(id));
    say(" = %s", code(pvm_freebuf(id)));
    if (id > 0)
        say(" again %s", code(pvm_freebuf(id)));
    buffers_gone(id);
    say(", active %s %s", buffers_text(pvm_getsbuf()), buffers_text(pvm_getrbuf()));
}

static void op_setsbuf(int index)
{
    int id = some_buffer();

    (void)index;
    say("(%s)", buffers_text(id));
    say(" = %s", buffers_text(pvm_setsbuf(id)));
    say(", active %s %s", buffers_text(pvm_getsbuf()), buffers_text(pvm_getrbuf()));
}

static void op_setrbuf(int index)
{
    int id = some_buffer();
    struct known *buffer = buffers_find(id);

    (void)index;
    say("(%s)", buffers_text(id));
    if (buffer != NULL && buffer->encoding == PvmDataInPlace && !buffer->was_received) {
        masked("unpacking what was packed in place here");
        return;
    }
    say(" = %s", buffers_text(pvm_setrbuf(id)));
    if (buffer != NULL && !buffer->was_received)
        buffer->was_received = buffer->own = 1;
    say(", active %s %s", buffers_text(pvm_getsbuf()), buffers_text(pvm_getrbuf()));
}

static void op_pack(int index)
{
    (void)index;
    for (int n = 1 + below(3); n > 0; n--)
        data_pack(buffers_find(pvm_getsbuf()));
}

static void op_unpack(int index)
{
    (void)index;
    for (int n = 1 + below(3); n > 0; n--)
        data_unpack();
}

static void op_drain(int index)
{
    (void)index;
    data_drain();
}

/* PVM 3 has forgotten the length of some. */
static int own_unpacked(int id)
{
    struct known *buffer = buffers_find(id);

    return buffer != NULL && buffer->own;
}

static void op_bufinfo(int index)
{
    int id = some_buffer(), length = -1, tag = -1, tid = -1;
    int rc;

    (void)index;
    say("(%s)", buffers_text(id));
    rc = pvm_bufinfo(id, &length, &tag, chance(10) ? NULL : &tid);
    if (own_unpacked(id))
        length = 0;
    say(" = %s %d %d %s", code(rc), length, tag, who(tid));
}

static void op_getminfo(int index)
{
    struct pvmminfo info = { -1, -1, -1, -1, -1, -1, -1, -1 };
    int id = some_buffer(), rc;
    struct known *buffer = buffers_find(id);

    (void)index;
    say("(%s)", buffers_text(id));
    rc = pvm_getminfo(id, &info);
    if (own_unpacked(id))
        info.len = 0;
    if (buffer != NULL && buffer->multicast)
        info.dst = 0;
    say(" = %s len %d ctx %d tag %d wid %d enc %x crc %d src %s dst %s", code(rc), info.len, info.ctx, info.tag,
        info.wid, (unsigned)info.enc, info.crc, who(info.src), who(info.dst));
}

static void op_setminfo(int index)
{
    struct pvmminfo info = { below(99), below(99), below(TAGS), below(1000), below(99), below(99), some_peer(),
                             some_peer() };
    int id = some_buffer();

    (void)index;
    say("(%s, tag %d wid %d ctx %d)", buffers_text(id), info.tag, info.wid, info.ctx);
    say(" = %s", code(pvm_setminfo(id, &info)));
}

/* What PVM 3 packs behind a body into a typed message is lost. */
static void op_pkmesgbody(int index)
{
    struct known *buffer = buffers_find(pvm_getsbuf()), *inner;
    int id = some_buffer(), rc;

    (void)index;
    inner = buffers_find(id);
    say("(%s into %s)", buffers_text(id), buffers_text(pvm_getsbuf()));
    if (buffer != NULL && buffer->was_received) {
        masked("packing into a received message");
        return;
    }
    rc = pvm_pkmesgbody(id);
    say(" = %s", quiet(rc));
    if (rc != PvmOk || buffer == NULL || inner == NULL)
        return;
    buffer->filled |= inner->filled | inner->was_received;
    buffer->has_body = 1;
}

const struct op buffer_ops[] = {
    { "initsend", 14, 0, op_initsend },
    { "mkbuf", 4, 0, op_mkbuf },
    { "freebuf", 3, 0, op_freebuf },
    { "setsbuf", 7, 0, op_setsbuf },
    { "setrbuf", 6, 0, op_setrbuf },
    { "pack", 30, 0, op_pack },
    { "unpack", 30, 0, op_unpack },
    { "drain", 3, 0, op_drain },
    { "pkmesgbody", 4, 0, op_pkmesgbody },
    { "bufinfo", 6, 0, op_bufinfo },
    { "getminfo", 4, 0, op_getminfo },
    { "setminfo", 2, 0, op_setminfo },
    { NULL, 0, 0, NULL },
};
