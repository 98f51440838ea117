/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include <errno.h>

#include "cfi.h"
#include "sys.h"
#include "tree.h"

/* ---- loads ---- */

/* The kernel reads 8 bytes before it looks at the invalid `how`: EFAULT or EINVAL tells whether it could. */
static bool is_readable(uintptr_t address)
{
	return sys_rt_sigprocmask(-1, (const uint64_t *)address, NULL) != -EFAULT;
}

/* Adds the page of an address to the thread's known range, or lets the range begin anew there. */
static COLD bool page_check(struct thread *thread, uintptr_t address)
{
	uintptr_t page = address & ~(uintptr_t)(ARENA_PAGE - 1);

	if (address > UINT64_C(0x7fffffffefff) || address < ARENA_PAGE || !is_readable(page) ||
	    !is_readable(page + ARENA_PAGE - 8))
		return false;
	if (page == thread->stack_high) {
		thread->stack_high = page + ARENA_PAGE;
	} else if (page + ARENA_PAGE == thread->stack_low) {
		thread->stack_low = page;
	} else {
		thread->stack_low = page;
		thread->stack_high = page + ARENA_PAGE;
	}
	return true;
}

static inline bool load(struct thread *thread, uintptr_t address, uintptr_t *value)
{
	if (UNLIKELY(address & 7))
		return false;
	if (UNLIKELY(address < thread->stack_low || address >= thread->stack_high) && !page_check(thread, address))
		return false;
	*value = *(const uintptr_t *)address;
	return true;
}

static bool load_callback(void *context, uintptr_t address, uintptr_t *value)
{
	return load(context, address, value);
}

/* ---- rules ---- */

enum rule_kind {
	RULE_NONE,    /* no unwind information */
	RULE_RSP,     /* CFA = rsp + offset */
	RULE_RBP,     /* CFA = rbp + offset */
	RULE_COMPLEX, /* anything else */
	RULE_SIGNAL,  /* the kernel's signal frame */
	RULE_END,     /* no caller */
};

/* offsets in words; rbp_save 0: rbp is not saved */
struct rule {
	uint64_t
		kind : 4; /* 64-bit fields: of an int, none would cross a 32-bit border, and the struct would not fit */
	uint64_t generation : 20;
	int64_t cfa_offset : 24;
	int64_t rbp_save : 16;
};
union rule_word {
	struct rule rule;
	uint64_t word;
};
static_assert(sizeof(union rule_word) == 8, "a rule is one word");

/*
 * Two words that are read and written without a lock: key holds address ^ rule, so that halves of two different
 * entries do not pass for one.
 */
struct rule_entry {
	_Atomic(uint64_t) key, rule;
};
enum { RULE_SETS = 8192, RULE_WAYS = 2 };
static struct rule_entry rule_cache[RULE_SETS][RULE_WAYS] __attribute__((aligned(64)));

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
	if (rbp->kind == CFI_OFFSET && rbp->value % 8 == 0 && rbp->value != 0 && rbp->value / 8 >= -0x8000)
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

static COLD struct rule rule_compute(uintptr_t pc, bool exact)
{
	struct cfi_row row;

	__atomic_fetch_add(&shim.slot.header->rule_misses, 1, __ATOMIC_RELAXED);
	if (cfi_row_at(exact ? pc : pc - 1, &row))
		return rule_of_row(&row);
	/* no call ends right before a function's first byte: this return address was planted, as makecontext() does */
	if (!exact && cfi_row_at(pc, &row))
		return (struct rule){.kind = RULE_END};
	return (struct rule){.kind = RULE_NONE};
}

static inline struct rule rule_get(uintptr_t pc, bool exact)
{
	uint64_t key = pc | (uint64_t)exact << 63;
	struct rule_entry *set = rule_cache[(pc ^ pc >> 13) & (RULE_SETS - 1)];
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire) & 0xfffff;
	union rule_word found = {.word = 0};

	for (int way = 0; way < RULE_WAYS; way++) {
		found.word = atomic_load_explicit(&set[way].rule, memory_order_relaxed);
		if ((atomic_load_explicit(&set[way].key, memory_order_relaxed) ^ found.word) == key &&
		    found.rule.generation == generation)
			return found.rule;
	}
	found.rule = rule_compute(pc, exact);
	found.rule.generation = generation;
	if (atomic_load_explicit(&shim.unloading, memory_order_acquire) == 0) {
		struct rule_entry *victim = &set[(pc >> 4 ^ pc >> 9) & (RULE_WAYS - 1)];

		atomic_store_explicit(&victim->key, key ^ found.word, memory_order_relaxed);
		atomic_store_explicit(&victim->rule, found.word, memory_order_relaxed);
	}
	return found.rule;
}

/* ---- walking ---- */

struct walk {
	struct thread *thread;
	uintptr_t *frames;
	uint32_t max;
	struct capture capture;
};

