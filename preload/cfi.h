/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - call frame information: how a frame's caller is found, read from .eh_frame.
 *
 * Sources: DWARF 5 section 6.4 (the instructions), Linux Standard Base 5.0 core, chapters 10.6 to 10.8 (the
 * .eh_frame and .eh_frame_hdr formats, augmentations), System V ABI x86-64 (register numbers).
 * Nothing here allocates, locks, or calls into the dynamic linker but for glibc's lock-free _dl_find_object().
 */
#ifndef SEEP_CFI_H
#define SEEP_CFI_H

#include <stdbool.h>
#include <stdint.h>

/* DWARF register numbers of x86-64. */
enum {
	DWARF_RBX = 3,
	DWARF_RBP = 6,
	DWARF_RSP = 7,
	DWARF_R12 = 12,
	DWARF_R13,
	DWARF_R14,
	DWARF_R15,
	DWARF_RA = 16,
	DWARF_COUNT = 17,
	/* a bit for each register that a function leaves as it was; the stack pointer by the definition of the CFA */
	DWARF_PRESERVED = 1u << DWARF_RBX | 1u << DWARF_RBP | 1u << DWARF_RSP | 1u << DWARF_R12 | 1u << DWARF_R13 |
			  1u << DWARF_R14 | 1u << DWARF_R15
};

enum cfi_rule_kind {
	CFI_SAME = 0, /* not saved */
	CFI_UNDEFINED,
	CFI_OFFSET,         /* at CFA + value */
	CFI_VAL_OFFSET,     /* is CFA + value */
	CFI_REGISTER,       /* in register `value` */
	CFI_EXPRESSION,     /* at the address that the expression gives */
	CFI_VAL_EXPRESSION, /* is what the expression gives */
};

struct cfi_rule {
	uint8_t kind;
	int32_t value; /* an expression: offset of its length byte from cfi_row.instructions */
};

/* One row of the unwind table: the rules at one pc. */
struct cfi_row {
	struct cfi_rule cfa; /* CFI_REGISTER: register in cfa_register plus value; or CFI_EXPRESSION */
	uint8_t cfa_register;
	bool is_signal_frame;
	const uint8_t *expressions; /* base of expression offsets */
	struct cfi_rule registers[DWARF_COUNT];
};

/* False if no unwind information covers pc. `pc` is the address to look up: for a caller, return address - 1. */
bool cfi_row_at(uintptr_t pc, struct cfi_row *row);

/* Registers of a frame; a bit of `known` says that the value is one. The pc is registers[DWARF_RA]. */
struct cfi_registers {
	uintptr_t value[DWARF_COUNT];
	uint32_t known;
};

/* Reads a word of the walked stack; false if it cannot be read. */
typedef bool cfi_load(void *context, uintptr_t address, uintptr_t *value);

/*
 * The caller's registers, by a row. False if it needs a register that is not known or memory that cannot be read.
 * *end is set when the row says that there is no caller.
 */
bool cfi_step(const struct cfi_row *row, struct cfi_registers *registers, cfi_load *load, void *context, bool *end);

#endif
