/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packing. A number is packed behind others of its type by storing it and correcting the length in the
 * section's header; all else takes the way through pvmi_pack_items().
 */
#include <endian.h>
#include <limits.h>
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/msgbuf.h"
#include "libpvm/outgoing.h"
#include "libpvm/pack.h"
#include "libpvm/trace.h"
#include "libpvm/undeclared.h"
#include "wire/section.h"

/* ---- the last section ---- */

static inline void open_set_length(struct pvmi_msgbuf *buf, uint32_t length)
{
    buf->open_length = length;
    length = htobe32(length);
    memcpy(buf->open_header + 1, &length, sizeof(length));
}

/* Begins a section of type in the last block, where there is room for its header. */
static void section_open(struct pvmi_msgbuf *buf, int type)
{
    buf->open_header = buf->last->bytes + buf->last->length;
    buf->open_type = type;
    buf->open_length = 0;
    buf->open_header[0] = PVMI_SECTION_MARK;
    memset(buf->open_header + 1, 0, 4);
    buf->open_header[5] = (uint8_t)type;
    buf->last->length += PVMI_SECTION_HEADER_SIZE;
    buf->length += PVMI_SECTION_HEADER_SIZE;
}

/* Ends the last section and begins one of type. */
static int section_begin(struct pvmi_msgbuf *buf, int type, size_t size, uint64_t wanted)
{
    int rc = pvmi_msgbuf_room(buf, PVMI_SECTION_HEADER_SIZE + size, PVMI_SECTION_HEADER_SIZE + wanted);

    if (rc == PvmOk)
        section_open(buf, type);
    return rc;
}

/* Makes room for items of type, wanted bytes at best, in the last section or a new one. ret_room is a
 * multiple of size, and not 0. */
static int section_room(struct pvmi_msgbuf *buf, int type, size_t size, uint64_t wanted, size_t *ret_room)
{
    size_t room;
    int rc;

    if (buf->open_header == NULL || buf->open_type != type || buf->open_length > PVMI_SECTION_LENGTH_MAX - size)
        rc = section_begin(buf, type, size, wanted);
    else
        rc = pvmi_msgbuf_room(buf, size, wanted);
    if (rc != PvmOk)
        return rc;

    room = buf->last->capacity - buf->last->length;
    if (room > PVMI_SECTION_LENGTH_MAX - buf->open_length)
        room = PVMI_SECTION_LENGTH_MAX - buf->open_length;
    if (room > wanted)
        room = (size_t)wanted;
    *ret_room = room - room % size;
    return PvmOk;
}

/* ---- copying ---- */

static inline void gather_sized(uint8_t *to, const uint8_t *from, size_t size, size_t count, ptrdiff_t step)
{
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * size, from + (ptrdiff_t)i * step, size);
}

/* Copies count items of size bytes, step bytes apart, to the end of block, side by side. */
static void gather(struct pvmi_block *block, const uint8_t *from, size_t size, size_t count, ptrdiff_t step)
{
    uint8_t *to = block->bytes + block->length;

    if (step == (ptrdiff_t)size) {
        pvmi_outgoing_copy(block, to, from, size * count);
        return;
    }
    switch (size) {
    case 1:
        gather_sized(to, from, 1, count, step);
        break;
    case 2:
        gather_sized(to, from, 2, count, step);
        break;
    case 4:
        gather_sized(to, from, 4, count, step);
        break;
    case 8:
        gather_sized(to, from, 8, count, step);
        break;
    default:    /* double complex */
        gather_sized(to, from, 16, count, step);
        break;
    }
}

/* What PVM 3 counts for them: shorts take 4 bytes, the bytes of each call are filled up to 4. */
static uint64_t xdr_count(int type, size_t size, uint64_t count)
{
    if (type == PVMI_TYPE_BYTES)
        return (count + 3) & ~(uint64_t)3;
    return (size < 4 ? 4 : size) * count;
}

