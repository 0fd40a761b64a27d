/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/hello.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "pvm3.h"
#include "wire/reader.h"

static const char hello_magic[8] = { 'P', 'V', 'M', '4', 'h', 'e', 'l', '\n' };

void pvmi_hello_encode(const struct pvmi_hello *hello, uint8_t bytes[PVMI_HELLO_SIZE])
{
    uint8_t *at = bytes;

    pvmi_put_bytes(&at, hello_magic, sizeof(hello_magic));
    pvmi_put_u16(&at, hello->version_min);
    pvmi_put_u16(&at, hello->version_max);
    pvmi_put_u16(&at, hello->purpose);
    pvmi_put_u16(&at, hello->channel);
    pvmi_put_bytes(&at, hello->machine, sizeof(hello->machine));
    pvmi_put_u64(&at, hello->sender);
    pvmi_put_u64(&at, hello->receiver);
    pvmi_put_u64(&at, hello->ticket);
    pvmi_put_u32(&at, hello->host);
    pvmi_put_u32(&at, 0);
    pvmi_put_bytes(&at, hello->nonce, sizeof(hello->nonce));
    assert(at == bytes + PVMI_HELLO_SIGNED);
    pvmi_put_bytes(&at, hello->mac, sizeof(hello->mac));
    assert(at == bytes + PVMI_HELLO_SIZE);
}

static bool hello_purpose_known(uint16_t purpose)
{
    return purpose == PVMI_HELLO_DAEMON || purpose == PVMI_HELLO_JOIN || purpose == PVMI_HELLO_TASK;
}

int pvmi_hello_decode(const uint8_t bytes[PVMI_HELLO_SIZE], struct pvmi_hello *ret_hello)
{
    struct pvmi_reader reader;
    struct pvmi_hello hello;
    uint32_t filler;

    pvmi_reader_init(&reader, bytes, PVMI_HELLO_SIZE);
    if (memcmp(pvmi_get_bytes(&reader, sizeof(hello_magic)), hello_magic, sizeof(hello_magic)) != 0)
        return PvmBadMsg;
    hello.version_min = pvmi_get_u16(&reader);
    hello.version_max = pvmi_get_u16(&reader);
    hello.purpose = pvmi_get_u16(&reader);
    hello.channel = pvmi_get_u16(&reader);
    memcpy(hello.machine, pvmi_get_bytes(&reader, sizeof(hello.machine)), sizeof(hello.machine));
    hello.sender = pvmi_get_u64(&reader);
    hello.receiver = pvmi_get_u64(&reader);
    hello.ticket = pvmi_get_u64(&reader);
    hello.host = pvmi_get_u32(&reader);
    filler = pvmi_get_u32(&reader);
    memcpy(hello.nonce, pvmi_get_bytes(&reader, sizeof(hello.nonce)), sizeof(hello.nonce));
    memcpy(hello.mac, pvmi_get_bytes(&reader, sizeof(hello.mac)), sizeof(hello.mac));
    assert(!reader.failed);

    /* Later versions may know more purposes and channels, so the versions are compared first. */
    if (filler != 0 || hello.version_min > hello.version_max)
        return PvmBadMsg;
    if (hello.version_max < PVMI_VERSION_MIN || hello.version_min > PVMI_VERSION) {
        *ret_hello = hello;
        return PvmBadVersion;
    }
    if (!hello_purpose_known(hello.purpose) || hello.channel >= PVMI_CHANNEL_COUNT)
        return PvmBadMsg;
    *ret_hello = hello;
    return PvmOk;
}
