/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpvm/detail.h"

#include <pthread.h>
#include <stdint.h>

#include "base/alloc.h"

#define NO_TEXT UINT32_MAX

struct details {
    uint32_t text_count;
    char **texts;
    uint32_t count;      /* entries of the program's array */
    uint32_t *which;     /* by entry: its text, or NO_TEXT */
};

/* One struct details for each thread, freed when that ends. */
static pthread_key_t detail_key;
static bool detail_key_made;
static pthread_once_t detail_once = PTHREAD_ONCE_INIT;

static void details_free(void *pointer)
{
    struct details *details = pointer;

    if (details == NULL)
        return;
    for (uint32_t i = 0; i < details->text_count; i++)
        pvmi_free(details->texts[i]);
    pvmi_free(details->texts);
    pvmi_free(details->which);
    pvmi_free(details);
}

static void make_key(void)
{
    detail_key_made = pthread_key_create(&detail_key, details_free) == 0;
}

static struct details *details_here(void)
{
    pthread_once(&detail_once, make_key);
    return detail_key_made ? pthread_getspecific(detail_key) : NULL;
}

void pvmi_detail_clear(void)
{
    struct details *details = details_here();

    if (details == NULL)
        return;
    pthread_setspecific(detail_key, NULL);
    details_free(details);
}

static struct details *details_new(uint32_t count, uint32_t text_count)
{
    struct details *details = pvmi_calloc(1, sizeof(*details));

    if (details == NULL)
        return NULL;
    details->which = pvmi_calloc(count, sizeof(*details->which));
    details->texts = pvmi_calloc(text_count, sizeof(*details->texts));
    if (details->which == NULL || details->texts == NULL) {
        details_free(details);
        return NULL;
    }
    details->count = count;
    details->text_count = text_count;
    return details;
}

static bool copy_texts(struct details *details, const struct pvmi_msg_answer *answer)
{
    for (uint32_t i = 0; i < answer->errors.n; i++) {
        const struct pvmi_rec_error *error = &answer->errors.v[i];
        const char *text = error->text == NULL ? "" : error->text;

        if (error->host == NULL || error->host[0] == '\0' || text[0] == '\0')
            details->texts[i] = pvmi_strdup(text);
        else
            details->texts[i] = pvmi_asprintf("%s: %s", error->host, text);
        if (details->texts[i] == NULL)
            return false;
    }
    return true;
}

/*
 * The error that a code is about: the first one with that code that no entry before had. There may be fewer
 * errors than codes, when one reason holds for many: then the last one with that code. used has a place for
 * each error.
 */
static uint32_t error_find(const struct pvmi_msg_answer *answer, int32_t code, bool *used)
{
    uint32_t found = NO_TEXT;

    for (uint32_t i = 0; i < answer->errors.n; i++) {
        if (answer->errors.v[i].code != code)
            continue;
        found = i;
        if (!used[i])
            break;
    }
    if (found != NO_TEXT)
        used[found] = true;
    return found;
}

/* Gives each entry its text. */
static void assign_texts(struct details *details, const struct pvmi_msg_answer *answer, bool failures_last,
                         bool *used)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < details->count; i++)
        details->which[i] = NO_TEXT;
    for (uint32_t i = 0; failures_last && i < answer->values.n; i++)
        next += answer->values.v[i] >= 0;
    for (uint32_t i = 0; i < answer->values.n; i++) {
        int32_t code = answer->values.v[i];

        if (code < 0)
            details->which[failures_last ? next++ : i] = error_find(answer, code, used);
    }
}

void pvmi_detail_take(const struct pvmi_msg_answer *answer, bool failures_last)
{
    struct details *details;
    bool *used;

    pvmi_detail_clear();
    if (answer->errors.n == 0 || !detail_key_made)
        return;
    details = details_new(answer->values.n, answer->errors.n);
    used = pvmi_calloc(answer->errors.n, sizeof(*used));
    if (details != NULL && used != NULL && copy_texts(details, answer)) {
        assign_texts(details, answer, failures_last, used);
        if (pthread_setspecific(detail_key, details) == 0)
            details = NULL;
    }
    pvmi_free(used);
    details_free(details);
}

const char *pvmi_detail_item(int index)
{
    const struct details *details = details_here();

    if (details == NULL || index < 0 || (uint32_t)index >= details->count || details->which[index] == NO_TEXT)
        return "";
    return details->texts[details->which[index]];
}
