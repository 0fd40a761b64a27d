/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * without WHAT,... COMMAND...: runs it where those system calls are refused with EPERM: their names, or "mmap>BYTES" for
 * mappings above that size, refused with ENOMEM. Ends with status 77 where there is no seccomp. Needs the kernel's
 * headers and no library of ours.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEPS_MAX 200

static const struct {
    const char *name;
    unsigned number;
} calls[] = {
    { "memfd_create", SYS_memfd_create },
    { "membarrier", SYS_membarrier },
    { "madvise", SYS_madvise },
    { "fallocate", SYS_fallocate },
    { "process_vm_readv", SYS_process_vm_readv },
    { "process_vm_writev", SYS_process_vm_writev },
    { "ptrace", SYS_ptrace },
    { "pidfd_open", SYS_pidfd_open },
    { "shmget", SYS_shmget },
    { "sched_getaffinity", SYS_sched_getaffinity },
    { "sched_yield", SYS_sched_yield },
};

static struct sock_filter steps[STEPS_MAX];
static unsigned short step_count;

static void add(struct sock_filter step)
{
    if (step_count == STEPS_MAX)
        exit(1);
    steps[step_count++] = step;
}

static void add_load(size_t offset)
{
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void add_end(unsigned how)
{
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, how));
}

/* The second argument of mmap, in halves, the low one first on a machine that stores it first. */
static void refuse_mappings_above(unsigned long bytes)
{
    size_t length = offsetof(struct seccomp_data, args[1]);
    size_t high = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 4 : 0;

    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 6));
    add_load(length + high);
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2));
    add_load(length + 4 - high);
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (unsigned)bytes, 0, 1));
    add_end(SECCOMP_RET_ERRNO | ENOMEM);
    add_load(offsetof(struct seccomp_data, nr));
}

static void refuse(const char *what)
{
    if (strncmp(what, "mmap>", 5) == 0) {
        refuse_mappings_above(strtoul(what + 5, NULL, 0));
        return;
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(what, calls[i].name) == 0) {
            add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1));
            add_end(SECCOMP_RET_ERRNO | EPERM);
            return;
        }
    }
    fprintf(stderr, "without: no call %s\n", what);
    exit(1);
}

int main(int argc, char **argv)
{
    struct sock_fprog program = { .filter = steps };

    if (argc < 3)
        return 1;
    add_load(offsetof(struct seccomp_data, nr));
    for (char *what = strtok(argv[1], ","); what != NULL; what = strtok(NULL, ","))
        refuse(what);
    add_end(SECCOMP_RET_ALLOW);
    program.len = step_count;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 77;
    execvp(argv[2], argv + 2);
    return 1;
}