static int pack_typed(struct pvmi_msgbuf *buf, int type, const uint8_t *from, size_t size, size_t count,
                      ptrdiff_t step)
{
    if (type == PVMI_TYPE_BYTES)
        pvmi_msgbuf_seal(buf);
    buf->xdr_length += xdr_count(type, size, count);
    while (count > 0) {
        size_t room;
        int rc = section_room(buf, type, size, (uint64_t)size * count, &room);

        if (rc != PvmOk)
            return rc;
        gather(buf->last, from, size, room / size, step);
        from += (ptrdiff_t)(room / size) * step;
        count -= room / size;
        buf->last->length += room;
        buf->length += room;
        open_set_length(buf, buf->open_length + (uint32_t)room);
    }
    if (type == PVMI_TYPE_BYTES)
        pvmi_msgbuf_seal(buf);
    return PvmOk;
}

static int pack_raw(struct pvmi_msgbuf *buf, const uint8_t *from, size_t size, size_t count, ptrdiff_t step)
{
    while (count > 0) {
        uint64_t wanted = (uint64_t)size * count;
        int rc = pvmi_msgbuf_room(buf, size, wanted);
        size_t room;

        if (rc != PvmOk)
            return rc;
        room = buf->last->capacity - buf->last->length;
        if (room > wanted)
            room = (size_t)wanted;
        room -= room % size;
        gather(buf->last, from, size, room / size, step);
        from += (ptrdiff_t)(room / size) * step;
        count -= room / size;
        buf->last->length += room;
        buf->length += room;
    }
    return PvmOk;
}

/* Notes where the data lie; what follows the last piece in memory becomes a part of it. */
static int pack_in_place(struct pvmi_msgbuf *buf, const uint8_t *from, size_t length)
{
    struct pvmi_block *last = buf->last;
    int rc;

    if (last == NULL || last->kind != PVMI_BLOCK_OUTSIDE || last->bytes + last->length != from) {
        rc = pvmi_msgbuf_append_outside(buf, from);
        if (rc != PvmOk)
            return rc;
    }
    buf->last->length += length;
    buf->last->capacity += length;
    buf->length += length;
    return PvmOk;
}

/* ---- all or nothing ---- */

struct pack_mark {
    struct pvmi_block *first;
    struct pvmi_block *last;
    size_t last_length;
    uint64_t length;
    uint64_t xdr_length;
    uint8_t *open_header;
    int open_type;
    uint32_t open_length;
};

static void mark_set(struct pack_mark *mark, const struct pvmi_msgbuf *buf)
{
    mark->first = buf->first;
    mark->last = buf->last;
    mark->last_length = buf->last == NULL ? 0 : buf->last->length;
    mark->length = buf->length;
    mark->xdr_length = buf->xdr_length;
    mark->open_header = buf->open_header;
    mark->open_type = buf->open_type;
    mark->open_length = buf->open_length;
}

static void mark_restore(const struct pack_mark *mark, struct pvmi_msgbuf *buf)
{
    pvmi_block_free_chain(mark->last == NULL ? buf->first : mark->last->next);
    buf->first = mark->first;
    buf->last = mark->last;
    if (mark->last != NULL) {
        mark->last->next = NULL;
        mark->last->length = mark->last_length;    /* in place: a failure comes before this piece grew */
    }
    buf->length = mark->length;
    buf->xdr_length = mark->xdr_length;
    buf->open_header = mark->open_header;
    buf->open_type = mark->open_type;
    if (buf->open_header != NULL)
        open_set_length(buf, mark->open_length);
}

/* In place: by value means copied now. */
static int pack_checked(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride,
                        bool by_value)
{
    ptrdiff_t step = (ptrdiff_t)size * stride;
    struct pack_mark mark;
    int rc = pvmi_msgbuf_own(buf);

    if (rc != PvmOk)
        return rc;
    buf->unpacking = false;
    mark_set(&mark, buf);
    if (buf->encoding == PvmDataInPlace && !by_value)
        rc = pack_in_place(buf, data, size * (size_t)count);
    else if (buf->encoding == PvmDataInPlace || buf->encoding == PvmDataRaw)
        rc = pack_raw(buf, data, size, (size_t)count, step);
    else
        rc = pack_typed(buf, type, data, size, (size_t)count, step);
    if (rc != PvmOk)
        mark_restore(&mark, buf);
    return rc;
}

