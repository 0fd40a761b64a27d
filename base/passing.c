/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/passing.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

union passing_room {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * PVMI_PASSING_MAX)];
};

ssize_t pvmi_passing_send(int socket, const void *bytes, size_t length, int flags, const int *fds, int count)
{
    union passing_room room;
    struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    assert(count >= 0 && count <= PVMI_PASSING_MAX);
    if (count > 0) {
        memset(&room, 0, sizeof(room));
        room.header.cmsg_level = SOL_SOCKET;
        room.header.cmsg_type = SCM_RIGHTS;
        room.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
        memcpy(CMSG_DATA(&room.header), fds, sizeof(int) * (size_t)count);
        message.msg_control = room.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    }
    return sendmsg(socket, &message, flags);
}

/* The kernel gives as many as it finds numbers for, and says when it has cut the list. */
static int take_fds(struct msghdr *message, int fds[PVMI_PASSING_MAX])
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    size_t count = 0;

    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    }
    if ((message->msg_flags & MSG_CTRUNC) != 0)
        while (count < PVMI_PASSING_MAX)
            fds[count++] = -1;
    return (int)count;
}

ssize_t pvmi_passing_recv(int socket, void *bytes, size_t length, int flags, int ret_fds[PVMI_PASSING_MAX],
                          int *ret_count)
{
    union passing_room room;
    struct iovec part = { .iov_base = bytes, .iov_len = length };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = room.bytes,
                              .msg_controllen = sizeof(room.bytes) };
    ssize_t got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);

    *ret_count = got > 0 ? take_fds(&message, ret_fds) : 0;
    return got;
}
