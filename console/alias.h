/* SPDX-License-Identifier: BSD-3-Clause */
/* The aliases of the console: a name that stands for a command and its first words. No I/O. */
#ifndef CONSOLE_ALIAS_H
#define CONSOLE_ALIAS_H

#include "console/words.h"

struct alias {
    struct alias *next;      /* in the order of names */
    char *name;
    struct words meaning;    /* at least one word */
};

/* Defines name, instead of what it meant before. Returns 0 or -1 (no memory). */
int alias_define(struct alias **list, const char *name, int count, char *const *meaning);

/* Forgets name; one that is not defined is fine. */
void alias_remove(struct alias **list, const char *name);

/*
 * Replaces the first word as long as it is an alias that was not used yet. An alias may begin with the
 * command of its own name ("alias ps ps -a").
 *
 * Returns 0 with words in the place of the ones given; or -1 with a text that says why not, words unchanged.
 */
int alias_expand(const struct alias *list, struct words *words, const char **ret_error);

void alias_free(struct alias **list);

#endif
