/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/memory.h"

#include "libpvm/call.h"
#include "libpvm/refer.h"
#include "libpvm/task.h"
#include "pvm3.h"

int pvmi_memory_keep(void)
{
    if (pvmi_regions_keep(&pvmi_regions) == PvmOk)
        return PvmOk;
    return pvmi_call_fail(PvmNoMem, "no memory to keep what pvm_alloc() has given: pvm_free() some of it first");
}

static int alloc(size_t bytes, void **ret_at)
{
    int rc = pvmi_task_enroll();

    if (rc == PvmOk && pvmi_region_alloc(&pvmi_regions, bytes, ret_at) != PvmOk)
        rc = pvmi_call_fail(PvmNoMem, "no memory for %zu bytes", bytes);
    return rc;
}

void *pvm_alloc(size_t bytes)
{
    void *at = NULL;

    pvmi_call_enter();
    pvmi_call_leave("pvm_alloc", alloc(bytes, &at));
    return at;
}

static int free_one(void *at)
{
    int rc = at == NULL ? PvmOk : pvmi_region_free(&pvmi_regions, at);

    switch (rc) {
    case PvmNotFound:
        return pvmi_call_fail(PvmBadParam, "%p is not from pvm_alloc(), or has been freed already", at);
    case PvmBadParam:
        return pvmi_call_fail(PvmBadParam, "%p is not the beginning of what pvm_alloc() has given", at);
    case PvmAlready:
        return pvmi_call_fail(PvmBadParam, "%p has been freed already", at);
    default:
        return rc;
    }
}

void pvm_free(void *at)
{
    pvmi_call_enter();
    pvmi_call_leave("pvm_free", free_one(at));
}
