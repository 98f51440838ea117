/* SPDX-License-Identifier: MIT */
/*
 * program.h - what an ELF program says of itself that decides whether a preloaded library reaches it.
 *
 * Facts only: `seep doctor` judges them. Zeroed is valid; release with program_release().
 */
#ifndef SEEP_PROGRAM_H
#define SEEP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum program_type {
	PROGRAM_OTHER = 0, /* an object file, a core */
	PROGRAM_EXECUTABLE,
	PROGRAM_SHARED_LIBRARY,
};

struct program {
	enum program_type type;
	unsigned machine; /* e_machine */
	unsigned bits;    /* 32 or 64 */
	bool is_position_independent;
	bool has_symbol_table; /* .symtab: what is linked in can be told from it */
	bool has_debug_info;   /* in the file itself */
	bool is_go, is_rust;
	bool has_sanitizer;    /* of addresses, memory or threads: it replaces malloc itself */
	bool defines_malloc;   /* itself, so that no preload comes before it */
	char *interpreter;     /* the dynamic linker; NULL: linked statically */
	char *build_id;        /* hex; "" none */
	const char *allocator; /* "jemalloc", ...: linked into the file; NULL none was recognised */
	char **needed;         /* the libraries that it names */
	size_t needed_count;
};

/* SEEP_ERR_NOT_FOUND, SEEP_ERR_NOT_OURS (not ELF), SEEP_ERR_IO (not readable), SEEP_ERR_MEMORY. */
int program_read(const char *path, struct program *out);
void program_release(struct program *program);

/* "x86-64", "aarch64", ..., or "another machine". */
const char *program_machine_name(unsigned machine);

/* True if a needed library's name begins with `prefix`. */
bool program_needs(const struct program *program, const char *prefix);

#endif
