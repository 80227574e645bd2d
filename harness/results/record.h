/* SPDX-License-Identifier: MIT
 *
 * machine.json and topology.xml: the circumstances of a run, and how it ended. */
#ifndef LB_RECORD_H
#define LB_RECORD_H

#include <jansson.h>

#include "data/dataset.h"
#include "results/run_dir.h"
#include "results/status_file.h"
#include "run/run.h"

struct record {
    json_t *root;
    struct status_file file;
    bool lost; /* out of memory while it was put together */
};

/* What the program was built from and with; a new reference. */
json_t *record_build(void);

/* Puts together everything that is known before the run; data may be NULL. plan: of the entries, but for what
 * is tuned; NULL where there are none. Free with record_free. */
void record_init(struct record *r, const struct run_dir *dir, int argc, char **argv,
                 const struct topology *topology, const struct dataset *data,
                 const struct registry_entry *const *entries, int count, const struct plan *plan);
void record_free(struct record *r);

/* Whether the run of a machine.json trained on these images, by their checksums. */
bool record_has_data(const json_t *machine, const struct dataset *d);

/* "settings": what the run was asked for. Takes over the reference. */
void record_settings(struct record *r, json_t *settings);

/* Adds members to "settings". Takes over the reference. */
void record_more_settings(struct record *r, json_t *settings);

/* Of a resumed run: identity as in its earlier machine.json, and one more note in "resumed". Takes over the
 * reference to note, which the caller may still change while it has another one. */
void record_continue(struct record *r, const json_t *earlier, json_t *note);

/* What a worker said of itself; the proof's verdict; why a contender left. */
void record_opened(struct record *r, const char *backend, const struct contender_info *info);
void record_proven(struct record *r, const char *backend, const struct proof_verdict *verdict,
                   double seconds);
/* A section of its own at the top; takes over the reference, NULL: out of memory. */
void record_section(struct record *r, const char *name, json_t *section);

/* What reading clocks for ops.csv took of a backend's epochs; reads < 0: not known. */
void record_clocks(struct record *r, const char *backend, long long reads, double seconds_each, double share);

void record_failed(struct record *r, const char *backend, const char *reason);

/* What the integrity checks found. Takes over the reference. */
void record_integrity(struct record *r, const char *backend, json_t *found);

/* Writes both files at the beginning of a run, with the status "running". On an error some may be there, for
 * record_discard(). */
int record_begin(struct record *r, const char *dir, struct error *e);

/* Removes both files. */
void record_discard(struct record *r, const char *dir);

/* Writes machine.json of a run that has ended; see status_file_write. */
int record_write(struct record *r, int exit_code, struct error *e);

#endif
