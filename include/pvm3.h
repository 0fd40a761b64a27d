/* SPDX-License-Identifier: BSD-3-Clause */
/* The public API of PVM. */
#ifndef PVM3_H
#define PVM3_H

#include <stddef.h>
#include <stdio.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PVM_VER "3.4.6"
#define PVM_MAJOR_VERSION 3
#define PVM_MINOR_VERSION 4
#define PVM_PATCH_VERSION 6

/* ---- encodings: pvm_initsend(), pvm_mkbuf() ---- */
#define PvmDataDefault 0
#define PvmDataRaw 1
#define PvmDataInPlace 2
#define PvmDataFoo 0
#define PvmDataTrace 4

/* ---- pvm_spawn() ---- */
#define PvmTaskDefault 0
#define PvmTaskHost 1
#define PvmTaskArch 2
#define PvmTaskDebug 4
#define PvmTaskTrace 8
#define PvmMppFront 16
#define PvmHostCompl 32
#define PvmNoSpawnParent 64

/* ---- pvm_notify() ---- */
#define PvmTaskExit 1
#define PvmHostDelete 2
#define PvmHostAdd 3
#define PvmRouteAdd 4
#define PvmRouteDelete 5
#define PvmNotifyCancel 256

/* ---- pvm_setopt(), pvm_getopt() ---- */
#define PvmRoute 1
#define PvmDontRoute 1
#define PvmAllowDirect 2
#define PvmRouteDirect 3
#define PvmDebugMask 2
#define PvmAutoErr 3
#define PvmOutputTid 4
#define PvmOutputCode 5
#define PvmTraceTid 6
#define PvmTraceCode 7
#define PvmTraceBuffer 8
#define PvmTraceOptions 9
#define PvmTraceFull 1
#define PvmTraceTime 2
#define PvmTraceCount 3
#define PvmFragSize 10
#define PvmResvTids 11
#define PvmSelfOutputTid 12
#define PvmSelfOutputCode 13
#define PvmSelfTraceTid 14
#define PvmSelfTraceCode 15
#define PvmSelfTraceBuffer 16
#define PvmSelfTraceOptions 17
#define PvmShowTids 18
#define PvmPollType 19
#define PvmPollConstant 1
#define PvmPollSleep 2
#define PvmPollTime 20
#define PvmOutputContext 21
#define PvmTraceContext 22
#define PvmSelfOutputContext 23
#define PvmSelfTraceContext 24
#define PvmNoReset 25

/* ---- trace masks ---- */
#define PvmTaskSelf 0
#define PvmTaskChild 1

#define PvmBaseContext 0

/* ---- data types: psend, precv, reduce, gather, scatter ---- */
#define PVM_STR 0
#define PVM_BYTE 1
#define PVM_SHORT 2
#define PVM_INT 3
#define PVM_FLOAT 4
#define PVM_CPLX 5
#define PVM_DOUBLE 6
#define PVM_DCPLX 7
#define PVM_LONG 8
#define PVM_USHORT 9
#define PVM_UINT 10
#define PVM_ULONG 11

/* ---- errors ---- */
#define PvmOk 0
#define PvmBadParam (-2)
#define PvmMismatch (-3)
#define PvmOverflow (-4)
#define PvmNoData (-5)
#define PvmNoHost (-6)
#define PvmNoFile (-7)
#define PvmDenied (-8)
#define PvmNoMem (-10)
#define PvmBadMsg (-12)
#define PvmSysErr (-14)
#define PvmNoBuf (-15)
#define PvmNoSuchBuf (-16)
#define PvmNullGroup (-17)
#define PvmDupGroup (-18)
#define PvmNoGroup (-19)
#define PvmNotInGroup (-20)
#define PvmNoInst (-21)
#define PvmHostFail (-22)
#define PvmNoParent (-23)
#define PvmNotImpl (-24)
#define PvmDSysErr (-25)
#define PvmBadVersion (-26)
#define PvmOutOfRes (-27)
#define PvmDupHost (-28)
#define PvmCantStart (-29)
#define PvmAlready (-30)
#define PvmNoTask (-31)
#define PvmNotFound (-32)
#define PvmExists (-33)
#define PvmHostrNMstr (-34)
#define PvmParentNotSet (-35)
#define PvmIPLoopback (-36)
#define PvmNoEntry PvmNotFound
#define PvmDupEntry PvmDenied

struct pvmhostinfo {
    int hi_tid;       /* host part: the tid of its pvmd without the pvmd bit */
    char *hi_name;
    char *hi_arch;
    int hi_speed;
    int hi_dsig;      /* data signature */
};

struct pvmtaskinfo {
    int ti_tid;
    int ti_ptid;
    int ti_host;      /* host part */
    int ti_flag;
    char *ti_a_out;
    int ti_pid;
};

struct pvmminfo {
    int len;
    int ctx;
    int tag;
    int wid;
    int enc;
    int crc;
    int src;
    int dst;
};

