/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each function answers, and which error lines it prints, in a program without a daemon: the order of its
 * checks, as PVM 3.4.6 has it. Whatever is wrong, nothing crashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pvm3.h"
#include "pvmtev.h"

static char folder[] = "/tmp/pvm-codes-XXXXXX";

static int setup(void **state)
{
    (void)state;
    unsetenv("PVMSOCK");
    unsetenv("PVM_VMID");
    unsetenv("PVM_CLAIM");
    pvm_setopt(PvmAutoErr, 1);
    pvm_setsbuf(0);
    pvm_setrbuf(0);
    return 0;
}

/* ---- what a call prints ---- */

static FILE *capture_file;
static int capture_stderr;

static void capture_begin(void)
{
    fflush(stderr);
    capture_file = tmpfile();
    assert_non_null(capture_file);
    capture_stderr = dup(STDERR_FILENO);
    dup2(fileno(capture_file), STDERR_FILENO);
}

/* The functions that error lines name, in their order, each followed by a blank. Lines of PVM 4's details are
 * indented, and left out. */
static const char *capture_end(void)
{
    static char names[1024];
    char line[1024];

    dup2(capture_stderr, STDERR_FILENO);
    close(capture_stderr);
    rewind(capture_file);
    names[0] = '\0';
    while (fgets(line, sizeof(line), capture_file) != NULL) {
        char *name = strstr(line, "]: ");
        char *end = name == NULL ? NULL : strstr(name, "(): ");

        if (strncmp(line, "libpvm [pid", 11) != 0)
            fail_msg("a line that is none: %s", line);
        if (strncmp(name + 3, "pvm_", 4) != 0 || end == NULL)
            continue;
        end[0] = ' ';
        end[1] = '\0';
        strcat(names, name + 3);
    }
    fclose(capture_file);
    return names;
}

