/* SPDX-License-Identifier: MIT
 *
 * The IDX parser on any bytes, raw or gzip. First byte: bit 0 images or labels, bit 1 a small cap, bit 2 the
 * parser also gets the rest packed by zlib and must come to the same end. */
#include <string.h>

#include "fuzz.h"
#include "idx_input.h"

enum { SMALL_CAP = 64, CAP = 1 << 20 };

static enum idx_status parse(const uint8_t *bytes, size_t size, enum idx_kind kind, size_t cap)
{
    struct idx_array a;
    const enum idx_status status = parse_checked(bytes, size, kind, cap, &a);
    idx_free(&a);
    return status;
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
        const struct packing how = {.level = 1};
        size_t packed;
        uint8_t *const gz = pack(exact, rest, &how, &packed);
        const enum idx_status same = parse(gz, packed, kind, cap);
        FUZZ_DEMAND((same == IDX_OK) == (raw == IDX_OK));
        free(gz);
    }
    free(exact);
    return 0;
}
