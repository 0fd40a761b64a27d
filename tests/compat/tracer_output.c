/* SPDX-License-Identifier: BSD-3-Clause */
/* What of output and trace comes to the task that has called pvm_reg_tracer: of programs that know nothing of PVM, on this
 * host and another; of those that enrol, from whomever they were spawned; of those that were started by hand; and of those
 * that begin before it registers and enrol behind that, or the other way round. */
#include "trace.h"

#include <fcntl.h>
#include <sys/stat.h>

#define OUTPUT_TAG 902

enum { TAG_READY = 1, TAG_SPAWN, TAG_SPAWNED, TAG_TOLD, TAG_LEAVE };

static Pvmtmask mask;
static char fifo[] = "/tmp/pvm-tracer.XXXXXX";

/* ---- those who spawn ---- */

/* Without the tracer's news, if this enrolled before it came. */
static int spawner(void)
{
    char file[256], where[64], arg[2][64], *args[] = { arg[0], arg[1], NULL };
    int tag, tid, flags;

    pvm_setopt(PvmAutoErr, 0);
    pvm_mytid();
    pvm_initsend(PvmDataDefault);
    pvm_send(pvm_parent(), TAG_READY);
    for (;;) {
        pvm_bufinfo(pvm_recv(pvm_parent(), -1), NULL, &tag, NULL);
        if (tag == TAG_LEAVE)
            break;
        pvm_upkint(&flags, 1, 1);
        pvm_upkstr(file);
        pvm_upkstr(where);
        pvm_upkstr(arg[0]);
        pvm_upkstr(arg[1]);
        pvm_getmboxinfo("", NULL, NULL);    /* what was put before is known behind it */
        pvm_spawn(file, args, flags, where, 1, &tid);
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&tid, 1, 1);
        pvm_send(pvm_parent(), TAG_SPAWNED);
    }
    pvm_exit();
    return 0;
}

static int spawner_on(char *host)
{
    char *args[] = { "spawner", NULL };

    pvm_spawn(CASE_NAME, args, PvmTaskHost, host, 1, case_tids + case_count);
    pvm_recv(case_tids[case_count], TAG_READY);
    return case_tids[case_count++];
}

static int order_with(int flags, int by, const char *file, const char *where, const char *arg0, const char *arg1)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&flags, 1, 1);
    pvm_pkstr((char *)file);
    pvm_pkstr((char *)where);
    pvm_pkstr((char *)arg0);
    pvm_pkstr((char *)arg1);
    pvm_send(by, TAG_SPAWN);
    pvm_recv(by, TAG_SPAWNED);
    pvm_upkint(case_tids + case_count, 1, 1);
    return case_tids[case_count++];
}

static int order(int by, const char *file, const char *where, const char *arg0, const char *arg1)
{
    return order_with(PvmTaskHost, by, file, where, arg0, arg1);
}

/* ---- those who are spawned ---- */

static const char *owner(int tid)
{
    return tid == 0 ? "nobody" : tid == pvm_parent() ? "the parent" : tid == pvm_mytid() ? "me" : "another";
}

/* Where its own trace and output go, and those of its children. */
static void tell_options(char *text)
{
    Pvmtmask own = "?", children = "?";

    pvm_gettmask(PvmTaskSelf, own);
    pvm_gettmask(PvmTaskChild, children);
    text += sprintf(text, "output %s %d %d, ", owner(pvm_getopt(PvmSelfOutputTid)), pvm_getopt(PvmSelfOutputContext),
                    pvm_getopt(PvmSelfOutputCode));
    text += sprintf(text, "children's %s %d %d, ", owner(pvm_getopt(PvmOutputTid)), pvm_getopt(PvmOutputContext),
                    pvm_getopt(PvmOutputCode));
    text += sprintf(text, "trace %s %d %d, buffer %d, options %d, %s, ", owner(pvm_getopt(PvmSelfTraceTid)),
                    pvm_getopt(PvmSelfTraceContext), pvm_getopt(PvmSelfTraceCode), pvm_getopt(PvmSelfTraceBuffer),
                    pvm_getopt(PvmSelfTraceOptions), own);
    sprintf(text, "children's %s %d %d, buffer %d, options %d, %s", owner(pvm_getopt(PvmTraceTid)),
            pvm_getopt(PvmTraceContext), pvm_getopt(PvmTraceCode), pvm_getopt(PvmTraceBuffer),
            pvm_getopt(PvmTraceOptions), children);
}

/* With the path of a fifo: enrols when that is opened, and tells its parent, too. */
static int kid(const char *path)
{
    char text[1024];

    puts("begins");
    fflush(stdout);
    if (path[0] == '/')
        close(open(path, O_RDONLY));
    pvm_mytid();
    tell_options(text);
    puts(text);
    fflush(stdout);
    if (path[0] == '/') {
        pvm_initsend(PvmDataDefault);
        pvm_pkstr(text);
        pvm_send(pvm_parent(), TAG_TOLD);
    }
    pvm_exit();
    puts("has left");
    fflush(stdout);
    return 0;
}

/* ---- what comes ---- */

