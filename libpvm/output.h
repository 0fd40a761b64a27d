/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_catchout(): output of children, written to a file of this task line by line. */
#ifndef PVMI_LIBPVM_OUTPUT_H
#define PVMI_LIBPVM_OUTPUT_H

#include <stdint.h>

struct pvmi_msgbuf;

/* A message of output has come: writes it. */
void pvmi_output_arrived(struct pvmi_msgbuf *buf);

/* A pvm_spawn() is under way, and has given tids: so that pvm_exit() waits also for those whose first output
 * has not come yet, and for none whose last came before the spawn was answered. */
void pvmi_output_spawning(void);
void pvmi_output_spawned(const int32_t *tids, uint32_t count);

/* Waits until all children whose output is caught have ended. */
void pvmi_output_wait(void);

/* This task has left: nothing more will come. */
void pvmi_output_forget(void);

#endif
