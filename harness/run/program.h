/* SPDX-License-Identifier: MIT
 *
 * Another build of this program as the worker: what it is, and whether it speaks the same protocol. */
#ifndef LB_PROGRAM_H
#define LB_PROGRAM_H

#include "backends/registry.h"

/* The argument of `bench worker` that asks. */
#define PROGRAM_QUESTION "answer"

struct program {
    char path[PLUGIN_PATH_SIZE];       /* absolute, symbolic links resolved */
    char shown_path[PLUGIN_PATH_SIZE]; /* the same as clean text */
    char sha256[65];                   /* of the file; "" when it cannot be read */
    char version[32], commit[80];      /* clean text */
    struct plugin backend;             /* of that build: facts and stub only */
    struct backend_spec spec;          /* what it was asked for */
};

/* Asks the program at path, in its own process and for at most 10 seconds, for its backend of this
 * spec (see registry_resolve). EXIT_USAGE if it is not such a program, speaks another protocol, or does not
 * know the backend; EXIT_NOTHING when the backend is not ready there; EXIT_INTERNAL. p lives as long as the
 * stub is used and stays where it is. */
int program_probe(struct program *p, const char *path, const char *spec, struct error *e);

/* The other side: writes the answer to stdout. Returns the exit code of the process. */
int program_answer(const char *spec);

#endif
