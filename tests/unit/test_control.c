/* SPDX-License-Identifier: BSD-3-Clause */
/* Control messages: generated cases over all of control.def, and the limits by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/blob.h"
#include "control_fill.h"
#include "pvm3.h"
#include "wire/frame.h"

static struct fill fill;

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    fill_fini(&fill);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* The message after type, 0 after the last: for (type = 0; (type = next_type(type)) != 0;) */
static int next_type(int type)
{
    for (type++; type <= PVMI_MSG_MAX; type++)
        if (pvmi_control_size(type) > 0)
            return type;
    return 0;
}

static struct pvmi_buffer encoded(int type, const void *msg)
{
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
    assert_int_equal(pvmi_control_encode(type, msg, &buffer), PvmOk);
    return buffer;
}

/* ---- all messages ---- */

static void check_round_trip(int type, enum fill_how how, unsigned seed)
{
    struct pvmi_control control = { .type = 0 };
    struct pvmi_buffer first;
    struct pvmi_buffer second;
    void *msg;

    fill_init(&fill, how, seed);
    msg = fill_message(&fill, type);
    first = encoded(type, msg);
    assert_int_equal(pvmi_control_decode(first.data, first.length, &control), PvmOk);
    assert_int_equal(control.type, type);
    if (!same_message(type, msg, control.msg))
        fail_msg("%s changed on its way (how %d, seed %u)", pvmi_control_name(type), how, seed);

    second = encoded(type, control.msg);
    assert_int_equal(second.length, first.length);
    assert_memory_equal(second.data, first.data, first.length);
    pvmi_buffer_fini(&first);
    pvmi_buffer_fini(&second);
    pvmi_control_free(&control);
    fill_fini(&fill);
}

static void every_message_comes_back_as_it_was(void **state)
{
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    int count = 0;

    print_message("seed %u\n", seed);
    for (int type = 0; (type = next_type(type)) != 0; count++) {
        check_round_trip(type, FILL_CANONICAL, 0);
        check_round_trip(type, FILL_LOWEST, 0);
        check_round_trip(type, FILL_HIGHEST, 0);
        for (unsigned i = 0; i < 30; i++)
            check_round_trip(type, FILL_RANDOM, seed + i);
    }
    assert_true(count > 40);
}

static void a_zeroed_message_of_each_type_can_be_sent(void **state)
{
    (void)state;
    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_control control;
        void *msg = calloc(1, pvmi_control_size(type));
        struct pvmi_buffer buffer = encoded(type, msg);

        assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmOk);
        assert_true(same_message(type, msg, control.msg));
        pvmi_control_free(&control);
        pvmi_buffer_fini(&buffer);
        free(msg);
    }
}

static void every_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_control control;
        struct pvmi_buffer buffer;

        fill_init(&fill, FILL_CANONICAL, 0);
        buffer = encoded(type, fill_message(&fill, type));
        for (size_t length = 0; length < buffer.length; length++) {
            /* A copy of just this length, so that a sanitizer sees a read behind it. */
            uint8_t *cut = malloc(length == 0 ? 1 : length);

            memcpy(cut, buffer.data, length);
            assert_int_equal(pvmi_control_decode(cut, length, &control), PvmBadMsg);
            free(cut);
        }
        assert_int_equal(pvmi_buffer_append(&buffer, "", 1), PvmOk);
        assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmBadMsg);
        pvmi_buffer_fini(&buffer);
        fill_fini(&fill);
    }
}

/* The bytes of one msgpack value of those that we use. */
static size_t value_length(const uint8_t *at)
{
    uint8_t lead = at[0];
    size_t length = 1;
    size_t items = 0;

    if (lead >= 0xa0 && lead <= 0xbf)
        return 1 + (lead & 0x1f);
    if (lead == 0xc4 || lead == 0xd9)
        return 2 + (size_t)at[1];
    if (lead == 0xc5 || lead == 0xda)
        return 3 + ((size_t)at[1] << 8 | at[2]);
    if (lead >= 0xcc && lead <= 0xd3)
        return 1 + ((size_t)1 << (lead & 3));
    if (lead >= 0x90 && lead <= 0x9f) {
        items = lead & 0x0f;
    } else if (lead == 0xdc) {
        items = (size_t)at[1] << 8 | at[2];
        length = 3;
    }
    for (size_t i = 0; i < items; i++)
        length += value_length(at + length);
    return length;
}