/* TEV_DATA_* of a type, as PVM 3 has it: unsigned short and int count as signed, unsigned long does not. */
static int trace_type(int type)
{
    static const int types[PVMI_TYPE_MAX + 1] = {
        [PVMI_TYPE_BYTES] = TEV_DATA_BYTE,       [PVMI_TYPE_INT16] = TEV_DATA_SHORT,
        [PVMI_TYPE_UINT16] = TEV_DATA_SHORT,     [PVMI_TYPE_INT32] = TEV_DATA_INT,
        [PVMI_TYPE_UINT32] = TEV_DATA_INT,       [PVMI_TYPE_INT64] = TEV_DATA_LONG,
        [PVMI_TYPE_UINT64] = TEV_DATA_ULONG,     [PVMI_TYPE_FLOAT32] = TEV_DATA_FLOAT,
        [PVMI_TYPE_FLOAT64] = TEV_DATA_DOUBLE,   [PVMI_TYPE_COMPLEX32] = TEV_DATA_CPLX,
        [PVMI_TYPE_COMPLEX64] = TEV_DATA_DCPLX,
    };

    return types[type];
}

/* Into an event of the user's own: the type before each pack, and how many unless it is one. */
static int pack_trace(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride)
{
    int32_t what = trace_type(type) | (count == 1 ? TEV_DATA_SCALAR : TEV_DATA_ARRAY);
    int32_t number = count;
    struct pack_mark mark;
    int rc = pvmi_msgbuf_own(buf);

    if (rc != PvmOk)
        return rc;
    mark_set(&mark, buf);
    rc = pack_checked(buf, PVMI_TYPE_INT32, &what, sizeof(what), 1, 1, true);
    if (rc == PvmOk && count != 1)
        rc = pack_checked(buf, PVMI_TYPE_INT32, &number, sizeof(number), 1, 1, true);
    if (rc == PvmOk)
        rc = pack_checked(buf, type, data, size, count, stride, true);
    if (rc != PvmOk)
        mark_restore(&mark, buf);
    pvmi_msgbuf_seal(buf);    /* so that pack_one() lets the next one come here, too */
    return rc;
}

/* by_value: as in pack_checked(); then in place takes any stride. */
static int pack_some(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride,
                     bool by_value)
{
    if (count < 0)
        return PvmBadParam;
    if (buf->encoding == PvmDataInPlace && stride != 1 && !by_value)
        return PvmNotImpl;
    if (count == 0)
        return PvmOk;
    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "%d items from a NULL pointer", count);
    if (buf->encoding == PvmDataTrace)
        return pack_trace(buf, type, data, size, count, stride);
    return pack_checked(buf, type, data, size, count, stride, by_value);
}

int pvmi_pack_items(struct pvmi_msgbuf *buf, int type, const void *data, size_t size, int count, int stride)
{
    return pack_some(buf, type, data, size, count, stride, false);
}

int pvmi_pack_value(struct pvmi_msgbuf *buf, int type, const void *value, size_t size)
{
    if (buf->encoding == PvmDataTrace)
        return pack_trace(buf, type, value, size, 1, 1);
    return pack_checked(buf, type, value, size, 1, 1, true);
}

int pvmi_pack_string(struct pvmi_msgbuf *buf, const char *text)
{
    struct pack_mark mark;
    size_t length;
    int number;
    int rc;

    if (text == NULL)
        return pvmi_call_fail(PvmBadParam, "the string is a NULL pointer");
    length = strlen(text) + 1;
    if (length > INT_MAX)
        return pvmi_call_fail(PvmOverflow, "a string of %zu bytes; its length must fit an int", length);
    if (buf->encoding == PvmDataTrace)
        return pvmi_pack_items(buf, PVMI_TYPE_BYTES, text, 1, (int)length - 1, 1);
    rc = pvmi_msgbuf_own(buf);
    if (rc != PvmOk)
        return rc;

    number = (int)length;
    mark_set(&mark, buf);
    rc = pvmi_pack_value(buf, PVMI_TYPE_INT32, &number, sizeof(number));
    if (rc == PvmOk)
        rc = pack_checked(buf, PVMI_TYPE_BYTES, text, 1, number, 1, true);
    if (rc != PvmOk)
        mark_restore(&mark, buf);
    return rc;
}

/* ---- the public functions ---- */

/* What each of them packs, by data type. */
struct item {
    int event;
    const char *function;
    int type;
    size_t size;
};

