/* SPDX-License-Identifier: BSD-3-Clause */
/* A task of the arena in a program of its own, built for another word size: arena_peer32 send|receive HANDOVER RECEIVER
 * COUNT. test_arena_peer starts it. */
#include "arena/handover.h"
#include "arena_task.h"

int main(int argc, char **argv)
{
    struct pvmi_handover handover;
    struct arena_task task;
    uint32_t receiver, count;
    uint64_t sum = 0;

    alarm(60);
    MUST(argc == 5 && pvmi_handover_read(argv[2], &handover) == PvmOk && pvmi_handover_take(&handover) == PvmOk);
    receiver = (uint32_t)strtoul(argv[3], NULL, 16);
    count = (uint32_t)atoi(argv[4]);
    task_start(&task, handover.arena.fd, handover.slot);
    MUST(task.arena->piece == PVMI_ARENA_PIECE_SMALL);
    for (uint32_t i = 0; i < count; i++) {
        if (argv[1][0] == 's')
            MUST(task_send(&task, receiver, i, i % 9 == 8 ? 5000 : i % 200, 1300) == PvmOk);
        else
            sum += task_receive(&task);
    }
    MUST(argv[1][0] == 's' || sum == (uint64_t)count * (count - 1) / 2);
    task_end(&task, true);
    return 0;
}
