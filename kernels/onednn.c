/* SPDX-License-Identifier: MIT */
#include "backend.h"

extern const struct backend backend_onednn;
const struct backend backend_onednn = {.abi_version = BACKEND_ABI_VERSION,
                                       .struct_size = sizeof(struct backend),
                                       .name = "onednn",
                                       .summary = ""};
