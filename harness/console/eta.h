/* SPDX-License-Identifier: MIT
 *
 * How long something has taken and how long the rest will take, from the times it is told. */
#ifndef LB_ETA_H
#define LB_ETA_H

enum { ETA_MAX = 64, ETA_TEXT = 48 };

/* Parts of one kind, such as the epochs of a contender. */
struct eta_kind {
    const char *name; /* the caller's */
    int owed, done;
    double seconds; /* of those done */
};

struct eta {
    double start; /* clock_seconds() when it began; 0: nothing is known */
    struct eta_kind kinds[ETA_MAX];
    int count;
    int at;            /* the kind under way; -1: none of them */
    double part_start; /* of the part under way */
};

/* Something begins that has no parts yet. now: clock_seconds(), here and below. */
void eta_start(struct eta *e, double now);

/* So many parts of a kind are still to do; owed may be 0 and grow with later calls. */
void eta_plan(struct eta *e, const char *name, int owed);

/* No parts of a kind remain. */
void eta_drop(struct eta *e, const char *name);

/* A part of a kind begins: part 0 is none, but work of its own, such as a proof. */
void eta_begin(struct eta *e, const char *name, int part, double now);
void eta_end(struct eta *e, double now);

/* Seconds until all parts are done: each kind's at its mean so far, less what the part under way has taken.
 * NAN while a kind that is owed parts has none done. */
double eta_remaining(const struct eta *e, double now);

/* "1:23, 4:10 left", "1:23" while the rest is not known; "" in the first 10 seconds. Returns text. */
char *eta_text(const struct eta *e, double now, char text[ETA_TEXT]);

#endif
