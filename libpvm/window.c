/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/window.h"

#include <string.h>
#include <unistd.h>

#include "arena/wake.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "libpvm/task.h"

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

static int open_offered(void)
{
    struct pvmi_arena *arena;
    int rc = pvmi_arena_open(offered.fd, &arena);

    if (rc != PvmOk)
        return rc;
    offered.fd = 0;    /* it is the arena's */
    rc = pvmi_slot_claim(arena, offered.offer.slot, offered.offer.nonce, &pvmi_task.self_slot);
    if (rc != PvmOk) {
        pvmi_arena_close(arena);
        return rc;
    }
    pvmi_task.arena = arena;
    pvmi_wake_join(&pvmi_task.self_slot);
    return PvmOk;
}

void pvmi_window_open(void)
{
    int rc;

    if (offered.fd <= 0)
        return;
    rc = open_offered();
    if (rc != PvmOk)
        pvmi_log(PVMI_LOG_INFO, "no shared memory for this task (%s): its messages go by the daemon",
                 rc == PvmNotImpl || rc == PvmNoMem ? "it cannot be mapped" : pvmi_error_text(rc));
    offered_forget();
}

void pvmi_window_close(void)
{
    offered_forget();
    if (pvmi_task.arena == NULL)
        return;
    pvmi_wake_leave(&pvmi_task.self_slot);
    pvmi_arena_close(pvmi_task.arena);
    pvmi_task.arena = NULL;
    memset(&pvmi_task.self_slot, 0, sizeof(pvmi_task.self_slot));
}

void pvmi_window_after_fork(void)
{
    offered_forget();
    pvmi_arena_after_fork(pvmi_task.arena);
    pvmi_task.arena = NULL;
    memset(&pvmi_task.self_slot, 0, sizeof(pvmi_task.self_slot));
}
