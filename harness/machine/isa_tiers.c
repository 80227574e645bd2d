/* SPDX-License-Identifier: MIT */
#include "machine/isa_tiers.h"

#include <string.h>

static const struct {
    const char *name, *onednn;
    uint32_t needs;
} tiers[ISA_TIER_COUNT] = {
#define ISA_TIER(ID, name, onednn, needs) {#name, onednn, needs},
#include "machine/isa_tiers.def"
#undef ISA_TIER
};

const char *isa_tier_name(enum isa_tier tier)
{
    return tiers[tier].name;
}

uint32_t isa_tier_needs(enum isa_tier tier)
{
    return tiers[tier].needs;
}

const char *isa_tier_onednn(enum isa_tier tier)
{
    return tiers[tier].onednn;
}

enum isa_tier isa_tier_named(const char *name)
{
    int tier = 0;
    while (tier < ISA_TIER_COUNT && strcmp(name, tiers[tier].name) != 0) tier++;
    return (enum isa_tier)tier;
}

enum isa_tier isa_tier_widest(uint32_t isa)
{
    int tier = ISA_TIER_COUNT - 1;
    while (tiers[tier].needs & ~isa) tier--;
    return (enum isa_tier)tier;
}
