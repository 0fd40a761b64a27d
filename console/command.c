/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

#include "console/host_command.h"
#include "console/mailbox_command.h"
#include "console/report.h"
#include "console/shell_command.h"
#include "console/spawn_command.h"
#include "console/task_command.h"
#include "console/trace_command.h"
#include "pvm3.h"

static const char add_help[] =
    "Syntax:  add [ options ] hostname ...\n"
    "  or     add 'hostname <option>=<value>...' ...\n"
    "Options:  --local N   N more daemons on this computer, named local1, local2...\n"
    "          --progress  tell of each host on stderr, also when that is no terminal\n"
    "          --json      print JSON\n"
    "Starts a virtual machine if there is none. The options of a host: man 5 pvm-hostfile\n";

static const char conf_help[] =
    "Syntax:  conf [ --json ]\n"
    "Output fields:\n"
    "  HOST    host name\n"
    "  DTID    tid base of pvmd\n"
    "  ARCH    host architecture\n"
    "  SPEED   host relative speed\n"
    "  DSIG    data signature: how the host represents numbers\n";

static const char kill_help[] =
    "Syntax:  kill [ options ] tid ...\n"
    "Options:  -c   kill children of tid\n";

static const char ps_help[] =
    "Syntax:  ps [ -alx ] [ --json ]\n"
    "Options:  -a       all hosts (default is local)\n"
    "          -hhost   specific host tid\n"
    "          -nhost   specific host name\n"
    "          -l       long (show process id)\n"
    "          -x       show all tasks (e.g. console and nulls)\n"
    "          --json   print JSON\n"
    "Output fields:\n"
    "  HOST    host name\n"
    "  TID     task id\n"
    "  PTID    parent task id\n"
    "  PID     task process id\n"
    "  FLAG    status\n"
    "  COMMAND executable name\n"
    "FLAG values:\n"
    "  f   task process is child of pvmd\n"
    "  c   task connected to pvmd\n"
    "  a   task waiting authorization\n"
    "  o   task connection being closed\n"
    "  H   hoster task\n"
    "  R   resource manager task\n"
    "  T   tasker task\n";

static const char spawn_help[] =
    "Syntax:  spawn [ options ] file [ arg ... ]\n"
    "Options:  -(count)         number of tasks, default is 1\n"
    "          -(host)          spawn on host, default is any\n"
    "          -(host):(wd)     spawn on host, in directory 'wd'\n"
    "          --host=(name)    spawn on host, whatever its name begins with\n"
    "          --host=(name):(wd) the same, in directory 'wd'\n"
    "          -(ARCH)          spawn on hosts of ARCH\n"
    "          -(ARCH):(wd)     spawn on hosts of ARCH, in 'wd'\n"
    "          -:(wd)           spawn in working directory 'wd'\n"
    "          -~(host)         spawn on all hosts but that; -~. on all but this\n"
    "          -?               enable debugging\n"
    "          ->               redirect job output to console\n"
    "          ->(file)         redirect output of job to file\n"
    "          ->>(file)        append output of job to file\n"
    "          --output[=file]  the same as ->, for a shell, which takes > for itself\n"
    "          --append=file    the same as ->>\n"
    "          -@               trace job, output to terminal\n"
    "          -@(file)         trace job, output to file (also --trace[=file]); see: help trace\n"
    "          --json           print JSON\n";

