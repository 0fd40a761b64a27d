/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit of start: a process is executed, opens a Unix socket, and answers once; and ends when it is told to. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/launch.h"

#define SERVER "server"

static const struct sockaddr_un any_address = { .sun_family = AF_UNIX };    /* the kernel chooses an abstract one */

static int be_server(void)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client;
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    char byte;

    if (bind(listener, (const struct sockaddr *)&any_address, sizeof(sa_family_t)) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        return 1;
    if (write(1, &length, sizeof(length)) < 0 || write(1, &address, length) < 0)
        return 1;
    client = accept(listener, NULL, NULL);
    while (read(client, &byte, 1) == 1) {
        if (write(client, &byte, 1) != 1)
            break;
    }
    return 0;
}

static void turn(void *arg, double *ret_start, double *ret_halt)
{
    double start = clock_now();
    struct launched server = launch(arg);
    struct sockaddr_un address;
    socklen_t length;
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    char byte = 0;

    if (read(server.from, &length, sizeof(length)) != sizeof(length) ||
        read(server.from, &address, length) != (ssize_t)length ||
        connect(client, (const struct sockaddr *)&address, length) != 0 || write(client, &byte, 1) != 1 ||
        read(client, &byte, 1) != 1)
        die("the server does not answer");
    *ret_start = clock_now() - start;
    start = clock_now();
    close(client);
    launch_await_ends();
    *ret_halt = clock_now() - start;
    close(server.to);
    close(server.from);
}

int main(int argc, char **argv)
{
    struct options options = { .tasks = 1, .seconds = 0.5 };
    char *server[] = { "/proc/self/exe", SERVER, NULL };

    if (argc == 2 && strcmp(argv[1], SERVER) == 0)
        return be_server();
    options_read(&options, argc, argv);
    launch_adopt();
    launch_measure("Bare Start and Halt Test", options.seconds, turn, server);
    return 0;
}
