/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For test_heap: data of pvm_alloc() and who reads them. "heap NAME FILE" spawns FILE with the argument "reader" as often as it
 * takes and does what NAME says; prints "NAME ok", or what was not so.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvm3.h>

#define ORDER 1
#define DATA 2
#define ANSWER 3
#define GONE 4
#define MIB ((size_t)1 << 20)

enum order { TAKE, HOLD, READ };    /* receive and unpack; receive; unpack what was received */

static int readers[4];
static int reader_count;

static void must(int good, const char *what)
{
    if (good)
        return;
    printf("not so: %s (%s)\n", what, pvm_errdetail());
    fflush(stdout);
    pvm_exit();
    _exit(1);
}

static unsigned char byte_of(int seed, size_t at)
{
    return (unsigned char)(seed * 37 + at * 11 + (at >> 9));
}

static void fill(unsigned char *bytes, int seed, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = byte_of(seed, i);
}

static int good(const unsigned char *bytes, int seed, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != byte_of(seed, i))
            return 0;
    }
    return 1;
}

/* ---- the reader ---- */

static int read_data(int seed, int length)
{
    unsigned char *bytes = malloc((size_t)length + 1);
    int bufid = pvm_getrbuf();
    size_t there = 0;
    int fine = pvm_buflength(bufid, &there) == PvmOk && there == (size_t)length &&
               pvm_upkbyte((char *)bytes, length, 1) == PvmOk && good(bytes, seed, (size_t)length);

    free(bytes);
    return fine;
}

static int reader(void)
{
    int parent = pvm_parent();
    int held = 0;

    for (;;) {
        int order, seed, length, fine = 1;

        if (pvm_recv(parent, ORDER) < 0)
            return 1;
        pvm_upkint(&order, 1, 1);
        pvm_upkint(&seed, 1, 1);
        pvm_upkint(&length, 1, 1);
        if (order == READ) {
            pvm_freebuf(pvm_setrbuf(held));
            fine = read_data(seed, length);
        } else if (pvm_recv(parent, DATA) < 0) {
            return 1;
        } else if (order == HOLD) {
            held = pvm_setrbuf(0);
        } else {
            fine = read_data(seed, length);
        }
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&fine, 1, 1);
        pvm_send(parent, ANSWER);
    }
}

/* ---- the owner ---- */

static void end(void)
{
    for (int i = 0; i < reader_count; i++)
        pvm_kill(readers[i]);
    pvm_exit();
}

static void order(int to, enum order what, int seed, size_t length)
{
    int numbers[] = { what, seed, (int)length };

    pvm_initsend(PvmDataDefault);
    pvm_pkint(numbers, 3, 1);
    must(pvm_send(to, ORDER) == PvmOk, "an order is sent");
}

static void answer(int from, const char *what)
{
    int fine = 0;

    must(pvm_recv(from, ANSWER) > 0, what);
    pvm_upkint(&fine, 1, 1);
    must(fine, what);
}

static void send_in_place(int to, unsigned char *bytes, size_t length)
{
    must(pvm_initsend(PvmDataInPlace) > 0, "a buffer for data in place");
    must(pvm_pkbyte((char *)bytes, (int)length, 1) == PvmOk, "data are packed");
    must(pvm_send(to, DATA) == PvmOk, "data are sent");
}

/* What comes before they have enrolled would go by the daemon. */
static void start(const char *file, int count)
{
    char *args[] = { "reader", NULL };

    must(pvm_spawn(file, args, PvmTaskDefault, "", count, readers) == count, "the readers start");
    reader_count = count;
    for (int i = 0; i < count; i++) {
        send_in_place(readers[i], (unsigned char *)"", 0);
        order(readers[i], TAKE, 0, 0);
        answer(readers[i], "a reader is there");
    }
}

