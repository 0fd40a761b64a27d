/* SPDX-License-Identifier: BSD-3-Clause */
/* Error codes and the text that travels with them. */
#ifndef PVMI_BASE_ERROR_H
#define PVMI_BASE_ERROR_H

#include "pvm3.h"

/* Codes inside the libraries that no program ever sees. */
#define PVMI_AGAIN (-1001)     /* no room, or nothing there, now: try again later */
#define PVMI_CLOSED (-1002)    /* the other side has closed */

/* All codes and their texts. These are PVM 3's, word for word: programs and tests compare what pvm_perror()
 * prints. */
#define PVMI_ERROR_LIST(X)                                                    \
    X(PvmOk, "Error 0")                                                       \
    X(PvmBadParam, "Bad parameter")                                           \
    X(PvmMismatch, "Parameter mismatch")                                      \
    X(PvmOverflow, "Value too large")                                         \
    X(PvmNoData, "End of buffer")                                             \
    X(PvmNoHost, "No such host")                                              \
    X(PvmNoFile, "No such file")                                              \
    X(PvmDenied, "Permission denied")                                         \
    X(PvmNoMem, "Malloc failed")                                              \
    X(PvmBadMsg, "Can't decode message")                                      \
    X(PvmSysErr, "Can't contact local daemon")                                \
    X(PvmNoBuf, "No current buffer")                                          \
    X(PvmNoSuchBuf, "No such buffer")                                         \
    X(PvmNullGroup, "Null group name")                                        \
    X(PvmDupGroup, "Already in group")                                        \
    X(PvmNoGroup, "No such group")                                            \
    X(PvmNotInGroup, "Not in group")                                          \
    X(PvmNoInst, "No such instance")                                          \
    X(PvmHostFail, "Host failed")                                             \
    X(PvmNoParent, "No parent task")                                          \
    X(PvmNotImpl, "Not implemented")                                          \
    X(PvmDSysErr, "Pvmd system error")                                        \
    X(PvmBadVersion, "Version mismatch")                                      \
    X(PvmOutOfRes, "Out of resources")                                        \
    X(PvmDupHost, "Duplicate host")                                           \
    X(PvmCantStart, "Can't start pvmd")                                       \
    X(PvmAlready, "Already in progress")                                      \
    X(PvmNoTask, "No such task")                                              \
    X(PvmNotFound, "Not Found")                                               \
    X(PvmExists, "Already Exists")                                            \
    X(PvmHostrNMstr, "Hoster must run on master host")                        \
    X(PvmParentNotSet, "Spawning parent set PvmNoParent")                     \
    X(PvmIPLoopback, "Master Host IP Address is Loopback! (See pvm3/Readme)")

/* What pvm_perror() prints for code ("Bad parameter"), "Unknown Error" for what is none. */
const char *pvmi_error_text(int code);

/* The name of code in pvm3.h ("PvmBadParam"), or "?". */
const char *pvmi_error_name(int code);

/* The PvmX code that suits errno value err: PvmNoMem, PvmOutOfRes, PvmNoFile, PvmDenied, else PvmSysErr. */
int pvmi_error_from_errno(int err);

/*
 * A whole error: what, where, why and what to do. text may be empty, host too (then it is this host).
 * Fixed room, so that telling of an error cannot fail; longer texts are cut at a whole UTF-8 character.
 */
struct pvmi_fault {
    int code;          /* PvmOk or negative */
    char host[64];
    char text[440];
};

/* Fills fault. host NULL is "". */
void pvmi_fault_set(struct pvmi_fault *fault, int code, const char *host, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* No error. */
void pvmi_fault_clear(struct pvmi_fault *fault);

#endif
