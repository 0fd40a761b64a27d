/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/keeper/connection.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/env.h"
#include "base/error.h"

/* The process's own descriptors begin at 3, as ever. More than 64 would cost each process a larger table. */
#define CONNECTION_NUMBERS_END 64
#define CONNECTION_NUMBERS_LEAST 16

/* The first of two descriptor numbers for the process, or -1: it may not have so many. */
static int first_number(const struct rlimit *files)
{
    if (files->rlim_cur < CONNECTION_NUMBERS_LEAST)
        return -1;
    return (int)(files->rlim_cur < CONNECTION_NUMBERS_END ? files->rlim_cur : CONNECTION_NUMBERS_END) - 2;
}

/* The pair, with the first frames in it. */
static int open_pair(const struct pvmi_msg_run *run, struct connection *connection)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return PvmOutOfRes;
    if (send(ends[0], run->hello.data, run->hello.length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)run->hello.length) {
        connection->ours = ends[0];
        connection->theirs = ends[1];
        return PvmOk;
    }
    close(ends[0]);
    close(ends[1]);
    return PvmOutOfRes;
}

/* Under which numbers the process finds them, and what says so. */
static int describe(const struct pvmi_handover_file *arena, const struct pvmi_msg_run *run, int number,
                    struct connection *connection)
{
    struct pvmi_handover handover = { .arena = *arena, .slot = run->slot, .nonce = run->slot_nonce };
    char text[PVMI_HANDOVER_TEXT];
    int rc = pvmi_handover_describe(connection->theirs, &handover.socket);

    if (rc != PvmOk)
        return rc;
    connection->inherit[0] = (struct start_inherit){ arena->fd, number };
    connection->inherit[1] = (struct start_inherit){ connection->theirs, number + 1 };
    handover.arena.fd = number;
    handover.socket.fd = number + 1;
    pvmi_handover_write(&handover, text);
    snprintf(connection->variable, sizeof(connection->variable), "%s=%s", pvmi_env_name(PVMI_ENV_PVM_SLOT), text);
    return PvmOk;
}

void connection_make(const struct pvmi_handover_file *arena, const struct pvmi_msg_run *run,
                     const struct rlimit *files, struct connection *ret_connection)
{
    int number = arena->fd < 0 || run->hello.length == 0 ? -1 : first_number(files);

    ret_connection->ours = -1;
    ret_connection->theirs = -1;
    if (number < 0 || open_pair(run, ret_connection) != PvmOk)
        return;
    if (describe(arena, run, number, ret_connection) != PvmOk)
        connection_close(ret_connection);
}

void connection_close(struct connection *connection)
{
    if (connection->ours >= 0)
        close(connection->ours);
    if (connection->theirs >= 0)
        close(connection->theirs);
    connection->ours = connection->theirs = -1;
}
