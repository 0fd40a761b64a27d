/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PVM: the public interface, and its manual.
 *
 * A virtual machine is a set of hosts that work together, each with its daemon, pvmd. A program that calls a
 * function of this header becomes a task, with a number (tid) by which all others know it. Tasks start other
 * tasks, send each other messages, form groups, and ask to be told when a task or a host ends.
 *
 *      #include <pvm3.h>                          cc prog.c $(pkg-config --cflags --libs pvm3)
 *
 *      int sum = 0, part, tids[8];
 *      int n = pvm_spawn("worker", NULL, PvmTaskDefault, NULL, 8, tids);     start eight workers
 *      for (int i = 0; i < n; i++) {
 *          pvm_recv(-1, 1);                                                  a message of tag 1 from anybody
 *          pvm_upkint(&part, 1, 1);
 *          sum += part;
 *      }
 *      pvm_exit();
 *
 * This is the interface of PVM 3.4.6: programs written or compiled for it work. "As pvm_x(3PVM)" names the
 * manual page of PVM 3 that holds for a function; "PVM 4" marks what is added or better here.
 *
 * Chapters: 1 common rules, 2 constants and structures, 3 this task, 4 other tasks, 5 hosts, 6 message
 * buffers, 7 packing, 8 unpacking, 9 sending, 10 receiving, 11 notices, 12 groups, 13 options, 14 output of
 * children, 15 errors, 16 places, 17 the mailbox, 18 contexts, 19 plug-ins.
 */
#ifndef PVM3_H
#define PVM3_H

#include <stddef.h>
#include <stdio.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * ==== 1. Common rules ====
 *
 * Results. Functions return PvmOk (0) or something positive: an id, a count, a tid. Errors are negative, from
 * the list in chapter 2. What a function documents are its own errors; besides, any that needs the daemon can
 * give PvmSysErr (no pvmd can be reached, or it has gone), PvmNoMem, and PvmDSysErr (a daemon could not do
 * it).
 *
 * Error lines. A failing function also prints "libpvm [t40001]: pvm_send(): Bad parameter" on stderr, and
 * (PVM 4) a second line that says what was wrong, where the library knows it: see option PvmAutoErr, and
 * pvm_errdetail(). "Not reported" marks errors that never print.
 *
 * Enrolment. The first call that needs the daemon makes the process a task. Not needed for it: buffers,
 * packing, unpacking, pvm_getopt(), most of pvm_setopt(), pvm_export(), pvm_tidtohost(), pvm_version() and
 * chapter 15. A program that pvmd did not start finds the daemon by itself: $PVMSOCK, else that of the
 * virtual machine $PVM_VMID (or the default one) on this host.
 *
 * Memory. Arrays that a function hands out (pvm_config(), pvm_tasks(), pvm_siblings()) belong to the library
 * and stay until the next call of that function. What is given to a function is only used during the call,
 * but for PvmDataInPlace.
 *
 * Threads (PVM 4). All functions may be called by any thread; the library lets one in at a time, and others
 * while it waits. Each thread has its own active buffers; a thread that never made one active uses those of
 * the thread that enrolled. Functions are not safe in signal handlers. A child made by fork() is no task, and
 * becomes one of its own when it calls PVM.
 *
 * Order. Messages of one task to another arrive in the order in which they were sent, whole, once, whatever
 * their size, encoding or route. Nothing is promised between different senders.
 */

/* ==== 2. Constants and structures ==== */

#define PVM_VER "3.4.6"    /* the PVM 3 whose interface this is */
#define PVM_MAJOR_VERSION 3
#define PVM_MINOR_VERSION 4
#define PVM_PATCH_VERSION 6

/* Encodings, for pvm_initsend() and pvm_mkbuf(). */
#define PvmDataDefault 0    /* typed, for any machine: converted by the receiver where that is needed */
#define PvmDataRaw 1        /* bytes of memory as they are: for machines of one kind */
#define PvmDataInPlace 2    /* the same, but only pointers are kept until the send: see chapter 7 */
#define PvmDataFoo 0        /* old name of PvmDataDefault */
#define PvmDataTrace 4      /* typed, for trace records */

/* Flags of pvm_spawn(), to be ORed. */
#define PvmTaskDefault 0       /* PVM chooses the hosts */
#define PvmTaskHost 1          /* where names a host, "." this one */
#define PvmTaskArch 2          /* where names an architecture, such as "LINUX64" */
#define PvmTaskDebug 4         /* run under the debugger script */
#define PvmTaskTrace 8         /* accepted, without effect */
#define PvmMppFront 16         /* accepted, without effect */
#define PvmHostCompl 32        /* on the hosts that were not selected */
#define PvmNoSpawnParent 64    /* the tasks have no parent: pvm_parent() gives them PvmParentNotSet */

/* Kinds of pvm_notify(). */
#define PvmTaskExit 1
#define PvmHostDelete 2
#define PvmHostAdd 3
#define PvmRouteAdd 4
#define PvmRouteDelete 5
#define PvmNotifyCancel 256    /* ORed to a kind: forget the request */

/* Options, for pvm_setopt() and pvm_getopt(); what they do stands there. */
#define PvmRoute 1
#define PvmDebugMask 2
#define PvmAutoErr 3
#define PvmOutputTid 4
#define PvmOutputCode 5
#define PvmTraceTid 6
#define PvmTraceCode 7
#define PvmTraceBuffer 8
#define PvmTraceOptions 9
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
#define PvmPollTime 20
#define PvmOutputContext 21
#define PvmTraceContext 22
#define PvmSelfOutputContext 23
#define PvmSelfTraceContext 24
#define PvmNoReset 25

/* Values of options: PvmRoute, PvmTraceOptions, PvmPollType. */
#define PvmDontRoute 1
#define PvmAllowDirect 2
#define PvmRouteDirect 3
#define PvmTraceFull 1
#define PvmTraceTime 2
#define PvmTraceCount 3
#define PvmPollConstant 1
#define PvmPollSleep 2

/* Whose trace mask. */
#define PvmTaskSelf 0
#define PvmTaskChild 1

#define PvmBaseContext 0    /* the context that tasks begin in */

/* Flags of the mailbox, to be ORed. Chapter 17. */
#define PvmMboxDefault 0          /* put: this index; receive: exactly this index */
#define PvmMboxPersistent 1       /* put: stays when its owner ends */
#define PvmMboxMultiInstance 2    /* put: at the lowest free index */
#define PvmMboxOverWritable 4     /* put: anybody may replace and delete it */
#define PvmMboxFirstAvail 8       /* receive: the lowest index from there on */
#define PvmMboxReadAndDelete 16   /* receive: and delete it */
#define PvmMboxWaitForInfo 32     /* receive: wait until it is there */
#define PvmMboxMaxFlag 512
#define PvmMboxDirectIndexShift 10    /* the bits of the flags from here on are an index */
#define PvmMboxMaxDirectIndex ((unsigned)1 << (31 - PvmMboxDirectIndexShift))
/* For pvm_putinfo(): this index instead of 0. One that does not fit is told on stderr (include stdio.h), and 0. */
#define PvmMboxDirectIndex(i)                                                                                  \
    ((unsigned)(i) >= PvmMboxMaxDirectIndex                                                                    \
         ? (fprintf(stderr, "Mbox Direct Index Too Large: %u >= %u\n", (unsigned)(i), PvmMboxMaxDirectIndex), 0) \
         : (int)((unsigned)(i) << PvmMboxDirectIndexShift))
#define PvmMboxDirectIndexOf(flags)                                                                            \
    (((unsigned)(flags) & ((PvmMboxMaxDirectIndex - 1) << PvmMboxDirectIndexShift)) >> PvmMboxDirectIndexShift)

/* Classes of the mailbox that PVM itself uses. */
#define PVMNORESETCLASS "###_PVM_NO_RESET_###"
#define PVMHOSTERCLASS "###_PVM_HOSTER_###"
#define PVMTASKERCLASS "###_PVM_TASKER_###"
#define PVMTRACERCLASS "###_PVM_TRACER_###"
#define PVMRMCLASS "###_PVM_RM_###"

