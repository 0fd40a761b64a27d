/* SPDX-License-Identifier: BSD-3-Clause */
/* Placement over three hosts: blocks in host order, named hosts, complements; host names and architectures. */
#include "case.h"

static struct pvmhostinfo *hosts;
static int host_count;

static const char *host_of(int tid)
{
    for (int i = 0; i < host_count; i++)
        if (hosts[i].hi_tid == pvm_tidtohost(tid))
            return hosts[i].hi_name;
    return code(tid);
}

static void place(int flags, const char *where, int n)
{
    char *args[] = { "wait", NULL };
    int tids[8];

    printf("%d on \"%s\" with %d: %s:", n, where, flags, code(pvm_spawn(CASE_NAME, args, flags, (char *)where, n, tids)));
    for (int i = 0; i < n; i++)
        printf(" %s", host_of(tids[i]));
    printf("\n");
    for (int i = 0; i < n; i++)
        if (tids[i] > 0)
            pvm_kill(tids[i]);
}

int main(int argc, char **argv)
{
    char *names[] = { "beta", "gamma" };
    int infos[2], archs;

    case_roles(argc, argv);
    case_begin();
    printf("add: %s\n", code(pvm_addhosts(names, 2, infos)));
    pvm_config(&host_count, &archs, &hosts);
    printf("%d hosts, %d format\n", host_count, archs);
    for (int i = 0; i < host_count; i++)
        printf("%s %s %d %x\n", hosts[i].hi_name, hosts[i].hi_arch, hosts[i].hi_speed, (unsigned)hosts[i].hi_dsig);
    place(PvmTaskDefault, "", 6);
    place(PvmTaskDefault, "", 2);
    place(PvmTaskHost, "gamma", 2);
    place(PvmTaskHost, ".", 1);
    place(PvmTaskHost, "GAMMA", 2);
    place(PvmTaskHost | PvmHostCompl, "beta", 2);
    place(PvmTaskHost | PvmHostCompl, ".", 2);
    place(PvmTaskHost | PvmHostCompl, "nowhere", 3);
    place(PvmTaskArch, "LINUX64", 3);
    place(PvmTaskArch, "CRAY", 1);
    place(PvmTaskArch | PvmHostCompl, "LINUX64", 1);
    place(PvmTaskArch | PvmTaskHost, "beta", 1);
    SHOW(pvm_mstat("beta"));
    SHOW(pvm_mstat("delta"));
    SHOW(pvm_mstat(""));
    SHOW(pvm_mstat("."));
    printf("delete: %s\n", code(pvm_delhosts(names, 2, infos)));
    printf("%s %s\n", code(infos[0]), code(infos[1]));
    printf("~ ");
    SHOW(pvm_mstat("beta"));
    pvm_exit();
    return 0;
}