/* False when the limit is reached. */
static inline bool frame_add(struct walk *walk, uintptr_t pc, unsigned flags)
{
	if (UNLIKELY(walk->capture.count == walk->max)) {
		walk->capture.is_truncated = true;
		return false;
	}
	walk->frames[walk->capture.count++] = CAPTURE_FRAME(pc, flags);
	return true;
}

struct cursor {
	uintptr_t pc, sp, bp;
	bool exact;
};

/* The saved context lies at the stack pointer that __restore_rt runs with (Linux's struct rt_sigframe). */
static bool step_signal(struct walk *walk, struct cursor *cursor)
{
	enum { CONTEXT_RBP = 120, CONTEXT_RSP = 160, CONTEXT_RIP = 168 };
	uintptr_t context = cursor->sp;

	cursor->exact = true;
	return load(walk->thread, context + CONTEXT_RBP, &cursor->bp) &&
	       load(walk->thread, context + CONTEXT_RIP, &cursor->pc) &&
	       load(walk->thread, context + CONTEXT_RSP, &cursor->sp);
}

/* Code without unwind information: believe rbp if it points a sane way up the same stack. */
static bool step_guess(struct walk *walk, struct cursor *cursor)
{
	uintptr_t bp = cursor->bp;

	if (bp < cursor->sp || bp - cursor->sp > (1 << 20) || (bp & 7) || !load(walk->thread, bp + 8, &cursor->pc) ||
	    !load(walk->thread, bp, &cursor->bp))
		return false;
	cursor->sp = bp + 16;
	cursor->exact = false;
	walk->capture.is_guessed = true;
	return cursor->pc == 0 || (cursor->pc > ARENA_PAGE && cursor->pc <= UINT64_C(0x7fffffffffff));
}

/* A rule that needs more than constants, but perhaps no more registers than are tracked. */
static bool step_complex(struct walk *walk, struct cursor *cursor)
{
	struct cfi_registers registers = {.known = 1u << DWARF_RSP | 1u << DWARF_RBP | 1u << DWARF_RA};
	struct cfi_row row;
	bool end;

	registers.value[DWARF_RSP] = cursor->sp;
	registers.value[DWARF_RBP] = cursor->bp;
	registers.value[DWARF_RA] = cursor->pc;
	if (!cfi_row_at(cursor->exact ? cursor->pc : cursor->pc - 1, &row) ||
	    !cfi_step(&row, &registers, load_callback, walk->thread, &end) || end ||
	    !(registers.known >> DWARF_RBP & 1))
		return false;
	*cursor = (struct cursor){registers.value[DWARF_RA], registers.value[DWARF_RSP], registers.value[DWARF_RBP],
				  false};
	return true;
}

enum walk_result { WALK_DONE, WALK_NEEDS_REGISTERS };

static enum walk_result walk_rules(struct walk *walk, struct cursor cursor)
{
	while (cursor.pc != 0) {
		struct rule rule = rule_get(cursor.pc, cursor.exact);
		unsigned flags = cursor.exact ? FRAME_EXACT : FRAME_PLAIN;
		uintptr_t cfa;
		bool stepped = true;

		if (rule.kind == RULE_NONE)
			flags |= FRAME_GUESSED;
		if (!frame_add(walk, cursor.pc, flags))
			return WALK_DONE;
		switch (rule.kind) {
		case RULE_RSP:
		case RULE_RBP:
			cfa = (rule.kind == RULE_RSP ? cursor.sp : cursor.bp) + (uintptr_t)(rule.cfa_offset * 8L);
			stepped = cfa > cursor.sp && load(walk->thread, cfa - 8, &cursor.pc) &&
				  (!rule.rbp_save ||
				   load(walk->thread, cfa + (uintptr_t)(rule.rbp_save * 8L), &cursor.bp));
			cursor.sp = cfa;
			cursor.exact = false;
			break;
		case RULE_SIGNAL:
			stepped = step_signal(walk, &cursor);
			break;
		case RULE_END:
			return WALK_DONE;
		case RULE_NONE:
			if (cursor.bp == 0)
				return WALK_DONE; /* the ABI's mark of the outermost frame, as at the entry of ld.so */
			stepped = step_guess(walk, &cursor);
			break;
		default:
			if (!step_complex(walk, &cursor))
				return WALK_NEEDS_REGISTERS;
		}
		if (UNLIKELY(!stepped)) {
			walk->capture.is_broken = true;
			return WALK_DONE;
		}
	}
	return WALK_DONE;
}

/*
 * The whole walk with every callee-saved register, from this function's own frame on. The registers are read together
 * with an address inside the reading instructions, so that the unwind row of that address describes them.
 */
