/* SPDX-License-Identifier: MIT
 *
 * Comparing what a training step did with what the oracle says: for the proof, and for the timed steps that
 * are looked at again. */
#ifndef LB_STEP_COMPARE_H
#define LB_STEP_COMPARE_H

#include "proof/bounds.h"
#include "proof/compare.h"
#include "proof/oracle_step.h"

/* Columns of a tensor. */
int tensor_columns(const struct shape *s, int tensor);

/* One tensor's new w and v after a step from `from`, against the gradients the oracle holds: they must lie
 * between the updates at both ends of the gradient's interval. flags: enum compare_flag. */
void update_compare(const struct rmsprop_constants *k, const struct oracle_step *o, const struct model *from,
                    const struct model *got, int tensor, unsigned flags, struct comparison *w,
                    struct comparison *v);

/* Loss sum and count of right rows against the oracle's last forward pass. */
void result_compare(const struct oracle_step *o, const struct step_result *result, struct comparison *loss,
                    struct comparison *correct);

#endif
