/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/io/hostfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "wire/tid.h"

#define HOSTFILE_LINES_MAX (4 * PVMI_HOST_MAX)

/* A file that is being read. */
struct reading {
    const char *path;
    const char *own_name;
    int line;                     /* from 1 */
    struct hostspec *defaults;    /* the last '*' line */
    struct hostfile *file;
    struct pvmi_fault *fault;
};

static int reading_no_memory(struct reading *reading)
{
    pvmi_fault_set(reading->fault, PvmNoMem, NULL, "%s:%d:1: no memory", reading->path, reading->line);
    return PvmNoMem;
}

static int reading_keep_line(struct reading *reading, const char *line)
{
    struct pvmi_strings *lines = &reading->file->lines;
    char **grown = pvmi_realloc(lines->v, (lines->n + 1) * sizeof(*grown));

    if (grown == NULL)
        return reading_no_memory(reading);
    lines->v = grown;
    lines->v[lines->n] = pvmi_strdup(line);
    if (lines->v[lines->n] == NULL)
        return reading_no_memory(reading);
    lines->n++;
    return PvmOk;
}

/* Takes spec as our own line; the first one counts. */
static int reading_take_own(struct reading *reading, struct hostspec *spec)
{
    if (reading->file->own != NULL)
        return PvmOk;
    if (reading->defaults != NULL && hostspec_inherit(spec, reading->defaults) != PvmOk)
        return reading_no_memory(reading);
    pvmi_list_remove(&spec->link);
    reading->file->own = spec;
    return PvmOk;
}

/* What the specs of one line are to us; a line that is about nobody but us is not for the core. */
static int reading_take(struct reading *reading, struct pvmi_list *specs, const char *line)
{
    bool others = false;
    int rc = PvmOk;

    PVMI_LIST_EACH(node, specs) {
        struct hostspec *spec = PVMI_CONTAINER(node, struct hostspec, link);

        if (strcmp(spec->name, reading->own_name) == 0) {
            rc = reading_take_own(reading, spec);
            if (rc != PvmOk)
                return rc;
            continue;
        }
        others = true;
        if (strcmp(spec->name, "*") == 0) {
            pvmi_list_remove(&spec->link);
            hostspec_free(reading->defaults);
            reading->defaults = spec;
        }
    }
    return others ? reading_keep_line(reading, line) : PvmOk;
}

static int reading_line(struct reading *reading, char *line, size_t length)
{
    struct pvmi_list specs;
    struct pvmi_fault what;
    int column = 1;
    int rc;

    pvmi_list_init(&specs);
    pvmi_fault_clear(&what);
    if (length > 0 && line[length - 1] == '\n')
        line[--length] = '\0';
    if (strlen(line) != length) {
        pvmi_fault_set(reading->fault, PvmBadParam, NULL, "%s:%d:%d: a zero byte", reading->path, reading->line,
                       hostspec_column(line, line + strlen(line)));
        return PvmBadParam;
    }
    rc = hostspec_parse(line, &specs, &column, &what);
    if (rc != PvmOk)
        pvmi_fault_set(reading->fault, rc, NULL, "%s:%d:%d: %s", reading->path, reading->line, column, what.text);
    else if (reading->file->lines.n >= HOSTFILE_LINES_MAX)
        pvmi_fault_set(reading->fault, rc = PvmOverflow, NULL, "%s:%d:1: more than %d lines", reading->path,
                       reading->line, HOSTFILE_LINES_MAX);
    else
        rc = reading_take(reading, &specs, line);
    PVMI_LIST_EACH(node, &specs)
        hostspec_free(PVMI_CONTAINER(node, struct hostspec, link));
    return rc;
}

static int reading_lines(struct reading *reading, FILE *from)
{
    size_t room = 0;
    char *line = NULL;
    int rc = PvmOk;
    ssize_t length;

    while (rc == PvmOk && (length = getline(&line, &room, from)) >= 0) {
        reading->line++;
        rc = reading_line(reading, line, (size_t)length);
    }
    if (rc == PvmOk && ferror(from)) {
        pvmi_fault_set(reading->fault, PvmSysErr, NULL, "%s:%d:1: %s", reading->path, reading->line + 1,
                       strerror(errno));
        rc = PvmSysErr;
    }
    free(line);
    return rc;
}

int hostfile_read(const char *path, const char *own_name, struct hostfile *ret_file, struct pvmi_fault *fault)
{
    struct hostfile file = { .own = NULL };
    struct reading reading = { .path = path, .own_name = own_name, .file = &file, .fault = fault };
    FILE *from = fopen(path, "re");
    int rc;

    if (from == NULL) {
        pvmi_fault_set(fault, PvmNoFile, NULL, "%s, the host file, cannot be read: %s", path, strerror(errno));
        return PvmNoFile;
    }
    rc = reading_lines(&reading, from);
    fclose(from);
    hostspec_free(reading.defaults);
    if (rc == PvmOk)
        *ret_file = file;
    else
        hostfile_fini(&file);
    return rc;
}

void hostfile_fini(struct hostfile *file)
{
    for (uint32_t i = 0; i < file->lines.n; i++)
        pvmi_free(file->lines.v[i]);
    pvmi_free(file->lines.v);
    hostspec_free(file->own);
    memset(file, 0, sizeof(*file));
}
