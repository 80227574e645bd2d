/* SPDX-License-Identifier: MIT */
#include "idx_cases.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/gunzip.h"

enum { IMAGES = 4, ROWS = 5, COLS = 6, GZIP_TRAILER = 8 };

static struct bytes resize(struct bytes b, size_t size)
{
    uint8_t *at = calloc(size ? size : 1, 1);
    assert(at);
    if (b.at) memcpy(at, b.at, b.size < size ? b.size : size);
    free(b.at);
    return (struct bytes){at, size};
}

static struct bytes cut(struct bytes b, size_t from_end)
{
    return resize(b, b.size - from_end);
}

static struct bytes append(struct bytes a, struct bytes b)
{
    const size_t size = a.size;
    a = resize(a, size + b.size);
    memcpy(a.at + size, b.at, b.size);
    free(b.at);
    return a;
}

static struct bytes poke(struct bytes b, size_t at, uint8_t value)
{
    assert(at < b.size && b.at[at] != value);
    b.at[at] = value;
    return b;
}

static void put_big_endian(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(v >> (24 - 8 * i));
}

struct bytes idx_make(int rank, const uint32_t *dims, size_t data_bytes)
{
    const size_t header = 4 + 4 * (size_t)rank;
    struct bytes b = {calloc(header + data_bytes, 1), header + data_bytes};
    assert(b.at);
    b.at[2] = 8;
    b.at[3] = (uint8_t)rank;
    for (int i = 0; i < rank; i++) put_big_endian(b.at + 4 + 4 * i, dims[i]);
    for (size_t i = 0; i < data_bytes; i++) b.at[header + i] = (uint8_t)(i % 10);
    return b;
}

struct bytes idx_good_images(void)
{
    return idx_make(3, (const uint32_t[]){IMAGES, ROWS, COLS}, IMAGES * ROWS * COLS);
}

struct bytes idx_good_labels(void)
{
    return idx_make(1, (const uint32_t[]){IMAGES}, IMAGES);
}

static struct bytes gzip_with(struct bytes raw, gz_header *header)
{
    z_stream z = {0};
    int rc = deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    if (header) deflateSetHeader(&z, header);
    struct bytes out = {malloc(deflateBound(&z, raw.size)), deflateBound(&z, raw.size)};
    assert(out.at);
    z.next_in = raw.at;
    z.avail_in = (uInt)raw.size;
    z.next_out = out.at;
    z.avail_out = (uInt)out.size;
    rc = deflate(&z, Z_FINISH);
    assert(rc == Z_STREAM_END);
    const size_t size = z.total_out;
    deflateEnd(&z);
    free(raw.at);
    return resize(out, size);
}

struct bytes idx_gzip(struct bytes raw)
{
    return gzip_with(raw, NULL);
}

struct bytes idx_gzip_with_options(struct bytes raw)
{
    Bytef extra[] = "some extra field", name[] = "train-images", comment[] = "a comment";
    gz_header header = {
        .extra = extra, .extra_len = sizeof extra, .name = name, .comment = comment, .hcrc = 1};
    return gzip_with(raw, &header);
}

struct bytes idx_gzip_parts(struct bytes raw, size_t at, size_t zeros)
{
    struct bytes rest = resize((struct bytes){NULL, 0}, raw.size - at);
    memcpy(rest.at, raw.at + at, rest.size);
    const struct bytes both = append(idx_gzip(resize(raw, at)), idx_gzip(rest));
    return resize(both, both.size + zeros);
}

static struct bytes images_of(uint32_t count, uint32_t rows, uint32_t cols, size_t data_bytes)
{
    return idx_make(3, (const uint32_t[]){count, rows, cols}, data_bytes);
}