/* The same message with only its first count items, or with an array behind its last one. */
static struct pvmi_buffer with_items(const struct pvmi_buffer *whole, uint16_t count)
{
    size_t start = whole->data[0] == 0xdc ? 3 : 1;
    uint8_t head[3] = { 0xdc, (uint8_t)(count >> 8), (uint8_t)count };
    struct pvmi_buffer buffer;
    size_t at = start;

    pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
    for (uint16_t i = 0; i < count && at < whole->length; i++)
        at += value_length(whole->data + at);
    pvmi_buffer_append(&buffer, head, 3);
    pvmi_buffer_append(&buffer, whole->data + start, at - start);
    return buffer;
}

static uint16_t item_count(const struct pvmi_buffer *whole)
{
    return whole->data[0] == 0xdc ? (uint16_t)(whole->data[1] << 8 | whole->data[2]) : whole->data[0] & 0x0f;
}

/* Fields that an older sender does not know are 0, NULL or empty: encoding that again tells. */
static void missing_fields_are_empty_in_every_message(void **state)
{
    (void)state;
    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_buffer whole;

        fill_init(&fill, FILL_CANONICAL, 0);
        whole = encoded(type, fill_message(&fill, type));
        for (uint16_t count = 1; count <= item_count(&whole); count++) {
            struct pvmi_buffer shorter = with_items(&whole, count);
            struct pvmi_control control;
            struct pvmi_buffer again;
            struct pvmi_buffer again_cut;

            assert_int_equal(pvmi_control_decode(shorter.data, shorter.length, &control), PvmOk);
            again = encoded(type, control.msg);
            again_cut = with_items(&again, count);
            assert_int_equal(again_cut.length, shorter.length);
            assert_memory_equal(again_cut.data, shorter.data, shorter.length);
            pvmi_buffer_fini(&shorter);
            pvmi_buffer_fini(&again);
            pvmi_buffer_fini(&again_cut);
            pvmi_control_free(&control);
        }
        pvmi_buffer_fini(&whole);
        fill_fini(&fill);
    }
}

static void unknown_fields_at_the_end_are_ignored_in_every_message(void **state)
{
    (void)state;
    static const uint8_t extra[] = { 0x92, 0xc0, 0xa1, 'x' };    /* [nil, "x"] */

    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_buffer whole;
        struct pvmi_buffer longer;
        struct pvmi_control control;
        void *msg;

        fill_init(&fill, FILL_CANONICAL, 0);
        msg = fill_message(&fill, type);
        whole = encoded(type, msg);
        longer = with_items(&whole, item_count(&whole) + 1);
        pvmi_buffer_append(&longer, extra, sizeof(extra));
        assert_int_equal(pvmi_control_decode(longer.data, longer.length, &control), PvmOk);
        assert_true(same_message(type, msg, control.msg));
        pvmi_control_free(&control);
        pvmi_buffer_fini(&whole);
        pvmi_buffer_fini(&longer);
        fill_fini(&fill);
    }
}

/* Wrong bytes anywhere give PvmBadMsg or another valid message, and never a crash or a leak. */
static void every_message_survives_wrong_bytes(void **state)
{
    (void)state;
    static const uint8_t wrong[] = { 0x00, 0x7f, 0x80, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc9,
                                     0xca, 0xcf, 0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff };

    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_buffer buffer;

        fill_init(&fill, FILL_CANONICAL, 0);
        buffer = encoded(type, fill_message(&fill, type));
        for (size_t at = 0; at < buffer.length; at++) {
            uint8_t right = buffer.data[at];

            for (size_t i = 0; i < sizeof(wrong); i++) {
                struct pvmi_control control = { .type = 0 };

                buffer.data[at] = wrong[i];
                int rc = pvmi_control_decode(buffer.data, buffer.length, &control);
                assert_true(rc == PvmOk || rc == PvmBadMsg);
                pvmi_control_free(&control);
            }
            buffer.data[at] = right;
        }
        pvmi_buffer_fini(&buffer);
        fill_fini(&fill);
    }
}

