/* SPDX-License-Identifier: MIT
 *
 * Backends from shared objects. The program itself never runs code of theirs: a child process that dies with
 * the question asks one who it is (plugin_probe), the answer stands in for it here (struct plugin), and
 * workers load it for real (plugin_load). This keeps accidents apart; it is no defence against malice. */
#ifndef LB_PLUGIN_H
#define LB_PLUGIN_H

#include <stdbool.h>

#include "backend.h"
#include "backends/contender.h"
#include "base/error.h"

enum { PLUGIN_PATH_SIZE = 4096, PLUGIN_NAME_SIZE = BACKEND_NAME_MAX + 1 };

/* What a plug-in says of itself, by value. */
struct plugin_facts {
    char name[PLUGIN_NAME_SIZE], summary[160], library[64]; /* clean text; library "" when there is none */
    uint32_t needs, flags;
    struct blocking blocking;
    bool has_op[OP_COUNT], has_step;
};

struct plugin {
    char path[PLUGIN_PATH_SIZE];       /* absolute, symbolic links resolved */
    char shown_path[PLUGIN_PATH_SIZE]; /* the same as clean text */
    char sha256[65];                   /* of the file, in hexadecimal; "" when it cannot be read */
    struct plugin_facts facts;
    /* Stands in for the plug-in's own: same data, but every function aborts the program. */
    struct backend stub;
    struct step_ops stub_step;
};

/* Copies a name, which may be any text, as clean text. One that is too long ends in "...", and so is none by
 * the rule. */
void plugin_take_name(char to[PLUGIN_NAME_SIZE], const char *name);

/* The backend of PATH or PATH:NAME, as --plugin takes it. A file of the whole text wins over a colon in it.
 * NAME replaces the name that the plug-in gives itself. EXIT_USAGE with one line for whatever is wrong with
 * the file, except what only comparison with others shows (a name that is taken) and what the CPU lacks. Up
 * to 5 seconds when the plug-in hangs. p lives as long as the stub is used and stays where it is. */
int plugin_probe(struct plugin *p, const char *argument, struct error *e);

/* Fills in the stub from the facts. */
void plugin_make_stub(struct plugin *p);

/* Loads it into this process, for good; b is the plug-in's struct backend under the given name, which is
 * kept by reference. Runs constructors and lanebench_backend(). EXIT_USAGE. */
int plugin_load(struct backend *b, const char *path, const char *name, struct error *e);

/* What of a plug-in is running, for the words on a crash. */
enum plugin_stage { PLUGIN_STARTS, PLUGIN_LOADS, PLUGIN_ENTERS, PLUGIN_IS_READ, PLUGIN_TELLS_LIBRARY };

/* dlopen, the entry function, and its answer's version and size. NULL and e when one of them is wrong. stage
 * says all the while what is running; it may be NULL. */
const struct backend *plugin_enter(const char *path, volatile enum plugin_stage *stage, struct error *e);

#endif
