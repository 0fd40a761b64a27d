/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A message of 2.5 GiB, to a spawned task and to oneself: 1 GiB of bytes, then 1.5 GiB of ints in one call, more than
 * one section holds. Prints "large ok".
 *
 * The data are a window of 64 MiB that is mapped again and again, so that they take no more memory than that.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pvm3.h>

enum { TAG_LARGE = 1, TAG_DONE };

#define WINDOW ((size_t)64 << 20)
#define BYTES ((size_t)1 << 30)
#define INTS (((size_t)3 << 29) / sizeof(int))
#define LENGTH (BYTES + INTS * sizeof(int))

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("FAILED: %s (%s)\n", what, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    exit(1);
}

/* As much memory as the ints take, each window of it the same. */
static char *make_data(void)
{
    char *data = mmap(NULL, INTS * sizeof(int), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = memfd_create("large", MFD_CLOEXEC);
    unsigned *words;

    must(data != MAP_FAILED && fd >= 0 && ftruncate(fd, WINDOW) == 0, "memory for the data");
    for (size_t at = 0; at < INTS * sizeof(int); at += WINDOW)
        must(mmap(data + at, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED, "a window");
    close(fd);
    words = (unsigned *)data;
    for (size_t i = 0; i < WINDOW / sizeof(*words); i++)
        words[i] = (unsigned)i * 2654435761u;
    return data;
}

static void check_length(int bufid)
{
    size_t length = 0;
    int bytes = 0;

    must(pvm_buflength(bufid, &length) == PvmOk && length == LENGTH, "the exact length");
    must(pvm_bufinfo(bufid, &bytes, NULL, NULL) == PvmOverflow && bytes == INT_MAX, "a length beyond int is told");
}

/* Unpacks and checks the active receive buffer. */
static void check_message(const char *data)
{
    char *got = malloc(WINDOW);
    int more;

    must(got != NULL, "memory for a window");
    for (size_t at = 0; at < BYTES; at += WINDOW) {
        must(pvm_upkbyte(got, (int)WINDOW, 1) == PvmOk, "unpack bytes");
        must(memcmp(got, data, WINDOW) == 0, "the bytes are those that were packed");
    }
    for (size_t at = 0; at < INTS * sizeof(int); at += WINDOW) {
        must(pvm_upkint((int *)got, (int)(WINDOW / sizeof(int)), 1) == PvmOk, "unpack ints");
        must(memcmp(got, data, WINDOW) == 0, "the ints are those that were packed");
    }
    must(pvm_upkint(&more, 1, 1) == PvmNoData, "and there is no more");
    free(got);
}

static int run_receiver(const char *data)
{
    int bufid = pvm_recv(pvm_parent(), TAG_LARGE);

    must(bufid > 0, "receive from the parent");
    check_length(bufid);
    check_message(data);
    pvm_initsend(PvmDataDefault);
    must(pvm_send(pvm_parent(), TAG_DONE) == PvmOk, "answer");
    pvm_exit();
    return 0;
}

static int spawn_receiver(void)
{
    static char path[4096];
    int tid = 0;

    must(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0, "readlink");
    pvm_catchout(stdout);
    must(pvm_spawn(path, NULL, PvmTaskDefault, NULL, 1, &tid) == 1, "spawn");
    must(pvm_notify(PvmTaskExit, TAG_DONE, 1, &tid) == PvmOk, "notify");
    return tid;
}

static int run_sender(const char *data)
{
    int receiver = spawn_receiver();
    int from = 0;

    must(pvm_initsend(PvmDataDefault) > 0, "initsend");
    must(pvm_pkbyte(data, (int)BYTES, 1) == PvmOk, "pack bytes");
    must(pvm_pkint((const int *)data, (int)INTS, 1) == PvmOk, "pack ints");
    check_length(pvm_getsbuf());
    must(pvm_send(receiver, TAG_LARGE) == PvmOk, "send to the task");
    must(pvm_bufinfo(pvm_recv(-1, TAG_DONE), NULL, NULL, &from) == PvmOk && from == receiver, "its answer, not its end");

    must(pvm_send(pvm_mytid(), TAG_LARGE) == PvmOk, "send to oneself");
    pvm_initsend(PvmDataDefault);    /* frees what was sent */
    must(pvm_recv(pvm_mytid(), TAG_LARGE) > 0, "receive from oneself");
    check_length(pvm_getrbuf());
    check_message(data);
    pvm_exit();
    printf("large ok\n");
    return 0;
}

int main(void)
{
    char *data;

    pvm_setopt(PvmAutoErr, 0);
    must(pvm_mytid() > 0, "enrol");
    data = make_data();
    return pvm_parent() > 0 ? run_receiver(data) : run_sender(data);
}
