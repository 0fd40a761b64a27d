/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random messages against a model: a message is a row of scalars, each with its type and value, and unpacking
 * takes them one by one by the rules. Bodies arrive in blocks of random size, in either byte order. The seed is
 * printed when a test fails; SECTIONS_SEED=N runs that one, SECTIONS_RUNS=N as many.
 */
#include <math.h>

#include "libpvm/block.h"
#include "loopback.h"

#define MODEL_MAX 4096
#define RUNS 3000

/* ---- random numbers: the same on every machine ---- */

static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static int random_below(int limit)
{
    return (int)(random_next() % (uint32_t)limit);
}

/* ---- the model ---- */

struct scalar {
    int type;       /* never complex */
    int section;
    bool last;      /* of a section of bytes, whose length is then size */
    size_t size;
    uint64_t bits;
};

struct position {
    int at;            /* next scalar */
    size_t phase;      /* bytes of it that were read */
    unsigned odd;
    size_t padding;
    bool in_padding;
};

struct model {
    struct scalar scalars[MODEL_MAX];
    int count;
    struct position now;
};

static struct model model;

static int scalar_of(int type)
{
    return type == PVMI_TYPE_COMPLEX32 ? PVMI_TYPE_FLOAT32 : type == PVMI_TYPE_COMPLEX64 ? PVMI_TYPE_FLOAT64 : type;
}

static bool is_signed(int type)
{
    return type == PVMI_TYPE_INT16 || type == PVMI_TYPE_INT32 || type == PVMI_TYPE_INT64;
}

/* The value of an integer's bits. */
static __int128 integer_value(uint64_t bits, int type)
{
    int width = 8 * (int)pvmi_type_scalar_size(type);

    if (is_signed(type) && (bits >> (width - 1) & 1) != 0)
        return (__int128)bits - ((__int128)1 << width);
    return bits;
}

static bool integer_fits(__int128 value, int type)
{
    int width = 8 * (int)pvmi_type_scalar_size(type);

    if (is_signed(type))
        return value >= -((__int128)1 << (width - 1)) && value < (__int128)1 << (width - 1);
    return value >= 0 && value < (__int128)1 << width;
}

static uint64_t bits_cut(uint64_t bits, int type)
{
    size_t size = pvmi_type_scalar_size(type);

    return size == 8 ? bits : bits & ((1ull << (8 * size)) - 1);
}

static int model_convert(const struct scalar *from, int type, uint64_t *ret_bits)
{
    uint32_t bits32;
    float single;
    double real;

    if (pvmi_type_family(from->type) != pvmi_type_family(type))
        return PvmBadMsg;
    if (pvmi_type_scalar_size(from->type) == pvmi_type_scalar_size(type)) {
        *ret_bits = from->bits;
        return PvmOk;
    }
    if (pvmi_type_family(type) == PVMI_FAMILY_INTEGER) {
        __int128 value = integer_value(from->bits, from->type);

        *ret_bits = bits_cut((uint64_t)value, type);
        return integer_fits(value, type) ? PvmOk : PvmOverflow;
    }
    if (type == PVMI_TYPE_FLOAT64) {
        bits32 = (uint32_t)from->bits;
        memcpy(&single, &bits32, sizeof(single));
        real = single;
        memcpy(ret_bits, &real, sizeof(real));
        return PvmOk;
    }
    memcpy(&real, &from->bits, sizeof(real));
    single = fabs(real) > 3.5e38 ? INFINITY : (float)real;
    memcpy(&bits32, &single, sizeof(bits32));
    *ret_bits = bits32;
    return fabs(real) > 3.5e38 ? PvmOverflow : PvmOk;
}

/* The XDR view. */
static size_t model_xdr(const struct scalar *scalar, uint8_t xdr[8])
{
    size_t size = scalar->type == PVMI_TYPE_BYTES ? 1 : scalar->size == 2 ? 4 : scalar->size;
    uint64_t bits = scalar->size == 2 ? (uint64_t)integer_value(scalar->bits, PVMI_TYPE_INT16) : scalar->bits;

    for (size_t i = 0; i < size; i++)
        xdr[i] = (uint8_t)(bits >> (8 * (size - 1 - i)));
    return size;
}

