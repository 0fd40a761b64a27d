/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control messages: what daemons, and a task and its daemon, say to each other. All are listed in
 * control.def, with their fields and with who may send them; here they become structs and a codec.
 *
 * On the wire a message is a msgpack array: its number, then its fields in order. A record inside is an
 * array, too. Strings are str, or nil for NULL; bytes are bin. A shorter array than ours leaves the missing
 * fields 0, NULL or empty, a longer one is cut: so fields can be added at the end by a later version.
 */
#ifndef PVMI_WIRE_CONTROL_H
#define PVMI_WIRE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Who may send a message, to a daemon or (PVMI_FROM_PVMD) from a daemon to its task. Flags. */
#define PVMI_FROM_NOBODY 0
#define PVMI_FROM_TASK 1       /* an enrolled task, to its own daemon */
#define PVMI_FROM_STRANGER 2   /* a connection that is not yet a task */
#define PVMI_FROM_PVMD 4       /* a daemon to its task */
#define PVMI_FROM_HOST 8       /* a daemon to a daemon */
#define PVMI_FROM_ORDERER 16   /* only the daemon that orders the machine's state */
#define PVMI_FROM_LOG 32       /* a command inside the ordered log, never by itself on a link */

#define PVMI_CONTROL_DEPTH_MAX 6          /* arrays within arrays */
#define PVMI_CONTROL_STRING_MAX (1u << 20)    /* bytes of one string */
#define PVMI_CONTROL_BYTES_MAX (16u << 20)    /* of one BIN: "relay" carries whole control messages */
#define PVMI_CONTROL_ITEMS_MAX (1u << 18)     /* elements of one array */

struct pvmi_bytes {
    const uint8_t *data;
    uint32_t length;
};

struct pvmi_ints {
    int32_t *v;
    uint32_t n;
};

struct pvmi_strings {
    char **v;
    uint32_t n;
};

/* The structs: struct pvmi_rec_<record>, struct pvmi_msg_<message>. */
#define RECORD(name) struct pvmi_rec_##name {
#define MESSAGE(name, number, senders) struct pvmi_msg_##name {
#define I32(field) int32_t field;
#define U32(field) uint32_t field;
#define I64(field) int64_t field;
#define U64(field) uint64_t field;
#define STR(field) const char *field;
#define BIN(field) struct pvmi_bytes field;
#define INTS(field) struct pvmi_ints field;
#define STRS(field) struct pvmi_strings field;
#define ARRAY(record, field) struct { struct pvmi_rec_##record *v; uint32_t n; } field;
#define ONE(record, field) struct pvmi_rec_##record field;
#define END(name) };
#include "wire/control.def"

/* The numbers: PVMI_MSG_<message>. */
enum pvmi_control_type {
    PVMI_MSG_none = 0,
#define MESSAGE(name, number, senders) PVMI_MSG_##name = (number),
#include "wire/control.def"
    PVMI_MSG_MAX = 127
};

/* What a "tickle" asks for; the numbers are PVM 3's. */
enum pvmi_tickle {
    PVMI_TICKLE_HEAP = 0,
    PVMI_TICKLE_HOSTS = 1,
    PVMI_TICKLE_TASKS = 2,
    PVMI_TICKLE_WAITS = 3,
    PVMI_TICKLE_MAILBOX = 4,
    PVMI_TICKLE_GET_DEBUG = 5,
    PVMI_TICKLE_SET_DEBUG = 6,
    PVMI_TICKLE_FAIL = 8,
    PVMI_TICKLE_STATISTICS = 9,
};

/* The op of "group". What is asked by number, and the value of the answer, in brackets. */
enum pvmi_group_op {
    PVMI_GROUP_JOIN = 1,       /* [-; instance] */
    PVMI_GROUP_LEAVE = 2,      /* [-; -] */
    PVMI_GROUP_SIZE = 3,       /* [-; members] */
    PVMI_GROUP_INSTANCE = 4,   /* [tid; instance] */
    PVMI_GROUP_TID = 5,        /* [instance; tid] */
    PVMI_GROUP_MEMBERS = 6,    /* [-; frozen size or 0], and values */
    PVMI_GROUP_BARRIER = 7,    /* [count, -1 the present size; -] answered when count have asked */
    PVMI_GROUP_FREEZE = 8,     /* [size, -1 the present size; size] answered when size have asked; and values */
    PVMI_GROUP_ARRIVED = 9     /* [count, -1 the present size; -] by its daemon: it waits in a barrier of a team */
};

/* What an orderer and a host say of a lease. */
enum {
    PVMI_LEASE_GRANT = 1,      /* make a team; answered by GRANTED or REFUSED */
    PVMI_LEASE_REVOKE = 2,     /* seal it; answered by RETURNED, behind a PVMI_GROUP_ARRIVED for each who waits */
    PVMI_LEASE_RELEASE = 3,    /* all members have arrived in round */
    PVMI_LEASE_GRANTED = 4,
    PVMI_LEASE_REFUSED = 5,    /* nothing is lent: there is no memory that all of the host's members share */
    PVMI_LEASE_RETURNED = 6,
    PVMI_LEASE_ARRIVED = 7
};

/* The op of "mailbox". */
enum pvmi_mailbox_op {
    PVMI_MAILBOX_PUT = 1,        /* as pvm_putinfo: at index, by flags; answer: the index */
    PVMI_MAILBOX_INSERT = 2,     /* as pvm_insert: at index, which must be free; -1 the lowest free one */
    PVMI_MAILBOX_GET = 3,        /* as pvm_recvinfo: answered by mailbox_found */
    PVMI_MAILBOX_DELETE = 4,     /* as pvm_delinfo; answer: the index */
    PVMI_MAILBOX_LIST = 5,       /* classes by the pattern name; answered by mailbox_found */
    PVMI_MAILBOX_PIECE_OF = 6,   /* a piece of the body of a PUT or INSERT that follows; no answer */
    PVMI_MAILBOX_RESET = 7       /* deletes persistent entries without an owner, or of tids; answer: how many */
};

#define PVMI_MAILBOX_PIECE 61440                /* bytes of a body in one message: a frame of bulk holds it */
#define PVMI_MAILBOX_ENTRY_MAX (64u << 20)      /* bytes of one entry's body */

/* A decoded message. Everything that it points to lives in memory, freed with it. */
struct pvmi_control {
    int type;        /* PVMI_MSG_* */
    void *msg;       /* the struct of that type */
    void *memory;    /* chunks */
};

/*
 * Appends the encoding of msg, the struct that belongs to type, to out.
 *
 * Returns PvmOk, PvmNoMem, PvmOverflow (a string, an array or out too long); out is as before on failure.
 */
int pvmi_control_encode(int type, const void *msg, struct pvmi_buffer *out);

/* The same into a new blob, as frames want it. */
struct pvmi_blob;
int pvmi_control_encode_blob(int type, const void *msg, struct pvmi_blob **ret_blob);

/*
 * Decodes one message, which must fill the bytes. The lengths are checked against the bytes that are
 * there before anything is allocated.
 *
 * Returns PvmOk, PvmBadMsg, PvmNoMem; ret_control is set on success and is to be freed.
 */
int pvmi_control_decode(const void *bytes, size_t length, struct pvmi_control *ret_control);

/* Frees what decode allocated; a zeroed one is fine. */
void pvmi_control_free(struct pvmi_control *control);

/* The flags of control.def, PVMI_FROM_NOBODY for a type that is none; and its name, for logs. */
int pvmi_control_senders(int type);
const char *pvmi_control_name(int type);

/* The size of the struct of type; 0 for none. */
size_t pvmi_control_size(int type);

#endif
