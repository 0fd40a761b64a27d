/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/handover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/descriptor.h"
#include "base/error.h"

int pvmi_handover_make(int fd, uint32_t slot, uint64_t nonce, struct pvmi_handover *ret_handover)
{
    struct stat64 status;

    if (fstat64(fd, &status) != 0)
        return PvmSysErr;
    ret_handover->fd = fd;
    ret_handover->device = status.st_dev;
    ret_handover->inode = status.st_ino;
    ret_handover->slot = slot;
    ret_handover->nonce = nonce;
    return PvmOk;
}

void pvmi_handover_write(const struct pvmi_handover *handover, char text[PVMI_HANDOVER_TEXT])
{
    snprintf(text, PVMI_HANDOVER_TEXT, "%x:%" PRIx64 ":%" PRIx64 ":%x:%" PRIx64, (unsigned)handover->fd,
             handover->device, handover->inode, (unsigned)handover->slot, handover->nonce);
}

/* The next number and the sign behind it. */
static int read_number(const char **text, char end, uint64_t max, uint64_t *ret_number)
{
    char first = **text;
    char *behind;

    if (!((first >= '0' && first <= '9') || (first >= 'a' && first <= 'f')))
        return PvmBadParam;
    *ret_number = strtoull(*text, &behind, 16);
    if (*behind != end || *ret_number > max)
        return PvmBadParam;
    *text = behind + (end != '\0');
    return PvmOk;
}

int pvmi_handover_read(const char *text, struct pvmi_handover *ret_handover)
{
    uint64_t fd, device, inode, slot, nonce;

    if (read_number(&text, ':', INT_MAX, &fd) != PvmOk || read_number(&text, ':', UINT64_MAX, &device) != PvmOk ||
        read_number(&text, ':', UINT64_MAX, &inode) != PvmOk || read_number(&text, ':', UINT32_MAX, &slot) != PvmOk ||
        read_number(&text, '\0', UINT64_MAX, &nonce) != PvmOk)
        return PvmBadParam;
    *ret_handover = (struct pvmi_handover){ (int)fd, device, inode, (uint32_t)slot, nonce };
    return PvmOk;
}

int pvmi_handover_take(struct pvmi_handover *handover)
{
    struct stat64 status;
    int fd;

    if (fstat64(handover->fd, &status) != 0 || (uint64_t)status.st_dev != handover->device ||
        (uint64_t)status.st_ino != handover->inode || !S_ISREG(status.st_mode))
        return PvmNotFound;
    fcntl(handover->fd, F_SETFD, FD_CLOEXEC);
    fd = pvmi_descriptor_move(handover->fd);
    if (fd < 0)
        return PvmNotFound;
    handover->fd = fd;
    return PvmOk;
}
