/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox: flags, owners, orphans, waiting, lines of errors, and what a message keeps. */
#include "case.h"

static int put(char *name, int value, int flags)
{
    int bufid = pvm_mkbuf(PvmDataDefault), old = pvm_setsbuf(bufid), rc;

    pvm_pkint(&value, 1, 1);
    rc = pvm_putinfo(name, bufid, flags);
    pvm_freebuf(pvm_setsbuf(old));
    return rc;
}

static void get(char *name, int index, int flags)
{
    int value = -1, bufid = pvm_recvinfo(name, index, flags);

    printf("recvinfo(%s, %d, %d): ", name ? name : "NULL", index, flags);
    if (bufid > 0) {
        pvm_upkint(&value, 1, 1);
        printf("value %d\n", value);
    } else {
        printf("%s\n", code(bufid));
    }
}

static void list(char *pattern)
{
    struct pvmmboxinfo *classes;
    int count = -1, rc = pvm_getmboxinfo(pattern, &count, &classes);

    printf("%s: %s, %d:", pattern, code(rc), count);
    for (int i = 0; i < count; i++) {
        printf(" %s", classes[i].mi_name);
        for (int k = 0; k < classes[i].mi_nentries; k++)
            printf("[%d %s 0x%x]", classes[i].mi_indices[k], who(classes[i].mi_owners[k]), classes[i].mi_flags[k]);
    }
    puts("");
}

/* Tells its parent what it gets. */
static void tell(int rc)
{
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&rc, 1, 1);
    pvm_send(pvm_parent(), 1);
}

static int child(void)
{
    int what = 1;

    case_begin();
    while (what != 0) {
        pvm_recv(pvm_parent(), -1);
        pvm_upkint(&what, 1, 1);
        switch (what) {
        case 1: tell(put("p", 5, PvmMboxDefault)); break;
        case 2: tell(pvm_delinfo("p", 0, 0)); break;
        case 3: tell(pvm_recvinfo("p", 0, PvmMboxReadAndDelete)); break;
        case 4: tell(put("p", 6, PvmMboxMultiInstance)); break;
        case 5: tell(put("o", 7, PvmMboxDefault)); break;
        case 6: tell(put("k", 8, PvmMboxPersistent)); break;
        case 7: tell(put("ko", 9, PvmMboxPersistent | PvmMboxOverWritable)); break;
        case 8: tell(pvm_delete("old", 0)); break;
        case 9: tell(pvm_recvinfo("late", 1, PvmMboxWaitForInfo | PvmMboxReadAndDelete) > 0); break;
        case 10: tell(pvm_insert("old", -1, 3)); break;
        default: break;
        }
    }
    pvm_exit();
    return 0;
}

static int ask(int what)
{
    int rc = -99;

    pvm_initsend(PvmDataDefault);
    pvm_pkint(&what, 1, 1);
    pvm_send(case_tids[0], 1);
    if (what == 0 || what == 9)
        return 0;
    pvm_recv(case_tids[0], 1);
    pvm_upkint(&rc, 1, 1);
    return rc;
}

static void message(void)
{
    struct pvmminfo info;
    char text[20] = "";
    double d = 0;
    short s[3] = { 1, 2, 3 };
    int i, old, bufid = pvm_initsend(PvmDataDefault);

    pvm_pkstr("hello");
    pvm_pkshort(s, 3, 1);
    d = 1.5;
    pvm_pkdouble(&d, 1, 1);
    old = pvm_setcontext(12);
    pvm_send(case_me, 9);
    bufid = pvm_recv(case_me, 9);
    pvm_setrbuf(0);
    pvm_setcontext(old);
    printf("put a received one: %s\n", code(pvm_putinfo("msg", bufid, 0)));
    bufid = pvm_recvinfo("msg", 0, 0);
    pvm_getminfo(bufid, &info);
    printf("len %d ctx %d tag %d wid %d enc %x src %s dst %s\n", info.len, info.ctx, info.tag, info.wid, info.enc, who(info.src), who(info.dst));
    s[0] = s[1] = s[2] = 0;
    d = 0;
    pvm_upkstr(text);
    pvm_upkshort(s, 3, 1);
    pvm_upkdouble(&d, 1, 1);
    printf("%s %d %d %d %g, then %s\n", text, s[0], s[1], s[2], d, code(pvm_upkint(&i, 1, 1)));
    printf("packing the send buffer on after a put: ");
    pvm_initsend(PvmDataDefault);
    i = 1;
    pvm_pkint(&i, 1, 1);
    pvm_putinfo("grow", pvm_getsbuf(), 0);
    i = 2;
    pvm_pkint(&i, 1, 1);
    pvm_putinfo("grown", pvm_getsbuf(), 0);
    bufid = pvm_recvinfo("grow", 0, 0);
    pvm_bufinfo(bufid, &i, NULL, NULL);
    printf("%d", i);
    bufid = pvm_recvinfo("grown", 0, 0);
    pvm_bufinfo(bufid, &i, NULL, NULL);
    printf(" %d\n", i);
}

static void large(void)
{
    int n = 3 << 20, *data = malloc(n * sizeof(int)), good = 1;

    for (int i = 0; i < n; i++)
        data[i] = i * 3;
    for (int encoding = 0; encoding < 2; encoding++) {
        pvm_initsend(encoding);
        pvm_pkint(data, n, 1);
        printf("put 12 MiB: %s\n", code(pvm_putinfo("large", pvm_getsbuf(), 0)));
        memset(data, 0, n * sizeof(int));
        pvm_recvinfo("large", 0, 0);
        printf("unpack: %s", code(pvm_upkint(data, n, 1)));
        for (int i = 0; i < n; i++)
            good &= data[i] == i * 3;
        printf(", good %d\n", good);
    }
    free(data);
    printf("deleted: %s\n", code(pvm_delinfo("large", 0, 0)));
}

