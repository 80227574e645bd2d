/* SPDX-License-Identifier: MIT
 *
 * The units of a training step whose loss is scaled, so that neither gradients nor RMSprop's v become
 * subnormal.
 *
 * RMSprop gives the same result: with the gradient and epsilon S times as large and v S^2 times, every update
 * of a weight is the same, and with S a power of two it has the same bits, because no rounding changes. What
 * changes is where numbers become subnormal, which costs Intel's cores 35 ns per vector: v of a rarely active
 * pixel decays into that range within 830 steps and stays, and late in training the probabilities of wrong
 * classes, 1e-35 and less, make such products with weights. Granite Rapids, one thread: backward1 of avx512's
 * twentieth epoch 593 -> 319 ms, rmsprop of onednn's sixteenth 324 -> 148 ms. The price is an earlier
 * overflow: a gradient beyond 2^44 makes v infinite; without the scale, it takes 2^64. */
#ifndef LB_LOSS_SCALE_H
#define LB_LOSS_SCALE_H

/* S; S^2 for v. */
static const float LOSS_SCALE = 0x1p20f, V_SCALE = 0x1p40f;

/* Of a scaled v, what stands for 2^-150: this and less is 0 in the model's own units as well. */
static const float V_VANISHES = 0x1p-110f;

#endif