static COLD __attribute__((noinline)) void walk_registers(struct walk *walk, const struct hook_frame *hook)
{
	struct cfi_registers registers = {.known = 1u << DWARF_RBX | 1u << DWARF_RBP | 1u << DWARF_RSP |
						   1u << DWARF_R12 | 1u << DWARF_R13 | 1u << DWARF_R14 |
						   1u << DWARF_R15 | 1u << DWARF_RA};
	bool exact = true, in_callers = false, end = false;
	struct cfi_row row;

	__asm__ volatile("leaq 0(%%rip), %%rax\n\t"
			 "movq %%rax, 128(%0)\n\t"
			 "movq %%rbx, 24(%0)\n\t"
			 "movq %%rbp, 48(%0)\n\t"
			 "movq %%rsp, 56(%0)\n\t"
			 "movq %%r12, 96(%0)\n\t"
			 "movq %%r13, 104(%0)\n\t"
			 "movq %%r14, 112(%0)\n\t"
			 "movq %%r15, 120(%0)\n\t"
			 :
			 : "r"(registers.value)
			 : "rax", "memory");
	while (registers.value[DWARF_RA] != 0) {
		uintptr_t pc = registers.value[DWARF_RA];

		in_callers |= pc == hook->return_address && registers.value[DWARF_RSP] == (uintptr_t)(hook + 1);
		if (in_callers && !frame_add(walk, pc, exact ? FRAME_EXACT : FRAME_PLAIN))
			return;
		if (!cfi_row_at(exact ? pc : pc - 1, &row) ||
		    !cfi_step(&row, &registers, load_callback, walk->thread, &end)) {
			walk->capture.is_broken = true;
			return;
		}
		if (end)
			return;
		exact = row.is_signal_frame;
	}
}

struct capture capture_stack(const struct hook_frame *hook, struct thread *thread, uintptr_t *frames, uint32_t max)
{
	struct walk walk = {.thread = thread, .frames = frames, .max = max};
	struct cursor start = {hook->return_address, (uintptr_t)(hook + 1), hook->rbp, false};

	if (walk_rules(&walk, start) == WALK_NEEDS_REGISTERS) {
		walk.capture = (struct capture){.count = 0};
		walk_registers(&walk, hook);
	}
	return walk.capture;
}

/* ---- the trail ---- */

/* Independent loads, no branch in the loop. The outermost place bounds them all. */
static bool trail_is_unchanged(const struct trail *trail, const struct thread *thread, uint32_t at)
{
	const struct trail_entry *entry = trail->entries;
	uintptr_t difference = 0;

	if (at == 0)
		return true;
	if (entry->slot >= thread->stack_high || trail->entries[at].slot < thread->stack_low)
		return false;
	for (; entry < trail->entries + at; entry++)
		difference |= (*(const uintptr_t *)entry->slot ^ entry->pc) |
			      (*(const uintptr_t *)entry->save ^ entry->saved);
	return difference == 0;
}

/*
 * The frame is kept in scalars and each entry is written once, field by field: a struct that is copied around here is
 * read right after its parts were stored, and each such read waits for the stores.
 */
bool trail_walk(const struct hook_frame *hook, struct thread *thread, uint32_t *kept, uint32_t *fresh)
{
	struct trail *trail = thread->trail;
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire);
	uint32_t known = trail->generation == generation ? trail->count : 0;
	const struct trail_entry *previous = trail->entries + known;
	struct trail_entry *entry = trail->entries + TRAIL_FRAMES;
	uintptr_t slot = (uintptr_t)&hook->return_address, pc = hook->return_address, bp = hook->rbp;
	uintptr_t save = slot, saved = pc;

	if (UNLIKELY(atomic_load_explicit(&shim.unloading, memory_order_acquire)))
		return false;
	trail->generation = generation;
	trail->count = known;
	for (*kept = 0; pc != 0;) {
		struct rule rule;
		uintptr_t cfa;

		while (previous > trail->entries && previous[-1].slot < slot)
			previous--;
		if (previous > trail->entries && previous[-1].slot == slot && previous[-1].pc == pc &&
		    (!previous[-1].needs_bp || previous[-1].bp == bp) &&
		    trail_is_unchanged(trail, thread, (uint32_t)(previous - 1 - trail->entries))) {
			*kept = (uint32_t)(previous - trail->entries);
			break;
		}
		rule = rule_get(pc, false);
		if (entry == trail->entries + known ||
		    (rule.kind != RULE_RSP && rule.kind != RULE_RBP && rule.kind != RULE_END))
			return false;
		entry--;
		entry->slot = slot;
		entry->pc = pc;
		entry->bp = bp;
		entry->save = save;
		entry->saved = saved;
		entry->uses_bp = rule.kind == RULE_RBP;
		entry->saves_bp = rule.rbp_save != 0;
		if (rule.kind == RULE_END)
			break;
		cfa = (rule.kind == RULE_RSP ? slot + 8 : bp) + (uintptr_t)(rule.cfa_offset * 8L);
		if (cfa <= slot + 8 || !load(thread, cfa - 8, &pc))
			return false;
		slot = save = cfa - 8;
		saved = pc;
		if (rule.rbp_save) {
			save = cfa + (uintptr_t)(rule.rbp_save * 8L);
			if (!load(thread, save, &bp))
				return false;
			saved = bp;
		}
	}
	*fresh = (uint32_t)(trail->entries + TRAIL_FRAMES - entry);
	return *kept + *fresh > 0 && *kept + *fresh <= TRAIL_FRAMES;
}