static void encoding_survives_each_failed_allocation(void **state)
{
    (void)state;
    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_blob *blob = NULL;
        int rc = PvmNoMem;
        void *msg;

        fill_init(&fill, FILL_HIGHEST, 0);
        msg = fill_message(&fill, type);
        for (int nth = 0; rc != PvmOk; nth++) {
            assert_true(nth < 50);
            assert_int_equal(rc, PvmNoMem);
            assert_null(blob);
            pvmi_alloc_fail_nth(nth);
            rc = pvmi_control_encode_blob(type, msg, &blob);
        }
        pvmi_alloc_fail_nth(-1);
        pvmi_blob_unref(blob);
        fill_fini(&fill);
    }
}

static void decoding_survives_each_failed_allocation(void **state)
{
    (void)state;
    for (int type = 0; (type = next_type(type)) != 0;) {
        struct pvmi_control control = { .type = 0 };
        struct pvmi_buffer buffer;
        int rc = PvmNoMem;

        fill_init(&fill, FILL_HIGHEST, 0);
        buffer = encoded(type, fill_message(&fill, type));
        for (int nth = 0; rc != PvmOk; nth++) {
            assert_true(nth < 2000);
            assert_int_equal(rc, PvmNoMem);
            assert_null(control.memory);
            pvmi_alloc_fail_nth(nth);
            rc = pvmi_control_decode(buffer.data, buffer.length, &control);
        }
        pvmi_alloc_fail_nth(-1);
        pvmi_control_free(&control);
        pvmi_buffer_fini(&buffer);
        fill_fini(&fill);
    }
}

static void every_message_has_a_name_and_known_senders(void **state)
{
    (void)state;
    const int all = PVMI_FROM_TASK | PVMI_FROM_STRANGER | PVMI_FROM_PVMD | PVMI_FROM_HOST | PVMI_FROM_ORDERER
                    | PVMI_FROM_LOG;

    for (int type = -1; type <= PVMI_MSG_MAX + 1; type++) {
        assert_int_equal(pvmi_control_senders(type) & ~all, 0);
        if (pvmi_control_size(type) == 0) {
            assert_int_equal(pvmi_control_senders(type), PVMI_FROM_NOBODY);
            assert_string_equal(pvmi_control_name(type), "?");
        }
    }
    assert_string_equal(pvmi_control_name(PVMI_MSG_spawn), "spawn");
    assert_int_equal(pvmi_control_senders(PVMI_MSG_enroll), PVMI_FROM_STRANGER);
    assert_int_equal(pvmi_control_senders(PVMI_MSG_spawn), PVMI_FROM_TASK);
    assert_int_equal(pvmi_control_size(PVMI_MSG_leave), sizeof(struct pvmi_msg_leave));
}

static void add_sender(char *text, int senders, int flag, const char *word)
{
    if (senders & flag)
        strcat(strcat(text, *text == '\0' ? "" : ", "), word);
}

/* The beginning of each message's line in the document's table. */
static void every_message_is_in_the_document(void **state)
{
    (void)state;
    static char document[65536];
    FILE *file = fopen(SOURCE_DIR "/docs/protocol.md", "r");

    assert_non_null(file);
    document[fread(document, 1, sizeof(document) - 1, file)] = '\0';
    fclose(file);
    for (int type = 0; (type = next_type(type)) != 0;) {
        int senders = pvmi_control_senders(type);
        char words[128] = "";
        char line[256];

        add_sender(words, senders, PVMI_FROM_TASK, "task");
        add_sender(words, senders, PVMI_FROM_STRANGER, "stranger");
        add_sender(words, senders, PVMI_FROM_PVMD, "pvmd");
        add_sender(words, senders, PVMI_FROM_HOST, "host");
        add_sender(words, senders, PVMI_FROM_ORDERER, "orderer");
        add_sender(words, senders, PVMI_FROM_LOG, "log");
        snprintf(line, sizeof(line), "\n| %d | `%s` | %s |", type, pvmi_control_name(type),
                 words[0] == '\0' ? "nobody" : words);
        if (strstr(document, line) == NULL)
            fail_msg("docs/protocol.md has no line that begins with %s", line + 1);
    }
}

