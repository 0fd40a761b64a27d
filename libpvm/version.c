/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvm3.h"

char *pvm_version(void)
{
    static char version[] = PVM_VER;

    return version;
}
