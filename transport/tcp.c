/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

/* An address with its port, of either family. */
struct tcp_place {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    };
    socklen_t length;
};

/* From a numeric address, "fe80::1%eth0" included. False when it is none. */
static bool tcp_place_parse(const char *address, uint16_t port, struct tcp_place *ret_place)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *found;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return false;
    memset(ret_place, 0, sizeof(*ret_place));
    memcpy(&ret_place->room, found->ai_addr, found->ai_addrlen);
    ret_place->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static struct tcp_place tcp_place_everywhere(int family, uint16_t port)
{
    struct tcp_place place;

    memset(&place, 0, sizeof(place));
    if (family == AF_INET6) {
        place.v6.sin6_family = AF_INET6;
        place.v6.sin6_port = htons(port);
        place.v6.sin6_addr = in6addr_any;
        place.length = sizeof(place.v6);
    } else {
        place.v4.sin_family = AF_INET;
        place.v4.sin_port = htons(port);
        place.v4.sin_addr.s_addr = htonl(INADDR_ANY);
        place.length = sizeof(place.v4);
    }
    return place;
}

static uint16_t tcp_place_port(const struct tcp_place *place)
{
    return ntohs(place->any.sa_family == AF_INET6 ? place->v6.sin6_port : place->v4.sin_port);
}

/* Returns the listening descriptor, or -1 and errno. */
static int tcp_listen_at(const struct tcp_place *place)
{
    int fd = socket(place->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    int off = 0;
    int saved;

    if (fd < 0)
        return -1;
    /* A port whose connections of before are in TIME_WAIT is free for us. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (place->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, &place->any, place->length) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;

    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* The same for one port, on address or on all of both families. */
static int tcp_listen_port(const char *address, uint16_t port)
{
    struct tcp_place place;
    int fd;

    if (address != NULL) {
        if (!tcp_place_parse(address, port, &place)) {
            errno = EINVAL;
            return -1;
        }
        return tcp_listen_at(&place);
    }

    place = tcp_place_everywhere(AF_INET6, port);
    fd = tcp_listen_at(&place);
    if (fd >= 0 || errno == EADDRINUSE || errno == EACCES)
        return fd;
    place = tcp_place_everywhere(AF_INET, port);    /* a machine without IPv6 */
    return tcp_listen_at(&place);
}

static void tcp_listen_log(const char *address, uint16_t port_first, uint16_t port_last, int err)
{
    const char *where = address != NULL ? address : "all addresses";

    if (port_first == port_last)
        pvmi_log(PVMI_LOG_ERROR, "listen on %s port %u: %s", where, port_first, strerror(err));
    else
        pvmi_log(PVMI_LOG_ERROR, "listen on %s: no free port from %u to %u: %s", where, port_first, port_last,
                 strerror(err));
}

int pvmi_tcp_listen(const char *address, uint16_t port_first, uint16_t port_last, int *ret_fd,
                    uint16_t *ret_port)
{
    struct tcp_place own = { .length = sizeof(own.room) };
    int fd = -1;

    for (uint32_t port = port_first; port <= port_last; port++) {
        fd = tcp_listen_port(address, (uint16_t)port);
        if (fd >= 0 || errno != EADDRINUSE)
            break;
    }
    if (fd < 0) {
        int err = port_first > port_last ? EINVAL : errno;

        tcp_listen_log(address, port_first, port_last, err);
        return err == EACCES || err == EPERM ? PvmDenied : PvmSysErr;
    }
    if (getsockname(fd, &own.any, &own.length) < 0) {
        pvmi_log(PVMI_LOG_ERROR, "own port: %s", strerror(errno));
        close(fd);
        return PvmSysErr;
    }
    *ret_fd = fd;
    *ret_port = tcp_place_port(&own);
    return PvmOk;
}

/* Returns a connecting descriptor, or -1 and errno. */
static int tcp_dial_place(const struct tcp_place *peer, const struct tcp_place *own)
{
    int fd = socket(peer->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int saved;

    if (fd < 0)
        return -1;
    pvmi_tcp_tune(fd);
    if (own != NULL && bind(fd, &own->any, own->length) < 0)
        goto err_close;
    if (connect(fd, &peer->any, peer->length) == 0 || errno == EINPROGRESS)
        return fd;

err_close:
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int pvmi_tcp_dial(const char *address, uint16_t port, const char *bind_address, int *ret_fd)
{
    struct tcp_place peer;
    struct tcp_place own;
    int fd;

    if (!tcp_place_parse(address, port, &peer)
        || (bind_address != NULL && !tcp_place_parse(bind_address, 0, &own))) {
        errno = EINVAL;
        return PvmSysErr;
    }
    /* An own address of the other family says nothing about this way. */
    if (bind_address != NULL && own.any.sa_family != peer.any.sa_family)
        bind_address = NULL;
    fd = tcp_dial_place(&peer, bind_address != NULL ? &own : NULL);
    if (fd < 0)
        return PvmSysErr;
    *ret_fd = fd;
    return PvmOk;
}

/*
 * A socket that dials a port of its own host may be given that very port by the kernel and then meets itself.
 * That happens when nobody listens there, and means the same.
 */
static bool tcp_met_itself(const struct tcp_place *peer, int fd)
{
    struct tcp_place own = { .length = sizeof(own.room) };

    return getsockname(fd, &own.any, &own.length) == 0 && own.length == peer->length
           && memcmp(&own.room, &peer->room, own.length) == 0;
}

int pvmi_tcp_result(int fd)
{
    struct tcp_place peer = { .length = sizeof(peer.room) };
    int err = 0;
    socklen_t length = sizeof(err);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &length) < 0)
        return errno;
    if (err != 0)
        return err;
    if (getpeername(fd, &peer.any, &peer.length) < 0)
        return errno;    /* the error has been asked for before, or nothing is decided yet */
    return tcp_met_itself(&peer, fd) ? ECONNREFUSED : 0;
}

void pvmi_tcp_tune(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        /* NAT boxes forget a silent connection after some minutes. */
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 30 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 10 },
        { IPPROTO_TCP, TCP_KEEPCNT, 3 },
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

/* ---- own addresses ---- */

/* The order in which they are listed; what others cannot use comes not at all. */
enum tcp_reach { TCP_REACH_V4, TCP_REACH_V6, TCP_REACH_LOOPBACK, TCP_REACH_NONE };

static enum tcp_reach tcp_reach_v4(const struct sockaddr_in *addr)
{
    uint32_t number = ntohl(addr->sin_addr.s_addr);

    if (number >> 24 == 127)
        return TCP_REACH_LOOPBACK;
    if (number == INADDR_ANY || number >> 16 == 0xa9fe)    /* 169.254: link-local */
        return TCP_REACH_NONE;
    return TCP_REACH_V4;
}

static enum tcp_reach tcp_reach_v6(const struct sockaddr_in6 *addr)
{
    if (IN6_IS_ADDR_LOOPBACK(&addr->sin6_addr))
        return TCP_REACH_LOOPBACK;
    if (IN6_IS_ADDR_UNSPECIFIED(&addr->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&addr->sin6_addr)
        || IN6_IS_ADDR_MULTICAST(&addr->sin6_addr))
        return TCP_REACH_NONE;
    return TCP_REACH_V6;
}

static enum tcp_reach tcp_reach_of(const struct ifaddrs *interface)
{
    if (interface->ifa_addr == NULL || (interface->ifa_flags & IFF_UP) == 0
        || (interface->ifa_flags & IFF_RUNNING) == 0)
        return TCP_REACH_NONE;
    if (interface->ifa_addr->sa_family == AF_INET)
        return tcp_reach_v4((const struct sockaddr_in *)(const void *)interface->ifa_addr);
    if (interface->ifa_addr->sa_family == AF_INET6)
        return tcp_reach_v6((const struct sockaddr_in6 *)(const void *)interface->ifa_addr);
    return TCP_REACH_NONE;
}

/* "10.0.0.1", "fd00::1"; an IPv4 address that came through an IPv6 socket is shown as what it is. */
static bool tcp_address_text(const struct sockaddr *addr, char *text, socklen_t text_max)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)addr;

    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)addr;

        return inet_ntop(AF_INET, &v4->sin_addr, text, text_max) != NULL;
    }
    if (addr->sa_family != AF_INET6)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, text_max) != NULL;
    return inet_ntop(AF_INET6, &v6->sin6_addr, text, text_max) != NULL;
}

