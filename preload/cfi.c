/* SPDX-License-Identifier: MIT */
#include "cfi.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

enum {
	EH_PE_absptr = 0x00,
	EH_PE_udata2 = 0x02,
	EH_PE_udata4 = 0x03,
	EH_PE_udata8 = 0x04,
	EH_PE_sdata2 = 0x0a,
	EH_PE_sdata4 = 0x0b,
	EH_PE_sdata8 = 0x0c,
	EH_PE_pcrel = 0x10,
	EH_PE_datarel = 0x30,
	EH_PE_omit = 0xff,
};

/* ---- reading ---- */

/* The bits of a LEB128 number; *shift gets how many there are, *last the byte that ends it. */
static uint64_t read_leb(const uint8_t **at, unsigned *shift, uint8_t *last)
{
	uint64_t value = 0;

	*shift = 0;
	do {
		*last = *(*at)++;
		if (*shift < 64)
			value |= (uint64_t)(*last & 0x7f) << *shift;
		*shift += 7;
	} while (*last & 0x80);
	return value;
}

static uint64_t read_uleb(const uint8_t **at)
{
	unsigned shift;
	uint8_t last;

	return read_leb(at, &shift, &last);
}

static int64_t read_sleb(const uint8_t **at)
{
	unsigned shift;
	uint8_t last;
	uint64_t value = read_leb(at, &shift, &last);

	if (shift < 64 && (last & 0x40))
		value |= ~UINT64_C(0) << shift;
	return (int64_t)value;
}

static uint64_t read_bytes(const uint8_t **at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, *at, size);
	*at += size;
	return value;
}

static uintptr_t read_encoded(const uint8_t **at, uint8_t encoding, uintptr_t data_base)
{
	uintptr_t place = (uintptr_t)*at;
	uint64_t value = 0;

	switch (encoding & 0x0f) {
	case EH_PE_absptr:
	case EH_PE_udata8:
	case EH_PE_sdata8:
		value = read_bytes(at, 8);
		break;
	case EH_PE_udata2:
		value = read_bytes(at, 2);
		break;
	case EH_PE_udata4:
		value = read_bytes(at, 4);
		break;
	case EH_PE_sdata2:
		value = (uint64_t)(int16_t)read_bytes(at, 2);
		break;
	case EH_PE_sdata4:
		value = (uint64_t)(int32_t)read_bytes(at, 4);
		break;
	default:
		break;
	}
	if ((encoding & 0x70) == EH_PE_pcrel)
		value += place;
	else if ((encoding & 0x70) == EH_PE_datarel)
		value += data_base;
	return value;
}

/* ---- finding the FDE ---- */

struct fde {
	const uint8_t *cie_instructions, *cie_end;
	const uint8_t *instructions, *end;
	uintptr_t start, size;
	uint64_t code_align;
	int64_t data_align;
	uint8_t return_register;
	bool is_signal_frame;
};

struct header_entry {
	int32_t start, fde;
};

/* The last entry whose start is not above pc, by binary search; NULL if pc is before the first. */
static const uint8_t *header_search(const uint8_t *header, uintptr_t pc)
{
	const uint8_t *at = header + 4;
	const struct header_entry *table;
	uint64_t count;
	size_t low = 0, high;
	intptr_t target = (intptr_t)(pc - (uintptr_t)header);

	if (header[0] != 1 || header[2] == EH_PE_omit || header[3] != (EH_PE_datarel | EH_PE_sdata4))
		return NULL;
	read_encoded(&at, header[1], (uintptr_t)header);
	count = read_encoded(&at, header[2], (uintptr_t)header);
	table = (const struct header_entry *)at;
	high = count;
	if (!count || table[0].start > target)
		return NULL;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (table[middle].start <= target)
			low = middle;
		else
			high = middle;
	}
	return header + table[low].fde;
}

struct augmentation {
	uint8_t pointer_encoding;
	bool has_size;
};

