/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items of messages. Each is preceded by an int that says what follows: 0x5e, the data type, whether bytes were
 * packed typed, and the count. A reader that meets another int (what pvm_psend() sent) takes the rest as bytes.
 */
#include "script.h"

#define MAGIC 0x5e
#define COUNT_MAX 0x7fff
#define ARENA (1 << 20)
#define FORMATTED 12    /* data types of ours: what pvm_packf() packs, and a message in a message */
#define NESTED 13

static const int sizes[] = { 1, 1, 2, 4, 4, 8, 8, 16, 8, 2, 4, 8 };
static const int xdr_sizes[] = { 1, 1, 4, 4, 4, 8, 8, 16, 8, 4, 4, 8 };
static const char *const names[] = {
    "str", "byte", "short", "int", "float", "cplx", "double", "dcplx", "long", "ushort", "uint", "ulong", "packf", "mesg",
};

/* Data in place must stay until they were sent: they are never used again. */
static char *arena;
static size_t used;
static char scratch[ARENA];

void data_begin(void)
{
    arena = calloc(1, 8 * ARENA);
    if (arena == NULL)
        exit(3);
}

static void *arena_take(size_t n)
{
    void *p;

    if (used + n > 8 * ARENA)
        used = 0;
    p = arena + used;
    used += (n + 15) & ~(size_t)15;
    return p;
}

/* Reals are small eighths: no bit of theirs depends on the machine. */
int data_random(int datatype, void *to, int count)
{
    int size = sizes[datatype];

    for (int i = 0; i < count; i++) {
        if (datatype == PVM_FLOAT || datatype == PVM_CPLX) {
            float v[2] = { (float)(below(2000000) - 1000000) / 8, (float)below(999) / 8 };
            memcpy((char *)to + (size_t)i * (size_t)size, v, (size_t)size);
        } else if (datatype == PVM_DOUBLE || datatype == PVM_DCPLX) {
            double v[2] = { (double)(below(2000000) - 1000000) / 8, (double)below(999) / 8 };
            memcpy((char *)to + (size_t)i * (size_t)size, v, (size_t)size);
        } else {
            uint64_t v = draw();
            memcpy((char *)to + (size_t)i * (size_t)size, &v, (size_t)size);
        }
    }
    return size;
}

static int pack(int datatype, void *p, int n, int stride)
{
    switch (datatype) {
    case PVM_STR: return pvm_pkstr(p);
    case PVM_BYTE: return pvm_pkbyte(p, n, stride);
    case PVM_SHORT: return pvm_pkshort(p, n, stride);
    case PVM_INT: return pvm_pkint(p, n, stride);
    case PVM_FLOAT: return pvm_pkfloat(p, n, stride);
    case PVM_CPLX: return pvm_pkcplx(p, n, stride);
    case PVM_DOUBLE: return pvm_pkdouble(p, n, stride);
    case PVM_DCPLX: return pvm_pkdcplx(p, n, stride);
    case PVM_LONG: return pvm_pklong(p, n, stride);
    case PVM_USHORT: return pvm_pkushort(p, n, stride);
    case PVM_UINT: return pvm_pkuint(p, n, stride);
    default: return pvm_pkulong(p, n, stride);
    }
}

static int unpack(int datatype, void *p, int n, int stride)
{
    switch (datatype) {
    case PVM_STR: return pvm_upkstr(p);
    case PVM_BYTE: return pvm_upkbyte(p, n, stride);
    case PVM_SHORT: return pvm_upkshort(p, n, stride);
    case PVM_INT: return pvm_upkint(p, n, stride);
    case PVM_FLOAT: return pvm_upkfloat(p, n, stride);
    case PVM_CPLX: return pvm_upkcplx(p, n, stride);
    case PVM_DOUBLE: return pvm_upkdouble(p, n, stride);
    case PVM_DCPLX: return pvm_upkdcplx(p, n, stride);
    case PVM_LONG: return pvm_upklong(p, n, stride);
    case PVM_USHORT: return pvm_upkushort(p, n, stride);
    case PVM_UINT: return pvm_upkuint(p, n, stride);
    default: return pvm_upkulong(p, n, stride);
    }
}

static int some_count(void)
{
    return chance(80) ? below(9) : chance(85) ? below(100) : 1000 + below(3000);
}

