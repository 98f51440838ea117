/* SPDX-License-Identifier: MIT */
/*
 * debug_sections.h - makes the debug sections of an ELF file ready for libdw, at less cost than libdw would.
 *
 * dwarf_begin_elf() reads and inflates every debug section there is. Locations of variables, call frames and macros
 * serve no name and no line: they are hidden from it. What is left and compressed with zlib is inflated by libdeflate,
 * which takes less than half of zlib's time. A section that cannot be is left to libdw as it is.
 *
 * The buffers belong to the struct, which starts zeroed; release them after dwarf_end() and elf_end().
 */
#ifndef SEEP_DEBUG_SECTIONS_H
#define SEEP_DEBUG_SECTIONS_H

#include <gelf.h>
#include <stddef.h>

struct debug_sections {
	void **buffers;
	size_t count;
};

/* `elf` must have been opened from `fd`, and not be mapped: its headers are changed in memory. */
void debug_sections_prepare(struct debug_sections *sections, Elf *elf, int fd);
void debug_sections_release(struct debug_sections *sections);

#endif
