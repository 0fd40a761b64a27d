/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of launching that need no process: the lines that go over stdin and stdout, the words for what
 * went wrong, the command for the other host, and what $NAME in an option becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/io/joinline.h"
#include "pvmd/io/launch.h"
#include "pvmd/io/own.h"
#include "wire/hello.h"

/* How the command for another host begins. */
#define PROFILE "sh -c 'if [ -r \"$HOME/.pvmprofile\" ]; then . \"$HOME/.pvmprofile\" </dev/null; fi; "

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

/* ---- the lines ---- */

static const struct pvmi_msg_join sample = {
    .version = PVMI_VERSION, .number = 2, .name = "beta", .ticket = 77, .port = 4000, .vmid = NULL, .speed = -5,
};

static void a_join_line_comes_back_as_it_was(void **state)
{
    char *line = joinline_format(PVMI_MSG_join, &sample);
    struct pvmi_control control;
    int version;

    (void)state;
    assert_non_null(line);
    assert_true(joinline_is(line, PVMI_MSG_join));
    assert_false(joinline_is(line, PVMI_MSG_ready));
    assert_memory_equal(line, "pvm4-join 1 ", 12);
    assert_int_equal(joinline_parse(line, PVMI_MSG_join, &control, &version), PvmOk);
    const struct pvmi_msg_join *join = control.msg;
    assert_string_equal(join->name, "beta");
    assert_null(join->vmid);
    assert_int_equal(join->speed, -5);
    assert_true(join->ticket == 77);
    pvmi_control_free(&control);
    pvmi_free(line);
}

static void a_line_may_end_in_a_carriage_return(void **state)
{
    char *line = joinline_format(PVMI_MSG_join, &sample);
    struct pvmi_control control;
    int version;

    (void)state;
    strcpy(line + strlen(line) - 1, "\r");
    assert_int_equal(joinline_parse(line, PVMI_MSG_join, &control, &version), PvmOk);
    pvmi_control_free(&control);
    pvmi_free(line);
}

static void another_version_is_told_before_anything_is_decoded(void **state)
{
    struct pvmi_control control;
    int version = 0;

    (void)state;
    assert_int_equal(joinline_parse("pvm4-ready 9 zz", PVMI_MSG_ready, &control, &version), PvmBadVersion);
    assert_int_equal(version, 9);
}

static void what_is_no_line_is_refused(void **state)
{
    static const char *const lines[] = {
        "pvm4-ready ", "pvm4-ready x 00", "pvm4-ready 1", "pvm4-ready 1 ", "pvm4-ready 1 0", "pvm4-ready 1 zz",
        "pvm4-ready 1 00 00", "pvm4-ready 1 ff", "pvm4-ready 1 9150",
    };
    struct pvmi_control control;
    int version;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(joinline_parse(lines[i], PVMI_MSG_ready, &control, &version), PvmBadMsg);
}

static void a_join_is_no_ready(void **state)
{
    char *line = joinline_format(PVMI_MSG_join, &sample);
    char *other = pvmi_asprintf("pvm4-ready %s", line + strlen("pvm4-join "));
    struct pvmi_control control;
    int version;

    (void)state;
    assert_int_equal(joinline_parse(other, PVMI_MSG_ready, &control, &version), PvmBadMsg);
    pvmi_free(line);
    pvmi_free(other);
}

/* A command line cannot keep a secret: it holds none, and is one plain word. */
static void a_join_as_an_argument_comes_back_as_it_was(void **state)
{
    char *argument = joinline_format_argument(&sample);
    char *line = joinline_of_argument(argument);
    struct pvmi_control control;
    int version;

    (void)state;
    assert_int_equal(strspn(argument, "0123456789abcdef:"), strlen(argument));
    assert_memory_equal(argument, "1:", 2);
    assert_true(joinline_is(line, PVMI_MSG_join));
    assert_int_equal(joinline_parse(line, PVMI_MSG_join, &control, &version), PvmOk);
    const struct pvmi_msg_join *join = control.msg;
    assert_string_equal(join->name, "beta");
    assert_int_equal(join->secret.length, 0);
    pvmi_control_free(&control);
    pvmi_free(argument);
    pvmi_free(line);
}