/* ---- by hand ---- */

static int decode_text(const char *bytes, size_t length, struct pvmi_control *ret_control)
{
    *ret_control = (struct pvmi_control){ .type = 0 };
    return pvmi_control_decode(bytes, length, ret_control);
}

#define DECODE(literal, control) decode_text(literal, sizeof(literal) - 1, control)

static void the_bytes_are_msgpack(void **state)
{
    (void)state;
    struct pvmi_msg_watch watch = { .tid = 0x40001 };
    struct pvmi_buffer buffer = encoded(PVMI_MSG_watch, &watch);

    assert_int_equal(buffer.length, 7);
    assert_memory_equal(buffer.data, "\x92\x21\xce\x00\x04\x00\x01", 7);
    pvmi_buffer_fini(&buffer);
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    struct pvmi_control control;

    /* leave [4, u32 id] */
    assert_int_equal(DECODE("\x92\x04\xce\xff\xff\xff\xff", &control), PvmOk);
    assert_int_equal(((struct pvmi_msg_leave *)control.msg)->id, UINT32_MAX);
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x92\x04\xcf\0\0\0\1\0\0\0\0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x04\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x04\xc0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x04\xa1x", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x04\xca\0\0\0\0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x04\xc3", &control), PvmBadMsg);

    /* watch [33, i32 tid] */
    assert_int_equal(DECODE("\x92\x21\xd2\x80\0\0\0", &control), PvmOk);
    assert_int_equal(((struct pvmi_msg_watch *)control.msg)->tid, INT32_MIN);
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x92\x21\xce\x80\0\0\0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x21\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", &control), PvmBadMsg);

    /* run_ended [93, u64 handle, i32 status, i64 user_us] */
    assert_int_equal(DECODE("\x94\x5d\x01\x02\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", &control), PvmOk);
    assert_int_equal(((struct pvmi_msg_run_ended *)control.msg)->user_us, INT64_MAX);
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x94\x5d\x01\x02\xcf\x80\0\0\0\0\0\0\0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x92\x5d\xff", &control), PvmBadMsg);
}

static void a_number_may_be_coded_longer_than_needed(void **state)
{
    (void)state;
    struct pvmi_control control;

    assert_int_equal(DECODE("\x92\x21\xd3\0\0\0\0\0\0\0\x05", &control), PvmOk);
    assert_int_equal(((struct pvmi_msg_watch *)control.msg)->tid, 5);
    pvmi_control_free(&control);
}

static void strings_are_checked(void **state)
{
    (void)state;
    struct pvmi_control control;
    const struct pvmi_msg_host_query *query;
    const struct pvmi_msg_host_delete *delete;

    /* host_query [15, id, name] */
    assert_int_equal(DECODE("\x93\x0f\x01\xa3""abc", &control), PvmOk);
    query = control.msg;
    assert_string_equal(query->name, "abc");
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x93\x0f\x01\xa0", &control), PvmOk);
    query = control.msg;
    assert_string_equal(query->name, "");
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x93\x0f\x01\xc0", &control), PvmOk);
    query = control.msg;
    assert_null(query->name);
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x93\x0f\x01\xa3""a\0c", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0f\x01\xa1\0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0f\x01\xc4\x03""abc", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0f\x01\x05", &control), PvmBadMsg);

    /* host_delete [14, id, names]: no element may be nil */
    assert_int_equal(DECODE("\x93\x0e\x01\x92\xa1x\xa1y", &control), PvmOk);
    delete = control.msg;
    assert_int_equal(delete->names.n, 2);
    assert_string_equal(delete->names.v[1], "y");
    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x93\x0e\x01\x92\xa1x\xc0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0e\x01\xc0", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0e\x01\xa0", &control), PvmBadMsg);
}

