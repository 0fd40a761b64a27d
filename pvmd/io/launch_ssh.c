/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * via=ssh: `ssh OPTIONS [-l LOGIN] ADDRESS COMMAND`; or, where PVM_RSH names another program, exactly
 * `PVM_RSH ADDRESS [-l LOGIN] COMMAND`. COMMAND is one word: ~/.pvmprofile is read, then dx= as it is, for the
 * shell there to expand; else what tries the path that pvmd has here, then PATH there. And `ssh OPTIONS -W TARGET [-l LOGIN] ADDRESS`.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "pvmd/io/launch.h"
#include "pvmd/keeper/find.h"

extern char **environ;

void launch_command_fini(struct launch_command *command)
{
    for (int i = 0; i < command->argc; i++)
        pvmi_free(command->argv[i]);
    pvmi_free(command->path);
    memset(command, 0, sizeof(*command));
}

int launch_command_add(struct launch_command *command, char *word)
{
    if (word == NULL)
        return PvmNoMem;
    command->argv[command->argc++] = word;
    return PvmOk;
}

#define LAUNCH_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@"

/* What users of PVM 3 set there for shells that read no file when a command is run: PATH, PVM_ROOT, PVM_TMP. */
#define LAUNCH_PROFILE "if [ -r \"$HOME/.pvmprofile\" ]; then . \"$HOME/.pvmprofile\" </dev/null; fi; "

/* True when every shell takes text as it stands. */
static bool is_plain(const char *text)
{
    return text[strspn(text, LAUNCH_PLAIN)] == '\0';
}

/* What the shell there is to run. A host name with odd characters is left to the join line, which has it too. */
static char *remote_command(const struct launch *launch)
{
    const struct hostspec *spec = launch->spec;
    const char *name = is_plain(spec->name) ? spec->name : "host";
    const char *dx = spec->dx != NULL ? spec->dx : pvmi_env(PVMI_ENV_PVM_DPATH);
    const char *own = launch->io->own.program;

    if (dx != NULL && dx[strspn(dx, LAUNCH_PLAIN "$~{}")] != '\0')
        return pvmi_asprintf("%s -s -n%s", dx, name);    /* more than a path: for the login shell alone */
    if (dx != NULL)
        return pvmi_asprintf("sh -c '" LAUNCH_PROFILE "exec %s -s -n%s'", dx, name);
    if (!is_plain(own))
        return pvmi_asprintf("sh -c '" LAUNCH_PROFILE "exec pvmd -s -n%s'", name);
    return pvmi_asprintf("sh -c '" LAUNCH_PROFILE "if [ -x %s ]; then exec %s -s -n%s; fi; exec pvmd -s -n%s'", own,
                         own, name, name);
}

char *launch_ssh_plain_command(const struct launch *launch, const char *argument)
{
    const struct hostspec *spec = launch->spec;
    const char *dx = spec->dx != NULL ? spec->dx : pvmi_env(PVMI_ENV_PVM_DPATH);
    const char *own = launch->io->own.program;

    return pvmi_asprintf("%s -s -n%s --join-public %s", dx != NULL ? dx : is_plain(own) ? own : "pvmd",
                         is_plain(spec->name) ? spec->name : "host", argument);
}

static int find_program(const char *program, char **ret_path, struct pvmi_fault *fault)
{
    struct pvmi_strings env = { environ, 0 };
    struct pvmi_strings none = { NULL, 0 };
    struct find_request request = { .file = program, .path = &none, .env = &env };
    int rc;

    while (environ[env.n] != NULL)
        env.n++;
    rc = find_executable(&request, ret_path, fault);
    if (rc == PvmNoFile)
        pvmi_fault_set(fault, PvmCantStart, NULL,
                       "there is no %s on this host to start others with: install it (Debian: openssh-client), "
                       "or set PVM_RSH", program);
    return rc == PvmOk ? PvmOk : fault->code;
}

static int add_words(struct launch_command *command, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (launch_command_add(command, pvmi_strdup(words[i])) != PvmOk)
            return PvmNoMem;
    return PvmOk;
}

/* It asks nothing, does not wait for ever, and others must not come to hang on it (it may use a master that is
 * there). */
static int add_options(struct launch_command *command)
{
    static const char *const words[] = {
        "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ControlMaster=no",
    };

    return add_words(command, words, sizeof(words) / sizeof(words[0]));
}

static int add_login(struct launch_command *command, const char *login)
{
    if (login == NULL)
        return PvmOk;
    if (launch_command_add(command, pvmi_strdup("-l")) != PvmOk)
        return PvmNoMem;
    return launch_command_add(command, pvmi_strdup(login));
}

bool launch_ssh_is_builtin(void)
{
    return pvmi_env(PVMI_ENV_PVM_RSH) == NULL;
}

int launch_ssh_command(const struct launch *launch, struct launch_command *command, struct pvmi_fault *fault)
{
    const struct hostspec *spec = launch->spec;
    const char *rsh = pvmi_env(PVMI_ENV_PVM_RSH);
    const char *address = spec->ip != NULL ? spec->ip : spec->name;
    int rc = find_program(rsh != NULL ? rsh : "ssh", &command->path, fault);

    if (rc != PvmOk)
        return rc;
    if (address[0] == '-') {
        pvmi_fault_set(fault, PvmBadParam, NULL, "%s is no host name", address);
        return PvmBadParam;
    }
    rc = launch_command_add(command, pvmi_strdup(command->path));
    if (rc == PvmOk && rsh == NULL)
        rc = add_options(command);
    if (rc == PvmOk && rsh == NULL)
        rc = add_login(command, spec->login);
    if (rc == PvmOk)
        rc = launch_command_add(command, pvmi_strdup(address));
    if (rc == PvmOk && rsh != NULL)
        rc = add_login(command, spec->login);
    if (rc == PvmOk)
        rc = launch_command_add(command, remote_command(launch));
    if (rc != PvmOk)
        pvmi_fault_set(fault, rc, NULL, "no memory to start %s", spec->name);
    return rc;
}

int launch_ssh_tunnel_command(const struct tunnel_way *way, const char *target, struct launch_command *command,
                              struct pvmi_fault *fault)
{
    /* Its words are read; and without a network it must end, also when pvmd was killed. */
    static const char *const words[] = {
        "-o", "LogLevel=INFO", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3", "-W",
    };
    int rc = find_program("ssh", &command->path, fault);

    if (rc != PvmOk)
        return rc;
    rc = launch_command_add(command, pvmi_strdup(command->path));
    if (rc == PvmOk)
        rc = add_options(command);
    if (rc == PvmOk)
        rc = add_words(command, words, sizeof(words) / sizeof(words[0]));
    if (rc == PvmOk)
        rc = launch_command_add(command, pvmi_strdup(target));
    if (rc == PvmOk)
        rc = add_login(command, way->login);
    if (rc == PvmOk)
        rc = launch_command_add(command, pvmi_strdup(way->address));
    if (rc != PvmOk)
        pvmi_fault_set(fault, rc, NULL, "no memory for an ssh to %s", way->address);
    return rc;
}
