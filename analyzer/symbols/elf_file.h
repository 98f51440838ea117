/* SPDX-License-Identifier: MIT */
/*
 * elf_file.h - one ELF file, opened read-only: its identity and what its headers say of its code.
 *
 * Read with pread() and never mapped: a library that a package manager truncates under us must not end the
 * recorder with SIGBUS. Zeroed is valid and closed; whoever opens closes. Strings belong to the struct.
 */
#ifndef SEEP_ELF_FILE_H
#define SEEP_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "debug_sections.h"
#include "ranges.h"

#define ELF_BUILD_ID_BYTES 64

struct elf_file {
	char *path; /* NULL: an image in memory, without a descriptor */
	int fd;
	Elf *elf;                                  /* NULL: closed */
	char build_id[2 * ELF_BUILD_ID_BYTES + 1]; /* hex; "" none */
	struct debug_sections sections;
};

/*
 * SEEP_ERR_NOT_FOUND: no such file. SEEP_ERR_NOT_OURS: not a regular file, or not ELF. SEEP_ERR_IO: the system
 * refused. SEEP_ERR_MEMORY.
 */
int elf_file_open(struct elf_file *file, const char *path);
/* The same for an image in memory (the vdso), which must outlive the struct. */
int elf_file_open_image(struct elf_file *file, void *image, size_t bytes);
void elf_file_close(struct elf_file *file);

/* The section of that name with its header, or NULL. */
Elf_Scn *elf_section(Elf *elf, const char *name, GElf_Shdr *header);

/* The executable load segments, sealed, value 0. Release with ranges_release(). */
int elf_code_ranges(Elf *elf, struct ranges *out);

/* Bytes from the first to the end of the last load segment, in whole pages; 0 if there is none. */
uint64_t elf_extent(Elf *elf);

/* True when a debug section is compressed in a way that this libelf did not undo. */
bool elf_has_zstd_debug(Elf *elf);

#endif