static void what_is_no_message_is_refused(void **state)
{
    (void)state;
    struct pvmi_control control;

    assert_int_equal(DECODE("", &control), PvmBadMsg);
    assert_int_equal(pvmi_control_decode(NULL, 0, &control), PvmBadMsg);
    assert_int_equal(DECODE("\x90", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x04", &control), PvmBadMsg);
    assert_int_equal(DECODE("\xa1x", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x91\xa1x", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x91\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x91\x00", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x91\x7f", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x91\xcd\x01\x04", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x81\x04\x01", &control), PvmBadMsg);
    assert_int_equal(DECODE("\xc1", &control), PvmBadMsg);
    pvmi_control_free(&control);
}

static void a_message_of_its_number_alone_is_empty(void **state)
{
    (void)state;
    struct pvmi_control control;

    for (int type = 0; (type = next_type(type)) != 0;) {
        uint8_t bytes[2] = { 0x91, (uint8_t)type };
        void *empty = calloc(1, pvmi_control_size(type));

        assert_int_equal(pvmi_control_decode(bytes, 2, &control), PvmOk);
        assert_true(same_message(type, empty, control.msg));
        pvmi_control_free(&control);
        free(empty);
    }
}

/* Six bytes that would make msgpack-c's unpacker allocate 8 GiB or more. */
static void counts_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct pvmi_control control;

    assert_int_equal(DECODE("\xdd\x10\0\0\0\x04", &control), PvmBadMsg);
    assert_int_equal(DECODE("\xdd\xff\xff\xff\xff\x04", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0e\x01\xdd\xff\xff\xff\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\xdc\xff\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0f\x01\xdb\xff\xff\xff\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\x93\x0f\x01\xc6\xff\xff\xff\xff", &control), PvmBadMsg);
    assert_int_equal(DECODE("\xdf\x10\0\0\0\x04", &control), PvmBadMsg);
}

/* leave [4, 1, extra] with extra nested so deep. */
static int decode_nested(int depth)
{
    struct pvmi_control control = { .type = 0 };
    uint8_t bytes[64] = { 0x93, 0x04, 0x01 };
    int rc;

    memset(bytes + 3, 0x91, (size_t)depth);
    bytes[3 + depth] = 0x01;
    rc = pvmi_control_decode(bytes, 4 + (size_t)depth, &control);
    pvmi_control_free(&control);
    return rc;
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_nested(PVMI_CONTROL_DEPTH_MAX - 1), PvmOk);
    assert_int_equal(decode_nested(PVMI_CONTROL_DEPTH_MAX), PvmBadMsg);
    assert_int_equal(decode_nested(50), PvmBadMsg);
}

/* Encodes host_query with a name of length bytes. */
static int encode_name(size_t length, struct pvmi_buffer *out)
{
    char *name = malloc(length + 1);
    struct pvmi_msg_host_query query = { .id = 1, .name = name };
    int rc;

    memset(name, 'x', length);
    name[length] = '\0';
    rc = pvmi_control_encode(PVMI_MSG_host_query, &query, out);
    free(name);
    return rc;
}

static void strings_have_a_maximum(void **state)
{
    (void)state;
    struct pvmi_control control;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
    assert_int_equal(encode_name(PVMI_CONTROL_STRING_MAX + 1, &buffer), PvmOverflow);
    assert_int_equal(buffer.length, 0);
    assert_int_equal(encode_name(PVMI_CONTROL_STRING_MAX, &buffer), PvmOk);
    assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmOk);
    pvmi_control_free(&control);
    /* One byte more, by hand: the length stands behind array, type, id and the lead of str 32. */
    pvmi_buffer_append(&buffer, "x", 1);
    assert_int_equal(buffer.data[3], 0xdb);
    buffer.data[7]++;
    assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmBadMsg);
    pvmi_buffer_fini(&buffer);
}

static void arrays_have_a_maximum(void **state)
{
    (void)state;
    struct pvmi_msg_siblings siblings = { .tids = { calloc(PVMI_CONTROL_ITEMS_MAX + 1, sizeof(int32_t)),
                                                    PVMI_CONTROL_ITEMS_MAX + 1 } };
    struct pvmi_control control;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, PVMI_FRAME_CONTROL_MAX);
    assert_int_equal(pvmi_control_encode(PVMI_MSG_siblings, &siblings, &buffer), PvmOverflow);
    siblings.tids.n--;
    assert_int_equal(pvmi_control_encode(PVMI_MSG_siblings, &siblings, &buffer), PvmOk);
    assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmOk);
    pvmi_control_free(&control);
    pvmi_buffer_append(&buffer, "", 1);
    assert_int_equal(buffer.data[2], 0xdd);
    buffer.data[6]++;
    assert_int_equal(pvmi_control_decode(buffer.data, buffer.length, &control), PvmBadMsg);
    pvmi_buffer_fini(&buffer);
    free(siblings.tids.v);
}