/* What is freed right after the send, and what is allocated and written then, changes nothing. */
static void sizes(void)
{
    static const size_t lengths[] = { 0, 1, 100, 767, 769, 1023, 1024, 4000, 4096, 30000, 65536, 100001, MIB, 3 * MIB + 7,
                                      4 * MIB, 5 * MIB + 1, 17 * MIB, 40 * MIB };

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            size_t length = lengths[i], offset = round == 0 ? 0 : length / 3 + 1;
            unsigned char *bytes = pvm_alloc(length + offset), *other;

            must(bytes != NULL && ((size_t)bytes & 15) == 0, "memory of each size");
            fill(bytes + offset, (int)i, length);
            send_in_place(readers[0], bytes + offset, length);
            pvm_free(bytes);
            other = pvm_alloc(length + offset);
            must(other != NULL, "memory again");
            memset(other, 0, length + offset);
            order(readers[0], TAKE, (int)i, length);
            answer(readers[0], "data come as they were sent");
            pvm_free(other);
        }
    }
}

/* The one way to see that there is no copy: breaking the rule shows. */
static void no_copy(void)
{
    size_t length = 2 * MIB;
    unsigned char *bytes = pvm_alloc(length), *ordinary = malloc(length);

    fill(bytes, 1, length);
    fill(ordinary, 1, length);
    pvm_initsend(PvmDataInPlace);
    pvm_pkbyte((char *)bytes, (int)length, 1);
    must(pvm_mcast(readers, reader_count, DATA) == PvmOk, "a multicast");
    fill(bytes, 2, length);
    for (int i = 0; i < reader_count; i++) {
        order(readers[i], TAKE, 2, length);
        answer(readers[i], "all readers see the same bytes");
    }
    send_in_place(readers[0], ordinary, length);
    fill(ordinary, 2, length);
    order(readers[0], TAKE, 1, length);
    answer(readers[0], "ordinary memory is copied at the send");
    must(pvm_psend(readers[0], DATA, bytes, (int)length, PVM_BYTE) == PvmOk, "pvm_psend");
    fill(bytes, 3, length);
    order(readers[0], TAKE, 2, length);
    answer(readers[0], "pvm_psend copies");
    pvm_setopt(PvmRoute, PvmDontRoute);
    send_in_place(readers[0], bytes, length);
    fill(bytes, 4, length);
    pvm_setopt(PvmRoute, PvmAllowDirect);
    order(readers[0], TAKE, 3, length);
    answer(readers[0], "what goes by the daemon is copied");
    pvm_free(bytes);
    free(ordinary);
}

/* 64 parts, some of them ordinary, some small, some next to each other. */
static void parts(void)
{
    size_t length = 600000, at = 0;
    unsigned char *bytes = malloc(length);
    void *shared[64] = { NULL };
    int part = 0;

    fill(bytes, 9, length);
    pvm_initsend(PvmDataInPlace);
    for (; at < length; part++) {
        size_t size = (size_t)part * 379 % 20000 + 1;
        unsigned char *here = bytes + at;

        if (size > length - at || part == 63)
            size = length - at;
        if (part % 3 != 0) {
            shared[part] = pvm_alloc(size + 5);
            here = (unsigned char *)shared[part] + 5;
            memcpy(here, bytes + at, size);
        }
        must(pvm_pkbyte((char *)here, (int)size, 1) == PvmOk, "a part is packed");
        at += size;
    }
    for (int i = 0; i < reader_count; i++)
        must(pvm_send(readers[i], DATA) == PvmOk, "parts are sent");
    for (int i = 0; i < 64; i++)
        pvm_free(shared[i]);
    for (int i = 0; i < reader_count; i++) {
        order(readers[i], TAKE, 9, length);
        answer(readers[i], "parts come together");
    }
    free(bytes);
}

/* With an arena of 64 MiB: what 20 messages refer to is there once, and what was freed is there until it is read. */
static void once(void)
{
    size_t length = 20 * MIB;
    unsigned char *first = pvm_alloc(length), *second, *third;

    fill(first, 5, length);
    for (int i = 0; i < 20; i++)
        send_in_place(readers[0], first, length);
    pvm_free(first);
    second = pvm_alloc(length);
    must(second != first, "memory that a reader needs is not given away");
    fill(second, 6, length);
    send_in_place(readers[0], second, length);
    pvm_free(second);
    for (int i = 0; i < 21; i++) {
        order(readers[0], TAKE, i < 20 ? 5 : 6, length);
        answer(readers[0], "each of them comes");
    }
    third = pvm_alloc(length);
    must(third == first || third == second, "then it is used again");
    pvm_free(third);
}

