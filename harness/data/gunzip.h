/* SPDX-License-Identifier: MIT
 *
 * Strict reading of one gzip member (RFC 1952) over zlib's raw inflate: exactly one member, checksum and
 * length verified, nothing behind it. gzread() is not used because it passes text through, joins members,
 * ignores what follows and reports a truncated file late or never. */
#ifndef LB_GUNZIP_H
#define LB_GUNZIP_H

#include <zlib.h>

#include "data/byte_source.h"
#include "data/idx_status.h"

struct gunzip {
    struct byte_source *in;
    z_stream inflater;
    uint32_t crc;
    uint32_t length; /* bytes produced, modulo 2^32 as the trailer counts them */
    bool body_ended;
};

/* Reads the member's header. in must outlive g. After IDX_OK the caller owes gunzip_close. */
enum idx_status gunzip_open(struct gunzip *g, struct byte_source *in);

/* Inflates up to size bytes to `to`; *got is fewer only when the member ended. */
enum idx_status gunzip_read(struct gunzip *g, uint8_t *to, size_t size, size_t *got);

/* Requires that the member ends here (else IDX_GZIP_BOMB: it would go on), that checksum and length are right
 * and that the source ends too. */
enum idx_status gunzip_finish(struct gunzip *g);

void gunzip_close(struct gunzip *g);

#endif
