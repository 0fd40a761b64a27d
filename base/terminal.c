/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

void pvmi_terminal_leave(void)
{
    int fd;

    setpgid(0, 0);
    fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);    /* in the background, too; none: there is nothing to leave */
    if (fd < 0)
        return;
    ioctl(fd, TIOCNOTTY);
    close(fd);
}
