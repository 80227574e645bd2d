/* SPDX-License-Identifier: MIT
 *
 * Backends from shared objects. The program itself never runs code of theirs: a child process, which may
 * crash, asks the plug-in what it is (plugin_probe); a stub with the answers stands in for it here (struct
 * plugin); and workers really load it (plugin_load). This contains accidents; it does not defend against
 * malice. */
#ifndef LB_PLUGIN_H
#define LB_PLUGIN_H

#include "backend.h"
#include "backends/plugin_facts.h"
#include "base/error.h"

enum { PLUGIN_PATH_SIZE = 4096 };

struct plugin {
    char path[PLUGIN_PATH_SIZE];       /* absolute, symbolic links resolved */
    char shown_path[PLUGIN_PATH_SIZE]; /* the same as clean text */
    char sha256[65];                   /* of the file, in hexadecimal; "" when it cannot be read */
    struct plugin_facts facts;
    /* Stands in for the plug-in's own: same data, but every function aborts the program. */
    struct backend stub;
    struct step_ops stub_step;
};

/* The backend of PATH or PATH:NAME, as --plugin takes it. A file of the whole text wins over a colon in it.
 * NAME replaces the name that the plug-in gives itself. EXIT_USAGE with one line for whatever is wrong with
 * the file, except what only comparison with others shows (a name that is taken) and what the CPU lacks. Up
 * to 5 seconds when the plug-in hangs. p lives as long as the stub is used and stays where it is. */
int plugin_probe(struct plugin *p, const char *argument, struct error *e);

/* Fills in the stub from the facts. */
void plugin_make_stub(struct plugin *p);

#endif