/* Data types of pvm_psend(), pvm_precv(), pvm_reduce(), pvm_gather(), pvm_scatter(). */
#define PVM_STR 0
#define PVM_BYTE 1
#define PVM_SHORT 2
#define PVM_INT 3
#define PVM_FLOAT 4
#define PVM_CPLX 5      /* two floats */
#define PVM_DOUBLE 6
#define PVM_DCPLX 7     /* two doubles */
#define PVM_LONG 8
#define PVM_USHORT 9
#define PVM_UINT 10
#define PVM_ULONG 11

/* Errors, with what pvm_perror() says. -1, -9, -11 and -13 are not used. */
#define PvmOk 0
#define PvmBadParam (-2)         /* Bad parameter */
#define PvmMismatch (-3)         /* Parameter mismatch: members of a group disagree */
#define PvmOverflow (-4)         /* Value too large */
#define PvmNoData (-5)           /* End of buffer */
#define PvmNoHost (-6)           /* No such host */
#define PvmNoFile (-7)           /* No such file: no such executable */
#define PvmDenied (-8)           /* Permission denied */
#define PvmNoMem (-10)           /* Malloc failed */
#define PvmBadMsg (-12)          /* Can't decode message */
#define PvmSysErr (-14)          /* Can't contact local daemon */
#define PvmNoBuf (-15)           /* No current buffer: none is active */
#define PvmNoSuchBuf (-16)       /* No such buffer */
#define PvmNullGroup (-17)       /* Null group name */
#define PvmDupGroup (-18)        /* Already in group */
#define PvmNoGroup (-19)         /* No such group */
#define PvmNotInGroup (-20)      /* Not in group */
#define PvmNoInst (-21)          /* No such instance */
#define PvmHostFail (-22)        /* Host failed */
#define PvmNoParent (-23)        /* No parent task */
#define PvmNotImpl (-24)         /* Not implemented */
#define PvmDSysErr (-25)         /* Pvmd system error */
#define PvmBadVersion (-26)      /* Version mismatch: of two daemons */
#define PvmOutOfRes (-27)        /* Out of resources: a limit was reached */
#define PvmDupHost (-28)         /* Duplicate host: it is there already */
#define PvmCantStart (-29)       /* Can't start pvmd */
#define PvmAlready (-30)         /* Already in progress */
#define PvmNoTask (-31)          /* No such task */
#define PvmNotFound (-32)        /* Not Found */
#define PvmExists (-33)          /* Already Exists */
#define PvmHostrNMstr (-34)      /* Hoster must run on master host */
#define PvmParentNotSet (-35)    /* Spawning parent set PvmNoParent */
#define PvmIPLoopback (-36)      /* Master Host IP Address is Loopback! */
#define PvmNoEntry PvmNotFound
#define PvmDupEntry PvmDenied

/* A host, from pvm_config(). */
struct pvmhostinfo {
    int hi_tid;       /* its host part, as pvm_tidtohost() gives it for its tasks */
    char *hi_name;    /* as it was added */
    char *hi_arch;    /* architecture, such as "LINUX64" */
    int hi_speed;     /* sp= of the host file, else 1000 */
    int hi_dsig;      /* data signature: hosts with equal ones store numbers alike */
};

/* A task, from pvm_tasks(). */
struct pvmtaskinfo {
    int ti_tid;
    int ti_ptid;       /* parent, 0 for none, or PvmParentNotSet */
    int ti_host;       /* host part */
    int ti_flag;       /* state bits of the daemon */
    char *ti_a_out;    /* file, as it was given to pvm_spawn(); "" for a program started by hand */
    int ti_pid;        /* process id on that host */
};

/* The header of a message, from pvm_getminfo(). */
struct pvmminfo {
    int len;    /* length, as pvm_bufinfo() gives it */
    int ctx;    /* context */
    int tag;
    int wid;    /* wait id, free for use by the program: it travels along */
    int enc;    /* 0x10000000 PvmDataDefault, 0x20000000 PvmDataInPlace, 0x40000000 PvmDataTrace, else raw:
                   the sender's data signature */
    int crc;    /* 0 */
    int src;    /* tids */
    int dst;
};

/* A class of the mailbox, from pvm_getmboxinfo(). */
struct pvmmboxinfo {
    char *mi_name;
    int mi_nentries;    /* how many there are in each of these: */
    int *mi_indices;
    int *mi_owners;     /* tids; 0 for one whose owner has ended */
    int *mi_flags;      /* of pvm_putinfo() */
};

/*
 * ==== 3. This task ====
 *
 * A tid is a positive number: bits 18 to 29 are the host's number, the lower bits the task's on it.
 */

/* The own tid, the same at every call; enrols. After pvm_exit() it enrols anew, with a new tid. When the
 * daemon has gone it still gives the old one. As pvm_mytid(3PVM). */
int pvm_mytid(void);

/*
 * Leaves the virtual machine; the process goes on, and may enrol again. What was sent is delivered. With
 * pvm_catchout() on, it first waits until the children have ended. Buffers, context and options stay,
 * memberships of groups go. A process that ends without it may lose its last messages.
 *
 * Returns PvmOk, also when the process is no task; PvmSysErr when the daemon had gone. As pvm_exit(3PVM).
 */
int pvm_exit(void);

/* Tid of the task that spawned this one. PvmNoParent: nobody did; PvmParentNotSet: it was spawned with
 * PvmNoSpawnParent (both not reported). As pvm_parent(3PVM). */
int pvm_parent(void);

/* How many tasks were started by the same pvm_spawn() call as this one, in *tids (unless NULL) their tids, in
 * that order, this one among them. A task that was not spawned is its only sibling. As pvm_siblings(3PVM). */
int pvm_siblings(int **tids);

/* "3.4.6": the version of the interface. Not to be changed or freed. As pvm_version(3PVM). */
char *pvm_version(void);

/*
 * ==== 4. Other tasks ====
 */

/*
 * Starts ntask copies of the program task on hosts of the virtual machine.
 *
 *  task    its file: with a '/' a path as it stands, else looked for on each host in the places that the host
 *          file names (ep=), beside this program, in its working directory, PVM 3's places, and PATH
 *  argv    arguments, without the program's name, ended by NULL; NULL for none
 *  flag    PvmTask... and the other flags of chapter 2; unknown bits are ignored. The number in $PVMTASK is
 *          ORed to it
 *  where   host or architecture, as flag says; else not used, and may be NULL. ":DIR" at its end, or alone,
 *          is the working directory
 *  tids    gets ntask numbers: first the tids of those that started, then an error for each other. May be
 *          NULL
 *
 * The tasks inherit the variables named in PVM_EXPORT (pvm_export()), the context, and the options for output
 * and trace; their stdout and stderr go where PvmOutputTid says (pvm_catchout()), else to pvmd's log.
 *
 * Errors in tids: PvmNoFile (not found, or it cannot be executed; pvm_errdetail() lists where it was looked
 * for), PvmNoHost (no host is meant), PvmOutOfRes (a limit of tasks), PvmNoMem, PvmHostFail (the host died
 * meanwhile), PvmDSysErr. What each is about: pvm_errdetail_item().
 *
 * Returns how many were started, which may be 0; PvmBadParam for ntask < 1 or task NULL. As pvm_spawn(3PVM).
 */
int pvm_spawn(const char *task, char **argv, int flag, const char *where, int ntask, int *tids);

/* Sends a signal to a task: SIGTERM, or signum. The result is PvmOk also for a task that does not live any
 * more; PvmBadParam for what is no tid of a task. As pvm_kill(3PVM), pvm_sendsig(3PVM). */
int pvm_kill(int tid);
int pvm_sendsig(int tid, int signum);

/* PvmOk if the task lives, PvmNoTask if not (not reported), PvmBadParam for what is no tid of a task.
 * As pvm_pstat(3PVM). */
int pvm_pstat(int tid);

/*
 * Lists tasks: all (where 0), those of a host (its hi_tid), or one (its tid). *ntask gets how many there are,
 * *taskp the array; both may be NULL.
 *
 * Returns PvmOk, also when there are none; PvmNoHost for an unknown host. As pvm_tasks(3PVM).
 */
int pvm_tasks(int where, int *ntask, struct pvmtaskinfo **taskp);