/* Twice as much as there is: ordinary memory. */
static void used_up(void)
{
    size_t length = 20 * MIB;
    unsigned char *blocks[6];

    for (int i = 0; i < 6; i++) {
        blocks[i] = pvm_alloc(length);
        must(blocks[i] != NULL, "there is always memory");
        fill(blocks[i], i, length);
    }
    send_in_place(readers[0], blocks[0], length);
    order(readers[0], TAKE, 0, length);
    answer(readers[0], "data of the arena come");
    for (int i = 1; i < 5; i++)
        pvm_free(blocks[i]);
    send_in_place(readers[0], blocks[5], length);
    order(readers[0], TAKE, 5, length);
    answer(readers[0], "ordinary data come");
    pvm_free(blocks[0]);
    pvm_free(blocks[5]);
}

static void errors(void)
{
    char *block = pvm_alloc(100), *large = pvm_alloc(MIB);
    char local;
    void *none = NULL;

    pvm_setopt(PvmAutoErr, 0);
    pvm_errno = 0;
    pvm_free(none);
    must(pvm_errno == 0, "NULL is fine");
    pvm_free(&local);
    must(pvm_errno == PvmBadParam && strstr(pvm_errdetail(), "not from pvm_alloc()") != NULL, "a foreign address is told");
    pvm_errno = 0;
    pvm_free(block + 8);
    must(pvm_errno == PvmBadParam && strstr(pvm_errdetail(), "not the beginning") != NULL, "so is one inside");
    pvm_free(block);
    pvm_errno = 0;
    pvm_free(block);
    must(pvm_errno == PvmBadParam && strstr(pvm_errdetail(), "already") != NULL, "and freeing twice");
    pvm_free(large);
    pvm_errno = 0;
    pvm_free(large);
    must(pvm_errno == PvmBadParam && strstr(pvm_errdetail(), "already") != NULL, "also of what is large");
    must(pvm_alloc((size_t)-1 / 2 + 5) == NULL && pvm_errno == PvmNoMem, "too much is no memory");
}

/* What this task has stays, what it has sent arrives unchanged. */
static void leaving(void)
{
    size_t length = 3 * MIB;
    unsigned char *lent = pvm_alloc(length), *own = pvm_alloc(length), *small = pvm_alloc(500);

    fill(own, 2, length);
    fill(small, 3, 500);
    fill(lent, 1, length);
    send_in_place(readers[0], lent, length);
    order(readers[0], TAKE, 1, length);
    must(pvm_exit() == PvmOk, "it leaves");
    must(good(own, 2, length) && good(small, 3, 500) && good(lent, 1, length), "memory is there as it was");
    memset(lent, 0, length);
    pvm_free(small);
    must(pvm_mytid() > 0, "it comes back");
    send_in_place(readers[0], own, length);
    memset(own, 0, length);
    pvm_free(own);
    pvm_free(lent);
    must(pvm_alloc(length) != NULL, "and allocates");
}

static void forking(void)
{
    unsigned char *block = pvm_alloc(MIB);
    pid_t child;
    int status;

    fill(block, 1, MIB);
    child = fork();
    if (child == 0) {
        unsigned char *own;

        pvm_setopt(PvmAutoErr, 0);
        pvm_free(block);
        own = pvm_errno == PvmBadParam ? pvm_alloc(MIB) : NULL;
        if (own == NULL)
            _exit(1);
        fill(own, 2, MIB);
        pvm_free(own);
        pvm_exit();
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child && status == 0, "a child has memory of its own");
    must(good(block, 1, MIB), "and leaves its parent's alone");
    pvm_free(block);
}

