/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include <errno.h>

#include "cfi.h"
#include "rules.h"
#include "stack_word.h"
#include "sys.h"
#include "tree.h"

/* ---- loads ---- */

/* A frame with a large array may lie between two frames: so far a range grows over pages that were not asked for. */
enum { STACK_GAP = 64 * ARENA_PAGE };

/* The kernel reads 8 bytes before it looks at the invalid `how`: EFAULT or EINVAL tells whether it could. */
static bool is_readable(uintptr_t address)
{
	return sys_rt_sigprocmask(-1, (const uint64_t *)address, NULL) != -EFAULT;
}

static bool page_is_readable(uintptr_t page)
{
	return is_readable(page) && is_readable(page + ARENA_PAGE - 8);
}

/* Whole pages, a few of them. */
static bool are_readable(uintptr_t page, uintptr_t end)
{
	while (page < end && page_is_readable(page))
		page += ARENA_PAGE;
	return page == end;
}

COLD bool stack_page_check(struct thread *thread, uintptr_t address)
{
	uintptr_t page = address & ~(uintptr_t)(ARENA_PAGE - 1), end = page + ARENA_PAGE;

	if (address > UINT64_C(0x7fffffffefff) || address < ARENA_PAGE || !page_is_readable(page))
		return false;
	if (page >= thread->stack_high && page - thread->stack_high <= STACK_GAP &&
	    are_readable(thread->stack_high, page)) {
		thread->stack_high = end;
	} else if (end <= thread->stack_low && thread->stack_low - end <= STACK_GAP &&
		   are_readable(end, thread->stack_low)) {
		thread->stack_low = page;
	} else {
		thread->stack_low = page;
		thread->stack_high = end;
	}
	return true;
}

static bool load_callback(void *context, uintptr_t address, uintptr_t *value)
{
	return stack_word(context, address, value);
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
	walk->frames[walk->capture.count++] = TREE_FRAME(pc, flags);
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
	return stack_word(walk->thread, context + CONTEXT_RBP, &cursor->bp) &&
	       stack_word(walk->thread, context + CONTEXT_RIP, &cursor->pc) &&
	       stack_word(walk->thread, context + CONTEXT_RSP, &cursor->sp);
}

/* Code without unwind information: believe rbp if it points a sane way up the same stack. */
static bool step_guess(struct walk *walk, struct cursor *cursor)
{
	uintptr_t bp = cursor->bp;

	if (!guess_follows(bp, cursor->sp) || !stack_word(walk->thread, bp + 8, &cursor->pc) ||
	    !stack_word(walk->thread, bp, &cursor->bp))
		return false;
	cursor->sp = bp + 16;
	cursor->exact = false;
	walk->capture.is_guessed = true;
	return cursor->pc == 0 || guess_is_code(cursor->pc);
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
			cfa = rule_cfa(rule, cursor.sp, cursor.bp);
			stepped = cfa > cursor.sp && stack_word(walk->thread, cfa - 8, &cursor.pc) &&
				  (!rule.rbp_save || stack_word(walk->thread, rule_save(rule, cfa), &cursor.bp));
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
 * Goes on with the tracked registers only, from code without unwind information: what follows along rbp has the other
 * registers in places that nobody knows.
 */
static void walk_on(struct walk *walk, const struct cfi_registers *registers, bool exact)
{
	struct cursor cursor = {registers->value[DWARF_RA], registers->value[DWARF_RSP], registers->value[DWARF_RBP],
				exact};

	if (!(registers->known >> DWARF_RBP & 1) || walk_rules(walk, cursor) == WALK_NEEDS_REGISTERS)
		walk->capture.is_broken = true;
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
		if (!cfi_row_at(exact ? pc : pc - 1, &row)) {
			walk_on(walk, &registers, exact);
			return;
		}
		if (in_callers && !frame_add(walk, pc, exact ? FRAME_EXACT : FRAME_PLAIN))
			return;
		if (!cfi_step(&row, &registers, load_callback, walk->thread, &end)) {
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
