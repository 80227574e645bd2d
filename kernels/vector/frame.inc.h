/* SPDX-License-Identifier: MIT
 *
 * The frame of a vector backend: open and close around what it keeps. Its includer defines open_parts and
 * close_parts. */
#ifndef LB_FRAME_INC_H
#define LB_FRAME_INC_H

#include <stdio.h>
#include <stdlib.h>

#include "fused/step.inc.h"

/* False when out of memory; close_parts is called then too. */
static bool open_parts(struct vector_state *s, const struct plan *plan);
static void close_parts(struct vector_state *s);

static void vector_close(void *state)
{
    struct vector_state *s = state;
    if (!s) return;
    close_parts(s);
    free(s);
}

static int vector_open(const struct plan *plan, void **state, char *why, size_t why_size)
{
    if (plan->classes < 1 || plan->classes > LOGITS) {
        snprintf(why, why_size, "%d classes; the fused step takes 1 to %d", plan->classes, LOGITS);
        return 1;
    }
    struct vector_state *s = calloc(1, sizeof *s);
    if (!s || !open_parts(s, plan)) {
        snprintf(why, why_size, "out of memory");
        vector_close(s);
        return 1;
    }
    *state = s;
    return 0;
}

/* Members of the initialisers of struct backend and struct step_ops that all vector backends share. */
#define FRAME_MEMBERS(name_, needs_)                                                                         \
    .abi_version = BACKEND_ABI_VERSION, .struct_size = sizeof(struct backend), .name = name_,                \
    .needs = needs_, .open = vector_open, .close = vector_close
#define STEP_MEMBERS                                                                                         \
    .predict = fused_predict, .phases = phase_names, .phase_seconds = fused_phase_seconds,                   \
    .clock_reads = fused_clock_reads

#endif
