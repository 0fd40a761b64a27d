/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers, names and output of the random program. */
#include <stdarg.h>

#include "script.h"

struct script script;

static uint64_t state;
static FILE *out;
static int errno_is_known;    /* enrolling may set it */

/* splitmix64 */
uint64_t draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void draw_from(int index, int salt)
{
    state = script.seed * 0x100000001b3u + (uint64_t)salt;
    state = draw() + (uint64_t)index;
    draw();
}

int below(int n)
{
    return (int)(draw() % (uint64_t)n);
}

int chance(int percent)
{
    return below(100) < percent;
}

void log_open(const char *path)
{
    out = fopen(path, "w");
    if (out == NULL) {
        perror(path);
        exit(3);
    }
    setvbuf(out, NULL, _IOLBF, 0);
}

void log_close(void)
{
    fclose(out);
}

/* A line is begun before the call whose result ends it: the last one tells where a program stopped. */
void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    if (strchr(format, '\n') == NULL)
        fflush(out);
}

void masked(const char *reason)
{
    say(" (not tried: %s)", reason);
}

const char *text_format(const char *format, ...)
{
    static char texts[8][256];
    static int next;
    va_list args;

    next = (next + 1) % 8;
    va_start(args, format);
    vsnprintf(texts[next], sizeof(texts[next]), format, args);
    va_end(args);
    return texts[next];
}

static const char *code_name(int rc)
{
    static const char *const names[] = {
        "PvmOk", "-1", "PvmBadParam", "PvmMismatch", "PvmOverflow", "PvmNoData", "PvmNoHost", "PvmNoFile",
        "PvmDenied", "-9", "PvmNoMem", "-11", "PvmBadMsg", "-13", "PvmSysErr", "PvmNoBuf", "PvmNoSuchBuf",
        "PvmNullGroup", "PvmDupGroup", "PvmNoGroup", "PvmNotInGroup", "PvmNoInst", "PvmHostFail", "PvmNoParent",
        "PvmNotImpl", "PvmDSysErr", "PvmBadVersion", "PvmOutOfRes", "PvmDupHost", "PvmCantStart", "PvmAlready",
        "PvmNoTask", "PvmNotFound", "PvmExists", "PvmHostrNMstr", "PvmParentNotSet", "PvmIPLoopback",
    };

    if (rc > 0 || -rc >= (int)(sizeof(names) / sizeof(names[0])))
        return text_format("%d", rc);
    return names[-rc];
}

const char *code(int rc)
{
    if (rc >= 0)
        return code_name(rc);
    errno_is_known = 1;
    return pvm_errno == rc ? code_name(rc) : text_format("%s (pvm_errno %d)", code_name(rc), pvm_errno);
}

const char *quiet(int rc)
{
    errno_is_known = 0;
    return code_name(rc);
}

void errno_unsure(void)
{
    errno_is_known = 0;
}

const char *last_error(void)
{
    return errno_is_known ? pvm_strerror() : "?";
}

const char *who(int tid)
{
    for (int i = 0; i < script.ntask; i++)
        if (tid == script.tids[i])
            return text_format("t%d", i);
    if (tid == (int)0x80000000)
        return "the pvmd";
    if (tid != 0 && tid == script.dead)
        return "dead";
    return tid > 0 ? "another" : text_format("%d", tid);
}

const char *bytes_text(const void *data, size_t n)
{
    const unsigned char *p = data;
    char hex[33] = "";
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < n; i++) {
        sum = (sum ^ p[i]) * 16777619u;
        if (i < 16)
            snprintf(hex + 2 * i, 3, "%02x", p[i]);
    }
    return text_format("%zu:%s%s/%08x", n, hex, n > 16 ? ".." : "", sum);
}

int some_peer(void)
{
    return script.tids[below(script.ntask)];
}

int some_tid(void)
{
    static const int none[] = { 0, -1, -7, 0x40000, 0x7c0001, (int)0x80000000, (int)0x80040000, 0x40000000 };

    if (chance(88))
        return some_peer();
    if (chance(40) && script.dead != 0)
        return script.dead;
    return none[below(8)];
}

int any_tid(void)
{
    return chance(45) ? -1 : chance(92) ? some_peer() : some_tid();
}

int any_tag(void)
{
    return chance(45) ? -1 : chance(95) ? below(2 * TAGS) : -9;
}
