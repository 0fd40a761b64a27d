/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers, their ids, active buffers, errors: everything around packing. */
#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"

static void encodings_other_than_the_four_are_refused(void **state)
{
    (void)state;
    for (int encoding = -1; encoding <= 6; encoding++) {
        int id = pvm_mkbuf(encoding);

        if (encoding == 3 || encoding < 0 || encoding > 4)
            assert_int_equal(id, PvmBadParam);
        else
            assert_true(id > 0);
    }
}

static void a_failed_initsend_keeps_the_active_buffer(void **state)
{
    int id = pvm_initsend(PvmDataRaw);

    (void)state;
    assert_int_equal(pvm_initsend(3), PvmBadParam);
    assert_int_equal(pvm_getsbuf(), id);
}

static void initsend_frees_the_buffer_that_was_active(void **state)
{
    int old = pvm_initsend(PvmDataDefault);
    int kept;

    (void)state;
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_freebuf(old), PvmNoSuchBuf);

    kept = pvm_setsbuf(0);
    assert_true(pvm_initsend(PvmDataDefault) > 0);
    assert_int_equal(pvm_freebuf(kept), PvmOk);
}

static void the_id_freed_last_is_used_first(void **state)
{
    int first = pvm_mkbuf(PvmDataDefault);
    int second = pvm_mkbuf(PvmDataDefault);
    int third = pvm_mkbuf(PvmDataDefault);

    (void)state;
    pvm_freebuf(first);
    pvm_freebuf(third);
    assert_int_equal(pvm_mkbuf(PvmDataDefault), third);
    assert_int_equal(pvm_mkbuf(PvmDataDefault), first);
    assert_true(pvm_mkbuf(PvmDataDefault) > second);
}

static void a_thousand_buffers_have_a_thousand_ids(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int id = pvm_mkbuf(PvmDataDefault);

        assert_int_equal(pvmi_msgbuf_find(id)->id, id);
    }
}

static void freebuf_takes_0_and_refuses_what_is_none(void **state)
{
    (void)state;
    assert_int_equal(pvm_freebuf(0), PvmOk);
    assert_int_equal(pvm_freebuf(-1), PvmBadParam);
    assert_int_equal(pvm_freebuf(4711), PvmNoSuchBuf);
    assert_int_equal(pvm_freebuf(INT_MAX), PvmNoSuchBuf);
}

static void a_freed_active_buffer_is_active_no_more(void **state)
{
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_freebuf(id), PvmOk);
    assert_int_equal(pvm_getsbuf(), 0);
    assert_int_equal(pvm_mkbuf(PvmDataDefault), id);    /* the same number, another buffer */
    assert_int_equal(pvm_getsbuf(), 0);
    assert_int_equal(pvm_pkint(&id, 1, 1), PvmNoBuf);
}

static void set_functions_return_the_buffer_before(void **state)
{
    int a = pvm_mkbuf(PvmDataDefault);
    int b = pvm_mkbuf(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_setsbuf(a), 0);
    assert_int_equal(pvm_setsbuf(b), a);
    assert_int_equal(pvm_setsbuf(0), b);
    assert_int_equal(pvm_setrbuf(a), 0);
    assert_int_equal(pvm_setrbuf(b), a);
    assert_int_equal(pvm_setrbuf(0), b);
    assert_int_equal(pvm_setsbuf(-1), PvmBadParam);
    assert_int_equal(pvm_setrbuf(-1), PvmBadParam);
    assert_int_equal(pvm_setsbuf(4711), PvmNoSuchBuf);
    assert_int_equal(pvm_setrbuf(4711), PvmNoSuchBuf);
}

static void no_buffer_is_active_for_both(void **state)
{
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_setrbuf(id), 0);
    assert_int_equal(pvm_getsbuf(), 0);
    assert_int_equal(pvm_setsbuf(id), 0);
    assert_int_equal(pvm_getrbuf(), 0);
    assert_int_equal(pvm_getsbuf(), id);
}

static void setrbuf_rewinds_what_was_packed_and_not_what_is_being_unpacked(void **state)
{
    int numbers[3] = { 1, 2, 3 };
    int number = 0;
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    pvm_pkint(numbers, 3, 1);
    pvm_setrbuf(id);
    pvm_upkint(&number, 1, 1);
    pvm_setrbuf(0);
    pvm_setrbuf(id);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 2);

    pvm_setsbuf(id);
    pvm_pkint(numbers, 1, 1);
    pvm_setrbuf(id);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
        assert_int_equal(number, i == 3 ? 1 : i + 1);
    }
}

