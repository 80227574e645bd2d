/* SPDX-License-Identifier: MIT
 *
 * The order of the contenders in a round: pure functions of the seed. */
#ifndef LB_TURNS_H
#define LB_TURNS_H

#include <stdint.h>

enum { TURNS_MAX = 64 }; /* contenders */

enum turn_order { TURNS_SHUFFLED, TURNS_BALANCED, TURNS_MIRRORED };

/* A random order of 0 .. count-1 for this round, independent of other rounds'. 1 <= count <= TURNS_MAX. */
void turns_shuffled(int *order, int count, uint64_t seed, int round);

/* An order of 0 .. count-1 for this round, from 1. Every block of 2 * count rounds has each contender in each
 * position twice, each pair in either order equally often, and, for three contenders, each of the six orders
 * once; the sequence within a block is random. 1 <= count <= TURNS_MAX. */
void turns_balanced(int *order, int count, uint64_t seed, int round);

/* 0 .. count-1 in odd rounds, from 1, and backwards in even ones, which follow at once: A B B A. What grows
 * or falls steadily over two rounds is the same for all of them. */
void turns_mirrored(int *order, int count, int round);

/* The order of the given kind; all kinds but TURNS_SHUFFLED are for rounds from 1. */
void turns_of_round(enum turn_order kind, int *order, int count, uint64_t seed, int round);

#endif