/* Adds name to, takes it out of, the list in the variable PVM_EXPORT: these variables, and their values of
 * that time, go along with pvm_spawn(). Return PvmOk. As pvm_export(3PVM), pvm_unexport(3PVM). */
int pvm_export(const char *name);
int pvm_unexport(const char *name);

/*
 * ==== 5. Hosts ====
 */

/* Lists the hosts. *nhost gets how many, *narch how many different data formats they have, *hostp the array,
 * in the order of their numbers. Any may be NULL. Returns PvmOk. As pvm_config(3PVM). */
int pvm_config(int *nhost, int *narch, struct pvmhostinfo **hostp);

/*
 * Adds nhost hosts at once. Each string is a line of a host file, a name and options. Waits until every one
 * is up or has failed. When the task ends before that, those that are not up yet are given up.
 *
 * infos (unless NULL) gets for each the hi_tid, or: PvmBadParam (a mistake in the line), PvmNoHost (the name
 * is unknown), PvmDupHost (it is there already), PvmCantStart (its pvmd cannot be started, or not be
 * reached), PvmBadVersion, PvmOutOfRes. pvm_errdetail() tells of the first, pvm_errdetail_item() of each.
 *
 * Returns how many were added; PvmBadParam for nhost < 1 or > 4095. As pvm_addhosts(3PVM).
 */
int pvm_addhosts(char **hosts, int nhost, int *infos);

/* PVM 4: the same, and calls progress, unless NULL, for each host as soon as it is up or has failed: its
 * index in hosts, its name, what infos gets, and user. progress may call PVM, and should return soon. */
int pvm_addhosts_progress(char **hosts, int nhost, int *infos,
                          void (*progress)(int index, const char *name, int info, void *user), void *user);

/*
 * Takes hosts, by their names, out of the virtual machine; their tasks are ended. infos (unless NULL) gets
 * for each PvmOk, PvmNoHost (no member), PvmDupHost (named twice), PvmBadParam (the first host, which must
 * stay).
 *
 * Returns how many were deleted; PvmBadParam for nhost < 1 or > 4095. As pvm_delhosts(3PVM).
 */
int pvm_delhosts(char **hosts, int nhost, int *infos);

/* PvmOk if a host of this name ("." for the own) is a member; else PvmNoHost, or PvmHostFail if it does not
 * answer (both not reported); PvmBadParam for NULL or "". As pvm_mstat(3PVM). */
int pvm_mstat(const char *host);

/*
 * The clock of a host, given by any tid of it: *clk gets its time of day when the answer was made, *delta the time of
 * this host (the mean of before and after) less that. Both may be NULL.
 *
 * Returns PvmOk; PvmNoHost (no member), PvmHostFail (it went meanwhile). Error lines say "pvm_host_sync", as those of PVM
 * 3. As pvm_hostsync(3PVM).
 */
int pvm_hostsync(int host, struct timeval *clk, struct timeval *delta);

/* The data signature of hosts with this architecture, as in hi_dsig; PvmBadParam (NULL), PvmNotFound.
 * As pvm_archcode(3PVM). */
int pvm_archcode(const char *arch);

/* The host part of a tid, as in hi_tid. No check, no error. As pvm_tidtohost(3PVM). */
int pvm_tidtohost(int tid);

/*
 * Starts the pvmd of this host with these arguments (without its name; argc 0 for none) and enrols. block not
 * 0: waits until the hosts of its host file have been added, or have failed. (PVM 4) Which failed, and why,
 * pvm_errdetail_item() tells then, from index 0 until it gives "": "h2: Can't start pvmd", and in further lines
 * the reason.
 *
 * Returns PvmOk, also when hosts failed; PvmDupHost when one runs already, PvmCantStart, PvmBadParam for arguments that cannot be.
 * As pvm_start_pvmd(3PVM).
 */
int pvm_start_pvmd(int argc, char **argv, int block);

/* Ends the virtual machine with all its tasks, this one too: it gets SIGTERM. Returns PvmOk to a task that
 * catches it. As pvm_halt(3PVM). */
int pvm_halt(void);

/*
 * ==== 6. Message buffers ====
 *
 * A message is built in a buffer and read from one; programs know them by small positive numbers, which are
 * used again after they were freed. Packing and sending use the active send buffer, unpacking the active
 * receive buffer; each may be none (0), and no buffer can be both.
 *
 * A received message can be forwarded as it is: pvm_setsbuf(pvm_getrbuf()). Packing into it appends.
 */

/* Makes a new, empty buffer the active send buffer, and frees the one before. Returns its id; PvmBadParam for
 * an unknown encoding, PvmNoMem: then the one before stays. As pvm_initsend(3PVM). */
int pvm_initsend(int encoding);

/* A new, empty buffer, active nowhere. Returns its id, or as pvm_initsend(). As pvm_mkbuf(3PVM). */
int pvm_mkbuf(int encoding);

/* Frees a buffer; it is active no more. Returns PvmOk, also for 0; PvmBadParam (negative), PvmNoSuchBuf.
 * As pvm_freebuf(3PVM). */
int pvm_freebuf(int bufid);

/* The active send, receive buffer, or 0. As pvm_getsbuf(3PVM), pvm_getrbuf(3PVM). */
int pvm_getsbuf(void);
int pvm_getrbuf(void);

/*
 * Make a buffer (0: none) the active one, and return the id of the one before (0: none), which is not freed.
 * Making it the receive buffer starts unpacking at its beginning, if it is not already being unpacked; having
 * been the send buffer ends that.
 *
 * PvmBadParam (negative), PvmNoSuchBuf. As pvm_setsbuf(3PVM), pvm_setrbuf(3PVM).
 */
int pvm_setsbuf(int bufid);
int pvm_setrbuf(int bufid);

/*
 * Tells of a message: *bytes its length, *msgtag its tag, *tid its sender. Each may be NULL. After a send the
 * send buffer shows the tag that it was sent with.
 *
 * The length of typed data is the one that PVM 3's XDR had, which programs divide by: bytes of each call
 * filled up to a multiple of 4, short, int, float 4, double and complex 8, double complex 16, a string 4 and
 * its bytes with NUL filled up; long 8 (PVM 4). So many bytes can be unpacked with pvm_upkbyte(). Raw data
 * count as they are in memory, buffers of PvmDataInPlace 0 as long as they are at the sender.
 *
 * Returns PvmOk; PvmBadParam (id below 1), PvmNoSuchBuf, PvmOverflow (PVM 4) for a length above INT_MAX:
 * *bytes is then INT_MAX. As pvm_bufinfo(3PVM).
 */
int pvm_bufinfo(int bufid, int *bytes, int *msgtag, int *tid);

/* PVM 4: the length, also above INT_MAX, and in place. Errors as pvm_bufinfo(); PvmBadParam for NULL. */
int pvm_buflength(int bufid, size_t *length);

/*
 * PVM 4: memory for data that are sent without a copy. What is packed from it in a buffer of PvmDataInPlace goes to
 * tasks of the same host by reference: pack, send and multicast take no longer for a gigabyte than for a page, and the
 * receivers unpack straight from where the data are.
 *
 *      double *row = pvm_alloc(n * sizeof(double));
 *      compute(row);
 *      pvm_initsend(PvmDataInPlace);
 *      pvm_pkdouble(row, n, 1);
 *      pvm_mcast(tids, ntask, 1);
 *      pvm_free(row);
 *
 * The rule: as with all that is packed in place, the data must not change between the pack and the send; and those of
 * pvm_alloc() must not change after it either, until every receiver has unpacked them. A receiver that unpacks after a
 * change sees the change. There are two ways to know:
 *  - pvm_free() the memory after the send, and pvm_alloc() other for what comes next: what was freed is used again
 *    only when its last receiver, however far behind, has freed its message, or has ended. That costs no more
 *    than keeping it
 *  - a message from each receiver that it sends after unpacking: an answer, or its own row of the next step
 * Reading, and sending the same data again, is always fine. After a pvm_free() the program must not touch it.
 *
 * Any part of it may be packed: from an element inside of it, several parts, parts of other memory between them, which
 * are copied. Copied are also parts below 1 KiB, what goes to tasks on other hosts, by PvmDontRoute or to this task
 * itself, what other encodings pack, and the data of pvm_psend(), which the program may change when that returns. The
 * rule is the same for all of pvm_alloc()'s memory, so that a program need not know where its receivers are.
 *
 * bytes may be 0 (a block of its own) or as large as memory. The contents are not set; the address is a multiple of
 * 16. All of it takes memory at once, from what the tasks of this host share (PVM_ARENA for the daemon), until it is
 * freed. Where that is used up, or there is none, pvm_alloc() gives ordinary memory; what is packed from it is copied at
 * the send, by the same rule.
 *
 * It belongs to this process: any thread may free it, no other task. pvm_exit() and the daemon's end leave it as it is, as
 * ordinary memory; what was sent arrives unchanged whatever is written then. A child after fork() must not touch what
 * its parent has in shared memory (it has no such addresses), nor free it.
 *
 * pvm_exit() gives PvmNoMem, and the task stays one, when there is no ordinary memory for what has not been freed.
 *
 * Returns the memory, or NULL: PvmNoMem (there is no ordinary memory either) or PvmSysErr in pvm_errno.
 */
