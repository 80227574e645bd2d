/* SPDX-License-Identifier: MIT */
#include "data/idx.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/gunzip.h"
#include "data/idx_source.h"

enum { TYPE_U8 = 0x08, MAGIC_BYTES = 4, HEADER_MAX = MAGIC_BYTES + 3 * 4, FIRST_BYTES = 1 << 20 };

/* One file being parsed. */
struct parse {
    struct byte_source *in;
    struct gunzip gz;
    bool compressed;
    const char *name;
    size_t cap;
    int classes;
    struct idx_array *a;
    struct error *e;
};

/* Paths may hold anything; an error is one line. Keeps the end of a long one. */
static void printable(char *to, size_t size, const char *path)
{
    const size_t length = strlen(path);
    const bool cut = length >= size;
    snprintf(to, size, "%s%s", cut ? "..." : "", cut ? path + length - (size - 4) : path);
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
}

enum idx_status idx_fail(enum idx_status s, const char *name, struct error *e, const char *format, ...)
{
    char what[240], shown[300];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    printable(shown, sizeof shown, name);
    error_set(e, EXIT_DATA, "%s: %s (%s); %s", shown, what, idx_status_name(s), idx_status_advice(s));
    return s;
}

/* What went wrong below the level of IDX. */
static enum idx_status fail_reading(struct parse *p, enum idx_status s)
{
    static const char *const messages[IDX_STATUS_COUNT] = {
        [IDX_READ_FAILED] = "reading failed",
        [IDX_OUT_OF_MEMORY] = "no memory to read it",
        [IDX_GZIP_HEADER_BAD] = "a gzip header in it is damaged or of an unknown kind",
        [IDX_GZIP_HEADER_SHORT] = "ends inside the gzip header",
        [IDX_GZIP_BODY_SHORT] = "ends inside the compressed data",
        [IDX_GZIP_TRAILER_SHORT] = "ends inside the gzip checksum",
        [IDX_GZIP_CORRUPT] = "the compressed data is corrupt",
        [IDX_GZIP_CRC] = "the gzip checksum does not match the data",
        [IDX_GZIP_LENGTH] = "the gzip length does not match the data",
        [IDX_GZIP_MEMBERS] = "its gzip members together hold more than the size in its header",
        [IDX_GZIP_GARBAGE] = "something other than a few zeros follows the gzip data",
        [IDX_GZIP_BOMB] = "decompresses to more than the size in its header",
    };
    if (s == IDX_READ_FAILED)
        return idx_fail(s, p->name, p->e, "%s: %s", messages[s], strerror(p->in->error));
    return idx_fail(s, p->name, p->e, "%s", messages[s]);
}

/* Reads decompressed bytes; *got is fewer than size only at the end of the data. */
static enum idx_status read_content(struct parse *p, uint8_t *to, size_t size, size_t *got)
{
    enum idx_status s = IDX_OK;
    if (p->compressed) {
        s = gunzip_read(&p->gz, to, size, got);
    } else {
        *got = byte_source_read(p->in, to, size);
        if (*got < size && p->in->error) s = IDX_READ_FAILED;
    }
    return s == IDX_OK ? IDX_OK : fail_reading(p, s);
}

