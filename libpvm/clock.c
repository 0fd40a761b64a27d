/* SPDX-License-Identifier: BSD-3-Clause */
/* Neither needs the daemon, or the library's lock: other threads go on. */
#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "libpvm/undeclared.h"

int pvmsleep(int seconds)
{
    struct timespec left = { .tv_sec = seconds > 0 ? seconds : 0 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
    return 0;
}

int pvmgetclock(struct timeval *now)
{
    return gettimeofday(now, NULL);
}
