/* SPDX-License-Identifier: BSD-3-Clause */
/* What a task sent before pvm_exit arrives, large or small; pvm_exit twice; enrolling anew. */
#include "case.h"

static int child(void)
{
    static int data[100000];

    for (int i = 0; i < 20; i++) {
        data[0] = i;
        pvm_initsend(PvmDataRaw);
        pvm_pkint(data, i % 2 ? 100000 : 1, 1);
        pvm_send(pvm_parent(), 1);
    }
    pvm_exit();
    return 0;
}

int main(int argc, char **argv)
{
    int first, bytes, good = 0, old;

    if (case_role(argc, argv, "child"))
        return child();
    case_begin();
    old = case_me;
    case_spawn("child", 1);
    for (int i = 0; i < 20; i++) {
        int id = pvm_recv(case_tids[0], 1);

        pvm_bufinfo(id, &bytes, NULL, NULL);
        pvm_upkint(&first, 1, 1);
        good += first == i && bytes == (i % 2 ? 400000 : 4);
    }
    printf("%d of 20\n", good);
    SHOW(pvm_exit());
    SHOW(pvm_exit());
    printf("a new tid after it: %d\n", pvm_mytid() > 0 && pvm_mytid() != old);
    SHOW(pvm_parent());
    pvm_exit();
    return 0;
}
