/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts for the codes that pvm_spawn(), pvm_addhosts() and pvm_delhosts() write into an array: pvm_errdetail()
 * has one text only. Kept for each thread until its next such call. Without memory there are none.
 */
#ifndef PVMI_LIBPVM_DETAIL_H
#define PVMI_LIBPVM_DETAIL_H

#include <stdbool.h>

#include "wire/control.h"

/* Forgets those of this thread: the next such call has begun. */
void pvmi_detail_clear(void);

/* Takes over the texts of an answer. Its values are in the program's array as they come, or with failures_last
 * the negative ones behind all others. */
void pvmi_detail_take(const struct pvmi_msg_answer *answer, bool failures_last);

/* The text for entry index, with the host where it arose; "" for none. */
const char *pvmi_detail_item(int index);

#endif
