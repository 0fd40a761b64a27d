/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/alias.h"

#include <stdlib.h>
#include <string.h>

#define ALIAS_DEPTH_MAX 32

int alias_define(struct alias **list, const char *name, int count, char *const *meaning)
{
    struct alias *alias = calloc(1, sizeof(*alias));

    if (alias == NULL)
        return -1;
    alias->name = strdup(name);
    if (alias->name == NULL || words_copy(count, meaning, &alias->meaning) < 0) {
        free(alias->name);
        free(alias);
        return -1;
    }
    alias_remove(list, name);
    while (*list != NULL && strcmp((*list)->name, name) < 0)
        list = &(*list)->next;
    alias->next = *list;
    *list = alias;
    return 0;
}

void alias_remove(struct alias **list, const char *name)
{
    while (*list != NULL && strcmp((*list)->name, name) != 0)
        list = &(*list)->next;
    struct alias *alias = *list;
    if (alias == NULL)
        return;
    *list = alias->next;
    words_free(&alias->meaning);
    free(alias->name);
    free(alias);
}

static const struct alias *alias_find(const struct alias *list, const char *name)
{
    while (list != NULL && strcmp(list->name, name) != 0)
        list = list->next;
    return list;
}

int alias_expand(const struct alias *list, struct words *words, const char **ret_error)
{
    const struct alias *used[ALIAS_DEPTH_MAX];
    int depth = 0;
    struct words now = *words;

    for (;;) {
        const struct alias *alias = now.count > 0 ? alias_find(list, now.v[0]) : NULL;
        struct words next;

        if (alias == NULL || (depth > 0 && alias == used[depth - 1]))
            break;    /* the end, or "ps" that stands for "ps -a" */
        for (int i = 0; i < depth; i++) {
            if (used[i] == alias) {
                *ret_error = "alias loop";
                goto err_free;
            }
        }
        if (depth == ALIAS_DEPTH_MAX || words_join(&alias->meaning, now.count - 1, now.v + 1, &next) < 0) {
            *ret_error = "command too long";
            goto err_free;
        }
        used[depth++] = alias;
        if (now.v != words->v)
            words_free(&now);
        now = next;
    }
    if (now.v != words->v) {
        words_free(words);
        *words = now;
    }
    return 0;

err_free:
    if (now.v != words->v)
        words_free(&now);
    return -1;
}

void alias_free(struct alias **list)
{
    while (*list != NULL)
        alias_remove(list, (*list)->name);
}
