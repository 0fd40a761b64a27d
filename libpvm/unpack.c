/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unpacking: numbers of the packed type by copying, of other types of the family by value, bytes from the XDR
 * view of whatever is there, and numbers from bytes by decoding that view.
 *
 * In the XDR view, as in PVM 3, the bytes of a call are filled up to a multiple of 4. We do not send the
 * filling: bytes packed in several calls are read as one run (but numbers from them call by call, each filled up),
 * and a call that reads beyond the run gets the zeros first. So pvm_bufinfo()'s count can be unpacked as bytes, and
 * what was unpacked so, and sent on as bytes, still has its numbers at multiples of 4, where they are looked for.
 */
#include <endian.h>
#include <string.h>

#include "libpvm/call.h"
#include "libpvm/cursor.h"
#include "libpvm/pack.h"
#include "libpvm/trace.h"

/* Where items go. */
struct place {
    uint8_t *to;        /* the next one */
    size_t size;        /* bytes of an item */
    ptrdiff_t step;     /* bytes to the next one */
    size_t left;        /* items still to come */
};

static void place_next(struct place *place, size_t count)
{
    place->to += (ptrdiff_t)count * place->step;
    place->left -= count;
}

static inline void scatter_sized(uint8_t *to, const uint8_t *from, size_t size, size_t count, ptrdiff_t step)
{
    for (size_t i = 0; i < count; i++)
        memcpy(to + (ptrdiff_t)i * step, from + i * size, size);
}

/* Copies count items that lie side by side to their places. */
static void place_copy(struct place *place, const uint8_t *from, size_t count)
{
    if (place->step == (ptrdiff_t)place->size) {
        memcpy(place->to, from, count * place->size);
    } else {
        switch (place->size) {
        case 1:
            scatter_sized(place->to, from, 1, count, place->step);
            break;
        case 2:
            scatter_sized(place->to, from, 2, count, place->step);
            break;
        case 4:
            scatter_sized(place->to, from, 4, count, place->step);
            break;
        case 8:
            scatter_sized(place->to, from, 8, count, place->step);
            break;
        default:    /* double complex */
            scatter_sized(place->to, from, 16, count, place->step);
            break;
        }
    }
    place_next(place, count);
}

/* The same from the other byte order; scalar is the size of what is reversed. */
static void place_swap(struct place *place, const uint8_t *from, size_t count, size_t scalar)
{
    if (place->step == (ptrdiff_t)place->size) {
        pvmi_swap_copy(place->to, from, count * (place->size / scalar), scalar);
        place_next(place, count);
        return;
    }
    for (; count > 0; count--, from += place->size) {
        pvmi_swap_copy(place->to, from, place->size / scalar, scalar);
        place_next(place, 1);
    }
}

/* ---- the cursor in sections ---- */

static bool swapped(const struct pvmi_msgbuf *buf)
{
    return ((buf->format ^ pvmi_format_own()) & PVMI_FORMAT_LITTLE) != 0;
}

/* What a complex number is made of. */
static int scalar_type(int type)
{
    return type == PVMI_TYPE_COMPLEX32 ? PVMI_TYPE_FLOAT32 : type == PVMI_TYPE_COMPLEX64 ? PVMI_TYPE_FLOAT64 : type;
}

static void cursor_consume(struct pvmi_cursor *cursor, uint32_t length)
{
    pvmi_cursor_skip(cursor, length);
    cursor->left -= length;
}

static int damaged(const struct pvmi_cursor *cursor)
{
    return pvmi_call_fail(PvmBadMsg, "the message is damaged at byte %llu", (unsigned long long)cursor->done);
}

/* True for items of pvm_psend() from another kind of machine: they are read as if they were a section. */
static bool buf_told(const struct pvmi_msgbuf *buf)
{
    return buf->foreign && buf->raw_type != 0 && buf->raw_type != PVMI_TYPE_BYTES;
}