static const struct item items[] = {
    [PVM_BYTE] = { TEV_PKBYTE, "pvm_pkbyte", PVMI_TYPE_BYTES, 1 },
    [PVM_SHORT] = { TEV_PKSHORT, "pvm_pkshort", PVMI_TYPE_INT16, sizeof(short) },
    [PVM_INT] = { TEV_PKINT, "pvm_pkint", PVMI_TYPE_INT32, sizeof(int) },
    [PVM_FLOAT] = { TEV_PKFLOAT, "pvm_pkfloat", PVMI_TYPE_FLOAT32, sizeof(float) },
    [PVM_CPLX] = { TEV_PKCPLX, "pvm_pkcplx", PVMI_TYPE_COMPLEX32, 2 * sizeof(float) },
    [PVM_DOUBLE] = { TEV_PKDOUBLE, "pvm_pkdouble", PVMI_TYPE_FLOAT64, sizeof(double) },
    [PVM_DCPLX] = { TEV_PKDCPLX, "pvm_pkdcplx", PVMI_TYPE_COMPLEX64, 2 * sizeof(double) },
    [PVM_LONG] = { TEV_PKLONG, "pvm_pklong", PVMI_TYPE_LONG, sizeof(long) },
    [PVM_USHORT] = { TEV_PKUSHORT, "pvm_pkushort", PVMI_TYPE_UINT16, sizeof(short) },
    [PVM_UINT] = { TEV_PKUINT, "pvm_pkuint", PVMI_TYPE_UINT32, sizeof(int) },
    [PVM_ULONG] = { TEV_PKULONG, "pvm_pkulong", PVMI_TYPE_ULONG, sizeof(long) },
};

/* One number behind others of its type: true if that could be done. */
static inline bool pack_one(struct pvmi_msgbuf *buf, int type, const void *data, size_t size)
{
    struct pvmi_block *last = buf->last;

    if (buf->open_header == NULL || buf->open_type != type || last->capacity - last->length < size ||
        buf->open_length > PVMI_SECTION_LENGTH_MAX - size)
        return false;
    memcpy(last->bytes + last->length, data, size);
    last->length += size;
    buf->length += size;
    buf->xdr_length += xdr_count(type, size, 1);
    buf->unpacking = false;
    open_set_length(buf, buf->open_length + (uint32_t)size);
    return true;
}

static int pack_items(struct pvmi_msgbuf *buf, const struct item *item, const void *data, int nitem, int stride,
                      bool by_value)
{
    if (nitem < 0)
        return PvmBadParam;
    if (buf == NULL)
        return PvmNoBuf;
    return pack_some(buf, item->type, data, item->size, nitem, stride, by_value);
}

/* Begins a section for one number in a block that has room, without the search for room and the mark of pack_checked(). */
static __attribute__((noinline)) bool section_begin_quick(struct pvmi_msgbuf *buf, int type, size_t size)
{
    struct pvmi_block *last = buf->last;

    if (last == NULL || last->capacity - last->length < PVMI_SECTION_HEADER_SIZE + size)
        return false;
    if (buf->open_header == NULL && (buf->encoding != PvmDataDefault || buf->arrived))
        return false;
    if (buf->open_header == NULL || buf->open_type != type)
        section_open(buf, type);
    return true;
}

/* All that pack() does not do on the spot. Out of line, so that pack() needs no stack. */
static __attribute__((noinline)) int pack_any(const struct item *item, const void *data, int nitem, int stride,
                                              bool by_value)
{
    struct pvmi_msgbuf *buf;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(item->event, data, nitem, stride);
    buf = pvmi_active_send_buf();
    return pvmi_call_leave(item->function, pack_items(buf, item, data, nitem, stride, by_value));
}

/* What is done on the spot is never in place. */
static inline __attribute__((always_inline)) int pack(int datatype, const void *data, int nitem, int stride,
                                                      bool by_value)
{
    const struct item *item = &items[datatype];

    if (nitem == 1 && data != NULL && pvmi_call_alone() && !pvmi_trace_buffers_on) {
        struct pvmi_msgbuf *buf = pvmi_active_send_known();

        if (buf != NULL && (buf->open_header != NULL && buf->open_type == item->type
                                ? pack_one(buf, item->type, data, item->size)
                                : section_begin_quick(buf, item->type, item->size) &&
                                      pack_one(buf, item->type, data, item->size)))
            return PvmOk;
    }
    return pack_any(item, data, nitem, stride, by_value);
}

