/* SPDX-License-Identifier: BSD-3-Clause */
/* A clear word for each way in which a launcher fails, and what to do about it. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "pvmd/io/launch.h"

struct phrase {
    const char *said;      /* a part of what ssh, or the shell there, says */
    int code;
    const char *before;    /* what it means: this, the host, and that */
    const char *after;
};

static const struct phrase phrases[] = {
    { "Host key verification failed", PvmCantStart,
      "its host key is not known here, or has changed: run \"ssh ", "\" once by hand and compare it" },
    { "REMOTE HOST IDENTIFICATION HAS CHANGED", PvmCantStart,
      "its host key has changed: run \"ssh ", "\" by hand, and ssh-keygen -R if that is right" },
    { "Permission denied", PvmCantStart,
      "ssh is not let in (no key of yours is accepted there): run \"ssh-copy-id ", "\" once" },
    { "Too many authentication failures", PvmCantStart,
      "ssh is not let in (too many keys were tried): name one for ", " in ~/.ssh/config" },
    { "Could not resolve hostname", PvmNoHost, "ssh does not know the name ", ": correct it, or give ip=ADDRESS" },
    { "Connection refused", PvmCantStart, "no ssh server answers there (connection refused): start sshd on ", "" },
    { "No route to host", PvmCantStart, "there is no way to it (no route): is ", " switched on, and this network up?" },
    { "Network is unreachable", PvmCantStart, "there is no way to it (network unreachable): is ", " in reach?" },
    { "timed out", PvmCantStart,
      "it does not answer (timed out): is ", " switched on, and does its firewall let ssh through?" },
    { "Connection closed by", PvmCantStart, "the ssh server of ", " closed the connection: see its log" },
    { "Connection reset by", PvmCantStart, "the ssh server of ", " broke the connection: see its log" },
    { "error while loading shared libraries", PvmCantStart,
      "pvmd cannot run there: a library is missing (ldd pvmd on ", ")" },
};

/* What ssh was told; but a name that it does not know may be that of a host on the way (ProxyJump). */
static void host_of(const struct launch *launch, const struct phrase *phrase, char *host, size_t host_max)
{
    const char *said = strstr(launch->said, phrase->said) + strlen(phrase->said);
    /* A command to type: with the login that the line gives. */
    const char *login = strstr(phrase->before, "run \"ssh") != NULL ? launch->spec->login : NULL;
    const char *name = launch->spec->ip != NULL ? launch->spec->ip : launch->spec->name;

    if (phrase->code == PvmNoHost && said[0] == ' ')
        snprintf(host, host_max, "%.*s", (int)strcspn(said + 1, ": \r\n"), said + 1);
    else
        snprintf(host, host_max, "%s%s%s", login != NULL ? login : "", login != NULL ? "@" : "", name);
}

static const struct phrase *find_phrase(const struct launch *launch)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (strstr(launch->said, phrases[i].said) != NULL)
            return &phrases[i];
    return NULL;
}

/* The shell there has found none. Not every PVM_RSH passes its status on. */
static bool no_pvmd(const struct launch *launch, int status)
{
    return (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126)) ||
           strstr(launch->said, "pvmd: not found") != NULL || strstr(launch->said, "pvmd: command not found") != NULL;
}

/* The last line that has something in it, and nothing that a terminal would obey. */
static void last_line(const char *text, char *line, size_t line_max)
{
    size_t end = strlen(text);
    size_t start;

    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r' || text[end - 1] == ' '))
        end--;
    start = end;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    snprintf(line, line_max, "%.*s", (int)(end - start), text + start);
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    }
}

void launch_explain_silence(const struct launch *launch, int seconds, struct pvmi_fault *fault)
{
    const char *name = launch->spec->name;
    char line[200];

    const char *advice = launch_is_local(launch->spec) ? "" : launch_ssh_is_builtin()
                             ? ": see by hand whether ssh gets there without a question, and how long it takes"
                             : ": see by hand whether PVM_RSH gets there";

    last_line(launch->said, line, sizeof(line));
    pvmi_fault_set(fault, PvmCantStart, NULL, "pvmd on %s gave no answer within %d s%s%s%s", name, seconds,
                   line[0] != '\0' ? "; what was said: " : "", line, advice);
}

void launch_explain_end(const struct launch *launch, int status, struct pvmi_fault *fault)
{
    const struct phrase *phrase = find_phrase(launch);
    const char *name = launch->spec->name;
    char line[200];
    char host[200];

    last_line(launch->said, line, sizeof(line));
    if (phrase != NULL) {
        host_of(launch, phrase, host, sizeof(host));
        pvmi_fault_set(fault, phrase->code, NULL, "cannot start pvmd on %s: %s%s%s", name, phrase->before, host,
                       phrase->after);
    } else if (launch->old_pvmd) {
        pvmi_fault_set(fault, PvmBadVersion, NULL, "the pvmd on %s is one of PVM 3: give dx=PATH of PVM 4's", name);
    } else if (no_pvmd(launch, status)) {
        pvmi_fault_set(fault, PvmCantStart, NULL,
                       "cannot start pvmd on %s: there is none%s%s: install PVM there, or give dx=PATH", name,
                       line[0] != '\0' ? ": " : "", line);
    } else if (WIFSIGNALED(status)) {
        pvmi_fault_set(fault, PvmCantStart, NULL, "cannot start pvmd on %s: its launcher was killed by signal %d",
                       name, WTERMSIG(status));
    } else {
        pvmi_fault_set(fault, PvmCantStart, NULL,
                       "cannot start pvmd on %s: it ended with status %d and no ready line%s%s", name,
                       WEXITSTATUS(status), line[0] != '\0' ? "; it said: " : "", line);
    }
}
