/* SPDX-License-Identifier: MIT */
#include "idx_input.h"

#include <string.h>
#include <zlib.h>

#include "fuzz.h"

enum { CLASSES = 10 };

enum idx_status parse_checked(const uint8_t *bytes, size_t size, enum idx_kind kind, size_t cap,
                              struct idx_array *a)
{
    const struct idx_limits limits = {.cap = cap, .classes = CLASSES};
    struct error e = {0};
    const enum idx_status status = idx_parse(bytes, size, "input", kind, &limits, a, &e);
    FUZZ_DEMAND((status == IDX_OK) == (e.code == 0));
    if (status != IDX_OK) {
        FUZZ_DEMAND(e.code == EXIT_DATA || e.code == EXIT_INTERNAL);
        FUZZ_DEMAND(e.text[0] && !strchr(e.text, '\n') && memchr(e.text, 0, sizeof e.text));
        FUZZ_DEMAND(!a->content && !a->data);
        return status;
    }
    const size_t items = (size_t)a->dims[0] * a->dims[1] * a->dims[2];
    FUZZ_DEMAND(a->kind == kind && items >= 1 && a->data_bytes == items && a->content_bytes <= cap);
    FUZZ_DEMAND(a->data > a->content && a->data + a->data_bytes == a->content + a->content_bytes);
    unsigned sum = 0;
    for (size_t i = 0; i < items; i++) {
        sum += a->data[i];
        FUZZ_DEMAND(kind == IDX_IMAGES || a->data[i] < CLASSES);
    }
    FUZZ_DEMAND(sum <= 255u * items);
    return status;
}

static void describe_member(gz_header *header, int options)
{
    static Bytef extra[] = "extra", name[] = "name", comment[] = "comment";
    memset(header, 0, sizeof *header);
    header->hcrc = options & 1;
    if (options & 2) {
        header->extra = extra;
        header->extra_len = sizeof extra;
    }
    if (options & 4) header->name = name;
    if (options & 8) header->comment = comment;
}

uint8_t *pack(const uint8_t *bytes, size_t size, const struct packing *how, size_t *packed)
{
    enum { GZIP_WINDOW = 10 + 16, MEMORY_LEVEL = 2, BLOCK_OVERHEAD = 64, HEADER_MAX = 256 };
    z_stream z = {0}; /* small, since a fuzzer makes thousands of them a second */
    gz_header header;
    FUZZ_DEMAND(deflateInit2(&z, how->level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, how->strategy) == Z_OK);
    describe_member(&header, how->options);
    FUZZ_DEMAND(deflateSetHeader(&z, &header) == Z_OK);
    const size_t step = how->blocks ? how->blocks : size + 1;
    const size_t capacity = deflateBound(&z, (uLong)size) + size / step * BLOCK_OVERHEAD + HEADER_MAX;
    uint8_t *const out = malloc(capacity);
    FUZZ_DEMAND(out);
    z.next_out = out;
    z.avail_out = (uInt)capacity;
    for (size_t at = 0; at + step <= size; at += step) {
        z.next_in = (Bytef *)(uintptr_t)(bytes + at);
        z.avail_in = (uInt)step;
        FUZZ_DEMAND(deflate(&z, Z_FULL_FLUSH) == Z_OK && z.avail_in == 0);
    }
    z.next_in = (Bytef *)(uintptr_t)(bytes + size / step * step);
    z.avail_in = (uInt)(size % step);
    FUZZ_DEMAND(deflate(&z, Z_FINISH) == Z_STREAM_END);
    *packed = z.total_out;
    deflateEnd(&z);
    return out;
}
