/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of all sizes between tasks of one host: the first argument is a seed.
 *
 *   stress SEED            spawns tasks that all send to each other, by all ways that there are: packed in each encoding,
 *                          pvm_psend, pvm_mcast, some through the daemons (PvmDontRoute), forwarded without a look; they
 *                          receive by source, tag, or any. Each message bears its number and bytes that follow from it.
 *   stress SEED kills      spawns senders one after the other, kills each in the middle of its stream (SIGKILL): what it had
 *                          sent comes in order and without a gap, then the notice, then nothing more.
 *   stress SEED budget     sends to a task that does not read until there is no memory left: what was sent before comes, and
 *                          as much can be sent again when it was read.
 *   stress SEED tokens     few tokens go round among many tasks, each to any of them: nearly every receive sleeps, and a wake-up
 *                          that is lost stops a token until the task looks after its daemon.
 */
#include <pvm3.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TASKS 5
#define MESSAGES 400      /* of each task */
#define TAGS 3
#define TAG_PEERS 90
#define TAG_COUNTS 91
#define TAG_DONE 92
#define TAG_STREAM 93
#define TAG_EXIT 94
#define TAG_TOKEN 95
#define SIZE_MAX_BYTES (300 * 1024)
#define VICTIMS 12
#define HOLDERS 10
#define TOKENS 3
#define HOPS 4000         /* of each token */
#define PATIENCE_US 2000

enum { FROM, NUMBER, SIZE, SUM, HEAD };

static uint64_t state;
static uint8_t bytes[SIZE_MAX_BYTES], got[SIZE_MAX_BYTES];
static int peers[TASKS], me, my_index;
static int sent[TASKS], sent_tag[TASKS][TAGS];
static int received[TASKS], received_tag[TASKS][TAGS], last[TASKS][TAGS];

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static void fail(const char *what, int value)
{
    printf("t%x: %s (%d)\n", me, what, value);
    fflush(stdout);
    pvm_exit();
    exit(1);
}

static void must(int good, const char *what, int value)
{
    if (!good)
        fail(what, value);
}

/* Small ones most often; those that fit no record, and whole blocks, often enough. */
static int random_size(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return (int)below(SIZE_MAX_BYTES);
    case 2:
        return (int)below(20000);
    case 3:
        return 1300 + (int)below(200);
    default:
        return (int)below(100);
    }
}

