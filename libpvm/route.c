/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/route.h"

#include "libpvm/task.h"

struct pvmi_endpoint *pvmi_route_find(int32_t tid)
{
    return tid == pvmi_task.tid ? pvmi_task.oneself : pvmi_task.daemon;
}
