/* SPDX-License-Identifier: BSD-3-Clause */
/* Every environment variable that any part of PVM reads, in one place. */
#ifndef PVMI_BASE_ENV_H
#define PVMI_BASE_ENV_H

/* name, who reads it, what it means: docs are made from this list. */
#define PVMI_ENV_LIST(X)                                                                             \
    X(PVM_ROOT, "all", "installation directory of PVM 3 layouts; places below it are searched too")  \
    X(PVM_ARCH, "all", "name of this kind of computer, in places to search; pvmd sets it for tasks")                  \
    X(PVM_TMP, "all", "directory for the daemon's folder, else /tmp")                                \
    X(PVM_VMID, "all", "name of the virtual machine, for several of one user")                       \
    X(PVM_RSH, "pvmd", "command that starts remote daemons, in the place of ssh")                    \
    X(PVM_DPATH, "pvmd", "path of pvmd on remote hosts, default of dx=")                             \
    X(PVM_PATH, "pvmd", "search path for pvm_spawn, default of ep=")                                 \
    X(PVM_WD, "pvmd", "working directory of tasks, default of wd=")                                  \
    X(PVM_DEBUGGER, "pvmd", "script for PvmTaskDebug, default of bx=")                               \
    X(PVM_HOSTER, "pvmd", "command line of a hoster that starts with the first host")                \
    X(PVM_TASKER, "pvmd", "command line of a tasker that starts with the host")                      \
    X(PVM_TRACER, "pvmd", "command line of a tracer that starts with the first host")                \
    X(PVM_RM, "pvmd", "command line of a resource manager that starts with the host")                \
    X(PVM_EXPORT, "tasks", "names of variables that pvm_spawn passes on, separated by ':'")          \
    X(PVMHOSTFILE, "pvmd", "host file used when none is named")                                      \
    X(PVMTASK, "tasks", "number whose bits are added to the flags of every pvm_spawn")               \
    X(PVMTASKDEBUG, "tasks", "debug mask of the library")                                            \
    X(PVMDDEBUG, "pvmd", "debug mask of the daemon")                                                 \
    X(PVMDLOGMAX, "pvmd", "limit of the log file in bytes, default 1 MiB")                           \
    X(PVM_MAX_TASKS, "pvmd", "most tasks on a host")                                                 \
    X(PVM_ARENA, "pvmd", "most memory for messages between tasks of a host: bytes, with K, M or G; 0: by the daemon")  \
    X(PVM_PORT, "pvmd", "TCP port of the daemon: N, or N-M for the first free one")                  \
    X(PVM_LOG, "tasks", "error, warn, info or debug: the library's own log on stderr")               \
    X(PVM_TRANSPORTS, "tasks", "transports that may be used, names separated by ','")                \
    X(PVM_ALLOW_ROOT, "none", "accepted and not needed: user 0 may run it")                          \
    X(PVMSOCK, "tasks", "path of the local daemon's socket")                                         \
    X(PVMEPID, "tasks", "set for spawned tasks, as in PVM 3")                                        \
    X(PVMCTX, "tasks", "set for spawned tasks: context, hexadecimal")                                \
    X(PVMTMASK, "tasks", "set for spawned tasks: trace mask")                                        \
    X(PVMTRCBUF, "tasks", "set for spawned tasks: trace buffer size")                                \
    X(PVMTRCOPT, "tasks", "set for spawned tasks: trace options")                                    \
    X(PVM_CLAIM, "tasks", "set for spawned tasks, TID:NONCE in hexadecimal: what the first enrolment claims")  \
    X(PVM_SLOT, "tasks", "set for spawned tasks: the descriptors that they inherit, and their slot in shared memory")  \
    X(PVM_RUN, "tasks", "set for spawned tasks: the daemon run they belong to, for cleaning up")     \
    X(HOME, "all", "default directories, .pvmrc")

enum pvmi_env {
#define PVMI_ENV_ENUM(name, reader, meaning) PVMI_ENV_##name,
    PVMI_ENV_LIST(PVMI_ENV_ENUM)
#undef PVMI_ENV_ENUM
    PVMI_ENV_COUNT
};

/* The variable's value, or NULL when it is not set or empty. Belongs to the environment. */
const char *pvmi_env(enum pvmi_env which);

/* Its name. */
const char *pvmi_env_name(enum pvmi_env which);

/* Its value as a decimal, 0octal or 0xhex number, or otherwise when it is not set or none. */
long pvmi_env_number(enum pvmi_env which, long otherwise);

#endif
