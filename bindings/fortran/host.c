/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts and notices. */
#include <string.h>
#include <sys/time.h>

#include <pvm3.h>

#include "bindings/fortran/fstring.h"

/* One host a call, in a cycle, which nhost -1 begins anew. info is 1 (as in PVM 3). */
void pvmfconfig_(int *nhost, int *narch, int *dtid, char *name, char *arch, int *speed, int *info, size_t name_length,
                 size_t arch_length)
{
    static int next;
    static int count;
    static int formats;
    static struct pvmhostinfo *hosts;

    if (next >= count || *nhost == -1) {
        next = count = 0;
        *info = pvm_config(&count, &formats, &hosts);
        if (*info < 0 || count == 0)
            return;
    }
    *nhost = count;
    *narch = formats;
    *info = 1;
    *dtid = hosts[next].hi_tid;
    *speed = hosts[next].hi_speed;
    pvmi_fstring_fill(name, name_length, hosts[next].hi_name);
    pvmi_fstring_fill(arch, arch_length, hosts[next].hi_arch);
    next++;
}

/* info gets the host's tid, or why there is none. */
void pvmfaddhost_(const char *host, int *info, size_t host_length)
{
    struct pvmi_fstring line;
    int rc;

    pvmi_fstring_take(&line, host, host_length);
    rc = pvm_addhosts(&line.copy, 1, info);
    if (rc < 0)
        *info = rc;
    pvmi_fstring_drop(&line);
}

void pvmfdelhost_(const char *host, int *info, size_t host_length)
{
    struct pvmi_fstring name;
    int rc;

    pvmi_fstring_take(&name, host, host_length);
    rc = pvm_delhosts(&name.copy, 1, info);
    if (rc < 0)
        *info = rc;
    pvmi_fstring_drop(&name);
}

void pvmfmstat_(const char *host, int *mstat, size_t host_length)
{
    struct pvmi_fstring name;

    *mstat = pvm_mstat(pvmi_fstring_take(&name, host, host_length));
    pvmi_fstring_drop(&name);
}

void pvmfhostsync_(const int *host, int *clksec, int *clkusec, int *deltasec, int *deltausec, int *info)
{
    struct timeval clk = { 0, 0 };
    struct timeval delta = { 0, 0 };

    *info = pvm_hostsync(*host, &clk, &delta);
    *clksec = (int)clk.tv_sec;
    *clkusec = (int)clk.tv_usec;
    *deltasec = (int)delta.tv_sec;
    *deltausec = (int)delta.tv_usec;
}

void pvmfarchcode_(const char *arch, int *cod, size_t arch_length)
{
    struct pvmi_fstring name;

    *cod = pvm_archcode(pvmi_fstring_take(&name, arch, arch_length));
    pvmi_fstring_drop(&name);
}

void pvmftidtohost_(const int *tid, int *dtid)
{
    *dtid = pvm_tidtohost(*tid);
}

/* args are words with blanks between them, or nothing but blanks. */
void pvmfstartpvmd_(const char *args, const int *block, int *info, size_t args_length)
{
    struct pvmi_fstring line;
    char *words[32];
    char *rest = NULL;
    char *word = pvmi_fstring_take(&line, args, args_length);
    int count = 0;

    for (word = word == NULL ? NULL : strtok_r(word, " ", &rest); word != NULL && count < 32;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    *info = word != NULL ? PvmBadParam : pvm_start_pvmd(count, words, *block);
    pvmi_fstring_drop(&line);
}

void pvmfhalt_(int *info)
{
    *info = pvm_halt();
}

void pvmfnotify_(const int *what, const int *msgtag, const int *cnt, int *tids, int *info)
{
    *info = pvm_notify(*what, *msgtag, *cnt, tids);
}