static const char run_help[] =
    "Syntax:  pvm run [ options ] program [ arg ... ]\n"
    "Runs copies of any program on the virtual machine, starting one that ends with the job if there is none;\n"
    "prints their output, that of several by whole lines, and returns their status (see: help exit).\n"
    "Their input is empty.\n"
    "Options:  -n N             number of copies, default is 1 (also -np N)\n"
    "          -H h1,h2:4       on these hosts; those that are not there are added, and deleted at the end.\n"
    "                           A number behind a host: so many copies there before it is the next one's turn\n"
    "          --hostfile FILE  adds the hosts of FILE, as pvmd does (also --machinefile FILE)\n"
    "          --local N        adds N more daemons on this computer\n"
    "          -wdir DIR        working directory of the copies; default is this one\n"
    "          -x NAME[=VALUE]  passes the variable NAME to the copies\n"
    "          --label          each line begins with host and tid, as in [alpha:t40003]\n"
    "          --timeout S      ends the job after S seconds, with status 124\n"
    "Ctrl-C or SIGTERM ends the job: SIGTERM to all copies, after 5 seconds or another Ctrl-C SIGKILL.\n";

static const char trace_help[] =
    "Syntax:  trace\n"
    "         trace [+] name ...\n"
    "         trace - name ...\n"
    "         trace [+] *\n"
    "         trace - *\n"
    "         trace xpvm (default mask for XPVM display)\n"
    "         trace buf nbytes\n"
    "         trace buf\n"
    "         trace opt < full | time | count >\n"
    "         trace opt\n"
    "Of the tasks that spawn -@ starts, these calls are told: each, or with time or count the sums at the end.\n";

static const char start_help[] =
    "Syntax:  pvm start [ pvmd options ] [ hostfile ]\n"
    "Starts a virtual machine on this host, and with it the hosts of hostfile. Hosts that fail are told on stderr;\n"
    "the machine runs without them, and pvm returns 4.\n";

static const char put_help[] =
    "Syntax:  put name flags [ word ]\n"
    "Puts a message of one int, 0, into the mailbox. flags is a number, the sum of:\n"
    "  1   persistent: stays when the console ends\n"
    "  2   at the lowest free index, else at 0\n"
    "  4   others may replace and delete it\n";

static const char reset_help[] =
    "Syntax:  reset\n"
    "  or     reset info [ class [ index ] ]\n"
    "Ends all tasks but this one and those that have set PvmNoReset, and deletes what they and tasks that have\n"
    "ended before left in the mailbox. reset info ends no task.\n";

static const char tickle_help[] =
    "Syntax:  tickle how [ arg ... ]\n"
    "How:\n"
    "  1       write the host table to the pvmd's log\n"
    "  2       local tasks\n"
    "  3       open requests\n"
    "  4       the mailbox\n"
    "  0, 9    how many there are of all these\n"
    "  5       get debugmask\n"
    "  6 mask  set debugmask: with one that is not 0 the log tells more\n"
    "  8 dtid  fail the host\n"
    "All are numbers, decimal, or hexadecimal behind 0x or t. Prints what the pvmd answers.\n";

