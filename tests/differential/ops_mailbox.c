/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on the mailbox, contexts and message handlers. */
#include "script.h"

#define CLASSES 3
#define HANDLERS 4

/* Names of this script alone: entries may stay in the machine. */
static char *class_name(int which)
{
    static char name[CLASSES][48];

    snprintf(name[which], sizeof(name[which]), "m%llu.%x.%d", (unsigned long long)script.seed,
             (unsigned)script.tids[0] & 0x3ffff, which);
    return name[which];
}

static int some_flags(void)
{
    static const int flags[] = { PvmMboxDefault, PvmMboxMultiInstance, PvmMboxOverWritable, PvmMboxPersistent,
                                 PvmMboxMultiInstance | PvmMboxOverWritable };

    return flags[below(5)] | (chance(25) ? PvmMboxDirectIndex(1 + below(3)) : 0);
}

static void op_putinfo(int index)
{
    struct known *buffer = buffers_some();
    int which = below(CLASSES), flags = some_flags();

    (void)index;
    if (chance(6)) {
        say("(\"\") = %s", code(pvm_putinfo("", 1, 0)));
        return;
    }
    if (buffer == NULL || buffer->encoding == PvmDataInPlace) {
        masked("a buffer that is not there, or in place");
        return;
    }
    say("(%d, %s, %x)", which, buffers_text(buffer->id), (unsigned)flags);
    say(" = %s", quiet(pvm_putinfo(class_name(which), buffer->id, flags)));
}

/* PVM 3 leaves a buffer of its own active when there is no such entry. */
static void op_recvinfo(int index)
{
    static const int flags[] = { PvmMboxDefault, PvmMboxFirstAvail, PvmMboxReadAndDelete,
                                 PvmMboxFirstAvail | PvmMboxReadAndDelete };
    int which = below(CLASSES), entry = below(5) - 1, flag = flags[below(4)], before = pvm_getrbuf(), id;
    int length = -1, tid = -1;

    (void)index;
    say("(%d, %d, %x)", which, entry, (unsigned)flag);
    if (entry < 0) {
        say(" = %s", code(pvm_recvinfo(class_name(which), entry, flag)));
        return;
    }
    id = pvm_recvinfo(class_name(which), entry, flag);
    buffers_gone(before);
    if (id <= 0) {
        say(" = %s", quiet(id));
        pvm_setrbuf(0);
        return;
    }
    buffers_made(id, PvmDataDefault, 1);
    buffers_find(id)->from_mailbox = 1;
    pvm_bufinfo(id, &length, NULL, &tid);
    say(" = %s %s", buffers_text(id), who(tid));
    data_unpack();
}

static void op_delinfo(int index)
{
    int which = below(CLASSES), entry = below(5) - 1;

    (void)index;
    say("(%d, %d) = %s", which, entry, quiet(pvm_delinfo(class_name(which), entry, 0)));
}

static void waited_for(char *name, int entry, int flags)
{
    int before = pvm_getrbuf(), id = pvm_recvinfo(name, entry, flags | PvmMboxWaitForInfo), word = -1, tid = -1;

    buffers_gone(before);
    say(" got %d %x = %s", entry, (unsigned)flags, id > 0 ? "yes" : quiet(id));
    if (id <= 0) {
        pvm_setrbuf(0);
        return;
    }
    buffers_made(id, PvmDataDefault, 1);
    buffers_find(id)->from_mailbox = 1;
    pvm_bufinfo(id, NULL, NULL, &tid);
    say(" from %s: %s", who(tid), code(pvm_upkint(&word, 1, 1)));
    say(" %d", word);
}

static int put_word(char *name, int word, int flags)
{
    int before = pvm_setsbuf(0), id = pvm_initsend(below(2)), rc;

    pvm_pkint(&word, 1, 1);
    rc = pvm_putinfo(name, id, flags);
    pvm_freebuf(id);
    pvm_setsbuf(before);
    return rc;
}

/* One puts what others wait for; all of them, or one that deletes it. The name is used once. */
static void op_mbox_wait(int index)
{
    static const int how[] = { PvmMboxDefault, PvmMboxFirstAvail, PvmMboxReadAndDelete,
                               PvmMboxFirstAvail | PvmMboxReadAndDelete };
    int putter = below(script.ntask), flags = some_flags() & ~PvmMboxPersistent, which = how[below(4)];
    int entry = flags >> PvmMboxDirectIndexShift, waiter = (putter + 1 + below(script.ntask - 1)) % script.ntask, word = below(1000);
    char name[64];

    if (which & PvmMboxReadAndDelete)
        flags |= PvmMboxOverWritable;
    snprintf(name, sizeof(name), "%s.wait%d", class_name(0), index);
    if (script.me == putter)
        say(" put %x = %s", (unsigned)flags, quiet(put_word(name, word, flags)));
    else if (!(which & PvmMboxReadAndDelete) || script.me == waiter)
        waited_for(name, which & PvmMboxFirstAvail && chance(50) ? 0 : entry, which);
}

