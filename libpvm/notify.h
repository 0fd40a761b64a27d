/* SPDX-License-Identifier: BSD-3-Clause */
/* Notices of this task's own end, which the daemon could not deliver any more. */
#ifndef PVMI_LIBPVM_NOTIFY_H
#define PVMI_LIBPVM_NOTIFY_H

/* This task is about to leave: message handlers get the notices of that, and all else that has come. */
void pvmi_notify_leave(void);

/* The enrolment has ended: notices of it were asked for in vain. */
void pvmi_notify_forget(void);

#endif
