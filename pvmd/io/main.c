/* SPDX-License-Identifier: BSD-3-Clause */
/* pvmd: its arguments, and the start of a first host. `pvmd -s` goes on in joiner.c. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/error.h"
#include "base/rundir.h"
#include "pvmd/core/hostspec.h"
#include "pvmd/io/daemon.h"
#include "pvmd/io/hostfile.h"
#include "pvmd/io/joiner.h"
#include "pvmd/io/own.h"
#include "wire/hello.h"

#define EXIT_USAGE 2
#define MAIN_SUSPECT_MS 2000
#define MAIN_DEAD_MS 10000
#define MAIN_JOB_MS 60000    /* for pvm run to enrol */

struct arguments {
    bool join;
    const char *join_public;    /* the join as an argument; NULL: it comes on stdin */
    bool test;
    bool job;               /* the machine ends with pvm run, which starts it */
    const char *name;       /* NULL: the system's */
    const char *ports;
    const char *hostfile;
    long debug_mask;
};

static void print_help(void)
{
    printf("usage: pvmd [-dMASK] [-nNAME] [-p PORT|N-M] [-t] [HOSTFILE]\n"
           "\n"
           "The daemon of PVM. It prints the path of its socket when it is ready and runs until it is told to\n"
           "end: by \"halt\" in the console pvm, by SIGTERM or SIGINT. Usually the console starts it.\n"
           "\n"
           "  -dMASK       debug mask (decimal, 0octal, 0xhex): not 0 makes the log talkative\n"
           "  -nNAME       name of this host, else what gethostname says up to the first dot\n"
           "  -p PORT      TCP port for other hosts, or the first free one of N-M; else any free one\n"
           "  -t           prints the version and what the arguments mean, and ends\n"
           "  --version    prints the version\n"
           "  HOSTFILE     hosts to add, else the file that $PVMHOSTFILE names, else none\n"
           "\n"
           "Exit status: 0 halted, 1 could not start or go on, 2 wrong arguments or host file.\n"
           "pvmd -s and --join-public are for other pvmds to call, --job for pvm run.\n");
}

/* -n, if it can be a host's name, else what the system says. Returns -1 to go on, else the exit status. */
static int take_name(struct arguments *arguments)
{
    static char own[256];
    const char *what = arguments->name != NULL ? hostspec_name_fault(arguments->name) : NULL;
    struct pvmi_fault fault;

    if (what != NULL) {
        pvmi_fault_set(&fault, PvmBadParam, NULL, what, arguments->name);
        fprintf(stderr, "pvmd: -n: %s\n", fault.text);
        return EXIT_USAGE;
    }
    if (arguments->name == NULL) {
        own_host_name(own, sizeof(own));
        arguments->name = own;
    }
    return -1;
}

static bool take_mask(const char *text, long *ret_mask)
{
    char *end;

    *ret_mask = strtol(text, &end, 0);
    if (end != text && *end == '\0')
        return true;
    fprintf(stderr, "pvmd: -d: \"%s\" is no mask: a number, decimal, 0octal or 0xhex, makes one\n", text);
    return false;
}

/* Returns -1 to go on, else the exit status. */
static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option longs[] = {
        { "help", no_argument, NULL, 'h' },
        { "job", no_argument, NULL, 'R' },
        { "join-public", required_argument, NULL, 'J' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    arguments->debug_mask = pvmi_env_number(PVMI_ENV_PVMDDEBUG, 0);
    while ((option = getopt_long(argc, argv, "d:n:p:tsSf", longs, NULL)) != -1) {
        switch (option) {
        case 'd':
            if (!take_mask(optarg, &arguments->debug_mask))
                return EXIT_USAGE;
            break;
        case 'n':
            arguments->name = optarg;
            break;
        case 'p':
            arguments->ports = optarg;
            break;
        case 't':
            arguments->test = true;
            break;
        case 's':
        case 'S':
            arguments->join = true;
            break;
        case 'J':
            arguments->join = true;
            arguments->join_public = optarg;
            break;
        case 'R':
            arguments->job = true;
            break;
        case 'f':
            break;    /* PVM 3: stay in the foreground, which is what we do */
        case 'h':
            print_help();
            return 0;
        case 'v':
            printf("pvmd %s (PVM %s, protocol %d to %d)\n", PVMI_VERSION_TEXT, PVM_VER, PVMI_VERSION_MIN,
                   PVMI_VERSION);
            return 0;
        default:
            fprintf(stderr, "pvmd: see pvmd --help\n");
            return EXIT_USAGE;
        }
    }
    if (argc - optind > 1) {
        fprintf(stderr, "pvmd: one host file at most; see pvmd --help\n");
        return EXIT_USAGE;
    }
    arguments->hostfile = optind < argc ? argv[optind] : pvmi_env(PVMI_ENV_PVMHOSTFILE);
    return take_name(arguments);
}

static int print_test(const struct arguments *arguments)
{
    char arch[32];

    own_arch(arch, sizeof(arch));
    printf("pvmd %s (PVM %s, protocol %d to %d)\n", PVMI_VERSION_TEXT, PVM_VER, PVMI_VERSION_MIN, PVMI_VERSION);
    printf("host %s, architecture %s\n", arguments->name, arch);
    printf("host file %s, port %s, debug mask 0x%lx\n",
           arguments->hostfile != NULL ? arguments->hostfile : "none",
           arguments->ports != NULL ? arguments->ports : "any", (unsigned long)arguments->debug_mask);
    return 0;
}

/* Descriptors 0 to 2 are open, and nothing else that came from who started us: it would stay open with us. */
static void clean_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    close_range(3, ~0U, 0);
}

