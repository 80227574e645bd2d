/* SPDX-License-Identifier: MIT
 *
 * How the fused step is dealt to a team: arithmetic only, the same for every ISA.
 *
 * Work is counted in units: a block of 8 images times one vector of hidden units in the forward pass, a block
 * of 8 inputs times one vector in the weight gradient. Vectors are dealt in groups of one or two, see
 * group_of. The units of a group are its blocks, numbered group by group, and thread t has those from units *
 * t / threads on: a run of whole groups, with a part of one more at either end, where other threads have the
 * other blocks. So no thread has more than the mean, rounded up to such a unit, and every weight, every h and
 * every sum over k has one owner. Forward and backward cut the vectors at the same places, up to the size of
 * a block.
 *
 * Logits are sums over all hidden units, which several threads own. They are summed in a tree that depends on
 * the number of vectors alone: a leaf is one vector, a node of 2^k vectors begins at a multiple of 2^k, and
 * what is left at the end is added from the first on. A thread stores the largest nodes that it has whole. */
#ifndef LB_FUSED_DECOMPOSITION_H
#define LB_FUSED_DECOMPOSITION_H

enum {
    UNIT_ROWS = 8,       /* images or inputs of a block */
    MAX_PIECES = 6,      /* of one chunk */
    MAX_NODE_LEVELS = 32 /* of the tree of logits: below 2^31 vectors */
};

/* Units of one thread: vectors from..to-1, the first group of them from block `first` on, the last one up to,
 * not including, block `last`. No units: from == to. */
struct portion {
    int from, to, first, last, group;
};

/* Blocks block..end-1 of vectors from..to-1, all of them. */
struct piece {
    int from, to, block, end;
};

/* Vectors from..to-1, whichever of their blocks the portion has. */
struct chunk {
    int from, to;
};

/* Where part t begins if count things are cut into parts as equal as can be. */
static inline int share(int count, int parts, int t)
{
    return (int)((long long)count * t / parts);
}

static inline int blocks_of(int rows)
{
    return (rows + UNIT_ROWS - 1) / UNIT_ROWS;
}

/* Work of the busiest thread when it is dealt as evenly as can be. */
static inline long long largest_share(long long units, int threads)
{
    return (units + threads - 1) / threads;
}

/* Vectors that are dealt together: two, so that tiles are not one vector wide and x is read once for both.
 * One if their number is odd, or if pairs would give the busiest thread over 4 % more. AVX2, hidden 512, 64
 * threads on two cores: an epoch of 1.30 -> 0.97 s. */
static inline int group_of(int vecs, int blocks, int threads)
{
    const long long units = (long long)vecs * blocks, least = largest_share(units, threads);
    return vecs % 2 == 0 && 2 * largest_share(units / 2, threads) * 25 <= least * 26 ? 2 : 1;
}

static inline struct portion portion_of(int vecs, int blocks, int threads, int t)
{
    const int group = group_of(vecs, blocks, threads);
    const long long units = (long long)(vecs / group) * blocks;
    const long long begin = units * t / threads, end = units * (t + 1) / threads;
    if (begin == end) return (struct portion){0, 0, 0, 0, group};
    return (struct portion){.from = (int)(begin / blocks) * group,
                            .to = ((int)((end - 1) / blocks) + 1) * group,
                            .first = (int)(begin % blocks),
                            .last = (int)((end - 1) % blocks) + 1,
                            .group = group};
}

/* Rows of all vectors together, of `rows` a vector: the portion's work. */
static inline long long rows_in(const struct portion *p, int rows)
{
    if (p->from == p->to) return 0;
    const int last = p->last * UNIT_ROWS < rows ? p->last * UNIT_ROWS : rows;
    return (long long)(p->to - p->from - p->group) * rows +
           (long long)p->group * (last - p->first * UNIT_ROWS);
}

/* The portion's first vector that has this block, and the one after its last. */
static inline int first_vec_at(const struct portion *p, int block)
{
    return p->from + p->group * (block < p->first);
}

static inline int end_vec_at(const struct portion *p, int block)
{
    return p->to - p->group * (block >= p->last);
}

/* The portion's part of vectors lo..hi-1 as stretches of blocks within which the vectors are the same: at
 * most 3 of them. */
static inline int stretches_of(const struct portion *p, int blocks, int lo, int hi, struct piece *out)
{
    const int low = p->first < p->last ? p->first : p->last;
    const int cut[4] = {0, low, p->first + p->last - low, blocks};
    int count = 0;
    for (int i = 0; i < 3; i++) {
        int from = first_vec_at(p, cut[i]), to = end_vec_at(p, cut[i]);
        if (from < lo) from = lo;
        if (to > hi) to = hi;
        if (cut[i] < cut[i + 1] && from < to) out[count++] = (struct piece){from, to, cut[i], cut[i + 1]};
    }
    return count;
}

/* Chunks are what a portion is worked off in. Few vectors make one chunk: cut into panels first, a portion of
 * four vectors, of which the outer ones are parts, would leave tiles one vector wide. */
static inline int chunks_of(const struct portion *p, int widest)
{
    const int vecs = p->to - p->from;
    if (vecs == 0) return 0;
    return vecs <= 2 * widest ? 1 : (vecs + widest - 1) / widest;
}

static inline struct chunk chunk_at(const struct portion *p, int chunks, int i)
{
    const int vecs = p->to - p->from;
    return (struct chunk){p->from + share(vecs, chunks, i), p->from + share(vecs, chunks, i + 1)};
}

/* The portion's part of a chunk as pieces at most `widest` vectors wide: MAX_PIECES at most. */
static inline int pieces_of(const struct portion *p, int blocks, struct chunk c, int widest,
                            struct piece *out)
{
    struct piece stretch[3];
    int count = 0;
    const int stretches = stretches_of(p, blocks, c.from, c.to, stretch);
    for (int s = 0; s < stretches; s++) {
        const int vecs = stretch[s].to - stretch[s].from, panels = (vecs + widest - 1) / widest;
        for (int i = 0; i < panels; i++)
            out[count++] = (struct piece){stretch[s].from + share(vecs, panels, i),
                                          stretch[s].from + share(vecs, panels, i + 1), stretch[s].block,
                                          stretch[s].end};
    }
    return count;
}

/* How many vectors the node has that a thread with vectors vec..to-1 of a block stores for the first of them.
 */
static inline int node_vecs(int vec, int to)
{
    int vecs = 1;
    while (vec % (2 * vecs) == 0 && vec + 2 * vecs <= to) vecs *= 2;
    return vecs;
}

#endif
