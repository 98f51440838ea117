/* SPDX-License-Identifier: MIT */
/*
 * cfi_test.c - preload/cfi.c against elfutils: every row of the unwind tables of real binaries.
 *
 * A binary's segments are mapped, unrelocated; cfi.c finds them by the stand-in for _dl_find_object() below. Every byte
 * without unwind information and every row of libdw's is visited. Both sides then step once from the same made-up
 * registers through the same made-up memory, so that rules, expressions and their evaluation are compared at once. The
 * other side is libdw's decoder and the small evaluator here.
 *
 * Compared: whether there is a row; signal frame; end of the stack; return address, stack pointer and the
 * callee-saved registers of the caller, and every further register that the row has a rule for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define _dl_find_object image_find_object
static int image_find_object(void *pc, struct dl_find_object *result);
#include "../../preload/cfi.c"
#undef _dl_find_object

/* ---- a mapped binary ---- */

struct image {
	const char *path;
	Elf *elf;
	char *base;  /* where address 0 of the file is mapped */
	size_t size; /* 0: not mapped by us */
	void *eh_frame_header;
	int descriptor;
};
static struct image image;

static int image_find_object(void *pc, struct dl_find_object *result)
{
	(void)pc;
	*result = (struct dl_find_object){.dlfo_eh_frame = image.eh_frame_header};
	return 0;
}

static bool segment_at(size_t index, GElf_Phdr *segment)
{
	size_t count;

	return elf_getphdrnum(image.elf, &count) == 0 && index < count && gelf_getphdr(image.elf, (int)index, segment);
}

static void image_map(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	GElf_Phdr segment;

	for (size_t i = 0; segment_at(i, &segment); i++)
		if (segment.p_type == PT_LOAD && segment.p_vaddr + segment.p_memsz > image.size)
			image.size = segment.p_vaddr + segment.p_memsz;
	image.base = mmap(NULL, image.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(image.base != MAP_FAILED);
	for (size_t i = 0; segment_at(i, &segment); i++) {
		uintptr_t skip = segment.p_vaddr % page;

		if (segment.p_type != PT_LOAD)
			continue;
		assert_true(mmap(image.base + segment.p_vaddr - skip, segment.p_filesz + skip, PROT_READ,
				 MAP_PRIVATE | MAP_FIXED, image.descriptor,
				 (off_t)(segment.p_offset - skip)) != MAP_FAILED);
	}
}

static void image_find_header(void)
{
	GElf_Phdr segment;

	for (size_t i = 0; segment_at(i, &segment); i++)
		if (segment.p_type == PT_GNU_EH_FRAME)
			image.eh_frame_header = image.base + segment.p_vaddr;
	assert_non_null(image.eh_frame_header);
}

static bool image_open(const char *path)
{
	image = (struct image){.path = path, .descriptor = open(path, O_RDONLY | O_CLOEXEC)};
	if (image.descriptor < 0)
		return false;
	image.elf = elf_begin(image.descriptor, ELF_C_READ_MMAP, NULL);
	if (!image.elf || elf_kind(image.elf) != ELF_K_ELF) {
		elf_end(image.elf);
		close(image.descriptor);
		return false;
	}
	image_map();
	image_find_header();
	return true;
}

static void image_close(void)
{
	elf_end(image.elf);
	if (image.size) {
		munmap(image.base, image.size);
		close(image.descriptor);
	}
}

/* ---- one step by libdw ---- */

/* Made-up memory: each word is a function of its address. */
static uintptr_t word_at(uintptr_t address)
{
	uint64_t word = address * UINT64_C(0x9e3779b97f4a7c15);

	return word ^ word >> 29;
}

static bool word_load(void *context, uintptr_t address, uintptr_t *value)
{
	(void)context;
	*value = word_at(address);
	return true;
}

struct expression {
	const Dwarf_Op *ops;
	size_t count;
};

/* Compares and shifts as DWARF 5, 2.5.1.4 has them; an operator that is not here fails the test. */
static uint64_t apply(uint8_t operator, uint64_t a, uint64_t b)
{
	switch (operator) {
	case DW_OP_and:
		return a & b;
	case DW_OP_or:
		return a | b;
	case DW_OP_xor:
		return a ^ b;
	case DW_OP_plus:
		return a + b;
	case DW_OP_minus:
		return a - b;
	case DW_OP_mul:
		return a * b;
	case DW_OP_shl:
		return b < 64 ? a << b : 0;
	case DW_OP_shr:
		return b < 64 ? a >> b : 0;
	case DW_OP_eq:
		return a == b;
	case DW_OP_ne:
		return a != b;
	case DW_OP_ge:
		return (int64_t)a >= (int64_t)b;
	case DW_OP_gt:
		return (int64_t)a > (int64_t)b;
	case DW_OP_le:
		return (int64_t)a <= (int64_t)b;
	case DW_OP_lt:
		return (int64_t)a < (int64_t)b;
	default:
		fail_msg("%s: the test does not know DWARF operator %#x", image.path, operator);
		return 0;
	}
}

/* *is_value: the result is the register's value, not where that lies. */
static uint64_t interpret(struct expression expression, const struct cfi_registers *registers, uint64_t cfa,
			  bool *is_value)
{
	uint64_t stack[64] = {0}, *top = stack;

	*is_value = false;
	for (const Dwarf_Op *op = expression.ops; op < expression.ops + expression.count; op++) {
		assert_true(top < stack + 60);
		if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31)
			*++top = op->atom - DW_OP_lit0;
		else if (op->atom >= DW_OP_breg0 && op->atom < DW_OP_breg0 + DWARF_COUNT)
			*++top = registers->value[op->atom - DW_OP_breg0] + op->number;
		else if (op->atom == DW_OP_bregx && op->number < DWARF_COUNT)
			*++top = registers->value[op->number] + op->number2;
		else if (op->atom >= DW_OP_const1u && op->atom <= DW_OP_consts)
			*++top = op->number;
		else if (op->atom == DW_OP_call_frame_cfa)
			*++top = cfa;
		else if (op->atom == DW_OP_deref)
			*top = word_at(*top);
		else if (op->atom == DW_OP_plus_uconst)
			*top += op->number;
		else if (op->atom == DW_OP_dup)
			top[1] = *top, top++;
		else if (op->atom == DW_OP_drop)
			top--;
		else if (op->atom == DW_OP_stack_value)
			*is_value = true;
		else
			top--, *top = apply(op->atom, *top, top[1]);
	}
	assert_true(top > stack);
	return *top;
}