static void an_argument_survives_out_of_memory(void **state)
{
    char *argument = NULL;
    char *line = NULL;

    (void)state;
    for (int nth = 0; argument == NULL; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        argument = joinline_format_argument(&sample);
    }
    for (int nth = 0; line == NULL; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        line = joinline_of_argument(argument);
    }
    pvmi_alloc_fail_nth(-1);
    pvmi_free(argument);
    pvmi_free(line);
}

static void arguments_that_are_none_are_refused(void **state)
{
    static const char *const arguments[] = { "", ":", "1", "1:", "1:zz", "x:00", "pvm4-join 1 00", "1:00 00", "1:ff" };
    struct pvmi_control control;
    int version;

    (void)state;
    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
        char *line = joinline_of_argument(arguments[i]);

        assert_int_equal(joinline_parse(line, PVMI_MSG_join, &control, &version), PvmBadMsg);
        pvmi_free(line);
    }
    char *line = joinline_of_argument("9:00");
    assert_int_equal(joinline_parse(line, PVMI_MSG_join, &control, &version), PvmBadVersion);
    assert_int_equal(version, 9);
    pvmi_free(line);
}

static void a_line_survives_out_of_memory(void **state)
{
    char *line = NULL;
    struct pvmi_control control;
    int rc = PvmNoMem;
    int version;

    (void)state;
    for (int nth = 0; line == NULL; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        line = joinline_format(PVMI_MSG_join, &sample);
    }
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 100);
        pvmi_alloc_fail_nth(nth);
        rc = joinline_parse(line, PVMI_MSG_join, &control, &version);
        assert_true(rc == PvmOk || rc == PvmNoMem);
    }
    pvmi_alloc_fail_nth(-1);
    pvmi_control_free(&control);
    pvmi_free(line);
}

/* ---- what went wrong ---- */

#define EXITED(status) ((status) << 8)

static void expect_words(const char *said, int status, int code, const char *part)
{
    struct hostspec spec = { .name = (char *)"beta" };
    struct launch launch = { .spec = &spec };
    struct pvmi_fault fault;

    snprintf(launch.said, sizeof(launch.said), "%s", said);
    launch_explain_end(&launch, status, &fault);
    assert_int_equal(fault.code, code);
    if (strstr(fault.text, part) == NULL || strstr(fault.text, "beta") == NULL)
        fail_msg("\"%s\" or the host is not in \"%s\"", part, fault.text);
}

static void advice_names_the_login_of_the_line(void **state)
{
    (void)state;
    struct hostspec spec = { .name = (char *)"beta", .login = (char *)"me" };
    struct launch launch = { .spec = &spec, .said = "Permission denied (publickey).\n" };
    struct pvmi_fault fault;

    launch_explain_end(&launch, EXITED(255), &fault);
    assert_non_null(strstr(fault.text, "\"ssh-copy-id me@beta\""));
}

/* What a host prints is shown at the user's terminal. */
static void what_the_launcher_said_holds_no_control_characters(void **state)
{
    (void)state;
    expect_words("\033[2Jhello\007\n", EXITED(3), PvmCantStart, "it said: ?[2Jhello?");
}

static void silence_is_told_with_what_was_said(void **state)
{
    (void)state;
    struct hostspec spec = { .name = (char *)"beta" };
    struct launch launch = { .spec = &spec, .said = "Enter PIN:" };
    struct pvmi_fault fault;

    launch_explain_silence(&launch, 60, &fault);
    assert_int_equal(fault.code, PvmCantStart);
    assert_non_null(strstr(fault.text, "beta gave no answer within 60 s; what was said: Enter PIN:"));
}

