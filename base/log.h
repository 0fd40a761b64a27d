/* SPDX-License-Identifier: BSD-3-Clause */
/* One line for each failure. Libraries return errors, programs log them: libpvm logs only what it
 * cannot return, and only when PVM_LOG asks for it. */
#ifndef PVMI_BASE_LOG_H
#define PVMI_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pvmi_log_level { PVMI_LOG_ERROR, PVMI_LOG_WARN, PVMI_LOG_INFO, PVMI_LOG_DEBUG };

/* Writes "[tID] MM/DD HH:MM:SS text" to the sink, if level is wanted. Newlines inside become spaces. */
void pvmi_log(enum pvmi_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when level would be written: to save the making of costly arguments. */
bool pvmi_log_wants(enum pvmi_log_level level);

/*
 * Sends lines to descriptor fd (-1: nowhere, the default), with tid in front, up to level. After
 * size_max bytes (0: no limit) one line says so and the rest is dropped. A full disk only loses lines.
 */
void pvmi_log_open(int fd, int tid, enum pvmi_log_level level, size_t size_max);

/* Up to this level from now on. */
void pvmi_log_set_level(enum pvmi_log_level level);

/* The same line at most 10 times a minute for each key (an address, a host number): true means log it. */
bool pvmi_log_allow(uint64_t key, uint64_t now_ms);

#endif
