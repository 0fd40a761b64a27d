/* SPDX-License-Identifier: BSD-3-Clause */
/* A command line taken apart into words, by PVM 3's rules of quoting. No I/O, no globals. */
#ifndef CONSOLE_WORDS_H
#define CONSOLE_WORDS_H

#include <stdbool.h>

#define WORDS_MAX 4096    /* words of a line; a line of hosts to add may be long */

struct words {
    int count;
    char **v;    /* count words, then NULL; words and array are one block */
};

/*
 * Splits line at blanks, tabs and line ends. '...' and "..." quote all that is between them, \ quotes the next
 * character outside of those; a word that begins with an unquoted # starts a comment.
 *
 * Returns 0 with words for words_free(); or -1 with a text without newline that says what is wrong
 * ("unmatched '").
 */
int words_split(const char *line, struct words *ret_words, const char **ret_error);

/* A copy of count words. Returns 0 or -1 (no memory). */
int words_copy(int count, char *const *v, struct words *ret_words);

/* first followed by rest. Returns 0, or -1: no memory or more than WORDS_MAX. */
int words_join(const struct words *first, int count, char *const *rest, struct words *ret_words);

/* Frees what words holds and makes it empty; empty is fine. */
void words_free(struct words *words);

/* A number as PVM 3's console reads it: decimal also behind a 0, and besides 0x and hexadecimal digits. False for what
 * is no number that an int holds. */
bool words_number(const char *word, int *ret_number);

#endif
