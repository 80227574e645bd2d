/* SPDX-License-Identifier: MIT
 *
 * Operands that span more addresses than there is memory: address space is reserved, and only what a case
 * touches is backed by pages. Any other access faults. */
#ifndef LB_SPARSE_H
#define LB_SPARSE_H

#include <stddef.h>
#include <stdint.h>

struct sparse {
    uint8_t *map;
    size_t bytes;
};

/* Reserves bytes of address space. 0, or -1 when the system refuses (a limit such as ulimit -v). */
int sparse_open(struct sparse *s, size_t bytes);
void sparse_close(struct sparse *s);

/* Makes bytes from offset `at` on readable and writable, new pages zero, and returns their address; NULL when
 * they do not lie within the reservation or the system refuses. */
uint8_t *sparse_back(struct sparse *s, size_t at, size_t bytes);

#endif
