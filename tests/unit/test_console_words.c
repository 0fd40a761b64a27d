/* SPDX-License-Identifier: BSD-3-Clause */
/* The console's words, quotes and aliases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/alias.h"
#include "console/words.h"

/* Splits line and compares: wanted has the words with '|' behind each. */
static void check_split(const char *line, const char *wanted)
{
    struct words words;
    const char *error = NULL;
    char got[256] = "";

    assert_int_equal(words_split(line, &words, &error), 0);
    for (int i = 0; i < words.count; i++) {
        strcat(got, words.v[i]);
        strcat(got, "|");
    }
    assert_null(words.v[words.count]);
    assert_string_equal(got, wanted);
    words_free(&words);
}

static void check_refused(const char *line, const char *wanted)
{
    struct words words;
    const char *error = NULL;

    assert_int_equal(words_split(line, &words, &error), -1);
    assert_string_equal(error, wanted);
}

static void blanks_part_words(void **state)
{
    (void)state;
    check_split("", "");
    check_split(" \t \r\n", "");
    check_split("conf", "conf|");
    check_split("  ps\t-a  \n", "ps|-a|");
}

static void quotes_keep_blanks_and_vanish(void **state)
{
    (void)state;
    check_split("echo a  \"b  c\" 'd' e\\ f", "echo|a|b  c|d|e f|");
    check_split("a\"b c\"d", "ab cd|");
    check_split("'x\"y' \"a'b\" \\\" \\\\", "x\"y|a'b|\"|\\|");
}

static void a_backslash_within_quotes_is_itself(void **state)
{
    (void)state;
    check_split("\"a\\nb\\\\c\" '\\'", "a\\nb\\\\c|\\|");
}

static void empty_quotes_are_an_empty_word(void **state)
{
    (void)state;
    check_split("add ''", "add||");
    check_split("''\"\"", "|");
}

static void a_comment_begins_a_word(void **state)
{
    (void)state;
    check_split("# all", "");
    check_split("a #b c", "a|");
    check_split("a#b c", "a#b|c|");
    check_split("'#a' \\#b", "#a|#b|");
}

static void an_open_quote_is_told(void **state)
{
    (void)state;
    check_refused("echo 'a", "unmatched '");
    check_refused("echo \"a'", "unmatched \"");
    check_refused("echo a\\", "unmatched \\");
}

static void too_many_words_are_told(void **state)
{
    char *line = malloc(2 * (WORDS_MAX + 1) + 1);
    struct words words;
    const char *error;

    (void)state;
    assert_non_null(line);
    for (int i = 0; i <= WORDS_MAX; i++)
        memcpy(line + 2 * i, "a ", 3);
    check_refused(line, "command too long");
    line[2 * WORDS_MAX] = '\0';
    assert_int_equal(words_split(line, &words, &error), 0);
    assert_int_equal(words.count, WORDS_MAX);
    words_free(&words);
    free(line);
}

/* Aliases are given as lines "NAME WORDS". */
static struct alias *aliases_make(const char *const *lines)
{
    struct alias *list = NULL;

    for (; *lines != NULL; lines++) {
        struct words words;
        const char *error;

        assert_int_equal(words_split(*lines, &words, &error), 0);
        assert_int_equal(alias_define(&list, words.v[0], words.count - 1, words.v + 1), 0);
        words_free(&words);
    }
    return list;
}

static void check_expand(const struct alias *list, const char *line, const char *wanted)
{
    struct words words;
    const char *error;
    char got[256] = "";

    assert_int_equal(words_split(line, &words, &error), 0);
    assert_int_equal(alias_expand(list, &words, &error), 0);
    for (int i = 0; i < words.count; i++) {
        strcat(got, words.v[i]);
        strcat(got, "|");
    }
    assert_string_equal(got, wanted);
    words_free(&words);
}

static void an_alias_stands_for_a_command_and_its_first_words(void **state)
{
    static const char *const lines[] = { "ll ps -a", "e echo one \"two  three\"", "deep ll -l", NULL };
    struct alias *list = aliases_make(lines);

    (void)state;
    check_expand(list, "ll", "ps|-a|");
    check_expand(list, "e \"a  b\"", "echo|one|two  three|a  b|");
    check_expand(list, "deep -x", "ps|-a|-l|-x|");
    check_expand(list, "conf ll", "conf|ll|");
    alias_free(&list);
}

static void an_alias_may_begin_with_the_command_of_its_name(void **state)
{
    static const char *const lines[] = { "ps ps -a", NULL };
    struct alias *list = aliases_make(lines);

    (void)state;
    check_expand(list, "ps -l", "ps|-a|-l|");
    alias_free(&list);
}

static void aliases_that_go_in_a_circle_are_refused(void **state)
{
    static const char *const lines[] = { "a b c", "b a d", NULL };
    struct alias *list = aliases_make(lines);
    struct words words;
    const char *error;

    (void)state;
    assert_int_equal(words_split("a", &words, &error), 0);
    assert_int_equal(alias_expand(list, &words, &error), -1);
    assert_string_equal(error, "alias loop");
    assert_string_equal(words.v[0], "a");
    words_free(&words);
    alias_free(&list);
}

static void a_new_meaning_takes_the_place_of_the_old(void **state)
{
    static const char *const lines[] = { "x one", "x two", "a first", NULL };
    struct alias *list = aliases_make(lines);

    (void)state;
    check_expand(list, "x", "two|");
    assert_string_equal(list->name, "a");
    alias_remove(&list, "x");
    alias_remove(&list, "x");
    check_expand(list, "x", "x|");
    alias_free(&list);
}

static void numbers_are_decimal_but_for_0x(void **state)
{
    int number = 0;

    (void)state;
    assert_true(words_number("010", &number));
    assert_int_equal(number, 10);
    assert_true(words_number("-3", &number));
    assert_int_equal(number, -3);
    assert_true(words_number("0x1F", &number));
    assert_int_equal(number, 31);
    assert_true(words_number("-2147483648", &number));
    assert_false(words_number("2147483648", &number));
    assert_false(words_number("99999999999999999999", &number));
    assert_false(words_number("", &number));
    assert_false(words_number("x", &number));
    assert_false(words_number("3x", &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_part_words),
        cmocka_unit_test(quotes_keep_blanks_and_vanish),
        cmocka_unit_test(a_backslash_within_quotes_is_itself),
        cmocka_unit_test(empty_quotes_are_an_empty_word),
        cmocka_unit_test(a_comment_begins_a_word),
        cmocka_unit_test(an_open_quote_is_told),
        cmocka_unit_test(too_many_words_are_told),
        cmocka_unit_test(an_alias_stands_for_a_command_and_its_first_words),
        cmocka_unit_test(an_alias_may_begin_with_the_command_of_its_name),
        cmocka_unit_test(aliases_that_go_in_a_circle_are_refused),
        cmocka_unit_test(a_new_meaning_takes_the_place_of_the_old),
        cmocka_unit_test(numbers_are_decimal_but_for_0x),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
