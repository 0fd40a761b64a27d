/* SPDX-License-Identifier: BSD-3-Clause */
/* What killed daemons leave, and who removes it: each daemon here is a process that takes a folder and ends. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "pvmd/io/folder.h"

static char base[64];
static char user[96];

static int make_base(void **state)
{
    (void)state;
    strcpy(base, "/tmp/pvm-folder.XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    snprintf(user, sizeof(user), "%s/pvm-%u", base, (unsigned)geteuid());
    setenv("PVM_TMP", base, 1);
    unsetenv("PVM_VMID");
    return 0;
}

/* What is left in there is a failure. */
static int remove_base(void **state)
{
    (void)state;
    return rmdir(base) == 0 && pvmi_alloc_count() == 0 ? 0 : -1;
}

static struct folder *take(const char *name, const char *mark)
{
    struct pvmi_fault fault;
    struct folder *folder;

    if (folder_take(name, true, mark, &folder, &fault) == PvmOk)
        return folder;
    fail_msg("%s", fault.text);
    return NULL;
}

/* A daemon that has taken folder name and was killed. */
static void leave_dead(const char *name, const char *mark)
{
    pid_t pid = fork();

    if (pid == 0) {
        take(name, mark);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_there(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", user, name);
    return access(path, F_OK) == 0;
}

static void write_in(const char *name, const char *file, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s/%s", user, name, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* A daemon that waits for first host 0x77 with ticket 5, until it is told to end. */
static pid_t begin_waiting(const char *name)
{
    struct pvmi_fault fault;
    int ends[2];
    pid_t pid;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        struct folder *folder = take(name, "1");

        if (folder_joins(folder, 0x77, 5, &fault) != PvmOk || write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void who_waits_in_vain_gives_way_to_the_next_daemon_of_its_name(void **state)
{
    struct pvmi_fault fault;
    struct folder *own;
    int status;
    pid_t pid;

    (void)state;
    pid = begin_waiting("beta");
    folder_evict("gamma", 0x77, 6);    /* another name, the same launch, another machine: it stays */
    folder_evict("beta", 0x77, 5);
    folder_evict("beta", 0x78, 6);
    assert_int_equal(folder_take("beta", false, "2", &own, &fault), PvmAlready);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    folder_evict("beta", 0x77, 6);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    own = take("beta", "2");
    assert_false(is_there("default.beta/joins"));
    assert_int_equal(folder_joins(own, 0x77, 6, &fault), PvmOk);
    assert_true(is_there("default.beta/joins"));
    folder_joined(own);
    assert_false(is_there("default.beta/joins"));
    folder_remove(own);
}

static void a_start_removes_what_the_dead_have_left(void **state)
{
    struct folder *own;
    char path[256];

    (void)state;
    leave_dead("alpha", "0000000000000001");
    leave_dead("beta", "0000000000000002");
    snprintf(path, sizeof(path), "%s/run-77.gamma", user);    /* killed before it had taken the lock */
    assert_int_equal(mkdir(path, 0700), 0);
    own = take("delta", "0000000000000003");
    folder_sweep(own);
    assert_false(is_there("default.alpha"));
    assert_false(is_there("default.beta"));
    assert_false(is_there("run-77.gamma"));
    assert_true(is_there("default.delta/lock"));
    assert_int_equal(folder_killed(own), 0);
    folder_remove(own);
}

static void a_start_spares_the_living(void **state)
{
    struct folder *other;
    struct folder *own;

    (void)state;
    other = take("alpha", "0000000000000001");
    own = take("beta", "0000000000000002");
    folder_sweep(own);
    assert_true(is_there("default.alpha/run"));
    folder_remove(own);
    folder_remove(other);
}

static void a_start_spares_what_is_of_another_computer(void **state)
{
    struct folder *own;

    (void)state;
    leave_dead("alpha", "0000000000000001");
    write_in("default.alpha", "run", "0000000000000001\nfar-away.example\n");
    own = take("beta", "0000000000000002");
    folder_sweep(own);
    assert_true(is_there("default.alpha/run"));
    folder_remove(own);
    folder_remove(take("alpha", "0000000000000003"));
}

static void a_start_spares_what_is_not_ours(void **state)
{
    struct folder *own = take("beta", "0000000000000002");
    char path[256];

    (void)state;
    snprintf(path, sizeof(path), "%s/my.files", user);
    assert_int_equal(mkdir(path, 0700), 0);
    write_in("my.files", "letter", "dear\n");
    folder_sweep(own);
    assert_true(is_there("my.files/letter"));
    snprintf(path, sizeof(path), "%s/my.files/letter", user);
    unlink(path);
    folder_sweep(own);
    assert_false(is_there("my.files"));
    folder_remove(own);
}

static void a_start_ends_the_tasks_of_the_dead(void **state)
{
    struct folder *own;
    int started[2];
    pid_t pid;
    int status;

    (void)state;
    leave_dead("alpha", "00000000000000aa");
    assert_int_equal(pipe2(started, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        execle("/bin/sleep", "sleep", "1000", (char *)NULL, (char *[]){ "PVM_RUN=00000000000000aa", NULL });
        _exit(127);
    }
    close(started[1]);
    assert_int_equal(read(started[0], &status, 1), 0);    /* closed by its exec */
    close(started[0]);
    own = take("beta", "0000000000000002");
    folder_sweep(own);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(folder_killed(own), 1);
    folder_remove(own);
}

static void a_name_that_makes_too_long_a_folder_is_told(void **state)
{
    struct pvmi_fault fault;
    struct folder *folder;
    char name[256];

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(folder_take(name, true, "1", &folder, &fault), PvmBadParam);
    assert_non_null(strstr(fault.text, "shorter"));
    assert_non_null(strstr(fault.text, "PVM_VMID"));
}

static void a_place_that_cannot_be_written_is_told_with_a_remedy(void **state)
{
    struct pvmi_fault fault;
    struct folder *folder;

    (void)state;
    setenv("PVM_TMP", "/proc", 1);
    assert_true(folder_take("alpha", true, "1", &folder, &fault) < 0);
    assert_non_null(strstr(fault.text, "set PVM_TMP to a folder of yours that can be written"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_base, remove_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_waits_in_vain_gives_way_to_the_next_daemon_of_its_name),
        TEST(a_start_removes_what_the_dead_have_left),
        TEST(a_start_spares_the_living),
        TEST(a_start_spares_what_is_of_another_computer),
        TEST(a_start_spares_what_is_not_ours),
        TEST(a_start_ends_the_tasks_of_the_dead),
        TEST(a_name_that_makes_too_long_a_folder_is_told),
        TEST(a_place_that_cannot_be_written_is_told_with_a_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