/* Its event. */
static int show_trace(int from)
{
    char name[256] = "as described before";
    int mark = trace_int(), event = trace_int(), values[3];

    if (mark == TEV_MARK_DATA_ID)
        return 0;    /* names of identifiers: the case "tracer" has them */
    if (mark == TEV_MARK_EVENT_DESC)
        pvm_upkstr(name);
    for (int i = 0; i < 3; i++) {    /* time and tid */
        if (mark == TEV_MARK_EVENT_DESC) {
            trace_int();
            trace_int();
        }
        values[i] = trace_int();
    }
    printf("    trace of %s: event %x, %s, from the pvmd of %d\n", who(values[2]), event, name, from >> 18 & 0xfff);
    return event;
}

static int show_output(int from, char *text)
{
    int tid = trace_int(), n = trace_int();

    if (n > 0) {    /* in as many pieces as it happens to come */
        text += strlen(text);
        pvm_upkbyte(text, n, 1);
        text[n] = '\0';
        for (; *text != '\0'; text++)
            *text = *text == '\n' ? '|' : *text;
        return n;
    }
    printf("    output of %s: ", who(tid));
    if (n == 0)
        printf("<%s>, end", text);
    else
        printf("%d, spawned by %s", n, who(trace_int()));
    printf(", rest %s, from the pvmd of %d\n", code(pvm_upkint(&tid, 1, 1)), from >> 18 & 0xfff);
    return n;
}

/* All that comes until the end of a task. */
static void collect(void)
{
    struct timeval limit = { 20, 0 };
    char text[4096] = "";
    int buf, tag, from, ends = 0;

    while (ends < 2) {
        buf = pvm_trecv(-1, -1, &limit);
        if (buf <= 0) {
            printf("    nothing: %s\n", code(buf));
            return;
        }
        pvm_bufinfo(buf, NULL, &tag, &from);
        if (tag != TRACE_TAG && tag != OUTPUT_TAG)
            printf("    a message with tag %d\n", tag);
        else if (tag == TRACE_TAG)
            ends += show_trace(from) == TEV_ENDTASK;
        else
            ends += show_output(from, text) == 0;
    }
}

/* It has ended, and nothing came of it. */
static void nothing(int tid)
{
    case_await_end(tid);
    pvm_config(NULL, NULL, NULL);
    printf("    came: %s\n", code(pvm_probe(-1, OUTPUT_TAG) + pvm_probe(-1, TRACE_TAG)));
}

/* ---- the case ---- */

static int spawn_late(void)
{
    char *args[] = { "kid", fifo, NULL };

    pvm_spawn(CASE_NAME, args, PvmTaskHost, "alpha", 1, case_tids + case_count);
    return case_tids[case_count++];
}

static void let_go(int tid)
{
    char text[1024];

    close(open(fifo, O_WRONLY));    /* waits until the reader is there */
    pvm_recv(tid, TAG_TOLD);
    pvm_upkstr(text);
    printf("    it has %s\n", text);
}

static void by_hand(void)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        unsetenv("PVMEPID");
        dup2(open("/dev/null", O_WRONLY), 1);
        execl("/proc/self/exe", CASE_NAME, "kid", "now", NULL);
        _exit(1);
    }
    collect();
    waitpid(pid, NULL, 0);
}

static void reg(void)
{
    printf("pvm_reg_tracer: %s\n", code(pvm_reg_tracer(0, TRACE_TAG, 0, OUTPUT_TAG, mask, 17, PvmTraceFull)));
}

static void spawns(int by, const char *whose)
{
    static const char *const hosts[] = { "alpha", "beta" };

    for (int i = 0; i < 2; i++) {
        printf("%s spawns a shell on %s\n", whose, hosts[i]);
        order(by, "/bin/sh", hosts[i], "-c", "echo one; echo two >&2");
        collect();
        printf("%s spawns a task on %s\n", whose, hosts[i]);
        order(by, CASE_NAME, hosts[i], "kid", "now");
        collect();
    }
}

static void begin_late(void)
{
    int tid = spawn_late();

    puts("started before the tracer registers, enrols behind that");
    reg();
    let_go(tid);
    nothing(tid);
    puts("the other way round");
    tid = spawn_late();
    reg();
    let_go(tid);
    collect();
}

int main(int argc, char **argv)
{
    char *hosts[] = { "beta" };
    int infos[1], early[2], late;

    case_roles(argc, argv);
    if (case_role(argc, argv, "spawner"))
        return spawner();
    if (argc > 1)
        return kid(argv[2]);
    case_begin();
    TEV_MASK_INIT(mask);
    TEV_MASK_SET(mask, TEV_BCAST);
    mkfifo(mktemp(fifo), 0600);
    SHOW(pvm_addhosts(hosts, 1, infos));
    begin_late();
    early[0] = spawner_on("alpha");
    early[1] = spawner_on("beta");
    reg();
    spawns(early[0], "one that enrolled before");
    spawns(early[1], "one on another host");
    puts("one without a parent");
    order_with(PvmTaskHost + PvmNoSpawnParent, early[0], "/bin/sh", "beta", "-c", "echo one");
    collect();
    puts("one that is started by hand");
    by_hand();
    puts("a spawner");
    late = spawner_on("alpha");
    puts("spawns a shell");
    order(late, "/bin/sh", "alpha", "-c", "echo one; echo two >&2");
    collect();
    reg();
    puts("spawns one when nobody is registered");
    order(late, "/bin/sh", "alpha", "-c", "echo one; echo two >&2");
    collect();
    puts("one that enrolled before");
    nothing(order(early[0], "/bin/sh", "alpha", "-c", "echo one; echo two >&2"));
    unlink(fifo);
    pvm_exit();
    return 0;
}
