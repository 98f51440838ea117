/* SPDX-License-Identifier: MIT */
/*
 * capture.h - from a hook's frame to the code addresses above it: the one interface to the unwinder.
 *
 * How it walks: each frame's caller is found by a rule that depends on the frame's pc alone - CFA = rsp or rbp plus
 * a constant, the return address below the CFA, rbp saved at a constant distance or not at all. Rules come from
 * .eh_frame once and then from a cache that all threads share. Signal frames are read from the saved context. What a
 * rule cannot express is stepped with all callee-saved registers, by walking again from our own frame. Code without
 * unwind information is followed along rbp, each load checked, and marked as guessed.
 *
 * Async-signal-safe, lock-free, no allocation, no system call but to find out whether a page of an unknown stack can be
 * read. It never reads memory that it has not found readable.
 */
#ifndef SEEP_CAPTURE_H
#define SEEP_CAPTURE_H

#include "state.h"

/* An address in a captured stack: the two highest bits hold enum tree_frame_flags. */
#define CAPTURE_ADDRESS(frame) ((frame)&UINT64_C(0x3fffffffffffffff))
#define CAPTURE_FLAGS(frame) ((unsigned)((frame) >> 62))
#define CAPTURE_FRAME(address, flags) ((uintptr_t)(address) | (uintptr_t)(flags) << 62)

struct capture {
	uint32_t count;    /* frames, innermost first */
	bool is_truncated; /* the limit was reached */
	bool is_broken;    /* ended where no rule and no sane rbp led on */
	bool is_guessed;   /* some frame was followed along rbp */
};

/* Fills frames[0..max) with the stack of the hook's caller. `thread` remembers which stack pages are readable. */
struct capture capture_stack(const struct hook_frame *hook, struct thread *thread, uintptr_t *frames, uint32_t max);

/*
 * The trail: a thread's last capture, kept so that the next one need not walk what has not changed.
 *
 * Why the reused part is exactly what a full walk would give: by the rules that a trail admits (CFA = rsp or rbp plus a
 * constant, return address below the CFA, rbp kept or saved at a constant distance), one step is a function of the
 * frame's pc, stack pointer and rbp, and of two words of memory: the caller's return address and the saved rbp. If a
 * new walk comes to a frame with the same place (and so the same stack pointer), the same pc, and the same rbp - this
 * only where an outer rule uses rbp before it is restored from the stack -, and every such word above it still holds
 * what it held, then each further step gives what it gave. The words are compared by plain loads. A changed
 * code_generation (a library was unloaded, so a pc may have another rule) voids the trail.
 *
 * Outermost first. Fresh frames are written downward from the end, so that they stand in the same order.
 */
enum { TRAIL_FRAMES = 256 };
struct trail_entry {
	uintptr_t slot;        /* where the return address lies */
	uintptr_t pc;          /* its value */
	uintptr_t bp;          /* rbp in this frame */
	uintptr_t save, saved; /* the word that rbp was restored from and its value; without one slot and pc again */
	struct node_id node;
	bool uses_bp, saves_bp; /* the frame's rule: CFA from rbp; rbp restored for the caller */
	bool needs_bp;          /* this rule or an outer one uses the rbp of this frame */
};
struct trail {
	uint32_t count;
	uint32_t generation;
	struct trail_entry entries[TRAIL_FRAMES];
};

/*
 * Walks until the thread's trail goes on unchanged or the stack ends. True: *kept entries of the trail stand, and
 * *fresh more are in its last places, their nodes not yet filled in. False: the stack needs more than a trail admits
 * (signal frames, code without unwind information, more than TRAIL_FRAMES frames); the trail is as it was.
 */
bool trail_walk(const struct hook_frame *hook, struct thread *thread, uint32_t *kept, uint32_t *fresh);

/* verify.c: compares with libunwind's full walk, counts in trust, and says the first difference on stderr. */
bool verify_init(void);
void verify_stack(const struct hook_frame *hook, const uintptr_t *frames, const struct capture *capture);

#endif