static void each_way_to_fail_has_its_remedy(void **state)
{
    (void)state;
    expect_words("me@beta: Permission denied (publickey).\n", EXITED(255), PvmCantStart, "ssh-copy-id beta");
    expect_words("No ED25519 host key is known\nHost key verification failed.\n", EXITED(255), PvmCantStart,
                 "\"ssh beta\" once by hand");
    expect_words("ssh: connect to host beta port 22: Connection refused\n", EXITED(255), PvmCantStart, "start sshd");
    expect_words("ssh: connect to host beta port 22: Connection timed out\n", EXITED(255), PvmCantStart, "firewall");
    expect_words("ssh: connect to host beta port 22: No route to host\n", EXITED(255), PvmCantStart, "switched on");
    expect_words("ssh: Could not resolve hostname beta: Name or service not known\n", EXITED(255), PvmNoHost, "ip=");
    expect_words("ssh: Could not resolve hostname gate: Name or service not known\nConnection closed by UNKNOWN port "
                 "65535\n", EXITED(255), PvmNoHost, "does not know the name gate:");
    expect_words("sh: 1: exec: pvmd: not found\n", EXITED(127), PvmCantStart, "install PVM there");
    expect_words("sh: 1: exec: /opt/pvmd: not found\n", EXITED(0), PvmCantStart, "none: sh: 1: exec: /opt/pvmd: not found");
    expect_words("bash: /opt/x: No such file or directory\n", EXITED(127), PvmCantStart, "dx=PATH");
    expect_words("something odd\n\n", EXITED(3), PvmCantStart, "status 3 and no ready line; it said: something odd");
    expect_words("", 9, PvmCantStart, "killed by signal 9");
}

/* ---- the command ---- */

static void the_stand_in_for_ssh_is_called_as_rsh_was(void **state)
{
    struct hostspec spec = {
        .name = (char *)"beta", .ip = (char *)"10.0.0.2", .login = (char *)"me", .dx = (char *)"$HOME/pvmd",
    };
    struct io io = { .own.program = (char *)"/opt/pvm/bin/pvmd" };
    struct launch launch = { .spec = &spec, .io = &io };
    struct launch_command command = { .argc = 0 };
    struct pvmi_fault fault;

    (void)state;
    setenv("PVM_RSH", "/bin/true", 1);
    assert_int_equal(launch_ssh_command(&launch, &command, &fault), PvmOk);
    assert_int_equal(command.argc, 5);
    assert_string_equal(command.argv[0], "/bin/true");
    assert_string_equal(command.argv[1], "10.0.0.2");
    assert_string_equal(command.argv[2], "-l");
    assert_string_equal(command.argv[3], "me");
    assert_string_equal(command.argv[4], PROFILE "exec $HOME/pvmd -s -nbeta'");
    launch_command_fini(&command);

    spec.dx = (char *)"env A='b' pvmd";
    assert_int_equal(launch_ssh_command(&launch, &command, &fault), PvmOk);
    assert_string_equal(command.argv[4], "env A='b' pvmd -s -nbeta");
    launch_command_fini(&command);

    spec.dx = NULL;
    spec.login = NULL;
    unsetenv("PVM_DPATH");
    assert_int_equal(launch_ssh_command(&launch, &command, &fault), PvmOk);
    assert_int_equal(command.argc, 3);
    assert_string_equal(command.argv[2], PROFILE "if [ -x /opt/pvm/bin/pvmd ]; then exec /opt/pvm/bin/pvmd -s -nbeta;"
                                                 " fi; exec pvmd -s -nbeta'");
    launch_command_fini(&command);
    unsetenv("PVM_RSH");
}

static void a_name_that_a_shell_would_read_is_kept_from_it(void **state)
{
    struct hostspec spec = { .name = (char *)"x;reboot", .ip = (char *)"10.0.0.2", .dx = (char *)"pvmd" };
    struct io io = { .own.program = (char *)"/opt/pvm/bin/pvmd" };
    struct launch launch = { .spec = &spec, .io = &io };
    struct launch_command command = { .argc = 0 };
    struct pvmi_fault fault;

    (void)state;
    setenv("PVM_RSH", "/bin/true", 1);
    assert_int_equal(launch_ssh_command(&launch, &command, &fault), PvmOk);
    assert_string_equal(command.argv[2], PROFILE "exec pvmd -s -nhost'");
    launch_command_fini(&command);

    spec.ip = (char *)"-oProxyCommand=reboot";
    assert_int_equal(launch_ssh_command(&launch, &command, &fault), PvmBadParam);
    launch_command_fini(&command);
    unsetenv("PVM_RSH");
}

