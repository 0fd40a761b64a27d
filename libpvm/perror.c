/* SPDX-License-Identifier: BSD-3-Clause */
/* The last error in words. None of these is an error itself, nor forgets the last one. */
#include <stdio.h>

#include "libpvm/call.h"
#include "libpvm/detail.h"
#include "libpvm/task.h"
#include "libpvm/undeclared.h"

/* The numbers in between mean nothing, and have PVM 3's texts. Not const, for programs declare it as char *[]. */
char *pvm_errlist[PVMI_ERRLIST_LENGTH] = {
    [1] = "Error 1", [9] = "Error 9", [11] = "Error 11", [13] = "Error 13",
#define ERRLIST_ENTRY(code, text) [-(code)] = text,
    PVMI_ERROR_LIST(ERRLIST_ENTRY)
#undef ERRLIST_ENTRY
};
int pvm_nerr = PVMI_ERRLIST_LENGTH;

int pvm_perror(const char *msg)
{
    fprintf(stderr, "libpvm [%s]: %s: %s\n", pvmi_task_name(), msg == NULL ? "(null)" : msg,
            pvmi_error_text(pvm_errno));
    return 0;
}

/* The result is not const for PVM 3's sake. */
char *pvm_strerror(void)
{
    return (char *)pvmi_error_text(pvm_errno);
}

const char *pvm_errdetail(void)
{
    return pvmi_call_detail();
}

const char *pvm_errdetail_item(int index)
{
    return pvmi_detail_item(index);
}

int lpvmerr(const char *function, int code)
{
    pvmi_call_enter();
    pvmi_call_report(function == NULL ? "(null)" : function, code);
    return pvmi_call_end(code);
}

int pvmlogerror(const char *text)
{
    fprintf(stderr, "libpvm [%s]: %s", pvmi_task_name(), text == NULL ? "(null)\n" : text);
    return 0;
}
