/* SPDX-License-Identifier: MIT */
#include "results/provenance.h"

#include <stdio.h>
#include <string.h>

#include "machine/build.h"
#include "run/program.h"

/* commit: "unknown" without git; of another build, followed by "+changes" if tracked files differed. */
static void set_commit(struct provenance *o, const char *commit, bool dirty)
{
    if (strcmp(commit, "unknown") == 0) return;
    char id[SHORT_ID_SIZE];
    snprintf(o->commit, sizeof o->commit, "%s%s", short_id(id, commit), dirty ? "+changes" : "");
}

struct provenance provenance_of(const struct registry_entry *entry)
{
    struct provenance o = {"", ""};
    const struct program *other = entry ? entry->program : NULL;
    const struct build *own = build_get();
    if (other)
        set_commit(&o, other->commit, strchr(other->commit, '+') != NULL);
    else
        set_commit(&o, own->commit, own->dirty > 0);
    const struct plugin *plugin = entry ? registry_plugin_of(entry) : NULL;
    const char *hash = other ? other->sha256 : plugin ? plugin->sha256 : own->program_sha256;
    short_id(o.hash, hash);
    return o;
}

void csv_provenance(struct csv *c, const struct registry_entry *entry)
{
    const struct provenance o = provenance_of(entry);
    csv_text(c, o.commit);
    csv_text(c, o.hash);
}