static bool cie_parse(const uint8_t *cie, struct fde *fde, struct augmentation *augmentation)
{
	const uint8_t *at = cie;
	uint32_t length = (uint32_t)read_bytes(&at, 4);
	const char *letters;
	const uint8_t *data;
	uint8_t version;

	if (length == 0 || length == UINT32_MAX || read_bytes(&at, 4) != 0)
		return false;
	fde->cie_end = cie + 4 + length;
	version = *at++;
	letters = (const char *)at;
	at += strlen(letters) + 1;
	if (version != 1 && version != 3)
		return false;
	fde->code_align = read_uleb(&at);
	fde->data_align = read_sleb(&at);
	fde->return_register = (uint8_t)(version == 1 ? *at++ : read_uleb(&at));
	*augmentation = (struct augmentation){.pointer_encoding = EH_PE_absptr};
	if (letters[0] == 'z') {
		uint64_t size = read_uleb(&at);

		augmentation->has_size = true;
		data = at;
		at += size;
		for (const char *letter = letters + 1; *letter; letter++) {
			if (*letter == 'R')
				augmentation->pointer_encoding = *data++;
			else if (*letter == 'L')
				data++;
			else if (*letter == 'S')
				fde->is_signal_frame = true;
			else if (*letter == 'P') {
				uint8_t encoding = *data++;

				read_encoded(&data, encoding, 0);
			} else if (*letter != 'B')
				break;
		}
	}
	fde->cie_instructions = at;
	return true;
}

static bool fde_find(uintptr_t pc, struct fde *fde)
{
	struct dl_find_object object;
	struct augmentation augmentation;
	const uint8_t *entry, *at, *place;
	uint32_t length;

	if (_dl_find_object((void *)pc, &object) != 0 || !object.dlfo_eh_frame)
		return false;
	entry = header_search(object.dlfo_eh_frame, pc);
	if (!entry)
		return false;
	at = entry;
	length = (uint32_t)read_bytes(&at, 4);
	if (length == 0 || length == UINT32_MAX)
		return false;
	fde->end = entry + 4 + length;
	place = at;
	fde->is_signal_frame = false;
	if (!cie_parse(place - read_bytes(&at, 4), fde, &augmentation))
		return false;
	fde->start = read_encoded(&at, augmentation.pointer_encoding, 0);
	fde->size = read_encoded(&at, augmentation.pointer_encoding & 0x0f, 0);
	if (pc < fde->start || pc - fde->start >= fde->size)
		return false;
	if (augmentation.has_size) {
		uint64_t size = read_uleb(&at);

		at += size;
	}
	fde->instructions = at;
	return true;
}

/* ---- running the instructions ---- */

enum { REMEMBERED_ROWS = 4 };

struct machine {
	struct cfi_row *row;
	const struct fde *fde;
	const struct cfi_rule *initial; /* the CIE's rules, for DW_CFA_restore; NULL while they are made */
	uintptr_t location, target;
	struct cfi_row remembered[REMEMBERED_ROWS];
	unsigned depth;
};

static void rule_set(struct machine *machine, uint64_t reg, enum cfi_rule_kind kind, int64_t value)
{
	if (reg < DWARF_COUNT)
		machine->row->registers[reg] = (struct cfi_rule){(uint8_t)kind, (int32_t)value};
}

static void rule_expression(struct machine *machine, uint64_t reg, enum cfi_rule_kind kind, const uint8_t **at)
{
	const uint8_t *expression = *at;
	uint64_t size = read_uleb(at);

	rule_set(machine, reg, kind, expression - machine->row->expressions);
	*at += size;
}

static void rule_restore(struct machine *machine, uint64_t reg)
{
	if (reg < DWARF_COUNT && machine->initial)
		machine->row->registers[reg] = machine->initial[reg];
}

static void cfa_set(struct machine *machine, uint64_t reg, int64_t offset)
{
	machine->row->cfa = (struct cfi_rule){CFI_REGISTER, (int32_t)offset};
	machine->row->cfa_register = (uint8_t)(reg < DWARF_COUNT ? reg : DWARF_COUNT);
}

static bool row_remember(struct machine *machine, bool restore)
{
	if (restore) {
		if (machine->depth == 0)
			return false;
		*machine->row = machine->remembered[--machine->depth];
		return true;
	}
	if (machine->depth == REMEMBERED_ROWS)
		return false;
	machine->remembered[machine->depth++] = *machine->row;
	return true;
}

