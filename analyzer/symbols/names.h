/* SPDX-License-Identifier: MIT */
/* names.h - from a symbol as the linker knows it to the name a reader knows. Pure. */
#ifndef SEEP_NAMES_H
#define SEEP_NAMES_H

/*
 * The demangled name of a C++ or (legacy) Rust symbol, without Rust's hash; of any other a copy, without a symbol
 * version ("@@GLIBC_2.2.5"). NULL if memory ran out. The caller frees it.
 */
char *name_readable(const char *symbol);

#endif