/* Packs count items in one or several calls, with a stride where that is allowed. */
static void pack_items(int datatype, int count, int in_place, int split)
{
    int size = sizes[datatype], done = 0;

    while (done < count) {
        int n = split && chance(30) ? 1 + below(count - done) : count - done;
        int stride = in_place || chance(70) ? 1 : n > 2000 ? 2 : below(6) - 2;
        size_t room = (size_t)(abs(stride) * (n - 1) + 1) * (size_t)size;
        char *p = in_place ? arena_take(room) : scratch;

        data_random(datatype, p, (int)(room / (size_t)size));
        if (stride < 0)
            p += (size_t)-stride * (size_t)(n - 1) * (size_t)size;
        say(" %d/%d=%s", n, stride, code(pack(datatype, p, n, stride)));
        done += n;
    }
    if (count == 0)
        say(" 0=%s", code(pack(datatype, scratch, 0, below(3))));
}

static void pack_string(int in_place)
{
    int n = below(30);
    char *p = in_place ? arena_take(64) : scratch;

    for (int i = 0; i < n; i++)
        p[i] = (char)('a' + below(26));
    p[n] = '\0';
    say(" \"%s\"=%s", p, code(pack(PVM_STR, p, 1, 1)));
}

static void pack_formatted(void)
{
    int list[6], count = 3;
    float reals[2] = { 1.5f, (float)below(100) / 4 };

    data_random(PVM_INT, list, 6);
    say(" %s", code(pvm_packf("%d %hd %c %f %lf %*.2d %2f %s", list[0], list[1] & 0x7fff, 'q', 2.25, -7.5, count,
                              list, reals, "word")));
}

static void unpack_formatted(void)
{
    int first = 0, list[6] = { 0 }, count = 3;
    short second = 0;
    char letter = 0, word[32] = "";
    float real = 0, reals[2] = { 0, 0 };
    double wide = 0;
    int rc = pvm_unpackf("%d %hd %c %f %lf %*.2d %2f %s", &first, &second, &letter, &real, &wide, count, list, reals,
                         word);

    say(" %s %d %d %c %g %g %d %d %d %g %g %s", code(rc), first, second, letter, real, wide, list[0], list[2], list[4],
        reals[0], reals[1], word);
}

static int is_typed(int id)
{
    struct pvmminfo info = { 0 };

    pvm_getminfo(id, &info);
    return info.enc == 0x10000000;
}

/* What can be packed into the send buffer, which is another one. */
static struct known *some_nested(const struct known *buffer)
{
    struct known *inner = buffers_some();

    if (buffer == NULL || inner == NULL || inner == buffer || inner->encoding == PvmDataInPlace || inner->multicast ||
        !(inner->filled || inner->was_received))
        return NULL;
    if (inner->from_mailbox)
        return NULL;
    if (script.has_bodies && (inner->has_body || inner->was_received))
        return NULL;
    if (buffer->encoding != PvmDataDefault && is_typed(inner->id))
        return NULL;
    return inner;
}

static void pack_nested(const struct known *inner)
{
    say(" %s=%s", buffers_text(inner->id), quiet(pvm_pkmesg(inner->id)));
}

static void unpack_nested(void)
{
    int id = pvm_upkmesg(), tag = -1, tid = -1, rc;

    say(" %s", id > 0 ? "positive" : quiet(id));
    if (id <= 0)
        return;
    rc = pvm_bufinfo(id, NULL, &tag, &tid);
    say(" %s tag %d from %s", code(rc), tag, who(tid));
    buffers_made(id, PvmDataDefault, 1);
}

static void pack_refused(void)
{
    switch (below(3)) {
    case 0:
        say(" -1 items: %s", code(pack(1 + below(11), scratch, -1, 1)));
        break;
    case 1:
        say(" packf %%i: %s", code(pvm_packf("%i", 1)));
        break;
    default:
        say(" packf \"\": %s", code(pvm_packf("")));
    }
}

/* Packs one item into the active send buffer; buffer NULL when that is none. */
void data_pack(struct known *buffer)
{
    int encoding = buffer == NULL ? PvmDataDefault : buffer->encoding;
    int in_place = encoding == PvmDataInPlace, typed = encoding == PvmDataDefault;
    int datatype = below(in_place ? 12 : 14), count = some_count(), header;
    struct known *inner = datatype == NESTED ? some_nested(buffer) : NULL;
    int *kept;

    if (datatype == NESTED && inner == NULL) {
        masked("a nested message that is not there, empty, in place, of the mailbox, with a body, typed in a raw one, or sent by pvm_mcast()");
        return;
    }
    if (buffer != NULL && buffer->was_received) {
        masked("packing into a received message");
        return;
    }
    if (buffer != NULL && buffer->has_body && typed) {
        masked("packing behind a body");
        return;
    }
    if (chance(6)) {
        pack_refused();
        return;
    }
    if (typed && (datatype == PVM_LONG || datatype == PVM_ULONG)) {
        masked("long in PvmDataDefault");
        return;
    }
    if (buffer != NULL)
        buffer->filled = 1;
    if (in_place && datatype == PVM_STR)
        datatype = PVM_INT;
    header = MAGIC << 24 | datatype << 19 | typed << 18 | count;
    kept = arena_take(sizeof(int));
    *kept = header;
    say(" %s %d: %s", names[datatype], count, code(pvm_pkint(kept, 1, 1)));
    if (datatype == NESTED)
        pack_nested(inner);
    else if (datatype == FORMATTED)
        pack_formatted();
    else if (datatype == PVM_STR)
        pack_string(in_place);
    else
        pack_items(datatype, count, in_place, !(typed && datatype == PVM_BYTE));
}