const struct command command_table[] = {
    { "add", 2, 0, COMMAND_JSON | COMMAND_LOCAL, host_command_add, "Add hosts to virtual machine", add_help },
    { "alias", 1, 0, COMMAND_LOCAL, shell_command_alias, "Define/list command aliases",
      "Syntax:  alias [name command args ...]\n" },
    { "conf", 1, 1, COMMAND_JSON, host_command_conf, "List virtual machine configuration", conf_help },
    { "delete", 2, 0, COMMAND_JSON, host_command_delete, "Delete hosts from virtual machine",
      "Syntax:  delete [ --json ] hostname ...\n" },
    { "echo", 1, 0, COMMAND_LOCAL, shell_command_echo, "Echo arguments", "Syntax:  echo [ arg ... ]\n" },
    { "export", 1, 0, COMMAND_LOCAL, shell_command_export, "Add environment variables to spawn export list",
      "Syntax:  export [ varname ... ]\n" },
    { "getopt", 1, 2, 0, shell_command_getopt, "Display PVM options for the console task",
      "Syntax:  getopt [ what ]\n" },
    { "halt", 1, 1, 0, host_command_halt, "Stop pvmds", "Syntax:  halt\n" },
    { "help", 1, 2, COMMAND_LOCAL, shell_command_help, "Print helpful information about a command",
      "Syntax:  help [ command ]\n" },
    { "id", 1, 1, 0, task_command_id, "Print console task id", "Syntax:  id\n" },
    { "idump", 1, 2, COMMAND_UNLISTED, shell_command_idump, "Print how much memory the console has taken",
      "Syntax:  idump [ how ]\n" },
    { "jobs", 1, 2, COMMAND_JSON, task_command_jobs, "Display list of running jobs",
      "Syntax:  jobs [ options ]\nOptions:  -l      give long listing\n          --json  print JSON\n" },
    { "kill", 2, 0, 0, task_command_kill, "Terminate tasks", kill_help },
    { "mstat", 2, 0, COMMAND_JSON, host_command_mstat, "Show status of hosts",
      "Syntax:  mstat [ --json ] name ...\n" },
    { "names", 1, 2, COMMAND_JSON, mailbox_command_names, "List message mailbox names",
      "Syntax:  names [ --json ] [ pattern ]\n" },
    { "ps", 1, 0, COMMAND_JSON, task_command_ps, "List tasks", ps_help },
    { "pstat", 2, 0, COMMAND_JSON, task_command_pstat, "Show status of tasks",
      "Syntax:  pstat [ --json ] tid ...\n" },
    { "put", 3, 4, 0, mailbox_command_put, "Add entry to message mailbox", put_help },
    { "quit", 1, 1, COMMAND_LOCAL, shell_command_quit, "Exit console", "Syntax:  quit\n" },
    { "reset", 1, 4, 0, mailbox_command_reset, "Kill all tasks, delete leftover mboxes",
      reset_help },
    { "run", 2, 0, COMMAND_LOCAL | COMMAND_SHELL_ONLY, console_run, "Run a job (from the shell: pvm run)",
      run_help },
    { "setenv", 1, 0, COMMAND_LOCAL, shell_command_setenv, "Display or set environment variables",
      "Syntax:  setenv [ name [ value ] ]\n" },
    { "setopt", 3, 3, 0, shell_command_setopt, "Set PVM options - for the console task *only*!",
      "Syntax:  setopt what value\n" },
    { "sig", 3, 0, 0, task_command_sig, "Send signal to task",
      "Syntax:  sig signum task ...\nsignum is a number or a name, such as USR1\n" },
    { "spawn", 2, 0, COMMAND_JSON | COMMAND_PROGRAM, spawn_command, "Spawn task", spawn_help },
    { "start", 1, 0, COMMAND_LOCAL | COMMAND_SHELL_ONLY, host_command_start,
      "Start a virtual machine (from the shell: pvm start)", start_help },
    { "tickle", 2, 11, COMMAND_UNLISTED, shell_command_tickle, "Tickle pvmd", tickle_help },
    { "trace", 1, 0, 0, trace_command, "Set/display trace event mask", trace_help },
    { "unalias", 2, 0, COMMAND_LOCAL, shell_command_unalias, "Undefine command alias",
      "Syntax:  unalias name ...\n" },
    { "unexport", 1, 0, COMMAND_LOCAL, shell_command_unexport,
      "Remove environment variables from spawn export list", "Syntax:  unexport [ varname ... ]\n" },
    { "version", 1, 1, COMMAND_LOCAL | COMMAND_JSON, shell_command_version, "Show libpvm version",
      "Syntax:  version [ --json ]\n" },
    { 0 },
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = command_table; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/* True when word becomes name by one letter more or less, another letter, or two that change places. */
static bool one_slip(const char *word, const char *name)
{
    while (*word != '\0' && *word == *name) {
        word++;
        name++;
    }
    if (*word == '\0')
        return *name != '\0' && name[1] == '\0';
    return strcmp(word + 1, name) == 0 || (*name != '\0' && strcmp(word, name + 1) == 0) ||
           (*name != '\0' && strcmp(word + 1, name + 1) == 0) ||
           (*name != '\0' && word[1] == *name && name[1] == *word && strcmp(word + 2, name + 2) == 0);
}

const char *command_near(const char *word)
{
    for (const struct command *command = command_table; command->name != NULL; command++) {
        if (strcasecmp(word, command->name) == 0 || (strlen(command->name) > 2 && one_slip(word, command->name)))
            return command->name;
    }
    return NULL;
}

void command_help(const struct command *command)
{
    printf("%-11s %s\n%s", command->name, command->summary, command->help);
    if (strcmp(command->name, "help") != 0)
        return;
    printf("Commands are:\n");
    for (const struct command *each = command_table; each->name != NULL; each++) {
        if (!(each->flags & COMMAND_UNLISTED))
            printf("  %-11s %s\n", each->name, each->summary);
    }
    printf("help exit tells what pvm returns to the shell.\n");
}

void command_help_exit(void)
{
    printf("Exit status of pvm COMMAND, and of pvm with commands from a pipe:\n"
           "  %3d  good\n"
           "  %3d  something failed: a host was not added, a task not started, there is no such task...\n"
           "  %3d  wrong words on the command line\n"
           "  %3d  no virtual machine runs on this host, or its daemon has gone\n"
           "  %3d  a virtual machine was started and runs, without some hosts of its host file\n"
           "Exit status of pvm run:\n"
           "  %3d  all copies ended with status 0\n"
           "    N  that of the first copy that ended with another, if it is not one of these:\n"
           "  %3d  --timeout passed\n"
           "  %3d  the program was not found on a host\n"
           "  %3d+S a copy was ended by signal S, or pvm run itself: 130 after Ctrl-C, 143 after SIGTERM\n",
           EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_NO_MACHINE, EXIT_HOSTS_MISSING, EXIT_GOOD, EXIT_TIMEOUT,
           EXIT_NO_PROGRAM, EXIT_SIGNAL);
}

/* Takes --json out of the words, for a program only as long as they are options. Returns the count left. */
static int json_take(const struct command *command, int argc, char **argv, bool *ret_json)
{
    int left = 1;
    bool options = true;

    *ret_json = false;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--json") == 0) {
            *ret_json = true;
            continue;
        }
        if ((command->flags & COMMAND_PROGRAM) && argv[i][0] != '-')
            options = false;
        argv[left++] = argv[i];
    }
    argv[left] = NULL;
    return left;
}

