/* SPDX-License-Identifier: MIT
 *
 * Operands between guard pages: a read or write beyond an operand faults, one inside the open margin or in
 * the gap between rows is found by its canaries. */
#ifndef LB_GUARDED_H
#define LB_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum placement {
    PLACE_END,     /* the last byte lies against the guard page after it */
    PLACE_START,   /* the first byte lies against the guard page before */
    PLACE_SHIFTED, /* 4 bytes after that: the least alignment a float can have */
    PLACE_COUNT
};
const char *placement_name(enum placement place);

enum guarded_unit { UNIT_FLOAT, UNIT_INDEX, UNIT_BYTE };

struct guarded {
    uint8_t *map; /* guard page, capacity bytes (whole pages), guard page */
    size_t map_bytes, capacity;
    const char *name; /* of the operand placed last; a string that outlives it */
    enum guarded_unit unit;
    uint8_t *data;
    size_t bytes;
    bool read_only;
    struct guarded *next; /* of those that are open */
};

/* Reserves address space for operands of up to bytes; pages cost memory once touched. 0, or -1 when the
 * system refuses. Until guarded_close, g stays where it is. */
int guarded_open(struct guarded *g, size_t bytes);
void guarded_close(struct guarded *g);

/* Places an operand (bytes <= capacity) and fills it and its open margins with canaries. The pointer is valid
 * until the next placement; with bytes == 0 any access faults (PLACE_END). */
void *guarded_place(struct guarded *g, const char *name, enum guarded_unit unit, size_t bytes,
                    enum placement place);

/* Makes the operand read-only, and writable again. Each costs a TLB flush, 0.1 ms on some virtual machines.
 * */
void guarded_protect(struct guarded *g);
void guarded_release(struct guarded *g);

/* Bytes changed in the open margins; *first: the first of them, if any. */
long long guarded_intruded(const struct guarded *g, const uint8_t **first);

/* An address beside an operand, or inside one that is read-only, as text: "1 float beyond the end of y",
 * "2 floats before the start of A", "inside bias, which is read-only"; "" for any other address. Looks at all
 * that are open; may be called in a signal handler. Returns text. */
enum { GUARDED_TEXT = 80 };
char *guarded_describe(const void *address, char text[GUARDED_TEXT]);

/* A canary is a signalling NaN, so that arithmetic on one shows. */
float canary(void);

/* Bytes between the first and the last row of a rows x cols matrix with stride ld, exactly fitted. */
size_t matrix_floats(int rows, int cols, int ld);

/* Bytes changed in the gaps between the rows of a matrix that had been filled with canaries; *row: the row
 * before the first of them, if any. */
long long matrix_intruded(const float *data, int rows, int cols, int ld, int *row);

#endif