void *pvm_alloc(size_t bytes);

/* PVM 4: frees memory of pvm_alloc(); NULL is fine. It may be called at any time, also before receivers have read what was
 * sent from there, and after pvm_exit(). PvmBadParam, reported and in pvm_errno, for what is not an address that pvm_alloc()
 * has given in this process, or was freed already: nothing is done. */
void pvm_free(void *memory);

/* Reads the header of a message; writes ctx, tag, wid, src and dst into it, while len, enc and crc are left
 * as they are. pvm_send() overwrites all of these but wid. Return PvmOk; PvmBadParam (id below 1, info NULL),
 * PvmNoSuchBuf; get also PvmOverflow as pvm_bufinfo(). As pvm_getminfo(3PVM), pvm_setminfo(3PVM). */
int pvm_getminfo(int bufid, struct pvmminfo *info);
int pvm_setminfo(int bufid, struct pvmminfo *info);

/* The wait id of a message alone; set returns PvmOk. PvmBadParam (id below 1), PvmNoSuchBuf. Of PVM 3.3. */
int pvm_getmwid(int bufid);
int pvm_setmwid(int bufid, int waitid);

/*
 * ==== 7. Packing ====
 *
 * Each function appends nitem items to the active send buffer, the first at xp, the others stride items
 * further each (0: the same again; negative: backwards). Complex numbers are two reals each, real and
 * imaginary part. A message may be packed further after it was sent, and be sent again.
 *
 * In buffers of PvmDataInPlace the stride must be 1. The data are read at each send, not before: they must
 * still be there. Fortran's pvmfpack() copies them instead, with any stride: what it is given may be a temporary of
 * the compiler's, which is gone at the send (PVM 4).
 *
 * Returns PvmOk; nitem 0 packs nothing. In this order: PvmBadParam (nitem negative), PvmNoBuf (no active send
 * buffer), PvmNotImpl (in place: another stride, or a string), PvmBadParam (NULL with items; PVM 3 crashed),
 * PvmNoMem, PvmBadMsg (a received buffer with raw data of another kind of machine). A pack that fails has
 * packed nothing (PVM 4). As pvm_pk*(3PVM).
 */
int pvm_pkbyte(const char *xp, int nitem, int stride);
int pvm_pkshort(const short *xp, int nitem, int stride);
int pvm_pkushort(const unsigned short *xp, int nitem, int stride);
int pvm_pkint(const int *xp, int nitem, int stride);
int pvm_pkuint(const unsigned int *xp, int nitem, int stride);
int pvm_pklong(const long *xp, int nitem, int stride);             /* whole: PVM 3 cut it to 32 bits */
int pvm_pkulong(const unsigned long *xp, int nitem, int stride);
int pvm_pkfloat(const float *xp, int nitem, int stride);
int pvm_pkdouble(const double *xp, int nitem, int stride);
int pvm_pkcplx(const float *xp, int nitem, int stride);            /* 2 * nitem floats */
int pvm_pkdcplx(const double *xp, int nitem, int stride);          /* 2 * nitem doubles */

/* Packs a string: its length with the NUL as an int, and the bytes. PvmOverflow for one of 2 GiB. */
int pvm_pkstr(const char *sp);

/*
 * Packs by a format, in which each directive stands for a call of the functions above:
 *
 *      %[count][.stride][h|l|u]...letter        letters: c byte, d integer, f float, x complex, s string
 *
 * count and stride are digits, or '*' for an int argument. h is short, l long or double (it wins over h), u
 * unsigned. Without count and stride the value itself is the argument (as for printf: %c and %hd take an int,
 * %f a double), with one of them, and for x and s always, its address. "%+" at the very beginning takes an
 * encoding (int) and does pvm_initsend(). All other characters are skipped.
 *
 *      pvm_packf("%+ %d %*d %s", PvmDataDefault, n, n, numbers, "name");
 *
 * Errors as the functions above (PvmNoBuf also for ""); PvmBadParam for another letter, a NULL format, or one
 * that ends in a directive: what stood before is packed. A negative '*' count packs nothing. In place, values
 * and strings are copied (PVM 4). As pvm_packf(3PVM).
 */
int pvm_packf(const char *fmt, ...);

/*
 * Packs a whole message, header and body, so that pvm_upkmesg() makes it a buffer again; the two may have
 * different encodings. What lies in place is copied now.
 *
 * Returns PvmOk; in this order: PvmBadParam (id below 1), PvmNoSuchBuf, PvmNoBuf, PvmBadParam (it is the active send
 * buffer itself), PvmNoMem, PvmBadMsg (damaged, or as for packing). Not reported. As pvm_pkmesg(3PVM).
 */
int pvm_pkmesg(int bufid);

/* Appends the body of another message, which must have the same encoding, else PvmMismatch; in place this means
 * more pointers. Items packed behind it are kept (PVM 4). Other errors as pvm_pkmesg(), not reported.
 * As pvm_pkmesgbody(3PVM). */
int pvm_pkmesgbody(int bufid);

/*
 * ==== 8. Unpacking ====
 *
 * Each function takes the next nitem items out of the active receive buffer and stores them, the first at xp,
 * the others stride items further each. Portions need not be those in which it was packed.
 *
 * Typed messages know what was packed (PVM 4). Of two integers of the same width the bits are kept, so an
 * unsigned -2 is 4294967294. Integers of other widths, and floats and doubles, are converted by value.
 * Complex numbers may be read as twice as many reals, and the reverse. Bytes are the XDR view of anything: a
 * number read as bytes is big-endian, a short in 4 of them; a number read where bytes were packed is decoded
 * from that, from the next multiple of 4. Bytes packed in several calls follow each other without gaps; only
 * a call that reads on beyond them finds zeros up to the multiple of 4 first, and a number that the last of them
 * begin is filled up with zeros. Raw messages can be read as anything.
 *
 * Returns PvmOk; nitem 0 takes nothing. In this order: PvmBadParam (nitem negative), PvmNoBuf (no active
 * receive buffer), PvmBadParam (NULL with items), and
 *  PvmNoData     the message has ended: what there was is stored, and the rest of it is used up
 *  PvmBadMsg     something else was packed (an int read as a float; pvm_errdetail() says what is there), raw
 *                data come from another kind of machine (bytes can be read), or the message is damaged
 *  PvmOverflow   the number does not fit (70000 as a short)
 * After the last two the items before are stored, and the message stands at the one that could not be.
 * As pvm_upk*(3PVM).
 */
int pvm_upkbyte(char *xp, int nitem, int stride);
int pvm_upkshort(short *xp, int nitem, int stride);
int pvm_upkushort(unsigned short *xp, int nitem, int stride);
int pvm_upkint(int *xp, int nitem, int stride);
int pvm_upkuint(unsigned int *xp, int nitem, int stride);
int pvm_upklong(long *xp, int nitem, int stride);
int pvm_upkulong(unsigned long *xp, int nitem, int stride);
int pvm_upkfloat(float *xp, int nitem, int stride);
int pvm_upkdouble(double *xp, int nitem, int stride);
int pvm_upkcplx(float *xp, int nitem, int stride);
int pvm_upkdcplx(double *xp, int nitem, int stride);

