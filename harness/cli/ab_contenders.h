/* SPDX-License-Identifier: MIT
 *
 * The operands of bench ab become three contenders: A, A in a second process, B. */
#ifndef LB_AB_CONTENDERS_H
#define LB_AB_CONTENDERS_H

#include "backends/registry.h"
#include "stats/judge.h"

/* What the command line says of them. */
struct ab_operands {
    const char *a; /* NULL: B's opponent, see registry_opponent_of */
    const char *b;
    const char
        *ops; /* "OP[,OP...]": both are A's composed step, in which B has these ops; NULL: as they are */
};

/* Contenders by enum ab_contender. An operand is
 *   SPEC                        a backend of this program (--plugin adds some), see spec.h,
 *   PATH.so[:NAME][:composed]   a plug-in, where PATH has a slash,
 *   PATH:SPEC                   a backend of another build of bench, where PATH has a slash and no colon.
 * They are called as registry_resolve() says; A's second process is NAME.again, and B is NAME.b where it
 * would have A's name. The contenders live as long as the program. EXIT_USAGE, or EXIT_NOTHING when one is
 * not ready. */
int ab_contenders_resolve(struct registry_entry contenders[AB_COUNT], const struct ab_operands *operands,
                          struct error *e);

#endif
