/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of the planted bugs. */
#include "tests/sim/plant.h"

#include <string.h>

#include "tests/sim/world.h"

static const struct {
    const char *name;
    const char *text;
} plants[PLANT_COUNT] = {
    [PLANT_NONE] = { "none", "nothing" },
    [PLANT_DOUBLE_NOTICE] = { "double-notice", "a notice comes twice" },
    [PLANT_LOST_NOTICE] = { "lost-notice", "a notice is lost" },
    [PLANT_EARLY_NOTICE] = { "early-notice", "a notice overtakes messages" },
    [PLANT_NO_FENCE] = { "no-fence", "data of a dropped host arrive after its notice" },
    [PLANT_NO_DEDUP] = { "no-dedup", "a frame between daemons is taken twice" },
    [PLANT_LOST_FRAME] = { "lost-frame", "a frame between daemons is lost without a gap" },
    [PLANT_LOST_OUTPUT] = { "lost-output", "a piece of output is lost" },
    [PLANT_SWAPPED_OUTPUT] = { "swapped-output", "output changes its order" },
    [PLANT_REUSED_TID] = { "reused-tid", "a start gets a tid that was used before" },
    [PLANT_LOST_ANSWER] = { "lost-answer", "a request is not answered" },
    [PLANT_DOUBLE_ANSWER] = { "double-answer", "a request is answered twice" },
    [PLANT_MISSED_DROP] = { "missed-drop", "one daemon does not hear of a host's death" },
    [PLANT_LOST_CREDIT] = { "lost-credit", "credit for what was delivered is lost" },
    [PLANT_DOUBLE_START] = { "double-start", "a daemon starts one task too many" },
    [PLANT_LIVING_DEAD] = { "living-dead", "a dropped daemon lives on" },
    [PLANT_ORPHANS] = { "orphans", "tasks outlive their daemon" },
    [PLANT_CUT_MESSAGE] = { "cut-message", "a message loses its end" },
    [PLANT_LOST_EXIT] = { "lost-exit", "a daemon does not hear of a task's end" },
    [PLANT_GROUP_GHOST] = { "group-ghost", "a dead task stays in its group" },
    [PLANT_MISSED_PUT] = { "missed-put", "one daemon does not hear of a mailbox entry" },
    [PLANT_TORN_ENTRY] = { "torn-entry", "a mailbox entry is read with other bytes" },
    [PLANT_DEAF] = { "deaf", "a member is not heard by the first host" },
    [PLANT_LEAK] = { "leak", "memory is not freed" },
    [PLANT_UNSEEDED] = { "unseeded", "chance that does not come from the seed" },
};

const char *plant_name(enum plant plant)
{
    return plants[plant].name;
}

const char *plant_text(enum plant plant)
{
    return plants[plant].text;
}

enum plant plant_find(const char *name)
{
    int plant = 0;

    while (plant < PLANT_COUNT && strcmp(plants[plant].name, name) != 0)
        plant++;
    return (enum plant)plant;
}

int plant_strikes(struct world *world, enum plant plant, unsigned per_mille)
{
    if (world->plant != plant || !world_chance(world, per_mille))
        return 0;
    world->planted++;
    return 1;
}