/* The instructions whose operands are in the following bytes. False: not understood. */
static bool instruction_extended(struct machine *machine, uint8_t opcode, const uint8_t **at)
{
	int64_t factor = machine->fde->data_align;
	uint64_t code = machine->fde->code_align, reg;

	switch (opcode) {
	case 0x00: /* nop */
		return true;
	case 0x01: /* set_loc */
		return false;
	case 0x02: /* advance_loc1 */
		machine->location += read_bytes(at, 1) * code;
		return true;
	case 0x03:
		machine->location += read_bytes(at, 2) * code;
		return true;
	case 0x04:
		machine->location += read_bytes(at, 4) * code;
		return true;
	case 0x05: /* offset_extended */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_OFFSET, (int64_t)read_uleb(at) * factor);
		return true;
	case 0x06: /* restore_extended */
		rule_restore(machine, read_uleb(at));
		return true;
	case 0x07: /* undefined */
		rule_set(machine, read_uleb(at), CFI_UNDEFINED, 0);
		return true;
	case 0x08: /* same_value */
		rule_set(machine, read_uleb(at), CFI_SAME, 0);
		return true;
	case 0x09: /* register */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_REGISTER, (int64_t)read_uleb(at));
		return true;
	case 0x0a: /* remember_state */
		return row_remember(machine, false);
	case 0x0b: /* restore_state */
		return row_remember(machine, true);
	case 0x0c: /* def_cfa */
		reg = read_uleb(at);
		cfa_set(machine, reg, (int64_t)read_uleb(at));
		return true;
	case 0x0d: /* def_cfa_register */
		cfa_set(machine, read_uleb(at), machine->row->cfa.value);
		return true;
	case 0x0e: /* def_cfa_offset */
		machine->row->cfa.value = (int32_t)read_uleb(at);
		return true;
	case 0x0f: /* def_cfa_expression */
		machine->row->cfa = (struct cfi_rule){CFI_EXPRESSION, (int32_t)(*at - machine->row->expressions)};
		reg = read_uleb(at);
		*at += reg;
		return true;
	case 0x10: /* expression */
		reg = read_uleb(at);
		rule_expression(machine, reg, CFI_EXPRESSION, at);
		return true;
	case 0x11: /* offset_extended_sf */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_OFFSET, read_sleb(at) * factor);
		return true;
	case 0x12: /* def_cfa_sf */
		reg = read_uleb(at);
		cfa_set(machine, reg, read_sleb(at) * factor);
		return true;
	case 0x13: /* def_cfa_offset_sf */
		machine->row->cfa.value = (int32_t)(read_sleb(at) * factor);
		return true;
	case 0x14: /* val_offset */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_VAL_OFFSET, (int64_t)read_uleb(at) * factor);
		return true;
	case 0x15: /* val_offset_sf */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_VAL_OFFSET, read_sleb(at) * factor);
		return true;
	case 0x16: /* val_expression */
		reg = read_uleb(at);
		rule_expression(machine, reg, CFI_VAL_EXPRESSION, at);
		return true;
	case 0x2e: /* GNU_args_size */
		read_uleb(at);
		return true;
	case 0x2f: /* GNU_negative_offset_extended */
		reg = read_uleb(at);
		rule_set(machine, reg, CFI_OFFSET, -(int64_t)read_uleb(at) * factor);
		return true;
	default:
		return false;
	}
}

/* Runs until the row of machine->target is made. */
static bool instructions_run(struct machine *machine, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		uint8_t opcode = *at++;

		switch (opcode >> 6) {
		case 1: /* advance_loc */
			machine->location += (opcode & 0x3f) * machine->fde->code_align;
			break;
		case 2: /* offset */
			rule_set(machine, opcode & 0x3f, CFI_OFFSET,
				 (int64_t)read_uleb(&at) * machine->fde->data_align);
			break;
		case 3: /* restore */
			rule_restore(machine, opcode & 0x3f);
			break;
		default:
			if (!instruction_extended(machine, opcode, &at))
				return false;
		}
		if (machine->location > machine->target)
			return true;
	}
	return true;
}