/* Unpacks a string with its NUL. There must be room for it at sp: read the length first with pvm_upkint(),
 * and the bytes with pvm_upkbyte(), if it is not known. PvmBadMsg for a negative length. */
int pvm_upkstr(char *sp);

/* Unpacks by a format as of pvm_packf(), without "%+"; every argument but a '*' is an address. Errors as the
 * functions above, PvmBadParam as pvm_packf(). As pvm_unpackf(3PVM). */
int pvm_unpackf(const char *fmt, ...);

/* Unpacks what pvm_pkmesg() has packed into a new buffer, active nowhere, and returns its id. PvmNoBuf, PvmNoData
 * (the message has ended, the rest is used up), PvmBadMsg (something else was packed), PvmNoMem; not reported.
 * As pvm_upkmesg(3PVM). */
int pvm_upkmesg(void);

/*
 * ==== 9. Sending ====
 *
 * A send returns when the message may be changed again; it does not wait for the receiver. Messages to tasks
 * that have ended, or on hosts that are no members, are dropped without an error: ask for a notice to know. A
 * message carries the context of its sender, and is only received in that. Tags are 0 or more.
 */

/* Sends the active send buffer to a task, which may be this one. Returns PvmOk; PvmBadParam (no tid of a
 * task, a negative tag: both allowed with option PvmResvTids), PvmNoBuf. As pvm_send(3PVM). */
int pvm_send(int tid, int msgtag);

/* The same to each different task in a list of ntask tids, but never to this one. Returns PvmOk; PvmNoBuf,
 * PvmBadParam (also for one wrong tid, then nothing is sent; ntask negative). As pvm_mcast(3PVM). */
int pvm_mcast(int *tids, int ntask, int msgtag);

/*
 * Sends len items at buf, of a data type PVM_BYTE to PVM_ULONG, as one raw message; no buffer of the program
 * is used or changed. Any receive takes it. Machines of another kind convert it (PVM 4): they read it as this
 * type, by value as another one of its family (see chapter 8), or as the bytes that it has here.
 *
 * Returns PvmOk, for len 0 or less with an empty message; PvmBadParam (tid, tag, data type, buf NULL),
 * PvmNotImpl (PVM_STR). As pvm_psend(3PVM).
 */
int pvm_psend(int tid, int msgtag, const void *buf, int len, int datatype);

/*
 * ==== 10. Receiving ====
 *
 * Messages wait until they are received. A receive takes the oldest one that comes from tid (-1: anybody)
 * with this msgtag (-1: any) in the context of this task. Other negative numbers match nothing.
 *
 * It first frees the active receive buffer, also when it then finds nothing (to keep that one:
 * pvm_setrbuf(0)), and makes the message the new one.
 */

/* Waits for a message and returns the id of its buffer. From a task that has ended it waits for ever: ask for
 * a notice, or use pvm_trecv(). PvmSysErr when the daemon goes meanwhile. As pvm_recv(3PVM). */
int pvm_recv(int tid, int msgtag);

/* The same without waiting: 0 when there is none. As pvm_nrecv(3PVM). */
int pvm_nrecv(int tid, int msgtag);

/* Waits for at most tmout from now (NULL: for ever; {0, 0} or less: not at all): 0 when none came.
 * As pvm_trecv(3PVM). */
int pvm_trecv(int tid, int msgtag, struct timeval *tmout);

/* The id of the message that a receive would take now, 0 for none. It stays where it is; pvm_bufinfo() tells
 * of it. As pvm_probe(3PVM). */
int pvm_probe(int tid, int msgtag);

/*
 * Waits for a message and stores at most len items of it at buf; the active receive buffer does not change.
 * *atid, *atag get sender and tag, *alen the length of the whole message in bytes, as pvm_bufinfo() gives it;
 * each may be NULL. A shorter message leaves the rest of buf alone.
 *
 * Typed messages are converted to datatype as by unpacking, or with PVM_BYTE give their XDR view (PVM 4). Raw
 * ones are copied; what pvm_psend() has sent on another kind of machine is converted, and *alen is its length
 * here.
 *
 * Returns PvmOk; PvmBadParam (data type, buf NULL), PvmNotImpl (PVM_STR), PvmBadMsg and PvmOverflow as
 * unpacking. As pvm_precv(3PVM).
 */
int pvm_precv(int tid, int msgtag, void *buf, int len, int datatype, int *atid, int *atag, int *alen);

/*
 * Descriptors for select(), poll() or an event loop: *fds gets a list of the library's, its length is the result.
 * There is one (PVM 4), and it stays the same until the process ends, also across pvm_exit().
 *
 * It is readable when the library should be called, for there is something to read, which need not be a whole
 * message; and (PVM 4) when a message came that was read by another call or thread, until a receive or probe finds
 * nothing. So before a program waits for it, it receives all that it is interested in:
 *
 *      for (;;) {
 *          while (pvm_nrecv(-1, -1) > 0)
 *              handle_message();
 *          poll(&(struct pollfd){ .fd = fds[0], .events = POLLIN }, 1, -1);
 *      }
 *
 * Do not read from it, and do not close it. PvmBadParam for NULL. As pvm_getfds(3PVM).
 */
int pvm_getfds(int **fds);

/*
 * Sets the function by which all receives and pvm_probe() choose, and returns the one before; NULL sets the usual
 * one again, which is what the first call returns (not NULL).
 *
 * A receive calls it for each message that waits, oldest first, with the message's buffer id and its own tid and
 * msgtag, and again when others have come:
 *  0            not this one
 *  1            this one, at once
 *  more         a rank: when all have been asked, the first one of the highest rank is taken
 *  negative     the receive ends with this error
 * The context is not looked at: messages of all contexts are shown, pvm_getminfo() tells them apart. The function
 * may unpack a message after pvm_setrbuf(); a message does not begin anew for a second look, but does for the
 * receive. It must not receive. Messages for handlers do not come by. As pvm_recvf(3PVM).
 */
int (*pvm_recvf(int (*new_function)(int bufid, int tid, int msgtag)))(int bufid, int tid, int msgtag);

/*
 * Installs a message handler: func is called with the buffer id of each message from tid src with this tag in
 * context ctx (-1: any) that arrives from now on; receives do not see them. Notices come from tid 0x80000000.
 * Messages stand in one line, and a receive goes down it to the one that it takes: what stands behind that one has
 * not arrived in this sense, and finds a handler that is installed before the next call that reads.
 *
 * Handlers run inside calls that read messages: receives and probes that do not find theirs waiting already, sends,
 * requests to the daemon, pvm_exit(). In a handler the message is the active receive buffer, there is no active
 * send buffer, and the context is the message's. When it returns (what, is ignored) these are as they were before,
 * and what it has left active is freed: the message, too, unless pvm_setrbuf(0) has kept it. It may send,
 * receive what waits already, add and delete handlers, also itself; whatever would wait gives PvmNotImpl:
 * pvm_recv() with nothing there, and all that asks the daemon. Other handlers wait until it has returned, and so do
 * calls of other threads (PVM 4); it must return, not longjmp().
 *
 * Returns the handler's id; PvmExists when another one might take the same message (each of src, tag and ctx
 * equal, or -1 in either), or one of the library's own would: they take -1, -1, -1 for instance. PvmBadParam for
 * func NULL. As pvm_addmhf(3PVM).
 */
int pvm_addmhf(int src, int tag, int ctx, int (*func)(int mid));

/* Takes a handler away. pvm_exit() takes all away. Returns PvmOk; PvmBadParam (negative), PvmNotFound.
 * As pvm_delmhf(3PVM). */
int pvm_delmhf(int mhid);

/*
 * ==== 11. Notices ====
 */

