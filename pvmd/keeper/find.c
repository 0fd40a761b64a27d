/* SPDX-License-Identifier: BSD-3-Clause */
#include "pvmd/keeper/find.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"

#define FIND_PLACES_MAX 2048    /* bytes of folder names remembered for the error */

/* One search: what is looked for, and what is known so far. */
struct find {
    const struct find_request *request;
    struct pvmi_buffer places;    /* "DIR, DIR": where it is not */
    char *found;
    char *refused;                /* a file of that name that is not executable */
    bool no_memory;
};

/* The value of name in env, or NULL. */
static const char *find_variable(const struct pvmi_strings *env, const char *name)
{
    size_t length = strlen(name);

    for (uint32_t i = 0; i < env->n; i++)
        if (strncmp(env->v[i], name, length) == 0 && env->v[i][length] == '=')
            return env->v[i] + length + 1;
    return NULL;
}

/* Takes path, which becomes the find's: true when it is what is looked for. */
static bool find_try(struct find *find, char *path)
{
    struct stat info;

    if (path == NULL) {
        find->no_memory = true;
        return true;
    }
    if (stat(path, &info) == 0) {
        if (S_ISREG(info.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) {
            find->found = path;
            return true;
        }
        if (find->refused == NULL) {
            find->refused = path;
            return false;
        }
    }
    pvmi_free(path);
    return false;
}

/* Folders are often named twice: the caller's directory is also that of its program, PATH names it again. */
static bool find_remembers(const struct find *find, const char *directory)
{
    size_t length = strlen(directory);
    size_t at = 0;

    while (at + length <= find->places.length) {
        const uint8_t *place = find->places.data + at;
        const uint8_t *end = memmem(place, find->places.length - at, ", ", 2);
        size_t place_length = end == NULL ? find->places.length - at : (size_t)(end - place);

        if (place_length == length && memcmp(place, directory, length) == 0)
            return true;
        at += place_length + 2;
    }
    return false;
}

static void find_remember(struct find *find, const char *directory)
{
    if (find->places.length > 0)
        pvmi_buffer_append(&find->places, ", ", 2);
    pvmi_buffer_append(&find->places, directory, strlen(directory));
}

/* Looks into directory (relative: from where we are). True when the search is over. */
static bool find_in(struct find *find, const char *directory)
{
    char here[4096];
    char *path;

    if (find_remembers(find, directory))
        return false;
    if (directory[0] == '/') {
        path = pvmi_asprintf("%s/%s", directory, find->request->file);
    } else {
        if (getcwd(here, sizeof(here)) == NULL)
            return false;
        path = pvmi_asprintf("%s/%s/%s", here, directory, find->request->file);
    }
    if (find_try(find, path))
        return true;
    find_remember(find, directory);
    return false;
}

/* The same for "BASE/MIDDLE/ARCH"; nothing when base is not known. */
static bool find_below(struct find *find, const char *base, const char *middle)
{
    const char *arch = find_variable(find->request->env, "PVM_ARCH");
    char *directory;
    bool over;

    if (base == NULL || base[0] == '\0' || arch == NULL)
        return false;
    directory = pvmi_asprintf("%s/%s/%s", base, middle, arch);
    if (directory == NULL) {
        find->no_memory = true;
        return true;
    }
    over = find_in(find, directory);
    pvmi_free(directory);
    return over;
}

static bool find_in_each(struct find *find, const char *colon_list)
{
    while (colon_list != NULL && *colon_list != '\0') {
        size_t length = strcspn(colon_list, ":");
        char *directory = length == 0 ? pvmi_strdup(".") : pvmi_strndup(colon_list, length);
        bool over;

        if (directory == NULL) {
            find->no_memory = true;
            return true;
        }
        over = find_in(find, directory);
        pvmi_free(directory);
        if (over)
            return true;
        colon_list += length + (colon_list[length] == ':');
    }
    return false;
}

static bool find_in_path(struct find *find)
{
    const struct pvmi_strings *path = find->request->path;

    for (uint32_t i = 0; i < path->n; i++)
        if (path->v[i][0] != '\0' && find_in(find, path->v[i]))
            return true;
    return false;
}

static void find_search(struct find *find)
{
    const struct find_request *request = find->request;
    const struct pvmi_strings *env = request->env;

    if (request->file[0] == '/') {
        (void)find_try(find, pvmi_strdup(request->file));
        return;
    }
    if (strchr(request->file, '/') != NULL) {
        if (!find_in(find, request->directory != NULL ? request->directory : "."))
            (void)find_in_path(find);
        return;
    }
    if (find_in_path(find) || find_below(find, find_variable(env, "HOME"), "pvm3/bin") ||
        find_below(find, find_variable(env, "PVM_ROOT"), "bin"))
        return;
    (void)find_in_each(find, find_variable(env, "PATH"));
}

static int find_fail(struct find *find, struct pvmi_fault *fault)
{
    const char *file = find->request->file;

    if (find->no_memory) {
        pvmi_fault_set(fault, PvmNoMem, NULL, "no memory to search for %s", file);
    } else if (find->refused != NULL) {
        pvmi_fault_set(fault, PvmNoFile, NULL, "%s is not a file that may be executed (chmod +x?)",
                       find->refused);
    } else if (find->places.length == 0) {
        pvmi_fault_set(fault, PvmNoFile, NULL, "no file %s", file);
    } else {
        pvmi_fault_set(fault, PvmNoFile, NULL, "no executable %s in %.*s: copy it there, or give ep=DIR", file,
                       (int)find->places.length, (const char *)find->places.data);
    }
    return fault->code;
}

int find_executable(const struct find_request *request, char **ret_path, struct pvmi_fault *fault)
{
    struct find find = { .request = request };
    int rc = PvmOk;

    pvmi_buffer_init(&find.places, FIND_PLACES_MAX);
    if (request->file[0] != '\0')
        find_search(&find);
    if (find.found != NULL)
        *ret_path = find.found;
    else
        rc = find_fail(&find, fault);
    pvmi_free(find.refused);
    pvmi_buffer_fini(&find.places);
    return rc;
}
