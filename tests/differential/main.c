/* SPDX-License-Identifier: BSD-3-Clause */
/* main() of the random program: program SEED FOLDER OMITTED; what task N prints goes to FOLDER/tN. */
#include "script.h"

/* A task that only waits to be ended. */
static int victim(void)
{
    pvm_setopt(PvmAutoErr, 0);
    pvm_mytid();
    pvm_recv(-1, -1);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "victim") == 0)
        return victim();
    if (argc == 3 && strcmp(argv[1], "printer") == 0)
        return output_printer(argv[2]);
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED FOLDER OMITTED\n", argv[0]);
        return 2;
    }
    turns_begin(argc, argv);
    data_begin();
    turns_run();
    say("end: %s\n", code(pvm_exit()));
    log_close();
    return 0;
}
