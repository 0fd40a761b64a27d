/* SPDX-License-Identifier: BSD-3-Clause */
/* pvm: the words of its command line. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console/command.h"
#include "console/console.h"
#include "console/report.h"
#include "pvm3.h"

static void usage(void)
{
    printf("The console of PVM: starts, shows and changes a virtual machine.\n\n"
           "  pvm                              starts a virtual machine if there is none, and gives a prompt\n"
           "  pvm [PVMD OPTIONS] HOSTFILE      the same, with the hosts of HOSTFILE\n"
           "  pvm COMMAND ...                  runs one command of the prompt:\n\n"
           "      pvm start                    starts a virtual machine\n"
           "      pvm add h2 h3                adds two hosts\n"
           "      pvm add --local 3            adds three daemons on this computer\n"
           "      pvm conf                     shows the hosts\n"
           "      pvm spawn -4 --output prog   starts four copies of prog\n"
           "      pvm ps -a                    shows the tasks\n"
           "      pvm halt                     ends all\n\n"
           "  pvm run -n 4 PROGRAM ...         runs a job, with its own virtual machine if there is none\n"
           "  pvm help [COMMAND]               all commands, or one; pvm help exit: what pvm returns\n"
           "  pvm --version\n\n"
           "--json behind a command that prints a table prints JSON instead.\n");
}

/* Runs one command, and stays until the output of its job has come. */
static int main_command(struct console *console, int argc, char **argv)
{
    int status = console_execute(console, argc, argv);

    while (!console->over && job_any_left(console->jobs)) {
        struct timeval limit = { .tv_sec = 1 };

        fflush(stdout);
        int bufid = pvm_trecv(-1, -1, &limit);
        if (bufid > 0)
            console_received(console, bufid);
        else if (bufid < 0)
            console_lost(console);
    }
    return console->exit_status != EXIT_GOOD ? console->exit_status : status;
}

/* The last word is a host file, unless it is an option. */
static int check_hostfile(int argc, char **argv)
{
    const char *last = argv[argc - 1];

    if (argc < 2 || last[0] == '-' || access(last, R_OK) == 0)
        return EXIT_GOOD;
    report_error("pvm", "\"%s\" is neither a command nor a host file that can be read. See: pvm --help", last);
    return EXIT_USAGE;
}

/* All words are for the daemon, if one is to be started. */
static int main_prompt(struct console *console, int argc, char **argv)
{
    int status = check_hostfile(argc, argv);

    if (status != EXIT_GOOD)
        return status;
    console->prompt = true;
    if (console_enroll(console) > 0) {
        printf("pvmd already running.\n");
        fflush(stdout);
    } else {
        int rc = console_start(console, argc - 1, argv + 1);

        if (rc < 0)
            return report_call("pvm", rc);
    }
    console_prompt(console);
    return console->exit_status;
}

/* A closed stdin, stdout or stderr would become the number of the next file: of the daemon's socket. */
static void descriptors_fill(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY);    /* writing to it fails, which is told */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    struct console console = { 0 };
    int status;

    descriptors_fill();
    setlocale(LC_CTYPE, "");
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        usage();
        return EXIT_GOOD;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("pvm %s (compatible with PVM %s)\n", PVMI_VERSION_TEXT, pvm_version());
        return EXIT_GOOD;
    }
    if (argc > 1 && command_find(argv[1]) != NULL)
        status = main_command(&console, argc - 1, argv + 1);
    else
        status = main_prompt(&console, argc, argv);
    console_fini(&console);
    bool unwritten = fflush(stdout) != 0;
    if ((unwritten || ferror(stdout)) && status == EXIT_GOOD)
        status = report_error("pvm", "the output could not be written");
    return status;
}
