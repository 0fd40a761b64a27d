/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP sockets between hosts: options, listening and dialling, in one place. */
#ifndef PVMI_TRANSPORT_TCP_H
#define PVMI_TRANSPORT_TCP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Listens on address (numeric, NULL for all, both families) at the first free port of port_first to
 * port_last (0 and 0: the kernel chooses). Returns PvmOk with a non-blocking descriptor and the port;
 * PvmSysErr, PvmDenied; the log says which port and why.
 */
int pvmi_tcp_listen(const char *address, uint16_t port_first, uint16_t port_last, int *ret_fd,
                    uint16_t *ret_port);

/* Starts to connect to a numeric address from bind_address (NULL any). Returns PvmOk with a non-blocking
 * descriptor that becomes writable when it is decided (ask pvmi_tcp_result()), else PvmSysErr and errno.
 * bind_address is left aside when it is of the other family. */
int pvmi_tcp_dial(const char *address, uint16_t port, const char *bind_address, int *ret_fd);

/* 0 when the connection stands, else its errno (ECONNREFUSED, ...; ENOTCONN while nothing is decided). */
int pvmi_tcp_result(int fd);

/* No delay, keep-alive. (Against SIGPIPE, pipes write with MSG_NOSIGNAL.) */
void pvmi_tcp_tune(int fd);

/* This host's own numeric addresses that others may reach, loopback only if there is nothing else.
 * Fills at most max strings of 64 bytes; returns how many. */
int pvmi_tcp_own_addresses(char (*addresses)[64], int max);

/* "ADDRESS port N" of the other side of fd, for logs. */
void pvmi_tcp_peer_name(int fd, char *text, size_t text_max);

#endif
