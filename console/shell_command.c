/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/shell_command.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/command.h"
#include "console/json.h"
#include "console/report.h"
#include "pvm3.h"

static void words_print(int count, char *const *v)
{
    for (int i = 0; i < count; i++)
        printf("%s%s", i > 0 ? " " : "", v[i]);
    putchar('\n');
}

int shell_command_echo(struct console *console, int argc, char **argv)
{
    (void)console;
    words_print(argc - 1, argv + 1);
    return EXIT_GOOD;
}

/* With one or two words it lists, as in PVM 3. */
int shell_command_alias(struct console *console, int argc, char **argv)
{
    if (argc < 3) {
        for (const struct alias *alias = console->aliases; alias != NULL; alias = alias->next) {
            printf("%s\t", alias->name);
            words_print(alias->meaning.count, alias->meaning.v);
        }
        return EXIT_GOOD;
    }
    if (alias_define(&console->aliases, argv[1], argc - 2, argv + 2) < 0)
        return report_error("alias", "out of memory");
    return EXIT_GOOD;
}

int shell_command_unalias(struct console *console, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        alias_remove(&console->aliases, argv[i]);
    return EXIT_GOOD;
}

/* ---- environment ---- */

int shell_command_export(struct console *console, int argc, char **argv)
{
    const char *names = getenv("PVM_EXPORT");

    (void)console;
    if (argc == 1)
        printf("PVM_EXPORT=%s\n", names != NULL ? names : "");
    for (int i = 1; i < argc; i++)
        pvm_export(argv[i]);
    return EXIT_GOOD;
}

int shell_command_unexport(struct console *console, int argc, char **argv)
{
    (void)console;
    for (int i = 1; i < argc; i++)
        pvm_unexport(argv[i]);
    return EXIT_GOOD;
}

/* setenv NAME WORD ...: the words with a blank between them are the value. */
static int variable_set(const char *name, int count, char *const *words)
{
    size_t length = 1;

    for (int i = 0; i < count; i++)
        length += strlen(words[i]) + 1;
    char *value = malloc(length);
    if (value == NULL)
        return report_error("setenv", "out of memory");
    char *end = value;
    for (int i = 0; i < count; i++)
        end += sprintf(end, "%s%s", i > 0 ? " " : "", words[i]);
    int rc = setenv(name, value, 1);
    free(value);
    if (rc < 0)
        return report_error("setenv", "\"%s\": %s", name, strerror(errno));
    return EXIT_GOOD;
}

int shell_command_setenv(struct console *console, int argc, char **argv)
{
    (void)console;
    if (argc == 1) {
        for (char **variable = environ; *variable != NULL; variable++)
            printf("%s\n", *variable);
        return EXIT_GOOD;
    }
    if (argc > 2)
        return variable_set(argv[1], argc - 2, argv + 2);
    if (getenv(argv[1]) != NULL)
        printf("%s\n", getenv(argv[1]));
    return EXIT_GOOD;
}

/* ---- options of the console's task ---- */

static const struct option {
    const char *name;
    int what;
} options[] = {
    { "PvmRoute", PvmRoute },
    { "PvmDebugMask", PvmDebugMask },
    { "PvmAutoErr", PvmAutoErr },
    { "PvmOutputTid", PvmOutputTid },
    { "PvmOutputCode", PvmOutputCode },
    { "PvmTraceTid", PvmTraceTid },
    { "PvmTraceCode", PvmTraceCode },
    { "PvmTraceBuffer", PvmTraceBuffer },
    { "PvmTraceOptions", PvmTraceOptions },
    { "PvmFragSize", PvmFragSize },
    { "PvmResvTids", PvmResvTids },
    { "PvmSelfOutputTid", PvmSelfOutputTid },
    { "PvmSelfOutputCode", PvmSelfOutputCode },
    { "PvmSelfTraceTid", PvmSelfTraceTid },
    { "PvmSelfTraceCode", PvmSelfTraceCode },
    { "PvmSelfTraceBuffer", PvmSelfTraceBuffer },
    { "PvmSelfTraceOptions", PvmSelfTraceOptions },
    { "PvmShowTids", PvmShowTids },
    { "PvmOutputContext", PvmOutputContext },
    { "PvmTraceContext", PvmTraceContext },
    { "PvmSelfOutputContext", PvmSelfOutputContext },
    { "PvmSelfTraceContext", PvmSelfTraceContext },
    { "PvmNoReset", PvmNoReset },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    printf("PVM Option \"%s\" Unknown.\n", name);
    return NULL;
}

