/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "pvm3.h"

/* libpvm has a text for its last error only; tables of hosts and tids hold many. */
static const char *const texts[] = {
    [-PvmOk] = "Error 0",
    [-PvmBadParam] = "Bad parameter",
    [-PvmMismatch] = "Parameter mismatch",
    [-PvmOverflow] = "Value too large",
    [-PvmNoData] = "End of buffer",
    [-PvmNoHost] = "No such host",
    [-PvmNoFile] = "No such file",
    [-PvmDenied] = "Permission denied",
    [-PvmNoMem] = "Malloc failed",
    [-PvmBadMsg] = "Can't decode message",
    [-PvmSysErr] = "Can't contact local daemon",
    [-PvmNoBuf] = "No current buffer",
    [-PvmNoSuchBuf] = "No such buffer",
    [-PvmNullGroup] = "Null group name",
    [-PvmDupGroup] = "Already in group",
    [-PvmNoGroup] = "No such group",
    [-PvmNotInGroup] = "Not in group",
    [-PvmNoInst] = "No such instance",
    [-PvmHostFail] = "Host failed",
    [-PvmNoParent] = "No parent task",
    [-PvmNotImpl] = "Not implemented",
    [-PvmDSysErr] = "Pvmd system error",
    [-PvmBadVersion] = "Version mismatch",
    [-PvmOutOfRes] = "Out of resources",
    [-PvmDupHost] = "Duplicate host",
    [-PvmCantStart] = "Can't start pvmd",
    [-PvmAlready] = "Already in progress",
    [-PvmNoTask] = "No such task",
    [-PvmNotFound] = "Not Found",
    [-PvmExists] = "Already Exists",
    [-PvmHostrNMstr] = "Hoster must run on master host",
    [-PvmParentNotSet] = "Spawning parent set PvmNoParent",
    [-PvmIPLoopback] = "Master Host IP Address is Loopback!",
};

const char *report_text(int code)
{
    int index = -code;

    if (index < 0 || index >= (int)(sizeof(texts) / sizeof(texts[0])) || texts[index] == NULL)
        return "Unknown error";
    return texts[index];
}

static void report_line(const char *what, const char *format, va_list args)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", what);
    vfprintf(stderr, format, args);
    putc('\n', stderr);
}

int report_error(const char *what, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_line(what, format, args);
    va_end(args);
    return EXIT_FAILED;
}

int report_usage(const char *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report_line(command, format, args);
    va_end(args);
    fprintf(stderr, "See: pvm help %s\n", command);
    return EXIT_USAGE;
}

const char *report_detail(const int *codes, int index)
{
    return codes[index] < 0 ? pvm_errdetail_item(index) : "";
}

void report_detail_print(const char *detail)
{
    const char *line = detail;

    fflush(stdout);
    while (*line != '\0') {
        int length = 0;

        while (line[length] != '\0' && line[length] != '\n')
            length++;
        fprintf(stderr, "    %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
}

int report_call(const char *command, int code)
{
    report_error(command, "%s", report_text(code));
    report_detail_print(pvm_errdetail());
    return code == PvmSysErr ? EXIT_NO_MACHINE : EXIT_FAILED;
}
