/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of PvmAutoErr, how PvmAutoErr 2 and 3 end a program, pvm_perror. stderr is shown on stdout. */
#include "case.h"

static void masked(void (*what)(void))
{
    char line[1000], *bracket;
    int status, ends[2];
    FILE *in;

    fflush(stdout);
    if (pipe(ends) != 0)
        exit(1);
    if (fork() == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        what();
        _exit(0);
    }
    close(ends[1]);
    in = fdopen(ends[0], "r");
    while (fgets(line, sizeof(line), in) != NULL)
        if ((bracket = strchr(line, ']')) != NULL && strncmp(bracket, "]:   ", 5) != 0)
            printf("  libpvm [...%s", bracket);
    fclose(in);
    wait(&status);
    if (WIFSIGNALED(status))
        printf("  signal %d\n", WTERMSIG(status));
    else
        printf("  status %d\n", WEXITSTATUS(status));
}

static void quiet(void)
{
    pvm_setopt(PvmAutoErr, 0);
    pvm_initsend(9);
    pvm_perror("quiet");
}

static void one_line(void)
{
    pvm_initsend(9);
    pvm_freebuf(9999);
    pvm_pkint(NULL, -1, 1);
    pvm_perror("mine");
    pvm_perror(NULL);
}

static void ends_with_status(void)
{
    pvm_setopt(PvmAutoErr, 2);
    pvm_freebuf(-1);
}

static void aborts(void)
{
    pvm_setopt(PvmAutoErr, 3);
    pvm_freebuf(-1);
}

static void any_other_value(void)
{
    pvm_setopt(PvmAutoErr, 17);
    pvm_freebuf(-1);
}

static void at_first(void)
{
    pvm_perror("at first");
}

int main(void)
{
    printf("0\n");
    masked(quiet);
    printf("1\n");
    masked(one_line);
    printf("2\n");
    masked(ends_with_status);
    printf("3\n");
    masked(aborts);
    printf("17\n");
    masked(any_other_value);
    printf("no error yet\n");
    masked(at_first);
    printf("%s\n", pvm_version());
    return 0;
}
