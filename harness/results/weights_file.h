/* SPDX-License-Identifier: MIT
 *
 * Trained weights as an .npz file of numpy: a zip archive without compression, of four .npy files, which
 * numpy.load() opens without pickle. */
#ifndef LB_WEIGHTS_FILE_H
#define LB_WEIGHTS_FILE_H

#include "base/error.h"
#include "train/network.h"

enum { WEIGHTS_PATH = 4000 };

/* The file of this contender of a run of `count`: path itself, which ends in .npz, or, of several, path with
 * -NAME before that end. 0, or e (EXIT_USAGE) where the path ends otherwise or is too long. */
int weights_path(char to[WEIGHTS_PATH], const char *path, const char *name, int count, struct error *e);

/* Whether weights of these sizes fit such a file. 0, or e (EXIT_USAGE). */
int weights_fit(const struct shape *s, struct error *e);

/* Writes w1 [inputs x hidden], b1 [hidden], w2 [hidden x classes] and b2 [classes], float32 in C order;
 * whole, or not at all. They must fit. 0 or e. */
int weights_write(const char *path, const struct tensors *w, const struct shape *s, struct error *e);

#endif
