/* SPDX-License-Identifier: BSD-3-Clause */
/* Explores the models of the arena: as they are, and with each rule broken in turn, which the search must find. */
#include <stdio.h>
#include <string.h>

#include "models.h"

typedef const char *search_function(char *trace, unsigned size, unsigned long *states);

static const struct {
    const char *name;
    search_function *search;
} models[] = {
    { "wake", model_wake },
    { "wake, pvmd late", model_wake_unnoticed },
    { "wake, no membarrier", model_wake_fencing },
    { "wake, one sender again and again", model_wake_again },
    { "ring", model_ring },
    { "inbox", model_inbox },
    { "block", model_block },
    { "team", model_team },
    { "team, no membarrier", model_team_fencing },
    { "team, many", model_team_many },
    { "team asleep", model_team_wake },
    { "team asleep, no membarrier", model_team_wake_fencing },
    { "team asleep, many", model_team_wake_many },
};

static const char *const mutation_texts[] = {
    "",
#define MUTATION_TEXT(name, text) text,
    MUTATIONS(MUTATION_TEXT)
#undef MUTATION_TEXT
};

/* The models that have a rule, all of one subject: its name is in front. */
static const char *const mutation_names[] = {
    "",
#define MUTATION_NAME(name, text) #name,
    MUTATIONS(MUTATION_NAME)
#undef MUTATION_NAME
};

static char trace[40000];

static bool same_subject(const char *model, const char *name)
{
    for (; *model >= 'a' && *model <= 'z'; model++, name++) {
        if (*name != *model - 'a' + 'A')
            return false;
    }
    return *name == '_';
}

static int check_model(int index)
{
    unsigned long states;
    const char *what;

    mutation = MUTATION_NONE;
    what = models[index].search(trace, sizeof(trace), &states);
    if (what != NULL) {
        printf("FAIL %s: %s\n%s", models[index].name, what, trace);
        return 1;
    }
    printf("ok %s: holds in all of %lu states\n", models[index].name, states);
    return 0;
}

/* One of the models of that subject must find the broken rule. */
static int check_mutation(int which, bool show)
{
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        unsigned long states;
        const char *what;

        if (!same_subject(models[i].name, mutation_names[which]))
            continue;
        mutation = which;
        what = models[i].search(trace, sizeof(trace), &states);
        if (what == NULL)
            continue;
        printf("ok %s: %s: found: %s\n%s", models[i].name, mutation_texts[which], what, show ? trace : "");
        return 0;
    }
    printf("FAIL %s: %s: not found\n", mutation_names[which], mutation_texts[which]);
    return 1;
}

/* With the name of a rule: breaks that one and shows how it goes wrong. */
int main(int argc, char **argv)
{
    int failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; argc < 2 && i < (int)(sizeof(models) / sizeof(models[0])); i++)
        failed += check_model(i);
    for (int i = 1; i < MUTATION_COUNT; i++) {
        if (argc < 2 || strcmp(argv[1], mutation_names[i]) == 0)
            failed += check_mutation(i, argc >= 2);
    }
    return failed != 0;
}