/* The items from here on, as sections of at most the usual length. */
static int cursor_settle_told(const struct pvmi_msgbuf *buf, struct pvmi_cursor *cursor)
{
    size_t size = pvmi_type_scalar_size(buf->raw_type);
    uint64_t left = buf->length - cursor->done;

    if (left == 0)
        return PvmNoData;
    if (left < size || cursor->done % size != 0)
        return pvmi_call_fail(PvmBadMsg, "no %s begins at byte %llu", pvmi_type_name(buf->raw_type),
                              (unsigned long long)cursor->done);
    cursor->type = buf->raw_type;
    cursor->left = left > PVMI_SECTION_LENGTH_MAX ? PVMI_SECTION_LENGTH_MAX : (uint32_t)(left - left % size);
    return PvmOk;
}

/* Goes to the next section when this one is used up. */
static int cursor_settle(struct pvmi_msgbuf *buf, struct pvmi_cursor *cursor)
{
    int rc;

    if (cursor->left > 0)
        return PvmOk;
    cursor->phase = 0;
    if (buf_told(buf))
        return cursor_settle_told(buf, cursor);
    rc = pvmi_cursor_section(cursor, buf->length);
    return rc == PvmBadMsg ? damaged(cursor) : rc;
}

static int wrong_type(const struct pvmi_cursor *cursor, int type)
{
    return pvmi_call_fail(PvmBadMsg, "%s asked for, but %s is what was packed", pvmi_type_name(type),
                          pvmi_type_name(cursor->type));
}

/* ---- numbers ---- */

/*
 * A number begins at a multiple of 4 bytes after the last one, as PVM 3 has filled up what was read in
 * between: gives up the rest of such a word. False when that is in the middle of another number.
 */
static bool number_align(struct pvmi_cursor *cursor)
{
    uint32_t skip = -cursor->odd & 3;
    size_t whole;

    cursor->odd = 0;
    cursor->padding = 0;
    cursor->in_padding = false;
    if (cursor->left == 0)
        return true;
    if (cursor->type == PVMI_TYPE_BYTES) {
        cursor_consume(cursor, skip < cursor->left ? skip : cursor->left);
        return true;
    }
    if (cursor->phase == 0)
        return true;
    whole = pvmi_type_xdr_size(scalar_type(cursor->type));
    if (((cursor->phase + 3) & ~3u) < whole)
        return false;
    cursor->phase = 0;
    cursor_consume(cursor, (uint32_t)pvmi_type_scalar_size(cursor->type));
    return true;
}

/* PVM 3's XDR view of an unsigned short is that of the short with the same bits. */
static int xdr_type(int type)
{
    return type == PVMI_TYPE_UINT16 ? PVMI_TYPE_INT16 : scalar_type(type);
}

/* The number that stands in xdr. An unsigned short may also have been an int, so 65534 is as good as -2. */
static int scalar_decode(const uint8_t *xdr, int type, void *to)
{
    int rc = pvmi_scalar_from_xdr(xdr, type, to);

    if (rc == PvmOverflow && type == PVMI_TYPE_UINT16)
        rc = pvmi_scalar_from_xdr(xdr, PVMI_TYPE_INT16, to);
    return rc;
}

/* Decodes a scalar from bytes. Where those of one call end in the middle of a word, it is filled up with zeros, as in
 * the XDR view: so as many numbers can be read as pvm_bufinfo()'s count has room for. */
static int scalar_from_bytes(struct pvmi_msgbuf *buf, struct pvmi_cursor *cursor, int type, void *to)
{
    uint8_t xdr[8];
    size_t size = pvmi_type_xdr_size(type);

    for (size_t got = 0; got < size; got++) {
        uint8_t bounce[PVMI_CURSOR_PEEK_MAX];
        int rc;

        if (cursor->left == 0 && (got & 3) != 0) {
            xdr[got] = 0;
            continue;
        }
        rc = cursor_settle(buf, cursor);
        if (rc != PvmOk)
            return rc;
        if (cursor->type != PVMI_TYPE_BYTES)
            return wrong_type(cursor, type);
        xdr[got] = *pvmi_cursor_peek(cursor, 1, bounce);
        cursor_consume(cursor, 1);
    }
    return scalar_decode(xdr, type, to);
}

