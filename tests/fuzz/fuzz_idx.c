/* SPDX-License-Identifier: MIT
 *
 * The IDX parser on any bytes, raw or gzip. First byte: bit 0 images or labels, bit 1 a small cap, bit 2 the
 * parser also gets the rest packed by zlib and must come to the same end. */
#include <string.h>
#include <zlib.h>

#include "data/idx.h"
#include "fuzz.h"

enum { CLASSES = 10, SMALL_CAP = 64, CAP = 1 << 20 };

static enum idx_status parse(const uint8_t *bytes, size_t size, enum idx_kind kind, size_t cap)
{
    const struct idx_limits limits = {.cap = cap, .classes = CLASSES};
    struct idx_array a;
    struct error e = {0};
    const enum idx_status status = idx_parse(bytes, size, "input", kind, &limits, &a, &e);
    if (e.code) {
        FUZZ_DEMAND(e.code == EXIT_DATA || e.code == EXIT_INTERNAL);
        FUZZ_DEMAND(e.text[0] && !strchr(e.text, '\n') && memchr(e.text, 0, sizeof e.text));
        FUZZ_DEMAND(!a.content && !a.data);
        return status;
    }
    const size_t items = (size_t)a.dims[0] * a.dims[1] * a.dims[2];
    FUZZ_DEMAND(a.kind == kind && items >= 1 && a.data_bytes == items && a.content_bytes <= cap);
    FUZZ_DEMAND(a.data > a.content && a.data + a.data_bytes == a.content + a.content_bytes);
    unsigned sum = 0;
    for (size_t i = 0; i < items; i++) {
        sum += a.data[i];
        FUZZ_DEMAND(kind == IDX_IMAGES || a.data[i] < CLASSES);
    }
    FUZZ_DEMAND(sum <= 255u * items);
    idx_free(&a);
    return status;
}

/* size bytes as one gzip member; free(). */
static uint8_t *pack(const uint8_t *bytes, size_t size, size_t *packed)
{
    enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };
    z_stream z = {0};
    FUZZ_DEMAND(deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
    const size_t room = deflateBound(&z, (uLong)size);
    uint8_t *const out = malloc(room);
    FUZZ_DEMAND(out);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    FUZZ_DEMAND(deflate(&z, Z_FINISH) == Z_STREAM_END);
    *packed = z.total_out;
    deflateEnd(&z);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    const enum idx_kind kind = data[0] & 1 ? IDX_LABELS : IDX_IMAGES;
    const size_t cap = data[0] & 2 ? SMALL_CAP : CAP;
    const size_t rest = size - 1;
    uint8_t *const exact = malloc(rest ? rest : 1);
    FUZZ_DEMAND(exact);
    memcpy(exact, data + 1, rest);
    const enum idx_status raw = parse(exact, rest, kind, cap);
    const int is_gzip = rest >= 2 && exact[0] == 0x1f && exact[1] == 0x8b;
    if (data[0] & 4 && !is_gzip) {
        size_t packed;
        uint8_t *const gz = pack(exact, rest, &packed);
        const enum idx_status same = parse(gz, packed, kind, cap);
        FUZZ_DEMAND((same == IDX_OK) == (raw == IDX_OK));
        free(gz);
    }
    free(exact);
    return 0;
}