static int sum_of(const uint8_t *data, int size, int number)
{
    uint32_t sum = (uint32_t)number;

    for (int i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    return (int)(sum & 0x7fffffff);
}

/* Where they can be packed from in place: memory of pvm_alloc() is freed for the next, whoever has not read it yet. */
static uint8_t *place_for(int size, int encoding)
{
    static uint8_t *lent;

    if (encoding != PvmDataInPlace || size % 2 == 0)
        return bytes;
    pvm_free(lent);
    lent = pvm_alloc((size_t)size);
    must(lent != NULL, "pvm_alloc", size);
    return lent;
}

/* The body is 4 ints and size bytes; in a raw message, too. */
static void pack(int number, int size, int encoding)
{
    static int head[HEAD];
    uint8_t *place = place_for(size, encoding);

    for (int i = 0; i < size; i++)
        place[i] = (uint8_t)(number * 7 + i + (i >> 8));
    head[FROM] = my_index;
    head[NUMBER] = number;
    head[SIZE] = size;
    head[SUM] = sum_of(place, size, number);
    must(pvm_initsend(encoding) > 0, "pvm_initsend", encoding);
    must(pvm_pkint(head, HEAD, 1) == PvmOk, "pvm_pkint", 0);
    must(size == 0 || pvm_pkbyte((char *)place, size, 1) == PvmOk, "pvm_pkbyte", size);
}

static int random_encoding(void)
{
    static const int encodings[] = { PvmDataDefault, PvmDataDefault, PvmDataRaw, PvmDataInPlace };

    return encodings[below(4)];
}

static void count(int to, int tag)
{
    sent[to]++;
    sent_tag[to][tag]++;
}

static void send_one(void)
{
    int to = (int)below(TASKS);
    int tag = (int)below(TAGS);
    int rc;

    pvm_setopt(PvmRoute, below(10) == 0 ? PvmDontRoute : PvmAllowDirect);
    pack(sent_tag[to][tag], random_size(), random_encoding());
    rc = pvm_send(peers[to], tag);
    must(rc == PvmOk, "pvm_send", rc);
    count(to, tag);
}

/* A number for all: that of messages which say so by a size of -1 is not looked at. */
static void send_to_all(void)
{
    int others[TASKS], n = 0, tag = (int)below(TAGS);
    int number = 1000000, rc;

    for (int i = 0; i < TASKS; i++) {
        if (i != my_index)
            others[n++] = peers[i];
    }
    pack(number, random_size(), random_encoding());
    rc = pvm_mcast(others, n, tag);
    must(rc == PvmOk, "pvm_mcast", rc);
    for (int i = 0; i < TASKS; i++) {
        if (i != my_index)
            sent[i]++;
    }
}

/* Whatever is active: its head, and all of it checked. Returns the sender's index. */
static int check_body(int tag)
{
    int head[HEAD];

    must(pvm_upkint(head, HEAD, 1) == PvmOk, "pvm_upkint", tag);
    must(head[FROM] >= 0 && head[FROM] < TASKS && head[SIZE] >= 0 && head[SIZE] < SIZE_MAX_BYTES, "a head", head[FROM]);
    must(head[SIZE] == 0 || pvm_upkbyte((char *)got, head[SIZE], 1) == PvmOk, "pvm_upkbyte", head[SIZE]);
    must(sum_of(got, head[SIZE], head[NUMBER]) == head[SUM], "the bytes are what was sent", head[SIZE]);
    if (head[NUMBER] < 1000000) {
        must(head[NUMBER] == last[head[FROM]][tag], "the next number of its source and tag", head[NUMBER]);
        last[head[FROM]][tag]++;
    }
    return head[FROM];
}

static int receive_one(int wait)
{
    int tid = below(2) == 0 ? -1 : peers[below(TASKS)];
    int tag = below(2) == 0 ? -1 : (int)below(TAGS);
    int id, source, length;

    if (wait)    /* for what must come */
        tid = tag = -1;
    id = wait ? pvm_recv(tid, tag) : pvm_nrecv(tid, tag);
    must(id >= 0, "receive", id);
    if (id == 0)
        return 0;
    must(pvm_bufinfo(id, &length, &tag, &source) == PvmOk, "pvm_bufinfo", id);
    if (tag == TAG_COUNTS) {
        int index, promised;

        pvm_upkint(&index, 1, 1);
        pvm_upkint(&promised, 1, 1);
        received_tag[index][0] = promised;
        received_tag[index][1] = 1;
        return 1;
    }
    must(tag >= 0 && tag < TAGS, "a tag", tag);
    received[check_body(tag)]++;
    return 1;
}

static int all_there(void)
{
    for (int i = 0; i < TASKS; i++) {
        if (received_tag[i][1] == 0 || received[i] < received_tag[i][0])
            return 0;
    }
    return 1;
}

static void run_worker(int parent)
{
    pvm_recv(parent, TAG_PEERS);
    pvm_upkint(peers, TASKS, 1);
    pvm_upkint(&my_index, 1, 1);
    pvm_upkint((int *)&state, 1, 1);
    state = state * 977 + (uint64_t)my_index;
    for (int i = 0; i < MESSAGES; i++) {
        if (below(12) == 0)
            send_to_all();
        else
            send_one();
        for (uint32_t n = below(4); n > 0; n--)
            receive_one(0);
    }
    for (int i = 0; i < TASKS; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&my_index, 1, 1);
        pvm_pkint(&sent[i], 1, 1);
        pvm_send(peers[i], TAG_COUNTS);
    }
    while (!all_there())
        receive_one(1);
    must(pvm_probe(-1, -1) == 0, "nothing is left", pvm_probe(-1, -1));
    for (int i = 0; i < TASKS; i++)
        must(received[i] == received_tag[i][0], "so many as were sent", received[i]);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&my_index, 1, 1);
    pvm_send(parent, TAG_DONE);
}