static int scalar_read(struct pvmi_msgbuf *buf, struct pvmi_cursor *cursor, int type, void *to)
{
    uint8_t bounce[PVMI_CURSOR_PEEK_MAX];
    size_t size;
    int rc;

    rc = cursor_settle(buf, cursor);
    if (rc != PvmOk)
        return rc;
    if (cursor->type == PVMI_TYPE_BYTES)
        return scalar_from_bytes(buf, cursor, type, to);
    if (pvmi_type_family(cursor->type) != pvmi_type_family(type))
        return wrong_type(cursor, type);

    size = pvmi_type_scalar_size(cursor->type);
    rc = pvmi_scalar_convert(scalar_type(cursor->type), buf->format, pvmi_cursor_peek(cursor, size, bounce), type,
                             to);
    if (rc == PvmOk)
        cursor_consume(cursor, (uint32_t)size);
    return rc;
}

/* One item, scalar by scalar: every case that cannot be copied. The cursor stays before an item that fails. */
static int item_read(struct pvmi_msgbuf *buf, int type, struct place *place)
{
    struct pvmi_cursor cursor = buf->cursor;
    size_t scalar = pvmi_type_scalar_size(type);
    uint8_t item[16];

    if (!number_align(&cursor))
        return pvmi_call_fail(PvmBadMsg, "%s asked for in the middle of a %s that is read as bytes",
                              pvmi_type_name(type), pvmi_type_name(cursor.type));
    for (size_t at = 0; at < place->size; at += scalar) {
        int rc = scalar_read(buf, &cursor, scalar_type(type), item + at);

        if (rc == PvmOverflow)
            return pvmi_call_fail(rc, "a number in %s that does not fit %s",
                                  pvmi_type_name(cursor.type), pvmi_type_name(type));
        if (rc != PvmOk)
            return rc;
    }
    buf->cursor = cursor;
    place_copy(place, item, 1);
    return PvmOk;
}

/* True when elements of a section have the bits, in one order or the other, that type has in memory. */
static bool same_bits(int section_type, int type)
{
    return section_type == type ||
           (section_type != PVMI_TYPE_BYTES && pvmi_type_family(section_type) == pvmi_type_family(type) &&
            pvmi_type_scalar_size(section_type) == pvmi_type_scalar_size(type));
}

/* Copies as many items as lie in one piece. Returns how many that were. */
static size_t items_copy(struct pvmi_msgbuf *buf, int type, struct place *place)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    size_t run;
    size_t count;

    if (cursor->left == 0 || cursor->phase != 0 || !same_bits(cursor->type, type))
        return 0;
    run = pvmi_cursor_run(cursor);
    count = (run < cursor->left ? run : cursor->left) / place->size;
    if (count > place->left)
        count = place->left;
    if (count == 0)
        return 0;
    if (swapped(buf))
        place_swap(place, pvmi_cursor_bytes(cursor), count, pvmi_type_scalar_size(type));
    else
        place_copy(place, pvmi_cursor_bytes(cursor), count);
    cursor_consume(cursor, (uint32_t)(count * place->size));
    return count;
}

static int unpack_numbers(struct pvmi_msgbuf *buf, int type, struct place *place)
{
    while (place->left > 0) {
        int rc;

        if (items_copy(buf, type, place) > 0)
            continue;
        rc = item_read(buf, type, place);
        if (rc != PvmOk)
            return rc;
    }
    return PvmOk;
}

/* ---- bytes ---- */

/* Between sections: the zeros of the XDR view, if the bytes end here, and then the next section. */
static int bytes_settle(struct pvmi_msgbuf *buf, struct place *place)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    struct pvmi_cursor next = *cursor;
    int rc = cursor_settle(buf, &next);

    if (rc == PvmOk && next.type == PVMI_TYPE_BYTES) {
        *cursor = next;
        return PvmOk;
    }
    while (cursor->padding > 0 && place->left > 0) {
        *place->to = 0;
        place_next(place, 1);
        cursor->padding--;
        cursor->in_padding = true;
        cursor->odd = (cursor->odd + 1) & 3;
    }
    if (place->left == 0 || rc != PvmOk)
        return place->left == 0 ? PvmOk : rc;
    next.odd = 0;
    next.padding = 0;
    next.in_padding = false;
    *cursor = next;
    return PvmOk;
}

