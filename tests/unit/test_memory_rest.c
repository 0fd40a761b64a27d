/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation fails once, as in test_memory.c: the functions that mostly need no memory, messages in messages,
 * handlers, traced calls, and starting a daemon.
 */
#define NOTMPNAM    /* for pvmtmpnam */
#include <pvmtev.h>

#include "fail_each.h"

static int children[2] = { CHILD_A, CHILD_B };

/* ---- packing and unpacking each type ---- */

#define ITEMS 60    /* more than calls of one function */

static struct {
    char bytes[2];
    short shorts[2];
    unsigned short ushorts[2];
    int ints[2];
    unsigned uints[2];
    long longs[2];
    unsigned long ulongs[2];
    float floats[2];
    double doubles[2];
    char text[16];
} item = { "b", { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 }, { 8 }, "nine" };

static int do_pkbyte(void) { return pvm_pkbyte(item.bytes, 1, 1); }
static int do_pkshort(void) { return pvm_pkshort(item.shorts, 1, 1); }
static int do_pkushort(void) { return pvm_pkushort(item.ushorts, 1, 1); }
static int do_pkuint(void) { return pvm_pkuint(item.uints, 1, 1); }
static int do_pklong(void) { return pvm_pklong(item.longs, 1, 1); }
static int do_pkulong(void) { return pvm_pkulong(item.ulongs, 1, 1); }
static int do_pkfloat(void) { return pvm_pkfloat(item.floats, 1, 1); }
static int do_pkdouble(void) { return pvm_pkdouble(item.doubles, 1, 1); }
static int do_pkcplx(void) { return pvm_pkcplx(item.floats, 1, 1); }
static int do_pkdcplx(void) { return pvm_pkdcplx(item.doubles, 1, 1); }
static int do_pkint(void) { return pvm_pkint(item.ints, 1, 1); }
static int do_pkstr(void) { return pvm_pkstr(item.text); }
static int do_upkbyte(void) { return pvm_upkbyte(item.bytes, 1, 1); }
static int do_upkshort(void) { return pvm_upkshort(item.shorts, 1, 1); }
static int do_upkushort(void) { return pvm_upkushort(item.ushorts, 1, 1); }
static int do_upkuint(void) { return pvm_upkuint(item.uints, 1, 1); }
static int do_upklong(void) { return pvm_upklong(item.longs, 1, 1); }
static int do_upkulong(void) { return pvm_upkulong(item.ulongs, 1, 1); }
static int do_upkfloat(void) { return pvm_upkfloat(item.floats, 1, 1); }
static int do_upkdouble(void) { return pvm_upkdouble(item.doubles, 1, 1); }
static int do_upkcplx(void) { return pvm_upkcplx(item.floats, 1, 1); }
static int do_upkdcplx(void) { return pvm_upkdcplx(item.doubles, 1, 1); }
static int do_upkint(void) { return pvm_upkint(item.ints, 1, 1); }
static int do_upkstr(void) { return pvm_upkstr(item.text); }
static int do_unpackf(void) { return pvm_unpackf("%d", item.ints); }

static const struct {
    const char *name;
    int (*pack)(void);
    int (*unpack)(void);
} types[] = {
    { "byte", do_pkbyte, do_upkbyte },       { "short", do_pkshort, do_upkshort },
    { "ushort", do_pkushort, do_upkushort }, { "int", do_pkint, do_upkint },
    { "uint", do_pkuint, do_upkuint },       { "long", do_pklong, do_upklong },
    { "ulong", do_pkulong, do_upkulong },    { "float", do_pkfloat, do_upkfloat },
    { "double", do_pkdouble, do_upkdouble }, { "cplx", do_pkcplx, do_upkcplx },
    { "dcplx", do_pkdcplx, do_upkdcplx },    { "str", do_pkstr, do_upkstr },
    { "format", do_pkint, do_unpackf },
};

