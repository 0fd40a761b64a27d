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

static int refuse_word(const char *word)
{
    const char *near = command_near(word);

    if (near != NULL)
        report_error("pvm", "\"%s\" is no command; perhaps %s? See: pvm --help", word, near);
    else
        report_error("pvm", "\"%s\" is neither a command nor a host file that can be read. See: pvm --help", word);
    return EXIT_USAGE;
}

/* Options of pvmd, then a host file: a mistyped command is none of both, and starts nothing. */
static int check_words(int argc, char **argv)
{
    const char *last = argv[argc - 1];

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            report_error("pvm", "no such option: %s. See: pvm --help", argv[i]);
            return EXIT_USAGE;
        }
    }
    if (argc > 2 && argv[1][0] != '-')
        return refuse_word(argv[1]);
    return argc < 2 || last[0] == '-' || access(last, R_OK) == 0 ? EXIT_GOOD : refuse_word(last);
}

/* All words are for the daemon, if one is to be started. */
static int main_prompt(struct console *console, int argc, char **argv)
{
    int status = check_words(argc, argv);

    if (status != EXIT_GOOD)
        return status;
    console->prompt = true;
    if (console_enroll(console) > 0) {
        printf("pvmd already running.\n");
        fflush(stdout);
        if (argc > 1)
            report_error("pvm", "a virtual machine runs already, on which \"%s\" has no effect", argv[argc - 1]);
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
    if (status == EXIT_GOOD && job_any_failed(console.jobs))
        status = EXIT_FAILED;
    console_fini(&console);
    bool unwritten = fflush(stdout) != 0;
    if ((unwritten || ferror(stdout)) && status == EXIT_GOOD)
        status = report_error("pvm", "the output could not be written");
    return status;
}
