/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening and dialling, over the loopback interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "transport/tcp.h"

static void wait_for(int fd, short events)
{
    struct pollfd watch = { .fd = fd, .events = events };

    assert_int_equal(poll(&watch, 1, 10000), 1);
}

/* A dialled connection to port on address: its result. The descriptor stays open. */
static int dial(const char *address, uint16_t port, const char *bind_address, int *ret_fd)
{
    assert_int_equal(pvmi_tcp_dial(address, port, bind_address, ret_fd), PvmOk);
    wait_for(*ret_fd, POLLOUT);
    return pvmi_tcp_result(*ret_fd);
}

static int accept_one(int listener)
{
    int fd;

    wait_for(listener, POLLIN);
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void has_ipv6(void **state)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    int rc = bind(fd, (struct sockaddr *)&addr, sizeof(addr));

    (void)state;
    close(fd);
    if (rc < 0)
        skip();
}

static void the_kernel_chooses_a_port_that_can_be_dialled(void **state)
{
    uint16_t port = 0;
    int listener;
    int fd;
    int accepted;

    (void)state;
    assert_int_equal(pvmi_tcp_listen(NULL, 0, 0, &listener, &port), PvmOk);
    assert_int_not_equal(port, 0);
    assert_int_equal(dial("127.0.0.1", port, NULL, &fd), 0);
    accepted = accept_one(listener);
    assert_int_equal(write(fd, "x", 1), 1);
    wait_for(accepted, POLLIN);
    close(accepted);
    close(fd);
    close(listener);
}

static void one_listener_serves_both_families(void **state)
{
    char name[96];
    uint16_t port;
    int listener;
    int fd;
    int accepted;

    has_ipv6(state);
    assert_int_equal(pvmi_tcp_listen(NULL, 0, 0, &listener, &port), PvmOk);
    assert_int_equal(dial("::1", port, NULL, &fd), 0);
    accepted = accept_one(listener);
    pvmi_tcp_peer_name(accepted, name, sizeof(name));
    assert_memory_equal(name, "::1 port ", 9);
    close(accepted);
    close(fd);

    assert_int_equal(dial("127.0.0.1", port, NULL, &fd), 0);
    accepted = accept_one(listener);
    pvmi_tcp_peer_name(accepted, name, sizeof(name));
    assert_memory_equal(name, "127.0.0.1 port ", 15);    /* not ::ffff:127.0.0.1 */
    close(accepted);
    close(fd);
    close(listener);
}

static void descriptors_do_not_block_and_are_not_inherited(void **state)
{
    uint16_t port;
    int fds[2];

    (void)state;
    assert_int_equal(pvmi_tcp_listen("127.0.0.1", 0, 0, &fds[0], &port), PvmOk);
    assert_int_equal(dial("127.0.0.1", port, NULL, &fds[1]), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        close(fds[i]);
    }
}

static void the_first_free_port_of_a_range_is_taken(void **state)
{
    uint16_t taken;
    uint16_t port = 0;
    int first;
    int second;

    (void)state;
    assert_int_equal(pvmi_tcp_listen(NULL, 0, 0, &first, &taken), PvmOk);
    if (taken > 65000)
        skip();
    assert_int_equal(pvmi_tcp_listen(NULL, taken, (uint16_t)(taken + 100), &second, &port), PvmOk);
    assert_in_range(port, taken + 1, taken + 100);
    close(second);
    close(first);
}

static void a_range_without_a_free_port_is_an_error(void **state)
{
    uint16_t taken;
    uint16_t port = 0;
    int first;
    int second = -1;

    (void)state;
    assert_int_equal(pvmi_tcp_listen(NULL, 0, 0, &first, &taken), PvmOk);
    assert_int_equal(pvmi_tcp_listen(NULL, taken, taken, &second, &port), PvmSysErr);
    assert_int_equal(pvmi_tcp_listen(NULL, taken, (uint16_t)(taken - 1), &second, &port), PvmSysErr);
    assert_int_equal(pvmi_tcp_listen("not an address", 0, 0, &second, &port), PvmSysErr);
    assert_int_equal(pvmi_tcp_listen("192.0.2.1", 0, 0, &second, &port), PvmSysErr);    /* not ours */
    assert_int_equal(second, -1);
    close(first);
}

static void a_port_can_be_taken_again_at_once(void **state)
{
    uint16_t port;
    uint16_t again;
    int listener;
    int fd;
    int accepted;

    (void)state;
    assert_int_equal(pvmi_tcp_listen(NULL, 0, 0, &listener, &port), PvmOk);
    assert_int_equal(dial("127.0.0.1", port, NULL, &fd), 0);
    accepted = accept_one(listener);
    close(accepted);    /* the listener's side ends first and keeps the port in TIME_WAIT */
    close(fd);
    close(listener);
    assert_int_equal(pvmi_tcp_listen(NULL, port, port, &listener, &again), PvmOk);
    assert_int_equal(again, port);
    close(listener);
}

