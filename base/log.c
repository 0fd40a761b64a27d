/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048     /* bytes; the rest of a longer line is cut */
#define LOG_KEYS 64           /* keys that pvmi_log_allow() follows at one time */
#define LOG_ALLOWED 10        /* lines for each key in each window */
#define LOG_WINDOW_MS 60000

static struct {
    int fd;
    int tid;
    enum pvmi_log_level level;
    size_t size_max;    /* 0: no limit */
    size_t written;
    bool full;
} sink = { .fd = -1 };

void pvmi_log_open(int fd, int tid, enum pvmi_log_level level, size_t size_max)
{
    sink.written = fd == sink.fd ? sink.written : 0;    /* a new tid or level does not renew the limit */
    sink.full = fd == sink.fd && sink.full && size_max != 0 && sink.written >= size_max;
    sink.fd = fd;
    sink.tid = tid;
    sink.level = level;
    sink.size_max = size_max;
}

void pvmi_log_set_level(enum pvmi_log_level level)
{
    sink.level = level;
}

bool pvmi_log_wants(enum pvmi_log_level level)
{
    return sink.fd >= 0 && level <= sink.level && !sink.full;
}

/* "[tID] MM/DD HH:MM:SS "; returns its length. */
static size_t log_prefix(char *line, size_t line_max)
{
    time_t now = time(NULL);
    struct tm local;
    char stamp[32];

    if (localtime_r(&now, &local) == NULL || strftime(stamp, sizeof(stamp), "%m/%d %H:%M:%S", &local) == 0)
        stamp[0] = '\0';
    return (size_t)snprintf(line, line_max, "[t%x] %s ", (unsigned)sink.tid, stamp);
}

/* One write for each line, so that lines of several processes do not mix. A failure only loses the line. */
static void log_write(const char *line, size_t length)
{
    ssize_t n;

    do
        n = write(sink.fd, line, length);
    while (n < 0 && errno == EINTR);
    sink.written += length;
}

static void log_say_full(void)
{
    char line[128];
    size_t length = log_prefix(line, sizeof(line));

    length += (size_t)snprintf(line + length, sizeof(line) - length,
                               "log has reached its limit of %zu bytes, the rest is dropped\n",
                               sink.size_max);
    log_write(line, length);
    sink.full = true;
}

void pvmi_log(enum pvmi_log_level level, const char *format, ...)
{
    char line[LOG_LINE_MAX];
    int saved_errno = errno;
    va_list args;

    if (!pvmi_log_wants(level))
        return;

    size_t start = log_prefix(line, sizeof(line) - 1);
    va_start(args, format);
    if (vsnprintf(line + start, sizeof(line) - 1 - start, format, args) < 0)
        line[start] = '\0';
    va_end(args);

    size_t length = strlen(line);
    for (size_t i = start; i < length; i++)
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    line[length++] = '\n';

    if (sink.size_max != 0 && sink.written + length > sink.size_max)
        log_say_full();
    else
        log_write(line, length);
    errno = saved_errno;
}

bool pvmi_log_allow(uint64_t key, uint64_t now_ms)
{
    static struct {
        uint64_t key;
        uint64_t start_ms;
        unsigned count;    /* 0: free */
    } windows[LOG_KEYS];
    int free_at = -1;

    for (int i = 0; i < LOG_KEYS; i++) {
        if (windows[i].count > 0 && now_ms - windows[i].start_ms >= LOG_WINDOW_MS)
            windows[i].count = 0;
        if (windows[i].count > 0 && windows[i].key == key)
            return windows[i].count < LOG_ALLOWED ? (windows[i].count++, true) : false;
        if (windows[i].count == 0 && free_at < 0)
            free_at = i;
    }

    /* Too many keys at one time is an attack in itself: silence bounds the log, whoever comes. */
    if (free_at < 0)
        return false;
    windows[free_at].key = key;
    windows[free_at].start_ms = now_ms;
    windows[free_at].count = 1;
    return true;
}
