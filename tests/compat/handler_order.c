/* SPDX-License-Identifier: BSD-3-Clause */
/* How far each call goes among messages that have come at once: what stands behind is left to handlers that are
 * installed later. pvm_nrecv, pvm_probe and sends of PVM 3.4.6 take one message each time. */
#include "case.h"

static int calls, peer;
static char seen[100];
static sigset_t all_there;

static int count(int mid)
{
    calls++;
    return 0;
}

static void send_to(int tid, int tag)
{
    int pid = getpid();

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&pid, 1, 1);
    pvm_send(tid, tag);
}

/* Nine messages; when the daemon has all of them a signal, which the other waits for without PVM. */
static int sender(void)
{
    static const int tags[] = { 1, 2, 2, 5, 2, 3, 2, 4, 2 };
    int parent = pvm_parent(), pid;

    pvm_recv(parent, 40);
    pvm_upkint(&pid, 1, 1);
    for (int i = 0; i < 9; i++)
        send_to(parent, tags[i]);
    pvm_pstat(parent);
    kill(pid, SIGUSR1);
    pvm_recv(parent, 60);
    pvm_exit();
    return 0;
}

static int up_to_three(int bufid, int tid, int tag)
{
    int one = 0;

    pvm_bufinfo(bufid, NULL, &one, NULL);
    sprintf(seen + strlen(seen), " %d", one);
    return one == tag ? 2 : 0;
}

static void receive(void) { SIGN(pvm_recv(-1, 3)); }
static void receive_nothing(void) { struct timeval now = { 0, 0 }; SHOW(pvm_trecv(-1, 99, &now)); }
static void receive_in_time(void) { struct timeval minute = { 60, 0 }; SIGN(pvm_trecv(-1, 3, &minute)); }
static void receive_data(void) { int n; SHOW(pvm_precv(-1, 3, &n, 0, PVM_INT, NULL, NULL, NULL)); }
static void ask(void) { SHOW(pvm_pstat(peer)); }
static void ask_options(void) { pvm_getopt(PvmRoute); pvm_setopt(PvmResvTids, 0); pvm_initsend(PvmDataDefault); }
static void ask_who(void) { int *fds; pvm_mytid(); pvm_parent(); pvm_tidtohost(peer); pvm_getfds(&fds); }
static void lookup(void) { SHOW(pvm_recvinfo("nothing", 0, PvmMboxDefault)); }

static void receive_chosen(void)
{
    seen[0] = '\0';
    pvm_recvf(up_to_three);
    SIGN(pvm_recv(-1, 3));
    pvm_recvf(NULL);
    printf("the function saw%s\n", seen);
}

static void send_one(void)
{
    send_to(peer, 50);
    printf("one send: %d\n", calls);
    send_to(peer, 50);
    printf("another: %d\n", calls);
}

/* The call with the handler there before it, or only after it. */
static void go_through(const char *name, void (*call)(void), int before)
{
    int id, signo, queued = 0;

    printf("-- %s, handler %s\n", name, before ? "before" : "after");
    calls = 0;
    case_spawn("send", 1);
    peer = case_tids[case_count - 1];
    send_to(peer, 40);
    sigwait(&all_there, &signo);
    pvm_recv(-1, 1);
    if (before)
        id = pvm_addmhf(-1, 2, 0, count);
    call();
    if (!before)
        id = pvm_addmhf(-1, 2, 0, count);
    printf("handled in it: %d\n", calls);
    calls = 0;
    if (pvm_probe(-1, 4) == 0)
        while (pvm_nrecv(-1, 4) == 0)
            ;
    printf("up to tag 4: %d\n", calls);
    pvm_delmhf(id);
    send_to(peer, 60);
    case_await_end(peer);
    while (pvm_nrecv(-1, 2) > 0)
        queued++;
    printf("in the queue: %d\n", queued);
    while (pvm_nrecv(-1, -1) > 0)
        ;
    case_count--;
}

#define BOTH(call) go_through(#call, call, 1), go_through(#call, call, 0)

int main(int argc, char **argv)
{
    case_begin();
    if (case_role(argc, argv, "send"))
        return sender();
    case_roles(argc, argv);
    sigemptyset(&all_there);
    sigaddset(&all_there, SIGUSR1);
    sigprocmask(SIG_BLOCK, &all_there, NULL);
    BOTH(receive);
    BOTH(receive_nothing);
    BOTH(receive_in_time);
    BOTH(receive_data);
    BOTH(receive_chosen);
    BOTH(ask);
    BOTH(lookup);
    BOTH(ask_options);
    BOTH(ask_who);
    go_through("send_one", send_one, 1);
    pvm_exit();
    return 0;
}
