/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A console line: words, quotes, aliases. The first line of the input is "NAME MEANING..." of an alias, so is
 * every other but the last, which is expanded.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console/alias.h"
#include "console/words.h"

/* Words never hold more than the line did. */
static void check_words(const struct words *words, const char *line)
{
    size_t total = 0;

    assert(words->count <= WORDS_MAX);
    assert(words->v[words->count] == NULL);
    for (int i = 0; i < words->count; i++)
        total += strlen(words->v[i]);
    assert(total <= strlen(line));
}

static void take_line(struct alias **aliases, const char *line, int last)
{
    struct words words;
    const char *error = NULL;

    if (words_split(line, &words, &error) < 0) {
        assert(error != NULL);
        return;
    }
    check_words(&words, line);
    if (last)
        (void)alias_expand(*aliases, &words, &error);
    else if (words.count > 1)
        (void)alias_define(aliases, words.v[0], words.count - 1, words.v + 1);
    words_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct alias *aliases = NULL;
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');

        if (end != NULL)
            *end++ = '\0';
        take_line(&aliases, line, end == NULL);
        line = end;
    }
    alias_free(&aliases);
    free(text);
    return 0;
}
