/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PVM: reserved message tags and contexts, for plug-ins (pvm_reg_hoster(), pvm_reg_tasker(), pvm_reg_rm(),
 * pvm_reg_tracer()) and for programs that take the output messages of tasks themselves (PvmOutputTid).
 *
 * The names and numbers are PVM 3.4.6's. Tags of user messages are 0 or more; these are negative as an int,
 * and a task may only send them after pvm_setopt(PvmResvTids, 1).
 */
#ifndef PVMPROTO_H
#define PVMPROTO_H

/* ==== Versions of the protocols, as PVM 3.4.6 numbered them ==== */

#define TDPROTOCOL 1318    /* task and pvmd */
#define DDPROTOCOL 2316    /* pvmd and pvmd */
#define SDPROTOCOL 4302    /* plug-in and pvmd */

/* ==== Contexts that the system keeps for itself ==== */

#define BASECONTEXT ((int)0)                /* PvmBaseContext, which tasks begin in */

#define SYSCTX_FIRST ((int)0x0007ffff)      /* they count down from here */
#define SYSCTX_TC (SYSCTX_FIRST - 0)        /* control messages between tasks; caught output (pvm_catchout()) */
#define SYSCTX_TM (SYSCTX_FIRST - 1)        /* task and pvmd */
#define SYSCTX_SG (SYSCTX_FIRST - 2)        /* static groups */
#define SYSCTX_DG (SYSCTX_FIRST - 3)        /* dynamic groups */
#define SYSCTX_RS4 (SYSCTX_FIRST - 4)       /* reserved */
#define SYSCTX_RS5 (SYSCTX_FIRST - 5)
#define SYSCTX_RS6 (SYSCTX_FIRST - 6)
#define SYSCTX_RS7 (SYSCTX_FIRST - 7)
#define SYSCTX_RS8 (SYSCTX_FIRST - 8)
#define SYSCTX_RS9 (SYSCTX_FIRST - 9)
#define SYSCTX_LAST (SYSCTX_FIRST - 9)
#define NUM_SYSCTX (SYSCTX_FIRST - SYSCTX_LAST + 1)

/* ==== Plug-in and pvmd ==== */

#define SM_FIRST ((int)0x80040001)
#define SM_SPAWN (SM_FIRST + 0)         /* a task asks its resource manager to spawn */
#define SM_EXEC (SM_FIRST + 1)          /* a resource manager has a pvmd start tasks */
#define SM_EXECACK (SM_FIRST + 2)
#define SM_TASK (SM_FIRST + 3)          /* list of tasks */
#define SM_CONFIG (SM_FIRST + 4)        /* list of hosts */
#define SM_ADDHOST (SM_FIRST + 5)
#define SM_DELHOST (SM_FIRST + 6)
#define SM_ADD (SM_FIRST + 7)           /* a resource manager has the first pvmd add hosts */
#define SM_ADDACK (SM_FIRST + 8)
#define SM_NOTIFY (SM_FIRST + 9)
#define SM_TASKX (SM_FIRST + 10)        /* a task has ended */
#define SM_HOSTX (SM_FIRST + 11)        /* a host has gone */
#define SM_HANDOFF (SM_FIRST + 12)      /* the manager before hands over */
#define SM_SCHED (SM_FIRST + 13)        /* register as a resource manager */
#define SM_STHOST (SM_FIRST + 14)       /* to the hoster: start these daemons */
#define SM_STHOSTACK (SM_FIRST + 15)
#define SM_STTASK (SM_FIRST + 16)       /* to the tasker: start this task */
#define SM_LAST (SM_FIRST + 16)

/* ==== Between tasks ==== */

#define TC_FIRST ((int)0x80030001)
#define TC_CONREQ (TC_FIRST + 0)        /* a direct route is asked for */
#define TC_CONACK (TC_FIRST + 1)
#define TC_TASKEXIT (TC_FIRST + 2)      /* a direct route ends */
#define TC_NOOP (TC_FIRST + 3)
#define TC_OUTPUT (TC_FIRST + 4)        /* output that pvm_catchout() writes */
#define TC_SETTRACE (TC_FIRST + 5)      /* a tracer sets where events go, */
#define TC_SETTMASK (TC_FIRST + 6)      /* which, */
#define TC_SETTRCBUF (TC_FIRST + 7)     /* how many bytes of them are collected, */
#define TC_SETTRCOPT (TC_FIRST + 8)     /* and how they are told */
#define TC_SHMAT (TC_FIRST + 9)         /* shared memory, on systems of the past */
#define TC_OUTPUTX (TC_FIRST + 10)      /* end of output that pvm_catchout() writes */
#define TC_SIBLINGS (TC_FIRST + 11)     /* who was started together */
#define TC_LAST (TC_FIRST + 11)

