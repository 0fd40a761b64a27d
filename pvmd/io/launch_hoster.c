/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A daemon that a hoster starts (pvm_reg_hoster()): a task that gets a command and says what the first line of its stdout
 * was. It has no stdin for us, so the command holds what the join line does but for the secret, which comes back
 * with the ready line. What names an error in place of that line is that error.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "pvmd/io/joinline.h"
#include "pvmd/io/launch.h"

static char *hoster_command(const struct launch *launch)
{
    char *addresses[IO_ADDRESSES_MAX];
    struct pvmi_msg_join join;
    char *command = NULL;
    char *argument;

    launch_fill_join(launch, addresses, &join);
    join.limit_ms = (int32_t)launch->hoster_ms;
    argument = joinline_format_argument(&join);
    if (argument != NULL)
        command = launch_ssh_plain_command(launch, argument);
    pvmi_free(argument);
    return command;
}

static char *hoster_address(const struct hostspec *spec)
{
    return pvmi_asprintf("%s%s%s", spec->login != NULL ? spec->login : "", spec->login != NULL ? "@" : "",
                         spec->ip != NULL ? spec->ip : spec->name);
}

void launch_ask(struct launch *launch)
{
    const struct hostspec *spec = launch->spec;
    const char *vmid = spec->id != NULL ? spec->id : pvmi_env(PVMI_ENV_PVM_VMID);
    struct pvmi_fault fault;
    struct core_event *event;

    launch->command = hoster_command(launch);
    launch->target = hoster_address(spec);
    if (launch->command == NULL || launch->target == NULL) {
        pvmi_fault_set(&fault, PvmNoMem, NULL, "no memory to start %s", spec->name);
        launch_fail(launch, &fault);
        return;
    }
    launch->step = LAUNCH_ASKING;
    event = io_event(launch->io, CORE_EVENT_LAUNCH_COMMAND, launch->handle);
    event->launch_command.so = spec->so != NULL ? spec->so : "";
    event->launch_command.address = launch->target;
    event->launch_command.command = launch->command;
    event->launch_command.vmid = vmid != NULL ? vmid : "";
    io_post(launch->io, event);
}

/* The code of that name, 0 for none. */
static int code_of_name(const char *name)
{
    for (int code = PvmIPLoopback; code < 0; code++)
        if (strcmp(pvmi_error_name(code), name) == 0)
            return code;
    return 0;
}

/* The words of a hoster that are no ready line. */
static void hoster_explain(const struct launch *launch, char *line, struct pvmi_fault *fault)
{
    const char *name = launch->spec->name;
    int code = code_of_name(line);

    launch_redact(line);
    if (code != 0)
        pvmi_fault_set(fault, code, NULL, "the hoster could not start pvmd on %s: %s", name, pvmi_error_text(code));
    else if (strncmp(line, "ddpro<", 6) == 0)
        pvmi_fault_set(fault, PvmBadVersion, NULL, "the pvmd on %s is one of PVM 3: give dx=PATH of PVM 4's", name);
    else
        pvmi_fault_set(fault, PvmCantStart, NULL, "the hoster could not start pvmd on %s: its answer is no ready line%s%s",
                       name, line[0] != '\0' ? ": " : "", line);
}

void launch_take_answer(struct launch *launch, char *line)
{
    struct pvmi_fault fault;

    if (line == NULL) {
        launch->hoster_ms = 0;
        if (launch_wait(launch) == PvmOk)
            return;
        pvmi_fault_set(&fault, PvmNoMem, NULL, "no memory to start %s", launch->spec->name);
        launch_fail(launch, &fault);
        return;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (joinline_is(line, PVMI_MSG_ready)) {
        launch_on_ready_line(launch, line);
        return;
    }
    hoster_explain(launch, line, &fault);
    launch_fail(launch, &fault);
}
