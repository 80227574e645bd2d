/* SPDX-License-Identifier: MIT
 *
 * How the checks fill in their lines: for the files of this directory. */
#ifndef LB_LINES_H
#define LB_LINES_H

#include <stdio.h>

#include "base/clean_text.h"
#include "integrity/checks.h"

#define SAY(text, ...) (snprintf(text, sizeof(text), __VA_ARGS__), clean_text(text))

/* A finding: the line to write it to, or NULL. The first violation stays; of the epochs that pass, the one
 * that comes closest to a violation does. */
struct integrity_line *lines_take(struct integrity *i, enum integrity_check check, bool right,
                                  double severity);

/* Says why, where nothing else is known of the check. */
void lines_not_applicable(struct integrity *i, enum integrity_check check, const char *message);

/* The part of integrity_epoch that is for the roof. */
void roof_note_rates(struct integrity *i, const struct integrity_ground *g, const struct epoch_report *r);

#endif