int pvm_addhosts(char **hosts, int nhost, int *infos);
int pvm_barrier(const char *group, int count);
int pvm_bcast(const char *group, int msgtag);
int pvm_bufinfo(int bufid, int *bytes, int *msgtag, int *tid);
int pvm_buflength(int bufid, size_t *length);
int pvm_catchout(FILE *ff);
int pvm_config(int *nhost, int *narch, struct pvmhostinfo **hostp);
int pvm_delhosts(char **hosts, int nhost, int *infos);
const char *pvm_errdetail(void);
int pvm_exit(void);
int pvm_export(const char *name);
int pvm_freebuf(int bufid);
int pvm_freezegroup(const char *group, int size);
int pvm_gather(void *result, void *data, int count, int datatype, int msgtag, const char *group, int rootginst);
int pvm_getinst(const char *group, int tid);
int pvm_getminfo(int bufid, struct pvmminfo *info);
int pvm_getopt(int what);
int pvm_getrbuf(void);
int pvm_getsbuf(void);
int pvm_gettid(const char *group, int inum);
int pvm_gsize(const char *group);
int pvm_halt(void);
int pvm_initsend(int encoding);
int pvm_joingroup(const char *group);
int pvm_kill(int tid);
int pvm_lvgroup(const char *group);
int pvm_mcast(int *tids, int ntask, int msgtag);
int pvm_mkbuf(int encoding);
int pvm_mstat(const char *host);
int pvm_mytid(void);
int pvm_notify(int what, int msgtag, int cnt, int *tids);
int pvm_nrecv(int tid, int msgtag);
int pvm_packf(const char *fmt, ...);
int pvm_parent(void);
int pvm_perror(const char *msg);
int pvm_pkbyte(const char *xp, int nitem, int stride);
int pvm_pkcplx(const float *xp, int nitem, int stride);
int pvm_pkdcplx(const double *xp, int nitem, int stride);
int pvm_pkdouble(const double *xp, int nitem, int stride);
int pvm_pkfloat(const float *xp, int nitem, int stride);
int pvm_pkint(const int *xp, int nitem, int stride);
int pvm_pklong(const long *xp, int nitem, int stride);
int pvm_pkshort(const short *xp, int nitem, int stride);
int pvm_pkstr(const char *sp);
int pvm_pkuint(const unsigned int *xp, int nitem, int stride);
int pvm_pkulong(const unsigned long *xp, int nitem, int stride);
int pvm_pkushort(const unsigned short *xp, int nitem, int stride);
int pvm_precv(int tid, int msgtag, void *buf, int len, int datatype, int *atid, int *atag, int *alen);
int pvm_probe(int tid, int msgtag);
int pvm_psend(int tid, int msgtag, const void *buf, int len, int datatype);
int pvm_pstat(int tid);
int pvm_recv(int tid, int msgtag);
int pvm_reduce(void (*func)(int *datatype, void *x, void *y, int *num, int *info), void *data, int count,
               int datatype, int msgtag, const char *group, int rootginst);
int pvm_scatter(void *result, void *data, int count, int datatype, int msgtag, const char *group, int rootginst);
int pvm_send(int tid, int msgtag);
int pvm_sendsig(int tid, int signum);
int pvm_setminfo(int bufid, struct pvmminfo *info);
int pvm_setopt(int what, int val);
int pvm_setrbuf(int bufid);
int pvm_setsbuf(int bufid);
int pvm_siblings(int **tids);
int pvm_spawn(const char *task, char **argv, int flag, const char *where, int ntask, int *tids);
int pvm_start_pvmd(int argc, char **argv, int block);
char *pvm_strerror(void);
int pvm_tasks(int where, int *ntask, struct pvmtaskinfo **taskp);
int pvm_tidtohost(int tid);
int pvm_trecv(int tid, int msgtag, struct timeval *tmout);
int pvm_unexport(const char *name);
int pvm_unpackf(const char *fmt, ...);
int pvm_upkbyte(char *xp, int nitem, int stride);
int pvm_upkcplx(float *xp, int nitem, int stride);
int pvm_upkdcplx(double *xp, int nitem, int stride);
int pvm_upkdouble(double *xp, int nitem, int stride);
int pvm_upkfloat(float *xp, int nitem, int stride);
int pvm_upkint(int *xp, int nitem, int stride);
int pvm_upklong(long *xp, int nitem, int stride);
int pvm_upkshort(short *xp, int nitem, int stride);
int pvm_upkstr(char *sp);
int pvm_upkuint(unsigned int *xp, int nitem, int stride);
int pvm_upkulong(unsigned long *xp, int nitem, int stride);
int pvm_upkushort(unsigned short *xp, int nitem, int stride);
char *pvm_version(void);
void PvmMax(int *datatype, void *x, void *y, int *num, int *info);
void PvmMin(int *datatype, void *x, void *y, int *num, int *info);
void PvmProduct(int *datatype, void *x, void *y, int *num, int *info);
void PvmSum(int *datatype, void *x, void *y, int *num, int *info);

#ifdef __cplusplus
}
#endif

#endif
