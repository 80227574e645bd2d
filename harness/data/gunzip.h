/* SPDX-License-Identifier: MIT
 *
 * Strict reading of gzip (RFC 1952) over zlib's raw inflate. As for gzip(1), the content of several members
 * is joined, and zeros that fill up a block of a tape may follow the last. Every checksum and length is
 * verified, and anything else that follows is an error. gzread() is not used because it passes text through,
 * ignores what follows and reports a truncated file late or never. */
#ifndef LB_GUNZIP_H
#define LB_GUNZIP_H

#include <zlib.h>

#include "data/byte_source.h"
#include "data/idx_status.h"

/* Bytes: more than a tape's block has. A sparse file could hold zeros without end. */
enum { GUNZIP_MAX_PADDING = 1 << 24 };

struct gunzip {
    struct byte_source *in;
    z_stream inflater;
    uint32_t crc;      /* of the member's content, and before that of its header */
    uint32_t length;   /* bytes the member produced, modulo 2^32 as its trailer counts them */
    bool member_ended; /* its data; the trailer comes next */
    bool several;      /* a second member has begun */
    bool ended;
};

/* Reads the first member's header, whose magic (1f 8b) the caller has seen. in must outlive g. After IDX_OK
 * the caller owes gunzip_close. */
enum idx_status gunzip_open(struct gunzip *g, struct byte_source *in);

/* Inflates up to size bytes to `to`; *got is fewer only at the end of the content. */
enum idx_status gunzip_read(struct gunzip *g, uint8_t *to, size_t size, size_t *got);

/* Requires that the content ends here and that what follows it is valid. IDX_GZIP_BOMB: there is more;
 * IDX_GZIP_MEMBERS: the same with several members. */
enum idx_status gunzip_finish(struct gunzip *g);

void gunzip_close(struct gunzip *g);

#endif
