/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static int pipe_fds[2];

static int open_pipe(void **state)
{
    (void)state;
    return pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK);
}

static int close_pipe(void **state)
{
    (void)state;
    pvmi_log_open(-1, 0, PVMI_LOG_ERROR, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

/* What has been logged since the last call. */
static const char *logged(void)
{
    static char text[16384];
    ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    if (regexec(&regex, text, 0, NULL, 0) != 0)
        fail_msg("\"%s\" does not match %s", text, pattern);
    regfree(&regex);
}

static void a_line_names_tid_date_and_time(void **state)
{
    (void)state;
    pvmi_log_open(pipe_fds[1], (int)0x80040000, PVMI_LOG_INFO, 0);
    pvmi_log(PVMI_LOG_ERROR, "disk %d is full", 3);
    assert_matches(logged(), "^\\[t80040000\\] [0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} "
                             "disk 3 is full\n$");
}

static void newlines_inside_a_line_become_spaces(void **state)
{
    (void)state;
    pvmi_log_open(pipe_fds[1], 1, PVMI_LOG_INFO, 0);
    pvmi_log(PVMI_LOG_WARN, "one\ntwo\r\nthree");
    assert_matches(logged(), " one two  three\n$");
}

static void levels_above_the_one_asked_for_are_silent(void **state)
{
    (void)state;
    pvmi_log_open(pipe_fds[1], 1, PVMI_LOG_WARN, 0);
    assert_true(pvmi_log_wants(PVMI_LOG_WARN));
    assert_false(pvmi_log_wants(PVMI_LOG_INFO));
    pvmi_log(PVMI_LOG_INFO, "no");
    pvmi_log(PVMI_LOG_DEBUG, "no");
    assert_string_equal(logged(), "");
}

static void nothing_is_logged_by_default(void **state)
{
    (void)state;
    assert_false(pvmi_log_wants(PVMI_LOG_ERROR));
    pvmi_log(PVMI_LOG_ERROR, "no");
    assert_string_equal(logged(), "");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    pvmi_log_open(pipe_fds[1], 1, PVMI_LOG_INFO, 0);
    pvmi_log(PVMI_LOG_INFO, "%s", text);
    const char *line = logged();
    assert_true(strlen(line) <= 2048);
    assert_matches(line, "x\n$");
}

static void a_full_log_says_so_once(void **state)
{
    (void)state;
    const char *text;
    int lines = 0;

    pvmi_log_open(pipe_fds[1], 1, PVMI_LOG_INFO, 300);
    for (int i = 0; i < 100; i++)
        pvmi_log(PVMI_LOG_INFO, "line %d", i);
    text = logged();
    assert_matches(text, "limit of 300 bytes");
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_true(lines > 2 && lines <= 13);
    assert_matches(text, "dropped\n$");

    pvmi_log_open(pipe_fds[1], 2, PVMI_LOG_INFO, 300);
    pvmi_log(PVMI_LOG_INFO, "another tid does not renew the limit");
    assert_string_equal(logged(), "");
}

static void a_sink_that_fails_only_loses_lines(void **state)
{
    (void)state;
    char filler[4096] = { 0 };

    while (write(pipe_fds[1], filler, sizeof(filler)) > 0)
        continue;
    pvmi_log_open(pipe_fds[1], 1, PVMI_LOG_INFO, 0);
    errno = ENOENT;
    pvmi_log(PVMI_LOG_INFO, "lost");
    assert_int_equal(errno, ENOENT);
}

static void ten_lines_a_minute_are_allowed_for_each_key(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(pvmi_log_allow(1, 1000));
    assert_false(pvmi_log_allow(1, 1000));
    assert_false(pvmi_log_allow(1, 60999));
    assert_true(pvmi_log_allow(2, 60999));
    assert_true(pvmi_log_allow(1, 61000));
}

static void many_keys_at_one_time_are_bounded(void **state)
{
    (void)state;
    int allowed = 0;

    for (uint64_t key = 0; key < 10000; key++)
        allowed += pvmi_log_allow(1000000 + key, 10000000);
    assert_true(allowed > 0 && allowed <= 64);
    assert_true(pvmi_log_allow(5, 10060000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_logged_by_default, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_line_names_tid_date_and_time, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(newlines_inside_a_line_become_spaces, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(levels_above_the_one_asked_for_are_silent, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_full_log_says_so_once, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(a_sink_that_fails_only_loses_lines, open_pipe, close_pipe),
        cmocka_unit_test(ten_lines_a_minute_are_allowed_for_each_key),
        cmocka_unit_test(many_keys_at_one_time_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
