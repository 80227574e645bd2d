/* SPDX-License-Identifier: MIT */
#include "data/gunzip.h"

#include <limits.h>

enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };

static enum idx_status source_ended(const struct byte_source *in, enum idx_status otherwise)
{
    return in->error ? IDX_READ_FAILED : otherwise;
}

static bool skip(struct byte_source *in, size_t count)
{
    uint8_t byte;
    while (count > 0 && byte_source_read(in, &byte, 1) == 1) count--;
    return count == 0;
}

static bool skip_string(struct byte_source *in)
{
    uint8_t byte;
    while (byte_source_read(in, &byte, 1) == 1)
        if (byte == 0) return true;
    return false;
}

/* The optional parts of the header, in RFC 1952's order. */
static bool skip_options(struct byte_source *in, int flags)
{
    if (flags & FLAG_EXTRA) {
        uint8_t n[2];
        if (byte_source_read(in, n, 2) < 2 || !skip(in, (size_t)(n[0] | n[1] << 8))) return false;
    }
    if ((flags & FLAG_NAME) && !skip_string(in)) return false;
    if ((flags & FLAG_COMMENT) && !skip_string(in)) return false;
    return !(flags & FLAG_HCRC) || skip(in, 2);
}

enum idx_status gunzip_open(struct gunzip *g, struct byte_source *in)
{
    uint8_t h[10]; /* magic 2, method, flags, time 4, extra flags, system */
    *g = (struct gunzip){.in = in};
    if (byte_source_read(in, h, sizeof h) < sizeof h) return source_ended(in, IDX_GZIP_HEADER_SHORT);
    if (h[0] != 0x1f || h[1] != 0x8b || h[2] != Z_DEFLATED || (h[3] & FLAGS_RESERVED))
        return IDX_GZIP_HEADER_BAD;
    if (!skip_options(in, h[3])) return source_ended(in, IDX_GZIP_HEADER_SHORT);
    g->crc = (uint32_t)crc32(0, Z_NULL, 0);
    return inflateInit2(&g->inflater, -MAX_WBITS) == Z_OK ? IDX_OK : IDX_OUT_OF_MEMORY;
}

/* One call of inflate() with the source's window and size bytes of room; advances the source. */
static enum idx_status inflate_some(struct gunzip *g, uint8_t *to, size_t size, size_t *got)
{
    z_stream *z = &g->inflater;
    const bool more = byte_source_fill(g->in);
    const uInt offered = g->in->have < UINT_MAX ? (uInt)g->in->have : UINT_MAX;
    const uInt room = size < UINT_MAX ? (uInt)size : UINT_MAX;
    z->next_in = (Bytef *)(uintptr_t)g->in->next; /* zlib reads it only, but its type says otherwise */
    z->avail_in = offered;
    z->next_out = to;
    z->avail_out = room;
    const int rc = inflate(z, Z_NO_FLUSH);
    g->in->next += offered - z->avail_in;
    g->in->have -= offered - z->avail_in;
    *got = room - z->avail_out;
    g->crc = (uint32_t)crc32(g->crc, to, (uInt)*got);
    g->length += (uint32_t)*got;
    if (rc == Z_STREAM_END) {
        g->body_ended = true;
        return IDX_OK;
    }
    if (rc == Z_MEM_ERROR) return IDX_OUT_OF_MEMORY;
    if (rc != Z_OK && rc != Z_BUF_ERROR) return IDX_GZIP_CORRUPT;
    return more || *got > 0 ? IDX_OK : source_ended(g->in, IDX_GZIP_BODY_SHORT);
}

enum idx_status gunzip_read(struct gunzip *g, uint8_t *to, size_t size, size_t *got)
{
    enum idx_status s = IDX_OK;
    *got = 0;
    while (s == IDX_OK && *got < size && !g->body_ended) {
        size_t n;
        s = inflate_some(g, to + *got, size - *got, &n);
        *got += n;
    }
    return s;
}

static uint32_t little_endian(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

enum idx_status gunzip_finish(struct gunzip *g)
{
    uint8_t extra, trailer[8];
    size_t n;
    const enum idx_status s = gunzip_read(g, &extra, 1, &n);
    if (s != IDX_OK) return s;
    if (n > 0) return IDX_GZIP_BOMB;
    if (byte_source_read(g->in, trailer, 8) < 8) return source_ended(g->in, IDX_GZIP_TRAILER_SHORT);
    if (little_endian(trailer) != g->crc) return IDX_GZIP_CRC;
    if (little_endian(trailer + 4) != g->length) return IDX_GZIP_LENGTH;
    n = byte_source_read(g->in, trailer, 2);
    if (n == 2 && trailer[0] == 0x1f && trailer[1] == 0x8b) return IDX_GZIP_MEMBERS;
    if (n > 0) return IDX_GZIP_GARBAGE;
    return source_ended(g->in, IDX_OK);
}

void gunzip_close(struct gunzip *g)
{
    inflateEnd(&g->inflater);
}