/* For any shell, and for who puts it into quotes of its own. */
static void the_command_for_a_hoster_is_plain_words(void **state)
{
    struct hostspec spec = { .name = (char *)"beta", .ip = (char *)"10.0.0.2", .login = (char *)"me" };
    struct io io = { .own.program = (char *)"/opt/pvm/bin/pvmd" };
    struct launch launch = { .spec = &spec, .io = &io };
    char *command = launch_ssh_plain_command(&launch, "1:00ff");

    (void)state;
    assert_string_equal(command, "/opt/pvm/bin/pvmd -s -nbeta --join-public 1:00ff");
    pvmi_free(command);
    spec.dx = (char *)"$HOME/pvmd";
    spec.name = (char *)"x;reboot";
    command = launch_ssh_plain_command(&launch, "1:00ff");
    assert_string_equal(command, "$HOME/pvmd -s -nhost --join-public 1:00ff");
    pvmi_free(command);
    spec.dx = NULL;
    io.own.program = (char *)"/opt/p v m/pvmd";
    command = launch_ssh_plain_command(&launch, "1:00ff");
    assert_string_equal(command, "pvmd -s -nhost --join-public 1:00ff");
    pvmi_free(command);
}

static void what_holds_a_secret_is_cut_off(void **state)
{
    char texts[][40] = { "x: pvm4-ready 1 00ff", "pvm4-join 1 77", "+ pvm4-join 1 66 pvm4-ready 1 55", "nothing" };

    (void)state;
    for (int i = 0; i < 4; i++)
        launch_redact(texts[i]);
    assert_string_equal(texts[0], "x: pvm4-ready");
    assert_string_equal(texts[1], "pvm4-join");
    assert_string_equal(texts[2], "+ pvm4-join");
    assert_string_equal(texts[3], "nothing");
}

/* ---- $NAME ---- */

static void variables_are_replaced_and_unknown_ones_stay(void **state)
{
    static const struct {
        const char *text;
        const char *expanded;
    } cases[] = {
        { "", "" }, { "/usr/bin", "/usr/bin" }, { "$TEST_A/bin", "one/bin" }, { "${TEST_A}x:$TEST_B", "onex:two" },
        { "$TEST_NONE/${TEST_NONE}", "$TEST_NONE/${TEST_NONE}" }, { "$", "$" }, { "a$", "a$" }, { "${TEST_A", "${TEST_A" },
        { "$$TEST_A", "$one" }, { "'$TEST_A'", "'one'" },
    };

    (void)state;
    setenv("TEST_A", "one", 1);
    setenv("TEST_B", "two", 1);
    unsetenv("TEST_NONE");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *expanded = own_expand(cases[i].text);
        assert_string_equal(expanded, cases[i].expanded);
        pvmi_free(expanded);
    }
    assert_null(own_expand(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_join_line_comes_back_as_it_was, nothing_leaked),
        cmocka_unit_test_teardown(a_line_may_end_in_a_carriage_return, nothing_leaked),
        cmocka_unit_test_teardown(another_version_is_told_before_anything_is_decoded, nothing_leaked),
        cmocka_unit_test_teardown(what_is_no_line_is_refused, nothing_leaked),
        cmocka_unit_test_teardown(a_join_is_no_ready, nothing_leaked),
        cmocka_unit_test_teardown(a_join_as_an_argument_comes_back_as_it_was, nothing_leaked),
        cmocka_unit_test_teardown(an_argument_survives_out_of_memory, nothing_leaked),
        cmocka_unit_test_teardown(arguments_that_are_none_are_refused, nothing_leaked),
        cmocka_unit_test_teardown(a_line_survives_out_of_memory, nothing_leaked),
        cmocka_unit_test_teardown(each_way_to_fail_has_its_remedy, nothing_leaked),
        cmocka_unit_test_teardown(advice_names_the_login_of_the_line, nothing_leaked),
        cmocka_unit_test_teardown(what_the_launcher_said_holds_no_control_characters, nothing_leaked),
        cmocka_unit_test_teardown(silence_is_told_with_what_was_said, nothing_leaked),
        cmocka_unit_test_teardown(the_stand_in_for_ssh_is_called_as_rsh_was, nothing_leaked),
        cmocka_unit_test_teardown(a_name_that_a_shell_would_read_is_kept_from_it, nothing_leaked),
        cmocka_unit_test_teardown(the_command_for_a_hoster_is_plain_words, nothing_leaked),
        cmocka_unit_test_teardown(what_holds_a_secret_is_cut_off, nothing_leaked),
        cmocka_unit_test_teardown(variables_are_replaced_and_unknown_ones_stay, nothing_leaked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
