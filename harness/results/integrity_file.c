/* SPDX-License-Identifier: MIT */
#include "results/integrity_file.h"

#include "base/json_text.h"
#include "results/provenance.h"

enum { SCHEMA = 2 };

static const char columns[] =
    "schema,run_id,backend,check,status,expected,seen,words,env_id," PROVENANCE_COLUMNS;

static int add_row(struct csv *c, const struct row_identity *identity, const struct registry_entry *entry,
                   const struct integrity *i, enum integrity_check check, struct error *e)
{
    const struct integrity_line *line = &i->line[check];
    csv_integer(c, SCHEMA);
    csv_text(c, identity->run_id);
    csv_text(c, entry->name);
    csv_text(c, integrity_check_name(check));
    csv_text(c, integrity_status_name(line->status));
    csv_text(c, line->expected);
    csv_text(c, line->seen);
    csv_text(c, line->message[0] ? line->message : "it trained no epoch");
    csv_text(c, identity->env_id);
    csv_provenance(c, entry);
    return csv_end_row(c, e);
}

int integrity_file_write(const struct integrity *all, const struct registry_entry *const *entries, int count,
                         const char *dir, const struct row_identity *identity, struct error *e)
{
    struct csv c;
    if (csv_create_at_once(&c, dir, "integrity.csv", columns, e)) return (int)e->code;
    for (int i = 0; i < count; i++)
        for (int check = 0; check < CHECK_COUNT; check++)
            if (add_row(&c, identity, entries[i], &all[i], (enum integrity_check)check, e)) {
                csv_discard(&c);
                return (int)e->code;
            }
    return csv_finish(&c, e);
}

json_t *integrity_json(const struct integrity *i)
{
    json_t *violations = json_array();
    int counts[3] = {0, 0, 0};
    for (int check = 0; check < CHECK_COUNT; check++) {
        const struct integrity_line *line = &i->line[check];
        counts[line->status]++;
        if (line->status != INTEGRITY_VIOLATION) continue;
        json_t *one =
            json_pack("{s:s, s:o, s:o, s:o}", "check", integrity_check_name((enum integrity_check)check),
                      "expected", json_string_of_bytes(line->expected), "seen",
                      json_string_of_bytes(line->seen), "words", json_string_of_bytes(line->message));
        if (json_array_append_new(violations, one) == 0) continue;
        json_decref(violations);
        return NULL;
    }
    return json_pack("{s:i, s:i, s:o}", "passed", counts[INTEGRITY_PASS], "not_applicable",
                     counts[INTEGRITY_NOT_APPLICABLE], "violations", violations);
}
