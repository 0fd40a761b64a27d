/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders, locks and sockets, in a fresh PVM_TMP for each test. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/rundir.h"

static char base[64];
static char user[96];
static struct pvmi_fault fault;

/* A daemon that holds its folder. */
struct holder {
    char path[PVMI_RUNDIR_PATH_MAX];
    int dir;
    int lock;
};

static int make_base(void **state)
{
    (void)state;
    strcpy(base, "/tmp/pvm-test-XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    snprintf(user, sizeof(user), "%s/pvm-%u", base, (unsigned)geteuid());
    setenv("PVM_TMP", base, 1);
    unsetenv("PVM_VMID");
    unsetenv("PVMSOCK");
    pvmi_fault_clear(&fault);
    return 0;
}

/* Removes what lies in path, and path. */
static void remove_tree(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char inside[1024];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
        if (unlink(inside) < 0)
            remove_tree(inside);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static int remove_base(void **state)
{
    (void)state;
    pvmi_alloc_fail_nth(-1);
    remove_tree(base);
    return access(base, F_OK) < 0 && pvmi_alloc_count() == 0 ? 0 : -1;
}

static struct holder hold(const char *host)
{
    struct holder holder;

    assert_int_equal(pvmi_rundir_path(host, holder.path, sizeof(holder.path)), PvmOk);
    assert_int_equal(pvmi_rundir_create(holder.path, &holder.dir, &holder.lock, &fault), PvmOk);
    close(openat(holder.dir, "sock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return holder;
}

static void release(struct holder *holder)
{
    close(holder->dir);
    close(holder->lock);
}

static void mark_first(const struct holder *holder)
{
    close(openat(holder->dir, "first", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* What find() gives: the host's name, or "" and fault. */
static const char *found(void)
{
    static char path[PVMI_RUNDIR_PATH_MAX];
    char *end;

    if (pvmi_rundir_find(path, sizeof(path), &fault) != PvmOk) {
        assert_int_equal(fault.code, PvmSysErr);
        return "";
    }
    end = strstr(path, "/sock");
    assert_non_null(end);
    assert_string_equal(end, "/sock");
    *end = '\0';
    return strrchr(path, '/') + 1;
}

static void assert_text(const char *part)
{
    if (strstr(fault.text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, fault.text);
}

/* ---- paths ---- */

static void a_path_is_made_of_base_user_machine_and_host(void **state)
{
    (void)state;
    char path[PVMI_RUNDIR_PATH_MAX];
    char expected[PVMI_RUNDIR_PATH_MAX];

    assert_int_equal(pvmi_rundir_path("alpha.example", path, sizeof(path)), PvmOk);
    snprintf(expected, sizeof(expected), "%s/default.alpha.example", user);
    assert_string_equal(path, expected);
    setenv("PVM_VMID", "blue", 1);
    unsetenv("PVM_TMP");
    assert_int_equal(pvmi_rundir_path("alpha", path, sizeof(path)), PvmOk);
    snprintf(expected, sizeof(expected), "/tmp/pvm-%u/blue.alpha", (unsigned)geteuid());
    assert_string_equal(path, expected);
}

static void odd_names_cannot_leave_the_folder(void **state)
{
    (void)state;
    char path[PVMI_RUNDIR_PATH_MAX];
    char expected[PVMI_RUNDIR_PATH_MAX];

    setenv("PVM_VMID", "../a.b%", 1);
    assert_int_equal(pvmi_rundir_path("../c\n", path, sizeof(path)), PvmOk);
    snprintf(expected, sizeof(expected), "%s/%%2e%%2e%%2fa%%2eb%%25...%%2fc%%0a", user);
    assert_string_equal(path, expected);
}

static void long_names_overflow(void **state)
{
    (void)state;
    char path[PVMI_RUNDIR_PATH_MAX];
    char longer[600];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(pvmi_rundir_path(longer, path, sizeof(path)), PvmBadParam);
    assert_int_equal(pvmi_rundir_path("alpha", path, 20), PvmOverflow);
    setenv("PVM_VMID", longer, 1);
    assert_int_equal(pvmi_rundir_path("alpha", path, sizeof(path)), PvmBadParam);
    assert_string_equal(found(), "");
    unsetenv("PVM_VMID");
    setenv("PVM_TMP", longer, 1);
    assert_int_equal(pvmi_rundir_path("alpha", path, sizeof(path)), PvmOverflow);
    assert_string_equal(found(), "");
    assert_text("PVM_TMP");
}

/* ---- making and locking ---- */

static void a_folder_is_private_and_its_lock_tells_life(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");
    struct stat st;

    assert_int_equal(stat(user, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstat(holder.dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_true(fcntl(holder.lock, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(holder.dir, F_GETFD) & FD_CLOEXEC);
    assert_true(pvmi_rundir_alive(holder.path));
    assert_true(pvmi_rundir_alive(holder.path));
    release(&holder);
    assert_false(pvmi_rundir_alive(holder.path));
    assert_false(pvmi_rundir_alive("/nowhere/at/all"));
}

static void a_second_daemon_is_told_that_one_runs(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");
    int dir = -1;
    int lock = -1;

    assert_int_equal(pvmi_rundir_create(holder.path, &dir, &lock, &fault), PvmAlready);
    assert_int_equal(fault.code, PvmAlready);
    assert_text(holder.path);
    assert_int_equal(dir, -1);
    assert_int_equal(lock, -1);
    release(&holder);
}

static void the_folder_of_a_dead_daemon_is_taken_over(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");

    release(&holder);
    holder = hold("alpha");
    assert_true(pvmi_rundir_alive(holder.path));
    release(&holder);
}

/* A child holds a shared lock, as a look does for a moment, while its parent starts. */
static void a_look_does_not_stop_a_daemon_that_starts(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");
    int lock;
    int go[2];
    pid_t child;

    release(&holder);
    assert_int_equal(pipe(go), 0);
    child = fork();
    if (child == 0) {
        char file[PVMI_RUNDIR_PATH_MAX + 8];
        struct timespec look = { .tv_nsec = 30000000 };    /* far longer than a real look */

        snprintf(file, sizeof(file), "%s/lock", holder.path);
        lock = open(file, O_RDONLY);
        if (flock(lock, LOCK_SH | LOCK_NB) != 0 || write(go[1], "x", 1) != 1)
            _exit(1);
        nanosleep(&look, NULL);
        _exit(0);
    }
    assert_int_equal(read(go[0], &(char){ 0 }, 1), 1);
    holder = hold("alpha");
    release(&holder);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(go[0]);
    close(go[1]);
}

static void a_removed_folder_is_made_again(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");
    struct holder again;

    unlinkat(holder.dir, "sock", 0);
    unlinkat(holder.dir, "lock", 0);
    assert_int_equal(rmdir(holder.path), 0);
    again = hold("alpha");
    assert_true(pvmi_rundir_alive(again.path));
    release(&holder);
    assert_true(pvmi_rundir_alive(again.path));
    release(&again);
}

static int create_verdict(void)
{
    char path[PVMI_RUNDIR_PATH_MAX];
    int dir;
    int lock;

    assert_int_equal(pvmi_rundir_path("alpha", path, sizeof(path)), PvmOk);
    return pvmi_rundir_create(path, &dir, &lock, &fault);
}

static void the_folder_of_the_dead_alone_can_be_seized(void **state)
{
    (void)state;
    struct holder alpha = hold("alpha");
    struct holder beta = hold("beta");
    int user_dir = open(user, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int dir, lock;

    assert_int_equal(pvmi_rundir_seize(user_dir, "default.alpha", &dir, &lock), PVMI_AGAIN);
    assert_int_equal(pvmi_rundir_seize(user_dir, "default.gamma", &dir, &lock), PvmNoFile);
    release(&alpha);
    assert_int_equal(pvmi_rundir_seize(user_dir, "default.alpha", &dir, &lock), PvmOk);
    assert_true(pvmi_rundir_alive(alpha.path));
    close(dir);
    close(lock);
    close(user_dir);
    release(&beta);
}

static void who_does_not_listen_is_not_found(void **state)
{
    (void)state;
    struct holder alpha = hold("alpha");
    struct holder beta = hold("beta");

    unlinkat(alpha.dir, "sock", 0);
    assert_string_equal(found(), "default.beta");
    release(&alpha);
    release(&beta);
}

static void a_link_in_the_place_of_the_folder_is_refused(void **state)
{
    (void)state;
    char elsewhere[128];

    snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", base);
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    assert_int_equal(symlink(elsewhere, user), 0);
    assert_int_equal(create_verdict(), PvmDenied);
    assert_text("link");
    assert_string_equal(found(), "");
    assert_int_equal(unlink(user), 0);

    assert_int_equal(mkdir(user, 0700), 0);
    char path[PVMI_RUNDIR_PATH_MAX];
    assert_int_equal(pvmi_rundir_path("alpha", path, sizeof(path)), PvmOk);
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_int_equal(create_verdict(), PvmDenied);
}

static void a_folder_open_to_others_is_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(user, 0700), 0);
    assert_int_equal(chmod(user, 0755), 0);
    assert_int_equal(create_verdict(), PvmDenied);
    assert_text("chmod 700");
    assert_string_equal(found(), "");
    assert_text("chmod 700");
}

static void the_folder_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();    /* only root can give a folder away */
    assert_int_equal(mkdir(user, 0700), 0);
    assert_int_equal(chown(user, 65534, 65534), 0);
    assert_int_equal(create_verdict(), PvmDenied);
    assert_text("belongs to user 65534");
    assert_string_equal(found(), "");
    assert_text("set PVM_TMP");
}

static void a_link_in_the_place_of_the_lock_is_refused(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");

    unlinkat(holder.dir, "lock", 0);
    assert_int_equal(symlinkat("/etc/passwd", holder.dir, "lock"), 0);
    release(&holder);
    assert_true(create_verdict() < 0);
    assert_false(pvmi_rundir_alive(holder.path));
}

static void a_base_that_is_not_there_is_named(void **state)
{
    (void)state;
    setenv("PVM_TMP", "/nowhere/at/all", 1);
    assert_int_equal(create_verdict(), PvmNoFile);
    assert_text("/nowhere/at/all");
    assert_string_equal(found(), "");
    assert_text("start one with: pvm");
}

/* ---- finding ---- */

static void pvmsock_comes_first(void **state)
{
    (void)state;
    char path[PVMI_RUNDIR_PATH_MAX];
    char small[5];
    struct holder holder = hold("alpha");

    setenv("PVMSOCK", "/some/where", 1);
    assert_int_equal(pvmi_rundir_find(path, sizeof(path), &fault), PvmOk);
    assert_string_equal(path, "/some/where");
    assert_int_equal(pvmi_rundir_find(small, sizeof(small), &fault), PvmSysErr);
    release(&holder);
}

static void the_only_live_folder_is_found(void **state)
{
    (void)state;
    struct holder dead = hold("alpha");
    struct holder live = hold("beta");

    release(&dead);
    assert_string_equal(found(), "default.beta");
    release(&live);
    assert_string_equal(found(), "");
    assert_text("start one with: pvm");
}

static void of_several_the_first_host_is_found(void **state)
{
    (void)state;
    struct holder a = hold("alpha");
    struct holder b = hold("beta");
    struct holder c = hold("gamma");

    mark_first(&b);
    assert_string_equal(found(), "default.beta");
    mark_first(&c);
    assert_string_equal(found(), "");
    release(&c);
    assert_string_equal(found(), "default.beta");
    release(&a);
    release(&b);
}

static void several_without_a_first_one_are_listed_with_the_remedy(void **state)
{
    (void)state;
    struct holder b = hold("beta");
    struct holder a = hold("alpha");

    assert_string_equal(found(), "");
    assert_text("/default.alpha/sock or export PVMSOCK=");
    assert_text("/default.beta/sock");
    release(&a);
    release(&b);
}

static void many_are_listed_as_far_as_they_fit(void **state)
{
    (void)state;
    struct holder holders[40];
    char host[32];

    for (int i = 0; i < 40; i++) {
        snprintf(host, sizeof(host), "some-host-%02d", i);
        holders[i] = hold(host);
    }
    assert_string_equal(found(), "");
    assert_text("/default.some-host-00/sock or export PVMSOCK=");
    assert_text(" or ...");
    for (int i = 0; i < 40; i++)
        release(&holders[i]);
}

static void virtual_machines_are_kept_apart(void **state)
{
    (void)state;
    struct holder red;
    struct holder dotted;

    setenv("PVM_VMID", "red", 1);
    red = hold("alpha");
    setenv("PVM_VMID", "red.x", 1);
    dotted = hold("alpha");
    assert_string_equal(found(), "red%2ex.alpha");
    setenv("PVM_VMID", "red", 1);
    assert_string_equal(found(), "red.alpha");
    unsetenv("PVM_VMID");
    assert_string_equal(found(), "");
    assert_text("start one with: pvm");
    assert_text("export PVM_VMID=red");
    assert_text("export PVM_VMID=red.x");
    release(&red);
    release(&dotted);
}

/* How often the last error's text has that part. */
static int text_count(const char *part)
{
    int count = 0;

    for (const char *at = fault.text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

static void each_machine_is_told_once_in_words_for_a_shell(void **state)
{
    (void)state;
    struct holder holders[4];

    setenv("PVM_VMID", "my %red's", 1);
    holders[0] = hold("alpha");
    holders[1] = hold("beta");
    unsetenv("PVM_VMID");
    holders[2] = hold("alpha");
    holders[3] = hold("beta");
    setenv("PVM_VMID", "blue", 1);
    assert_string_equal(found(), "");
    assert_int_equal(text_count("export PVM_VMID='my %red'\\''s'"), 1);
    assert_int_equal(text_count("unset PVM_VMID"), 1);
    assert_int_equal(text_count("PVM_VMID"), 2);
    for (int i = 0; i < 4; i++)
        release(&holders[i]);
}

static void strange_entries_are_passed_over(void **state)
{
    (void)state;
    struct holder holder = hold("alpha");
    char path[PVMI_RUNDIR_PATH_MAX];

    snprintf(path, sizeof(path), "%s/default.fifo", user);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/default.empty", user);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/default.link", user);
    assert_int_equal(symlink(holder.path, path), 0);
    snprintf(path, sizeof(path), "%s/default.odd", user);
    assert_int_equal(mkdir(path, 0700), 0);
    strcat(path, "/lock");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_string_equal(found(), "default.alpha");
    release(&holder);
}

static void finding_survives_each_failed_allocation(void **state)
{
    (void)state;
    struct holder a = hold("alpha");
    char path[PVMI_RUNDIR_PATH_MAX];
    int rc = PvmSysErr;

    for (int nth = 0; rc != PvmOk; nth++) {
        assert_true(nth < 10);
        pvmi_alloc_fail_nth(nth);
        rc = pvmi_rundir_find(path, sizeof(path), &fault);
    }
    release(&a);
}

/* ---- sockets ---- */

static void check_socket(const char *path)
{
    int listener = pvmi_rundir_listen(path);
    int client;
    int server;
    char byte = 0;

    assert_true(listener >= 0);
    client = pvmi_rundir_connect(path);
    assert_true(client >= 0);
    assert_true(fcntl(listener, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
    server = accept(listener, NULL, NULL);
    assert_true(server >= 0);
    assert_int_equal(write(client, "x", 1), 1);
    assert_int_equal(read(server, &byte, 1), 1);
    assert_int_equal(byte, 'x');

    assert_int_equal(pvmi_rundir_listen(path), -1);
    assert_int_equal(errno, EADDRINUSE);
    close(server);
    close(client);
    close(listener);

    assert_int_equal(pvmi_rundir_connect(path), -1);
    assert_int_equal(errno, ECONNREFUSED);
    listener = pvmi_rundir_listen(path);
    assert_true(listener >= 0);
    close(listener);
}

static void sockets_with_short_paths_connect(void **state)
{
    (void)state;
    char path[128];

    snprintf(path, sizeof(path), "%s/sock", base);
    check_socket(path);
}

static void sockets_with_long_paths_connect(void **state)
{
    (void)state;
    char path[512];
    size_t length;

    length = (size_t)snprintf(path, sizeof(path), "%s", base);
    for (int i = 0; i < 3; i++) {
        path[length++] = '/';
        memset(path + length, 'a' + i, 100);
        length += 100;
        path[length] = '\0';
        assert_int_equal(mkdir(path, 0700), 0);
    }
    strcpy(path + length, "/sock");
    check_socket(path);
}

/* The number of the lowest free descriptor tells whether one was left open. */
static void no_descriptor_is_left_when_a_socket_fails(void **state)
{
    (void)state;
    char path[600];
    int before = dup(0);
    int after;

    close(before);
    snprintf(path, sizeof(path), "%s/none", base);
    assert_int_equal(pvmi_rundir_connect(path), -1);
    assert_int_equal(errno, ENOENT);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(pvmi_rundir_connect(path), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    path[0] = path[200] = '/';
    assert_int_equal(pvmi_rundir_listen(path), -1);
    path[590] = '/';
    assert_int_equal(pvmi_rundir_listen(path), -1);
    assert_int_equal(pvmi_rundir_connect("/nowhere/at/all"), -1);
    after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

static void a_file_that_is_no_socket_is_not_replaced(void **state)
{
    (void)state;
    char path[128];

    snprintf(path, sizeof(path), "%s/sock", base);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(pvmi_rundir_listen(path), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_base, remove_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_is_made_of_base_user_machine_and_host),
        TEST(odd_names_cannot_leave_the_folder),
        TEST(long_names_overflow),
        TEST(a_folder_is_private_and_its_lock_tells_life),
        TEST(a_second_daemon_is_told_that_one_runs),
        TEST(the_folder_of_a_dead_daemon_is_taken_over),
        TEST(a_look_does_not_stop_a_daemon_that_starts),
        TEST(a_removed_folder_is_made_again),
        TEST(the_folder_of_the_dead_alone_can_be_seized),
        TEST(who_does_not_listen_is_not_found),
        TEST(a_link_in_the_place_of_the_folder_is_refused),
        TEST(a_folder_open_to_others_is_refused),
        TEST(the_folder_of_another_user_is_refused),
        TEST(a_link_in_the_place_of_the_lock_is_refused),
        TEST(a_base_that_is_not_there_is_named),
        TEST(pvmsock_comes_first),
        TEST(the_only_live_folder_is_found),
        TEST(of_several_the_first_host_is_found),
        TEST(several_without_a_first_one_are_listed_with_the_remedy),
        TEST(many_are_listed_as_far_as_they_fit),
        TEST(virtual_machines_are_kept_apart),
        TEST(each_machine_is_told_once_in_words_for_a_shell),
        TEST(strange_entries_are_passed_over),
        TEST(finding_survives_each_failed_allocation),
        TEST(sockets_with_short_paths_connect),
        TEST(sockets_with_long_paths_connect),
        TEST(no_descriptor_is_left_when_a_socket_fails),
        TEST(a_file_that_is_no_socket_is_not_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
