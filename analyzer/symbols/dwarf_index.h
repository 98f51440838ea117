/* SPDX-License-Identifier: MIT */
/*
 * dwarf_index.h - pc -> functions (inlined ones included), files and lines of one module's DWARF.
 *
 * Built for many look-ups: the address ranges of all compilation units are sorted once; a unit's functions are
 * listed when the first address falls into it, and a function's inlined calls when the first address falls into
 * that. Each step of a look-up is then a binary search, and a name is read and demangled once.
 * Borrows the Dwarf, which must outlive the index.
 */
#ifndef SEEP_DWARF_INDEX_H
#define SEEP_DWARF_INDEX_H

#include <elfutils/libdw.h>

#include "../base/model.h"
#include "ranges.h"

struct dwarf_index;

/* `code`: the executable address ranges; what DWARF says of other addresses (discarded functions) is ignored. */
int dwarf_index_open(Dwarf *dwarf, const struct ranges *code, struct dwarf_index **out);
void dwarf_index_close(struct dwarf_index *index); /* NULL is fine */

/*
 * The frames at a pc, innermost first; owned by the caller, symbols_release(). *count 0: DWARF knows nothing of it.
 * The outermost frame's function is NULL if only its line is known (assembler).
 */
int dwarf_index_find(struct dwarf_index *index, uint64_t pc, struct model_symbol **frames, size_t *count);

#endif