/* One byte of the XDR view. */
static int model_byte(uint8_t *ret_byte)
{
    struct position *now = &model.now;
    const struct scalar *scalar = &model.scalars[now->at];
    uint8_t xdr[8];
    size_t size;

    if ((now->at == model.count || scalar->type != PVMI_TYPE_BYTES) && now->phase == 0) {
        if (now->padding > 0) {
            now->padding--;
            now->in_padding = true;
            now->odd = (now->odd + 1) % 4;
            *ret_byte = 0;
            return PvmOk;
        }
        now->in_padding = false;
    }
    if (now->at == model.count)
        return PvmNoData;
    size = model_xdr(scalar, xdr);
    *ret_byte = xdr[now->phase++];
    if (scalar->type == PVMI_TYPE_BYTES) {
        now->odd = (now->odd + 1) % 4;
        if (scalar->last)
            now->padding += (4 - scalar->size % 4) % 4;
    } else {
        now->odd = 0;
    }
    if (now->phase == size) {
        now->phase = 0;
        now->at++;
    }
    return PvmOk;
}

/* True when bytes of the section before at are still unread there. */
static bool inside_section(int at)
{
    return at > 0 && at < model.count && model.scalars[at].section == model.scalars[at - 1].section;
}

/* Gives up the rest of a word. */
static int model_align(void)
{
    struct position *now = &model.now;
    unsigned odd = now->odd;
    uint8_t xdr[8];

    now->odd = 0;
    now->padding = 0;
    now->in_padding = false;
    if (now->phase != 0) {
        size_t size = model_xdr(&model.scalars[now->at], xdr);

        if ((now->phase + 3) / 4 * 4 < size)
            return PvmBadMsg;
        now->phase = 0;
        now->at++;
        return PvmOk;
    }
    for (; odd % 4 != 0 && inside_section(now->at) && model.scalars[now->at].type == PVMI_TYPE_BYTES; odd++)
        now->at++;
    return PvmOk;
}

static int model_number_from_bytes(int type, uint64_t *ret_bits)
{
    size_t size = pvmi_type_scalar_size(type) == 2 ? 4 : pvmi_type_scalar_size(type);
    uint64_t bits = 0;
    __int128 value;

    for (size_t i = 0; i < size; i++) {
        bool filled = i % 4 != 0 && model.scalars[model.now.at - 1].last;    /* up to a word, with zeros */

        if (!filled && model.now.at == model.count)
            return PvmNoData;
        if (!filled && model.scalars[model.now.at].type != PVMI_TYPE_BYTES)
            return PvmBadMsg;
        bits = bits << 8 | (filled ? 0 : model.scalars[model.now.at++].bits);
    }
    *ret_bits = bits_cut(bits, type);
    if (pvmi_type_scalar_size(type) != 2)
        return PvmOk;
    value = integer_value(bits, PVMI_TYPE_INT32);
    if (integer_fits(value, PVMI_TYPE_INT16) || (type == PVMI_TYPE_UINT16 && integer_fits(value, type)))
        return PvmOk;
    return PvmOverflow;
}

/* One item of type, as memory has it. The position is only moved by success. */
static int model_item(int type, uint8_t *item)
{
    struct position before = model.now;
    size_t size = pvmi_type_scalar_size(type);
    int rc = model_align();

    for (size_t at = 0; rc == PvmOk && at < pvmi_type_size(type); at += size) {
        uint64_t bits = 0;

        if (model.now.at == model.count) {
            rc = PvmNoData;
        } else if (model.scalars[model.now.at].type == PVMI_TYPE_BYTES) {
            rc = model_number_from_bytes(scalar_of(type), &bits);
        } else {
            rc = model_convert(&model.scalars[model.now.at], scalar_of(type), &bits);
            model.now.at++;
        }
        for (size_t i = 0; i < size; i++) {
            bool little = (pvmi_format_own() & PVMI_FORMAT_LITTLE) != 0;
            item[at + i] = (uint8_t)(bits >> (8 * (little ? i : size - 1 - i)));
        }
    }
    if (rc != PvmOk)
        model.now = before;
    return rc;
}

/* What pvm_upk should give: the code, and the items in a row. */
static int model_unpack(int type, int count, uint8_t *items, int *ret_stored)
{
    int rc = PvmOk;
    int stored = 0;

    if (type == PVMI_TYPE_BYTES && !model.now.in_padding)
        model.now.padding = 0;
    while (stored < count) {
        if (type == PVMI_TYPE_BYTES)
            rc = model_byte(items + stored);
        else
            rc = model_item(type, items + (size_t)stored * pvmi_type_size(type));
        if (rc != PvmOk)
            break;
        stored++;
    }
    if (rc == PvmNoData)
        model.now = (struct position){ .at = model.count };
    *ret_stored = stored;
    return rc;
}