/* The call gives rc, and prints lines for these functions. */
#define GIVES(wanted, wanted_lines, call)                                                 \
    do {                                                                                  \
        int rc_;                                                                          \
        const char *lines_;                                                               \
        capture_begin();                                                                  \
        rc_ = (call);                                                                     \
        lines_ = capture_end();                                                           \
        if (rc_ != (wanted) || strcmp(lines_, wanted_lines) != 0)                         \
            fail_msg("%s gave %d and lines of \"%s\"", #call, rc_, lines_);               \
    } while (0)

static int tids[4];
static int data[8];
static char bytes[64];
static char *host_lines[] = { "x", NULL };

static void combine(int *datatype, void *x, void *y, int *num, int *info)
{
    (void)datatype;
    (void)x;
    (void)y;
    (void)num;
    *info = PvmOk;
}

/* ---- tasks and hosts ---- */

static void tasks(void **state)
{
    (void)state;
    GIVES(PvmSysErr, "pvm_mytid ", pvm_mytid());
    GIVES(PvmSysErr, "pvm_parent ", pvm_parent());
    GIVES(PvmSysErr, "pvm_siblings ", pvm_siblings(NULL));
    GIVES(PvmOk, "", pvm_exit());
    GIVES(PvmSysErr, "pvm_spawn ", pvm_spawn("x", NULL, 0, NULL, 1, tids));
    GIVES(PvmSysErr, "pvm_spawn ", pvm_spawn("x", NULL, 0, NULL, 0, tids));
    GIVES(PvmSysErr, "pvm_spawn ", pvm_spawn(NULL, NULL, 0, NULL, 1, NULL));
    GIVES(PvmSysErr, "pvm_sendsig pvm_kill ", pvm_kill(0x40001));
    GIVES(PvmSysErr, "pvm_sendsig pvm_kill ", pvm_kill(0));
    GIVES(PvmSysErr, "pvm_sendsig ", pvm_sendsig(0x40001, 1));
    GIVES(PvmSysErr, "pvm_pstat ", pvm_pstat(0x40001));
    GIVES(PvmSysErr, "pvm_tasks ", pvm_tasks(0, NULL, NULL));
}

static void hosts(void **state)
{
    (void)state;
    GIVES(PvmSysErr, "pvm_config ", pvm_config(NULL, NULL, NULL));
    GIVES(PvmBadParam, "pvm_addhosts ", pvm_addhosts(NULL, 0, NULL));
    GIVES(PvmBadParam, "pvm_addhosts ", pvm_addhosts(host_lines, 4096, NULL));
    GIVES(PvmBadParam, "pvm_addhosts ", pvm_addhosts(NULL, 1, NULL));
    GIVES(PvmBadParam, "pvm_addhosts ", pvm_addhosts(host_lines, 2, NULL));
    GIVES(PvmSysErr, "pvm_addhosts ", pvm_addhosts(host_lines, 1, NULL));
    GIVES(PvmBadParam, "pvm_delhosts ", pvm_delhosts(host_lines, 0, NULL));
    GIVES(PvmBadParam, "pvm_delhosts ", pvm_delhosts(NULL, 1, NULL));
    GIVES(PvmSysErr, "pvm_delhosts ", pvm_delhosts(host_lines, 1, NULL));
    GIVES(PvmBadParam, "pvm_mstat ", pvm_mstat(NULL));
    GIVES(PvmBadParam, "pvm_mstat ", pvm_mstat(""));
    GIVES(PvmSysErr, "pvm_mstat ", pvm_mstat("x"));
    GIVES(PvmSysErr, "pvm_halt ", pvm_halt());
    GIVES(0x40000, "", pvm_tidtohost(0x40001));
    GIVES(PvmSysErr, "pvm_notify ", pvm_notify(0, 1, 1, tids));
}

/* ---- messages ---- */

static void sends(void **state)
{
    (void)state;
    GIVES(PvmSysErr, "pvm_send ", pvm_send(0, 1));
    GIVES(PvmSysErr, "pvm_mcast ", pvm_mcast(tids, -1, 1));
    GIVES(PvmSysErr, "pvm_send pvm_psend ", pvm_psend(0x40001, 1, data, 1, PVM_INT));
    GIVES(PvmSysErr, "pvm_send pvm_psend ", pvm_psend(0, -1, data, 1, PVM_INT));
    GIVES(PvmBadParam, "pvm_psend ", pvm_psend(0x40001, 1, data, 1, 99));
    GIVES(PvmBadParam, "pvm_psend ", pvm_psend(0x40001, 1, data, 1, -1));
    GIVES(PvmNotImpl, "pvm_psend ", pvm_psend(0x40001, 1, data, 1, PVM_STR));
    GIVES(PvmBadParam, "pvm_psend ", pvm_psend(0x40001, 1, NULL, 1, PVM_INT));
    GIVES(PvmSysErr, "pvm_pkbyte pvm_send pvm_psend ", pvm_psend(0x40001, 1, data, -1, PVM_INT));
}

static void receives(void **state)
{
    struct timeval now = { 0, 0 };

    (void)state;
    GIVES(PvmSysErr, "pvm_recv ", pvm_recv(-1, -1));
    GIVES(PvmSysErr, "pvm_nrecv ", pvm_nrecv(-1, -1));
    GIVES(PvmSysErr, "pvm_trecv ", pvm_trecv(-1, -1, &now));
    GIVES(PvmSysErr, "pvm_trecv ", pvm_trecv(-1, -1, NULL));
    GIVES(PvmSysErr, "pvm_probe ", pvm_probe(-1, -1));
    GIVES(PvmSysErr, "pvm_recv pvm_precv ", pvm_precv(-1, -1, data, 1, PVM_INT, NULL, NULL, NULL));
    GIVES(PvmBadParam, "pvm_precv ", pvm_precv(-1, -1, data, 1, 99, NULL, NULL, NULL));
    GIVES(PvmNotImpl, "pvm_precv ", pvm_precv(-1, -1, data, 1, PVM_STR, NULL, NULL, NULL));
    GIVES(PvmBadParam, "pvm_precv ", pvm_precv(-1, -1, NULL, 1, PVM_INT, NULL, NULL, NULL));
}

static void buffers(void **state)
{
    struct pvmminfo info;

    (void)state;
    GIVES(PvmBadParam, "pvm_mkbuf pvm_initsend ", pvm_initsend(3));
    GIVES(PvmBadParam, "pvm_mkbuf ", pvm_mkbuf(-1));
    GIVES(PvmOk, "", pvm_freebuf(0));
    GIVES(PvmBadParam, "pvm_freebuf ", pvm_freebuf(-1));
    GIVES(PvmNoSuchBuf, "pvm_freebuf ", pvm_freebuf(77));
    GIVES(PvmBadParam, "pvm_setsbuf ", pvm_setsbuf(-1));
    GIVES(PvmNoSuchBuf, "pvm_setsbuf ", pvm_setsbuf(77));
    GIVES(PvmBadParam, "pvm_setrbuf ", pvm_setrbuf(-1));
    GIVES(PvmNoSuchBuf, "pvm_setrbuf ", pvm_setrbuf(77));
    GIVES(PvmBadParam, "pvm_bufinfo ", pvm_bufinfo(0, NULL, NULL, NULL));
    GIVES(PvmNoSuchBuf, "pvm_bufinfo ", pvm_bufinfo(77, NULL, NULL, NULL));
    GIVES(PvmBadParam, "pvm_getminfo ", pvm_getminfo(0, &info));
    GIVES(PvmNoSuchBuf, "pvm_getminfo ", pvm_getminfo(77, NULL));
    GIVES(PvmBadParam, "pvm_getminfo ", pvm_getminfo(pvm_initsend(0), NULL));
    GIVES(PvmBadParam, "pvm_setminfo ", pvm_setminfo(pvm_getsbuf(), NULL));
    GIVES(PvmBadParam, "pvm_buflength ", pvm_buflength(pvm_getsbuf(), NULL));
    pvm_freebuf(pvm_getsbuf());
}

static void packing(void **state)
{
    (void)state;
    GIVES(PvmNoBuf, "pvm_pkint ", pvm_pkint(data, 0, 1));
    GIVES(PvmBadParam, "pvm_pkint ", pvm_pkint(data, -1, 1));
    GIVES(PvmNoBuf, "pvm_pkstr ", pvm_pkstr(NULL));
    GIVES(PvmNoBuf, "pvm_upkint ", pvm_upkint(data, 0, 1));
    GIVES(PvmBadParam, "pvm_upkint ", pvm_upkint(data, -1, 1));
    GIVES(PvmNoBuf, "pvm_upkstr ", pvm_upkstr(NULL));
    GIVES(PvmNoBuf, "pvm_packf ", pvm_packf(""));
    GIVES(PvmNoBuf, "pvm_unpackf ", pvm_unpackf("%q"));
    GIVES(PvmBadParam, "pvm_mkbuf pvm_initsend pvm_packf ", pvm_packf("%+", 3));
    pvm_initsend(PvmDataInPlace);
    GIVES(PvmBadParam, "pvm_pkint ", pvm_pkint(data, -1, 2));
    GIVES(PvmNotImpl, "pvm_pkint ", pvm_pkint(data, 0, 0));
    GIVES(PvmNotImpl, "pvm_pkstr ", pvm_pkstr(NULL));
    pvm_initsend(PvmDataDefault);
    GIVES(PvmBadParam, "pvm_pkint ", pvm_pkint(NULL, 1, 1));
    GIVES(PvmBadParam, "pvm_pkstr ", pvm_pkstr(NULL));
    GIVES(PvmBadParam, "pvm_packf ", pvm_packf("x%+", 0));
    GIVES(PvmBadParam, "pvm_packf ", pvm_packf("%2c", NULL));
    GIVES(PvmBadParam, "pvm_packf ", pvm_packf("%s", NULL));
    pvm_setrbuf(pvm_getsbuf());
    GIVES(PvmBadParam, "pvm_upkint ", pvm_upkint(NULL, 1, 1));
    GIVES(PvmBadParam, "pvm_upkstr ", pvm_upkstr(NULL));
    GIVES(PvmNoData, "pvm_upkbyte ", pvm_upkbyte(bytes, 1, 1));
    pvm_freebuf(pvm_getrbuf());
}

/* ---- groups ---- */

/* Their errors are not reported, but that there is no daemon. */
static void groups(void **state)
{
    (void)state;
    GIVES(PvmNullGroup, "", pvm_joingroup(NULL));
    GIVES(PvmNullGroup, "", pvm_lvgroup(""));
    GIVES(PvmNullGroup, "", pvm_gsize(NULL));
    GIVES(PvmNullGroup, "", pvm_getinst(NULL, 0));
    GIVES(PvmNullGroup, "", pvm_gettid(NULL, 0));
    GIVES(PvmNullGroup, "", pvm_barrier(NULL, 0));
    GIVES(PvmNullGroup, "", pvm_bcast(NULL, 0));
    GIVES(PvmNullGroup, "", pvm_freezegroup(NULL, 0));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_joingroup("g"));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_lvgroup("g"));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_gsize("g"));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_getinst("g", 0));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_gettid("g", 0));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_barrier("g", 0));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_bcast("g", -1));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_freezegroup("g", 0));
}

