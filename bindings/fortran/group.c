/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups. reduce, gather and scatter take any data, so compilers disagree on which hidden length is the group's, and none
 * is read. The group must be one that this task is in: its name is known from pvmfjoingroup().
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#include "bindings/fortran/fstring.h"

/* ---- names of groups that were joined ---- */

struct joined {
    struct joined *next;
    char name[];
};

static struct joined *joined;

static void joined_add(const char *name)
{
    struct joined *one = malloc(sizeof(*one) + strlen(name) + 1);

    if (one == NULL)
        return;    /* then it must end with a blank or NUL to be found */
    strcpy(one->name, name);
    one->next = joined;
    joined = one;
}

static void joined_remove(const char *name)
{
    struct joined **at = &joined;

    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at != NULL) {
        struct joined *one = *at;

        *at = one->next;
        free(one);
    }
}

/* Whether text, of unknown length, begins with name. */
static __attribute__((no_sanitize("address"))) bool begins_with(const char *text, const char *name)
{
    while (*name != '\0' && *text == *name) {
        text++;
        name++;
    }
    return *name == '\0';
}

static __attribute__((no_sanitize("address"))) size_t word_length(const char *text)
{
    size_t length = 0;

    while (text[length] != ' ' && text[length] != '\0')
        length++;
    return length;
}

/* Behind a name of that length the text ends, as it does in a variable. */
static __attribute__((no_sanitize("address"))) bool ends_at(const char *text, size_t length)
{
    return text[length] == ' ' || text[length] == '\0';
}

/*
 * The group that text, of unknown length, begins with: the one behind whose name there is a blank or NUL, else (a
 * constant has none) the longest. Of a group that C code has joined no name is known: then text up to a blank or NUL.
 * To tell names apart that begin alike, the byte behind a constant may be looked at.
 */
static const char *joined_find(struct pvmi_fstring *room, const char *text)
{
    const char *best = NULL;
    size_t best_length = 0;

    room->copy = room->room;
    for (struct joined *one = joined; one != NULL; one = one->next) {
        size_t length = strlen(one->name);

        if (!begins_with(text, one->name))
            continue;
        if (ends_at(text, length))
            return one->name;
        if (best == NULL || length > best_length) {
            best = one->name;
            best_length = length;
        }
    }
    return best != NULL ? best : pvmi_fstring_take(room, text, word_length(text));
}

/* ---- the routines ---- */

void pvmfjoingroup_(const char *group, int *inum, size_t group_length)
{
    struct pvmi_fstring name;

    *inum = pvm_joingroup(pvmi_fstring_take(&name, group, group_length));
    if (*inum >= 0)
        joined_add(name.copy);
    pvmi_fstring_drop(&name);
}

void pvmflvgroup_(const char *group, int *info, size_t group_length)
{
    struct pvmi_fstring name;

    *info = pvm_lvgroup(pvmi_fstring_take(&name, group, group_length));
    if (name.copy != NULL)
        joined_remove(name.copy);
    pvmi_fstring_drop(&name);
}

void pvmfgsize_(const char *group, int *size, size_t group_length)
{
    struct pvmi_fstring name;

    *size = pvm_gsize(pvmi_fstring_take(&name, group, group_length));
    pvmi_fstring_drop(&name);
}

void pvmfgetinst_(const char *group, const int *tid, int *inum, size_t group_length)
{
    struct pvmi_fstring name;

    *inum = pvm_getinst(pvmi_fstring_take(&name, group, group_length), *tid);
    pvmi_fstring_drop(&name);
}

void pvmfgettid_(const char *group, const int *inum, int *tid, size_t group_length)
{
    struct pvmi_fstring name;

    *tid = pvm_gettid(pvmi_fstring_take(&name, group, group_length), *inum);
    pvmi_fstring_drop(&name);
}

void pvmfbarrier_(const char *group, const int *count, int *info, size_t group_length)
{
    struct pvmi_fstring name;

    *info = pvm_barrier(pvmi_fstring_take(&name, group, group_length), *count);
    pvmi_fstring_drop(&name);
}

void pvmfbcast_(const char *group, const int *msgtag, int *info, size_t group_length)
{
    struct pvmi_fstring name;

    *info = pvm_bcast(pvmi_fstring_take(&name, group, group_length), *msgtag);
    pvmi_fstring_drop(&name);
}

void pvmffreezegroup_(const char *group, const int *size, int *info, size_t group_length)
{
    struct pvmi_fstring name;

    *info = pvm_freezegroup(pvmi_fstring_take(&name, group, group_length), *size);
    pvmi_fstring_drop(&name);
}

/* func is a subroutine of Fortran, or PvmMax, PvmMin, PvmSum, PvmProduct, which must be declared external. */
void pvmfreduce_(void (*func)(int *datatype, void *x, void *y, int *num, int *info), void *data, const int *count,
                 const int *datatype, const int *msgtag, const char *group, const int *rootginst, int *info)
{
    struct pvmi_fstring room;

    *info = pvm_reduce(func, data, *count, *datatype, *msgtag, joined_find(&room, group), *rootginst);
    pvmi_fstring_drop(&room);
}

void pvmfgather_(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                 const int *rootginst, int *info)
{
    struct pvmi_fstring room;

    *info = pvm_gather(result, data, *count, *datatype, *msgtag, joined_find(&room, group), *rootginst);
    pvmi_fstring_drop(&room);
}

void pvmfscatter_(void *result, void *data, const int *count, const int *datatype, const int *msgtag, const char *group,
                  const int *rootginst, int *info)
{
    struct pvmi_fstring room;

    *info = pvm_scatter(result, data, *count, *datatype, *msgtag, joined_find(&room, group), *rootginst);
    pvmi_fstring_drop(&room);
}

void pvmmax_(int *datatype, void *x, void *y, int *num, int *info)
{
    PvmMax(datatype, x, y, num, info);
}

void pvmmin_(int *datatype, void *x, void *y, int *num, int *info)
{
    PvmMin(datatype, x, y, num, info);
}

void pvmsum_(int *datatype, void *x, void *y, int *num, int *info)
{
    PvmSum(datatype, x, y, num, info);
}

void pvmproduct_(int *datatype, void *x, void *y, int *num, int *info)
{
    PvmProduct(datatype, x, y, num, info);
}
