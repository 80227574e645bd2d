/* SPDX-License-Identifier: MIT
 *
 * The text that names a contender, wherever one is chosen:
 *
 *   NAME[:ARGUMENT]                  a backend
 *   NAME[:ARGUMENT]:composed         its ops without its training step: in the one that the harness composes
 *   BASE+OP[+OP...]:NAME[:ARGUMENT]  the composed step of BASE with these ops taken from NAME
 *
 * Names hold neither ':' nor '+'. An argument may hold anything, but does not end in ":composed". */
#ifndef LB_SPEC_H
#define LB_SPEC_H

#include "backends/op.h"

enum {
    BACKEND_SPEC_SIZE = 512,     /* bytes of a spec, its end included */
    BACKEND_SPEC_NAME_SIZE = 64, /* of a name in it; a longer one is cut, and so names no backend */
};

/* How a spec and a contender's name end that is NAME's composed step. */
#define COMPOSED "composed"

struct backend_spec {
    char base[BACKEND_SPEC_NAME_SIZE]; /* "": there is none */
    op_set ops;                        /* with a base: those of NAME; else 0 */
    char name[BACKEND_SPEC_NAME_SIZE];
    char argument[BACKEND_SPEC_SIZE]; /* "": none */
    bool composed;                    /* with a base, too */
};

/* Does not check whether these backends exist. EXIT_USAGE. */
int backend_spec_parse(struct backend_spec *s, const char *text, struct error *e);

/* A text that is parsed to the same spec, one and the same for all such texts; free(). */
char *backend_spec_text(const struct backend_spec *s);

/* What a contender of this spec is called, where its backend and its base are called so; free(). */
char *backend_spec_title(const struct backend_spec *s, const char *base, const char *name);

#endif