static void option_print(const struct option *option)
{
    printf("%s Currently Set to %d\n", option->name, pvm_getopt(option->what));
}

int shell_command_getopt(struct console *console, int argc, char **argv)
{
    (void)console;
    if (argc == 1) {
        for (size_t i = 0; i < OPTION_COUNT; i++)
            option_print(&options[i]);
        return EXIT_GOOD;
    }
    const struct option *option = option_find(argv[1]);
    if (option == NULL)
        return EXIT_USAGE;
    option_print(option);
    return EXIT_GOOD;
}

/* A legal old value may be negative: only one that is not the old value is an error. */
int shell_command_setopt(struct console *console, int argc, char **argv)
{
    int value;
    const struct option *option = option_find(argv[1]);

    (void)console;
    (void)argc;
    if (option == NULL)
        return EXIT_USAGE;
    if (!words_number(argv[2], &value))
        return report_usage("setopt", "\"%s\" is no number", argv[2]);
    int old = pvm_getopt(option->what);
    int rc = pvm_setopt(option->what, value);
    if (rc < 0 && rc != old)
        return report_error("setopt", "%s stays %d: %s", option->name, old, report_text(rc));
    printf("%s Changed from %d to %d\n", option->name, rc, value);
    return EXIT_GOOD;
}

/* ---- help, version, quit ---- */

int shell_command_help(struct console *console, int argc, char **argv)
{
    (void)console;
    if (argc == 2 && strcmp(argv[1], "exit") == 0) {
        command_help_exit();
        return EXIT_GOOD;
    }
    const struct command *command = command_find(argc == 2 ? argv[1] : "help");
    if (command == NULL && command_near(argv[1]) != NULL)
        return report_error("help", "there is no command \"%s\"; perhaps %s?", argv[1], command_near(argv[1]));
    if (command == NULL)
        return report_error("help", "there is no command \"%s\"; help lists all", argv[1]);
    command_help(command);
    return EXIT_GOOD;
}

int shell_command_version(struct console *console, int argc, char **argv)
{
    struct json json = json_begin(stdout);

    (void)argc;
    (void)argv;
    if (!console->json) {
        printf("%s\n", pvm_version());
        return EXIT_GOOD;
    }
    json_open(&json, NULL, '{');
    json_string(&json, "version", PVMI_VERSION_TEXT);
    json_string(&json, "compatible", pvm_version());
    json_close(&json, '}');
    return EXIT_GOOD;
}

/* PVM 3 listed the blocks of its own allocator, of which Debian's has none: how is not used there, either. */
int shell_command_idump(struct console *console, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fflush(stdout);
    fprintf(stderr, "libpvm [t%x]: i_dump() %zu bytes total\n", (unsigned)console->tid, mallinfo2().uordblks);
    return EXIT_GOOD;
}

/* A number, or a host's tid as it is printed elsewhere: t80000. */
static bool tickle_number(const char *word, int *ret_number)
{
    char hexadecimal[16];

    if (word[0] != 't' || word[1] == '-')
        return words_number(word, ret_number);
    snprintf(hexadecimal, sizeof(hexadecimal), "0x%s", word + 1);
    return strlen(word) < 10 && words_number(hexadecimal, ret_number);
}

int shell_command_tickle(struct console *console, int argc, char **argv)
{
    int args[10];
    int results[10];
    int count = 0;

    (void)console;
    for (int i = 1; i < argc; i++) {
        if (!tickle_number(argv[i], &args[i - 1]))
            return report_usage("tickle", "\"%s\" is no number", argv[i]);
    }
    int rc = pvm_tickle(argc - 1, args, &count, results);
    if (rc < 0)
        return report_call("tickle", rc);
    putchar('(');
    for (int i = 0; i < count; i++)
        printf(" %d", results[i]);
    printf(" )\n");
    return EXIT_GOOD;
}

int shell_command_quit(struct console *console, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    console->over = true;
    if (!console->prompt || console->tid == 0)
        return EXIT_GOOD;
    if (!isatty(STDIN_FILENO))
        printf("\nConsole: exit handler called\n");    /* scripts know this line of PVM 3 */
    printf("pvmd still running.\n");
    return EXIT_GOOD;
}
