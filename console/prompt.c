/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading commands: at a terminal with line editing and $HOME/.pvm_history, else from a pipe or file, where
 * each line is shown behind the prompt as PVM 3 does.
 *
 * Both wait for input and for messages at once. The public API has no descriptor to wait on, so messages are
 * looked for a few times a second: often while a job's output is due, else only now and then.
 *
 * At a terminal Ctrl-C empties the line that is typed. A command cannot be taken back half-way, so that one
 * Ctrl-C while it runs says how to leave, and the next one leaves. SIGTERM (a halt from elsewhere sends it to all
 * tasks) and SIGHUP end the console once the terminal is itself again.
 */
#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/console.h"
#include "console/report.h"
#include "pvm3.h"

#define PROMPT "pvm> "
#define POLL_JOB_MS 20
#define POLL_IDLE_MS 500
#define HISTORY_LINES 1000
#define CTRL_U L'\025'    /* the editor's key that empties the line */

/* ---- signals ---- */

static volatile sig_atomic_t interrupted;    /* Ctrl-C was typed at the prompt */
static volatile sig_atomic_t ended_by;       /* the signal that ends the console */
static volatile sig_atomic_t busy;           /* 0: at the prompt; in a command: 1 and how often Ctrl-C was typed */

static void on_interrupt(int signum)
{
    static const char text[] = "\npvm: Ctrl-C again leaves the console; the virtual machine runs on\n";

    interrupted = 1;
    if (busy == 0)
        return;
    if (busy > 1)
        _exit(EXIT_SIGNAL + signum);
    busy = 2;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
}

static void on_end(int signum)
{
    if (busy != 0)
        _exit(EXIT_SIGNAL + signum);
    ended_by = signum;
}

/*
 * A handler rather than SIG_IGN: what is started from here is not to ignore it. Ctrl-C is caught even if whoever
 * started the console ignores it, as shells do for jobs in the background: here somebody types.
 */
static void signal_catch(int signum, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };
    struct sigaction before;

    sigaction(signum, NULL, &before);
    if (before.sa_handler != SIG_IGN || signum == SIGINT)    /* else: nohup */
        sigaction(signum, &action, NULL);
}

/* True when a signal has ended the console: it is told. */
static bool ended(struct console *console)
{
    if (ended_by == 0)
        return false;
    if (!console->over) {
        putchar('\n');    /* half a line may stand there */
        report_error("pvm", "ended by signal %d (%s)%s", (int)ended_by, strsignal(ended_by),
                     ended_by == SIGTERM ? ", perhaps because the virtual machine is being halted" : "");
    }
    console->over = true;
    console->exit_status = EXIT_SIGNAL + ended_by;
    return true;
}

/* ---- waiting, and what is done then ---- */

/* Waits until stdin is readable or at its end, or a signal came; true. False: a message is there, or the daemon
 * has gone. A signal that comes just before poll() is seen when its time is over. */
static bool input_wait(struct console *console)
{
    for (;;) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
        int limit_ms = job_any_left(console->jobs) ? POLL_JOB_MS : POLL_IDLE_MS;
        int rc = poll(&input, 1, limit_ms);

        if (rc > 0 || (rc < 0 && errno != EINTR) || ended_by != 0 || interrupted)
            return true;
        if (console->tid > 0 && pvm_probe(-1, -1) != 0)
            return false;
    }
}

/* Status of the shell's kind: of a script, the first failure. */
static void execute(struct console *console, const char *line)
{
    busy = 1;
    int status = console_execute_line(console, line);
    busy = 0;
    interrupted = 0;

    if (console->exit_status == EXIT_GOOD && !isatty(STDIN_FILENO))
        console->exit_status = status;
}

/* ---- a pipe or file ---- */

struct pipe_line {
    char *bytes;
    size_t length;
    size_t size;
    size_t taken;    /* bytes of the line before, still in front */
};

/* Reads a piece behind what there is. Returns what read() says; -1 also without memory. */
static ssize_t pipe_fill(struct pipe_line *line)
{
    if (line->size - line->length < 4096) {
        char *grown = realloc(line->bytes, 2 * line->size + 8192);

        if (grown == NULL)
            return -1;
        line->bytes = grown;
        line->size = 2 * line->size + 8192;
    }
    ssize_t count = read(STDIN_FILENO, line->bytes + line->length, line->size - line->length - 1);
    if (count > 0)
        line->length += (size_t)count;
    return count;
}

/* The next line without its end, valid until the next call; NULL at the end of input or of the console. */
static const char *pipe_next(struct console *console, struct pipe_line *line)
{
    memmove(line->bytes, line->bytes + line->taken, line->length - line->taken);
    line->length -= line->taken;
    line->taken = 0;
    while (!console->over) {
        char *end = line->length > 0 ? memchr(line->bytes, '\n', line->length) : NULL;

        if (end != NULL) {
            *end = '\0';
            line->taken = (size_t)(end - line->bytes) + 1;
            return line->bytes;
        }
        if (!input_wait(console)) {
            console_receive(console);
            continue;
        }
        if (ended(console))
            break;
        ssize_t count = pipe_fill(line);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 && line->length > 0) {    /* a last line without a newline counts */
            line->bytes[line->length] = '\0';
            line->taken = line->length;
            return line->bytes;
        }
        if (count <= 0)
            return NULL;
    }
    return NULL;
}