static void each_type(void **state)
{
    (void)state;
    pvm_mytid();
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        pvm_initsend(PvmDataDefault);
        check_call(types[i].name, types[i].pack, KEEPS_BOTH);
        pvm_initsend(PvmDataDefault);
        for (int n = 0; n < ITEMS; n++)
            assert_int_equal(types[i].pack(), PvmOk);
        assert_int_equal(pvm_send(pvmi_task.tid, 5), PvmOk);
        assert_true(pvm_recv(-1, 5) > 0);
        check_call(types[i].name, types[i].unpack, KEEPS_BOTH);
    }
    assert_string_equal(item.text, "nine");
    assert_int_equal(item.ulongs[0], 6);
}

/* ---- messages in messages ---- */

static int inner;

static int do_pkmesg(void) { return pvm_pkmesg(inner); }
static int do_pkmesgbody(void) { return pvm_pkmesgbody(inner); }

static int do_upkmesg(void)
{
    int id = pvm_upkmesg();

    return id < 0 ? id : pvm_freebuf(id);
}

/* A failure leaves the message where it is: as many come out as went in. */
static void messages_in_messages(void **state)
{
    int out = 0;

    (void)state;
    pvm_mytid();
    inner = pvm_initsend(PvmDataDefault);
    pvm_pkint(item.ints, 1, 1);
    pvm_setsbuf(0);
    pvm_initsend(PvmDataDefault);
    assert_true(check_call("pvm_pkmesg", do_pkmesg, KEEPS_BOTH));
    pvm_initsend(PvmDataDefault);
    check_call("pvm_pkmesgbody", do_pkmesgbody, KEEPS_BOTH);
    pvm_initsend(PvmDataDefault);
    for (int n = 0; n < ITEMS; n++)
        assert_int_equal(pvm_pkmesg(inner), PvmOk);
    assert_int_equal(pvm_send(pvmi_task.tid, 5), PvmOk);
    assert_true(pvm_recv(-1, 5) > 0);
    assert_true(check_call("pvm_upkmesg", do_upkmesg, KEEPS_BOTH));
    while (do_upkmesg() == PvmOk)
        out++;
    assert_int_equal(out, ITEMS - 1);
    pvm_freebuf(inner);
}

/* ---- what is known without asking ---- */

static int do_bufinfo(void) { return pvm_bufinfo(pvm_getsbuf(), NULL, NULL, NULL); }
static int do_parent(void) { return pvm_parent() == PvmNoParent ? PvmOk : pvm_errno; }
static int do_tidtohost(void) { return pvm_tidtohost(CHILD_A); }
static int do_getopt(void) { return pvm_getopt(PvmRoute); }
static int do_setcontext(void) { return pvm_setcontext(pvm_getcontext()); }
static int do_sendsig(void) { return pvm_sendsig(CHILD_A, 10); }
static int do_setmwid(void) { return pvm_setmwid(pvm_getsbuf(), 0); }
static int do_getmwid(void) { return pvm_getmwid(pvm_getsbuf()); }
static int do_version(void) { return pvm_version() != NULL && pvm_strerror() != NULL ? PvmOk : PvmSysErr; }

static int do_buflength(void)
{
    size_t length;

    return pvm_buflength(pvm_getsbuf(), &length);
}

static int do_alloc(void)
{
    void *memory = pvm_alloc(100);

    pvm_free(memory);
    return memory != NULL ? PvmOk : pvm_errno;
}

static int do_minfo(void)
{
    struct pvmminfo info;
    int rc = pvm_getminfo(pvm_getsbuf(), &info);

    return rc == PvmOk ? pvm_setminfo(pvm_getsbuf(), &info) : rc;
}

static int do_getfds(void)
{
    int *fds;

    return pvm_getfds(&fds);
}

static int do_detail(void)
{
    return pvm_errdetail() != NULL && pvm_errdetail_item(0) != NULL ? PvmOk : PvmSysErr;
}

static int do_places(void)
{
    return pvmgetrsh() != NULL && pvmgettmp() != NULL && pvmtmpnam(NULL) != NULL ? PvmOk : PvmSysErr;
}

/* Its line goes to stderr, where nobody reads it here. */
static int do_perror(void)
{
    return pvm_perror("memory");
}

