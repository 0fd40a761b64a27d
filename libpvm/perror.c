/* SPDX-License-Identifier: BSD-3-Clause */
/* The last error in words. None of these is an error itself, nor forgets the last one. */
#include <stdio.h>

#include "libpvm/call.h"
#include "libpvm/detail.h"
#include "libpvm/task.h"

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
