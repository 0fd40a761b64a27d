/* SPDX-License-Identifier: BSD-3-Clause */
#include "console/mailbox_command.h"

#include <stdio.h>
#include <string.h>

#include "console/json.h"
#include "console/report.h"
#include "pvm3.h"

static void class_print(const struct pvmmboxinfo *class)
{
    printf("<%s>:\n", class->mi_name);
    for (int i = 0; i < class->mi_nentries; i++)
        printf("\tindex=%d owner=0x%x/%d flags=0x%x\n", class->mi_indices[i], (unsigned)class->mi_owners[i],
               class->mi_owners[i], (unsigned)class->mi_flags[i]);
    putchar('\n');
}

static void class_json(struct json *json, const struct pvmmboxinfo *class)
{
    json_open(json, NULL, '{');
    json_string(json, "name", class->mi_name);
    json_open(json, "entries", '[');
    for (int i = 0; i < class->mi_nentries; i++) {
        json_open(json, NULL, '{');
        json_int(json, "index", class->mi_indices[i]);
        json_tid(json, "owner", class->mi_owners[i]);
        json_int(json, "flags", class->mi_flags[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_close(json, '}');
}

int mailbox_command_names(struct console *console, int argc, char **argv)
{
    struct json json = json_begin(stdout);
    struct pvmmboxinfo *classes;
    int count;
    int rc = pvm_getmboxinfo(argc == 2 ? argv[1] : "", &count, &classes);

    if (rc < 0)
        return report_call("names", rc);
    if (!console->json) {
        for (int i = 0; i < count; i++)
            class_print(&classes[i]);
        return EXIT_GOOD;
    }
    json_open(&json, NULL, '{');
    json_open(&json, "classes", '[');
    for (int i = 0; i < count; i++)
        class_json(&json, &classes[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    return EXIT_GOOD;
}

/* PVM 3 wanted a third word and had no use for it. */
int mailbox_command_put(struct console *console, int argc, char **argv)
{
    int nothing = 0;
    int flags;

    (void)console;
    (void)argc;
    if (!words_number(argv[2], &flags))
        return report_usage("put", "the flags \"%s\" are no number", argv[2]);
    int bufid = pvm_mkbuf(PvmDataDefault);
    if (bufid < 0)
        return report_call("put", bufid);
    int active = pvm_setsbuf(bufid);
    int rc = pvm_pkint(&nothing, 1, 1);
    pvm_setsbuf(active);
    if (rc == PvmOk)
        rc = pvm_putinfo(argv[1], bufid, flags);
    pvm_freebuf(bufid);
    return rc < 0 ? report_call("put", rc) : EXIT_GOOD;
}

int mailbox_command_reset(struct console *console, int argc, char **argv)
{
    int index = -1;
    int rc;

    if (argc > 1 && strcmp(argv[1], "info") != 0) {
        printf("\"%s\" arg to reset not valid\n", argv[1]);
        return EXIT_USAGE;
    }
    if (argc > 3 && (!words_number(argv[3], &index) || index < 0))
        return report_usage("reset", "\"%s\" is no index", argv[3]);
    rc = pvmreset(console->tid, argc == 1, argc > 2 ? argv[2] : NULL, index);
    return rc < 0 ? report_call("reset", rc) : EXIT_GOOD;
}
