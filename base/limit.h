/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits of this user, process and computer that a call ran into: which, how high, and how it is raised. */
#ifndef PVMI_BASE_LIMIT_H
#define PVMI_BASE_LIMIT_H

/*
 * What errno value err says about a limit, as an end to a sentence: " (no more than 1024 files may be opened: ulimit
 * -n)", or "". The text stays until the next call; one thread at a time may ask.
 */
const char *pvmi_limit_text(int err);

/* For tests: the folder in the place of /sys/fs/cgroup; NULL: that one again. */
void pvmi_limit_cgroups(const char *folder);

#endif
