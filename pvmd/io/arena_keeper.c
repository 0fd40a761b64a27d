/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/arena_keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena/budget.h"
#include "arena/heal.h"
#include "arena/heap.h"
#include "arena/wake.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/table.h"
#include "pvmd/io/keeper_link.h"
#include "pvmd/io/links.h"
#include "pvmd/io/watch.h"

#define ARENA_SWEEP_MIN_MS 5       /* after a death: deaths come in crowds */
#define ARENA_SWEEP_MAX_MS 2000    /* while somebody keeps what a dead task has sent */
#define ARENA_CLAIM_TRIES 12        /* so many sweeps, some seconds, between two stores of a task */
#define ARENA_LOG_KEY 0x6172656e61u    /* of pvmi_log_allow() */

/* A task that has a slot. */
struct tenant {
    struct pvmi_list node;    /* in leaving, when it is no task any more and its slot not yet dead */
    int32_t tid;
    uint32_t slot;
    uint64_t link;            /* 0: none yet */
    bool said;
    int tries;                /* to bury it */
};

struct arena_keeper {
    struct io *io;
    struct pvmi_arena *arena;       /* NULL: none */
    struct pvmi_self self;          /* slot 0 */
    struct pvmi_heap heap;          /* of slot 0 */
    bool inherited;                 /* tasks inherit it: the pvmd-keeper has the descriptor */
    struct pvmi_table by_tid;       /* struct tenant */
    struct pvmi_table by_slot;
    struct pvmi_list leaving;
    struct alarm *sweep;
    uint64_t sweep_ms;              /* until the next one */
};

static void arena_keeper_on_sweep(void *owner);

/* ---- the arena ---- */

/* A number of bytes with K, M or G. False when it is none. */
static bool bytes_parse(const char *text, uint64_t *ret_bytes)
{
    static const char units[] = "KMG";
    char *end;
    const char *unit;

    errno = 0;
    *ret_bytes = strtoull(text, &end, 10);
    if (errno != 0 || end == text || text[0] == '-')
        return false;
    unit = *end == '\0' ? NULL : strchr(units, *end & ~0x20);
    if (*end != '\0' && (unit == NULL || end[1] != '\0'))
        return false;
    if (unit != NULL)
        *ret_bytes <<= 10 * (unit - units + 1);
    return true;
}

/* Pages of the budget: 0 as many as suit. False when the user wants no arena. */
static bool pages_wanted(uint32_t *ret_pages)
{
    const char *text = pvmi_env(PVMI_ENV_PVM_ARENA);
    uint64_t bytes = 0;

    *ret_pages = 0;
    if (text == NULL)
        return true;
    if (!bytes_parse(text, &bytes)) {
        pvmi_log(PVMI_LOG_WARN, "PVM_ARENA=%s is no number of bytes, with K, M or G: it is left aside", text);
        return true;
    }
    if (bytes / PVMI_ARENA_PAGE > INT32_MAX)
        bytes = (uint64_t)INT32_MAX * PVMI_ARENA_PAGE;
    *ret_pages = (uint32_t)(bytes / PVMI_ARENA_PAGE);
    return *ret_pages > 0;
}

static int arena_make(struct arena_keeper *keeper, uint32_t pages)
{
    int rc;

    errno = 0;
    rc = pvmi_arena_create(pages, keeper->io->own.incarnation, &keeper->arena);
    if (rc == PvmOk)
        rc = pvmi_slot_daemon(keeper->arena, &keeper->self);
    if (rc == PvmOk)
        pvmi_wake_probe(&keeper->self);
    keeper->self.fence = true;    /* we wake with a fence each time, and so need no membarrier of others */
    if (rc == PvmOk)
        rc = pvmi_heap_init(&keeper->heap, &keeper->self);
    if (rc != PvmOk) {
        pvmi_arena_close(keeper->arena);
        keeper->arena = NULL;
        return rc;
    }
    return PvmOk;
}