static void small_questions(void **state)
{
    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    check_call("pvm_bufinfo", do_bufinfo, KEEPS_BOTH);
    check_call("pvm_buflength", do_buflength, KEEPS_BOTH);
    assert_true(check_call("pvm_alloc", do_alloc, KEEPS_BOTH));
    check_call("pvm_getminfo, pvm_setminfo", do_minfo, KEEPS_BOTH);
    check_call("pvm_setmwid", do_setmwid, KEEPS_BOTH);
    check_call("pvm_getmwid", do_getmwid, KEEPS_BOTH);
    check_call("pvm_parent", do_parent, KEEPS_BOTH);
    check_call("pvm_tidtohost", do_tidtohost, KEEPS_BOTH);
    check_call("pvm_getopt", do_getopt, KEEPS_BOTH);
    check_call("pvm_setcontext", do_setcontext, KEEPS_BOTH);
    assert_true(check_call("pvm_sendsig", do_sendsig, KEEPS_BOTH));
    check_call("pvm_getfds", do_getfds, KEEPS_BOTH);
    check_call("pvm_version", do_version, KEEPS_BOTH);
    check_call("pvm_errdetail", do_detail, KEEPS_BOTH);
    check_call("pvmgetrsh", do_places, KEEPS_BOTH);
    check_call("pvm_perror", do_perror, KEEPS_BOTH);
}

/* ---- what the daemon is asked ---- */

static int do_tickle(void)
{
    int args[] = { 1 };

    return pvm_tickle(1, args, NULL, NULL);
}

static int do_addhosts(void)
{
    char *lines[] = { "beta zz=1", "beta" };

    return pvm_addhosts(lines, 2, NULL);
}

/* Registers, and takes it back. */
static int do_reg_hoster(void)
{
    int rc = pvm_reg_hoster();

    return rc == PvmOk ? pvm_reg_hoster() : rc;
}

static int do_reg_tasker(void)
{
    int rc = pvm_reg_tasker();

    return rc == PvmOk ? pvm_reg_tasker() : rc;
}

static int do_reg_rm(void)
{
    struct pvmhostinfo *host;
    int rc = pvm_reg_rm(&host);

    return rc < 0 ? rc : strcmp(host->hi_name, "alpha");
}

static int do_reg_tracer(void)
{
    int rc = pvm_reg_tracer(0, 666, 0, 667, "", 0, PvmTraceFull);

    return rc < 0 ? rc : PvmOk;
}

static void requests(void **state)
{
    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    assert_true(check_call("pvm_addhosts", do_addhosts, KEEPS_BOTH));
    assert_true(check_call("pvm_tickle", do_tickle, KEEPS_BOTH));
    assert_true(check_call("pvm_reg_tracer", do_reg_tracer, KEEPS_BOTH));
    assert_true(check_call("pvm_reg_hoster", do_reg_hoster, KEEPS_BOTH));
    assert_true(check_call("pvm_reg_tasker", do_reg_tasker, KEEPS_BOTH));
    assert_true(check_call("pvm_reg_rm", do_reg_rm, KEEPS_BOTH));
}

/* ---- handlers, match functions ---- */

static int handled;

static int on_message(int id)
{
    (void)id;
    handled++;
    return 0;
}

static int match_all(int id, int tid, int tag)
{
    (void)id;
    (void)tid;
    return tag == 5;
}

static int do_handler(void)
{
    int id = pvm_addmhf(-1, 8, -1, on_message);

    return id < 0 ? id : pvm_delmhf(id);
}

static int do_send_to_handler(void)
{
    int rc = pvm_send(pvmi_task.tid, 8);

    return rc == PvmOk ? pvm_probe(-1, 8) : rc;
}

static int do_nrecv(void) { return pvm_nrecv(-1, 5); }

static void handlers_and_match_functions(void **state)
{
    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    check_call("pvm_addmhf, pvm_delmhf", do_handler, KEEPS_BOTH);
    int id = pvm_addmhf(-1, 8, -1, on_message);
    check_call("a message for a handler", do_send_to_handler, KEEPS_BOTH);
    assert_true(handled > 0);
    pvm_delmhf(id);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(pvm_send(pvmi_task.tid, 5), PvmOk);
    int (*before)(int, int, int) = pvm_recvf(match_all);
    check_call("a receive with a match function", do_nrecv, KEEPS_SEND);
    pvm_recvf(before);
}