/* ---- packing at random ---- */

static uint64_t random_bits(int type)
{
    uint64_t bits = (uint64_t)random_next() << 32 ^ random_next();
    double real = (random_below(2000) - 1000) / 8.0;
    float single = (float)real;
    uint32_t bits32;

    if (pvmi_type_family(type) != PVMI_FAMILY_REAL)
        return bits_cut(random_below(3) == 0 ? bits : bits % 1000, type);
    if (type == PVMI_TYPE_FLOAT32) {
        memcpy(&bits32, &single, sizeof(bits32));
        return bits32;
    }
    if (random_below(8) == 0)
        real *= 1e300;
    memcpy(&bits, &real, sizeof(bits));
    return bits;
}

/* Packs count items of type with this stride, and writes them into the model. */
static void random_pack(struct pvmi_msgbuf *buf, int section)
{
    static uint8_t memory[3 * 2 * 64 * 16];
    int type = 1 + random_below(PVMI_TYPE_MAX);
    int count = 1 + random_below(20);
    int stride = random_below(7) - 3;
    size_t size = pvmi_type_size(type);
    size_t part = pvmi_type_scalar_size(type);
    uint8_t *start = memory + sizeof(memory) / 2;
    uint8_t at_0[16];

    for (int i = 0; i < count; i++) {
        for (size_t at = 0; at < size; at += part) {
            struct scalar *scalar = &model.scalars[model.count++];
            bool little = (pvmi_format_own() & PVMI_FORMAT_LITTLE) != 0;

            scalar->type = scalar_of(type);
            scalar->section = section;
            scalar->size = type == PVMI_TYPE_BYTES ? (size_t)count : part;
            scalar->last = type == PVMI_TYPE_BYTES && i == count - 1;
            scalar->bits = random_bits(scalar->type);
            if (stride == 0 && i > 0)
                scalar->bits = scalar[-(int)(size / part)].bits;
            for (size_t k = 0; k < part; k++)
                at_0[at + k] = (uint8_t)(scalar->bits >> (8 * (little ? k : part - 1 - k)));
        }
        memcpy(start + (ptrdiff_t)i * stride * (ptrdiff_t)size, at_0, size);
    }
    assert_int_equal(pvmi_pack_items(buf, type, start, size, count, stride), PvmOk);
    if (random_below(10) == 0)
        pvmi_msgbuf_seal(buf);
}

/* ---- on the way ---- */

/* Reverses the bytes of all elements. */
static void body_reverse(uint8_t *body, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t section;
        size_t size;
        int type;

        assert_int_equal(pvmi_section_header_decode(body + at, &type, &section), PvmOk);
        at += PVMI_SECTION_HEADER_SIZE;
        size = pvmi_type_scalar_size(type);
        for (size_t end = at + section; at < end; at += size) {
            for (size_t i = 0; i < size / 2; i++) {
                uint8_t byte = body[at + i];
                body[at + i] = body[at + size - 1 - i];
                body[at + size - 1 - i] = byte;
            }
        }
    }
}

/* An arrived buffer with this body in blocks of 1 to block_max bytes. */
static struct pvmi_msgbuf *deliver_in_blocks(const uint8_t *body, size_t length, int format, int block_max)
{
    struct pvmi_frame_header header = { .format = (uint8_t)format };
    struct pvmi_msgbuf *buf;

    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmOk);
    for (size_t at = 0; at < length;) {
        size_t piece = 1 + (size_t)random_below(block_max);
        struct pvmi_block *block;

        if (piece > length - at)
            piece = length - at;
        block = pvmi_block_new(piece);
        assert_non_null(block);
        memcpy(block->bytes, body + at, piece);
        block->length = piece;
        pvmi_msgbuf_append(buf, block);
        at += piece;
    }
    assert_int_equal(pvmi_msgbuf_publish(buf), PvmOk);
    pvmi_msgbuf_rewind(buf);
    return buf;
}

/* ---- unpacking at random ---- */

