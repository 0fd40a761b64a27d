/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_addhosts, pvm_delhosts, pvm_start_pvmd, pvm_tasks, pvm_config: codes and infos of what cannot be done. */
#include "case.h"

static void add(const char *what, char **names, int count, int n)
{
    int infos[8] = { 77, 77, 77, 77, 77, 77, 77, 77 };
    int rc = pvm_addhosts(names, count, infos);

    printf("add %s: %s:", what, code(rc));
    for (int i = 0; i < n; i++)
        printf(" %s", infos[i] > 1000 ? "a host" : code(infos[i]));
    printf("\n");
}

static void del(const char *what, char **names, int count, int n)
{
    int infos[8] = { 77, 77, 77, 77, 77, 77, 77, 77 };
    int rc = pvm_delhosts(names, count, infos);

    printf("delete %s: %s:", what, code(rc));
    for (int i = 0; i < n; i++)
        printf(" %s", code(infos[i]));
    printf("\n");
}

#define NAMES(...) (char *[]){ __VA_ARGS__ }

static void del_twice(void)
{
    int infos[2];

    pvm_addhosts(NAMES("beta"), 1, NULL);
    pvm_delhosts(NAMES("beta", "beta"), 2, infos);
    printf("pvm_delhosts(beta and beta): %s\n", code(infos[1]));
}

int main(int argc, char **argv)
{
    struct pvmtaskinfo *tasks;
    struct pvmhostinfo *hosts;
    char *arguments[] = { "-d0", NULL };
    int n;

    case_roles(argc, argv);
    case_begin();
    add("nothing", NAMES("beta"), 0, 1);
    add("less", NAMES("beta"), -1, 1);
    add("the master", NAMES("alpha"), 1, 1);
    add("an unknown option", NAMES("beta zz=3"), 1, 1);
    add("an empty line", NAMES(""), 1, 1);
    add("blanks", NAMES("   "), 1, 1);
    add("two and one twice", NAMES("beta", "gamma", "beta"), 3, 3);
    add("what is there", NAMES("gamma"), 1, 1);
    SHOW(pvm_addhosts(NAMES("beta"), 1, NULL));
    SHOW(pvm_mstat("beta"));
    SHOW(pvm_mstat("gamma"));
    SHOW(pvm_mstat("delta"));
    SHOW(pvm_mstat("ALPHA"));
    SHOW(pvm_mstat("alpha sp=1"));
    SHOW(pvm_mstat(""));
    SHOW(pvm_mstat(NULL));
    SHOW(pvm_mstat("."));
    SHOW(pvm_mstat("127.0.0.2"));
    SHOW(pvm_config(NULL, NULL, NULL));
    pvm_config(&n, NULL, &hosts);
    printf("%d hosts\n", n);
    SHOW(pvm_tasks(0, &n, &tasks));
    SHOW(pvm_tasks(hosts[1].hi_tid, &n, &tasks));
    printf(" %d\n", n);
    SHOW(pvm_tasks(hosts[1].hi_tid | (int)0x80000000, &n, &tasks));
    printf(" %d\n", n);
    SHOW(pvm_tasks(hosts[1].hi_tid | 99, &n, &tasks));
    printf(" %d\n", n);
    n = 5;
    SHOW(pvm_tasks(0x123 << 18, &n, &tasks));
    printf(" %d\n", n);
    SHOW(pvm_tasks((0x123 << 18) | 4, NULL, NULL));
    SHOW(pvm_tasks(case_me, &n, &tasks));
    printf(" %d, tid %s, parent %s, host %d, flags %x, file \"%s\", pid %d\n", n, who(tasks[0].ti_tid), code(tasks[0].ti_ptid),
           tasks[0].ti_host == hosts[0].hi_tid, (unsigned)tasks[0].ti_flag, tasks[0].ti_a_out, tasks[0].ti_pid == getpid());
    SHOW(pvm_tasks(-1, &n, NULL));
    SHOW(pvm_start_pvmd(0, NULL, 0));
    SHOW(pvm_start_pvmd(0, NULL, 1));
    SHOW(pvm_start_pvmd(1, arguments, 1));
    printf("the same task: %d\n", pvm_mytid() == case_me);
    del("nothing", NAMES("beta"), 0, 1);
    del("less", NAMES("beta"), -3, 1);
    del("the master", NAMES("alpha"), 1, 1);
    del("who is not there", NAMES("delta"), 1, 1);
    del("a line with options", NAMES("beta sp=1"), 1, 1);
    del("an empty name", NAMES(""), 1, 1);
    del("a mixture", NAMES("delta", "beta", "alpha", "beta"), 4, 4);
    SHOW(pvm_delhosts(NAMES("gamma"), 1, NULL));
    del_twice();
    pvm_config(&n, NULL, NULL);
    printf("%d hosts\n", n);
    add("again", NAMES("beta"), 1, 1);
    del("again", NAMES("beta"), 1, 1);
    pvm_exit();
    SHOW(pvm_start_pvmd(0, NULL, 0));
    return 0;
}
