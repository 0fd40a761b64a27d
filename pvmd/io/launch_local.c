/* SPDX-License-Identifier: BSD-3-Clause */
/* via=local: another daemon on this computer, without ssh: for laptops, demos and tests. */
#include <string.h>

#include "base/alloc.h"
#include "pvmd/io/launch.h"

bool launch_is_local(const struct hostspec *spec)
{
    return spec->via != NULL && strcmp(spec->via, "local") == 0;
}

int launch_local_command(const struct launch *launch, struct launch_command *command, struct pvmi_fault *fault)
{
    const char *program = launch->io->own.program;

    command->path = pvmi_strdup(program);
    if (command->path == NULL || launch_command_add(command, pvmi_strdup(program)) != PvmOk ||
        launch_command_add(command, pvmi_strdup("-s")) != PvmOk ||
        launch_command_add(command, pvmi_asprintf("-n%s", launch->spec->name)) != PvmOk) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory to start %s", launch->spec->name);
        return PvmNoMem;
    }
    return PvmOk;
}
