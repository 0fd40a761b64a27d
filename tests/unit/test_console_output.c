/* SPDX-License-Identifier: BSD-3-Clause */
/* What the console prints: lines out of pieces, JSON, the options of spawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/json.h"
#include "console/lines.h"
#include "console/spawn_command.h"
#include "pvm3.h"

/* ---- lines ---- */

static void on_line(void *user, const char *text, size_t length, bool newline)
{
    char *got = user;

    strncat(got, text, length);
    strcat(got, newline ? "|" : "/");
}

static void pieces_become_whole_lines(void **state)
{
    struct lines lines = { 0 };
    char got[128] = "";

    (void)state;
    lines_feed(&lines, "ab", 2, on_line, got);
    lines_feed(&lines, "c\n\nd", 4, on_line, got);
    assert_string_equal(got, "abc||");
    lines_feed(&lines, "e\nf\ng", 5, on_line, got);
    assert_string_equal(got, "abc||de|f|");
    lines_end(&lines, on_line, got);
    assert_string_equal(got, "abc||de|f|g/");
}

static void an_end_without_newline_is_a_line_and_one_with_it_is_none(void **state)
{
    struct lines lines = { 0 };
    char got[128] = "";

    (void)state;
    lines_feed(&lines, "a\n", 2, on_line, got);
    lines_end(&lines, on_line, got);
    assert_string_equal(got, "a|");
}

static void a_flush_gives_out_half_a_line_once(void **state)
{
    struct lines lines = { 0 };
    char got[128] = "";

    (void)state;
    lines_feed(&lines, "a", 1, on_line, got);
    lines_flush(&lines, on_line, got);
    lines_flush(&lines, on_line, got);
    assert_string_equal(got, "a/");
    lines_feed(&lines, "b\nc", 3, on_line, got);
    lines_end(&lines, on_line, got);
    assert_string_equal(got, "a/b|c/");
}

static void on_line_count(void *user, const char *text, size_t length, bool newline)
{
    (void)text;
    (void)newline;
    *(size_t *)user += length;
}

/* However long a line is, no byte is lost. */
static void an_endless_line_is_given_out_in_pieces(void **state)
{
    struct lines lines = { 0 };
    char piece[4096];
    size_t got = 0;
    int pieces = LINES_LENGTH_MAX / (int)sizeof(piece) + 10;

    (void)state;
    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < pieces; i++)
        lines_feed(&lines, piece, sizeof(piece), on_line_count, &got);
    assert_true(got >= LINES_LENGTH_MAX);
    lines_feed(&lines, "\n", 1, on_line_count, &got);
    assert_int_equal(got, (size_t)pieces * sizeof(piece));
    lines_end(&lines, on_line_count, &got);
}

/* ---- JSON ---- */

static void json_has_commas_keys_and_one_newline(void **state)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct json json = json_begin(out);

    (void)state;
    json_open(&json, NULL, '{');
    json_int(&json, "n", -3);
    json_open(&json, "list", '[');
    json_tid(&json, NULL, 0x40001);
    json_tid(&json, NULL, PvmNoFile);
    json_close(&json, ']');
    json_open(&json, "none", '{');
    json_close(&json, '}');
    json_bool(&json, "good", true);
    json_string(&json, "text", NULL);
    json_close(&json, '}');
    fclose(out);
    assert_string_equal(text, "{\"n\":-3,\"list\":[\"40001\",null],\"none\":{},\"good\":true,\"text\":null}\n");
    free(text);
}

static void json_strings_are_escaped_and_always_utf8(void **state)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct json json = json_begin(out);

    (void)state;
    json_open(&json, NULL, '[');
    json_string(&json, NULL, "a\"b\\c\n\t\x01");
    json_string(&json, NULL, "gr\xc3\xbc\xc3\x9f");
    json_string(&json, NULL, "\xc3|\xff|\xc0\xaf|\xed\xa0\x80");
    json_close(&json, ']');
    fclose(out);
    assert_string_equal(text, "[\"a\\\"b\\\\c\\n\\t\\u0001\",\"gr\xc3\xbc\xc3\x9f\","
                              "\"\\ufffd|\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd\"]\n");
    free(text);
}