static void a_message_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct pvmi_buffer buffer;

    pvmi_buffer_init(&buffer, 100);
    pvmi_buffer_append(&buffer, "before", 6);
    assert_int_equal(encode_name(200, &buffer), PvmOverflow);
    assert_int_equal(buffer.length, 6);
    assert_int_equal(encode_name(50, &buffer), PvmOk);
    assert_memory_equal(buffer.data, "before\x93\x0f\x01", 9);
    pvmi_buffer_fini(&buffer);
}

/* 17 strings of 1 MiB each are more than a frame may carry, even if the buffer could. */
static void a_message_longer_than_a_frame_is_refused(void **state)
{
    (void)state;
    char *line = malloc(PVMI_CONTROL_STRING_MAX + 1);
    char *lines[17];
    struct pvmi_msg_host_add add = { .lines = { lines, 17 } };
    struct pvmi_buffer buffer;

    memset(line, 'x', PVMI_CONTROL_STRING_MAX);
    line[PVMI_CONTROL_STRING_MAX] = '\0';
    for (int i = 0; i < 17; i++)
        lines[i] = line;
    pvmi_buffer_init(&buffer, 64 * 1024 * 1024);
    assert_int_equal(pvmi_control_encode(PVMI_MSG_host_add, &add, &buffer), PvmOverflow);
    assert_int_equal(buffer.length, 0);
    pvmi_buffer_fini(&buffer);
    free(line);
}

static void freeing_a_zeroed_message_is_fine(void **state)
{
    (void)state;
    struct pvmi_control control = { .type = 0 };

    pvmi_control_free(&control);
    assert_int_equal(DECODE("\x92\x04\x01", &control), PvmOk);
    pvmi_control_free(&control);
    pvmi_control_free(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_message_comes_back_as_it_was, nothing_leaked),
        cmocka_unit_test_teardown(a_zeroed_message_of_each_type_can_be_sent, nothing_leaked),
        cmocka_unit_test_teardown(every_message_cut_anywhere_is_refused, nothing_leaked),
        cmocka_unit_test_teardown(missing_fields_are_empty_in_every_message, nothing_leaked),
        cmocka_unit_test_teardown(unknown_fields_at_the_end_are_ignored_in_every_message, nothing_leaked),
        cmocka_unit_test_teardown(every_message_survives_wrong_bytes, nothing_leaked),
        cmocka_unit_test_teardown(encoding_survives_each_failed_allocation, nothing_leaked),
        cmocka_unit_test_teardown(decoding_survives_each_failed_allocation, nothing_leaked),
        cmocka_unit_test(every_message_has_a_name_and_known_senders),
        cmocka_unit_test(every_message_is_in_the_document),
        cmocka_unit_test_teardown(the_bytes_are_msgpack, nothing_leaked),
        cmocka_unit_test_teardown(numbers_out_of_range_are_refused, nothing_leaked),
        cmocka_unit_test_teardown(a_number_may_be_coded_longer_than_needed, nothing_leaked),
        cmocka_unit_test_teardown(strings_are_checked, nothing_leaked),
        cmocka_unit_test_teardown(what_is_no_message_is_refused, nothing_leaked),
        cmocka_unit_test_teardown(a_message_of_its_number_alone_is_empty, nothing_leaked),
        cmocka_unit_test_teardown(counts_that_cannot_be_are_refused, nothing_leaked),
        cmocka_unit_test_teardown(deep_nesting_is_refused, nothing_leaked),
        cmocka_unit_test_teardown(strings_have_a_maximum, nothing_leaked),
        cmocka_unit_test_teardown(arrays_have_a_maximum, nothing_leaked),
        cmocka_unit_test_teardown(a_message_that_does_not_fit_leaves_the_buffer_as_it_was, nothing_leaked),
        cmocka_unit_test_teardown(a_message_longer_than_a_frame_is_refused, nothing_leaked),
        cmocka_unit_test_teardown(freeing_a_zeroed_message_is_fine, nothing_leaked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
