/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of pvm_setopt() that other files ask for. PvmAutoErr is with libpvm/call, those that children
 * inherit are in struct pvmi_task. */
#ifndef PVMI_LIBPVM_OPTION_H
#define PVMI_LIBPVM_OPTION_H

#include <stdbool.h>

struct pvmi_options {
    int route;          /* PvmDontRoute, PvmAllowDirect, PvmRouteDirect */
    int frag_size;      /* kept for programs that ask; frames have their own size */
    int reserved;       /* PvmResvTids: reserved tags and destinations are allowed */
    int show_tids;
    int no_reset;
};

extern struct pvmi_options pvmi_options;

/* Option PvmDebugMask. Exported under PVM 3's name, which programs set (its example ptest). */
extern int pvmdebmask;

/* An option has told the daemon something of "self": says it anew. PvmOk, PvmNoMem, PvmSysErr. */
int pvmi_option_tell(void);

#endif
