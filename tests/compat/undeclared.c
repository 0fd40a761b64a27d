/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that the library exports and no header declares: programs call them all the same. */
#define NOTMPNAM
#include "case.h"

#include <sys/time.h>
#include <pvmproto.h>

extern char *pvm_errlist[];
extern int pvm_nerr, pvm_errno, pvmmytid, pvmmyctx;
extern char *pvmnametag(int tag, int *found);
extern int pvmsleep(int seconds);
extern int pvmgetclock(struct timeval *now);
extern int pvmbeatask(void);
extern int pvmendtask(void);
extern int lpvmerr(const char *function, int code);
extern int pvmlogerror(char *text);

static void errors(void)
{
    printf("pvm_nerr %d\n", pvm_nerr);
    for (int i = 0; i < pvm_nerr; i++)
        printf("%d: %s\n", i, pvm_errlist[i]);
}

/* Whole lines, but for the tid. */
static void reports(void)
{
    int autoerr = pvm_setopt(PvmAutoErr, 1);
    int codes[] = { PvmBadParam, 0, PvmNoHost, 5, -99 };

    dup2(1, 2);
    for (int i = 0; i < 5; i++) {
        int rc;

        fflush(stdout);
        fprintf(stderr, "~ ");
        rc = lpvmerr("some_function", codes[i]);
        printf("lpvmerr(%d): %d, pvm_errno %d, %s\n", codes[i], rc, pvm_errno, pvm_strerror());
    }
    pvm_setopt(PvmAutoErr, autoerr);
    printf("silent: %d\n", lpvmerr("some_function", PvmNoMem));
    fprintf(stderr, "~ ");
    pvmlogerror("a line of the program's own\n");
}

static void tags(void)
{
    static const int tags[] = {
        TM_FIRST, TM_EXIT, TM_LAST, TM_LAST + 1, DM_FIRST, DM_HALT, DM_LAST, DM_LAST + 1, TC_FIRST, TC_OUTPUT, TC_LAST,
        TC_LAST + 1, SM_FIRST, SM_STHOST, SM_LAST, SM_LAST + 1, TM_FIRST - 1, 0, 77, -1,
    };

    for (unsigned i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        int found = -7;
        char *name = pvmnametag(tags[i], &found);

        printf("tag %x: %s, %d\n", (unsigned)tags[i], name, found);
    }
    printf("without an int: %s\n", pvmnametag(SM_TASKX, NULL));
}

static void places(void)
{
    char name[PVMTMPNAMLEN], other[PVMTMPNAMLEN];
    const char *rsh = getenv("PVM_RSH"), *tmp = getenv("PVM_TMP");
    size_t length = strlen(tmp);

    printf("pvmgetrsh is PVM_RSH: %d\n", rsh != NULL && strcmp(pvmgetrsh(), rsh) == 0);
    printf("pvmgettmp is PVM_TMP: %d\n", strcmp(pvmgettmp(), tmp) == 0);
    printf("returns its argument: %d\n", PVMTMPNAMFUN(name) == name);
    printf("in that folder: %d, %.7s\n", strncmp(name, tmp, length) == 0, name + length);
    pvmtmpnam(other);
    printf("the next is another: %d\n", strcmp(name, other) != 0);
    printf("without room: %d\n", pvmtmpnam(NULL) != NULL);
    printf("none exists: %d\n", access(name, F_OK) != 0 && access(other, F_OK) != 0);
    setenv("PVM_TMP", "/elsewhere", 1);
    setenv("PVM_RSH", "/elsewhere", 1);
    printf("changes later: %d %d\n", strcmp(pvmgettmp(), "/elsewhere") == 0, strcmp(pvmgetrsh(), "/elsewhere") == 0);
}

static void times(void)
{
    struct timeval before, now, after;

    gettimeofday(&before, NULL);
    printf("pvmsleep: %d\n", pvmsleep(1));
    printf("pvmgetclock: %d\n", pvmgetclock(&now));
    gettimeofday(&after, NULL);
    printf("slept: %d\n", timercmp(&before, &now, <) && now.tv_sec - before.tv_sec >= 1);
    printf("that clock: %d\n", !timercmp(&now, &after, >));
}

static void task(void)
{
    int before;

    printf("pvmmytid: %s, pvmmyctx %d\n", pvmmytid == case_me ? "mine" : "other", pvmmyctx);
    printf("pvmbeatask: %s\n", code(pvmbeatask()));
    before = pvmmytid;
    printf("pvmendtask: %s\n", code(pvmendtask()));
    printf("no task: pvmmytid %d\n", pvmmytid);
    printf("pvmbeatask: %s\n", code(pvmbeatask()));
    printf("a new tid: %d\n", pvmmytid > 0 && pvmmytid != before && pvmmytid == pvm_mytid());
    while (pvm_pstat(before) == PvmOk)
        usleep(2000);
    printf("the one before: %s\n", code(pvm_pstat(before)));
}

int main(int argc, char **argv)
{
    case_roles(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("before: pvmmytid %d, pvmmyctx %d, pvm_errno %d\n", pvmmytid, pvmmyctx, pvm_errno);
    case_begin();
    errors();
    reports();
    tags();
    places();
    times();
    setenv("PVM_TMP", pvmgettmp(), 1);
    task();
    pvm_exit();
    printf("after: pvmmytid %d\n", pvmmytid);
    return 0;
}
