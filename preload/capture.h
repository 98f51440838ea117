/* SPDX-License-Identifier: MIT */
/*
 * capture.h - from a hook's frame to the code addresses above it: the one interface to the unwinder.
 *
 * How it walks: each frame's caller is found by a rule that depends on the frame's pc alone - CFA = rsp or rbp plus
 * a constant, the return address below the CFA, rbp saved at a constant distance or not at all. Rules come from
 * .eh_frame once and then from a cache that all threads share. Signal frames are read from the saved context. What a
 * rule cannot express is stepped with all callee-saved registers, by walking again from our own frame. Code without
 * unwind information is followed along rbp, each load checked, and marked as guessed; beyond it the stack ends as
 * broken where a rule needs another register than rsp and rbp.
 *
 * Async-signal-safe, lock-free, no allocation, no system call but to find out whether a page of an unknown stack can be
 * read. It never reads memory that it has not found readable.
 */
#ifndef SEEP_CAPTURE_H
#define SEEP_CAPTURE_H

#include "state.h"
#include "tree.h"

struct capture {
	uint32_t count;    /* frames, innermost first */
	bool is_truncated; /* the limit was reached */
	bool is_broken;    /* ended where no rule and no sane rbp led on */
	bool is_guessed;   /* some frame was followed along rbp */
};

/* Fills frames[0..max) (TREE_FRAME) with the stack of the hook's caller. `thread` remembers which stack pages are
 * readable. */
struct capture capture_stack(const struct hook_frame *hook, struct thread *thread, uintptr_t *frames, uint32_t max);

/* verify.c: compares with libunwind's full walk, counts in trust, and says the first difference on stderr. */
bool verify_init(void);
void verify_stack(const struct hook_frame *hook, const uintptr_t *frames, const struct capture *capture);

#endif
