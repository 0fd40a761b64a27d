/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes that were packed in several calls, read as numbers: each call's are filled up to whole words. What fills them is
 * not shown: PVM 3.4.6 sends old memory. */
#include "case.h"

static char bytes[40];

static void deliver(const int *calls)
{
    int at = 0, length = -1;

    pvm_initsend(PvmDataDefault);
    printf("bytes");
    for (; *calls > 0; calls++) {
        printf(" %d", *calls);
        pvm_pkbyte(bytes + at, *calls, 1);
        at += *calls;
    }
    pvm_send(case_me, 1);
    pvm_bufinfo(pvm_recv(case_me, 1), &length, NULL, NULL);
    printf(", length %d\n", length);
}

/* So many of the word's bytes were packed. */
static unsigned top(unsigned word, int count)
{
    return count == 4 ? word : word >> (32 - 8 * count);
}

static void as_ints(const int *calls)
{
    deliver(calls);
    for (; *calls > 0; calls++) {
        for (int left = *calls; left > 0; left -= 4) {
            int word = -1;

            printf(" %s", code(pvm_upkint(&word, 1, 1)));
            printf(" %x", top((unsigned)word, left < 4 ? left : 4));
        }
    }
    printf(", then %s\n", code(pvm_upkint(&(int){ 0 }, 1, 1)));
}

static void as_shorts(const int *calls, int count)
{
    short words[16] = { 0 };

    deliver(calls);
    printf(" %d shorts: %s", count, code(pvm_upkshort(words, count, 1)));
    printf(", then %s\n", code(pvm_upkshort(words, 1, 1)));
}

static void as_doubles(const int *calls, int count)
{
    double words[8] = { 0 };

    deliver(calls);
    printf(" %d doubles: %s", count, code(pvm_upkdouble(words, count, 1)));
    printf(", then %s\n", code(pvm_upkdouble(words, 1, 1)));
}

int main(void)
{
    case_begin();
    for (int i = 0; i < 40; i++)
        bytes[i] = (char)(i % 4 < 2 ? 0 : i + 1);
    as_ints((int[]){ 5, 7, 0 });
    as_ints((int[]){ 1, 1, 1, 1, 0 });
    as_ints((int[]){ 4, 8, 0 });
    as_ints((int[]){ 2, 6, 3, 0 });
    as_shorts((int[]){ 4, 4, 8, 0 }, 4);
    as_doubles((int[]){ 5, 7, 0 }, 2);
    as_doubles((int[]){ 4, 4, 0 }, 1);
    as_doubles((int[]){ 3, 1, 0 }, 1);
    pvm_exit();
    return 0;
}