static struct bytes empty(void)
{
    return cut(idx_good_images(), 16 + IMAGES * ROWS * COLS);
}
static struct bytes three_bytes(void)
{
    return resize(idx_good_images(), 3);
}
static struct bytes inside_sizes(void)
{
    return resize(idx_good_images(), 15);
}
static struct bytes bad_magic(void)
{
    return poke(idx_good_images(), 0, 'P');
}
static struct bytes rank_255(void)
{
    return poke(idx_good_images(), 3, 255);
}
static struct bytes rank_0(void)
{
    return poke(idx_good_images(), 3, 0);
}
static struct bytes type_0a(void)
{
    return poke(idx_good_images(), 2, 0x0a);
}
static struct bytes type_float(void)
{
    return poke(idx_good_images(), 2, 0x0d);
}
static struct bytes no_images(void)
{
    return images_of(0, ROWS, COLS, 0);
}
static struct bytes no_columns(void)
{
    return images_of(IMAGES, ROWS, 0, 0);
}
static struct bytes dimension_range(void)
{
    return images_of(UINT32_MAX, 28, 28, 784);
}
static struct bytes overflow_32(void)
{
    return images_of(65536, 65536, 1, 784);
}
static struct bytes overflow_64(void)
{
    return images_of(1u << 22, 1u << 22, 1u << 20, 784);
}
static struct bytes short_by_1(void)
{
    return cut(idx_good_images(), 1);
}
static struct bytes short_by_all(void)
{
    return resize(idx_good_images(), 16);
}
static struct bytes short_by_2_31(void)
{
    return images_of(4 + (1u << 23), 16, 16, 1024);
}
static struct bytes long_by_1(void)
{
    return resize(idx_good_images(), 16 + IMAGES * ROWS * COLS + 1);
}
static struct bytes gzip_short_by_1(void)
{
    return idx_gzip(short_by_1());
}
static struct bytes gzip_of_nothing(void)
{
    return idx_gzip(empty());
}
static struct bytes gzip_header_cut(void)
{
    return resize(idx_gzip(idx_good_images()), 7);
}
static struct bytes gzip_name_cut(void)
{
    return resize(idx_gzip_with_options(idx_good_images()), 33);
}
static struct bytes gzip_body_cut(void)
{
    return cut(idx_gzip(idx_good_images()), GZIP_TRAILER + 5);
}
static struct bytes gzip_trailer_cut(void)
{
    return cut(idx_gzip(idx_good_images()), GZIP_TRAILER - 2);
}
static struct bytes gzip_no_trailer(void)
{
    return cut(idx_gzip(idx_good_images()), GZIP_TRAILER);
}
static struct bytes gzip_method(void)
{
    return poke(idx_gzip(idx_good_images()), 2, 7);
}
static struct bytes gzip_flags(void)
{
    return poke(idx_gzip(idx_good_images()), 3, 0x80);
}
static struct bytes gzip_block_type(void)
{
    return poke(idx_gzip(idx_good_images()), 10, 0x07);
}
static struct bytes two_members(void)
{
    return append(idx_gzip(idx_good_images()), idx_gzip(idx_good_images()));
}
static struct bytes bad_header_checksum(void)
{
    return poke(idx_gzip_with_options(idx_good_images()), 20, 0);
}
static struct bytes in_parts(size_t zeros)
{
    return idx_gzip_parts(idx_good_images(), 40, zeros);
}
static struct bytes second_cut(void)
{
    return cut(in_parts(0), GZIP_TRAILER + 5);
}
static struct bytes second_bad_crc(void)
{
    struct bytes b = in_parts(0);
    b.at[b.size - 8] ^= 1;
    return b;
}
static struct bytes second_header_cut(void)
{
    const struct bytes b = idx_gzip(idx_good_images());
    return poke(resize(b, b.size + 1), b.size, 0x1f);
}
static struct bytes long_in_parts(void)
{
    return idx_gzip_parts(long_by_1(), 16 + IMAGES * ROWS * COLS, 0);
}
static struct bytes member_after_padding(void)
{
    return append(in_parts(512), idx_gzip(empty()));
}
static struct bytes endless_padding(void)
{
    return in_parts((size_t)GUNZIP_MAX_PADDING + 1);
}
static struct bytes label_10(void)
{
    return poke(idx_good_labels(), 8 + IMAGES - 1, 10);
}

static struct bytes gzip_flip_from_end(size_t from_end)
{
    struct bytes b = idx_gzip(idx_good_images());
    b.at[b.size - from_end] ^= 1;
    return b;
}

static struct bytes bad_crc(void)
{
    return gzip_flip_from_end(8);
}
static struct bytes bad_length(void)
{
    return gzip_flip_from_end(4);
}

static struct bytes trailing_garbage(void)
{
    const struct bytes b = idx_gzip(idx_good_images());
    return poke(resize(b, b.size + 1), b.size, 'x');
}

static struct bytes swapped(int rank, const uint32_t *dims, size_t data_bytes)
{
    uint32_t other[3];
    for (int i = 0; i < rank; i++) other[i] = __builtin_bswap32(dims[i]);
    return idx_make(rank, other, data_bytes);
}

static struct bytes little_endian(void)
{
    return swapped(3, (const uint32_t[]){10, 28, 28}, 7840);
}

/* These sizes multiply to less than the cap, so only the data's length tells. */
static struct bytes little_endian_labels(void)
{
    return swapped(1, (const uint32_t[]){0x1234}, 0x1234);
}
static struct bytes gzip_little_endian_labels(void)
{
    return idx_gzip(little_endian_labels());
}

/* 32 MiB of zeros behind a header of one image, made of 32 KiB: deflate's best ratio. */
static struct bytes bomb(void)
{
    return idx_gzip(images_of(1, 28, 28, (size_t)32 << 20));
}