static void arena_begin(struct arena_keeper *keeper)
{
    uint32_t pages;
    int rc;

    if (!pages_wanted(&pages)) {
        pvmi_log(PVMI_LOG_INFO, "PVM_ARENA=0: no shared memory, messages between tasks of this host go by this daemon");
        return;
    }
    rc = arena_make(keeper, pages);
    if (rc == PvmOk)
        pvmi_log(PVMI_LOG_DEBUG, "shared memory: %u slots, at most %u MiB", keeper->arena->slots,
                 keeper->arena->header->pages_total / 256);
    else
        pvmi_log(PVMI_LOG_WARN, "no shared memory (%s%s%s): messages between tasks of this host go by this daemon",
                 rc == PvmNoMem ? "too little memory" : "memfd_create and mapping it",
                 rc == PvmNoMem || errno == 0 ? "" : ": ", rc == PvmNoMem || errno == 0 ? "" : strerror(errno));
}

struct arena_keeper *arena_keeper_new(struct io *io)
{
    struct arena_keeper *keeper = pvmi_calloc(1, sizeof(*keeper));

    if (keeper == NULL)
        return NULL;
    keeper->io = io;
    keeper->sweep = alarm_new(io->loop, arena_keeper_on_sweep, keeper);
    if (keeper->sweep == NULL) {
        pvmi_free(keeper);
        return NULL;
    }
    pvmi_table_init(&keeper->by_tid);
    pvmi_table_init(&keeper->by_slot);
    pvmi_list_init(&keeper->leaving);
    arena_begin(keeper);
    return keeper;
}

void arena_keeper_free(struct arena_keeper *keeper)
{
    struct tenant *tenant;
    struct pvmi_list *node;
    uint32_t cursor = 0;

    if (keeper == NULL)
        return;
    while ((tenant = pvmi_table_next(&keeper->by_tid, &cursor, NULL)) != NULL)
        pvmi_free(tenant);
    while ((node = pvmi_list_pop(&keeper->leaving)) != NULL)
        pvmi_free(PVMI_CONTAINER(node, struct tenant, node));
    pvmi_table_fini(&keeper->by_tid);
    pvmi_table_fini(&keeper->by_slot);
    alarm_free(keeper->sweep);
    if (keeper->arena != NULL)
        pvmi_heap_fini(&keeper->heap);
    pvmi_arena_close(keeper->arena);
    pvmi_free(keeper);
}

/* ---- tasks that come ---- */

static void tenant_out(struct arena_keeper *keeper, struct tenant *tenant)
{
    pvmi_table_remove(&keeper->by_tid, (uint32_t)tenant->tid);
    pvmi_table_remove(&keeper->by_slot, tenant->slot);
}

/* The task tid with a slot of its own. PvmOk, PvmOutOfRes, PvmNoMem. */
static int tenant_new(struct arena_keeper *keeper, int32_t tid, uint64_t nonce, struct tenant **ret_tenant)
{
    struct tenant *tenant = pvmi_calloc(1, sizeof(*tenant));
    int rc = tenant == NULL ? PvmNoMem : pvmi_slot_reserve(keeper->arena, tid, nonce, &tenant->slot);

    if (rc != PvmOk) {
        pvmi_free(tenant);
        return rc;
    }
    tenant->tid = tid;
    pvmi_list_init(&tenant->node);
    if (pvmi_table_set(&keeper->by_tid, (uint32_t)tid, tenant) == PvmOk &&
        pvmi_table_set(&keeper->by_slot, tenant->slot, tenant) == PvmOk) {
        *ret_tenant = tenant;
        return PvmOk;
    }
    tenant_out(keeper, tenant);
    pvmi_heal_dead(&keeper->self, tenant->slot, NULL, NULL);    /* nobody has heard of it: wakes nobody */
    pvmi_heal_sweep(&keeper->self);
    pvmi_free(tenant);
    return PvmNoMem;
}

static void tenant_refused(const struct arena_keeper *keeper, int32_t tid, int rc)
{
    if (pvmi_log_allow(ARENA_LOG_KEY, pvmi_clock_ms()))
        pvmi_log(PVMI_LOG_WARN, "no shared memory for t%x (%s): its messages go by this daemon", (unsigned)tid,
                 rc == PvmOutOfRes   ? "all slots are taken"
                 : rc != PvmNoMem    ? "the descriptor could not be passed on"
                 : keeper->arena->header->pages_total == 0 ? "no memory"
                                                           : "its budget is used up, or no memory");
}