enum found { UNDEFINED, SAME, VALUE };

static enum found oracle_register(Dwarf_Frame *frame, int reg, const struct cfi_registers *registers, uint64_t cfa,
				  uintptr_t *value)
{
	Dwarf_Op memory[3], *ops;
	size_t count;
	bool is_value;

	assert_int_equal(dwarf_frame_register(frame, reg, memory, &ops, &count), 0);
	/*
	 * Where the table is silent libdw goes by its own list of preserved registers, and that list has register 0
	 * (rax) in the place of 3 (rbx): backends/x86_64_cfi.c, against figure 3.36 of the System V ABI.
	 */
	if (count == 0 && (reg == DWARF_RBX || reg == 0))
		return reg == DWARF_RBX ? SAME : UNDEFINED;
	if (count == 0)
		return ops == memory ? UNDEFINED : SAME;
	if (ops[0].atom == DW_OP_regx || (ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31)) {
		uint64_t from = ops[0].atom == DW_OP_regx ? ops[0].number : (Dwarf_Word)(ops[0].atom - DW_OP_reg0);

		assert_true(from < DWARF_COUNT);
		*value = registers->value[from];
		return VALUE;
	}
	*value = interpret((struct expression){ops, count}, registers, cfa, &is_value);
	if (!is_value)
		*value = word_at(*value);
	return VALUE;
}

/* ---- comparing ---- */

static struct {
	uint64_t rows, gaps, expressions, differences;
} counted;

static void difference(uint64_t pc, const char *what)
{
	if (counted.differences++ < 20)
		print_error("%s: %#lx: %s\n", image.path, pc, what);
}

static void registers_compare(uint64_t pc, Dwarf_Frame *frame, uint64_t cfa, const struct cfi_registers *before,
			      const struct cfi_registers *after)
{
	for (int reg = 0; reg < DWARF_COUNT; reg++) {
		uintptr_t value = 0;
		enum found found = oracle_register(frame, reg, before, cfa, &value);
		bool is_known = after->known >> reg & 1;

		if (found == SAME)
			value = before->value[reg];
		if ((found != UNDEFINED) != is_known)
			difference(pc, is_known ? "a register is known that is undefined" : "a register is lost");
		else if (is_known && after->value[reg] != value)
			difference(pc,
				   DWARF_PRESERVED >> reg & 1 ? "a preserved register differs" : "a register differs");
	}
}

