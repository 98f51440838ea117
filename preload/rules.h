/* SPDX-License-Identifier: MIT */
/*
 * rules.h - how to get from a frame to its caller's, by the frame's pc: computed from .eh_frame once, then from a
 * cache.
 *
 * The cache is shared by all threads, without a lock: an entry is two words, key and rule, and the key is XORed with
 * the rule, so that halves of two entries do not pass for one. A rule is of one code_generation; dlclose() begins a new
 * one, which empties the cache, and while one is under way nothing is entered.
 *
 * That a pc has *no* unwind information may change without a dlclose (a library is loaded where generated code was), so
 * such a rule holds for one second.
 */
#ifndef SEEP_RULES_H
#define SEEP_RULES_H

#include <assert.h>

#include "index.h"
#include "state.h"

enum rule_kind {
	RULE_NONE,    /* no unwind information */
	RULE_RSP,     /* CFA = rsp + offset */
	RULE_RBP,     /* CFA = rbp + offset */
	RULE_COMPLEX, /* anything else */
	RULE_SIGNAL,  /* the kernel's signal frame */
	RULE_END,     /* no caller */
};

/* Offsets in words. rbp_save 0: rbp is as it is; else it is restored from the word at CFA + 8 * rbp_save. */
struct rule {
	uint64_t kind : 4; /* 64-bit fields: of an int, none would cross a 32-bit border, and the struct not fit */
	uint64_t generation : 20;
	int64_t cfa_offset : 24;
	int64_t rbp_save : 16;
};
union rule_word {
	struct rule rule;
	uint64_t word;
};
static_assert(sizeof(union rule_word) == 8, "a rule is one word");

struct rule_entry {
	_Atomic(uint64_t) key, rule;
};
enum { RULE_SET_BITS = 13, RULE_WAYS = 4 }; /* a set is a cache line */
extern struct rule_entry rule_cache[1 << RULE_SET_BITS][RULE_WAYS];

static inline struct rule_entry *rule_set(uintptr_t pc)
{
	return rule_cache[index_spread(pc) >> (64 - RULE_SET_BITS)];
}

/* From .eh_frame, and into the cache. */
struct rule rule_compute(uintptr_t pc, bool exact);

/* The rule for a return address, or with `exact` for the instruction itself. */
static inline struct rule rule_get(uintptr_t pc, bool exact)
{
	uint64_t key = pc | (uint64_t)exact << 63;
	struct rule_entry *set = rule_set(pc);
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire) & 0xfffff;

	for (int way = 0; way < RULE_WAYS; way++) {
		union rule_word found = {.word = atomic_load_explicit(&set[way].rule, memory_order_relaxed)};

		if (LIKELY((atomic_load_explicit(&set[way].key, memory_order_relaxed) ^ found.word) == key &&
			   found.rule.generation == generation) &&
		    (LIKELY(found.rule.kind != RULE_NONE) ||
		     found.rule.cfa_offset == (int64_t)(epoch_read() & 0x7fffff)))
			return found.rule;
	}
	return rule_compute(pc, exact);
}

/* The CFA that a rule of rsp or rbp gives, and where the caller's rbp is saved (of a rule that restores it). */
static inline uintptr_t rule_cfa(struct rule rule, uintptr_t sp, uintptr_t bp)
{
	return (rule.kind == RULE_RSP ? sp : bp) + (uintptr_t)(rule.cfa_offset * 8L);
}

static inline uintptr_t rule_save(struct rule rule, uintptr_t cfa)
{
	return cfa + (uintptr_t)(rule.rbp_save * 8L);
}

/* Code without unwind information: whether rbp points a sane way up the same stack, and a word may be code. */
static inline bool guess_follows(uintptr_t bp, uintptr_t sp)
{
	return bp >= sp && bp - sp <= 1 << 20 && !(bp & 7);
}

static inline bool guess_is_code(uintptr_t pc)
{
	return pc > ARENA_PAGE && pc <= UINT64_C(0x7fffffffffff);
}

#endif
