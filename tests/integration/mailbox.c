/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The task of test_mailbox: the first argument says what it does.
 *
 *   large MIB        puts MIB MiB; a copy on each host reads them, and puts its own, which is read; "large ok N hosts"
 *   wait NAME        waits for NAME to be put, and prints its int: "got N"
 *   put NAME N FLAGS puts an int, says "put INDEX", and waits for ever
 *   clocks           asks each host for its clock: "clocks ok N hosts"
 *   contexts         copies on all hosts make contexts: "contexts ok N"
 *   spared           sets PvmNoReset, says "spared", and waits for ever
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvm3.h>

enum { TAG_READ = 1, TAG_DONE };

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("FAILED: %s (%s)\n", what, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    exit(1);
}

/* Copies of this program, one on each host. Returns how many. */
static int spawn_everywhere(const char *role, const char *argument, int **ret_tids)
{
    char *args[] = { (char *)role, (char *)argument, NULL };
    struct pvmhostinfo *hosts;
    char path[4096];
    int count;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    must(length > 0, "readlink");
    path[length] = '\0';
    must(pvm_config(&count, NULL, &hosts) == PvmOk, "config");
    *ret_tids = calloc((size_t)count, sizeof(int));
    for (int i = 0; i < count; i++)
        must(pvm_spawn(path, args, PvmTaskHost, hosts[i].hi_name, 1, &(*ret_tids)[i]) == 1, "spawn");
    return count;
}

static void put_ints(const char *name, int count, int seed)
{
    int *values = malloc((size_t)count * sizeof(int));

    must(values != NULL, "malloc");
    for (int i = 0; i < count; i++)
        values[i] = seed + i * 3;
    pvm_initsend(PvmDataDefault);
    must(pvm_pkint(values, count, 1) == PvmOk, "pack");
    must(pvm_putinfo(name, pvm_getsbuf(), PvmMboxDefault) == 0, "put");
    free(values);
}

static void read_ints(const char *name, int count, int seed)
{
    int *values = calloc((size_t)count, sizeof(int));

    must(values != NULL, "malloc");
    must(pvm_recvinfo(name, 0, PvmMboxWaitForInfo) > 0, "read");
    must(pvm_upkint(values, count, 1) == PvmOk, "unpack");
    for (int i = 0; i < count; i++)
        must(values[i] == seed + i * 3, "the contents");
    free(values);
}

static int run_large(int mib)
{
    char text[16], name[32];
    int *tids;
    int count = mib << 18;
    int hosts;

    snprintf(text, sizeof(text), "%d", mib);
    hosts = spawn_everywhere("reader", text, &tids);
    put_ints("large", count, 1);    /* some wait for it, others come later */
    for (int i = 0; i < hosts; i++) {
        snprintf(name, sizeof(name), "of t%x", (unsigned)tids[i]);
        read_ints(name, count, tids[i]);
        pvm_initsend(PvmDataDefault);
        pvm_send(tids[i], TAG_DONE);
    }
    free(tids);
    printf("large ok %d hosts\n", hosts);
    return 0;
}

static int run_reader(int mib)
{
    char name[32];

    snprintf(name, sizeof(name), "of t%x", (unsigned)pvm_mytid());
    read_ints("large", mib << 18, 1);
    put_ints(name, mib << 18, pvm_mytid());
    pvm_recv(pvm_parent(), TAG_DONE);
    return 0;
}

static int run_wait(const char *name)
{
    int value = -1;

    must(pvm_recvinfo(name, 0, PvmMboxWaitForInfo) > 0, "wait");
    pvm_upkint(&value, 1, 1);
    printf("got %d\n", value);
    return 0;
}

static int run_put(const char *name, int value, int flags)
{
    int index;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&value, 1, 1);
    index = pvm_putinfo(name, pvm_getsbuf(), flags);
    must(index >= 0, "put");
    printf("put %d\n", index);
    fflush(stdout);
    pvm_recv(-1, -1);
    return 0;
}

static int run_clocks(void)
{
    struct pvmhostinfo *hosts;
    int count;

    must(pvm_config(&count, NULL, &hosts) == PvmOk, "config");
    for (int i = 0; i < count; i++) {
        struct timeval clk, delta;

        must(pvm_hostsync(hosts[i].hi_tid, &clk, &delta) == PvmOk, "hostsync");
        must(clk.tv_sec > 1000000000 && delta.tv_sec >= -60 && delta.tv_sec <= 60, "the clock of this computer");
    }
    pvm_setopt(PvmAutoErr, 0);
    must(pvm_hostsync(pvm_tidtohost(-1), NULL, NULL) == PvmNoHost, "an unknown host");
    printf("clocks ok %d hosts\n", count);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static int run_contexts(void)
{
    int *tids;
    int hosts = spawn_everywhere("context", "", &tids);
    int *numbers = calloc((size_t)hosts * 10, sizeof(int));

    for (int i = 0; i < hosts; i++) {
        must(pvm_recv(tids[i], TAG_DONE) > 0, "receive");
        must(pvm_upkint(numbers + 10 * i, 10, 1) == PvmOk, "unpack");
    }
    qsort(numbers, (size_t)hosts * 10, sizeof(int), compare);
    for (int i = 0; i < hosts * 10; i++)
        must(numbers[i] > 0 && (i == 0 || numbers[i] != numbers[i - 1]), "contexts are different");
    free(tids);
    free(numbers);
    printf("contexts ok %d\n", hosts * 10);
    return 0;
}

static int run_context(void)
{
    int numbers[10];

    for (int i = 0; i < 10; i++)
        numbers[i] = pvm_newcontext();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 10, 1);
    pvm_send(pvm_parent(), TAG_DONE);
    return 0;
}

static int run_spared(void)
{
    pvm_mytid();
    must(pvm_setopt(PvmNoReset, 1) == 0, "setopt");
    printf("spared\n");
    fflush(stdout);
    pvm_recv(-1, -1);
    return 0;
}

int main(int argc, char **argv)
{
    const char *role = argc > 1 ? argv[1] : "";
    int status = 2;

    if (strcmp(role, "large") == 0)
        status = run_large(atoi(argv[2]));
    else if (strcmp(role, "reader") == 0)
        status = run_reader(atoi(argv[2]));
    else if (strcmp(role, "wait") == 0)
        status = run_wait(argv[2]);
    else if (strcmp(role, "put") == 0)
        status = run_put(argv[2], atoi(argv[3]), atoi(argv[4]));
    else if (strcmp(role, "clocks") == 0)
        status = run_clocks();
    else if (strcmp(role, "contexts") == 0)
        status = run_contexts();
    else if (strcmp(role, "context") == 0)
        status = run_context();
    else if (strcmp(role, "spared") == 0)
        status = run_spared();
    fflush(stdout);
    pvm_exit();
    return status;
}
