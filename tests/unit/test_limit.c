/* SPDX-License-Identifier: BSD-3-Clause */
/* The limit that a call ran into is named, with its value and how it is raised. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limit.h"

static char folder[] = "/tmp/pvm-limit.XXXXXX";

static void write_number(const char *where, const char *file, const char *text)
{
    char path[300];

    snprintf(path, sizeof(path), "%s%s", folder, where);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s%s/%s", folder, where, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* The root of the groups, of version 1 and 2: whatever group this test runs in lies below. */
static void write_group(const char *most, const char *now)
{
    write_number("", "pids.max", most);
    write_number("", "pids.current", now);
    write_number("/pids", "pids.max", most);
    write_number("/pids", "pids.current", now);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    pvmi_limit_cgroups(folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[100];

    (void)state;
    pvmi_limit_cgroups(NULL);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static void a_full_group_is_named(void **state)
{
    (void)state;
    write_group("37\n", "37\n");
    assert_non_null(strstr(pvmi_limit_text(EAGAIN), "no more than 37 processes"));
    assert_non_null(strstr(pvmi_limit_text(EAGAIN), folder));
    assert_non_null(strstr(pvmi_limit_text(EAGAIN), "pids.max"));
}

static void a_group_with_room_is_not_the_reason(void **state)
{
    (void)state;
    write_group("37\n", "36\n");
    assert_non_null(strstr(pvmi_limit_text(EAGAIN), "ulimit -u"));
    assert_null(strstr(pvmi_limit_text(EAGAIN), "pids.max"));
    write_group("max\n", "40\n");
    assert_null(strstr(pvmi_limit_text(EAGAIN), "pids.max"));
    write_group("", "");
    assert_null(strstr(pvmi_limit_text(EAGAIN), "pids.max"));
}

static void files_are_told_with_their_number(void **state)
{
    struct rlimit files;
    char number[32];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    snprintf(number, sizeof(number), "than %llu ", (unsigned long long)files.rlim_cur);
    assert_non_null(strstr(pvmi_limit_text(EMFILE), number));
    assert_non_null(strstr(pvmi_limit_text(EMFILE), "ulimit -n"));
    assert_non_null(strstr(pvmi_limit_text(ENFILE), "fs.file-max"));
}

static void what_is_no_limit_gives_no_text_and_errno_stays(void **state)
{
    (void)state;
    errno = ERANGE;
    assert_string_equal(pvmi_limit_text(ENOENT), "");
    pvmi_limit_text(EAGAIN);
    assert_int_equal(errno, ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_group_is_named),
        cmocka_unit_test(a_group_with_room_is_not_the_reason),
        cmocka_unit_test(files_are_told_with_their_number),
        cmocka_unit_test(what_is_no_limit_gives_no_text_and_errno_stays),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