static void having_been_the_send_buffer_ends_unpacking(void **state)
{
    int numbers[2] = { 1, 2 };
    int number = 0;
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    pvm_pkint(numbers, 2, 1);
    pvm_setrbuf(id);
    pvm_upkint(&number, 1, 1);
    pvm_setsbuf(id);
    pvm_setrbuf(id);
    assert_int_equal(pvm_upkint(&number, 1, 1), PvmOk);
    assert_int_equal(number, 1);
}

static void bufinfo_counts_as_xdr(void **state)
{
    short shorts[3] = { 0 };
    long longs[2] = { 0 };
    int id = pvm_initsend(PvmDataDefault);
    int bytes = -1;
    int tag = -1;
    int tid = -1;

    (void)state;
    assert_int_equal(pvm_bufinfo(id, &bytes, &tag, &tid), PvmOk);
    assert_int_equal(bytes, 0);
    assert_int_equal(tag, 0);
    assert_int_equal(tid, LOOPBACK_TID);
    pvm_pkbyte("abcde", 5, 1);    /* 8 */
    pvm_pkbyte("a", 1, 1);        /* 4 */
    pvm_pkshort(shorts, 3, 1);    /* 12 */
    pvm_pklong(longs, 2, 1);      /* 16, or 8 where a long has 4 */
    pvm_pkstr("abcd");            /* 4 + 8 */
    assert_int_equal(pvm_bufinfo(id, &bytes, NULL, NULL), PvmOk);
    assert_int_equal(bytes, 36 + 2 * (int)sizeof(long));
    assert_int_equal(pvm_bufinfo(loopback(), &bytes, NULL, NULL), PvmOk);
    assert_int_equal(bytes, 36 + 2 * (int)sizeof(long));
}

static void bufinfo_of_raw_data_is_their_bytes_and_in_place_0(void **state)
{
    size_t length = 0;
    int bytes = -1;
    int id;

    (void)state;
    id = pvm_initsend(PvmDataRaw);
    pvm_pkbyte("abcde", 5, 1);
    pvm_bufinfo(id, &bytes, NULL, NULL);
    assert_int_equal(bytes, 5);
    id = pvm_initsend(PvmDataInPlace);
    pvm_pkbyte("abcde", 5, 1);
    pvm_bufinfo(id, &bytes, NULL, NULL);
    assert_int_equal(bytes, 0);
    assert_int_equal(pvm_buflength(id, &length), PvmOk);
    assert_int_equal(length, 5);
}

static void info_functions_refuse_bad_ids_and_pointers(void **state)
{
    struct pvmminfo info;
    size_t length;
    int id = pvm_mkbuf(PvmDataDefault);

    (void)state;
    assert_int_equal(pvm_bufinfo(0, NULL, NULL, NULL), PvmBadParam);
    assert_int_equal(pvm_bufinfo(-1, NULL, NULL, NULL), PvmBadParam);
    assert_int_equal(pvm_bufinfo(4711, NULL, NULL, NULL), PvmNoSuchBuf);
    assert_int_equal(pvm_bufinfo(id, NULL, NULL, NULL), PvmOk);
    assert_int_equal(pvm_getminfo(0, &info), PvmBadParam);
    assert_int_equal(pvm_getminfo(4711, &info), PvmNoSuchBuf);
    assert_int_equal(pvm_getminfo(id, NULL), PvmBadParam);
    assert_int_equal(pvm_setminfo(0, &info), PvmBadParam);
    assert_int_equal(pvm_setminfo(4711, &info), PvmNoSuchBuf);
    assert_int_equal(pvm_setminfo(id, NULL), PvmBadParam);
    assert_int_equal(pvm_buflength(0, &length), PvmBadParam);
    assert_int_equal(pvm_buflength(4711, &length), PvmNoSuchBuf);
    assert_int_equal(pvm_buflength(id, NULL), PvmBadParam);
}

