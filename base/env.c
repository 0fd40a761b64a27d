/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/env.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const char *const env_names[PVMI_ENV_COUNT] = {
#define ENV_NAME(name, reader, meaning) [PVMI_ENV_##name] = #name,
    PVMI_ENV_LIST(ENV_NAME)
#undef ENV_NAME
};

const char *pvmi_env_name(enum pvmi_env which)
{
    assert(which < PVMI_ENV_COUNT);
    return env_names[which];
}

const char *pvmi_env(enum pvmi_env which)
{
    const char *value = getenv(pvmi_env_name(which));

    return value == NULL || value[0] == '\0' ? NULL : value;
}

long pvmi_env_number(enum pvmi_env which, long otherwise)
{
    const char *value = pvmi_env(which);
    char *end;
    long number;

    if (value == NULL)
        return otherwise;
    errno = 0;
    number = strtol(value, &end, 0);
    return errno != 0 || end == value || *end != '\0' ? otherwise : number;
}