static void errors(void)
{
    int data = 7;

    puts("-- lines of errors");
    LINES(pvm_putinfo("", 1, 0), "putinfo, no name");
    LINES(put("k", 1, 0), "putinfo, denied");
    LINES(pvm_recvinfo(NULL, 0, 0), "recvinfo, no name");
    LINES(pvm_recvinfo("k", -1, 0), "recvinfo, index");
    LINES(pvm_recvinfo("none", 0, 0), "recvinfo, not found");
    LINES(pvm_recvinfo("k", 0, PvmMboxReadAndDelete), "recvinfo, denied");
    LINES(pvm_delinfo("", 0, 0), "delinfo, no name");
    LINES(pvm_delinfo("k", 0, 0), "delinfo, denied");
    LINES(pvm_delinfo("none", 0, 0), "delinfo, not found");
    LINES(pvm_insert("", 0, 0), "insert, no name");
    LINES(pvm_insert("k", 0, 0), "insert, denied");
    LINES(pvm_lookup("", 0, &data), "lookup, no name");
    LINES(pvm_lookup("none", 0, &data), "lookup, not found");
    LINES(pvm_delete("", 0), "delete, no name");
    LINES(pvm_delete("none", 0), "delete, not found");
    LINES(pvm_delete("k", 0), "delete, denied");
    printf("data %d\n", data);
}

int main(int argc, char **argv)
{
    int data;

    case_roles(argc, argv);
    if (argc > 1)
        return child();
    case_begin();
    case_spawn("child", 1);
    printf("flags: %s\n", code(put("f", 1, PvmMboxPersistent | PvmMboxFirstAvail | PvmMboxReadAndDelete | 64)));
    list("f");
    printf("direct %s", code(put("d", 1, PvmMboxDirectIndex(4))));
    printf(", again %s\n", code(put("d", 2, PvmMboxDirectIndex(4))));
    printf("more from 4 on: %s", code(put("d", 3, PvmMboxDirectIndex(4) | PvmMboxMultiInstance)));
    printf(" %s\n", code(put("d", 4, PvmMboxMultiInstance)));
    printf("largest %s", code(put("d", 5, PvmMboxDirectIndex(2097151))));
    printf(", too large %s\n", code(put("big", 6, -1)));
    list("d");
    get("d", 1, PvmMboxFirstAvail);
    get("d", 5, PvmMboxFirstAvail | PvmMboxReadAndDelete);
    get("d", 5, PvmMboxDefault);
    get("d", 6, PvmMboxFirstAvail | PvmMboxWaitForInfo);

    puts("-- of others");
    put("p", 1, PvmMboxDefault);
    printf("put %s", code(ask(1)));
    printf(", delete %s", code(ask(2)));
    printf(", read and delete %s", code(ask(3)));
    printf(", one more %s\n", code(ask(4)));
    put("o", 1, PvmMboxOverWritable);
    printf("overwrite %s\n", code(ask(5)));
    list("o");
    printf("and back %s\n", code(put("o", 1, PvmMboxOverWritable)));
    printf("persistent %s", code(ask(6)));
    printf(" %s\n", code(ask(7)));
    data = pvm_insert("old", -1, 4);
    printf("insert %s", code(data));
    printf(", by another %s", code(ask(10)));
    printf(", delete by another %s\n", code(ask(8)));
    ask(9);
    printf("put for the waiting one: %s\n", code(put("late", 1, PvmMboxDirectIndex(1) | PvmMboxOverWritable)));
    pvm_recv(case_tids[0], 1);
    pvm_upkint(&data, 1, 1);
    printf("it has it: %d\n", data);
    list("late");
    ask(0);
    case_await_end(case_tids[0]);
    for (int i = 0; i < 200; i++) {    /* its entries go a moment later */
        struct pvmmboxinfo *classes;

        pvm_getmboxinfo("p", &data, &classes);
        if (classes[0].mi_nentries == 1)
            break;
        usleep(20000);
    }
    list("*");
    printf("orphan: put %s", code(put("k", 1, 0)));
    printf(", delete %s", code(pvm_delinfo("k", 0, 0)));
    printf(", delete old %s\n", code(pvm_delete("old", 1)));
    get("k", 0, PvmMboxReadAndDelete);
    get("k", 0, PvmMboxDefault);
    get("ko", 0, PvmMboxReadAndDelete);

    puts("-- the message");
    message();
    large();

    puts("-- insert, lookup, delete");
    printf("insert %s", code(pvm_insert("i", 3000000, 1)));
    printf(" %s", code(pvm_insert("i", 3000000, 1)));
    printf(" lookup %s", code(pvm_lookup("i", 3000000, &data)));
    printf(" delete %s\n", code(pvm_delete("i", 3000000)));
    pvm_initsend(PvmDataDefault);
    pvm_send(case_me, 4);
    data = pvm_recv(-1, 4);
    pvm_insert("i", 0, 1);
    pvm_lookup("i", 0, NULL);
    printf("the active receive buffer stays %d\n", pvm_getrbuf() == data);
    errors();
    pvm_exit();
    return 0;
}
