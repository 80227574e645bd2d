/* SPDX-License-Identifier: MIT */
#include "data/gunzip.h"

#include <limits.h>

enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

static enum idx_status source_ended(const struct byte_source *in, enum idx_status otherwise)
{
    return in->error ? IDX_READ_FAILED : otherwise;
}

/* Part of a header, which may end with a checksum of all that stands before it. */
static bool take(struct gunzip *g, uint8_t *to, size_t size)
{
    if (byte_source_read(g->in, to, size) < size) return false;
    g->crc = (uint32_t)crc32(g->crc, to, (uInt)size);
    return true;
}

static bool skip(struct gunzip *g, int count)
{
    uint8_t byte;
    while (count > 0 && take(g, &byte, 1)) count--;
    return count == 0;
}

static bool skip_string(struct gunzip *g)
{
    uint8_t byte;
    while (take(g, &byte, 1))
        if (byte == 0) return true;
    return false;
}

/* The optional parts of the header, in RFC 1952's order. */
static enum idx_status skip_options(struct gunzip *g, int flags)
{
    uint8_t n[2];
    bool whole = true;
    if (flags & FLAG_EXTRA) whole = take(g, n, 2) && skip(g, n[0] | n[1] << 8);
    if (flags & FLAG_NAME) whole = whole && skip_string(g);
    if (flags & FLAG_COMMENT) whole = whole && skip_string(g);
    const uint32_t crc = g->crc;
    if (flags & FLAG_HCRC) whole = whole && take(g, n, 2);
    if (!whole) return source_ended(g->in, IDX_GZIP_HEADER_SHORT);
    return flags & FLAG_HCRC && (uint32_t)(n[0] | n[1] << 8) != (crc & 0xffff) ? IDX_GZIP_HEADER_BAD : IDX_OK;
}

/* A member's header. Other bytes follow a member only: the first header's magic was seen before. */
static enum idx_status read_header(struct gunzip *g)
{
    uint8_t h[10]; /* magic 2, method, flags, time 4, extra flags, system */
    g->crc = (uint32_t)crc32(0, Z_NULL, 0);
    if (!take(g, h, 1)) return source_ended(g->in, IDX_GZIP_HEADER_SHORT);
    if (h[0] != 0x1f) return IDX_GZIP_GARBAGE;
    if (!take(g, h + 1, 1)) return source_ended(g->in, IDX_GZIP_HEADER_SHORT);
    if (h[1] != 0x8b) return IDX_GZIP_GARBAGE;
    if (!take(g, h + 2, 8)) return source_ended(g->in, IDX_GZIP_HEADER_SHORT);
    if (h[2] != Z_DEFLATED || (h[3] & FLAGS_RESERVED)) return IDX_GZIP_HEADER_BAD;
    const enum idx_status s = skip_options(g, h[3]);
    g->crc = (uint32_t)crc32(0, Z_NULL, 0);
    g->length = 0;
    g->member_ended = false;
    return s;
}

enum idx_status gunzip_open(struct gunzip *g, struct byte_source *in)
{
    *g = (struct gunzip){.in = in};
    const enum idx_status s = read_header(g);
    if (s != IDX_OK) return s;
    return inflateInit2(&g->inflater, -MAX_WBITS) == Z_OK ? IDX_OK : IDX_OUT_OF_MEMORY;
}

/* One call of inflate() with the source's window and size bytes of space; advances the source. */
static enum idx_status inflate_some(struct gunzip *g, uint8_t *to, size_t size, size_t *got)
{
    z_stream *z = &g->inflater;
    const bool more = byte_source_fill(g->in);
    const uInt offered = g->in->have < UINT_MAX ? (uInt)g->in->have : UINT_MAX;
    const uInt available = size < UINT_MAX ? (uInt)size : UINT_MAX;
    z->next_in = (Bytef *)(uintptr_t)g->in->next; /* zlib reads it only, but its type says otherwise */
    z->avail_in = offered;
    z->next_out = to;
    z->avail_out = available;
    const int rc = inflate(z, Z_NO_FLUSH);
    g->in->next += offered - z->avail_in;
    g->in->have -= offered - z->avail_in;
    *got = available - z->avail_out;
    g->crc = (uint32_t)crc32(g->crc, to, (uInt)*got);
    g->length += (uint32_t)*got;
    if (rc == Z_STREAM_END) {
        g->member_ended = true;
        return IDX_OK;
    }
    if (rc == Z_MEM_ERROR) return IDX_OUT_OF_MEMORY;
    if (rc != Z_OK && rc != Z_BUF_ERROR) return IDX_GZIP_CORRUPT;
    return more || *got > 0 ? IDX_OK : source_ended(g->in, IDX_GZIP_BODY_SHORT);
}

static uint32_t little_endian(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static enum idx_status check_trailer(struct gunzip *g)
{
    uint8_t trailer[8];
    if (byte_source_read(g->in, trailer, 8) < 8) return source_ended(g->in, IDX_GZIP_TRAILER_SHORT);
    if (little_endian(trailer) != g->crc) return IDX_GZIP_CRC;
    return little_endian(trailer + 4) == g->length ? IDX_OK : IDX_GZIP_LENGTH;
}

/* Nothing but zeros may be left. */
static enum idx_status skip_padding(struct byte_source *in)
{
    for (int count = 0; byte_source_fill(in); count++) {
        if (*in->next != 0 || count == GUNZIP_MAX_PADDING) return IDX_GZIP_GARBAGE;
        in->next++;
        in->have--;
    }
    return source_ended(in, IDX_OK);
}

/* From the end of a member's data to another member's data or to the end of all. */
static enum idx_status go_on(struct gunzip *g)
{
    enum idx_status s = check_trailer(g);
    if (s != IDX_OK) return s;
    if (!byte_source_fill(g->in) || *g->in->next == 0) {
        g->ended = true;
        return skip_padding(g->in);
    }
    if ((s = read_header(g)) != IDX_OK) return s;
    g->several = true;
    return inflateReset(&g->inflater) == Z_OK ? IDX_OK : IDX_GZIP_CORRUPT;
}

enum idx_status gunzip_read(struct gunzip *g, uint8_t *to, size_t size, size_t *got)
{
    enum idx_status s = IDX_OK;
    *got = 0;
    while (s == IDX_OK && *got < size && !g->ended) {
        size_t n = 0;
        s = g->member_ended ? go_on(g) : inflate_some(g, to + *got, size - *got, &n);
        *got += n;
    }
    return s;
}

enum idx_status gunzip_finish(struct gunzip *g)
{
    uint8_t extra;
    size_t n;
    const enum idx_status s = gunzip_read(g, &extra, 1, &n);
    if (n == 0) return s;
    return g->several ? IDX_GZIP_MEMBERS : IDX_GZIP_BOMB;
}

void gunzip_close(struct gunzip *g)
{
    inflateEnd(&g->inflater);
}
