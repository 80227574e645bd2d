/* SPDX-License-Identifier: MIT */
#include "data/idx_status.h"

static const struct {
    const char *name, *advice;
} STATUS[IDX_STATUS_COUNT] = {
#define X(enumerator, name, advice) {name, advice},
    IDX_STATUS_LIST(X)
#undef X
};

const char *idx_status_name(enum idx_status s)
{
    return STATUS[s].name;
}

const char *idx_status_advice(enum idx_status s)
{
    return STATUS[s].advice;
}
