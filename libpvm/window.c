/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/window.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "arena/handover.h"
#include "arena/wake.h"
#include "base/descriptor.h"
#include "base/env.h"
#include "base/log.h"
#include "libpvm/call.h"
#include "libpvm/progress.h"
#include "libpvm/request.h"
#include "libpvm/shared.h"
#include "libpvm/task.h"
#include "libpvm/team.h"

/* Offered and not yet opened. */
static struct {
    int fd;    /* 0: nothing */
    struct pvmi_msg_arena offer;
} offered;

static void offered_forget(void)
{
    if (offered.fd > 0)
        close(offered.fd);
    memset(&offered, 0, sizeof(offered));
}

void pvmi_window_offer(const struct pvmi_msg_arena *offer, int fd)
{
    offered_forget();
    if (fd >= 0)
        fd = pvmi_descriptor_move(fd);
    if (fd < 0)
        return;
    offered.fd = fd;
    offered.offer = *offer;
}

/* Takes fd, also on failure. */
static int open_window(int fd, uint32_t slot, uint64_t nonce)
{
    struct pvmi_arena *arena;
    int rc = pvmi_arena_open(fd, &arena);

    if (rc != PvmOk) {
        close(fd);
        return rc;
    }
    rc = pvmi_slot_claim(arena, slot, nonce, &pvmi_task.self_slot);
    if (rc != PvmOk) {
        pvmi_arena_close(arena);
        return rc;
    }
    pvmi_task.arena = arena;
    pvmi_wake_join(&pvmi_task.self_slot);
    return PvmOk;
}

/* ---- inherited ---- */

/* The process that was started, and not another one that has its environment: that one's end would not be seen. */
static bool is_started(void)
{
    return pvmi_env_number(PVMI_ENV_PVMEPID, 0) == (long)getpid();
}

int pvmi_window_inherit(int *ret_fd)
{
    const char *text = pvmi_env(PVMI_ENV_PVM_SLOT);
    struct pvmi_handover handover;
    int rc;

    if (text == NULL || !is_started() || pvmi_handover_read(text, &handover) != PvmOk ||
        pvmi_handover_take(&handover) != PvmOk)
        return PvmNotFound;
    rc = open_window(handover.arena.fd, handover.slot, handover.nonce);
    if (rc == PvmOk) {
        *ret_fd = handover.socket.fd;
        return PvmOk;
    }
    close(handover.socket.fd);
    pvmi_log(PVMI_LOG_INFO, "what this task was to inherit cannot be used (%s): it connects", pvmi_error_text(rc));
    return PvmNotFound;
}

/* ---- offered ---- */

/* A task that only its socket can wake. */
static void poke(void *user, uint32_t name)
{
    (void)user;
    pvmi_request_poke(pvmi_slot_tid(pvmi_task.arena, name));
}

int pvmi_window_open(void)
{
    if (offered.fd > 0) {
        int rc = open_window(offered.fd, offered.offer.slot, offered.offer.nonce);

        offered.fd = 0;
        if (rc != PvmOk)
            pvmi_log(PVMI_LOG_INFO, "no shared memory for this task (%s): its messages go by the daemon",
                     rc == PvmNotImpl || rc == PvmNoMem ? "it cannot be mapped" : pvmi_error_text(rc));
    }
    if (pvmi_task.arena != NULL && pvmi_shared_join(&pvmi_task.self_slot, poke) != PvmOk)
        return pvmi_call_fail(PvmNoMem, "no memory to read what others on this host send");
    return PvmOk;
}

void pvmi_window_close(void)
{
    offered_forget();
    if (pvmi_task.arena == NULL)
        return;
    pvmi_progress_leave_begin();
    pvmi_team_forget_all(false);
    pvmi_shared_leave();
    pvmi_wake_leave(&pvmi_task.self_slot);
    pvmi_arena_close(pvmi_task.arena);
    pvmi_task.arena = NULL;
    memset(&pvmi_task.self_slot, 0, sizeof(pvmi_task.self_slot));
    pvmi_call_rests = false;
    pvmi_progress_leave_done();
}

void pvmi_window_after_fork(void)
{
    offered_forget();
    pvmi_call_rests = false;
    pvmi_team_forget_all(true);
    pvmi_shared_after_fork();
    pvmi_arena_after_fork(pvmi_task.arena);
    pvmi_task.arena = NULL;
    memset(&pvmi_task.self_slot, 0, sizeof(pvmi_task.self_slot));
}