static void unpack_string(void)
{
    int length = 0;

    memset(scratch, 0, 64);
    if (chance(60)) {
        say(" %s", code(pvm_upkstr(scratch)));
    } else {
        say(" %s", code(pvm_upkint(&length, 1, 1)));
        if (length < 0 || length > 63)
            length = 0;
        say(" %d %s", length, code(pvm_upkbyte(scratch, length, 1)));
    }
    scratch[63] = '\0';
    say(" \"%s\"", scratch);
}

static int read_as(int datatype)
{
    if (chance(85))
        return datatype;
    switch (datatype) {
    case PVM_SHORT: return PVM_USHORT;
    case PVM_USHORT: return PVM_SHORT;
    case PVM_INT: return PVM_UINT;
    case PVM_UINT: return PVM_INT;
    case PVM_LONG: return PVM_ULONG;
    case PVM_ULONG: return PVM_LONG;
    default: return datatype;
    }
}

static void unpack_items(int datatype, int count, int split)
{
    int size = sizes[datatype], done = 0;

    while (done < count) {
        int n = split && chance(30) ? 1 + below(count - done) : count - done;
        int stride = chance(70) ? 1 : n > 2000 ? 2 : below(6) - 2;
        size_t room = (size_t)(abs(stride) * (n - 1) + 1) * (size_t)size;
        char *p = scratch;
        int rc;

        memset(scratch, 0x5a, room);
        if (stride < 0)
            p += (size_t)-stride * (size_t)(n - 1) * (size_t)size;
        rc = unpack(datatype, p, n, stride);
        say(" %d/%d=%s %s", n, stride, code(rc), bytes_text(scratch, room));
        done += n;
    }
    if (count == 0)
        say(" 0=%s", code(unpack(datatype, scratch, 0, below(3))));
}

/* The XDR view of numbers, or of raw ones their memory. */
static void unpack_as_bytes(int datatype, int count, int typed)
{
    size_t n = (size_t)count * (size_t)(typed ? xdr_sizes[datatype] : sizes[datatype]);

    memset(scratch, 0x5a, n);
    say(" as %zu bytes: %s", n, code(pvm_upkbyte(scratch, (int)n, 1)));
    say(" %s", bytes_text(scratch, n));
}

/* Reads beyond the end. Only the result is compared: there may be bytes that PVM 3 does not set, and where it stands
 * after a read of bytes that failed depends on where the bytes were. */
void data_drain(void)
{
    memset(scratch, 0, ARENA);
    say(" %s", code(pvm_upkbyte(scratch, ARENA, 1)));
    say(" %s", code(pvm_upkbyte(scratch, -1, 1)));
    say(" %s", code(pvm_upkint((int *)scratch, 0, 1)));
    say(" %s", buffers_text(pvm_setrbuf(0)));
}

/* Unpacks one item of the active receive buffer. */
void data_unpack(void)
{
    int header = 0, rc = pvm_upkint(&header, 1, 1);
    int datatype = header >> 19 & 31, typed = header >> 18 & 1, count = header & COUNT_MAX;

    say(" %s", code(rc));
    if (rc < 0)
        return;
    if (header >> 24 != MAGIC || datatype > NESTED) {
        say(" other: %08x", header);
        data_drain();
        return;
    }
    say(" %s %d", names[datatype], count);
    if (datatype == NESTED)
        unpack_nested();
    else if (datatype == FORMATTED)
        unpack_formatted();
    else if (datatype == PVM_STR)
        unpack_string();
    else if (datatype != PVM_BYTE && chance(12))
        unpack_as_bytes(datatype, count, typed);
    else
        unpack_items(read_as(datatype), count, !(typed && datatype == PVM_BYTE));
}
