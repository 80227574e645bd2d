/* SPDX-License-Identifier: MIT
 *
 * The checks, each of which fills in state and texts of one finding. */
#ifndef LB_CHECKS_H
#define LB_CHECKS_H

#include <math.h>
#include <stdio.h>

#include "doctor/doctor.h"

typedef void check_function(const struct machine_state *p, struct finding *f);

/* check_clock.c: what changes how fast the cores run, or how time is measured. */
check_function check_clock_speed, check_clock_source, check_throttling, check_governor, check_turbo,
    check_idle_states;
/* check_arithmetic.c: what makes the same instructions take longer. */
check_function check_subnormals;
/* check_contention.c: what else uses the cores and the last-level cache. */
check_function check_other_load, check_siblings, check_steal, check_scatter, check_shared_cache;
/* check_setup.c: how bench was built and is run. */
check_function check_build, check_quota, check_environment, check_core_kinds;
/* check_memory.c */
check_function check_huge_pages, check_address_randomisation, check_memory;

#define FINDING_SAY(text, ...) snprintf((text), sizeof(text), __VA_ARGS__)

/* An effect, as a share, that the probe could see. False of NAN. */
#define FINDING_SEEN(p, effect) ((effect) > (p)->probe.visible)

/* The difference in time that bench ab ignores by default. */
#define SMALL_EFFECT 0.02

/* The same for CPU time that others took. This is counted and not inferred from the times of the work: it
 * makes those scatter, and that scatter must not hide it. */
#define FINDING_TAKEN(p, share) ((share) > fmin((p)->probe.visible, SMALL_EFFECT))

#endif
