/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena/handover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"

int pvmi_handover_describe(int fd, struct pvmi_handover_file *ret_file)
{
    struct stat64 status;

    if (fstat64(fd, &status) != 0)
        return PvmSysErr;
    *ret_file = (struct pvmi_handover_file){ fd, status.st_dev, status.st_ino };
    return PvmOk;
}

void pvmi_handover_write(const struct pvmi_handover *handover, char text[PVMI_HANDOVER_TEXT])
{
    snprintf(text, PVMI_HANDOVER_TEXT, "%x:%" PRIx64 ":%" PRIx64 ":%x:%" PRIx64 ":%" PRIx64 ":%x:%" PRIx64,
             (unsigned)handover->arena.fd, handover->arena.device, handover->arena.inode,
             (unsigned)handover->socket.fd, handover->socket.device, handover->socket.inode,
             (unsigned)handover->slot, handover->nonce);
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

static int read_file(const char **text, struct pvmi_handover_file *ret_file)
{
    uint64_t fd;

    if (read_number(text, ':', INT_MAX, &fd) != PvmOk || read_number(text, ':', UINT64_MAX, &ret_file->device) != PvmOk)
        return PvmBadParam;
    ret_file->fd = (int)fd;
    return read_number(text, ':', UINT64_MAX, &ret_file->inode);
}

int pvmi_handover_read(const char *text, struct pvmi_handover *ret_handover)
{
    uint64_t slot;

    if (read_file(&text, &ret_handover->arena) != PvmOk || read_file(&text, &ret_handover->socket) != PvmOk ||
        read_number(&text, ':', UINT32_MAX, &slot) != PvmOk ||
        read_number(&text, '\0', UINT64_MAX, &ret_handover->nonce) != PvmOk)
        return PvmBadParam;
    ret_handover->slot = (uint32_t)slot;
    return PvmOk;
}

/* Takes it if it is still the file that it was. */
static int take_file(struct pvmi_handover_file *file, mode_t type)
{
    struct stat64 status;
    int fd;

    if (fstat64(file->fd, &status) != 0 || (uint64_t)status.st_dev != file->device ||
        (uint64_t)status.st_ino != file->inode || (status.st_mode & S_IFMT) != type)
        return PvmNotFound;
    fcntl(file->fd, F_SETFD, FD_CLOEXEC);
    fd = pvmi_descriptor_move(file->fd);
    if (fd < 0)
        return PvmNotFound;
    file->fd = fd;
    return PvmOk;
}

int pvmi_handover_take(struct pvmi_handover *handover)
{
    int arena = take_file(&handover->arena, S_IFREG);
    int socket = take_file(&handover->socket, S_IFSOCK);

    if (arena == PvmOk && socket == PvmOk)
        return PvmOk;
    if (arena == PvmOk)
        close(handover->arena.fd);
    if (socket == PvmOk)
        close(handover->socket.fd);
    return PvmNotFound;
}