/* ---- options of spawn ---- */

static int parse(struct spawn_options *options, char *first, char *second)
{
    char *argv[] = { "spawn", first, second, "prog", "-9", NULL };

    return spawn_options_parse(5, argv, options);
}

static void spawn_options_end_at_the_program(void **state)
{
    struct spawn_options options;

    (void)state;
    assert_int_equal(parse(&options, "-3", "->"), 3);
    assert_int_equal(options.count, 3);
    assert_true(options.output);
    assert_null(options.file);
    assert_int_equal(options.flags, 0);
}

static void spawn_takes_hosts_architectures_and_directories(void **state)
{
    struct spawn_options options;

    (void)state;
    assert_int_equal(parse(&options, "-alpha:/tmp", "-2"), 3);
    assert_int_equal(options.flags, PvmTaskHost);
    assert_memory_equal(options.place, "alpha", 5);
    assert_int_equal(options.place_length, 5);
    assert_string_equal(options.directory, "/tmp");

    assert_int_equal(parse(&options, "-LINUX64", "-:/var"), 3);
    assert_int_equal(options.flags, PvmTaskArch);
    assert_string_equal(options.directory, "/var");

    assert_int_equal(parse(&options, "--host=Big1", "-?"), 3);
    assert_int_equal(options.flags, PvmTaskHost | PvmTaskDebug);
    assert_int_equal(options.place_length, 4);

    assert_int_equal(parse(&options, "-~.", "-2"), 3);
    assert_int_equal(options.flags, PvmTaskHost | PvmHostCompl);
    assert_int_equal(options.place_length, 1);
}

static void spawn_takes_output_to_a_file_in_both_spellings(void **state)
{
    struct spawn_options options;

    (void)state;
    assert_int_equal(parse(&options, "->out", "-2"), 3);
    assert_string_equal(options.file, "out");
    assert_false(options.append);
    assert_int_equal(parse(&options, "->>out", "-2"), 3);
    assert_true(options.append);
    assert_false(options.trace);
    assert_int_equal(parse(&options, "-@calls", "-2"), 3);
    assert_true(options.trace);
    assert_string_equal(options.trace_file, "calls");
    assert_int_equal(parse(&options, "--trace", "-2"), 3);
    assert_true(options.trace);
    assert_null(options.trace_file);
    assert_int_equal(parse(&options, "--append=log", "-2"), 3);
    assert_string_equal(options.file, "log");
    assert_true(options.append);
}

static void spawn_refuses_what_is_no_option(void **state)
{
    struct spawn_options options;

    (void)state;
    assert_int_equal(parse(&options, "-0", "-2"), -1);
    assert_int_equal(parse(&options, "-9x", "-2"), -1);
    assert_int_equal(parse(&options, "--zz", "-2"), -1);
    assert_int_equal(parse(&options, "-=", "-2"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_become_whole_lines),
        cmocka_unit_test(an_end_without_newline_is_a_line_and_one_with_it_is_none),
        cmocka_unit_test(a_flush_gives_out_half_a_line_once),
        cmocka_unit_test(an_endless_line_is_given_out_in_pieces),
        cmocka_unit_test(json_has_commas_keys_and_one_newline),
        cmocka_unit_test(json_strings_are_escaped_and_always_utf8),
        cmocka_unit_test(spawn_options_end_at_the_program),
        cmocka_unit_test(spawn_takes_hosts_architectures_and_directories),
        cmocka_unit_test(spawn_takes_output_to_a_file_in_both_spellings),
        cmocka_unit_test(spawn_refuses_what_is_no_option),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
