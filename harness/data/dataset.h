/* SPDX-License-Identifier: MIT
 *
 * A data set in MNIST's shape: train and test images of u8 pixels with labels below `classes`. */
#ifndef LB_DATASET_H
#define LB_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DATASET_CLASSES = 10 };

struct split {
    const uint8_t *pixels; /* count x (rows * cols), row-major */
    const uint8_t *labels; /* count, each < DATASET_CLASSES */
    uint32_t count;
};

struct dataset {
    struct split train, test;
    int rows, cols; /* of one image; rows * cols inputs */
    /* Clean text: */
    char name[64];      /* "mnist" (checksums match), "generated", or the directory's base name */
    char source[512];   /* where it came from, for people: a directory, or "built-in digits" */
    char sha256[4][65]; /* of the decompressed IDX content (generated: of the arrays): train images, train
                           labels, test images, test labels */
    int fd;             /* memfd that holds all arrays, read-only for others, or -1 */
    void *map;
    size_t map_bytes;
};

/* Finds and loads: directory if not NULL; else $MNIST_DIR if set; else the user's cache directory
 * ($XDG_CACHE_HOME or ~/.cache, /lanebench/mnist) if it holds the files; else the generated digits. A
 * directory named by the user or by MNIST_DIR that lacks a file or holds a malformed one is an error
 * (EXIT_DATA), never replaced. Everything ends in one sealed memfd, so that worker processes can map it. */
int dataset_open(struct dataset *d, const char *dir, struct error *e);

/* Maps in a worker what dataset_open made in the parent: fd from the parent, header by value. On success
 * d owns fd. */
int dataset_map(struct dataset *d, const struct dataset *header, int fd, struct error *e);

void dataset_close(struct dataset *d);

/* What its user must know of a data set of this name: that the generated digits are not MNIST, and how to get
 * it; "" of any other. */
const char *dataset_advice(const char *name);

#endif
