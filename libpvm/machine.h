/* SPDX-License-Identifier: BSD-3-Clause */
/* Additions to the API about hosts. */
#ifndef PVMI_LIBPVM_MACHINE_H
#define PVMI_LIBPVM_MACHINE_H

/*
 * As pvm_addhosts(), and calls progress for each host as soon as it is decided: index of its line in hosts,
 * name, its tid or an error code, and user. progress may call any function of the library. A line that stands
 * for several hosts (node[01-10]) is told once for each, with the same index.
 */
int pvm_addhosts_progress(char **hosts, int nhost, int *infos,
                          void (*progress)(int index, const char *name, int info, void *user), void *user);

/* How many hosts of the host file are not yet decided, or a negative code. Enrols. */
int pvmi_machine_pending(void);

#endif
