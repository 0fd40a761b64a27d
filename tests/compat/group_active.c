/* SPDX-License-Identifier: BSD-3-Clause */
/* What the group functions do to the active buffers, of the root and of the others, in success and error. */
#include "case.h"

static int send_buffer, receive_buffer, data[4] = { 1, 2, 3, 4 }, result[4];

static void begin(void)
{
    int x = 5, old;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&x, 1, 1);
    pvm_send(pvm_mytid(), 9);
    pvm_recv(-1, 9);
    send_buffer = pvm_getsbuf();
    receive_buffer = pvm_getrbuf();
}

static void after(const char *what, int rc)
{
    int x = -1, there = pvm_bufinfo(send_buffer, NULL, NULL, NULL);

    printf("%s: %s, send buffer active %d (0: %d) there %s, receive buffer active %d", what, code(rc),
           pvm_getsbuf() == send_buffer, pvm_getsbuf() == 0, code(there), pvm_getrbuf() == receive_buffer);
    printf(", its value %s", code(pvm_upkint(&x, 1, 1)));
    printf(" %d\n", x);
    begin();
}

static void user_max(int *datatype, void *x, void *y, int *num, int *info)
{
    int *a = x, *b = y;

    for (int i = 0; i < *num; i++)
        if (b[i] > a[i])
            a[i] = b[i];
    *info = PvmOk;
}

static void user_fails(int *datatype, void *x, void *y, int *num, int *info)
{
    *info = PvmNoData;
}

static void member(int root)
{
    if (!root)
        after("join", pvm_joingroup("g"));
    pvm_barrier("g", 2);
    after("barrier", pvm_barrier("g", 2));
    after("scatter", pvm_scatter(result, root ? data : NULL, 2, PVM_INT, 3, "g", 0));
    pvm_barrier("g", 2);
    after("gather", pvm_gather(root ? result : NULL, data, 2, PVM_INT, 4, "g", 0));
    pvm_barrier("g", 2);
    after("reduce", pvm_reduce(user_max, data, 2, PVM_INT, 5, "g", 0));
    pvm_barrier("g", 2);
    after("reduce with a function that fails", pvm_reduce(user_fails, data, 2, PVM_INT, 5, "g", 0));
    pvm_barrier("g", 2);
    after("bcast", pvm_bcast("g", 6));
    pvm_setrbuf(0);
    pvm_recv(-1, 6);
    pvm_barrier("g", 2);
    begin();
    after("freezegroup", pvm_freezegroup("g", 2));
    after("gsize", pvm_gsize("g"));
    after("getinst", pvm_getinst("g", pvm_mytid()));
    after("gettid", pvm_gettid("g", 0) > 0);
    after("scatter frozen", pvm_scatter(result, root ? data : NULL, 2, PVM_INT, 3, "g", 0));
    pvm_barrier("g", 2);
}

static void alone(void)
{
    after("join", pvm_joingroup("one"));
    printf("~ ");    /* PVM 3 leaves its own buffer active when it had nobody to send it to */
    after("scatter alone", pvm_scatter(result, data, 2, PVM_INT, 3, "one", 0));
    after("gather alone", pvm_gather(result, data, 2, PVM_INT, 3, "one", 0));
    after("reduce alone", pvm_reduce(PvmMax, data, 2, PVM_INT, 3, "one", 0));
    after("bcast alone", pvm_bcast("one", 3));
    after("scatter, no such root", pvm_scatter(result, data, 2, PVM_INT, 3, "one", 7));
    after("scatter, no such type", pvm_scatter(result, data, 2, 77, 3, "one", 0));
    after("scatter, no data", pvm_scatter(result, NULL, 2, PVM_INT, 3, "one", 0));
    after("scatter, count 0", pvm_scatter(result, data, 0, PVM_INT, 3, "one", 0));
    after("scatter, no group", pvm_scatter(result, data, 2, PVM_INT, 3, "nobody", 0));
    after("gather, no such root", pvm_gather(result, data, 2, PVM_INT, 3, "one", 7));
    after("reduce, no group", pvm_reduce(PvmMax, data, 2, PVM_INT, 3, "nobody", 0));
    after("lvgroup", pvm_lvgroup("one"));
    pvm_setsbuf(0);
    pvm_joingroup("one");
    printf("scatter without a send buffer: %s\n", code(pvm_scatter(result, data, 2, PVM_INT, 3, "one", 0)));
    printf("~ %s\n", code(pvm_getsbuf()));
    pvm_lvgroup("one");
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    case_begin();
    begin();
    if (case_role(argc, argv, "told")) {
        char name[64];

        pvm_recv(pvm_parent(), 1);
        pvm_upkstr(name);
        freopen(name, "w", stdout);
        setvbuf(stdout, NULL, _IOLBF, 0);
        begin();
        member(0);
        pvm_exit();
        return 0;
    }
    printf("alone\n");
    alone();
    case_spawn("told", 1);
    {
        char name[] = "/tmp/group-active-XXXXXX", line[256];
        FILE *file;

        close(mkstemp(name));
        printf("root\n");
        pvm_initsend(PvmDataDefault);
        pvm_pkstr(name);
        pvm_joingroup("g");
        pvm_send(case_tids[0], 1);
        begin();
        member(1);
        case_await_end(case_tids[0]);
        printf("other\n");
        file = fopen(name, "r");
        while (fgets(line, sizeof(line), file) != NULL)
            fputs(line, stdout);
        fclose(file);
        unlink(name);
    }
    pvm_exit();
    return 0;
}