static int run_master(int seed)
{
    int done;

    must(pvm_spawn("stress", (char *[]){ "-", NULL }, PvmTaskDefault, "", TASKS, peers) == TASKS, "pvm_spawn", peers[0]);
    pvm_notify(PvmTaskExit, TAG_EXIT, TASKS, peers);
    for (int i = 0; i < TASKS; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(peers, TASKS, 1);
        pvm_pkint(&i, 1, 1);
        pvm_pkint(&seed, 1, 1);
        pvm_send(peers[i], TAG_PEERS);
    }
    for (done = 0; done < TASKS; done++) {
        int id = pvm_recv(-1, -1), tag;

        pvm_bufinfo(id, NULL, &tag, NULL);
        if (tag == TAG_EXIT) {    /* of one that had no time to say so, or was done */
            done--;
            if (++my_index > TASKS)
                break;
        }
    }
    printf("%d of %d\n", done, TASKS);
    return done == TASKS ? 0 : 1;
}

/* ---- killed senders ---- */

static void run_victim(int parent)
{
    state = (uint64_t)me;
    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &parent);
    for (int number = 0; pvm_nrecv(-1, TAG_EXIT) == 0; number++) {
        pack(number, random_size(), PvmDataDefault);
        pvm_send(parent, TAG_STREAM);
    }
}

static void one_victim(int turn)
{
    int victim, next = 0, tag = 0, stop = 20 + (int)below(60);

    must(pvm_spawn("stress", (char *[]){ "victim", NULL }, PvmTaskDefault, "", 1, &victim) == 1, "pvm_spawn", victim);
    pvm_notify(PvmTaskExit, TAG_EXIT, 1, &victim);
    while (tag != TAG_EXIT) {
        int id = pvm_recv(-1, -1), head[HEAD];

        must(id > 0 && pvm_bufinfo(id, NULL, &tag, NULL) == PvmOk, "pvm_recv", id);
        if (tag != TAG_STREAM)
            continue;
        must(pvm_upkint(head, HEAD, 1) == PvmOk && head[NUMBER] == next, "the next number of the stream", head[NUMBER]);
        must(head[SIZE] == 0 || pvm_upkbyte((char *)got, head[SIZE], 1) == PvmOk, "pvm_upkbyte", head[SIZE]);
        must(sum_of(got, head[SIZE], head[NUMBER]) == head[SUM], "the bytes are what was sent", head[SIZE]);
        if (++next == stop)
            must(pvm_sendsig(victim, SIGKILL) == PvmOk, "pvm_sendsig", turn);
    }
    must(next >= stop, "all that was read before the end", next);
    must(pvm_nrecv(-1, TAG_STREAM) == 0, "nothing comes behind the notice", turn);
}

/* ---- no memory ---- */

/* Reads as many as it is told of. */
static void run_reader(int parent)
{
    for (int turns = 0; turns < 3; turns++) {
        int messages, head[HEAD];

        pvm_recv(parent, TAG_COUNTS);
        pvm_upkint(&messages, 1, 1);
        for (int next = 0; next < messages; next++) {
            pvm_recv(parent, TAG_STREAM);
            must(pvm_upkint(head, HEAD, 1) == PvmOk && head[NUMBER] == next, "the next number", head[NUMBER]);
            must(pvm_upkbyte((char *)got, head[SIZE], 1) == PvmOk, "pvm_upkbyte", head[SIZE]);
            must(sum_of(got, head[SIZE], next) == head[SUM], "the bytes are what was sent", next);
        }
        pvm_initsend(PvmDataDefault);
        pvm_send(parent, TAG_DONE);
    }
}

static void fill_budget(void)
{
    int reader, messages, rc = PvmOk;

    pvm_setopt(PvmAutoErr, 0);
    must(pvm_spawn("stress", (char *[]){ "reader", NULL }, PvmTaskDefault, "", 1, &reader) == 1, "pvm_spawn", reader);
    for (int turns = 0; turns < 3; turns++) {
        for (messages = 0; messages < 2000; messages++) {
            pack(messages, SIZE_MAX_BYTES - 1 - messages % 100, messages % 2 == 0 ? PvmDataDefault : PvmDataInPlace);
            rc = pvm_send(reader, TAG_STREAM);
            if (rc != PvmOk)
                break;
        }
        must(rc == PvmNoMem, "there is no memory left", rc);
        must(messages > 50, "so many have found some", messages);
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&messages, 1, 1);
        must(pvm_send(reader, TAG_COUNTS) == PvmOk, "a short message finds some", turns);
        pvm_recv(reader, TAG_DONE);
    }
    printf("%d turns\n", 3);
}

/* ---- tokens ---- */