static void bytes_copy(struct pvmi_cursor *cursor, struct place *place)
{
    size_t run = pvmi_cursor_run(cursor);
    size_t count = run < cursor->left ? run : cursor->left;

    if (count > place->left)
        count = place->left;
    place_copy(place, pvmi_cursor_bytes(cursor), count);
    cursor_consume(cursor, (uint32_t)count);
    cursor->odd = (cursor->odd + (uint32_t)count) & 3;
    if (cursor->left == 0)
        cursor->padding += -cursor->length & 3;
}

/* The bytes of one number in XDR, from where an earlier call may have stopped in it. */
static void bytes_of_number(struct pvmi_msgbuf *buf, struct place *place)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    int type = xdr_type(cursor->type);
    size_t whole = pvmi_type_xdr_size(type);
    uint8_t bounce[PVMI_CURSOR_PEEK_MAX];
    uint8_t xdr[8];
    size_t count;

    pvmi_scalar_to_xdr(type, buf->format, pvmi_cursor_peek(cursor, pvmi_type_size(type), bounce), xdr);
    count = whole - cursor->phase < place->left ? whole - cursor->phase : place->left;
    place_copy(place, xdr + cursor->phase, count);
    cursor->phase += (uint32_t)count;
    if (cursor->phase == whole) {
        cursor->phase = 0;
        cursor_consume(cursor, (uint32_t)pvmi_type_size(type));
    }
}

static int unpack_bytes(struct pvmi_msgbuf *buf, struct place *place)
{
    struct pvmi_cursor *cursor = &buf->cursor;

    if (!cursor->in_padding)
        cursor->padding = 0;    /* a call that ended with the bytes had no use for it, nor has this one */
    while (place->left > 0) {
        if (cursor->left == 0) {
            int rc = bytes_settle(buf, place);
            if (rc != PvmOk)
                return rc;
        } else if (cursor->type == PVMI_TYPE_BYTES) {
            bytes_copy(cursor, place);
        } else {
            bytes_of_number(buf, place);
        }
    }
    return PvmOk;
}

/* ---- bodies without types ---- */

static int unpack_raw(struct pvmi_msgbuf *buf, int type, struct place *place)
{
    struct pvmi_cursor *cursor = &buf->cursor;

    if (buf->foreign && type != PVMI_TYPE_BYTES)
        return pvmi_call_fail(PvmBadMsg, "raw data of another kind of machine: only bytes can be unpacked from it");
    cursor->left = 0;    /* bytes may end in the middle of what is told to be a number */
    while (place->left > 0) {
        size_t count = pvmi_cursor_run(cursor) / place->size;
        uint8_t bounce[PVMI_CURSOR_PEEK_MAX];
        const uint8_t *item;

        if (count > 0) {
            count = count < place->left ? count : place->left;
            item = pvmi_cursor_bytes(cursor);
        } else {
            item = pvmi_cursor_peek(cursor, place->size, bounce);
            count = 1;
        }
        if (item == NULL) {
            /* As in PVM 3 a part of an item is stored, too. */
            pvmi_msgbuf_read(buf, cursor->done, place->to, (size_t)(buf->length - cursor->done));
            return PvmNoData;
        }
        place_copy(place, item, count);
        pvmi_cursor_skip(cursor, count * place->size);
    }
    return PvmOk;
}

/* ---- together ---- */

static bool buf_typed(const struct pvmi_msgbuf *buf)
{
    return buf->encoding == PvmDataDefault || buf->encoding == PvmDataTrace;
}

int pvmi_unpack_items(struct pvmi_msgbuf *buf, int type, void *data, size_t size, int count, int stride)
{
    struct place place = { data, size, (ptrdiff_t)size * stride, (size_t)count };
    int rc;

    if (count < 0)
        return PvmBadParam;
    if (count == 0)
        return PvmOk;
    if (data == NULL)
        return pvmi_call_fail(PvmBadParam, "%d items to a NULL pointer", count);

    buf->unpacking = true;
    if (type != PVMI_TYPE_BYTES && (buf_typed(buf) || buf_told(buf)))
        rc = unpack_numbers(buf, type, &place);
    else if (buf_typed(buf))
        rc = unpack_bytes(buf, &place);
    else
        rc = unpack_raw(buf, type, &place);
    if (rc == PvmNoData)
        buf->cursor = (struct pvmi_cursor){ .done = buf->length };    /* the rest is used up */
    return rc;
}

