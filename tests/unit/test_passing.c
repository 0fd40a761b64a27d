/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that travel with bytes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/passing.h"
#include "transport/transport.h"
#include "wire/frame.h"

static int ends[2];

static int make_pair(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static int close_pair(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void they_come_with_the_bytes_that_they_were_sent_with(void **state)
{
    int fds[PVMI_PASSING_MAX] = { STDIN_FILENO, STDERR_FILENO };
    int got[PVMI_PASSING_MAX], count;
    char bytes[16];

    (void)state;
    assert_int_equal(pvmi_passing_send(ends[0], "one", 3, 0, NULL, 0), 3);
    assert_int_equal(pvmi_passing_send(ends[0], "two", 3, 0, fds, 2), 3);
    assert_int_equal(pvmi_passing_send(ends[0], "three", 5, 0, fds, 1), 5);
    assert_int_equal(pvmi_passing_recv(ends[1], bytes, 3, 0, got, &count), 3);
    assert_int_equal(count, 0);
    assert_int_equal(pvmi_passing_recv(ends[1], bytes, 2, 0, got, &count), 2);
    assert_int_equal(count, 2);
    assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(got[1], F_GETFD), FD_CLOEXEC);
    close(got[0]);
    close(got[1]);
    assert_int_equal(pvmi_passing_recv(ends[1], bytes, sizeof(bytes), 0, got, &count), 6);    /* "o", and "three" */
    assert_int_equal(count, 1);
    close(got[0]);
}

static void one_without_room_leaves_a_hole(void **state)
{
    int fds[PVMI_PASSING_MAX] = { STDIN_FILENO, STDERR_FILENO };
    int got[PVMI_PASSING_MAX], count;
    struct rlimit before, few;
    char bytes[16];

    (void)state;
    assert_int_equal(pvmi_passing_send(ends[0], "two", 3, 0, fds, 2), 3);
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)dup(STDIN_FILENO);    /* the lowest free number is beyond */
    close((int)few.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(pvmi_passing_recv(ends[1], bytes, sizeof(bytes), 0, got, &count), 3);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(count, 2);
    assert_int_equal(got[0], -1);
    assert_int_equal(got[1], -1);
}

/* ---- over the transport of a task's socket ---- */

static int frames;

static void count_frame(void *user, struct pvmi_endpoint *ep, struct pvmi_frame *frame)
{
    (void)user;
    (void)ep;
    frames++;
    pvmi_frame_free(frame);
}

static void ignore_down(void *user, struct pvmi_endpoint *ep, int reason)
{
    (void)user;
    (void)ep;
    (void)reason;
}

static void the_endpoint_of_a_socket_keeps_the_last_one(void **state)
{
    static const struct pvmi_transport_events events = { .frame = count_frame, .down = ignore_down };
    struct pvmi_frame_header header = { .kind = PVMI_FRAME_PING };
    struct pvmi_address address = { .fd = dup(ends[1]) };
    uint8_t bytes[PVMI_FRAME_HEADER_SIZE];
    struct pvmi_transport *tp;
    struct pvmi_endpoint *ep;
    int first = STDIN_FILENO, fd;

    (void)state;
    assert_int_equal(pvmi_transport_unix.open(&events, NULL, &tp), PvmOk);
    assert_int_equal(tp->ops->connect(tp, &address, &ep), PvmOk);
    assert_int_equal(pvmi_unix_take_passed(ep), -1);
    pvmi_frame_header_encode(&header, bytes);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pvmi_passing_send(ends[0], bytes, sizeof(bytes), 0, &first, 1), sizeof(bytes));
        assert_true(tp->ops->progress(tp) >= 0);
    }
    assert_int_equal(frames, 2);
    fd = pvmi_unix_take_passed(ep);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(pvmi_unix_take_passed(ep), -1);
    close(fd);
    assert_int_equal(pvmi_passing_send(ends[0], bytes, sizeof(bytes), 0, &first, 1), sizeof(bytes));
    assert_true(tp->ops->progress(tp) >= 0);    /* and closes what nobody has taken */
    fd = dup(STDIN_FILENO);
    close(fd);
    tp->ops->close(tp);
    first = dup(STDIN_FILENO);
    assert_true(first < fd);
    close(first);
    assert_int_equal(pvmi_alloc_count(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(they_come_with_the_bytes_that_they_were_sent_with),
        TEST(one_without_room_leaves_a_hole),
        TEST(the_endpoint_of_a_socket_keeps_the_last_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
