/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hello: the smallest useful PVM program.
 *
 *     pvm run -n 4 ./hello     four copies, placed by PVM; each says where it is and who its siblings are
 *     ./hello                  starts a copy of itself on each host and prints what they say
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvm3.h>

#define TAG_HELLO 1    /* what a message is about; any number from 0 on */

/* The name of the host that task tid runs on, as "pvm conf" shows it. */
static const char *host_of(int tid)
{
    int count;
    struct pvmhostinfo *hosts;    /* belongs to libpvm */

    if (pvm_config(&count, NULL, &hosts) < 0)
        return "?";
    for (int i = 0; i < count; i++) {
        if (hosts[i].hi_tid == pvm_tidtohost(tid))
            return hosts[i].hi_name;
    }
    return "?";
}

/* A copy that "pvm run" or the console has started: whatever it prints goes to whoever started it. */
static void speak(int me)
{
    int *siblings;
    int count = pvm_siblings(&siblings);    /* all that were started together, this one too */

    printf("hello from task t%x on host %s", (unsigned)me, host_of(me));
    if (count > 1)
        printf(", one of %d:", count);
    for (int i = 0; i < count && count > 1; i++)
        printf(" t%x", (unsigned)siblings[i]);
    printf("\n");
}

/* A copy that ./hello has started: it sends its greeting to its parent. */
static void answer(int me, int parent)
{
    char text[256];

    snprintf(text, sizeof(text), "hello from task t%x on host %s", (unsigned)me, host_of(me));
    pvm_initsend(PvmDataDefault);    /* a new, empty message */
    pvm_pkstr(text);
    pvm_send(parent, TAG_HELLO);
}

/* Started by hand: a copy on each host, and a message from each copy. */
static int ask_all(int me, char *program)
{
    int count, started = 0;
    struct pvmhostinfo *hosts;

    printf("I am task t%x on host %s\n", (unsigned)me, host_of(me));
    if (pvm_config(&count, NULL, &hosts) < 0)    /* hosts is good until the next pvm_config() */
        return 1;

    for (int i = 0; i < count; i++) {
        int tid;    /* of the new task, or a negative code that says why there is none */

        if (pvm_spawn(basename(program), NULL, PvmTaskHost, hosts[i].hi_name, 1, &tid) == 1)
            started++;
        else
            fprintf(stderr, "hello: no copy on host %s: %s\n", hosts[i].hi_name, pvm_errdetail());
    }
    for (int i = 0; i < started; i++) {
        char text[256];

        pvm_recv(-1, TAG_HELLO);    /* from anybody; waits until there is one */
        pvm_upkstr(text);
        printf("%s\n", text);
    }
    return started == count ? 0 : 1;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (argc > 1) {
        printf("usage: pvm run -n 4 ./hello    or, with a virtual machine: ./hello\n");
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    pvm_setopt(PvmAutoErr, 0);    /* this program prints errors itself */
    int me = pvm_mytid();         /* the first call joins the virtual machine */
    if (me < 0) {
        fprintf(stderr, "hello: there is no virtual machine; start one with: pvm\n");
        return 1;
    }

    int parent = pvm_parent();
    if (parent > 0)
        answer(me, parent);
    else if (parent == PvmParentNotSet)
        speak(me);
    else
        status = ask_all(me, argv[0]);

    pvm_exit();    /* leaves the virtual machine: all that was sent is delivered */
    return status;
}