/* Bytes are a section of their own: true if they could be put there on the spot. */
static inline __attribute__((always_inline)) bool pack_bytes_quick(struct pvmi_msgbuf *buf, const void *data,
                                                                   size_t count)
{
    struct pvmi_block *last = buf->last;

    if (last == NULL || last->capacity - last->length < PVMI_SECTION_HEADER_SIZE + count ||
        buf->encoding != PvmDataDefault || buf->arrived)
        return false;
    section_open(buf, PVMI_TYPE_BYTES);
    open_set_length(buf, (uint32_t)count);
    pvmi_outgoing_copy(last, last->bytes + last->length, data, count);
    last->length += count;
    buf->length += count;
    buf->xdr_length += xdr_count(PVMI_TYPE_BYTES, 1, count);
    buf->unpacking = false;
    pvmi_msgbuf_seal(buf);
    return true;
}

static inline __attribute__((always_inline)) int pack_bytes(const char *xp, int nitem, int stride, bool by_value)
{
    if (stride == 1 && nitem > 0 && xp != NULL && pvmi_call_alone() && !pvmi_trace_buffers_on) {
        struct pvmi_msgbuf *buf = pvmi_active_send_known();

        if (buf != NULL && pack_bytes_quick(buf, xp, (size_t)nitem))
            return PvmOk;
    }
    return pack_any(&items[PVM_BYTE], xp, nitem, stride, by_value);
}

int pvm_pkbyte(const char *xp, int nitem, int stride)
{
    return pack_bytes(xp, nitem, stride, false);
}

int pvm_pkshort(const short *xp, int nitem, int stride)
{
    return pack(PVM_SHORT, xp, nitem, stride, false);
}

int pvm_pkushort(const unsigned short *xp, int nitem, int stride)
{
    return pack(PVM_USHORT, xp, nitem, stride, false);
}

int pvm_pkint(const int *xp, int nitem, int stride)
{
    return pack(PVM_INT, xp, nitem, stride, false);
}

int pvm_pkuint(const unsigned int *xp, int nitem, int stride)
{
    return pack(PVM_UINT, xp, nitem, stride, false);
}

int pvm_pklong(const long *xp, int nitem, int stride)
{
    return pack(PVM_LONG, xp, nitem, stride, false);
}

int pvm_pkulong(const unsigned long *xp, int nitem, int stride)
{
    return pack(PVM_ULONG, xp, nitem, stride, false);
}

int pvm_pkfloat(const float *xp, int nitem, int stride)
{
    return pack(PVM_FLOAT, xp, nitem, stride, false);
}

int pvm_pkdouble(const double *xp, int nitem, int stride)
{
    return pack(PVM_DOUBLE, xp, nitem, stride, false);
}

int pvm_pkcplx(const float *xp, int nitem, int stride)
{
    return pack(PVM_CPLX, xp, nitem, stride, false);
}

int pvm_pkdcplx(const double *xp, int nitem, int stride)
{
    return pack(PVM_DCPLX, xp, nitem, stride, false);
}

int pvmpkcopy(int datatype, const void *xp, int nitem, int stride)
{
    switch (datatype) {
    case PVM_STR:
    case PVM_BYTE: return pack_bytes(xp, nitem, stride, true);
    case PVM_SHORT: return pack(PVM_SHORT, xp, nitem, stride, true);
    case PVM_INT: return pack(PVM_INT, xp, nitem, stride, true);
    case PVM_FLOAT: return pack(PVM_FLOAT, xp, nitem, stride, true);
    case PVM_CPLX: return pack(PVM_CPLX, xp, nitem, stride, true);
    case PVM_DOUBLE: return pack(PVM_DOUBLE, xp, nitem, stride, true);
    case PVM_DCPLX: return pack(PVM_DCPLX, xp, nitem, stride, true);
    case PVM_LONG: return pack(PVM_LONG, xp, nitem, stride, true);
    default: return PvmBadParam;
    }
}

int pvm_pkstr(const char *sp)
{
    struct pvmi_msgbuf *buf;
    int rc;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_PKSTR, sp);
    buf = pvmi_active_send_buf();
    if (buf == NULL)
        rc = PvmNoBuf;
    else if (buf->encoding == PvmDataInPlace)
        rc = PvmNotImpl;
    else
        rc = pvmi_pack_string(buf, sp);
    return pvmi_call_leave("pvm_pkstr", rc);
}
