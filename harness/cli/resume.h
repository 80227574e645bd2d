/* SPDX-License-Identifier: MIT
 *
 * Continuing a run that was interrupted or killed. What is on disk stays: complete epochs keep their rows,
 * and are trained again only for the parameters they lead to. */
#ifndef LB_RESUME_H
#define LB_RESUME_H

#include "cli/session.h"
#include "results/prior_epochs.h"
#include "results/summary.h"

/* Refuses any flag of the command line that the earlier run has already decided. */
int resume_check_flags(const struct options *o, struct error *e);

/* The JSON file of the directory. NULL and e: EXIT_USAGE when it is not there, EXIT_DATA when it is damaged.
 * A new reference. */
json_t *resume_load(const char *dir, const char *name, struct error *e);

/* Whether a run or sweep went to its end, by its machine.json or sweep.json; code then says how. */
bool resume_is_finished(const json_t *earlier, int *code);

/* Whether this is the same program on the same machine; EXIT_USAGE. path is that of the file, for the
 * message.
 */
int resume_check_same(const json_t *earlier, const char *path, struct error *e);

struct resumption {
    json_t *earlier; /* machine.json as it was left */
    json_t *note;    /* becomes an entry of "resumed" */
    char path[3600]; /* of that file */
    char *list;
    struct options options; /* of the earlier run; points into earlier and list */
    struct prior_epochs prior;
    int prior_count[REGISTRY_MAX]; /* of epochs, by contender of the session */
    bool differs[REGISTRY_MAX];    /* trained again, it gave other figures */
};

/* The run of a directory; `earlier` is its machine.json, taken over. Every flag in o that is not of the
 * earlier run stays. plugins_loaded: they are in the registry already. Free with resume_free, also after an
 * error. */
int resume_begin(struct resumption *r, json_t *earlier, const char *dir, const struct options *o,
                 bool plugins_loaded, struct error *e);
void resume_free(struct resumption *r);

/* When the session is open: the identity of the run, the same data, and the prior epochs. */
int resume_match(struct resumption *r, struct session *s, struct error *e);

/* Continues the earlier record; EXIT_USAGE when block sizes have changed since. */
int resume_record(struct resumption *r, const struct session *s, struct record *record, struct error *e);

/* Puts the prior epochs into the table at the end. 0, or -1 when out of memory. */
int resume_summary(const struct resumption *r, const struct session *s, struct summary *summary);

/* See run_listener. reason[size]: where it writes one. */
const char *resume_replayed(struct resumption *r, const struct session *s, const struct registry_entry *entry,
                            const struct epoch_report *report, char *reason, size_t size);

/* What a reader must know, one line each. */
void resume_print(const struct resumption *r, const struct session *s, FILE *out);

#endif
