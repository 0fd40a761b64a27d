/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of a host file: a host and how to start its daemon. Both dialects in one grammar:
 *
 *   [& or $] NAME [OPTION=VALUE ...]      PVM 3: lo so ep dx wd ip sp bx id; '*' as NAME sets defaults
 *   [USER@]NAME[:SLOTS] [slots=N] ...     MPI habits; NAME may hold node[01-10,20]
 *   via=ssh | via=local                   how to start it; local: another daemon on this computer
 *   port=N or port=N-M                    TCP port of its daemon
 *
 * # begins a comment after blanks. Words are split at blanks; '...', "..." and \ quote, as in the console,
 * but quotes inside VALUE of a PVM 3 option are taken literally, as in PVM 3.
 */
#ifndef PVMD_CORE_HOSTSPEC_H
#define PVMD_CORE_HOSTSPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/list.h"

#define HOSTSPEC_LINE_MAX 4096    /* bytes of a line */
#define HOSTSPEC_NAMES_MAX 4095   /* hosts that one line may stand for */

struct hostspec {
    struct pvmi_list link;
    char *name;        /* "*" for defaults */
    char *login;       /* lo=, USER@ */
    char *so;
    char *ep;
    char *dx;
    char *wd;
    char *ip;
    char *bx;
    char *id;
    char *ports;       /* "N" or "N-M" */
    char *via;         /* "ssh", "local", or NULL: ssh */
    int speed;         /* sp=, 1000 */
    int slots;         /* 0 not given */
    bool speed_given;
    bool deferred;     /* '&': only described */
    bool overload;     /* '$': a second daemon on the same address is wanted */
};

/*
 * Parses one line into a list of specs (several for node[01-10]; none for a blank line or a comment).
 *
 * Returns PvmOk; PvmBadParam with what is wrong and the column (in characters, from 1) where the word that it is
 * wrong in begins; PvmNoMem. Specs are appended only on success.
 */
int hostspec_parse(const char *line, struct pvmi_list *specs, int *ret_column, struct pvmi_fault *fault);

/* The column of at, which points into line: counted in characters, from 1. */
int hostspec_column(const char *line, const char *at);

/* NULL when name can be a host's, else what is wrong: a format for one string, the name. */
const char *hostspec_name_fault(const char *name);

/* Fills what spec does not say from other (a '*' line, a line of the same name). PvmOk or PvmNoMem. */
int hostspec_inherit(struct hostspec *spec, const struct hostspec *other);

struct hostspec *hostspec_copy(const struct hostspec *spec);

/* Unlinks and frees; NULL is fine. */
void hostspec_free(struct hostspec *spec);

#endif