/*
 * Asks for a message, with this tag and the present context, when something happens. It comes from tid
 * 0x80000000 (of routes from this task itself), in PvmDataDefault, exactly once for each request:
 *
 *  PvmTaskExit      tids: cnt tasks. For each, when it has ended: its tid, and (PVM 4) its status as of wait(),
 *                   0 if it only called pvm_exit() or PVM did not start it
 *  PvmHostDelete    tids: cnt hosts (or tasks there). For each, when it has gone: the value as it was given
 *  PvmHostAdd       at each addition: the number of new hosts, and their hi_tids. cnt messages, -1: for ever,
 *                   0: no more; repeating the request (same tag and context) sets the number anew. tids is
 *                   not used
 *  PvmRouteAdd      when a direct route to a task opens: its tid and -1. cnt as for PvmHostAdd
 *  PvmRouteDelete   tids: cnt tasks. When the direct route there closes, at once if there is none: its
 *                   tid and -1
 *
 * What is gone already is told at once. Of this task itself only message handlers hear, during pvm_exit(),
 * from its own tid.
 * PvmNotifyCancel ORed to what ends a request of the same tag and context: for kinds with tids the message
 * comes at once, else never. After the notice of a task or host no message from there arrives.
 *
 * Returns PvmOk; PvmBadParam (kind, a negative tag, no tids, what is no tid of a task). As pvm_notify(3PVM).
 */
int pvm_notify(int what, int msgtag, int cnt, int *tids);

/*
 * ==== 12. Groups ====
 *
 * A group is a name and its members, each with an instance number from 0 upwards. It is there as long as it
 * has members. A member that ends leaves by itself; the others keep their numbers, and the next to join fills
 * the lowest hole. Groups need nothing to be started (PVM 4).
 *
 * All return PvmNullGroup for NULL or ""; their errors are not reported, but those of pvm_reduce(),
 * pvm_gather() and pvm_scatter(). The active buffers stay as they are, but for the root of pvm_scatter().
 */

/* Joins, and makes the group if need be. Returns the instance number; PvmDupGroup (is a member),
 * PvmNotInGroup (the group is frozen). As pvm_joingroup(3PVM). */
int pvm_joingroup(const char *group);

/* Leaves. Returns PvmOk; PvmNoGroup, PvmNotInGroup. As pvm_lvgroup(3PVM). */
int pvm_lvgroup(const char *group);

/* How many members there are; PvmNoGroup. As pvm_gsize(3PVM). */
int pvm_gsize(const char *group);

/* Instance number of a task; PvmNotInGroup, PvmNoGroup. As pvm_getinst(3PVM). */
int pvm_getinst(const char *group, int tid);

/* Tid of an instance; PvmNoInst, PvmNoGroup. As pvm_gettid(3PVM). */
int pvm_gettid(const char *group, int inum);

/*
 * Waits until count members (-1: as many as there are now) have called it.
 *
 * Returns PvmOk; PvmNotInGroup, PvmNoGroup; PvmMismatch: another count than the first caller's, or 0;
 * PvmNoTask (PVM 4): a member has ended, and those that are left are too few. As pvm_barrier(3PVM).
 */
int pvm_barrier(const char *group, int count);

/* Sends the active send buffer to all members but this task, which need not be one. Returns PvmOk;
 * PvmNoGroup, PvmNoInst (no other member), PvmNoBuf, PvmBadParam (negative tag). As pvm_bcast(3PVM). */
int pvm_bcast(const char *group, int msgtag);

/* Waits until size members (-1: as many as there are now) have called it; from then on nobody can join, and
 * size and tids are known without asking. Returns the size; PvmDupGroup (is frozen), PvmNotInGroup,
 * PvmNoGroup, PvmMismatch. As pvm_freezegroup(3PVM). */
int pvm_freezegroup(const char *group, int size);

/*
 * Combines the data of all members, element by element, in data of the member with instance rootginst. All
 * call it with the same count (items), datatype, msgtag and root; others than the root do not wait for it.
 *
 * func puts x op y into x for *num items of *datatype: PvmMax, PvmMin, PvmSum, PvmProduct, or one of the
 * program's own; a negative *info ends the call with that code. The order of instances is kept, so results
 * are reproducible (PVM 4).
 *
 * Returns PvmOk; PvmBadParam (func or data NULL, count < 1, a data type other than PVM_BYTE to PVM_LONG),
 * PvmNoGroup, PvmNotInGroup, PvmNoInst (no such root); PvmNoTask (PVM 4): a member has ended before its part
 * came. As pvm_reduce(3PVM).
 */
int pvm_reduce(void (*func)(int *datatype, void *x, void *y, int *num, int *info), void *data, int count,
               int datatype, int msgtag, const char *group, int rootginst);

/* For pvm_reduce(). Types PVM_SHORT, INT, LONG, FLOAT, DOUBLE, CPLX, DCPLX, Max and Min also BYTE (signed);
 * complex numbers compare by modulus. PvmBadParam in *info for others. As pvm_reduce(3PVM). */
void PvmMax(int *datatype, void *x, void *y, int *num, int *info);
void PvmMin(int *datatype, void *x, void *y, int *num, int *info);
void PvmSum(int *datatype, void *x, void *y, int *num, int *info);
void PvmProduct(int *datatype, void *x, void *y, int *num, int *info);

/*
 * Gather: count items at data of each member come to result + instance * count items at the root. Scatter:
 * from data + instance * count items at the root to result of each. All call it with the same arguments; the
 * root's array (result of gather, data of scatter) is not used by the others, and may be NULL there. As in PVM 3
 * the root of pvm_scatter() has no active send buffer afterwards: the one that it had is freed.
 *
 * Return PvmOk; PvmBadParam (NULL, count < 1, a data type other than PVM_STR, here bytes, to PVM_LONG),
 * PvmNoGroup, PvmNotInGroup, PvmNoInst (no such root, or the instances have holes); PvmNoTask (PVM 4): a member
 * has ended meanwhile. As pvm_gather(3PVM), pvm_scatter(3PVM).
 */
int pvm_gather(void *result, void *data, int count, int datatype, int msgtag, const char *group,
               int rootginst);
int pvm_scatter(void *result, void *data, int count, int datatype, int msgtag, const char *group,
                int rootginst);

/*
 * ==== 13. Options ====
 *
 *  PvmRoute             PvmDontRoute: messages go through the daemons. PvmAllowDirect (default),
 *                       PvmRouteDirect: straight to the other task, where that is possible
 *  PvmDebugMask         bits for the library's debugging; $PVMTASKDEBUG
 *  PvmAutoErr           what a failing function does: 0 nothing, 1 (default) prints a line, 2 prints, calls
 *                       pvm_exit() and exit() with the error as status, 3 prints and calls abort()
 *  PvmOutputTid, PvmOutputContext, PvmOutputCode
 *                       to whom, in which context and with which tag the output of later children goes.
 *                       Inherited from the parent. The tid is 0 (pvmd's log), the own, or the inherited one, this
 *                       only with the inherited code
 *  PvmTraceTid, PvmTraceContext, PvmTraceCode, PvmTraceBuffer, PvmTraceOptions
 *                       the same for trace messages of later children; how many bytes of them to collect;
 *                       PvmTraceFull, PvmTraceTime or PvmTraceCount
 *  PvmFragSize          52 to 1048576, default 4080: kept, without effect (PVM 4 has no use for it)
 *  PvmResvTids          not 0: allows reserved tags and tids that are not of tasks
 *  PvmSelfOutputTid, PvmSelfOutputCode, PvmSelfTraceTid, PvmSelfTraceCode
 *                       where this task's own output and trace go. A tid (0 or less: nowhere) or code that is set
 *                       here is set for later children, too, with the context. A code without a tid changes nothing
 *  PvmSelfTraceBuffer, PvmSelfTraceOptions
 *                       the same of this task's own trace
 *  PvmSelfOutputContext, PvmSelfTraceContext
 *                       can only be asked for
 *  PvmShowTids          not 0 (default 1): pvm_catchout() begins lines with "[t40002] "
 *  PvmPollType, PvmPollTime
 *                       for systems of the past
 *  PvmNoReset           not 0: the console's reset spares this task. It must have enrolled
 *
 * Children inherit those of output and trace.
 */

/* Sets an option and returns its value before (which may be negative); PvmBadParam for an unknown option or a
 * value that it does not take, PvmNotImpl for one that cannot be set. As pvm_setopt(3PVM). */
int pvm_setopt(int what, int val);

/* The value of an option; PvmBadParam for an unknown one. As pvm_getopt(3PVM). */
int pvm_getopt(int what);