int pvmi_unpack_string(struct pvmi_msgbuf *buf, char *text)
{
    int length;
    int rc;

    if (text == NULL)
        return pvmi_call_fail(PvmBadParam, "a string to a NULL pointer");
    rc = pvmi_unpack_items(buf, PVMI_TYPE_INT32, &length, sizeof(length), 1, 1);
    if (rc != PvmOk)
        return rc;
    if (length < 0)
        return pvmi_call_fail(PvmBadMsg, "a string of length %d", length);
    return pvmi_unpack_items(buf, PVMI_TYPE_BYTES, text, 1, length, 1);
}

/* ---- the public functions ---- */

/* One number of the very type that is there: true if that could be done. */
static inline bool unpack_one(struct pvmi_msgbuf *buf, int type, void *data, size_t size)
{
    struct pvmi_cursor *cursor = &buf->cursor;

    if (cursor->type != type || cursor->left < size || cursor->phase != 0 || buf->foreign ||
        cursor->block->length - cursor->at < size)
        return false;
    memcpy(data, pvmi_cursor_bytes(cursor), size);
    cursor->at += size;
    cursor->done += size;
    cursor->left -= (uint32_t)size;
    return true;
}

/* Goes into the next section, when that is of the very type and its header lies in one piece with the first number. */
static __attribute__((noinline)) bool section_enter(struct pvmi_msgbuf *buf, int type, size_t size)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    const struct pvmi_block *block = cursor->block;
    const uint8_t *header;
    uint32_t length;

    if (cursor->left != 0 || block == NULL || !buf_typed(buf) || buf->foreign ||
        block->length - cursor->at < PVMI_SECTION_HEADER_SIZE + size)
        return false;
    header = block->bytes + cursor->at;
    memcpy(&length, header + 1, sizeof(length));
    length = be32toh(length);
    if (header[0] != PVMI_SECTION_MARK || header[5] != type || length < size || (length & (size - 1)) != 0 ||
        length > buf->length - cursor->done - PVMI_SECTION_HEADER_SIZE || length > PVMI_SECTION_LENGTH_MAX)
        return false;
    cursor->at += PVMI_SECTION_HEADER_SIZE;
    cursor->done += PVMI_SECTION_HEADER_SIZE;
    cursor->type = type;
    cursor->length = cursor->left = length;
    cursor->phase = cursor->odd = 0;
    cursor->padding = 0;
    cursor->in_padding = false;
    buf->unpacking = true;
    return true;
}

static int unpack_items(struct pvmi_msgbuf *buf, int type, void *data, size_t size, int nitem, int stride)
{
    if (nitem < 0)
        return PvmBadParam;
    if (buf == NULL)
        return PvmNoBuf;
    return pvmi_unpack_items(buf, type, data, size, nitem, stride);
}

/* All that unpack() does not do on the spot. */
static __attribute__((noinline)) int unpack_any(int event, const char *function, int type, void *data, size_t size,
                                                int nitem, int stride)
{
    pvmi_call_enter();
    pvmi_trace_enter_buffers(event, data, nitem, stride);
    return pvmi_call_leave(function, unpack_items(pvmi_active_receive_buf(), type, data, size, nitem, stride));
}

static inline __attribute__((always_inline)) int unpack(int event, const char *function, int type, void *data,
                                                        size_t size, int nitem, int stride)
{
    if (type != PVMI_TYPE_BYTES && nitem == 1 && data != NULL && pvmi_call_alone() && !pvmi_trace_buffers_on) {
        struct pvmi_msgbuf *buf = pvmi_active_receive_known();

        if (buf != NULL && (buf->cursor.left != 0 || section_enter(buf, type, size)) &&
            unpack_one(buf, type, data, size))
            return PvmOk;
    }
    return unpack_any(event, function, type, data, size, nitem, stride);
}

