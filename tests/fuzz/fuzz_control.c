/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes are refused, or give a message whose encoding gives the same message. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "pvm3.h"
#include "wire/control.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct pvmi_control *control, struct pvmi_buffer *buffer)
{
    pvmi_buffer_init(buffer, PVMI_FRAME_CONTROL_MAX);
    if (pvmi_control_encode(control->type, control->msg, buffer) != PvmOk)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pvmi_control first;
    struct pvmi_control second;
    struct pvmi_buffer once;
    struct pvmi_buffer twice;

    if (pvmi_control_decode(data, size, &first) == PvmOk) {
        encode(&first, &once);
        if (pvmi_control_decode(once.data, once.length, &second) != PvmOk || second.type != first.type)
            abort();
        encode(&second, &twice);
        if (twice.length != once.length || memcmp(twice.data, once.data, once.length) != 0)
            abort();
        pvmi_buffer_fini(&once);
        pvmi_buffer_fini(&twice);
        pvmi_control_free(&first);
        pvmi_control_free(&second);
    }
    if (pvmi_alloc_count() != 0)
        abort();
    return 0;
}
