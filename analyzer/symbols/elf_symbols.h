/* SPDX-License-Identifier: MIT */
/*
 * elf_symbols.h - function names without DWARF: .symtab, .dynsym, .gnu_debugdata and the stubs of the PLT.
 *
 * An address in no symbol's extent has no name: the nearest symbol before it would be a guess, and in a
 * stripped library mostly a wrong one. Zeroed is valid and empty. Names borrowed from ELF files live as
 * long as these.
 */
#ifndef SEEP_ELF_SYMBOLS_H
#define SEEP_ELF_SYMBOLS_H

#include "elf_file.h"

struct elf_symbol;
struct Dwfl;

struct elf_symbols {
	struct ranges ranges; /* value: index into items */
	struct elf_symbol *items;
	size_t count, capacity;
	struct Dwfl *mini; /* owns the names out of .gnu_debugdata; NULL: none */
};

/* Adds the function symbols of a file; call for the program and for its debug file, then seal. */
int elf_symbols_add(struct elf_symbols *symbols, const struct elf_file *file);
int elf_symbols_seal(struct elf_symbols *symbols);
void elf_symbols_release(struct elf_symbols *symbols);

/*
 * The readable name of the function at an address ("malloc@plt" for a stub), or NULL if none is known or memory
 * ran out. The caller frees it.
 */
char *elf_symbols_name(const struct elf_symbols *symbols, uint64_t address);

/* Adds one symbol; `name` is borrowed. For plt_*.c. */
enum elf_symbol_kind {
	ELF_SYMBOL_SIZED,
	ELF_SYMBOL_UNSIZED, /* assembler labels: reach to the next symbol, at most to `end` */
	ELF_SYMBOL_PLT,
};
int elf_symbols_append(struct elf_symbols *symbols, const char *name, uint64_t start, uint64_t end,
		       enum elf_symbol_kind kind, unsigned binding);

/* The stubs of x86-64's PLT sections, by the GOT entry that each jumps through. */
int plt_x86_64_add(struct elf_symbols *symbols, Elf *elf);

#endif