static void minfo_shows_the_encoding_and_sets_only_the_address(void **state)
{
    static const struct {
        int encoding;
        int enc;
    } cases[] = { { PvmDataDefault, 0x10000000 }, { PvmDataInPlace, 0x20000000 }, { PvmDataTrace, 0x40000000 } };
    struct pvmminfo info = { .len = 77, .ctx = 3, .tag = 4, .wid = 5, .enc = 6, .crc = 7, .src = 8, .dst = 9 };
    int id;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pvmminfo got;

        id = pvm_mkbuf(cases[i].encoding);
        assert_int_equal(pvm_getminfo(id, &got), PvmOk);
        assert_int_equal(got.enc, cases[i].enc);
    }
    id = pvm_mkbuf(PvmDataRaw);
    assert_int_equal(pvm_setminfo(id, &info), PvmOk);
    assert_int_equal(pvm_getminfo(id, &info), PvmOk);
    assert_int_equal(info.len, 0);
    assert_int_equal(info.ctx, 3);
    assert_int_equal(info.tag, 4);
    assert_int_equal(info.wid, 5);
    assert_int_equal(info.enc, pvmi_format_dsig(pvmi_format_own()));
    assert_int_equal(info.crc, 0);
    assert_int_equal(info.src, 8);
    assert_int_equal(info.dst, 9);
}

/* Over 4 GiB of one byte, which costs little in place. */
static void lengths_above_2_gib_are_exact(void **state)
{
    static char byte[1];
    struct pvmi_frame_header header;
    struct pvmi_msgbuf *buf;
    struct pvmminfo minfo = { .len = 0 };
    size_t length = 0;
    int bytes = 0;
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    buf = pvmi_msgbuf_find(id);
    buf->xdr_length = (uint64_t)INT_MAX - 3;
    pvm_pkbyte(byte, 1, 1);
    assert_int_equal(pvm_bufinfo(id, &bytes, NULL, NULL), PvmOverflow);
    assert_int_equal(bytes, INT_MAX);
    assert_int_equal(pvm_getminfo(id, &minfo), PvmOverflow);
    assert_int_equal(minfo.len, INT_MAX);
    assert_int_equal(pvm_buflength(id, &length), PvmOk);
    assert_int_equal(length, (size_t)INT_MAX + 1);

    id = pvm_initsend(PvmDataInPlace);
    for (int i = 0; i < 3; i++)    /* never read: the pointer only has to be there */
        assert_int_equal(pvm_pkbyte(byte, INT_MAX, 1), PvmOk);
    pvmi_msgbuf_header(pvmi_msgbuf_find(id), &header);
    assert_true(header.message_length == 3 * (uint64_t)INT_MAX);
    assert_int_equal(pvm_buflength(id, &length), PvmOk);
    assert_true(length == 3 * (size_t)INT_MAX);
}

static void a_message_arrives_in_pieces(void **state)
{
    enum { LENGTH = 100000, PIECE = 777 };
    struct pvmi_frame_header header = { .encoding = PVMI_ENCODING_RAW, .format = (uint8_t)pvmi_format_own(),
                                        .message_length = LENGTH, .tag = 5, .src = 6, .dst = 7, .ctx = 8, .wid = 9 };
    static uint8_t body[LENGTH];
    static char got[LENGTH];
    struct pvmi_msgbuf *buf;
    struct pvmminfo info;

    (void)state;
    for (int i = 0; i < LENGTH; i++)
        body[i] = (uint8_t)(i * 31 >> 3);
    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmOk);
    assert_int_equal(buf->id, 0);
    for (size_t at = 0; at < LENGTH; at += PIECE) {
        size_t now = LENGTH - at < PIECE ? LENGTH - at : PIECE;

        assert_int_equal(pvmi_msgbuf_fill(buf, body + at, now, LENGTH - at), PvmOk);
    }
    for (struct pvmi_block *block = buf->first; block->next != NULL; block = block->next)
        assert_int_equal(block->length, block->capacity);
    assert_int_equal(pvmi_msgbuf_publish(buf), PvmOk);
    assert_int_equal(pvm_getminfo(buf->id, &info), PvmOk);
    assert_int_equal(info.tag, 5);
    assert_int_equal(info.src, 6);
    assert_int_equal(info.dst, 7);
    assert_int_equal(info.ctx, 8);
    assert_int_equal(info.wid, 9);
    assert_int_equal(info.len, LENGTH);
    pvm_setrbuf(buf->id);
    assert_int_equal(pvm_upkbyte(got, LENGTH, 1), PvmOk);
    assert_memory_equal(got, body, LENGTH);
}

