/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int pvmi_descriptor_move(int fd)
{
    int moved;
    int saved_errno;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return moved;
}