/* Tells who is at the other end of link where its slot is, and gives it the descriptor. */
static bool tenant_tell(const struct arena_keeper *keeper, const struct tenant *tenant, uint64_t nonce)
{
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_CONTROL, .format = (uint8_t)pvmi_format_own() };
    struct pvmi_msg_arena offer = { .slot = tenant->slot, .nonce = nonce };
    uint8_t room[PVMI_FRAME_HEADER_SIZE] = { 0 };
    struct pvmi_buffer out;
    bool sent = false;

    pvmi_buffer_init(&out, PVMI_FRAME_CONTROL_MAX);
    if (pvmi_buffer_append(&out, room, sizeof(room)) == PvmOk &&
        pvmi_control_encode(PVMI_MSG_arena, &offer, &out) == PvmOk) {
        header.length = (uint32_t)(out.length - sizeof(room));
        header.message_length = header.length;
        pvmi_frame_header_encode(&header, out.data);
        sent = links_pass(keeper->io, tenant->link, out.data, out.length, keeper->arena->fd);
    }
    pvmi_buffer_fini(&out);
    return sent;
}

/* Who has claimed its slot; 0 nobody, or that is just happening. */
static int32_t tenant_pid(const struct arena_keeper *keeper, const struct tenant *tenant)
{
    const struct pvmi_slot_page *control = pvmi_arena_control(keeper->arena, tenant->slot);

    return control == NULL ? 0 : atomic_load(&control->pid);
}

/* NULL, and that is logged, when there is none to be had. */
static struct tenant *tenant_make(struct arena_keeper *keeper, int32_t tid, uint64_t *ret_nonce)
{
    struct tenant *tenant;
    int rc;

    if (pvmi_random_bytes(ret_nonce, sizeof(*ret_nonce)) != PvmOk)
        *ret_nonce = (uint64_t)tid;    /* it keeps programs apart that know of each other; it is no secret */
    rc = tenant_new(keeper, tid, *ret_nonce, &tenant);
    if (rc == PvmOk)
        return tenant;
    tenant_refused(keeper, tid, rc);
    return NULL;
}

void arena_keeper_start(struct io *io)
{
    struct arena_keeper *keeper = io->arena_keeper;

    if (keeper->arena != NULL && keeper_link_pass_arena(io, keeper->arena->fd, keeper->arena->slots) == PvmOk)
        keeper->inherited = true;
}

bool arena_keeper_reserve(struct io *io, int32_t tid, uint32_t *ret_slot, uint64_t *ret_nonce)
{
    struct arena_keeper *keeper = io->arena_keeper;
    struct tenant *tenant = keeper->inherited ? tenant_make(keeper, tid, ret_nonce) : NULL;

    if (tenant == NULL)
        return false;
    *ret_slot = tenant->slot;
    return true;
}

void arena_keeper_linked(struct io *io, int32_t tid, uint64_t link)
{
    struct tenant *tenant = pvmi_table_get(&io->arena_keeper->by_tid, (uint32_t)tid);

    if (tenant == NULL)
        return;
    tenant->link = link;
    links_set_slot(io, link, tenant->slot);
}

bool arena_keeper_revoke(struct io *io, int32_t tid, int32_t pid)
{
    struct arena_keeper *keeper = io->arena_keeper;
    const struct tenant *tenant = pvmi_table_get(&keeper->by_tid, (uint32_t)tid);

    if (tenant == NULL)
        return true;
    if (!pvmi_slot_revoke(keeper->arena, tenant->slot) && tenant_pid(keeper, tenant) != pid)
        return false;
    arena_keeper_gone(io, tid, true);
    return true;
}

void arena_keeper_admit(struct io *io, uint64_t link, int32_t tid)
{
    struct arena_keeper *keeper = io->arena_keeper;
    struct tenant *tenant;
    uint64_t nonce;

    if (keeper->arena == NULL)
        return;
    tenant = tenant_make(keeper, tid, &nonce);
    if (tenant == NULL)
        return;
    tenant->link = link;
    if (!tenant_tell(keeper, tenant, nonce)) {
        tenant_refused(keeper, tid, PvmSysErr);
        arena_keeper_gone(io, tid, true);
        return;
    }
    links_set_slot(io, link, tenant->slot);
}

void arena_keeper_mail(struct io *io, uint32_t slot, uint32_t *woken)
{
    const struct arena_keeper *keeper = io->arena_keeper;

    if (keeper != NULL && keeper->arena != NULL)
        pvmi_wake_mail(&keeper->self, slot, woken);
}

/* ---- tasks that go ---- */

/*
 * Whether the process can store nothing any more. Its socket was closed before we came here: when that was its end, its
 * memory had gone by then, which /proc shows as a size of 0 also while its parent has not waited for it.
 */