const struct idx_case IDX_CASES[] = {
    {"empty", IDX_IMAGES, IDX_EMPTY, empty},
    {"3 bytes", IDX_IMAGES, IDX_TRUNCATED_HEADER, three_bytes},
    {"bad magic", IDX_IMAGES, IDX_BAD_MAGIC, bad_magic},
    {"wrong rank", IDX_IMAGES, IDX_WRONG_RANK, idx_good_labels},
    {"rank 255", IDX_IMAGES, IDX_IMPOSSIBLE_RANK, rank_255},
    {"type 0x0A", IDX_IMAGES, IDX_UNKNOWN_TYPE, type_0a},
    {"little-endian sizes", IDX_IMAGES, IDX_LITTLE_ENDIAN, little_endian},
    {"no images", IDX_IMAGES, IDX_ZERO_DIMENSION, no_images},
    {"0xFFFFFFFF x 28 x 28", IDX_IMAGES, IDX_DIMENSION_RANGE, dimension_range},
    {"product wraps 2^32", IDX_IMAGES, IDX_OVERFLOW_32, overflow_32},
    {"product wraps 2^64", IDX_IMAGES, IDX_OVERFLOW_64, overflow_64},
    {"data short by 1", IDX_IMAGES, IDX_PAYLOAD_SHORT, short_by_1},
    {"data short by 2^31", IDX_IMAGES, IDX_OVER_CAP, short_by_2_31},
    {"data long by 1", IDX_IMAGES, IDX_PAYLOAD_LONG, long_by_1},
    {"gzip cut in its header", IDX_IMAGES, IDX_GZIP_HEADER_SHORT, gzip_header_cut},
    {"gzip cut in its body", IDX_IMAGES, IDX_GZIP_BODY_SHORT, gzip_body_cut},
    {"gzip cut in its checksum", IDX_IMAGES, IDX_GZIP_TRAILER_SHORT, gzip_trailer_cut},
    {"bad CRC", IDX_IMAGES, IDX_GZIP_CRC, bad_crc},
    {"wrong ISIZE", IDX_IMAGES, IDX_GZIP_LENGTH, bad_length},
    {"two members", IDX_IMAGES, IDX_GZIP_MEMBERS, two_members},
    {"trailing garbage", IDX_IMAGES, IDX_GZIP_GARBAGE, trailing_garbage},
    {"bomb", IDX_IMAGES, IDX_GZIP_BOMB, bomb},
    {"label 10", IDX_LABELS, IDX_LABEL_RANGE, label_10},
    /* With the two wrong counts of labels and the three files that are none, these are 28 different errors.
     * What follows meets the same errors in other ways. */
    {"header cut in its sizes", IDX_IMAGES, IDX_TRUNCATED_HEADER, inside_sizes},
    {"images for labels", IDX_LABELS, IDX_WRONG_RANK, idx_good_images},
    {"rank 0", IDX_IMAGES, IDX_IMPOSSIBLE_RANK, rank_0},
    {"type float", IDX_IMAGES, IDX_WRONG_TYPE, type_float},
    {"little-endian labels", IDX_LABELS, IDX_LITTLE_ENDIAN, little_endian_labels},
    {"little-endian labels in gzip", IDX_LABELS, IDX_LITTLE_ENDIAN, gzip_little_endian_labels},
    {"no columns", IDX_IMAGES, IDX_ZERO_DIMENSION, no_columns},
    {"no data at all", IDX_IMAGES, IDX_PAYLOAD_SHORT, short_by_all},
    {"data short by 1 in gzip", IDX_IMAGES, IDX_PAYLOAD_SHORT, gzip_short_by_1},
    {"gzip of nothing", IDX_IMAGES, IDX_EMPTY, gzip_of_nothing},
    {"gzip cut in its options", IDX_IMAGES, IDX_GZIP_HEADER_SHORT, gzip_name_cut},
    {"gzip without checksum", IDX_IMAGES, IDX_GZIP_TRAILER_SHORT, gzip_no_trailer},
    {"gzip with an unknown method", IDX_IMAGES, IDX_GZIP_HEADER_BAD, gzip_method},
    {"gzip with reserved flags", IDX_IMAGES, IDX_GZIP_HEADER_BAD, gzip_flags},
    {"gzip with a reserved block", IDX_IMAGES, IDX_GZIP_CORRUPT, gzip_block_type},
    {"gzip with a wrong header checksum", IDX_IMAGES, IDX_GZIP_HEADER_BAD, bad_header_checksum},
    {"second member cut", IDX_IMAGES, IDX_GZIP_BODY_SHORT, second_cut},
    {"second member with a bad CRC", IDX_IMAGES, IDX_GZIP_CRC, second_bad_crc},
    {"second member cut in its header", IDX_IMAGES, IDX_GZIP_HEADER_SHORT, second_header_cut},
    {"data long by 1 in a second member", IDX_IMAGES, IDX_GZIP_MEMBERS, long_in_parts},
    {"member after zero padding", IDX_IMAGES, IDX_GZIP_GARBAGE, member_after_padding},
    {"zero padding without end", IDX_IMAGES, IDX_GZIP_GARBAGE, endless_padding},
};
const size_t IDX_CASE_COUNT = sizeof IDX_CASES / sizeof *IDX_CASES;
