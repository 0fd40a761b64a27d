/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control messages to the local daemon, and the wait for its answers. Whatever else arrives meanwhile is
 * queued as usual. Several threads may have a request open at the same time.
 */
#ifndef PVMI_LIBPVM_REQUEST_H
#define PVMI_LIBPVM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/control.h"

/* Told of what comes before a request's answer ("host_progress", pieces of "mailbox_found"), outside of all
 * transports; it may call the library. */
typedef void pvmi_request_progress_fn(void *user, const struct pvmi_control *report);

/* Sends a control message that is not answered, and waits until it has left. PvmOk, PvmNoMem, PvmSysErr. */
int pvmi_request_tell(int type, const void *msg);

/*
 * Sends msg, the struct of type whose first field is its id (set here), and waits for the answer, for at
 * most until deadline_us of pvmi_clock_us(). The task must be enrolled, or (type enroll) be connected.
 *
 * Returns PvmOk: ret_answer is to be freed; what the answer says is another matter. PvmNoMem, PvmOverflow
 * (too long a message), PvmSysErr (the daemon has gone), PVMI_AGAIN (no answer in time). But for PvmOk the
 * fault is noted.
 */
int pvmi_request_call(int type, void *msg, uint64_t deadline_us, struct pvmi_control *ret_answer);

/* The same for a request that is answered by "answer", without a deadline, and with reports under way
 * (progress may be NULL). A negative code in the answer is returned, with its fault noted. */
int pvmi_request_ask(int type, void *msg, pvmi_request_progress_fn *progress, void *user,
                     struct pvmi_control *ret_answer);

/* The same for a request that is answered by "mailbox_found", or by "answer" when it has failed. */
int pvmi_request_find(struct pvmi_msg_mailbox *msg, pvmi_request_progress_fn *progress, void *user,
                      struct pvmi_control *ret_answer);

/* A PUT or INSERT whose body goes in pieces: begin() gives msg its id, piece() sends what msg is now, without an
 * answer, and finish() is pvmi_request_value() of what msg is then. piece() returns PvmOk, PvmNoMem, PvmSysErr. */
void pvmi_request_begin(struct pvmi_msg_mailbox *msg);
int pvmi_request_piece(const struct pvmi_msg_mailbox *msg);
int pvmi_request_finish(struct pvmi_msg_mailbox *msg);

/* pvmi_request_ask() when only the code and the value count: a negative code, or the value. */
int pvmi_request_value(int type, void *msg);

/* The code of an error that a daemon has sent; a negative one is noted as the call's fault. */
int pvmi_request_fault(const struct pvmi_rec_error *error);

/* Asks the daemon to wake a task of this host that waits for its socket alone. Never waits: without memory, or with a
 * full socket, the task wakes a little later. */
void pvmi_request_poke(int32_t tid);

/* ---- asked by the daemon in our name, when it wants to ---- */

struct pvmi_request;

/* Such a request may be answered from now on, by an "answer" with *ret_id. Returns PvmOk or PvmNoMem. */
int pvmi_request_expect(struct pvmi_request **ret_request, uint32_t *ret_id);
bool pvmi_request_over(const struct pvmi_request *request);     /* its answer has come, or none can come */
int pvmi_request_result(const struct pvmi_request *request);    /* then: PvmOk, or the code, with its fault noted */
void pvmi_request_forget(struct pvmi_request *request);

/* A control message has come. Returns PvmOk, PvmNoMem (try again), PvmBadMsg. */
int pvmi_request_arrived(const uint8_t *bytes, size_t length);

/* The connection has gone: open requests end with PvmSysErr. */
void pvmi_request_abandon_all(void);

#endif
