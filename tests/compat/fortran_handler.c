/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message handlers of Fortran, as libfpvm3 hands them over: pvmfaddmhf takes the address of a routine, as Fortran passes
 * one, and calls just that, with what it calls a buffer id: PVM 3.4.6 with the number, here with its address, which is
 * what a routine of Fortran expects.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>

#include <pvm3.h>

void pvmfaddmhf_(const int *src, const int *tag, const int *ctx, const int *unused, int (*func)(intptr_t mid), int *mhid);
void pvmfdelmhf_(const int *mhid, int *info);

static int calls;
static intptr_t given;
static int valid;

static int handler(intptr_t mid)
{
    struct pvmminfo header;

    calls++;
    given = mid;
    /* Buffer ids are small, and addresses are not. */
    valid = pvm_getminfo(mid < 1000000 ? (int)mid : *(int *)mid, &header) == PvmOk && header.tag == 21;
    return 0;
}

int main(void)
{
    const int any = -1;
    const int tag = 21;
    const int unused = 0;
    struct timeval second = { 1, 0 };
    int me = pvm_mytid();
    int mhid = -1;
    int info = -1;

    pvmfaddmhf_(&any, &tag, &any, &unused, handler, &mhid);
    printf("added: %d\n", mhid >= 0);
    pvm_initsend(PvmDataDefault);
    pvm_send(me, 21);
    for (int i = 0; i < 20 && calls == 0; i++)
        pvm_trecv(-1, 99, &second);
    printf("called %d times, of a message with the tag: %d\n", calls, valid);
    printf("~ the buffer's %s\n", given < 1000000 ? "id" : "id's address");
    pvmfdelmhf_(&mhid, &info);
    printf("deleted: %d\n", info);
    pvm_send(me, 21);
    printf("then it comes to a receive: %d, called %d times\n", pvm_recv(-1, 21) > 0, calls);
    pvm_exit();
    return 0;
}