/*
 * ==== 14. Output of children ====
 */

/*
 * Writes what later children, and theirs, print to ff, line by line, with "[t40002] " before each
 * (PvmShowTids); "BEGIN" and "EOF" in its place mark start and end of a task. Lines are written while this
 * task is in a call of PVM. NULL ends it: output of later children goes where that of this task goes. pvm_exit()
 * waits for the children's end.
 *
 * Returns PvmOk. As pvm_catchout(3PVM).
 */
int pvm_catchout(FILE *ff);

/*
 * ==== 15. Errors ====
 */

/* The error of the last call that failed in this process, 0 if none has; successes keep it. (PVM 3 exports it
 * without declaring it.) */
extern int pvm_errno;

/* Prints "libpvm [t40001]: MSG: Bad parameter", with the text of the last error, on stderr. Returns 0.
 * As pvm_perror(3PVM). */
int pvm_perror(const char *msg);

/* The text of the last error, such as "Bad parameter". Not to be changed or freed. */
char *pvm_strerror(void);

/* PVM 4: what the last error of this thread was about, in a sentence: which file was looked for where, which
 * host did not answer and what to do. "" when there is no more to say; never NULL. Stays until the thread's
 * next error. Also set by calls that succeed in part, such as pvm_spawn(). */
const char *pvm_errdetail(void);

/* PVM 4: the same for one entry of the array that this thread's last pvm_spawn(), pvm_addhosts() or
 * pvm_delhosts() has filled: what the error code in tids[index], infos[index] is about. "" when there is no
 * more to say, and for what is no error; never NULL. Stays until the thread's next such call. After
 * pvm_start_pvmd(): see there. */
const char *pvm_errdetail_item(int index);

/*
 * ==== 16. Places ====
 *
 * These strings are not to be changed or freed, and stay as they were at the first call.
 */

/* The command that starts daemons on other hosts: $PVM_RSH, else "ssh". */
char *pvmgetrsh(void);

/* The directory in which PVM's folders are: $PVM_TMP, else "/tmp". */
char *pvmgettmp(void);

/*
 * For programs that want names of temporary files: PVMTMPNAMFUN(x) stores one, in x of PVMTMPNAMLEN bytes, and
 * returns it. That is tmpnam(); where NOTMPNAM is defined before this header it is pvmtmpnam(), whose names lie
 * in PVM's directory. x NULL: the name stays until the thread's next call. NULL for a directory whose path is
 * too long. Another process may make such a file meanwhile: open it with O_EXCL.
 */
#ifdef NOTMPNAM
char *pvmtmpnam(char *name);
#define PVMTMPNAMFUN(x) pvmtmpnam(x)
#define PVMTMPNAMLEN 128
#else
#define PVMTMPNAMFUN(x) tmpnam(x)
#define PVMTMPNAMLEN L_tmpnam
#endif

/*
 * ==== 17. The mailbox ====
 *
 * The virtual machine keeps messages under the name of a class (any string but "", compared exactly) and an index
 * from 0. An entry has an owner, the task that put it, and goes with it, unless it is persistent; then it has no
 * owner any more. Nobody but its owner may replace or delete it, unless it was put with PvmMboxOverWritable.
 *
 * The first host keeps them (PVM 4): an entry of up to 64 MiB, 1 GiB in all, 65536 entries; what is above that gets
 * PvmNoMem, and pvm_errdetail() names the limit.
 */

/*
 * Stores a copy of the message in buffer bufid (which may be the active send buffer, and stays as it is) in class
 * name. flags, to be ORed:
 *
 *  PvmMboxDefault           at index 0, in the place of an entry that the caller may replace
 *  PvmMboxDirectIndex(i)    the same at index i
 *  PvmMboxMultiInstance     at the lowest free index (from i on, with the one above)
 *  PvmMboxPersistent, PvmMboxOverWritable
 *                           as above; owner and flags of a replaced entry are replaced, too
 *
 * What was packed in place is copied (PVM 4). Returns the index; PvmBadParam (no name, bufid not above 0), PvmNoSuchBuf
 * (PVM 4: for a buffer that is not there PVM 3 waits for ever), PvmDenied (not reported: there is an entry that may
 * not be replaced), PvmNoMem (also for one that is too large). As pvm_putinfo(3PVM).
 */
int pvm_putinfo(const char *name, int bufid, int flags);

/*
 * Frees the active receive buffer, and makes a copy of an entry the new one; its header is that of the message that
 * was put. flags, to be ORed:
 *
 *  PvmMboxDefault           the entry with this index
 *  PvmMboxFirstAvail        that with the lowest index from there on
 *  PvmMboxReadAndDelete     and deletes it; the caller must be allowed to
 *  PvmMboxWaitForInfo       waits until there is such an entry
 *
 * Returns the id (> 0) of the buffer; PvmBadParam (no name, index negative), PvmNotFound (not reported), PvmDenied (of
 * PvmMboxReadAndDelete), PvmNoMem. As pvm_recvinfo(3PVM).
 */
int pvm_recvinfo(const char *name, int index, int flags);

/* Deletes an entry. flags are not used. Returns the index, so PvmOk only for index 0; PvmBadParam (no name, index
 * negative), and not reported: PvmNotFound, PvmDenied. As pvm_delinfo(3PVM). */
int pvm_delinfo(const char *name, int index, int flags);

/* Lists the classes, in order of creation, in whose name pattern occurs; a '*' in it stands for any characters. NULL
 * and "" mean all. *nclasses gets how many, *classes the array; both may be NULL. Returns PvmOk.
 * As pvm_getmboxinfo(3PVM). */
int pvm_getmboxinfo(const char *pattern, int *nclasses, struct pvmmboxinfo **classes);

/*
 * The mailbox of PVM 3.3: entries are one int each, persistent. insert stores data at a free index, -1: the lowest;
 * lookup finds the one at index, -1: the first, and stores it in *data unless that is NULL (the active receive buffer
 * stays); delete deletes it.
 *
 * Return the index; PvmBadParam (no name, index below -1, for delete below 0), insert PvmDenied (the index is taken; not
 * reported), the others PvmNotFound (not reported), lookup PvmBadMsg and PvmNoData (the entry does not begin with an
 * int), delete PvmDenied. As pvm_insert(3PVM), pvm_lookup(3PVM), pvm_delete(3PVM).
 */
int pvm_insert(const char *name, int index, int data);
int pvm_lookup(const char *name, int index, int *data);
int pvm_delete(const char *name, int index);

/* Tasks that have set option PvmNoReset: *ntids gets how many, *tids the array; both may be NULL. Returns PvmOk; when
 * it fails *ntids gets 0, and *tids NULL. As pvm_getnoresets(3PVM). */
int pvm_getnoresets(int **tids, int *ntids);

/*
 * What the console's reset does. With killtasks not 0, sends SIGTERM to all tasks but mytid and those that have set
 * PvmNoReset. Then deletes persistent entries of tasks that have ended, or were told to now: all, or (name neither NULL
 * nor "") those of one class, (index not negative) with one index. Returns PvmOk. (PVM 3 exports it without declaring
 * it.)
 */
int pvmreset(int mytid, int killtasks, const char *name, int index);

/*
 * ==== 18. Contexts ====
 *
 * A message is only received in the context that it was sent in, which is that of its sender at that time. Tasks start
 * in the context that their parent had at the pvm_spawn(), else in PvmBaseContext.
 */

/* A number that is no other task's context in this virtual machine; the current one stays. The number is this task's
 * until it leaves. Returns it (> 0); PvmOutOfRes (all are in use). As pvm_newcontext(3PVM). */
int pvm_newcontext(void);

/* Gives such a number back; it may be the current one. Returns PvmOk; PvmNotFound (it was not given to this task). 0 is
 * as pvm_newcontext(), as in PVM 3. As pvm_freecontext(3PVM). */
int pvm_freecontext(int ctx);

/* Sets, gets the current context. Any number is taken; in context -1 receives take messages of any. set returns the one
 * before, which may be negative. As pvm_setcontext(3PVM), pvm_getcontext(3PVM). */
int pvm_setcontext(int ctx);
int pvm_getcontext(void);

