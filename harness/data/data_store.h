/* SPDX-License-Identifier: MIT
 *
 * The one memfd behind a data set: written once, sealed, then mapped read-only by any number of processes. */
#ifndef LB_DATA_STORE_H
#define LB_DATA_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct data_store {
    int fd;
    size_t end; /* bytes written so far, a multiple of the alignment of 64 */
};

/* 0 or an error; the caller owes close(fd). */
int data_store_create(struct data_store *s, struct error *e);

/* Appends an array at an aligned place, *offset. 0 or an error. */
int data_store_append(struct data_store *s, const uint8_t *bytes, size_t count, size_t *offset,
                      struct error *e);

/* From here on nobody can change the contents or the size. 0 or an error. */
int data_store_seal(struct data_store *s, struct error *e);

/* Maps all `bytes` of a store read-only with its pages present, so that first touches cost no timed region
 * anything. NULL and an error when fd holds fewer. */
void *data_store_map(int fd, size_t bytes, struct error *e);

#endif