static void op_mboxinfo(int index)
{
    struct pvmmboxinfo *list = NULL;
    char pattern[48];
    int n = -1, rc;

    (void)index;
    snprintf(pattern, sizeof(pattern), "m%llu.%x.", (unsigned long long)script.seed,
             (unsigned)script.tids[0] & 0x3ffff);
    rc = pvm_getmboxinfo(pattern, &n, &list);
    say(" = %s %d:", code(rc), n);
    for (int i = 0; i < n; i++) {
        say(" %s", strrchr(list[i].mi_name, '.'));
        for (int j = 0; j < list[i].mi_nentries; j++)
            say(" %d %s %x", list[i].mi_indices[j], who(list[i].mi_owners[j]), (unsigned)list[i].mi_flags[j]);
    }
}

/* The mailbox of PVM 3.3. */
static void op_old_mailbox(int index)
{
    int which = below(CLASSES), entry = below(4) - 1, data = -1;
    char name[64];

    (void)index;
    snprintf(name, sizeof(name), "%s.old", class_name(which));
    switch (below(3)) {
    case 0:
        say(" insert(%d, %d) = %s", which, entry, quiet(pvm_insert(name, entry, below(100))));
        break;
    case 1:
        say(" lookup(%d, %d) = %s", which, entry, quiet(pvm_lookup(name, entry, &data)));
        say(" %d", data);
        break;
    default:
        say(" delete(%d, %d) = %s", which, entry, quiet(pvm_delete(name, entry)));
    }
}

static void op_context(int index)
{
    static int made;
    int next = below(3), fresh;

    (void)index;
    switch (below(4)) {
    case 0:
        fresh = pvm_newcontext();
        say(" new %s", fresh > 0 ? "positive" : code(fresh));
        if (made == 0)
            made = fresh;
        break;
    case 1:
        say(" free %s", quiet(pvm_freecontext(made == 0 ? 12345 : made)));
        made = 0;
        break;
    default:
        say(" set(%d) = %d, now %d", next, pvm_setcontext(next), pvm_getcontext());
    }
}

static int handler_ids[HANDLERS] = { -1, -1, -1, -1 };

/* Only what others send comes here, and is handled while this task waits for its turn. */
static int handler(int mid)
{
    int length = -1, tag = -1, tid = -1, x = 0, rc = pvm_bufinfo(mid, &length, &tag, &tid);

    say("handler: %s %s %d %d context %d", code(rc), who(tid), tag, length, pvm_getcontext());
    rc = pvm_upkint(&x, 1, 1);
    say(" %s %x send buffer %d, recv %s\n", code(rc), (unsigned)x, pvm_getsbuf(), code(pvm_recv(-1, 4242)));
    return 0;
}

static void op_addmhf(int index)
{
    int which = below(HANDLERS), src = chance(50) ? -1 : some_peer(), context = chance(50) ? -1 : 0, id;

    (void)index;
    if (handler_ids[which] >= 0) {
        say(" delete %s", code(pvm_delmhf(handler_ids[which])));
        say(" again %s", code(pvm_delmhf(handler_ids[which])));
        handler_ids[which] = -1;
        return;
    }
    id = pvm_addmhf(src, TAG_HANDLED + which % 2, context, handler);
    say("(%s, %d, %d) = %s", who(src), which % 2, context, id >= 0 ? "added" : code(id));
    handler_ids[which] = id;
}

static void op_poke(int index)
{
    int tid = some_peer(), word = below(1000), before = pvm_setsbuf(0), id;

    (void)index;
    if (tid == script.tids[script.me]) {
        pvm_setsbuf(before);
        masked("when a message to oneself is handled");
        return;
    }
    id = pvm_initsend(PvmDataDefault);
    pvm_pkint(&word, 1, 1);
    turns_will_send_to(tid);
    say("(%s, %d)", who(tid), word);
    say(" = %s", code(pvm_send(tid, TAG_HANDLED + below(2))));
    pvm_freebuf(id);
    pvm_setsbuf(before);
}

const struct op mailbox_ops[] = {
    { "putinfo", 7, 0, op_putinfo },
    { "recvinfo", 6, 0, op_recvinfo },
    { "delinfo", 3, 0, op_delinfo },
    { "mboxinfo", 3, 0, op_mboxinfo },
    { "mbox_wait", 3, 1, op_mbox_wait },
    { "old_mailbox", 4, 0, op_old_mailbox },
    { "context", 5, 0, op_context },
    { "addmhf", 4, 0, op_addmhf },
    { "poke", 5, 0, op_poke },
    { NULL, 0, 0, NULL },
};