static bool tcp_has_address(char (*addresses)[64], int count, const char *address)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(addresses[i], address) == 0)
            return true;
    }
    return false;
}

static int tcp_collect(const struct ifaddrs *interfaces, enum tcp_reach reach, char (*addresses)[64],
                       int count, int max)
{
    for (const struct ifaddrs *each = interfaces; each != NULL && count < max; each = each->ifa_next) {
        char text[64] = "";

        if (tcp_reach_of(each) != reach || !tcp_address_text(each->ifa_addr, text, sizeof(text))
            || tcp_has_address(addresses, count, text))
            continue;
        memcpy(addresses[count++], text, sizeof(text));
    }
    return count;
}

int pvmi_tcp_own_addresses(char (*addresses)[64], int max)
{
    struct ifaddrs *interfaces;
    int count = 0;

    if (getifaddrs(&interfaces) < 0) {
        pvmi_log(PVMI_LOG_WARN, "own addresses: %s", strerror(errno));
        return 0;
    }
    count = tcp_collect(interfaces, TCP_REACH_V4, addresses, count, max);
    count = tcp_collect(interfaces, TCP_REACH_V6, addresses, count, max);
    if (count == 0)
        count = tcp_collect(interfaces, TCP_REACH_LOOPBACK, addresses, count, max);
    freeifaddrs(interfaces);
    return count;
}

void pvmi_tcp_peer_name(int fd, char *text, size_t text_max)
{
    struct tcp_place peer = { .length = sizeof(peer.room) };
    char address[64];

    if (getpeername(fd, &peer.any, &peer.length) < 0
        || !tcp_address_text(&peer.any, address, sizeof(address)))
        snprintf(text, text_max, "an unknown peer");
    else
        snprintf(text, text_max, "%s port %u", address, tcp_place_port(&peer));
}
