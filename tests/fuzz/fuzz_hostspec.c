/* SPDX-License-Identifier: BSD-3-Clause */
/* Any line is refused with a column inside it and a text, or gives hosts that keep to the limits and can be
 * copied; and nothing is left behind. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "pvmd/core/hostspec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_refusal(int rc, int column, const struct pvmi_fault *fault, const char *line)
{
    if (rc != PvmBadParam || fault->code != PvmBadParam || fault->text[0] == '\0')
        abort();
    if (column < 1 || (size_t)column > strlen(line) + 1)
        abort();
}

static void check_spec(const struct hostspec *spec)
{
    struct hostspec *copy = hostspec_copy(spec);

    if (copy == NULL || strcmp(copy->name, spec->name) != 0 || copy->speed != spec->speed ||
        copy->slots != spec->slots || copy->deferred != spec->deferred || copy->overload != spec->overload)
        abort();
    if (spec->name[0] == '\0' || spec->name[0] == '-' || strpbrk(spec->name, " \t\n'\"/;&|$") != NULL)
        abort();
    if (spec->slots < 0 || spec->slots > 65535)
        abort();
    if (spec->via != NULL && strcmp(spec->via, "ssh") != 0 && strcmp(spec->via, "local") != 0)
        abort();
    hostspec_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    struct pvmi_list specs;
    struct pvmi_fault fault;
    struct pvmi_list *node;
    int column = 0;
    int count = 0;

    if (line == NULL)
        return 0;
    if (size > 0)
        memcpy(line, data, size);
    line[size] = '\0';
    pvmi_list_init(&specs);
    int rc = hostspec_parse(line, &specs, &column, &fault);
    if (rc != PvmOk)
        check_refusal(rc, column, &fault, line);
    while ((node = pvmi_list_pop(&specs)) != NULL) {
        struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        if (rc != PvmOk || ++count > HOSTSPEC_NAMES_MAX)
            abort();
        check_spec(spec);
        hostspec_free(spec);
    }
    free(line);
    if (pvmi_alloc_count() != 0)
        abort();
    return 0;
}
