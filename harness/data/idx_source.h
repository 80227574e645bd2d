/* SPDX-License-Identifier: MIT
 *
 * The parser proper, which the memory and the file front of idx.h share. */
#ifndef LB_IDX_SOURCE_H
#define LB_IDX_SOURCE_H

#include "data/byte_source.h"
#include "data/idx.h"

enum idx_status idx_parse_source(struct byte_source *in, const char *name, enum idx_kind kind,
                                 const struct idx_limits *limits, struct idx_array *a, struct error *e);

#endif
