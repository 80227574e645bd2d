/* SPDX-License-Identifier: MIT
 *
 * The gzip reader against zlib's own. First byte: bit 0 images or labels, bit 1 a small cap, bit 2 the rest
 * is content, to be packed and then perhaps damaged; else it is the compressed bytes themselves. Packing
 * first takes the fuzzer past checksums that it cannot guess. */
#include <string.h>
#include <zlib.h>

#include "fuzz.h"
#include "idx_input.h"

enum { SMALL_CAP = 64, CAP = 1 << 14, MAX_TAIL = 8 };

/* What is done to a member that was right. SPLIT: there are two, each with a part of the content. */
enum damage { UNHURT, CUT, CHANGED, FOLLOWED, TWICE, SPLIT, DAMAGES };

struct bytes {
    uint8_t *at; /* owned */
    size_t size;
};

static struct bytes copy_of(const uint8_t *from, size_t size, size_t capacity)
{
    struct bytes b = {malloc(capacity ? capacity : 1), size};
    FUZZ_DEMAND(b.at);
    if (size) memcpy(b.at, from, size);
    return b;
}

static struct bytes damaged(const uint8_t *member, size_t size, enum damage damage, size_t place,
                            uint8_t value)
{
    struct bytes b = copy_of(member, size, size);
    const size_t at = place % size;
    if (damage == CUT) b.size = at;
    if (damage == CHANGED) b.at[place < size ? size - 1 - at : at] ^= value; /* the checksums first */
    if (damage != FOLLOWED && damage != TWICE) return b;
    const size_t tail = damage == TWICE ? size : 1 + place % MAX_TAIL;
    struct bytes longer = copy_of(b.at, size, size + tail);
    if (damage == TWICE)
        memcpy(longer.at + size, member, size);
    else
        memset(longer.at + size, value, tail);
    longer.size = size + tail;
    free(b.at);
    return longer;
}

/* The member and another one with the rest of the content. */
static struct bytes followed_by(const uint8_t *member, size_t size, const uint8_t *rest, size_t rest_size,
                                const struct packing *how)
{
    size_t more;
    uint8_t *const second = pack(rest, rest_size, how, &more);
    struct bytes b = copy_of(member, size, size + more);
    memcpy(b.at + size, second, more);
    b.size += more;
    free(second);
    return b;
}

/* The input's next bytes say how the others are packed and damaged. */
static struct bytes packed_input(struct fuzz_input *in)
{
    struct packing how = {.level = fuzz_byte(in) % 10};
    how.strategy = fuzz_byte(in) % (Z_FIXED + 1);
    how.options = fuzz_byte(in) & 15;
    how.blocks = fuzz_byte(in);
    const enum damage damage = (enum damage)(fuzz_byte(in) % DAMAGES);
    const size_t place = fuzz_byte(in) | (size_t)fuzz_byte(in) << 8;
    const uint8_t value = fuzz_byte(in);
    const size_t first = damage == SPLIT ? place % (in->left + 1) : in->left;
    size_t size;
    uint8_t *const member = pack(in->next, first, &how, &size);
    struct bytes b = damage == SPLIT ? followed_by(member, size, in->next + first, in->left - first, &how)
                                     : damaged(member, size, damage, place, value);
    free(member);
    struct bytes exact = copy_of(b.at, b.size, b.size);
    free(b.at);
    return exact;
}

static int all_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i]) return 0;
    return 1;
}

/* What zlib makes of the bytes: the content, to be freed, where they are whole members and then at most
 * zeros, of at most CAP bytes; else at is NULL. */
static struct bytes by_zlib(struct bytes from)
{
    enum { GZIP_WINDOW = 15 + 16 };
    static uint8_t content[CAP];
    z_stream z = {0};
    FUZZ_DEMAND(inflateInit2(&z, GZIP_WINDOW) == Z_OK);
    z.next_in = from.at;
    z.avail_in = (uInt)from.size;
    z.next_out = content;
    z.avail_out = CAP;
    int end = inflate(&z, Z_FINISH);
    while (end == Z_STREAM_END && !all_zero(z.next_in, z.avail_in)) {
        FUZZ_DEMAND(inflateReset(&z) == Z_OK);
        end = inflate(&z, Z_FINISH);
    }
    const size_t size = CAP - z.avail_out;
    inflateEnd(&z);
    return end == Z_STREAM_END ? copy_of(content, size, size) : (struct bytes){NULL, 0};
}

static void demand_same(struct bytes compressed, struct bytes content, enum idx_kind kind, size_t cap)
{
    struct idx_array direct = {0}, unpacked = {0};
    const enum idx_status got = parse_checked(compressed.at, compressed.size, kind, cap, &unpacked);
    const enum idx_status expected =
        content.at ? parse_checked(content.at, content.size, kind, cap, &direct) : IDX_EMPTY;
    FUZZ_DEMAND((expected == IDX_OK) == (got == IDX_OK));
    if (got == IDX_OK) {
        FUZZ_DEMAND(unpacked.content_bytes == content.size);
        FUZZ_DEMAND(memcmp(unpacked.content, content.at, content.size) == 0);
        FUZZ_DEMAND(memcmp(unpacked.dims, direct.dims, sizeof direct.dims) == 0);
    }
    idx_free(&direct);
    idx_free(&unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const unsigned mode = fuzz_byte(&in);
    struct bytes compressed = mode & 4 ? packed_input(&in) : copy_of(in.next, in.left, in.left);
    const int is_gzip = compressed.size >= 2 && compressed.at[0] == 0x1f && compressed.at[1] == 0x8b;
    if (is_gzip) {
        const struct bytes content = by_zlib(compressed);
        /* Content that is gzip again is not unpacked twice. */
        const int nested = content.at && content.size >= 2 && content.at[0] == 0x1f && content.at[1] == 0x8b;
        if (!nested)
            demand_same(compressed, content, mode & 1 ? IDX_LABELS : IDX_IMAGES, mode & 2 ? SMALL_CAP : CAP);
        free(content.at);
    }
    free(compressed.at);
    return 0;
}