/* In all ways of waiting: without end, for a moment, and not at all. */
static int receive_token(void)
{
    struct timeval patience = { 0, (int)below(PATIENCE_US) };
    int id = 0;

    switch (below(4)) {
    case 0:
        while ((id = pvm_trecv(-1, -1, &patience)) == 0)
            ;
        return id;
    case 1:
        for (int looks = (int)below(100); id == 0 && looks > 0; looks--)
            id = pvm_nrecv(-1, -1);
    }
    return id != 0 ? id : pvm_recv(-1, -1);
}

/* A sender may come at any moment of a receiver's going to sleep. */
static void compute(void)
{
    volatile uint32_t work = below(5000);

    while (work > 0)
        work--;
}

static void run_holder(int parent)
{
    int holders[HOLDERS], hops, tag;

    pvm_recv(parent, TAG_PEERS);
    pvm_upkint(holders, HOLDERS, 1);
    pvm_notify(PvmTaskExit, TAG_DONE, 1, &parent);
    state = (uint64_t)me;
    for (;;) {
        int id = receive_token();

        must(id > 0 && pvm_bufinfo(id, NULL, &tag, NULL) == PvmOk, "a token comes", id);
        if (tag == TAG_DONE)
            return;
        must(pvm_upkint(&hops, 1, 1) == PvmOk, "pvm_upkint", tag);
        hops--;
        compute();
        pvm_setopt(PvmRoute, below(50) == 0 ? PvmDontRoute : PvmAllowDirect);
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&hops, 1, 1);
        must(pvm_send(hops == 0 ? parent : holders[below(HOLDERS)], TAG_TOKEN) == PvmOk, "pvm_send", hops);
    }
}

static void pass_tokens(void)
{
    int holders[HOLDERS], hops = HOPS, id, tag;

    must(pvm_spawn("stress", (char *[]){ "holder", NULL }, PvmTaskDefault, "", HOLDERS, holders) == HOLDERS, "pvm_spawn",
         holders[0]);
    pvm_notify(PvmTaskExit, TAG_EXIT, HOLDERS, holders);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(holders, HOLDERS, 1);
    pvm_mcast(holders, HOLDERS, TAG_PEERS);
    for (int i = 0; i < TOKENS; i++) {
        pvm_initsend(PvmDataDefault);
        pvm_pkint(&hops, 1, 1);
        must(pvm_send(holders[below(HOLDERS)], TAG_TOKEN) == PvmOk, "pvm_send", i);
    }
    for (int i = 0; i < TOKENS; i++) {
        id = pvm_recv(-1, -1);
        must(id > 0 && pvm_bufinfo(id, NULL, &tag, NULL) == PvmOk && tag == TAG_TOKEN, "a token comes back", tag);
        must(pvm_upkint(&hops, 1, 1) == PvmOk && hops == 0, "it has gone its way", hops);
    }
    pvm_initsend(PvmDataDefault);
    pvm_mcast(holders, HOLDERS, TAG_DONE);
    for (int i = 0; i < HOLDERS; i++)
        must(pvm_recv(-1, TAG_EXIT) > 0, "a holder ends", i);
    printf("%d tokens\n", TOKENS);
}

int main(int argc, char **argv)
{
    int parent;

    me = pvm_mytid();
    parent = pvm_parent();
    if (me < 0 || argc < 2)
        return 2;
    if (parent > 0) {
        if (strcmp(argv[1], "victim") == 0)
            run_victim(parent);
        else if (strcmp(argv[1], "reader") == 0)
            run_reader(parent);
        else if (strcmp(argv[1], "holder") == 0)
            run_holder(parent);
        else
            run_worker(parent);
        pvm_exit();
        return 0;
    }
    state = (uint64_t)atoi(argv[1]);
    if (argc > 2 && strcmp(argv[2], "budget") == 0) {
        fill_budget();
        pvm_exit();
        return 0;
    }
    if (argc > 2 && strcmp(argv[2], "tokens") == 0) {
        pass_tokens();
        pvm_exit();
        return 0;
    }
    if (argc > 2) {
        for (int turn = 0; turn < VICTIMS; turn++)
            one_victim(turn);
        printf("%d victims\n", VICTIMS);
        pvm_exit();
        return 0;
    }
    int rc = run_master(atoi(argv[1]));
    pvm_exit();
    return rc;
}