/* What holds where the table is silent: a callee leaves these registers as they were, and no other (System V ABI). */
static void row_begin(struct cfi_row *row, const struct fde *fde)
{
	*row = (struct cfi_row){.is_signal_frame = fde->is_signal_frame, .expressions = fde->cie_instructions};
	for (int reg = 0; reg < DWARF_RA; reg++)
		if (!(DWARF_PRESERVED >> reg & 1))
			row->registers[reg].kind = CFI_UNDEFINED;
}

bool cfi_row_at(uintptr_t pc, struct cfi_row *row)
{
	struct cfi_rule initial[DWARF_COUNT];
	struct machine machine;
	struct fde fde;

	if (!fde_find(pc, &fde) || fde.return_register != DWARF_RA)
		return false;
	row_begin(row, &fde);
	machine.row = row;
	machine.fde = &fde;
	machine.initial = NULL;
	machine.location = fde.start;
	machine.target = pc;
	machine.depth = 0;
	if (!instructions_run(&machine, fde.cie_instructions, fde.cie_end))
		return false;
	memcpy(initial, row->registers, sizeof(initial));
	machine.initial = initial;
	return instructions_run(&machine, fde.instructions, fde.end);
}

/* ---- expressions ---- */

struct evaluation {
	uintptr_t stack[16];
	unsigned depth;
	const struct cfi_registers *registers;
	cfi_load *load;
	void *context;
};

static bool push(struct evaluation *e, uintptr_t value)
{
	if (e->depth == sizeof(e->stack) / sizeof(e->stack[0]))
		return false;
	e->stack[e->depth++] = value;
	return true;
}

static bool push_register(struct evaluation *e, uint64_t reg, int64_t offset)
{
	return reg < DWARF_COUNT && (e->registers->known >> reg & 1) &&
	       push(e, e->registers->value[reg] + (uintptr_t)offset);
}

static bool binary(struct evaluation *e, uint8_t opcode)
{
	uintptr_t b, *a;

	if (e->depth < 2)
		return false;
	b = e->stack[--e->depth];
	a = &e->stack[e->depth - 1];
	switch (opcode) {
	case 0x1a:
		*a &= b;
		return true;
	case 0x1c:
		*a -= b;
		return true;
	case 0x1e:
		*a *= b;
		return true;
	case 0x21:
		*a |= b;
		return true;
	case 0x22:
		*a += b;
		return true;
	case 0x24:
		*a = b < 64 ? *a << b : 0;
		return true;
	case 0x25:
		*a = b < 64 ? *a >> b : 0;
		return true;
	case 0x27:
		*a ^= b;
		return true;
	case 0x29:
		*a = *a == b;
		return true;
	case 0x2a:
		*a = (intptr_t)*a >= (intptr_t)b;
		return true;
	case 0x2b:
		*a = (intptr_t)*a > (intptr_t)b;
		return true;
	case 0x2c:
		*a = (intptr_t)*a <= (intptr_t)b;
		return true;
	case 0x2d:
		*a = (intptr_t)*a < (intptr_t)b;
		return true;
	case 0x2e:
		*a = *a != b;
		return true;
	default:
		return false;
	}
}

static bool evaluate_one(struct evaluation *e, const uint8_t **at)
{
	uint8_t opcode = *(*at)++;
	uint64_t reg;

	if (opcode >= 0x30 && opcode <= 0x4f) /* lit0..31 */
		return push(e, opcode - 0x30u);
	if (opcode >= 0x70 && opcode <= 0x8f) /* breg0..31 */
		return push_register(e, opcode - 0x70u, read_sleb(at));
	switch (opcode) {
	case 0x06: /* deref */
		return e->depth && e->load(e->context, e->stack[e->depth - 1], &e->stack[e->depth - 1]);
	case 0x08: /* const1u .. const8s */
		return push(e, read_bytes(at, 1));
	case 0x09:
		return push(e, (uintptr_t)(int8_t)read_bytes(at, 1));
	case 0x0a:
		return push(e, read_bytes(at, 2));
	case 0x0b:
		return push(e, (uintptr_t)(int16_t)read_bytes(at, 2));
	case 0x0c:
		return push(e, read_bytes(at, 4));
	case 0x0d:
		return push(e, (uintptr_t)(int32_t)read_bytes(at, 4));
	case 0x0e:
	case 0x0f:
		return push(e, read_bytes(at, 8));
	case 0x10: /* constu */
		return push(e, read_uleb(at));
	case 0x11: /* consts */
		return push(e, (uintptr_t)read_sleb(at));
	case 0x12: /* dup */
		return e->depth && push(e, e->stack[e->depth - 1]);
	case 0x13: /* drop */
		return e->depth && e->depth--;
	case 0x23: /* plus_uconst */
		if (!e->depth)
			return false;
		e->stack[e->depth - 1] += read_uleb(at);
		return true;
	case 0x92: /* bregx */
		reg = read_uleb(at);
		return push_register(e, reg, read_sleb(at));
	default:
		return binary(e, opcode);
	}
}

