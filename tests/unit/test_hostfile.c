/* SPDX-License-Identifier: BSD-3-Clause */
/* Host files as a whole; the grammar of a line is tested with hostspec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/io/hostfile.h"

static char path[64];

static void write_file(const char *text, size_t length)
{
    snprintf(path, sizeof(path), "/tmp/test-hostfile.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
}

static int read_text(const char *text, struct hostfile *file, struct pvmi_fault *fault)
{
    pvmi_fault_clear(fault);
    memset(file, 0, sizeof(*file));
    write_file(text, strlen(text));
    int rc = hostfile_read(path, "alpha", file, fault);
    unlink(path);
    return rc;
}

static int nothing_leaked(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    return pvmi_alloc_count() == 0 ? 0 : -1;
}

static void lines_of_others_are_kept_as_they_stand(void **state)
{
    struct hostfile file;
    struct pvmi_fault fault;

    (void)state;
    assert_int_equal(read_text("# all our hosts\n\nbeta  sp=500\n& gamma ip=127.0.0.4\n* lo=me\ndelta", &file, &fault),
                     PvmOk);
    assert_int_equal(file.lines.n, 4);
    assert_string_equal(file.lines.v[0], "beta  sp=500");
    assert_string_equal(file.lines.v[1], "& gamma ip=127.0.0.4");
    assert_string_equal(file.lines.v[2], "* lo=me");
    assert_string_equal(file.lines.v[3], "delta");
    assert_null(file.own);
    hostfile_fini(&file);
}

static void our_own_line_is_taken_out_with_the_defaults_before_it(void **state)
{
    struct hostfile file;
    struct pvmi_fault fault;

    (void)state;
    assert_int_equal(read_text("* wd=/one\nalpha ip=127.0.0.2 sp=77\n* wd=/two\nbeta\n", &file, &fault), PvmOk);
    assert_int_equal(file.lines.n, 3);
    assert_non_null(file.own);
    assert_string_equal(file.own->ip, "127.0.0.2");
    assert_int_equal(file.own->speed, 77);
    assert_string_equal(file.own->wd, "/one");
    hostfile_fini(&file);
}

static void an_error_names_file_line_and_column(void **state)
{
    struct hostfile file;
    struct pvmi_fault fault;
    char expected[128];

    (void)state;
    assert_int_equal(read_text("beta\n# fine\ngamma zz=1\n", &file, &fault), PvmBadParam);
    snprintf(expected, sizeof(expected), "%s:3:7: ", path);
    assert_memory_equal(fault.text, expected, strlen(expected));
    assert_int_equal(read_text("beta\nh\303\266st slots=none\n", &file, &fault), PvmBadParam);
    snprintf(expected, sizeof(expected), "%s:2:6: ", path);
    assert_memory_equal(fault.text, expected, strlen(expected));
}

static void a_zero_byte_is_an_error(void **state)
{
    static const char text[] = "beta\ng\303\244m\0ma\n";
    struct hostfile file;
    struct pvmi_fault fault;

    (void)state;
    write_file(text, sizeof(text) - 1);
    assert_int_equal(hostfile_read(path, "alpha", &file, &fault), PvmBadParam);
    assert_non_null(strstr(fault.text, ":2:4: "));
    unlink(path);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct hostfile file;
    struct pvmi_fault fault;

    (void)state;
    assert_int_equal(hostfile_read("/no/such/hostfile", "alpha", &file, &fault), PvmNoFile);
    assert_non_null(strstr(fault.text, "/no/such/hostfile, the host file, cannot be read: "));
}

static void a_file_survives_out_of_memory(void **state)
{
    struct hostfile file;
    struct pvmi_fault fault;
    int rc = PvmNoMem;

    (void)state;
    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 1000);
        pvmi_alloc_fail_nth(nth);
        rc = read_text("* wd=/one\nalpha sp=77\nbeta lo=me\nnode[1-3]\n", &file, &fault);
        pvmi_alloc_fail_nth(-1);
        if (rc != PvmOk)
            assert_int_equal(rc, PvmNoMem);
    }
    hostfile_fini(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lines_of_others_are_kept_as_they_stand, nothing_leaked),
        cmocka_unit_test_teardown(our_own_line_is_taken_out_with_the_defaults_before_it, nothing_leaked),
        cmocka_unit_test_teardown(an_error_names_file_line_and_column, nothing_leaked),
        cmocka_unit_test_teardown(a_zero_byte_is_an_error, nothing_leaked),
        cmocka_unit_test_teardown(a_file_that_is_not_there_is_named, nothing_leaked),
        cmocka_unit_test_teardown(a_file_survives_out_of_memory, nothing_leaked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