/* Bytes of a section that begins here, in one piece: true if that could be done on the spot. */
static bool unpack_bytes_quick(struct pvmi_msgbuf *buf, void *data, size_t count)
{
    struct pvmi_cursor *cursor = &buf->cursor;
    const struct pvmi_block *block = cursor->block;
    const uint8_t *header;
    uint32_t length;

    if (cursor->left != 0 || cursor->in_padding || block == NULL || !buf_typed(buf) ||
        block->length - cursor->at < PVMI_SECTION_HEADER_SIZE + count)
        return false;
    header = block->bytes + cursor->at;
    memcpy(&length, header + 1, sizeof(length));
    length = be32toh(length);
    if (header[0] != PVMI_SECTION_MARK || header[5] != PVMI_TYPE_BYTES || length < count ||
        length > buf->length - cursor->done - PVMI_SECTION_HEADER_SIZE || length > PVMI_SECTION_LENGTH_MAX)
        return false;
    memcpy(data, header + PVMI_SECTION_HEADER_SIZE, count);
    cursor->at += PVMI_SECTION_HEADER_SIZE + count;
    cursor->done += PVMI_SECTION_HEADER_SIZE + count;
    cursor->type = PVMI_TYPE_BYTES;
    cursor->length = length;
    cursor->left = length - (uint32_t)count;
    cursor->phase = 0;
    cursor->odd = (cursor->odd + (uint32_t)count) & 3;
    cursor->padding = cursor->left == 0 ? -length & 3 : 0;
    buf->unpacking = true;
    return true;
}

int pvm_upkbyte(char *xp, int nitem, int stride)
{
    if (stride == 1 && nitem > 0 && xp != NULL && pvmi_call_alone() && !pvmi_trace_buffers_on) {
        struct pvmi_msgbuf *buf = pvmi_active_receive_known();

        if (buf != NULL && unpack_bytes_quick(buf, xp, (size_t)nitem))
            return PvmOk;
    }
    return unpack(TEV_UPKBYTE, "pvm_upkbyte", PVMI_TYPE_BYTES, xp, 1, nitem, stride);
}

int pvm_upkshort(short *xp, int nitem, int stride)
{
    return unpack(TEV_UPKSHORT, "pvm_upkshort", PVMI_TYPE_INT16, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkushort(unsigned short *xp, int nitem, int stride)
{
    return unpack(TEV_UPKUSHORT, "pvm_upkushort", PVMI_TYPE_UINT16, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkint(int *xp, int nitem, int stride)
{
    return unpack(TEV_UPKINT, "pvm_upkint", PVMI_TYPE_INT32, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkuint(unsigned int *xp, int nitem, int stride)
{
    return unpack(TEV_UPKUINT, "pvm_upkuint", PVMI_TYPE_UINT32, xp, sizeof(*xp), nitem, stride);
}

int pvm_upklong(long *xp, int nitem, int stride)
{
    return unpack(TEV_UPKLONG, "pvm_upklong", PVMI_TYPE_LONG, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkulong(unsigned long *xp, int nitem, int stride)
{
    return unpack(TEV_UPKULONG, "pvm_upkulong", PVMI_TYPE_ULONG, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkfloat(float *xp, int nitem, int stride)
{
    return unpack(TEV_UPKFLOAT, "pvm_upkfloat", PVMI_TYPE_FLOAT32, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkdouble(double *xp, int nitem, int stride)
{
    return unpack(TEV_UPKDOUBLE, "pvm_upkdouble", PVMI_TYPE_FLOAT64, xp, sizeof(*xp), nitem, stride);
}

int pvm_upkcplx(float *xp, int nitem, int stride)
{
    return unpack(TEV_UPKCPLX, "pvm_upkcplx", PVMI_TYPE_COMPLEX32, xp, 2 * sizeof(*xp), nitem, stride);
}

int pvm_upkdcplx(double *xp, int nitem, int stride)
{
    return unpack(TEV_UPKDCPLX, "pvm_upkdcplx", PVMI_TYPE_COMPLEX64, xp, 2 * sizeof(*xp), nitem, stride);
}

int pvm_upkstr(char *sp)
{
    struct pvmi_msgbuf *buf;

    pvmi_call_enter();
    pvmi_trace_enter_buffers(TEV_UPKSTR, sp);
    buf = pvmi_active_receive_buf();
    return pvmi_call_leave("pvm_upkstr", buf == NULL ? PvmNoBuf : pvmi_unpack_string(buf, sp));
}