static void a_port_where_nobody_listens_refuses(void **state)
{
    uint16_t port;
    int listener;
    int fd;

    (void)state;
    assert_int_equal(pvmi_tcp_listen("127.0.0.1", 0, 0, &listener, &port), PvmOk);
    close(listener);
    assert_int_equal(dial("127.0.0.1", port, NULL, &fd), ECONNREFUSED);
    assert_int_equal(pvmi_tcp_result(fd), ENOTCONN);    /* the kernel tells it once */
    close(fd);
}

/* Dialling a port of the own host in the kernel's range, the kernel may give the socket that very port. */
static void a_socket_that_meets_itself_counts_as_refused(void **state)
{
    struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(pvmi_tcp_result(fd), ECONNREFUSED);
    close(fd);
}

static void a_dial_starts_from_the_address_that_is_asked_for(void **state)
{
    char name[96];
    uint16_t port;
    int listener;
    int fd;
    int accepted;

    (void)state;
    assert_int_equal(pvmi_tcp_listen("127.0.0.1", 0, 0, &listener, &port), PvmOk);
    assert_int_equal(dial("127.0.0.1", port, "127.0.0.2", &fd), 0);
    accepted = accept_one(listener);
    pvmi_tcp_peer_name(accepted, name, sizeof(name));
    assert_memory_equal(name, "127.0.0.2 port ", 15);
    close(accepted);
    close(fd);

    assert_int_equal(dial("127.0.0.1", port, "::1", &fd), 0);    /* the other family: left aside */
    close(fd);
    close(listener);
}

static void what_is_no_numeric_address_is_not_dialled(void **state)
{
    int fd = -1;

    (void)state;
    assert_int_equal(pvmi_tcp_dial("localhost", 1, NULL, &fd), PvmSysErr);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(pvmi_tcp_dial("127.0.0.1", 1, "here", &fd), PvmSysErr);
    assert_int_equal(fd, -1);
}

static void small_writes_are_not_delayed(void **state)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int value = 0;
    socklen_t length = sizeof(value);

    (void)state;
    pvmi_tcp_tune(fd);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    assert_int_not_equal(value, 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length), 0);
    assert_int_not_equal(value, 0);
    close(fd);
}

static void own_addresses_are_numeric_and_reachable(void **state)
{
    char addresses[16][64];
    int count = pvmi_tcp_own_addresses(addresses, 16);

    (void)state;
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        struct in6_addr number;
        uint16_t port;
        int fd;

        assert_true(inet_pton(AF_INET, addresses[i], &number) == 1
                    || inet_pton(AF_INET6, addresses[i], &number) == 1);
        assert_int_not_equal(strncmp(addresses[i], "169.254.", 8), 0);
        assert_int_not_equal(strncmp(addresses[i], "fe80:", 5), 0);
        /* No loopback beside others. */
        assert_true(strncmp(addresses[i], "127.", 4) != 0 || strncmp(addresses[0], "127.", 4) == 0);
        assert_int_equal(pvmi_tcp_listen(addresses[i], 0, 0, &fd, &port), PvmOk);    /* it is ours */
        close(fd);
    }
    assert_int_equal(pvmi_tcp_own_addresses(addresses, 0), 0);
    assert_int_equal(pvmi_tcp_own_addresses(addresses, 1), 1);
}

static void what_is_no_tcp_socket_has_a_name_too(void **state)
{
    char name[96];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pvmi_tcp_peer_name(ends[0], name, sizeof(name));
    assert_string_equal(name, "an unknown peer");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_chooses_a_port_that_can_be_dialled),
        cmocka_unit_test(one_listener_serves_both_families),
        cmocka_unit_test(descriptors_do_not_block_and_are_not_inherited),
        cmocka_unit_test(the_first_free_port_of_a_range_is_taken),
        cmocka_unit_test(a_range_without_a_free_port_is_an_error),
        cmocka_unit_test(a_port_can_be_taken_again_at_once),
        cmocka_unit_test(a_port_where_nobody_listens_refuses),
        cmocka_unit_test(a_socket_that_meets_itself_counts_as_refused),
        cmocka_unit_test(a_dial_starts_from_the_address_that_is_asked_for),
        cmocka_unit_test(what_is_no_numeric_address_is_not_dialled),
        cmocka_unit_test(small_writes_are_not_delayed),
        cmocka_unit_test(own_addresses_are_numeric_and_reachable),
        cmocka_unit_test(what_is_no_tcp_socket_has_a_name_too),
    };

    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
