/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names that PVM 3's libraries export and that programs use, though no header of PVM 3 declares them. They are
 * declared here and not in pvm3.h, because programs declare them in ways of their own, or call them without,
 * and with other arguments (PVM's example task0 gives lpvmerr() a format).
 *
 * pvmpkcopy() is our own, for our Fortran libraries alone.
 *
 * Those that other files of the library use too stand there: pvmmyctx in libpvm/task.h, pvm_errno in pvm3.h.
 */
#ifndef PVMI_LIBPVM_UNDECLARED_H
#define PVMI_LIBPVM_UNDECLARED_H

#include <sys/time.h>

#define PVMI_ERRLIST_LENGTH 37

/* ---- errors: libpvm/perror ---- */

/* Texts of the errors: that of code is pvm_errlist[-code], for codes above -pvm_nerr. */
extern char *pvm_errlist[PVMI_ERRLIST_LENGTH];
extern int pvm_nerr;

/* Sets pvm_errno to code, reports it as an error of the function of that name (PvmAutoErr), returns code. */
int lpvmerr(const char *function, int code);

/* Prints "libpvm [t40001]: TEXT" on stderr; the end of the line is text's own. Returns 0. */
int pvmlogerror(const char *text);

/* ---- this task: libpvm/enroll ---- */

/* Own tid, -1 when this process is no task. To be read only. */
extern int pvmmytid;

/* Enrols if need be. Returns PvmOk or the error, which is not reported. */
int pvmbeatask(void);

/* Drops the connection to the daemon without a word, and with it what has not been sent. The process is no task
 * then, and becomes one anew as after pvm_exit(). Returns 0. */
int pvmendtask(void);

/* ---- packing for Fortran: libpvm/pack ---- */

/*
 * Does what pvm_pkint() and its like do, with their events and errors, for PVM_STR (as PVM_BYTE) to PVM_LONG; PvmBadParam for
 * another data type, which is not reported. But in place the items are copied now, with any stride: what a Fortran
 * compiler passes may be a temporary of its own, which is gone at the send.
 */
int pvmpkcopy(int datatype, const void *xp, int nitem, int stride);

/* ---- time: libpvm/clock ---- */

/* Sleeps whole seconds, also when signals come; messages are not read meanwhile. Returns 0. */
int pvmsleep(int seconds);

/* The time of day, as gettimeofday() gives it. Returns 0. */
int pvmgetclock(struct timeval *now);

/* ---- groups: libpvm/group ---- */

/* Tid of PVM 3's group server, and how long its programs wait for it. There is none here: PvmNoTask. */
int gs_getgstid(void);
extern struct timeval *pvmgs_tmout;

/* ---- message handlers: libpvm/handler ---- */

/* For looking at a program's message handlers: prints on stdout who asks (a name and a tid), text, and a line for each
 * handler that the program has installed. Returns 0. */
int pvmdisplaymhfinfo(const char *name, const char *text, int tid);

/* ---- tags: libpvm/tagname ---- */

/* Name of a reserved tag of pvmproto.h, and then *ret_found 1; else tag as a decimal number, and 0. The result is the
 * thread's, until its next call. ret_found may be NULL. */
char *pvmnametag(int tag, int *ret_found);

#endif