/* `cfa` is on the stack first where the rule is a register's (DWARF 5, 6.4.2.3). */
static bool evaluate(const struct cfi_row *row, int32_t offset, struct evaluation *e, uintptr_t *result)
{
	const uint8_t *at = row->expressions + offset;
	uint64_t size = read_uleb(&at);
	const uint8_t *end = at + size;

	while (at < end)
		if (!evaluate_one(e, &at))
			return false;
	if (!e->depth)
		return false;
	*result = e->stack[e->depth - 1];
	return true;
}

/* ---- stepping ---- */

static bool cfa_of(const struct cfi_row *row, struct evaluation *e, uintptr_t *cfa)
{
	if (row->cfa.kind == CFI_EXPRESSION)
		return evaluate(row, row->cfa.value, e, cfa);
	if (row->cfa.kind != CFI_REGISTER || row->cfa_register >= DWARF_COUNT ||
	    !(e->registers->known >> row->cfa_register & 1))
		return false;
	*cfa = e->registers->value[row->cfa_register] + (uintptr_t)(intptr_t)row->cfa.value;
	return true;
}

/* The caller's value of one register; false: not known. */
static bool register_of(const struct cfi_row *row, int reg, uintptr_t cfa, struct evaluation *e, uintptr_t *value)
{
	const struct cfi_rule *rule = &row->registers[reg];
	uintptr_t address;

	e->depth = 0;
	switch (rule->kind) {
	case CFI_SAME:
		*value = e->registers->value[reg];
		return e->registers->known >> reg & 1;
	case CFI_OFFSET:
		return e->load(e->context, cfa + (uintptr_t)(intptr_t)rule->value, value);
	case CFI_VAL_OFFSET:
		*value = cfa + (uintptr_t)(intptr_t)rule->value;
		return true;
	case CFI_REGISTER:
		if (rule->value < 0 || rule->value >= DWARF_COUNT || !(e->registers->known >> rule->value & 1))
			return false;
		*value = e->registers->value[rule->value];
		return true;
	case CFI_EXPRESSION:
		return push(e, cfa) && evaluate(row, rule->value, e, &address) && e->load(e->context, address, value);
	case CFI_VAL_EXPRESSION:
		return push(e, cfa) && evaluate(row, rule->value, e, value);
	default:
		return false;
	}
}

bool cfi_step(const struct cfi_row *row, struct cfi_registers *registers, cfi_load *load, void *context, bool *end)
{
	struct evaluation e = {.registers = registers, .load = load, .context = context};
	struct cfi_registers caller = {.known = 0};
	uintptr_t cfa;

	*end = row->registers[DWARF_RA].kind == CFI_UNDEFINED;
	if (*end)
		return true;
	if (row->registers[DWARF_RA].kind == CFI_SAME || !cfa_of(row, &e, &cfa))
		return false;
	for (int reg = 0; reg < DWARF_COUNT; reg++)
		if (register_of(row, reg, cfa, &e, &caller.value[reg]))
			caller.known |= 1u << reg;
	if (row->registers[DWARF_RSP].kind == CFI_SAME) {
		caller.value[DWARF_RSP] = cfa; /* by definition, unless a rule says otherwise */
		caller.known |= 1u << DWARF_RSP;
	}
	if (!(caller.known >> DWARF_RA & 1))
		return false;
	*registers = caller;
	return true;
}