/* What another daemon said to a task, which then started us, is not for ours. A relative PVM_TMP must mean the
 * same after a change of directory. */
static void clean_environment(void)
{
    static const enum pvmi_env foreign[] = {
        PVMI_ENV_PVMSOCK,   PVMI_ENV_PVMEPID,   PVMI_ENV_PVMCTX,    PVMI_ENV_PVMTMASK,
        PVMI_ENV_PVMTRCBUF, PVMI_ENV_PVMTRCOPT, PVMI_ENV_PVM_CLAIM, PVMI_ENV_PVM_RUN,
        PVMI_ENV_PVM_SLOT,
    };
    const char *tmp = pvmi_env(PVMI_ENV_PVM_TMP);
    char *mark = getenv(pvmi_env_name(PVMI_ENV_PVM_RUN));
    char arch[32];
    char here[4096];
    char path[8192];

    if (mark != NULL)
        memset(mark, '-', strlen(mark));    /* in place, where others see it: a sweep must not take us for one of them */
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        unsetenv(pvmi_env_name(foreign[i]));
    own_arch(arch, sizeof(arch));
    if (pvmi_env(PVMI_ENV_PVM_ARCH) == NULL)
        setenv(pvmi_env_name(PVMI_ENV_PVM_ARCH), arch, 1);    /* for ep=$HOME/bin/$PVM_ARCH */
    if (tmp == NULL || tmp[0] == '/' || getcwd(here, sizeof(here)) == NULL)
        return;
    snprintf(path, sizeof(path), "%s/%s", here, tmp);
    setenv(pvmi_env_name(PVMI_ENV_PVM_TMP), path, 1);
}

static int report(const struct pvmi_fault *fault)
{
    fprintf(stderr, "pvmd: %s\n", fault->text);
    return 1;
}

static int first_run(const struct arguments *arguments, struct hostfile *file)
{
    const struct hostspec *own = file->own;
    struct daemon_options options = {
        .first = true,
        .number = 1,
        .name = arguments->name,
        .ip = own != NULL ? own->ip : NULL,
        .ports = arguments->ports != NULL                ? arguments->ports
                 : own != NULL && own->ports != NULL ? own->ports
                                                      : pvmi_env(PVMI_ENV_PVM_PORT),
        .ep = own != NULL ? own->ep : NULL,
        .wd = own != NULL ? own->wd : NULL,
        .bx = own != NULL ? own->bx : NULL,
        .speed = own != NULL ? own->speed : 1000,
        .slots = own != NULL ? own->slots : 0,
        .launcher = "first",
        .debug_mask = arguments->debug_mask,
        .job_ms = arguments->job ? MAIN_JOB_MS : 0,
        .suspect_ms = MAIN_SUSPECT_MS,
        .dead_ms = MAIN_DEAD_MS,
    };
    struct pvmi_fault fault;
    struct io io;
    int status;

    memset(&io, 0, sizeof(io));
    pvmi_fault_clear(&fault);
    if (daemon_begin(&io, &options, &fault) != PvmOk || pvmi_random_bytes(io.own.machine, 16) != PvmOk) {
        status = report(&fault);
    } else {
        io.host_lines = file->lines;
        status = daemon_run(&io, &options, NULL);
    }
    daemon_end(&io);
    return status;
}

/* Another name beside a daemon of this user's makes another machine, which is seldom what was meant. */
static void tell_second(const char *name)
{
    char sock[PVMI_RUNDIR_PATH_MAX + 8];
    char own[PVMI_RUNDIR_PATH_MAX];
    struct pvmi_fault fault;
    char *slash;

    if (pvmi_rundir_path(name, own, sizeof(own)) != PvmOk || pvmi_rundir_find(sock, sizeof(sock), &fault) != PvmOk)
        return;
    slash = strrchr(sock, '/');
    *slash = '\0';
    if (strcmp(sock, own) == 0 || !pvmi_rundir_alive(sock))
        return;
    fprintf(stderr,
            "pvmd: a virtual machine of yours runs here already (%s), and this starts a second one, \"%s\". To use the "
            "first: export PVMSOCK=%s/sock; to have %s as a host of it: end this one, then pvm add %s\n",
            strrchr(sock, '/') + 1, name, sock, name, name);
}

static int first_main(const struct arguments *arguments)
{
    struct hostfile file = { .own = NULL };
    struct pvmi_fault fault;
    int status;

    if (arguments->hostfile != NULL &&
        hostfile_read(arguments->hostfile, arguments->name, &file, &fault) != PvmOk) {
        fprintf(stderr, "%s\n", fault.text);
        return EXIT_USAGE;
    }
    if (!arguments->job)
        tell_second(arguments->name);
    status = first_run(arguments, &file);
    hostfile_fini(&file);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int status;

    memset(&arguments, 0, sizeof(arguments));
    status = parse_arguments(argc, argv, &arguments);
    if (status >= 0)
        return status;
    if (arguments.test)
        return print_test(&arguments);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    clean_descriptors();
    clean_environment();
    return arguments.join ? joiner_main(arguments.join_public, arguments.debug_mask) : first_main(&arguments);
}