/* ==== Task and pvmd ====
 *
 * PVM 3's; a task of PVM 4 asks its daemon in other messages. They are reserved all the same. */

#define TM_FIRST ((int)0x80010001)
#define TM_CONNECT (TM_FIRST + 0)
#define TM_CONN2 (TM_FIRST + 1)
#define TM_EXIT (TM_FIRST + 2)
#define TM_ADDHOST (TM_FIRST + 3)
#define TM_DELHOST (TM_FIRST + 4)
#define TM_CONFIG (TM_FIRST + 5)
#define TM_MSTAT (TM_FIRST + 6)
#define TM_HALT (TM_FIRST + 7)
#define TM_TICKLE (TM_FIRST + 8)
#define TM_SPAWN (TM_FIRST + 9)
#define TM_PSTAT (TM_FIRST + 10)
#define TM_SENDSIG (TM_FIRST + 11)
#define TM_TASK (TM_FIRST + 12)
#define TM_MCA (TM_FIRST + 13)
#define TM_NOTIFY (TM_FIRST + 14)
#define TM_DB (TM_FIRST + 15)
#define TM_SCHED (TM_FIRST + 16)
#define TM_TASKER (TM_FIRST + 17)
#define TM_HOSTER (TM_FIRST + 18)
#define TM_TRACER (TM_FIRST + 19)
#define TM_HOSTSYNC (TM_FIRST + 20)
#define TM_SETOPT (TM_FIRST + 21)
#define TM_GETOPT (TM_FIRST + 22)
#define TM_CONTEXT (TM_FIRST + 23)
#define TM_SHMCONN (TM_FIRST + 24)
#define TM_LAST (TM_FIRST + 24)

/* Requests to the mailbox (TM_DB) and options (TM_SETOPT). */
#define TMDB_PUT 1
#define TMDB_REMOVE 2
#define TMDB_GET 3
#define TMDB_NAMES 4
#define TMDB_RESET 5
#define TS_OUTTID 1
#define TS_OUTCTX 2
#define TS_OUTTAG 3
#define TS_TRCTID 4
#define TS_TRCCTX 5
#define TS_TRCTAG 6

/* ==== pvmd and pvmd ====
 *
 * PVM 3's. Daemons of PVM 4 talk another language (docs/protocol.md), and programs never saw these. */

#define DM_FIRST ((int)0x80020001)
#define DM_ADD (DM_FIRST + 0)
#define DM_ADDACK (DM_FIRST + 1)
#define DM_EXEC (DM_FIRST + 2)
#define DM_EXECACK (DM_FIRST + 3)
#define DM_SENDSIG (DM_FIRST + 4)
#define DM_HTUPD (DM_FIRST + 5)
#define DM_HTUPDACK (DM_FIRST + 6)
#define DM_HTCOMMIT (DM_FIRST + 7)
#define DM_SLCONF (DM_FIRST + 8)
#define DM_STARTACK (DM_FIRST + 9)
#define DM_TASK (DM_FIRST + 10)
#define DM_TASKACK (DM_FIRST + 11)
#define DM_DELHOST (DM_FIRST + 12)
#define DM_DELHOSTACK (DM_FIRST + 13)
#define DM_NULL (DM_FIRST + 14)
#define DM_TASKOUT (DM_FIRST + 15)
#define DM_PSTAT (DM_FIRST + 16)
#define DM_PSTATACK (DM_FIRST + 17)
#define DM_HALT (DM_FIRST + 18)
#define DM_MCA (DM_FIRST + 19)
#define DM_NOTIFY (DM_FIRST + 20)
#define DM_NOTIFYACK (DM_FIRST + 21)
#define DM_DB (DM_FIRST + 22)
#define DM_DBACK (DM_FIRST + 23)
#define DM_RESET (DM_FIRST + 24)
#define DM_RESETACK (DM_FIRST + 25)
#define DM_HTDEL (DM_FIRST + 26)
#define DM_HOSTSYNC (DM_FIRST + 27)
#define DM_HOSTSYNCACK (DM_FIRST + 28)
#define DM_LAST (DM_FIRST + 28)

/* ==== Output messages ====
 *
 * What PvmOutputTid gets, from the task's pvmd (0x80000000; of another host with its number, as 0x80080000): int tid,
 * int count, and count bytes. These counts are no counts: */

#define TO_EOF 0          /* the end of the task's output */
#define TO_SPAWN (-1)     /* its pvm_spawn() is complete; int parent tid */
#define TO_NEW (-2)       /* a task was started; int parent tid */

#endif