/*
 * Debugging: asks the local pvmd for argp[0]: 1 hosts, 2 its tasks, 3 open requests, 4 the mailbox, 0 or 9 numbers of all
 * these, written to its log; 5 its debug mask; 6 sets that to argp[1], so that the log tells more, or with 0 less;
 * 8 fails the host of tid argp[1], as if it had died (1, or 0: there is none, or it is the first one). 7, which set a
 * limit of PVM 3's protocol, and others do nothing. narg counts argp, 1 to 10. *nresp gets how many results there
 * are, resp the results (10 at most); both may be NULL.
 *
 * Returns PvmOk; PvmBadParam (narg, or argp is NULL). PVM 3 has no page for it.
 */
int pvm_tickle(int narg, int *argp, int *nresp, int *resp);

/*
 * ==== 19. Plug-ins ====
 *
 * A task can do a part of the system's work for all. It registers, which is an entry in a class of the mailbox;
 * calling the same function again takes that back, and so does its end.
 *
 * One starts with pvmd where its environment has a command line for it, words between blanks: PVM_HOSTER and PVM_TRACER
 * on the first host, PVM_TASKER on any. It is a task that nobody has spawned; what it prints goes to the log. The hosts
 * of a host file wait until such a hoster has registered, for 10 s at most.
 */

/*
 * Makes this task the hoster of the virtual machine: the daemons on hosts that are added are started by it, by its own
 * means, but for those with via=local. With pvm_setopt(PvmResvTids, 1) it receives SM_STHOST (pvmproto.h) in context 0,
 * packed as PvmDataDefault:
 *
 *   int count, and for each host: int tid of it, string what so= of its line says, string where: [LOGIN@]ADDRESS,
 *   string command, string command for Windows (always ""), string PVM_VMID or ""
 *
 * It runs the command there: plain words, for any shell, without stdin. The first line that it prints is the answer for
 * that host; the command ends at once then, its daemon runs on. It answers the sender with SM_STHOSTACK and the same
 * wait id (pvm_setminfo()):
 *
 *   int count, and for each host: int tid of it, string that line, or the name of an error, such as "PvmCantStart"
 *
 * The line holds a secret, by which the new daemon knows who has had it started: it must not get into a file, a log or an
 * argument. The command holds none. Who can change the line or the command on their way can take the place of the new
 * host, so they go where the user trusts the way, as ssh is. A host that the answer leaves out, and all of them when there
 * is none within 300 s or the hoster leaves before, gets PvmCantStart; each daemon that nobody has come for ends after
 * 330 s. While there is no hoster pvmd starts hosts itself. Class PVMHOSTERCLASS.
 *
 * Returns PvmOk; PvmAlready (another task is it); PvmHostrNMstr (this is not the first host); PvmSysErr. As
 * pvm_reg_hoster(3PVM), which leaves out the count in the answer.
 */
int pvm_reg_hoster(void);

/*
 * Makes this task the tasker of its host: what pvm_spawn() starts there is started by it. With pvm_setopt(PvmResvTids, 1)
 * it receives SM_STTASK (pvmproto.h) in context 0, packed as PvmDataDefault:
 *
 *   int tid, int flags of pvm_spawn(), string path of the executable, int argc, argc strings, the first the path,
 *   int nenv, nenv strings NAME=value, PVMEPID the first,
 *   int number of this copy among all from 0, int copies on this host, int copies in all
 *
 * It runs the path with these arguments and these variables added to its environment; with PVM_CLAIM, which is one of
 * them, the process becomes task tid. It says nothing when that succeeds. When the process ends, or cannot be started, it
 * sends SM_TASKX to the sender of SM_STTASK:
 *
 *   int tid, int status as of wait(), int seconds, int microseconds in the program, int seconds, int microseconds in
 *   the system on its behalf
 *
 * The output of such processes is the tasker's. When the tasker has gone, tasks that it was given and that have not yet
 * enrolled have failed, and the next ones are started by the daemon. Class PVMTASKERCLASS.
 *
 * Returns PvmOk; PvmAlready (this host has another one); PvmSysErr. As pvm_reg_tasker(3PVM), where the last three ints
 * of SM_STTASK are missing.
 */
int pvm_reg_tasker(void);

/*
 * Makes this task the resource manager of its host, which decides what others get of the virtual machine. *hip (hip may
 * be NULL) gets the first host, in memory of the library until the next call. With pvm_setopt(PvmResvTids, 1) it
 * receives, in context 0 and packed as PvmDataDefault, what these calls want that tasks of its host make, which have
 * enrolled since or which it has started:
 *
 *   pvm_spawn     SM_SPAWN: string file, int flags, string where, int count, int argc, argc strings, int tid, context and
 *                 tag of output, the same of trace, int n, n strings NAME=value
 *                 answer: int count, so many tids or codes
 *   pvm_addhosts  SM_ADDHOST: int count, so many strings
 *                 answer: int count, int formats, for each int tid or code, string name, string arch, int speed, int dsig
 *   pvm_delhosts  SM_DELHOST: int count, so many strings          answer: int count, so many codes
 *   pvm_config    SM_CONFIG: nothing                              answer: as of SM_ADDHOST
 *   pvm_tasks     SM_TASK: int where    answer: int code, then to the end for each task int tid, int parent, int host,
 *                 int flags, string file, int pid
 *   pvm_reg_rm    SM_SCHED: nothing     answer: int result, int tid, string name, string arch, int speed of the first host
 *   pvm_notify    SM_NOTIFY: int what, int context, int tag, int count, for PvmTaskExit and PvmHostDelete so many tids.
 *                 Not answered: the manager sends the notices itself
 *
 * Each is from the task that called. The answer goes to it with the same tag and wait id (pvm_setminfo()); a negative
 * number in place of the count is a code. The manager has these done by pvmds (tid 0x80000000 | host), which answer with
 * the same wait id:
 *
 *   SM_EXEC, to the pvmd of a host: int tid of the parent, then as in SM_SPAWN without where, then the three ints that
 *                 stand at the end of SM_STTASK (PVM 3's pvmd refuses it without)
 *                 answer SM_EXECACK: int count, so many tids or codes; or a code
 *   SM_ADD, to that of the first host: as SM_ADDHOST              answer SM_ADDACK: as of SM_ADDHOST; or a code
 *   SM_HANDOFF    int tid of another manager, for tasks that enrol on that host from now on. Only the present manager may.
 *                 The other one is registered, or a task of that host, which then counts as a manager there. Not answered
 *
 * Its pvmd tells it of tasks that enrol by hand (SM_EXECACK with wait id 0: int 1, int tid), of the ends of its tasks
 * (SM_TASKX: int tid, int status, int seconds, int microseconds, twice) and of hosts that go (SM_HOSTX: int tid of the
 * pvmd). When it ends, calls that wait for its answer fail with PvmSysErr, and those that follow go the ordinary way.
 * Class PVMRMCLASS.
 *
 * Returns the tid of the manager before (this task, when it is called again), 0 if there was none; in a task that has a
 * manager, what that answers, and nothing changes; PvmSysErr. As pvm_reg_rm(3PVM).
 */
int pvm_reg_rm(struct pvmhostinfo **hip);

/*
 * Makes this task the tracer of the virtual machine, and the second call takes that back. Of tasks that are started or
 * enrol by hand from now on, and whose trace or output goes to nobody, trace messages (pvmtev.h) come here, with tag
 * trace_tag in context trace_ctx and these options: mask tmask, PvmSelfTraceBuffer tbuf, PvmSelfTraceOptions topt; and
 * output, as PvmOutputTid has it, with out_tag in out_ctx: also that of programs that never call this library, and of
 * those started by hand begin (with -1 as the parent) and end. What such a task spawns does the same. Of a task that
 * began before, nothing comes. Class PVMTRACERCLASS.
 *
 * Returns PvmOk; PvmAlready (another task is it); PvmBadParam (tmask is NULL). As pvm_reg_tracer(3PVM).
 */
int pvm_reg_tracer(int trace_ctx, int trace_tag, int out_ctx, int out_tag, const char *tmask, int tbuf, int topt);

#ifdef __cplusplus
}
#endif

#endif