static void row_compare(uint64_t pc, Dwarf_Frame *frame, bool is_signal)
{
	struct cfi_registers before = {.known = (1u << DWARF_COUNT) - 1}, after;
	Dwarf_Op memory[3], *ops;
	size_t count;
	struct cfi_row row;
	bool is_end, is_value;
	uint64_t cfa;

	for (int reg = 0; reg < DWARF_COUNT; reg++)
		before.value[reg] = word_at((uintptr_t)reg) & ~UINT64_C(7);
	before.value[DWARF_RA] = pc;
	if (!cfi_row_at((uintptr_t)image.base + pc, &row)) {
		difference(pc, "no row");
		return;
	}
	if (row.is_signal_frame != is_signal)
		difference(pc, "signal frame or not");
	after = before;
	if (!cfi_step(&row, &after, word_load, NULL, &is_end)) {
		difference(pc, "no step");
		return;
	}
	assert_int_equal(dwarf_frame_register(frame, DWARF_RA, memory, &ops, &count), 0);
	if ((count == 0 && ops == memory) != is_end)
		difference(pc, "end of the stack or not");
	if (is_end)
		return;
	assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
	counted.expressions += row.cfa.kind == CFI_EXPRESSION;
	cfa = interpret((struct expression){ops, count}, &before, 0, &is_value);
	registers_compare(pc, frame, cfa, &before, &after);
}

static void range_compare(Dwarf_CFI *cfi, uint64_t from, uint64_t to)
{
	Dwarf_Addr start, end;
	Dwarf_Frame *frame;
	struct cfi_row row;
	bool is_signal;

	for (uint64_t pc = from; pc < to; pc = end) {
		end = pc + 1;
		if (dwarf_cfi_addrframe(cfi, pc, &frame) != 0) {
			counted.gaps++;
			if (cfi_row_at((uintptr_t)image.base + pc, &row))
				difference(pc, "a row where there is none");
			continue;
		}
		dwarf_frame_info(frame, &start, &end, &is_signal);
		counted.rows++;
		row_compare(pc, frame, is_signal);
		if (end - 1 > pc)
			row_compare(end - 1, frame, is_signal);
		free(frame);
	}
}

static void image_compare(void)
{
	uint64_t rows = counted.rows;
	Dwarf_CFI *cfi = dwarf_getcfi_elf(image.elf);
	GElf_Phdr segment;

	assert_non_null(cfi);
	for (size_t i = 0; segment_at(i, &segment); i++)
		if (segment.p_type == PT_LOAD && segment.p_flags & PF_X)
			range_compare(cfi, segment.p_vaddr, segment.p_vaddr + segment.p_memsz);
	dwarf_cfi_end(cfi);
	print_message("%10lu rows  %s\n", counted.rows - rows, image.path);
}

/* ---- rows that no compiler writes ---- */

/* What the binaries here do not use, so that it is compared too; nobody runs it. DWARF 5, 7.24 and 7.7.1 have the
 * codes. */
