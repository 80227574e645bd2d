/* SPDX-License-Identifier: MIT
 *
 * Progress as Keras users know it, drawn by the parent from memory that the worker writes: one updating line
 * on a terminal, at most ten redraws a second; one line per epoch elsewhere. */
#ifndef LB_PROGRESS_VIEW_H
#define LB_PROGRESS_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "console/eta.h"
#include "run/run.h"

struct progress_view {
    FILE *out;
    bool live;           /* a terminal that can redraw a line */
    bool quiet;          /* draws nothing at all */
    double flop_per_row; /* of a training step of this turn; 0: not known before its end */
    double drawn_at;     /* clock_seconds() of the last redraw */
    bool line_open;      /* the cursor stands in a line that is redrawn */
    struct eta eta;      /* the caller says what there is to do, see eta_plan */
};

/* live follows from the terminal and TERM. */
void progress_view_open(struct progress_view *v, FILE *out, bool quiet);

/* A turn of a contender begins: epoch 0 is the proof. */
void progress_view_turn(struct progress_view *v, const char *name, int epoch, int epochs,
                        double flop_per_row);

/* Redraws if the last redraw is long enough ago. */
void progress_view_tick(struct progress_view *v, const struct progress *p);

/* flop: made in the epoch. */
void progress_view_epoch(struct progress_view *v, const char *name, const struct epoch_result *r, int epochs,
                         double flop);

/* A separate line, below what has been drawn. Not shown when quiet. */
void progress_view_line(struct progress_view *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Leaves the cursor at the start of a clean line. */
void progress_view_clear(struct progress_view *v);

/* The text of one redraw, without colour or cursor control. now is clock_seconds(). Returns text. */
char *progress_view_text(const struct progress_view *v, const struct progress *p, double now, char *text,
                         size_t size);

#endif
