/* SPDX-License-Identifier: MIT */
#include "roof/loops.h"

static const struct roof_loops *const loops[ISA_TIER_COUNT] = {
#define ISA_TIER(ID, name, onednn, needs) &loops_##name,
#include "machine/isa_tiers.def"
#undef ISA_TIER
};

const struct roof_loops *roof_loops(enum isa_tier tier)
{
    return loops[tier];
}