static void collectives(void **state)
{
    (void)state;
    GIVES(PvmSysErr, "pvm_mytid pvm_reduce ", pvm_reduce(combine, data, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_reduce ", pvm_reduce(NULL, data, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_reduce ", pvm_reduce(combine, NULL, 1, PVM_INT, 1, NULL, 0));
    GIVES(PvmBadParam, "pvm_reduce ", pvm_reduce(combine, data, 0, PVM_INT, 1, NULL, 0));
    GIVES(PvmNullGroup, "pvm_reduce ", pvm_reduce(combine, data, 1, 99, 1, "", 0));
    GIVES(PvmSysErr, "pvm_mytid pvm_reduce ", pvm_reduce(combine, data, 1, 99, 1, "g", 0));
    GIVES(PvmSysErr, "pvm_mytid pvm_gather ", pvm_gather(NULL, data, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_gather ", pvm_gather(data, NULL, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_gather ", pvm_gather(data, data, 0, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_gather ", pvm_gather(data, data, 1, PVM_UINT, 1, "g", 0));
    GIVES(PvmNullGroup, "pvm_gather ", pvm_gather(data, data, 1, PVM_INT, 1, NULL, 0));
    GIVES(PvmSysErr, "pvm_mytid pvm_scatter ", pvm_scatter(data, NULL, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_scatter ", pvm_scatter(NULL, data, 1, PVM_INT, 1, "g", 0));
    GIVES(PvmBadParam, "pvm_scatter ", pvm_scatter(data, data, -1, PVM_INT, 1, "g", 0));
    GIVES(PvmNullGroup, "pvm_scatter ", pvm_scatter(data, data, 1, PVM_INT, 1, "", 0));
}

/* ---- the mailbox, contexts, plug-ins ---- */

static void mailbox(void **state)
{
    int buffer = pvm_mkbuf(PvmDataDefault);
    int word = 5;
    int count = 1;
    Pvmtmask mask = { 0 };

    (void)state;
    GIVES(PvmSysErr, "pvm_putinfo ", pvm_putinfo("c", buffer, 0));
    GIVES(PvmSysErr, "pvm_recvinfo ", pvm_recvinfo("c", 0, 0));
    GIVES(PvmSysErr, "pvm_delinfo ", pvm_delinfo("c", 0, 0));
    GIVES(PvmSysErr, "pvm_getmboxinfo ", pvm_getmboxinfo("c", NULL, NULL));
    GIVES(PvmSysErr, "pvm_insert ", pvm_insert("c", 0, 1));
    GIVES(PvmSysErr, "pvm_lookup ", pvm_lookup("c", 0, NULL));
    GIVES(PvmSysErr, "pvm_delete ", pvm_delete("c", 0));
    GIVES(PvmSysErr, "pvm_getnoresets ", pvm_getnoresets(NULL, NULL));
    GIVES(PvmSysErr, "pvm_newcontext ", pvm_newcontext());
    GIVES(PvmSysErr, "pvm_freecontext ", pvm_freecontext(0x40007));
    GIVES(PvmSysErr, "pvm_host_sync ", pvm_hostsync(0x40000, NULL, NULL));
    GIVES(PvmSysErr, "pvm_archcode ", pvm_archcode("LINUX64"));
    GIVES(PvmSysErr, "pvm_getfds ", pvm_getfds(NULL));
    GIVES(PvmSysErr, "pvm_reg_tracer ", pvm_reg_tracer(0, 1, 0, 2, mask, 0, 1));
    GIVES(PvmSysErr, "pvm_reg_tasker ", pvm_reg_tasker());
    GIVES(PvmSysErr, "pvm_tickle ", pvm_tickle(1, &word, &count, data));
    GIVES(PvmSysErr, "pvm_addhosts_progress ", pvm_addhosts_progress(host_lines, 1, NULL, NULL, NULL));
    pvm_freebuf(buffer);
}

/* ---- options and the rest ---- */

static void options(void **state)
{
    (void)state;
    GIVES(PvmBadParam, "pvm_getopt ", pvm_getopt(0));
    GIVES(PvmBadParam, "pvm_getopt ", pvm_getopt(PvmPollTime));
    GIVES(PvmBadParam, "pvm_setopt ", pvm_setopt(1000, 1));
    GIVES(PvmBadParam, "pvm_setopt ", pvm_setopt(PvmRoute, 0));
    GIVES(PvmBadParam, "pvm_setopt ", pvm_setopt(PvmNoReset, 1));
    GIVES(PvmNotImpl, "pvm_setopt ", pvm_setopt(PvmPollType, 1));
    GIVES(PvmNotImpl, "pvm_setopt ", pvm_setopt(PvmSelfTraceContext, 1));
    GIVES(PvmSysErr, "pvm_setopt ", pvm_setopt(PvmSelfOutputTid, 0x40001));
    GIVES(0, "", pvm_setopt(PvmSelfOutputTid, 0));
    GIVES(0, "", pvm_setopt(PvmSelfTraceTid, -1));
    GIVES(0, "", pvm_setopt(PvmSelfOutputCode, 5));
    GIVES(0, "", pvm_setopt(PvmSelfTraceBuffer, 60));
    GIVES(0, "", pvm_setopt(PvmTraceBuffer, 0));    /* that of children is another */
    GIVES(0, "", pvm_setopt(PvmSelfTraceOptions, PvmTraceTime));
    GIVES(PvmBadParam, "pvm_setopt ", pvm_setopt(PvmSelfTraceOptions, 4));
    GIVES(0, "", pvm_setopt(PvmOutputCode, -1));
    GIVES(-1, "", pvm_setopt(PvmOutputCode, 0));    /* the old value, and no error */
}

static void what_needs_no_daemon(void **state)
{
    Pvmtmask mask = "AB";
    Pvmtmask got = "?";

    (void)state;
    GIVES(PvmOk, "", pvm_settmask(PvmTaskChild, mask));
    GIVES(PvmOk, "", pvm_gettmask(PvmTaskChild, got));
    GIVES(0, "", strcmp(got, "AB"));
    GIVES(PvmOk, "", pvm_export(NULL));
    GIVES(PvmOk, "", pvm_export(""));
    GIVES(PvmOk, "", pvm_unexport(NULL));
    GIVES(PvmOk, "", pvm_catchout(NULL));
    GIVES(PvmSysErr, "pvm_catchout ", pvm_catchout(stdout));
    GIVES(PvmSysErr, "pvm_mytid ", pvm_mytid());
    GIVES(0, "", strcmp(pvm_strerror(), "Can't contact local daemon"));
    GIVES(0, "", strcmp(pvm_version(), "3.4.6"));
    GIVES(0, "", pvm_errdetail_item(-1)[0] + pvm_errdetail_item(0)[0] + pvm_errdetail_item(1 << 30)[0]);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tasks),
        TEST(hosts),
        TEST(sends),
        TEST(receives),
        TEST(buffers),
        TEST(packing),
        TEST(groups),
        TEST(collectives),
        TEST(mailbox),
        TEST(options),
        TEST(what_needs_no_daemon),
    };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    setenv("PVM_TMP", folder, 1);
    failed = cmocka_run_group_tests_name("codes", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