static enum idx_status check_magic(struct parse *p, const uint8_t *h)
{
    const int rank = (int)p->a->kind;
    if (h[0] != 0 || h[1] != 0)
        return idx_fail(IDX_BAD_MAGIC, p->name, p->e,
                        "starts with %02x %02x %02x %02x instead of 00 00 08 %02x: not an IDX file", h[0],
                        h[1], h[2], h[3], rank);
    if (h[2] < TYPE_U8 || h[2] > 0x0e || h[2] == 0x0a)
        return idx_fail(IDX_UNKNOWN_TYPE, p->name, p->e, "type code 0x%02x does not exist in IDX", h[2]);
    if (h[2] != TYPE_U8)
        return idx_fail(IDX_WRONG_TYPE, p->name, p->e, "type code 0x%02x instead of 0x08, unsigned bytes",
                        h[2]);
    if (h[3] < IDX_LABELS || h[3] > IDX_IMAGES)
        return idx_fail(IDX_IMPOSSIBLE_RANK, p->name, p->e, "rank %d; images have 3, labels 1", h[3]);
    if (h[3] != rank) return idx_fail(IDX_WRONG_RANK, p->name, p->e, "rank %d instead of %d", h[3], rank);
    return IDX_OK;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The product of the dimensions; false when it does not fit 64 bits. */
static bool product_of(const uint32_t *dims, uint64_t *product)
{
    *product = 1;
    for (int i = 0; i < 3; i++)
        if (__builtin_mul_overflow(*product, (uint64_t)dims[i], product)) return false;
    return true;
}

/* What the sizes would multiply to had they been written little-endian; 0 when that is not plausible either.
 */
static uint64_t swapped_product(const struct parse *p)
{
    const int rank = (int)p->a->kind;
    uint32_t swapped[3] = {1, 1, 1};
    uint64_t product;
    for (int i = 0; i < rank; i++) swapped[i] = __builtin_bswap32(p->a->dims[i]);
    return product_of(swapped, &product) && product <= p->cap ? product : 0;
}

static enum idx_status fail_little_endian(struct parse *p)
{
    return idx_fail(IDX_LITTLE_ENDIAN, p->name, p->e,
                    "its sizes are little-endian (count reads as %u, means %u)", p->a->dims[0],
                    __builtin_bswap32(p->a->dims[0]));
}

static size_t header_size(enum idx_kind kind)
{
    return MAGIC_BYTES + 4 * (size_t)kind;
}

/* All that must hold before memory is allocated. Sets content_bytes and data_bytes. */
static enum idx_status check_sizes(struct parse *p)
{
    const size_t header_bytes = header_size(p->a->kind);
    const uint32_t *d = p->a->dims;
    uint64_t product;
    char shape[48];
    snprintf(shape, sizeof shape, p->a->kind == IDX_IMAGES ? "%u x %u x %u" : "%u", d[0], d[1], d[2]);
    const bool fits = product_of(d, &product);
    if (product == 0 && fits) return idx_fail(IDX_ZERO_DIMENSION, p->name, p->e, "a size is 0 in %s", shape);
    if (fits && product <= p->cap - header_bytes) {
        p->a->data_bytes = (size_t)product;
        p->a->content_bytes = header_bytes + (size_t)product;
        return IDX_OK;
    }
    if (swapped_product(p) > 0) return fail_little_endian(p);
    if (d[0] > INT32_MAX || d[1] > INT32_MAX || d[2] > INT32_MAX)
        return idx_fail(IDX_DIMENSION_RANGE, p->name, p->e, "a size is beyond 2^31 - 1 in %s", shape);
    if (!fits) return idx_fail(IDX_OVERFLOW_64, p->name, p->e, "%s is more than 2^64 bytes", shape);
    if (product > UINT32_MAX)
        return idx_fail(IDX_OVERFLOW_32, p->name, p->e, "%s is %llu bytes, over 2^32 and over the cap of %zu",
                        shape, (unsigned long long)product, p->cap);
    return idx_fail(IDX_OVER_CAP, p->name, p->e, "%s is %llu bytes, over the cap of %zu", shape,
                    (unsigned long long)product, p->cap);
}

static enum idx_status read_header(struct parse *p, uint8_t *header)
{
    size_t got, more = 0;
    const size_t size = header_size(p->a->kind);
    enum idx_status s = read_content(p, header, MAGIC_BYTES, &got);
    if (s != IDX_OK) return s;
    if (got == 0) return idx_fail(IDX_EMPTY, p->name, p->e, "is empty");
    if (got == MAGIC_BYTES) {
        if ((s = check_magic(p, header)) != IDX_OK) return s;
        if ((s = read_content(p, header + MAGIC_BYTES, size - MAGIC_BYTES, &more)) != IDX_OK) return s;
    }
    if (got + more < size)
        return idx_fail(IDX_TRUNCATED_HEADER, p->name, p->e,
                        "ends after %zu bytes, inside its %zu-byte header", got + more, size);
    for (int i = 0; i < (int)p->a->kind; i++) p->a->dims[i] = big_endian(header + MAGIC_BYTES + 4 * i);
    return check_sizes(p);
}

/* Reads the data after the header. Memory grows with what has really come, so a header that promises much
 * costs nothing; *got is fewer than data_bytes only at the end of the file. */
static enum idx_status read_growing(struct parse *p, const uint8_t *header, size_t *got)
{
    struct idx_array *a = p->a;
    const size_t header_bytes = header_size(a->kind);
    size_t capacity = a->content_bytes < FIRST_BYTES ? a->content_bytes : FIRST_BYTES, used = header_bytes;
    for (;;) {
        uint8_t *grown = realloc(a->content, capacity);
        if (!grown) return fail_reading(p, IDX_OUT_OF_MEMORY);
        a->content = grown;
        if (used == header_bytes) memcpy(a->content, header, header_bytes);
        size_t n;
        const enum idx_status s = read_content(p, a->content + used, capacity - used, &n);
        used += n;
        *got = used - header_bytes;
        if (s != IDX_OK || used < capacity || capacity == a->content_bytes) return s;
        capacity = capacity > a->content_bytes / 2 ? a->content_bytes : 2 * capacity;
    }
}

/* Reads the data, all of it, and nothing may follow. */
static enum idx_status read_data(struct parse *p, const uint8_t *header)
{
    struct idx_array *a = p->a;
    size_t got = 0;
    enum idx_status s = read_growing(p, header, &got);
    if (s != IDX_OK) return s;
    if (got < a->data_bytes && got > 0 && swapped_product(p) == got) return fail_little_endian(p);
    if (got < a->data_bytes)
        return idx_fail(IDX_PAYLOAD_SHORT, p->name, p->e,
                        "its header announces %zu bytes of data, but %zu are there", a->data_bytes, got);
    a->data = a->content + header_size(a->kind);
    if (p->compressed) {
        s = gunzip_finish(&p->gz);
        return s == IDX_OK ? IDX_OK : fail_reading(p, s);
    }
    if (byte_source_fill(p->in))
        return idx_fail(IDX_PAYLOAD_LONG, p->name, p->e,
                        "bytes follow the %zu bytes of data its header announces", a->data_bytes);
    return p->in->error ? fail_reading(p, IDX_READ_FAILED) : IDX_OK;
}

static enum idx_status check_labels(struct parse *p)
{
    const struct idx_array *a = p->a;
    if (a->kind != IDX_LABELS) return IDX_OK;
    for (size_t i = 0; i < a->data_bytes; i++)
        if (a->data[i] >= p->classes)
            return idx_fail(IDX_LABEL_RANGE, p->name, p->e, "label %d of item %zu is not below %d",
                            a->data[i], i, p->classes);
    return IDX_OK;
}

static enum idx_status parse_content(struct parse *p)
{
    uint8_t header[HEADER_MAX];
    enum idx_status s = read_header(p, header);
    if (s == IDX_OK) s = read_data(p, header);
    if (s == IDX_OK) s = check_labels(p);
    return s;
}

/* gzip by its first two bytes, which no IDX file has. A source's first window holds two bytes unless it has
 * less. */
static bool is_gzip(struct byte_source *in)
{
    return byte_source_fill(in) && in->have >= 2 && in->next[0] == 0x1f && in->next[1] == 0x8b;
}

enum idx_status idx_parse_source(struct byte_source *in, const char *name, enum idx_kind kind,
                                 const struct idx_limits *limits, struct idx_array *a, struct error *e)
{
    *a = (struct idx_array){.kind = kind, .dims = {1, 1, 1}};
    struct parse p = {.in = in, .name = name, .classes = limits->classes, .a = a, .e = e};
    p.cap = limits->cap ? limits->cap : IDX_DEFAULT_CAP;
    if (p.cap < HEADER_MAX) p.cap = HEADER_MAX;
    p.compressed = is_gzip(in);
    enum idx_status s = IDX_OK;
    if (p.compressed && (s = gunzip_open(&p.gz, in)) != IDX_OK) return fail_reading(&p, s);
    s = parse_content(&p);
    if (p.compressed) gunzip_close(&p.gz);
    if (s != IDX_OK) idx_free(a);
    return s;
}

enum idx_status idx_parse(const uint8_t *bytes, size_t size, const char *name, enum idx_kind kind,
                          const struct idx_limits *limits, struct idx_array *a, struct error *e)
{
    struct byte_source in = byte_source_memory(bytes, size);
    return idx_parse_source(&in, name, kind, limits, a, e);
}

enum idx_status idx_check_pair(const struct idx_array *images, const char *images_name,
                               const struct idx_array *labels, const char *labels_name, struct error *e)
{
    const uint32_t n = images->dims[0], m = labels->dims[0];
    if (m == n) return IDX_OK;
    char shown[160];
    printable(shown, sizeof shown, images_name);
    return idx_fail(m > n ? IDX_LABELS_MORE : IDX_LABELS_FEWER, labels_name, e,
                    "%u labels for the %u images in %s", m, n, shown);
}

void idx_free(struct idx_array *a)
{
    free(a->content);
    *a = (struct idx_array){.kind = a->kind};
}
