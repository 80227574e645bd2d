/* SPDX-License-Identifier: MIT */
#include "backend.h"

extern const struct backend backend_avx512;
const struct backend backend_avx512 = {.abi_version = BACKEND_ABI_VERSION, .struct_size = sizeof(struct backend), .name = "avx512", .summary = ""};