static uint64_t body_capacity(const struct pvmi_msgbuf *buf)
{
    uint64_t capacity = 0;

    for (struct pvmi_block *block = buf->first; block != NULL; block = block->next)
        capacity += block->capacity;
    return capacity;
}

/* A sender may announce what it never sends. */
static void an_arrival_takes_memory_for_what_has_come(void **state)
{
    static const uint8_t piece[PVMI_FRAME_PAYLOAD_MAX];
    struct pvmi_frame_header header = { .format = (uint8_t)pvmi_format_own(), .message_length = UINT64_MAX };
    uint64_t left = UINT64_MAX;
    struct pvmi_msgbuf *buf = NULL;

    (void)state;
    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmOk);
    assert_true(body_capacity(buf) == 0);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(pvmi_msgbuf_fill(buf, piece, sizeof(piece), left), PvmOk);
        left -= sizeof(piece);
        assert_true(body_capacity(buf) <= 4 * buf->length);
    }
    pvmi_msgbuf_free(buf);
}

static void headers_that_cannot_be_are_refused(void **state)
{
    struct pvmi_frame_header header = { .encoding = 3 };
    struct pvmi_msgbuf *buf = NULL;

    (void)state;
    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmBadMsg);
    header.encoding = PVMI_ENCODING_RAW;
    header.format = 0x80;
    assert_int_equal(pvmi_msgbuf_arriving(&header, &buf), PvmBadMsg);
    assert_null(buf);
}

static void the_body_can_be_read_from_any_offset(void **state)
{
    static int numbers[20000];
    struct pvmi_msgbuf *buf;
    uint8_t *body;
    uint8_t piece[1000];

    (void)state;
    for (int i = 0; i < 20000; i++)
        numbers[i] = i;
    pvm_initsend(PvmDataDefault);
    for (int i = 0; i < 20000; i += 100)    /* several blocks */
        pvm_pkint(numbers + i, 100, 1);
    buf = pvmi_active_send_buf();
    body = loopback_body(buf);
    for (size_t at = 0; at + sizeof(piece) <= buf->length; at += 4321) {
        pvmi_msgbuf_read(buf, at, piece, sizeof(piece));
        assert_memory_equal(piece, body + at, sizeof(piece));
    }
    free(body);
}

/* ---- threads ---- */

struct worker {
    pthread_barrier_t *barrier;
    int number;
    int wrong;
};

static void *worker_packs_and_unpacks(void *argument)
{
    struct worker *worker = argument;

    for (int round = 0; round < 200; round++) {
        int got = -1;
        int id = pvm_initsend(PvmDataDefault);

        for (int i = 0; i < 10; i++)
            pvm_pkint(&worker->number, 1, 1);
        pvm_setrbuf(id);
        for (int i = 0; i < 10; i++) {
            if (pvm_upkint(&got, 1, 1) != PvmOk || got != worker->number)
                worker->wrong++;
        }
        if (pvm_upkint(&got, 1, 1) != PvmNoData)
            worker->wrong++;
        pvm_freebuf(id);
    }
    return NULL;
}

