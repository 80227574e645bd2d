/* SPDX-License-Identifier: MIT
 *
 * The only way in for files from the user and from earlier runs: only regular files, opened without blocking
 * (a FIFO would block the program for ever), and only up to a size that no real file of the kind reaches.
 * Files of /proc and /sys are the kernel's and do not come through here. */
#ifndef LB_INPUT_H
#define LB_INPUT_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* Kinds, each with its largest size in bytes. */
#define INPUT_KINDS(X)                                                                                       \
    X(INPUT_CACHE, 1 << 20)    /* tuning.json, roofline.json: some hundred bytes for each machine */         \
    X(INPUT_MACHINE, 16 << 20) /* machine.json, sweep.json, summary.json */                                  \
    X(INPUT_CSV, 256 << 20)    /* of another run */                                                          \
    X(INPUT_SHAPES, 1 << 20)   /* a list of shapes */

enum input_kind {
#define X(kind, most) kind,
    INPUT_KINDS(X)
#undef X
};

enum input_fault {
    INPUT_OK,
    INPUT_MISSING,
    INPUT_DIRECTORY,
    INPUT_FIFO,
    INPUT_NOT_REGULAR,
    INPUT_UNREADABLE,
    INPUT_TOO_LARGE,
    INPUT_MALFORMED,
    INPUT_NO_MEMORY, /* or no file descriptor */
};

/* What is wrong with a file. why continues a sentence that begins with its name ("is a FIFO, not a regular
 * file") and is clean text. */
struct input_problem {
    enum input_fault fault;
    char why[240];
};

/* EXIT_INTERNAL where memory ran out, else `code`. */
enum exit_code input_exit_code(const struct input_problem *p, enum exit_code code);

/* A descriptor for reading, close-on-exec, and the size in bytes; -1 and p. */
int input_open(const char *path, long long *size, struct input_problem *p);

/* The content, ended with a 0 that *size does not count; free(). NULL and p. */
char *input_read(const char *path, enum input_kind kind, size_t *size, struct input_problem *p);

/* The content as JSON, with Jansson's flags; every text in it, keys too, is clean text. A new reference; NULL
 * and p. */
json_t *input_json(const char *path, enum input_kind kind, size_t flags, struct input_problem *p);

#endif