/* The pid of a spawned task, which is on this host. */
static int pid_of(int tid)
{
    struct pvmtaskinfo *info;
    int count;

    return pvm_tasks(tid, &count, &info) == PvmOk && count == 1 ? info[0].ti_pid : 0;
}

/* Readers that hold and have not read are killed: with 64 MiB this goes well only if memory comes back. */
static void killed_readers(const char *file)
{
    size_t length = 20 * MIB;

    for (int round = 0; round < 8; round++) {
        unsigned char *block = pvm_alloc(length);

        start(file, 1);
        pvm_notify(PvmTaskExit, GONE, 1, readers);
        fill(block, round, length);
        send_in_place(readers[0], block, length);
        if (round % 2 == 0) {
            order(readers[0], HOLD, round, length);
            answer(readers[0], "it is held");
        }
        must(kill(pid_of(readers[0]), SIGKILL) == 0 && pvm_recv(-1, GONE) > 0, "a reader is killed");
        pvm_free(block);
        must(pvm_alloc(0) != NULL, "there is memory");
    }
    reader_count = 0;
}

/* The owner is killed while readers hold what it has sent, or have not looked at it: they read all of it. */
static int dying(void)
{
    size_t length = 5 * MIB;
    unsigned char *block = pvm_alloc(length);
    int parent = pvm_parent(), to[2];

    must(pvm_recv(parent, ORDER) > 0 && pvm_upkint(to, 2, 1) == PvmOk, "whom to send to");
    fill(block, 7, length);
    pvm_initsend(PvmDataInPlace);
    pvm_pkbyte((char *)block, (int)length, 1);
    pvm_mcast(to, 2, DATA);
    pvm_initsend(PvmDataDefault);
    pvm_send(parent, ANSWER);
    pvm_recv(parent, ORDER);
    return 0;
}

static void killed_owner(const char *file)
{
    char *args[] = { "dying", NULL };
    unsigned char *bytes = malloc(5 * MIB);
    int owner, to[2], bufid;

    for (int round = 0; round < 6; round++) {
        must(pvm_spawn(file, args, PvmTaskDefault, "", 1, &owner) == 1, "an owner starts");
        pvm_notify(PvmTaskExit, GONE, 1, &owner);
        to[0] = to[1] = pvm_mytid();
        pvm_initsend(PvmDataDefault);
        pvm_pkint(to, 2, 1);
        pvm_send(owner, ORDER);
        must(pvm_recv(owner, ANSWER) > 0, "it has sent");
        if (round % 2 == 0)
            must((bufid = pvm_recv(owner, DATA)) > 0, "it is received before the end");
        must(kill(pid_of(owner), SIGKILL) == 0, "the owner is killed");
        if (round % 2 == 0)
            pvm_setrbuf(0);
        must(pvm_recv(-1, GONE) > 0, "its end is told");
        if (round % 2 == 0)
            pvm_freebuf(pvm_setrbuf(bufid));
        else
            must(pvm_recv(owner, DATA) > 0, "or after it");
        must(pvm_upkbyte((char *)bytes, 5 * MIB, 1) == PvmOk && good(bytes, 7, 5 * MIB), "all of it is there");
        pvm_freebuf(pvm_getrbuf());
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
        int readers;
    } cases[] = {
        { "sizes", sizes, 1 },     { "no_copy", no_copy, 3 }, { "parts", parts, 2 },     { "once", once, 1 },
        { "used_up", used_up, 1 }, { "errors", errors, 0 },   { "leaving", leaving, 1 }, { "forking", forking, 0 },
    };

    if (argc == 2)
        return strcmp(argv[1], "dying") == 0 ? dying() : reader();
    must(argc == 3 && pvm_mytid() > 0, "usage: heap NAME FILE");
    if (strcmp(argv[1], "killed_readers") == 0)
        killed_readers(argv[2]);
    if (strcmp(argv[1], "killed_owner") == 0)
        killed_owner(argv[2]);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        if (cases[i].readers > 0)
            start(argv[2], cases[i].readers);
        cases[i].run();
    }
    printf("%s ok\n", argv[1]);
    end();
    return 0;
}
