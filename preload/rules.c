/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include "cfi.h"

struct rule_entry rule_cache[1 << RULE_SET_BITS][RULE_WAYS] __attribute__((aligned(64)));

static struct rule rule_of_row(const struct cfi_row *row)
{
	const struct cfi_rule *rbp = &row->registers[DWARF_RBP], *ra = &row->registers[DWARF_RA];
	struct rule rule = {.kind = RULE_COMPLEX};

	if (row->is_signal_frame)
		return (struct rule){.kind = RULE_SIGNAL};
	if (ra->kind == CFI_UNDEFINED)
		return (struct rule){.kind = RULE_END};
	if (ra->kind != CFI_OFFSET || ra->value != -8 || row->cfa.kind != CFI_REGISTER || row->cfa.value % 8 ||
	    row->cfa.value / 8 > 0x7fffff || row->cfa.value < 0 || row->registers[DWARF_RSP].kind != CFI_SAME)
		return rule;
	if (rbp->kind == CFI_OFFSET && rbp->value % 8 == 0 && rbp->value != 0 && rbp->value / 8 >= -0x8000 &&
	    rbp->value / 8 < 0x8000)
		rule.rbp_save = rbp->value / 8;
	else if (rbp->kind != CFI_SAME)
		return rule;
	if (row->cfa_register == DWARF_RSP)
		rule.kind = RULE_RSP;
	else if (row->cfa_register == DWARF_RBP)
		rule.kind = RULE_RBP;
	rule.cfa_offset = row->cfa.value / 8;
	return rule;
}

static struct rule rule_find(uintptr_t pc, bool exact)
{
	struct cfi_row row;

	if (cfi_row_at(exact ? pc : pc - 1, &row))
		return rule_of_row(&row);
	/* no call ends right before a function's first byte: this return address was planted, as makecontext() does */
	if (!exact && cfi_row_at(pc, &row))
		return (struct rule){.kind = RULE_END};
	return (struct rule){.kind = RULE_NONE, .cfa_offset = epoch_now() & 0x7fffff};
}

/* Where to enter the rule of a key: its own place, else one that is free or void, else one by the key. */
static struct rule_entry *victim_of(struct rule_entry *set, uint64_t key, uint32_t generation)
{
	struct rule_entry *victim = NULL;

	for (int way = 0; way < RULE_WAYS; way++) {
		union rule_word found = {.word = atomic_load_explicit(&set[way].rule, memory_order_relaxed)};

		if ((atomic_load_explicit(&set[way].key, memory_order_relaxed) ^ found.word) == key)
			return &set[way];
		if (found.word == 0 || found.rule.generation != generation)
			victim = &set[way];
	}
	return victim ? victim : &set[(key ^ key >> 7) & (RULE_WAYS - 1)];
}

COLD struct rule rule_compute(uintptr_t pc, bool exact)
{
	uint64_t key = pc | (uint64_t)exact << 63;
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire) & 0xfffff;
	union rule_word found = {.rule = rule_find(pc, exact)};
	struct rule_entry *victim;

	__atomic_fetch_add(&shim.slot.header->rule_misses, 1, __ATOMIC_RELAXED);
	found.rule.generation = generation;
	if (atomic_load_explicit(&shim.unloading, memory_order_acquire) == 0) {
		victim = victim_of(rule_set(pc), key, generation);
		atomic_store_explicit(&victim->key, key ^ found.word, memory_order_relaxed);
		atomic_store_explicit(&victim->rule, found.word, memory_order_relaxed);
	}
	return found.rule;
}