static void threads_have_active_buffers_of_their_own(void **state)
{
    struct worker workers[4];
    pthread_t threads[4];
    int id = pvm_initsend(PvmDataDefault);

    (void)state;
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){ .number = 1000 + i };
        assert_int_equal(pthread_create(&threads[i], NULL, worker_packs_and_unpacks, &workers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    assert_int_equal(pvm_getsbuf(), id);
}

static void *borrower(void *argument)
{
    int *results = argument;
    int number = 7;

    results[0] = pvm_getsbuf();
    results[1] = pvm_pkint(&number, 1, 1);
    results[2] = pvm_initsend(PvmDataDefault);
    return NULL;
}

static void a_thread_without_own_buffers_uses_those_of_the_one_that_enrolled(void **state)
{
    pthread_t thread;
    int results[3] = { 0 };
    int id;
    int length;

    (void)state;
    pvmi_active_enrolled();
    id = pvm_initsend(PvmDataDefault);
    assert_int_equal(pthread_create(&thread, NULL, borrower, results), 0);
    pthread_join(thread, NULL);
    assert_int_equal(results[0], id);
    assert_int_equal(results[1], PvmOk);
    assert_true(results[2] > 0 && results[2] != id);
    assert_int_equal(pvm_getsbuf(), id);    /* not freed by the other's initsend */
    pvm_bufinfo(id, &length, NULL, NULL);
    assert_int_equal(length, 4);
}

static void a_forked_child_has_no_buffers(void **state)
{
    int id = pvm_initsend(PvmDataDefault);
    int status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        pvmi_call_after_fork();
        pvmi_msgbuf_after_fork();
        _exit(pvm_getsbuf() == 0 && pvm_freebuf(id) == PvmNoSuchBuf && pvm_initsend(PvmDataDefault) > 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(pvm_getsbuf(), id);
}

/* ---- errors ---- */

static int detail_fails(void)
{
    pvmi_call_enter();
    return pvmi_call_leave("pvm_test", pvmi_call_fail(PvmNoFile, "no %s in /bin", "prog"));
}

static void autoerr_prints_the_line_and_the_detail(void **state)
{
    int number = 0;

    (void)state;
    pvmi_autoerr = 1;
    capture_begin();
    pvm_pkint(&number, -1, 1);
    assert_string_equal(capture_end(), "libpvm [t40001]: pvm_pkint(): Bad parameter\n");
    capture_begin();
    detail_fails();
    assert_string_equal(capture_end(), "libpvm [t40001]: pvm_test(): No such file\n"
                                       "libpvm [t40001]:   no prog in /bin\n");
    pvmi_autoerr = 0;
    capture_begin();
    detail_fails();
    assert_string_equal(capture_end(), "");
}

static void an_error_inside_another_prints_twice(void **state)
{
    (void)state;
    pvmi_autoerr = 7;    /* as 1 */
    capture_begin();
    pvm_initsend(9);
    assert_string_equal(capture_end(), "libpvm [t40001]: pvm_mkbuf(): Bad parameter\n"
                                       "libpvm [t40001]: pvm_initsend(): Bad parameter\n");
}

static void the_last_error_is_kept_by_successes(void **state)
{
    (void)state;
    detail_fails();
    assert_true(pvm_mkbuf(PvmDataDefault) > 0);
    assert_int_equal(pvm_errno, PvmNoFile);
    assert_string_equal(pvm_strerror(), "No such file");
    assert_string_equal(pvm_errdetail(), "no prog in /bin");
    capture_begin();
    assert_int_equal(pvm_perror("here"), 0);
    assert_int_equal(pvm_perror(NULL), 0);
    assert_string_equal(capture_end(), "libpvm [t40001]: here: No such file\n"
                                       "libpvm [t40001]: (null): No such file\n");
    assert_int_equal(pvm_freebuf(-1), PvmBadParam);
    assert_string_equal(pvm_errdetail(), "");
}

static void a_fault_from_another_host_names_it(void **state)
{
    struct pvmi_fault fault;

    (void)state;
    pvmi_fault_set(&fault, PvmNoFile, "beta", "no such program");
    pvmi_call_enter();
    pvmi_call_leave_quiet(pvmi_call_fail_fault(&fault));
    assert_string_equal(pvm_errdetail(), "beta: no such program");
    assert_int_equal(pvm_errno, PvmNoFile);
}

static int child_status(int autoerr)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        pvmi_autoerr = autoerr;
        capture_begin();
        pvm_freebuf(-1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void autoerr_2_exits_with_the_code_and_3_aborts(void **state)
{
    int status;

    (void)state;
    status = child_status(2);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 254);
    status = child_status(3);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void the_version_is_pvm_3s(void **state)
{
    (void)state;
    assert_string_equal(pvm_version(), "3.4.6");
}

/* ---- memory ---- */

static void making_a_buffer_survives_out_of_memory(void **state)
{
    int before = pvm_initsend(PvmDataDefault);
    int id = PvmNoMem;

    (void)state;
    for (int nth = 0; id < 0; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        id = pvm_initsend(PvmDataRaw);
        pvmi_alloc_fail_nth(-1);
        assert_int_equal(pvm_getsbuf(), id > 0 ? id : before);
        if (id < 0)
            assert_int_equal(id, PvmNoMem);
    }
}

/* The body arrives, and the nth allocation fails; what could not be filled in is left out. Returns what fill()
 * or arriving() said at last. */
static int arrive_with_failure(const uint8_t *body, size_t length, int nth)
{
    struct pvmi_frame_header header = { .format = (uint8_t)pvmi_format_own(), .message_length = length };
    struct pvmi_msgbuf *buf = NULL;
    size_t at = 0;
    long before;
    int rc;

    pvmi_msgbuf_trim();
    before = pvmi_alloc_count();
    pvmi_alloc_fail_nth(nth);
    rc = pvmi_msgbuf_arriving(&header, &buf);
    for (; rc == PvmOk && at < length; at += rc == PvmOk ? 10000 : 0)
        rc = pvmi_msgbuf_fill(buf, body + at, length - at < 10000 ? length - at : 10000, length - at);
    pvmi_alloc_fail_nth(-1);
    if (buf != NULL)
        assert_int_equal(buf->length, at < length ? at : length);
    pvmi_msgbuf_free(buf);
    pvmi_msgbuf_trim();
    assert_int_equal(pvmi_alloc_count(), before);
    return rc;
}

static void an_arrival_survives_out_of_memory(void **state)
{
    static const uint8_t body[1 << 20];
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 100);
        rc = arrive_with_failure(body, sizeof(body), nth);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(encodings_other_than_the_four_are_refused, loopback_reset),
        cmocka_unit_test_setup(a_failed_initsend_keeps_the_active_buffer, loopback_reset),
        cmocka_unit_test_setup(initsend_frees_the_buffer_that_was_active, loopback_reset),
        cmocka_unit_test_setup(the_id_freed_last_is_used_first, loopback_reset),
        cmocka_unit_test_setup(a_thousand_buffers_have_a_thousand_ids, loopback_reset),
        cmocka_unit_test_setup(freebuf_takes_0_and_refuses_what_is_none, loopback_reset),
        cmocka_unit_test_setup(a_freed_active_buffer_is_active_no_more, loopback_reset),
        cmocka_unit_test_setup(set_functions_return_the_buffer_before, loopback_reset),
        cmocka_unit_test_setup(no_buffer_is_active_for_both, loopback_reset),
        cmocka_unit_test_setup(setrbuf_rewinds_what_was_packed_and_not_what_is_being_unpacked, loopback_reset),
        cmocka_unit_test_setup(having_been_the_send_buffer_ends_unpacking, loopback_reset),
        cmocka_unit_test_setup(bufinfo_counts_as_xdr, loopback_reset),
        cmocka_unit_test_setup(bufinfo_of_raw_data_is_their_bytes_and_in_place_0, loopback_reset),
        cmocka_unit_test_setup(info_functions_refuse_bad_ids_and_pointers, loopback_reset),
        cmocka_unit_test_setup(minfo_shows_the_encoding_and_sets_only_the_address, loopback_reset),
        cmocka_unit_test_setup(lengths_above_2_gib_are_exact, loopback_reset),
        cmocka_unit_test_setup(a_message_arrives_in_pieces, loopback_reset),
        cmocka_unit_test_setup(an_arrival_takes_memory_for_what_has_come, loopback_reset),
        cmocka_unit_test_setup(headers_that_cannot_be_are_refused, loopback_reset),
        cmocka_unit_test_setup(the_body_can_be_read_from_any_offset, loopback_reset),
        cmocka_unit_test_setup(threads_have_active_buffers_of_their_own, loopback_reset),
        cmocka_unit_test_setup(a_thread_without_own_buffers_uses_those_of_the_one_that_enrolled, loopback_reset),
        cmocka_unit_test_setup(a_forked_child_has_no_buffers, loopback_reset),
        cmocka_unit_test_setup(autoerr_prints_the_line_and_the_detail, loopback_reset),
        cmocka_unit_test_setup(an_error_inside_another_prints_twice, loopback_reset),
        cmocka_unit_test_setup(the_last_error_is_kept_by_successes, loopback_reset),
        cmocka_unit_test_setup(a_fault_from_another_host_names_it, loopback_reset),
        cmocka_unit_test_setup(autoerr_2_exits_with_the_code_and_3_aborts, loopback_reset),
        cmocka_unit_test_setup(the_version_is_pvm_3s, loopback_reset),
        cmocka_unit_test_setup(making_a_buffer_survives_out_of_memory, loopback_reset),
        cmocka_unit_test_setup(an_arrival_survives_out_of_memory, loopback_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
