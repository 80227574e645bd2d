/* SPDX-License-Identifier: MIT
 *
 * What an ISA's file defines before it includes vector_backend.inc.h. All templates (*.inc.h) are compiled
 * once per ISA with these:
 *
 *   vec_<isa>.h                  vf, vi, vm, VL and their operations
 *   in gemm_sizes_<isa>.h:
 *   MAX_TILE_ROWS, MAX_TILE_VECS the largest register tile of any kind, in rows and vectors
 *   SHALLOW_VECS                 width in vectors of the tiles of products with a short k
 *   FOR_EACH_GEMM_WIDTH(X)       X(vecs, rows): the register tiles of gemm, up to so many rows; rows as in
 *                                UP_TO_<rows>_ROWS of gemm_tiles.inc.h
 *   PREFERRED_VECS               width in vectors of the tile that is taken of those that cost the same
 *   FOR_EACH_PREFERENCE(X)       X(vendor, family, vecs): another one for CPUs of this family, see
 *                                preferred_vecs() of gemm_cut.inc.h; only what was measured
 *   GEMM_DEFAULT                 initialiser of struct blocking, for a plan that knows no caches; its mr and
 *                                nr are 0
 *   gemm_choices                 a static const struct blocking_choices: what `bench tune` may try; each nr
 *                                is a width of FOR_EACH_GEMM_WIDTH, and tiles are chosen from these widths
 *   in fused_sizes_<isa>.h:
 *   MAX_PANEL_VECS               greatest width of a tile of the fused step, in vectors
 *   FOR_EACH_PANEL_WIDTH(X, ...) X(vecs, ...) for each width from 1 on
 *   PANEL_ROWS(vecs)             height of such a tile: 4, 8 or, with one vector, 16
 *   MAX_PANEL_TILE               vectors of the largest tile of the fused step
 *   IMAGES_PER_UPDATE            images multiplied between two vectors of weights; a multiple of 4
 *   PREFETCHES_CHUNK             1: forward1 prefetches the weights that it takes next into L2
 *   in the backend's own file:
 *   SKIPS_ZEROS                  1: the step leaves out products with pixels that are 0, sparse/layer.inc.h
 */
#ifndef LB_PARAMETERS_INC_H
#define LB_PARAMETERS_INC_H

#if !defined LB_VEC_H
#error "include vec_<isa>.h first"
#elif !defined MAX_TILE_ROWS || !defined MAX_TILE_VECS || !defined SHALLOW_VECS
#error "the ISA's file must define MAX_TILE_ROWS, MAX_TILE_VECS and SHALLOW_VECS"
#elif !defined FOR_EACH_GEMM_WIDTH || !defined GEMM_DEFAULT
#error "the ISA's file must define FOR_EACH_GEMM_WIDTH and GEMM_DEFAULT"
#elif !defined PREFERRED_VECS || !defined FOR_EACH_PREFERENCE
#error "the ISA's file must define PREFERRED_VECS and FOR_EACH_PREFERENCE"
#elif !defined MAX_PANEL_VECS || !defined MAX_PANEL_TILE || !defined PANEL_ROWS
#error "the ISA's file must define MAX_PANEL_VECS, MAX_PANEL_TILE and PANEL_ROWS"
#elif !defined FOR_EACH_PANEL_WIDTH || !defined IMAGES_PER_UPDATE || !defined PREFETCHES_CHUNK ||            \
    !defined SKIPS_ZEROS
#error "the ISA's file must define FOR_EACH_PANEL_WIDTH, IMAGES_PER_UPDATE, PREFETCHES_CHUNK and SKIPS_ZEROS"
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