/* ---- traced calls: an event without memory is lost, the call is not ---- */

static int do_settmask(void)
{
    Pvmtmask mask;
    int rc = pvm_gettmask(PvmTaskSelf, mask);

    return rc == PvmOk ? pvm_settmask(PvmTaskSelf, mask) : rc;
}

static int do_send(void) { return pvm_send(CHILD_A, 9); }
static int do_mcast(void) { return pvm_mcast(children, 2, 9); }
static int do_spawn(void) { return pvm_spawn("worker", NULL, PvmTaskHost, "beta:/tmp", 3, NULL); }
static int do_barrier(void) { return pvm_barrier("g", 2); }
static int do_config(void) { return pvm_config(NULL, NULL, NULL); }

static void traced_calls(void **state)
{
    Pvmtmask mask;

    (void)state;
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    assert_true(check_call("pvm_settmask", do_settmask, KEEPS_BOTH));
    TEV_MASK_INIT(mask);
    for (int event = TEV_FIRST; event <= TEV_MAX; event++)
        TEV_MASK_SET(mask, event);
    assert_int_equal(pvm_settmask(PvmTaskSelf, mask), PvmOk);
    assert_true(pvm_setopt(PvmSelfTraceTid, CHILD_B) >= 0);
    assert_true(pvm_setopt(PvmSelfTraceCode, 99) >= 0);
    assert_true(pvm_setopt(PvmSelfTraceBuffer, 300) >= 0);
    assert_true(pvm_setopt(PvmSelfTraceOptions, PvmTraceFull) >= 0);
    check_call("pvm_pkint, traced", do_pkint, KEEPS_BOTH);
    check_call("pvm_send, traced", do_send, KEEPS_BOTH);
    check_call("pvm_mcast, traced", do_mcast, KEEPS_BOTH);
    check_call("pvm_config, traced", do_config, KEEPS_BOTH);
    check_call("pvm_spawn, traced", do_spawn, KEEPS_BOTH);
    assert_true(pvm_joingroup("g") >= 0);
    check_call("pvm_barrier, traced", do_barrier, KEEPS_BOTH);
    assert_true(pvm_setopt(PvmSelfTraceOptions, PvmTraceTime) >= 0);
    check_call("pvm_send, summed up", do_send, KEEPS_BOTH);
}

/* ---- starting a daemon ---- */

/* This one would refuse its words, so that none is left running. */
static void a_daemon_that_cannot_start(void **state)
{
    char *words[] = { "--no-such-option" };
    char folder[] = "/tmp/pvm-memory.XXXXXX";
    bool done = false;

    (void)state;
    pvm_setopt(PvmAutoErr, 0);
    assert_non_null(mkdtemp(folder));
    setenv("PVM_TMP", folder, 1);
    unsetenv("PVMSOCK");
    for (int nth = 0; !done; nth++) {
        assert_true(nth < ALLOCATIONS_MAX);
        pvmi_alloc_fail_nth(nth);
        int rc = pvm_start_pvmd(1, words, 1);
        done = fault_is_left();
        pvmi_alloc_fail_nth(-1);
        assert_true(rc == PvmCantStart || rc == PvmNoMem);
        assert_int_equal(pvmi_task.tid, 0);
        if (nth == 0 && rc != PvmNoMem)    /* before anything is installed */
            assert_non_null(strstr(pvm_errdetail(), "no pvmd in "));
    }
    unsetenv("PVM_TMP");
    assert_int_equal(rmdir(folder), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, answers_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_type),
        TEST(messages_in_messages),
        TEST(small_questions),
        TEST(requests),
        TEST(handlers_and_match_functions),
        TEST(traced_calls),
        cmocka_unit_test(a_daemon_that_cannot_start),
    };

    return cmocka_run_group_tests_name("memory of the rest", tests, NULL, NULL);
}
