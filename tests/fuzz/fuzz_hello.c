/* SPDX-License-Identifier: BSD-3-Clause */
/* Any 128 bytes are refused, or are the one way to write the hello that they are read as. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pvm3.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[PVMI_HELLO_SIZE] = { 0 };
    uint8_t again[PVMI_HELLO_SIZE];
    struct pvmi_hello hello;
    int rc;

    if (size > 0)
        memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    rc = pvmi_hello_decode(bytes, &hello);
    if (rc == PvmBadMsg)
        return 0;
    pvmi_hello_encode(&hello, again);
    if ((rc != PvmOk && rc != PvmBadVersion) || memcmp(again, bytes, sizeof(bytes)) != 0)
        abort();
    return 0;
}
