/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm_catchout: every kind of line, stdout and stderr, several children, grandchildren; what pvm_exit waits for. */
#include <sched.h>
#include <sys/ioctl.h>

#include "case.h"

static char file_name[] = "/tmp/catchout-XXXXXX";

/* Lines of the file in the order of their tasks, tids as numbers of their first appearance. */
static void show(const char *what)
{
    static char lines[4096][200];
    int tids[64], tid_count = 0, count = 0, tid, at;
    FILE *file = fopen(file_name, "r");

    printf("%s\n", what);
    while (count < 4096 && fgets(lines[count], sizeof(lines[0]), file) != NULL)
        count++;
    fclose(file);
    for (int i = 0; i < count; i++) {
        if (sscanf(lines[i], "[t%x]", &tid) != 1)
            continue;
        for (at = 0; at < tid_count && tids[at] != tid; at++)
            ;
        if (at == tid_count)
            tids[tid_count++] = tid;
    }
    for (int t = 0; t < tid_count; t++) {
        for (int i = 0; i < count; i++)
            if (sscanf(lines[i], "[t%x]", &tid) == 1 && tid == tids[t])
                printf(" task %d:%s", t, strchr(lines[i], ']') + 1);
    }
    for (int i = 0; i < count; i++)
        if (lines[i][0] != '[')
            printf(" no tid: %s", lines[i]);
}

/* Until the daemon has read all that was written: then it has gone where output went so far. */
static void await_reader(void)
{
    int left = 1;

    while (left > 0 && ioctl(STDOUT_FILENO, FIONREAD, &left) == 0)
        sched_yield();
}

static int child(const char *kind)
{
    int tid;
    char *args[] = { "child", "plain", NULL };

    pvm_mytid();
    switch (kind[0]) {
    case 'p':
        printf("plain\n");
        break;
    case 'm':
        printf("one\ntwo\n\nfour, and");
        fflush(stdout);
        fprintf(stderr, " on stderr");
        break;
    case 'l':
        for (int i = 0; i < 150; i++)
            putchar('a' + i % 26);
        printf("\n\ttabs and  blanks \n");
        break;
    case 'g':
        pvm_spawn(CASE_NAME, args, 0, NULL, 1, &tid);
        printf("has a child\n");
        break;
    case 'o':
        pvm_setopt(PvmOutputTid, 0);
        pvm_spawn(CASE_NAME, args, 0, NULL, 1, &tid);
        printf("hides its child\n");
        case_await_end(tid);
        break;
    case 's':
        printf("before\n");
        fflush(stdout);
        await_reader();
        pvm_setopt(PvmSelfOutputTid, 0);
        printf("not to be seen\n");
        break;
    case 'k':
        printf("is killed\n");
        fflush(stdout);
        raise(SIGKILL);
        break;
    case 'q':
        break;
    }
    fflush(stdout);
    pvm_exit();
    return 0;
}

static void run(FILE *file, const char *kind, int n)
{
    char *args[] = { "child", (char *)kind, NULL };
    int tids[8];

    rewind(file);
    ftruncate(fileno(file), 0);
    case_me = pvm_mytid();
    pvm_catchout(file);
    if (pvm_spawn(CASE_NAME, args, 0, NULL, n, tids) != n)
        printf("spawn failed\n");
    pvm_exit();
    fflush(file);
    show(kind);
}

int main(int argc, char **argv)
{
    FILE *file;

    if (argc > 2 && case_role(argc, argv, "child"))
        return child(argv[2]);
    case_roles(argc, argv);
    case_begin();
    file = fdopen(mkstemp(file_name), "w");
    run(file, "plain", 1);
    run(file, "many lines", 1);
    run(file, "long", 1);
    run(file, "plain, three", 3);
    run(file, "grandchild", 1);
    run(file, "own way", 1);
    run(file, "quiet", 1);
    run(file, "killed", 1);
    pvm_setopt(PvmShowTids, 0);
    run(file, "many lines", 1);
    pvm_setopt(PvmShowTids, 1);
    SHOW(pvm_catchout(NULL));
    SHOW(pvm_catchout(NULL));
    unlink(file_name);
    return 0;
}
