/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_reg_hoster: who can be one, what it is asked, and what becomes of hosts for which it answers this or that. */
#include "case.h"

#include <pvmproto.h>

#define TAG_TOLD 1
#define LINE 16384

static void show_entry(void)
{
    struct pvmmboxinfo *classes;
    int n;

    pvm_getmboxinfo(PVMHOSTERCLASS, &n, &classes);
    printf("%d class\n", n);
    for (int i = 0; i < n; i++)
        printf("%s: %d entry, index %d, owner %s, flags %d\n", classes[i].mi_name, classes[i].mi_nentries,
               classes[i].mi_indices[0], who(classes[i].mi_owners[0]), classes[i].mi_flags[0]);
}

/* Another task registers, and tells what it got. */
static int other(void)
{
    int told;

    pvm_setopt(PvmAutoErr, 0);
    told = pvm_reg_hoster();
    pvm_initsend(PvmDataDefault);
    pvm_pkint(&told, 1, 1);
    pvm_send(pvm_parent(), TAG_TOLD);
    pvm_exit();
    return 0;
}

/* Another task adds hosts, and tells what it got. */
static int adder(void)
{
    char *lines[] = { "beta", "gamma lo=me so=pw" };
    int infos[2] = { 77, 77 };
    int told[3];

    pvm_setopt(PvmAutoErr, 0);
    told[0] = pvm_addhosts(lines, 2, infos);
    told[1] = infos[0] > 1000 ? 0 : infos[0];
    told[2] = infos[1] > 1000 ? 0 : infos[1];
    pvm_initsend(PvmDataDefault);
    pvm_pkint(told, 3, 1);
    pvm_send(pvm_parent(), TAG_TOLD);
    pvm_exit();
    return 0;
}

static void other_says(const char *where)
{
    char *args[] = { "other", NULL };
    int tid, told;

    if (pvm_spawn(CASE_NAME, args, where != NULL ? PvmTaskHost : 0, (char *)where, 1, &tid) != 1)
        printf("no other task: %s\n", code(tid));
    pvm_recv(tid, TAG_TOLD);
    pvm_upkint(&told, 1, 1);
    printf("another task%s%s:\npvm_reg_hoster(): %s\n", where != NULL ? " on " : "", where != NULL ? where : "", code(told));
}

/* The first line of what the command prints. */
static void start(const char *where, const char *command, char *line)
{
    static char text[2 * LINE];
    const char *at = strchr(where, '@');
    FILE *pipe;

    snprintf(text, sizeof(text), "%s %s '%s' </dev/null 2>/dev/null", getenv("PVM_RSH"), at != NULL ? at + 1 : where,
             command);
    pipe = popen(text, "r");
    if (pipe == NULL || fgets(line, LINE, pipe) == NULL)
        strcpy(line, "no line");
    line[strcspn(line, "\n")] = '\0';
}

static void answer(int to, int wid, int count, const int *tids, char lines[2][LINE])
{
    struct pvmminfo info;
    int id = pvm_initsend(PvmDataDefault);

    pvm_pkint(&count, 1, 1);
    for (int i = 0; i < count; i++) {
        pvm_pkint((int *)&tids[i], 1, 1);
        pvm_pkstr(lines[i]);
    }
    pvm_getminfo(id, &info);
    info.wid = wid;
    pvm_setminfo(id, &info);
    SHOW(pvm_send(to, SM_STHOSTACK));
}

/* Takes a request and answers it: each host with words[i], or NULL: what starting it gives. */
static void serve(const char *first, const char *second)
{
    static char lines[2][LINE];
    const char *words[2] = { first, second };
    struct pvmminfo info;
    int count, tids[2], rest;

    pvm_getminfo(pvm_recv(-1, SM_STHOST), &info);
    pvm_upkint(&count, 1, 1);
    printf("asked for %d hosts, from %s, context %d, wait id %s\n", count, who(info.src), info.ctx,
           info.wid != 0 ? "set" : "0");
    for (int i = 0; i < count && i < 2; i++) {
        char so[256], where[256], command[LINE], windows[LINE], vmid[256];

        pvm_upkint(&tids[i], 1, 1);
        pvm_upkstr(so);
        pvm_upkstr(where);
        pvm_upkstr(command);
        pvm_upkstr(windows);
        pvm_upkstr(vmid);
        printf("host part %s, so \"%s\", where \"%s\", command of pvmd %d, vmid \"%s\"\n",
               pvm_tidtohost(tids[i]) == tids[i] ? "yes" : "no", so, where, strstr(command, "pvmd -s") != NULL, vmid);
        if (words[i] != NULL)
            strcpy(lines[i], words[i]);
        else
            start(where, command, lines[i]);
    }
    SHOW(pvm_upkint(&rest, 1, 1));
    answer(info.src, info.wid, count, tids, lines);
}

static void add_told(const char *what)
{
    int told[3];

    pvm_recv(-1, TAG_TOLD);
    pvm_upkint(told, 3, 1);
    printf("hosts for which the answer is %s: %s: %s %s\n", what, code(told[0]), code(told[1]), code(told[2]));
}

static void add(const char *first, const char *second, const char *what)
{
    case_spawn("adder", 1);
    serve(first, second);
    add_told(what);
}

int main(int argc, char **argv)
{
    struct pvmtaskinfo *task;
    int n;

    if (case_role(argc, argv, "other"))
        return other();
    if (case_role(argc, argv, "adder"))
        return adder();
    case_begin();
    pvm_setopt(PvmResvTids, 1);
    SHOW(pvm_reg_hoster());
    show_entry();
    pvm_tasks(case_me, &n, &task);
    printf("flags %x\n", task->ti_flag & 0xf00);
    other_says(NULL);
    add("PvmCantStart", "PvmNoHost", "an error");
    add("what is that", "PvmNothing", "nonsense");
    add(NULL, NULL, "that of the command");
    SHOW(pvm_reg_hoster());
    show_entry();
    other_says(NULL);
    other_says("beta");
    SHOW(pvm_reg_hoster());
    SHOW(pvm_reg_hoster());
    case_spawn("adder", 1);
    add_told("not asked for");
    pvm_exit();
    return 0;
}
