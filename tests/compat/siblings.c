/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_siblings: in spawn order, the same list for each; with and without a parent. */
#include "case.h"

static int child(void)
{
    int *tids, n = pvm_siblings(&tids);

    case_begin();
    pvm_recv(-1, 1);
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&n, 1, 1);
    pvm_pkint(tids, n, 1);
    pvm_bufinfo(pvm_getrbuf(), NULL, NULL, &case_me);
    pvm_send(case_me, 2);
    pvm_exit();
    return 0;
}

static void round_of(int flags, int n)
{
    char *args[] = { "child", NULL };
    int tids[8], got[8], count;

    printf("spawn %d with flags %d: %s\n", n, flags, code(pvm_spawn(CASE_NAME, args, flags, "", n, tids)));
    pvm_initsend(PvmDataDefault);
    pvm_mcast(tids, n, 1);
    for (int i = 0; i < n; i++) {
        pvm_recv(tids[i], 2);
        pvm_upkint(&count, 1, 1);
        pvm_upkint(got, count, 1);
        printf("child %d sees %d, the same list: %d\n", i, count, memcmp(tids, got, sizeof(int) * (size_t)n) == 0);
    }
}

int main(int argc, char **argv)
{
    int *tids, n;

    if (case_role(argc, argv, "child"))
        return child();
    case_roles(argc, argv);
    case_begin();
    n = pvm_siblings(&tids);
    printf("not spawned: %d, %s\n", n, n == 1 ? who(tids[0]) : "?");
    round_of(PvmTaskDefault, 3);
    round_of(PvmNoSpawnParent, 2);
    round_of(PvmTaskDefault, 1);
    pvm_exit();
    return 0;
}
