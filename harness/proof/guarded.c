/* SPDX-License-Identifier: MIT */
#include "proof/guarded.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, MARGIN = 256 };

static const uint32_t canary_bits = 0x7fa5c3e1u;

const char *placement_name(enum placement place)
{
    static const char *const names[PLACE_COUNT] = {"end", "start", "shifted"};
    return names[place];
}

float canary(void)
{
    float value;
    memcpy(&value, &canary_bits, sizeof value);
    return value;
}

static struct guarded *opened; /* the one opened last */

int guarded_open(struct guarded *g, size_t bytes)
{
    *g = (struct guarded){0};
    const size_t capacity = (bytes + MARGIN + PAGE - 1) / PAGE * PAGE;
    void *map = mmap(NULL, capacity + 2 * (size_t)PAGE, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return -1;
    g->map = map;
    g->map_bytes = capacity + 2 * (size_t)PAGE;
    g->capacity = capacity;
    g->next = opened;
    opened = g;
    if (mprotect(g->map + PAGE, capacity, PROT_READ | PROT_WRITE) == 0) return 0;
    guarded_close(g);
    return -1;
}

void guarded_close(struct guarded *g)
{
    for (struct guarded **at = &opened; *at; at = &(*at)->next)
        if (*at == g) {
            *at = g->next;
            break;
        }
    if (g->map) munmap(g->map, g->map_bytes);
    *g = (struct guarded){0};
}

/* Canaries keep their phase relative to the end of the byte range, so that those of floats are whole. */
static uint8_t canary_byte(const uint8_t *at, const uint8_t *base)
{
    const uintptr_t phase = ((uintptr_t)at - (uintptr_t)base) % sizeof canary_bits;
    return (uint8_t)(canary_bits >> (8 * phase));
}

static void fill(uint8_t *from, const uint8_t *to, const uint8_t *base)
{
    while (from < to && ((uintptr_t)from - (uintptr_t)base) % sizeof canary_bits) {
        *from = canary_byte(from, base);
        from++;
    }
    for (; (size_t)(to - from) >= sizeof canary_bits && from < to; from += sizeof canary_bits)
        memcpy(from, &canary_bits, sizeof canary_bits);
    for (; from < to; from++) *from = canary_byte(from, base);
}

/* The margins inside the accessible pages around the operand. */
static uint8_t *margin_low(const struct guarded *g)
{
    uint8_t *const start = g->map + PAGE;
    return (size_t)(g->data - start) > MARGIN ? g->data - MARGIN : start;
}

static uint8_t *margin_high(const struct guarded *g)
{
    uint8_t *const end = g->map + PAGE + g->capacity, *const last = g->data + g->bytes;
    return (size_t)(end - last) > MARGIN ? last + MARGIN : end;
}

void *guarded_place(struct guarded *g, const char *name, enum guarded_unit unit, size_t bytes,
                    enum placement place)
{
    uint8_t *const start = g->map + PAGE;
    g->name = name;
    g->unit = unit;
    g->bytes = bytes;
    g->data = place == PLACE_END ? start + g->capacity - bytes : start + (place == PLACE_SHIFTED ? 4 : 0);
    fill(margin_low(g), margin_high(g), g->data);
    return g->data;
}

static void set_protection(const struct guarded *g, int protection)
{
    const uintptr_t first = (uintptr_t)g->data / PAGE * PAGE;
    const uintptr_t last = ((uintptr_t)g->data + g->bytes + PAGE - 1) / PAGE * PAGE;
    /* Cannot fail: the range lies in one mapping that has had both protections before. */
    if (g->bytes > 0) mprotect((void *)first, last - first, protection);
}

void guarded_protect(struct guarded *g)
{
    g->read_only = true;
    set_protection(g, PROT_READ);
}

void guarded_release(struct guarded *g)
{
    g->read_only = false;
    set_protection(g, PROT_READ | PROT_WRITE);
}

/* *first: where it finds one and there was none before. */
static long long changed(const uint8_t *from, const uint8_t *to, const uint8_t *base, const uint8_t **first)
{
    long long count = 0;
    for (; from < to; from++) {
        if (*from == canary_byte(from, base)) continue;
        if (!*first) *first = from;
        count++;
    }
    return count;
}

long long guarded_intruded(const struct guarded *g, const uint8_t **first)
{
    const uint8_t *before = NULL, *after = NULL;
    const uint8_t *const end = g->data + g->bytes;
    const long long count =
        changed(margin_low(g), g->data, g->data, &before) + changed(end, margin_high(g), g->data, &after);
    *first = after ? after : before;
    return count;
}

/* ---- Addresses as text, without a call that a signal handler must not make */

static char *append(char *at, const char *end, const char *text)
{
    while (*text && at < end) *at++ = *text++;
    *at = 0;
    return at;
}

static char *append_number(char *at, const char *end, size_t value)
{
    char digits[24];
    int i = (int)sizeof digits - 1;
    digits[i] = 0;
    do digits[--i] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return append(at, end, digits + i);
}

static void describe(const struct guarded *g, const uint8_t *address, char text[GUARDED_TEXT])
{
    static const char *const units[] = {
        [UNIT_FLOAT] = " float", [UNIT_INDEX] = " index", [UNIT_BYTE] = " byte"};
    static const char *const several[] = {
        [UNIT_FLOAT] = " floats", [UNIT_INDEX] = " indices", [UNIT_BYTE] = " bytes"};
    const size_t size = g->unit == UNIT_BYTE ? 1 : 4;
    const char *const end = text + GUARDED_TEXT - 1;
    const bool beyond = address >= g->data + g->bytes;
    const size_t distance = beyond ? (size_t)(address - (g->data + g->bytes)) / size + 1
                                   : ((size_t)(g->data - address) + size - 1) / size;
    char *at = append_number(text, end, distance);
    at = append(at, end, (distance == 1 ? units : several)[g->unit]);
    at = append(at, end, beyond ? " beyond the end of " : " before the start of ");
    append(at, end, g->name);
}

char *guarded_describe(const void *address, char text[GUARDED_TEXT])
{
    const uint8_t *const at = address;
    text[0] = 0;
    for (const struct guarded *g = opened; g; g = g->next) {
        if (!g->data || at < g->map || at >= g->map + g->map_bytes) continue;
        if (at < g->data || at >= g->data + g->bytes) {
            describe(g, at, text);
        } else if (g->read_only) {
            const char *const end = text + GUARDED_TEXT - 1;
            append(append(append(text, end, "inside "), end, g->name), end, ", which is read-only");
        }
        break;
    }
    return text;
}

size_t matrix_floats(int rows, int cols, int ld)
{
    return rows > 0 && cols > 0 ? (size_t)(rows - 1) * (size_t)ld + (size_t)cols : 0;
}

long long matrix_intruded(const float *data, int rows, int cols, int ld, int *row)
{
    const uint8_t *const base = (const uint8_t *)data;
    long long count = 0;
    *row = -1;
    for (int i = 0; i + 1 < rows && cols > 0; i++) {
        const float *gap = data + (size_t)i * (size_t)ld + cols;
        const uint8_t *first = NULL;
        count += changed((const uint8_t *)gap, (const uint8_t *)(gap + ld - cols), base, &first);
        if (first && *row < 0) *row = i;
    }
    return count;
}
