/* SPDX-License-Identifier: BSD-3-Clause */
/* What a traced task and its daemon both tell of: the identifiers of values. The layout of the messages stands in
 * include/pvmtev.h. */
#ifndef PVMI_WIRE_TRACE_H
#define PVMI_WIRE_TRACE_H

#include "pvmtev.h"

extern struct Pvmtevdid pvmtevdidlist[TEV_DID_MAX + 1];

#endif
