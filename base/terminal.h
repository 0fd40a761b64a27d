/* SPDX-License-Identifier: BSD-3-Clause */
/* Away from the terminal, for what goes on when that has gone. */
#ifndef PVMI_BASE_TERMINAL_H
#define PVMI_BASE_TERMINAL_H

/*
 * The calling process, the child of a fork, becomes a process group of its own without a terminal: no signal of that
 * reaches it or its children, and they cannot read there.
 *
 * It stays in its session. Linux shares the processors out by session (autogroup), and who gives up its processor while it
 * waits gives it to its own session alone. So what tasks start from the terminal where the daemon was started, too, makes
 * way for them, and they for that. With a session of their own a master and 16 workers on two processors were 8 times
 * as slow.
 *
 * Safe between fork and exec.
 */
void pvmi_terminal_leave(void);

#endif