static bool process_gone(int32_t pid)
{
    char path[64];
    char size[2];
    FILE *file;
    bool gone = true;

    if (pid <= 0)
        return true;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
    if (fread(size, 1, sizeof(size), file) == sizeof(size))
        gone = size[0] == '0' && size[1] == ' ';
    fclose(file);
    return gone;
}

static void tenant_poke(void *user, uint32_t slot)
{
    struct arena_keeper *keeper = user;
    const struct tenant *tenant = pvmi_table_get(&keeper->by_slot, slot);
    struct pvmi_frame_header ping = { .kind = PVMI_FRAME_PING };

    if (tenant != NULL && tenant->link != 0)
        links_send(keeper->io, tenant->link, pvmi_frame_new(&ping, NULL, 0, 0));
}

/* Whether nobody stores anything there any more: it was never claimed, or who has claimed it has gone. */
static bool tenant_quiet(struct arena_keeper *keeper, struct tenant *tenant)
{
    int32_t pid;

    if (tenant->said || pvmi_slot_revoke(keeper->arena, tenant->slot))
        return true;
    pid = tenant_pid(keeper, tenant);
    if (pid == 0)    /* it claims just now, or was killed when it did */
        return ++tenant->tries > ARENA_CLAIM_TRIES;
    return process_gone(pid);
}

/* Its slot is dead from now on: true. False: not yet, try again. */
static bool tenant_bury(struct arena_keeper *keeper, struct tenant *tenant)
{
    return tenant_quiet(keeper, tenant) &&
           pvmi_heal_dead(&keeper->self, tenant->slot, tenant_poke, keeper) == PvmOk;
}

static void arena_keeper_sweep_soon(struct arena_keeper *keeper)
{
    keeper->sweep_ms = ARENA_SWEEP_MIN_MS;
    alarm_set(keeper->sweep, keeper->sweep_ms);
}

void arena_keeper_gone(struct io *io, int32_t tid, bool said)
{
    struct arena_keeper *keeper = io->arena_keeper;
    struct tenant *tenant = pvmi_table_get(&keeper->by_tid, (uint32_t)tid);

    if (tenant == NULL)
        return;
    tenant_out(keeper, tenant);
    if (tenant->link != 0)
        links_set_slot(io, tenant->link, 0);
    tenant->said = said;
    if (tenant_bury(keeper, tenant))
        pvmi_free(tenant);
    else
        pvmi_list_push(&keeper->leaving, &tenant->node);
    arena_keeper_sweep_soon(keeper);
}

static void arena_keeper_on_sweep(void *owner)
{
    struct arena_keeper *keeper = owner;
    uint32_t left;

    PVMI_LIST_EACH(node, &keeper->leaving) {
        struct tenant *tenant = PVMI_CONTAINER(node, struct tenant, node);

        if (!tenant_bury(keeper, tenant))
            continue;
        pvmi_list_remove(&tenant->node);
        pvmi_free(tenant);
    }
    left = pvmi_heal_sweep(&keeper->self);
    pvmi_heal_recount(keeper->arena);
    if (left == 0 && pvmi_list_empty(&keeper->leaving))
        return;
    keeper->sweep_ms = keeper->sweep_ms * 2 < ARENA_SWEEP_MAX_MS ? keeper->sweep_ms * 2 : ARENA_SWEEP_MAX_MS;
    alarm_set(keeper->sweep, keeper->sweep_ms);
}

/* ---- for teams ---- */

struct pvmi_heap *arena_keeper_heap(struct io *io)
{
    return io->arena_keeper->arena != NULL ? &io->arena_keeper->heap : NULL;
}

uint32_t arena_keeper_name(struct io *io, int32_t tid)
{
    const struct arena_keeper *keeper = io->arena_keeper;
    const struct tenant *tenant = pvmi_table_get(&keeper->by_tid, (uint32_t)tid);
    uint32_t word = tenant == NULL ? 0 : atomic_load(&keeper->arena->life[tenant->slot]);

    return pvmi_life_of(word) == PVMI_LIFE_ALIVE ? pvmi_name(tenant->slot, pvmi_life_generation(word)) : 0;
}

void arena_keeper_poke(void *io, uint32_t slot)
{
    tenant_poke(((struct io *)io)->arena_keeper, slot);
}