__asm__(".pushsection .text\n"
	"rows:\n"
	".cfi_startproc\n"
	"nop\n.cfi_escape 0x05,13,3, 0x05,3,4\n"                          /* offset_extended */
	"nop\n.cfi_escape 0x08,3\n"                                       /* same_value */
	"nop\n.cfi_escape 0x06,13\n"                                      /* restore_extended */
	"nop\n.cfi_escape 0x12,7,0x7e\n"                                  /* def_cfa_sf: rsp + 16 */
	"nop\n.cfi_escape 0x13,0x7d\n"                                    /* def_cfa_offset_sf: 24 */
	"nop\n.cfi_escape 0x14,3,2, 0x15,12,0x7f\n"                       /* val_offset, val_offset_sf */
	"nop\n.cfi_escape 0x2f,14,2\n"                                    /* GNU_negative_offset_extended */
	"nop\n.cfi_escape 0x2e,16\n"                                      /* GNU_args_size */
	"nop\n.cfi_escape 0x0a, 0x0c,6,16, 0x0a, 0x86,2, 0x0a, 0x07,15\n" /* remember_state, thrice */
	"nop\n.cfi_escape 0x0b\nnop\n.cfi_escape 0x0b\nnop\n.cfi_escape 0x0b\n"
	/* val_expression: the CFA, with constants of each width */
	"nop\n.cfi_escape 0x16,0,15, 0x08,200,0x22, 0x09,-3,0x27, 0x0a,0xfe,0xff,0x1c, 0x0b,0xfe,0xff,0x21, 0x06\n"
	"nop\n.cfi_escape 0x16,1,32, 0x0c,0xff,0xff,0xff,0x7f,0x1e, 0x0d,0xfe,0xff,0xff,0xff,0x1a\n"
	".cfi_escape 0x0e,1,2,3,4,5,6,7,8,0x27, 0x0f,8,7,6,5,4,3,2,1,0x22\n"
	"nop\n.cfi_escape 0x16,2,20, 0x10,0x83,0x02,0x25, 0x11,0xd4,0x7d,0x22, 0x12,0x22, 0x34,0x24, 0x35,0x13\n"
	".cfi_escape 0x92,3,8,0x27, 0x23,40\n"
	/* each comparison of two registers, both ways: eq, ge, gt, le, lt, ne */
	"nop\n.cfi_escape 0x16,4,6, 0x7c,0,0x7d,0,0x29,0x22, 0x16,5,6, 0x7c,0,0x7d,0,0x2a,0x22\n"
	"nop\n.cfi_escape 0x16,4,6, 0x7c,0,0x7d,0,0x2b,0x22, 0x16,5,6, 0x7c,0,0x7d,0,0x2c,0x22\n"
	"nop\n.cfi_escape 0x16,4,6, 0x7c,0,0x7d,0,0x2d,0x22, 0x16,5,6, 0x7c,0,0x7d,0,0x2e,0x22\n"
	"nop\n.cfi_escape 0x16,4,6, 0x7d,0,0x7c,0,0x2a,0x22, 0x16,5,6, 0x7d,0,0x7c,0,0x2b,0x22\n"
	"nop\n.cfi_escape 0x16,4,6, 0x7d,0,0x7c,0,0x2c,0x22, 0x16,5,6, 0x7d,0,0x7c,0,0x2d,0x22\n"
	"nop\n.cfi_escape 0x16,4,6, 0x7c,0,0x7c,0,0x29,0x22, 0x16,5,6, 0x7c,0,0x7c,0,0x2a,0x22\n"
	".fill 70000, 1, 0x90\n.cfi_escape 0x0e,32\n" /* after advance_loc4 */
	"nop\n"
	".cfi_endproc\n"
	".popsection\n");

/* ---- the tests ---- */

/* Each file of a pattern; returns how many there were. */
static int files_compare(const char *pattern)
{
	glob_t files;
	int count = 0;

	if (glob(pattern, 0, NULL, &files) != 0)
		return 0;
	for (size_t i = 0; i < files.gl_pathc; i++)
		if (image_open(files.gl_pathv[i])) {
			image_compare();
			image_close();
			count++;
		}
	globfree(&files);
	return count;
}

static void test_rows_of_binaries(void **state)
{
	static const char *const patterns[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"/lib/x86_64-linux-gnu/libcrypto.so.?",
		"/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/gcc/x86_64-linux-gnu/1?/cc1",
		"/usr/bin/python3",
		"/usr/lib/postgresql/*/bin/postgres",
		"/usr/bin/node",
		"/usr/lib/jvm/java-[0-9][0-9]-openjdk-*/lib/server/libjvm.so",
	};
	const char *more = getenv("CFI_TEST_FILES"); /* a pattern for further files */
	int files = 0;

	(void)state;
	memset(&counted, 0, sizeof(counted));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		files += files_compare(patterns[i]);
	if (more)
		files += files_compare(more);
	print_message("%10lu rows, %lu bytes without, %lu expressions, %lu differences\n", counted.rows, counted.gaps,
		      counted.expressions, counted.differences);
	assert_true(files > 0);
	assert_int_equal(counted.differences, 0);
}

static void test_rows_that_no_compiler_writes(void **state)
{
	(void)state;
	memset(&counted, 0, sizeof(counted));
	assert_true(image_open("/proc/self/exe"));
	image_compare();
	image_close();
	assert_int_equal(counted.differences, 0);
}

/* The kernel's own library, in memory only. */
static void test_rows_of_the_vdso(void **state)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR); // NOLINT: an address from the kernel

	(void)state;
	if (!header)
		skip();
	memset(&counted, 0, sizeof(counted));
	image = (struct image){.path = "[vdso]", .base = (char *)header, .descriptor = -1};
	image.elf = elf_memory((char *)header, header->e_shoff + (size_t)header->e_shnum * header->e_shentsize);
	assert_non_null(image.elf);
	image_find_header();
	image_compare();
	image_close();
	assert_true(counted.rows > 0);
	assert_int_equal(counted.differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_binaries),
		cmocka_unit_test(test_rows_that_no_compiler_writes),
		cmocka_unit_test(test_rows_of_the_vdso),
	};

	elf_version(EV_CURRENT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
