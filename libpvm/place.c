/* SPDX-License-Identifier: BSD-3-Clause */
/* Where things of PVM lie. The answers are copies that stay: a program may change its environment. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/env.h"

#define NOTMPNAM
#include "pvm3.h"

#define PLACE_LENGTH 1024

static char place_rsh[PLACE_LENGTH];
static char place_tmp[PLACE_LENGTH];
static pthread_once_t place_once = PTHREAD_ONCE_INIT;

static void place_read(void)
{
    const char *rsh = pvmi_env(PVMI_ENV_PVM_RSH);
    const char *tmp = pvmi_env(PVMI_ENV_PVM_TMP);

    snprintf(place_rsh, sizeof(place_rsh), "%s", rsh == NULL ? "ssh" : rsh);
    snprintf(place_tmp, sizeof(place_tmp), "%s", tmp == NULL ? "/tmp" : tmp);
}

char *pvmgetrsh(void)
{
    pthread_once(&place_once, place_read);
    return place_rsh;
}

char *pvmgettmp(void)
{
    pthread_once(&place_once, place_read);
    return place_tmp;
}

char *pvmtmpnam(char *name)
{
    static _Thread_local char own[PVMTMPNAMLEN];
    static atomic_uint next;
    char *made = name != NULL ? name : own;
    int length;

    do {
        length = snprintf(made, PVMTMPNAMLEN, "%s/pvmtmp%06d.%u", pvmgettmp(), (int)getpid(),
                          atomic_fetch_add(&next, 1));
    } while (length < PVMTMPNAMLEN && access(made, F_OK) == 0);
    return length < PVMTMPNAMLEN ? made : NULL;
}
