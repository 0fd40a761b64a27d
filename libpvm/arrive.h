/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From frames to messages. A message of several frames is assembled by (source, message number); messages of
 * one source are handed on in the order of their numbers, whatever routes they took: early ones are held
 * back, doubles are dropped. Whole messages go into the line (libpvm/line), or to the part of the library that they
 * are for; control messages go to libpvm/request.
 *
 * Nothing is lost for want of memory: a frame that finds none waits, and all behind it, for a retry.
 */
#ifndef PVMI_LIBPVM_ARRIVE_H
#define PVMI_LIBPVM_ARRIVE_H

#include <stdbool.h>

#include "wire/frame.h"

struct pvmi_msgbuf;
struct pvmi_peer;

#define PVMI_ARRIVE_HELD_MAX 65536    /* messages of one source held back for a missing one */

/* Reserved tag of output for pvm_catchout() in PVMI_CONTEXT_CONTROL, as in PVM 3. */
#define PVMI_TAG_OUTPUT ((int)0x80030005)

extern struct pvmi_list pvmi_arrive_waiting;    /* struct pvmi_frame.link: frames that found no memory */

/* Takes a frame that has come by any route. */
void pvmi_arrive_frame(struct pvmi_frame *frame);

/*
 * Takes a whole message from peer with that number, which has come by another way than frames. It needs no memory when
 * pvmi_arrive_reserve() was called before, and PvmOk then.
 */
void pvmi_arrive_message(struct pvmi_peer *peer, uint32_t number, struct pvmi_msgbuf *buf);
int pvmi_arrive_reserve(const struct pvmi_peer *peer, uint32_t number);

/* A message whose number cannot be used for another one was refused: it is not to be waited for. */
void pvmi_arrive_skip(struct pvmi_peer *peer, uint32_t number);

/* Tries again with frames that found no memory. Returns how many went. */
int pvmi_arrive_retry(void);

/* True while frames wait for memory: a call that would sleep gives PvmNoMem. */
static inline bool pvmi_arrive_stalled(void)
{
    return !pvmi_list_empty(&pvmi_arrive_waiting);
}

/* Forgets all sources, and frees what was not whole. */
void pvmi_arrive_reset(void);

#endif
