/* SPDX-License-Identifier: MIT */
#include "proof/sparse.h"

#include <sys/mman.h>

enum { PAGE = 4096 };

int sparse_open(struct sparse *s, size_t bytes)
{
    *s = (struct sparse){0};
    void *map = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return -1;
    *s = (struct sparse){map, bytes};
    return 0;
}

void sparse_close(struct sparse *s)
{
    if (s->map) munmap(s->map, s->bytes);
    *s = (struct sparse){0};
}

uint8_t *sparse_back(struct sparse *s, size_t at, size_t bytes)
{
    if (at > s->bytes || bytes > s->bytes - at) return NULL;
    const size_t first = at / PAGE * PAGE;
    if (mprotect(s->map + first, at + bytes - first, PROT_READ | PROT_WRITE) != 0) return NULL;
    return s->map + at;
}
