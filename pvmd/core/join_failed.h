/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts of the host file that could not be added: who started the machine asks for them. */
#ifndef PVMD_CORE_JOIN_FAILED_H
#define PVMD_CORE_JOIN_FAILED_H

#include "pvmd/core/core.h"

struct failed_host {
    struct pvmi_list link;    /* in core.failed_hosts */
    char *name;
    struct pvmi_fault fault;
};

void failed_host_note(struct core *core, const char *name, const struct pvmi_fault *fault);
/* It is a member now. */
void failed_host_forget(struct core *core, const char *name);
/* Fills in those of the host file that failed; the arrays are to be freed. PvmOk or PvmNoMem. */
int failed_hosts_tell(struct core *core, struct pvmi_msg_hosts *answer);
void failed_hosts_free(struct core *core);

#endif