static void random_unpack(struct pvmi_msgbuf *buf)
{
    static uint8_t memory[3 * 2 * 64 * 16];
    uint8_t expected[64 * 16];
    int type = random_below(3) == 0 ? PVMI_TYPE_BYTES : 1 + random_below(PVMI_TYPE_MAX);
    int count = 1 + random_below(20);
    int stride = random_below(2) == 0 ? 1 : random_below(2) == 0 ? -1 : 2;
    size_t size = pvmi_type_size(type);
    uint8_t *start = memory + sizeof(memory) / 2;
    int stored;
    int rc;

    if (random_below(2) == 0 && model.now.at < model.count)
        type = model.scalars[model.now.at].type;    /* else most messages would stop at the first section */
    size = pvmi_type_size(type);
    rc = model_unpack(type, count, expected, &stored);
    memset(memory, 0x5a, sizeof(memory));
    assert_int_equal(pvmi_unpack_items(buf, type, start, size, count, stride), rc);
    for (int i = 0; i < stored; i++) {
        uint8_t *item = start + (ptrdiff_t)i * stride * (ptrdiff_t)size;

        assert_memory_equal(item, expected + (size_t)i * size, size);
        memset(item, 0x5a, size);
    }
    for (size_t i = 0; i < sizeof(memory); i++)
        assert_int_equal(memory[i], 0x5a);
}

static void run(uint64_t seed)
{
    struct pvmi_msgbuf *buf;
    struct pvmi_msgbuf *arrived;
    uint8_t *body;
    int format = pvmi_format_own();

    random_state = seed * 2654435761u + 1;
    memset(&model, 0, sizeof(model));
    assert_int_equal(pvmi_msgbuf_new(PvmDataDefault, &buf), PvmOk);
    for (int i = 0, packs = random_below(30); i < packs; i++)
        random_pack(buf, i);

    body = loopback_body(buf);
    if (random_below(2) == 0) {
        format ^= PVMI_FORMAT_LITTLE;
        body_reverse(body, (size_t)buf->length);
    }
    arrived = deliver_in_blocks(body, (size_t)buf->length, format, random_below(2) == 0 ? 20 : 2000);
    assert_int_equal(pvmi_msgbuf_xdr_length(arrived), pvmi_msgbuf_xdr_length(buf));
    if (random_below(4) == 0)    /* a copy to pack into is as good */
        assert_int_equal(pvmi_msgbuf_own(arrived), PvmOk);
    for (int i = 0; i < 60; i++)
        random_unpack(arrived);
    free(body);
    pvmi_msgbuf_free(buf);
    pvmi_msgbuf_free(arrived);
}

static long seed_now;

static long environment_number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : atol(text);
}

static void random_messages_are_unpacked_as_the_model_says(void **state)
{
    long seed = environment_number("SECTIONS_SEED", 1);
    long runs = environment_number("SECTIONS_RUNS", getenv("SECTIONS_SEED") == NULL ? RUNS : 1);

    (void)state;
    for (long i = 0; i < runs; i++) {
        seed_now = seed + i;
        run((uint64_t)seed_now);
    }
}

/* Runs after a failure, too. */
static int seed_print(void **state)
{
    (void)state;
    print_message("the last seed was %ld: SECTIONS_SEED=%ld runs it alone\n", seed_now, seed_now);
    return 0;
}

/* Whatever the bytes are, unpacking ends, and reads nothing that is not there. */
static void random_bodies_do_no_harm(void **state)
{
    static uint8_t memory[64 * 16 * 3];

    (void)state;
    random_state = 99;
    for (int i = 0; i < RUNS; i++) {
        uint8_t body[200];
        size_t length = (size_t)random_below(sizeof(body));
        struct pvmi_msgbuf *buf;

        for (size_t at = 0; at < length; at++)
            body[at] = (uint8_t)(random_below(3) == 0 ? 0xc9 : random_below(random_below(3) == 0 ? 256 : 12));
        buf = deliver_in_blocks(body, length, random_below(4), 40);
        (void)pvmi_msgbuf_xdr_length(buf);
        for (int k = 0; k < 20; k++) {
            int type = 1 + random_below(PVMI_TYPE_MAX);
            pvmi_unpack_items(buf, type, memory, pvmi_type_size(type), random_below(20), 1);
        }
        (void)pvmi_msgbuf_own(buf);
        pvmi_msgbuf_free(buf);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_messages_are_unpacked_as_the_model_says, loopback_reset, seed_print),
        cmocka_unit_test_setup(random_bodies_do_no_harm, loopback_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