static void pipe_read(struct console *console)
{
    struct pipe_line line = { .bytes = malloc(8192), .size = 8192 };

    while (line.bytes != NULL && !console->over) {
        fputs(PROMPT, stdout);
        fflush(stdout);
        const char *text = pipe_next(console, &line);
        if (console->over)
            break;
        puts(text != NULL ? text : "quit");    /* the end of input is as if quit stood there */
        fflush(stdout);
        execute(console, text != NULL ? text : "quit");
        if (!console->over)
            console_receive(console);
    }
    free(line.bytes);
}

/* ---- a terminal ---- */

static wchar_t *terminal_prompt(EditLine *el)
{
    static wchar_t prompt[] = L"pvm> ";

    (void)el;
    return prompt;
}

/* Gives libedit a character; while there is none, messages are printed above the line that is typed. */
static int terminal_get(EditLine *el, wchar_t *ret_char)
{
    struct console *console;
    char byte;
    mbstate_t state = { 0 };

    el_get(el, EL_CLIENTDATA, &console);
    for (;;) {
        if (!input_wait(console)) {
            fputs("\r\033[K", stdout);
            console_receive(console);
            if (console->over)
                return 0;
            el_set(el, EL_REFRESH);
            continue;
        }
        if (ended_by != 0)
            return 0;
        if (interrupted) {
            interrupted = 0;
            *ret_char = CTRL_U;
            return 1;
        }
        ssize_t count = read(STDIN_FILENO, &byte, 1);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return (int)count;
        size_t rc = mbrtowc(ret_char, &byte, 1, &state);
        if (rc == (size_t)-2)
            continue;    /* more bytes of this character follow */
        if (rc == (size_t)-1)
            state = (mbstate_t){ 0 };
        else
            return 1;
    }
}

static char *history_path(void)
{
    const char *home = getenv("HOME");
    char *path;

    if (home == NULL || *home == '\0' || asprintf(&path, "%s/.pvm_history", home) < 0)
        return NULL;
    return path;
}

/* path may be NULL. The history is saved with each line: a console may end at any time. */
static void terminal_lines(struct console *console, EditLine *el, History *lines, const char *path)
{
    HistEvent event;
    int length;

    while (!console->over) {
        const char *line = el_gets(el, &length);

        if (console->over || ended(console))
            break;
        if (line == NULL || length <= 0) {
            printf("\n");
            execute(console, "quit");
            break;
        }
        if (strspn(line, " \t\r\n") != strlen(line))
            history(lines, &event, H_ENTER, line);
        if (path != NULL)
            history(lines, &event, H_SAVE, path);
        execute(console, line);
        if (!console->over)
            console_receive(console);
    }
}

static void terminal_read(struct console *console)
{
    HistEvent event;
    EditLine *el = el_init("pvm", stdin, stdout, stderr);
    History *lines = history_init();
    char *path = history_path();

    if (el == NULL || lines == NULL) {
        report_error("pvm", "no memory for line editing");
    } else {
        history(lines, &event, H_SETSIZE, HISTORY_LINES);
        history(lines, &event, H_SETUNIQUE, 1);
        if (path != NULL)
            history(lines, &event, H_LOAD, path);
        el_wset(el, EL_PROMPT, terminal_prompt);
        el_set(el, EL_EDITOR, "emacs");
        el_set(el, EL_HIST, history, lines);
        el_set(el, EL_CLIENTDATA, console);
        el_wset(el, EL_GETCFN, terminal_get);
        el_source(el, NULL);
        terminal_lines(console, el, lines, path);
    }
    free(path);
    if (lines != NULL)
        history_end(lines);
    if (el != NULL)
        el_end(el);
}

/* ---- both ---- */

/* Runs $HOME/.pvmrc, if there is one. */
static void console_rc(struct console *console)
{
    const char *home = getenv("HOME");
    char *path = NULL;
    char *line = NULL;
    size_t size = 0;

    if (home == NULL || asprintf(&path, "%s/.pvmrc", home) < 0)
        return;
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL)
        return;
    while (!console->over && getline(&line, &size, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!isatty(STDIN_FILENO))
            puts(line);
        execute(console, line);
    }
    free(line);
    fclose(file);
}

void console_prompt(struct console *console)
{
    if (isatty(STDIN_FILENO)) {
        signal_catch(SIGINT, on_interrupt);
        signal_catch(SIGTERM, on_end);
        signal_catch(SIGHUP, on_end);
    }
    console_rc(console);
    if (console->over)
        return;
    if (isatty(STDIN_FILENO))
        terminal_read(console);
    else
        pipe_read(console);
}
