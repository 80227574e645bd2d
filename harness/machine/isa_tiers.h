/* SPDX-License-Identifier: MIT
 *
 * The ISA tiers that this program distinguishes, from isa_tiers.def. */
#ifndef LB_ISA_TIERS_H
#define LB_ISA_TIERS_H

#include <stdint.h>

#include "backend.h"

enum isa_tier {
#define ISA_TIER(ID, name, onednn, needs) TIER_##ID,
#include "machine/isa_tiers.def"
#undef ISA_TIER
    ISA_TIER_COUNT
};

/* "|baseline|avx2|avx512" */
#define ISA_TIER(ID, name, onednn, needs) "|" #name
static const char isa_tier_choices[] =
#include "machine/isa_tiers.def"
    ;
#undef ISA_TIER

/* "baseline", "avx2", "avx512" */
const char *isa_tier_name(enum isa_tier tier);

/* ISA bits of the tier; 0 for baseline. */
uint32_t isa_tier_needs(enum isa_tier tier);

/* The value of ONEDNN_MAX_CPU_ISA for it. */
const char *isa_tier_onednn(enum isa_tier tier);

/* The tier of this name; ISA_TIER_COUNT: none. */
enum isa_tier isa_tier_named(const char *name);

/* The widest tier all of whose bits are among these. */
enum isa_tier isa_tier_widest(uint32_t isa);

#endif
