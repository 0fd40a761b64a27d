/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/words.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One word from *at on, unquoted into *out, which moves behind its NUL. */
static const char *word_take(const char **at, char **out)
{
    const char *p = *at;
    char *to = *out;

    while (*p != '\0' && !is_blank(*p)) {
        if (*p == '\\') {
            if (*++p == '\0')
                return "unmatched \\";
            *to++ = *p++;
        } else if (*p == '\'' || *p == '"') {
            const char *end = strchr(p + 1, *p);

            if (end == NULL)
                return *p == '"' ? "unmatched \"" : "unmatched '";
            memcpy(to, p + 1, (size_t)(end - p - 1));
            to += end - p - 1;
            p = end + 1;
        } else {
            *to++ = *p++;
        }
    }
    *to++ = '\0';
    *at = p;
    *out = to;
    return NULL;
}

/* Words need no more bytes than the line has, each with its NUL in the place of a blank. */
static const char *line_split(const char *line, char **v, char *out, int *ret_count)
{
    int count = 0;

    for (;;) {
        while (is_blank(*line))
            line++;
        if (*line == '\0' || *line == '#')
            break;
        if (count == WORDS_MAX)
            return "command too long";
        v[count++] = out;
        const char *error = word_take(&line, &out);
        if (error != NULL)
            return error;
    }
    v[count] = NULL;
    *ret_count = count;
    return NULL;
}

int words_split(const char *line, struct words *ret_words, const char **ret_error)
{
    size_t length = strlen(line);
    size_t words_max = length / 2 + 1 < WORDS_MAX ? length / 2 + 1 : WORDS_MAX;
    char **v = malloc((words_max + 1) * sizeof(*v) + length + 1);

    if (v == NULL) {
        *ret_error = "out of memory";
        return -1;
    }
    *ret_error = line_split(line, v, (char *)(v + words_max + 1), &ret_words->count);
    if (*ret_error != NULL) {
        free(v);
        return -1;
    }
    ret_words->v = v;
    return 0;
}

int words_join(const struct words *first, int count, char *const *rest, struct words *ret_words)
{
    int total = first->count + count;
    size_t bytes = 0;

    if (total > WORDS_MAX)
        return -1;
    for (int i = 0; i < total; i++)
        bytes += strlen(i < first->count ? first->v[i] : rest[i - first->count]) + 1;
    char **v = malloc((size_t)(total + 1) * sizeof(*v) + bytes);
    if (v == NULL)
        return -1;
    char *out = (char *)(v + total + 1);
    for (int i = 0; i < total; i++) {
        v[i] = out;
        out = stpcpy(out, i < first->count ? first->v[i] : rest[i - first->count]) + 1;
    }
    v[total] = NULL;
    ret_words->v = v;
    ret_words->count = total;
    return 0;
}

int words_copy(int count, char *const *v, struct words *ret_words)
{
    struct words none = { 0, NULL };

    return words_join(&none, count, v, ret_words);
}

bool words_number(const char *word, int *ret_number)
{
    char *end;
    bool hexadecimal = strncasecmp(word + (*word == '-'), "0x", 2) == 0;

    errno = 0;
    long number = strtol(word, &end, hexadecimal ? 16 : 10);
    if (end == word || *end != '\0' || errno != 0 || number < INT_MIN || number > INT_MAX)
        return false;
    *ret_number = (int)number;
    return true;
}

void words_free(struct words *words)
{
    free(words->v);
    words->v = NULL;
    words->count = 0;
}
