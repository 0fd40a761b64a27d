/* SPDX-License-Identifier: BSD-3-Clause */
/* Links by way of the first host. */
#ifndef PVMD_CORE_RELAY_H
#define PVMD_CORE_RELAY_H

#include "pvmd/core/core.h"

struct channel;
struct link;
struct peer;

#define RELAY_WINDOW (4u * 1024 * 1024)    /* bytes sent that way and not acknowledged: the first host keeps them */
#define RELAY_ROOM 256                     /* what a relay puts around a control message, and more */

/* Makes a relayed link when it is time for one. False: there is none. */
bool relay_open(struct core *core, struct channel *channel);
/* Its link is a relayed one: dials directly when it is time. */
void relay_redial(struct core *core, struct channel *channel);
void relay_send(struct core *core, struct link *link, struct pvmi_frame *frame);    /* takes frame */
void relay_close(struct core *core, const struct link *link);
void relay_break(struct core *core, struct link *link);    /* closes it, and tells the other end. Frees link */
void relay_on_message(struct core *core, struct peer *from, const struct pvmi_msg_relay *msg);

#endif
