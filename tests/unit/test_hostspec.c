/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a host file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/core/hostspec.h"

static void free_all(struct pvmi_list *specs)
{
    struct pvmi_list *node;

    while ((node = pvmi_list_pop(specs)) != NULL)
        hostspec_free(PVMI_CONTAINER(node, struct hostspec, link));
}

static int count(const struct pvmi_list *specs)
{
    int n = 0;

    PVMI_LIST_EACH(node, specs)
        n++;
    return n;
}

/* The only host of the line. */
static struct hostspec *parse_one(const char *line)
{
    struct pvmi_list specs;
    struct pvmi_fault fault;
    int column;

    pvmi_list_init(&specs);
    assert_int_equal(hostspec_parse(line, &specs, &column, &fault), PvmOk);
    assert_int_equal(count(&specs), 1);
    return PVMI_CONTAINER(pvmi_list_pop(&specs), struct hostspec, link);
}

static void expect_error(const char *line, int column, const char *text)
{
    struct pvmi_list specs;
    struct pvmi_fault fault;
    int where = 0;

    pvmi_list_init(&specs);
    assert_int_equal(hostspec_parse(line, &specs, &where, &fault), PvmBadParam);
    assert_true(pvmi_list_empty(&specs));
    assert_int_equal(where, column);
    if (strstr(fault.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fault.text, text);
}

static void every_pvm_3_option_is_understood(void **state)
{
    struct hostspec *spec =
        parse_one("beta lo=me so=pw ep=/a:/b dx=/d/pvmd wd=/w sp=77 bx=/dbg ip=10.1.2.3 id=vm7");

    (void)state;
    assert_string_equal(spec->name, "beta");
    assert_string_equal(spec->login, "me");
    assert_string_equal(spec->so, "pw");
    assert_string_equal(spec->ep, "/a:/b");
    assert_string_equal(spec->dx, "/d/pvmd");
    assert_string_equal(spec->wd, "/w");
    assert_string_equal(spec->bx, "/dbg");
    assert_string_equal(spec->ip, "10.1.2.3");
    assert_string_equal(spec->id, "vm7");
    assert_int_equal(spec->speed, 77);
    assert_true(spec->speed_given);
    assert_false(spec->deferred);
    hostspec_free(spec);
}

static void speed_is_taken_as_pvm_3_takes_it(void **state)
{
    const struct {
        const char *line;
        int speed;
    } cases[] = {
        { "h", 1000 },
        { "h sp=abc", 0 },
        { "h sp=-5", -5 },
        { "h sp=1 sp=2", 1 },
        { "h sp=99999999999999999999", 2147483647 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hostspec *spec = parse_one(cases[i].line);

        assert_int_equal(spec->speed, cases[i].speed);
        hostspec_free(spec);
    }
}

static void quotes_in_pvm_3_options_are_literal_and_quote_elsewhere(void **state)
{
    struct hostspec *spec = parse_one("  'be'ta   wd='/usr'  \"via=local\" slots\\=4");

    (void)state;
    assert_string_equal(spec->name, "beta");
    assert_string_equal(spec->wd, "'/usr'");
    assert_string_equal(spec->via, "local");
    assert_int_equal(spec->slots, 4);
    hostspec_free(spec);
}

static void comments_and_blank_lines_name_no_host(void **state)
{
    const char *lines[] = { "", "   ", "# beta", "  \t# beta sp=1" };
    struct pvmi_list specs;
    struct pvmi_fault fault;
    int column;

    (void)state;
    pvmi_list_init(&specs);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(hostspec_parse(lines[i], &specs, &column, &fault), PvmOk);
    assert_true(pvmi_list_empty(&specs));
}

static void marks_defer_and_overload(void **state)
{
    struct hostspec *spec = parse_one("&beta");

    (void)state;
    assert_true(spec->deferred);
    assert_false(spec->overload);
    hostspec_free(spec);
    spec = parse_one("$ & beta sp=3 # twice");
    assert_true(spec->deferred);
    assert_true(spec->overload);
    assert_int_equal(spec->speed, 3);
    hostspec_free(spec);
    expect_error("& ", 3, "name is missing");
}

static void mpi_habits_are_understood(void **state)
{
    struct hostspec *spec = parse_one("me@node1:4 via=local port=5000-5010");

    (void)state;
    assert_string_equal(spec->name, "node1");
    assert_string_equal(spec->login, "me");
    assert_string_equal(spec->via, "local");
    assert_string_equal(spec->ports, "5000-5010");
    assert_int_equal(spec->slots, 4);
    hostspec_free(spec);
    spec = parse_one("fe80::1 slots=2");
    assert_string_equal(spec->name, "fe80::1");
    hostspec_free(spec);
}

static void brackets_stand_for_many_hosts(void **state)
{
    const char *names[] = { "n08.lab", "n09.lab", "n10.lab", "n3.lab" };
    struct pvmi_list specs;
    struct pvmi_fault fault;
    int column;
    int i = 0;

    (void)state;
    pvmi_list_init(&specs);
    assert_int_equal(hostspec_parse("n[08-10,3].lab:2 ep=/x", &specs, &column, &fault), PvmOk);
    assert_int_equal(count(&specs), 4);
    PVMI_LIST_EACH(node, &specs) {
        struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        assert_string_equal(spec->name, names[i++]);
        assert_string_equal(spec->ep, "/x");
        assert_int_equal(spec->slots, 2);
    }
    free_all(&specs);
}

static void an_error_names_the_column_and_the_thing(void **state)
{
    char longest[HOSTSPEC_LINE_MAX + 2];

    (void)state;
    expect_error("beta zz=1", 6, "zz=1");
    expect_error("beta gamma", 6, "gamma");
    expect_error("beta via=pigeon", 6, "pigeon");
    expect_error("beta port=0", 6, "port");
    expect_error("beta port=9-3", 6, "port");
    expect_error("beta slots=none", 6, "none");
    expect_error("beta slots=4 x'=1", 14, "quote");
    expect_error("beta:x", 1, "slots");
    expect_error("& beta:x", 3, "slots");
    expect_error("'beta", 1, "quote");
    expect_error("\t h\303\266st  zz=1", 9, "zz=1");
    expect_error("h\303\266st ep=/\342\202\254 zz=1", 12, "zz=1");
    expect_error("$ &", 4, "missing");
    expect_error("@beta", 1, "login");
    expect_error("-oProxyCommand=x", 1, "-");
    expect_error("be/ta", 1, "be/ta");
    expect_error("n[1-", 1, "bracket");
    expect_error("n[1-2][3]", 1, "bracket");
    expect_error("n[2-1]", 1, "range");
    expect_error("n[x]", 1, "numbers");
    expect_error("n[1,]", 1, "numbers");
    expect_error("n[1;2]", 1, "numbers");
    expect_error("n[0-99999]", 1, "4095");
    expect_error("n[0-4000,5000-6000]", 1, "4095");
    expect_error("b sp=1 sp=1 sp=1 sp=1 sp=1 sp=1 sp=1 sp=1 sp=1 sp=1", 48, "too many");
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    expect_error(longest, HOSTSPEC_LINE_MAX + 1, "4096");
}

static void what_is_not_said_is_inherited(void **state)
{
    struct hostspec *defaults = parse_one("* ep=/d wd=/w sp=5 slots=3 via=local port=99");
    struct hostspec *spec = parse_one("beta wd=/own");
    struct hostspec *copy;

    (void)state;
    assert_string_equal(defaults->name, "*");
    assert_int_equal(hostspec_inherit(spec, defaults), PvmOk);
    copy = hostspec_copy(spec);
    assert_non_null(copy);
    hostspec_free(spec);
    assert_string_equal(copy->name, "beta");
    assert_string_equal(copy->ep, "/d");
    assert_string_equal(copy->wd, "/own");
    assert_string_equal(copy->via, "local");
    assert_string_equal(copy->ports, "99");
    assert_int_equal(copy->speed, 5);
    assert_int_equal(copy->slots, 3);
    hostspec_free(copy);
    hostspec_free(defaults);
}

static void no_memory_leaves_nothing(void **state)
{
    struct pvmi_list specs;
    struct pvmi_fault fault;
    int rc = PvmNoMem;
    int column;

    (void)state;
    pvmi_list_init(&specs);
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 200);
        pvmi_alloc_fail_nth(nth);
        rc = hostspec_parse("me@n[1-3] ep=/a via=local port=3", &specs, &column, &fault);
        pvmi_alloc_fail_nth(-1);
        if (rc != PvmOk) {
            assert_int_equal(rc, PvmNoMem);
            assert_int_equal(pvmi_alloc_count(), 0);
        }
    }
    free_all(&specs);
}

static int nothing_leaks(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_pvm_3_option_is_understood, nothing_leaks),
        cmocka_unit_test_teardown(speed_is_taken_as_pvm_3_takes_it, nothing_leaks),
        cmocka_unit_test_teardown(quotes_in_pvm_3_options_are_literal_and_quote_elsewhere, nothing_leaks),
        cmocka_unit_test_teardown(comments_and_blank_lines_name_no_host, nothing_leaks),
        cmocka_unit_test_teardown(marks_defer_and_overload, nothing_leaks),
        cmocka_unit_test_teardown(mpi_habits_are_understood, nothing_leaks),
        cmocka_unit_test_teardown(brackets_stand_for_many_hosts, nothing_leaks),
        cmocka_unit_test_teardown(an_error_names_the_column_and_the_thing, nothing_leaks),
        cmocka_unit_test_teardown(what_is_not_said_is_inherited, nothing_leaks),
        cmocka_unit_test_teardown(no_memory_leaves_nothing, nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
