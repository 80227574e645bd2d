/* SPDX-License-Identifier: MIT
 *
 * What a plug-in, or a backend of another build, says about itself, by value. */
#ifndef LB_PLUGIN_FACTS_H
#define LB_PLUGIN_FACTS_H

#include <stdbool.h>

#include "backend.h"
#include "backends/op.h"
#include "base/error.h"

enum { PLUGIN_NAME_SIZE = BACKEND_NAME_MAX + 1 };

struct plugin_facts {
    char name[PLUGIN_NAME_SIZE], summary[160], library[64]; /* clean text; library "" when there is none */
    char same_bits_as[PLUGIN_NAME_SIZE];                    /* likewise */
    uint32_t needs, flags;
    struct blocking blocking;
    bool has_op[OP_COUNT], has_step, has_flop_done;
};

/* Copies a name, which may be any text, as clean text. One that is too long ends in "...", which no valid
 * name does. */
void plugin_facts_name(char to[PLUGIN_NAME_SIZE], const char *name);

/* All but the library, for which its code would have to run. */
void plugin_facts_of(struct plugin_facts *f, const struct backend *b);

/* 0, or EXIT_USAGE when they break a rule of backend.h. path is clean text, for the message. */
int plugin_facts_check(const struct plugin_facts *f, const char *path, struct error *e);

#endif
