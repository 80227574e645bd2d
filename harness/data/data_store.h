/* SPDX-License-Identifier: MIT
 *
 * The memfd that holds a data set: written once, sealed, then mapped read-only by any number of processes. */
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

/* From here on the contents and the size cannot be changed. 0 or an error. */
int data_store_seal(struct data_store *s, struct error *e);

/* Maps all `bytes` of a store read-only with its pages present, so that no timed region pays for first
 * touches. NULL and an error when fd holds fewer. */
void *data_store_map(int fd, size_t bytes, struct error *e);

/* A private read-only copy of a mapping, in huge pages where the system gives them, in its place: a shuffled
 * epoch touches a page per image, and shared memory has small pages (reading 60,000 images at random: 20 to
 * 35 ms with 2 MiB pages, 60 to 100 ms with 4 KiB ones, in a virtual machine). Returns the copy and unmaps
 * the original, or returns the original if there is no memory for a copy. */
void *data_store_in_huge_pages(void *map, size_t bytes);

#endif