static int wrong_count(const struct console *console, const struct command *command)
{
    if (console->prompt)
        printf("%s: wrong #args\n", command->name);    /* PVM 3's words */
    else
        report_usage(command->name, "wrong number of words");
    return EXIT_USAGE;
}

int console_execute(struct console *console, int argc, char **argv)
{
    const struct command *command = command_find(argv[0]);

    if (command == NULL) {
        printf("%s: not found\n", argv[0]);
        return EXIT_USAGE;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        command_help(command);
        return EXIT_GOOD;
    }
    console->json = false;
    if (command->flags & COMMAND_JSON)
        argc = json_take(command, argc, argv, &console->json);
    if (argc < command->words_min || (command->words_max > 0 && argc > command->words_max))
        return wrong_count(console, command);
    if (console->prompt && (command->flags & COMMAND_SHELL_ONLY))
        return report_error(command->name, "works from the shell: pvm %s", command->name);
    if (!(command->flags & COMMAND_LOCAL) && console_enroll(console) < 0)
        return console_no_machine();
    return command->run(console, argc, argv);
}

int console_execute_line(struct console *console, const char *line)
{
    struct words words;
    const char *error;
    int status = EXIT_GOOD;

    if (words_split(line, &words, &error) < 0) {
        printf("%s\n", error);
        return EXIT_USAGE;
    }
    if (words.count > 0 && alias_expand(console->aliases, &words, &error) < 0) {
        printf("%s\n", error);
        status = EXIT_USAGE;
    } else if (words.count > 0) {
        status = console_execute(console, words.count, words.v);
    }
    words_free(&words);
    fflush(stdout);
    return status;
}
