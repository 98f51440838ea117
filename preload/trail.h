/* SPDX-License-Identifier: MIT */
/*
 * trail.h - incremental unwinding: what a thread keeps of its captures, so that the next need not walk what has not
 * changed.
 *
 * The trail is the stack of an earlier capture, outermost frame first. A new walk starts at the hook's frame, steps by
 * rule (rules.h), and ends as soon as it comes to a frame of the trail from which everything outward still stands. The
 * frames it stepped are appended in place of those that it did not meet, and get their nodes of the calling-context
 * tree (tree.h); so both the steps and the look-ups are of new frames only.
 *
 * Why the reused part is exactly what a full walk would give. By the rules that a trail admits (CFA = rsp or rbp plus a
 * constant, return address below the CFA, rbp kept or saved at a constant distance), one step is a function of the
 * frame's pc, the place of its return address, and rbp, and of two words of memory: the caller's return address and the
 * saved rbp. If a walk comes to a frame with the same place, the same pc, and the same rbp - this only where an outer
 * rule uses rbp before it is restored -, and every such word above it still holds what it held, then each further step
 * gives what it gave, and the same tree node stands for the frame. The words are compared by plain loads: each return
 * address; each saved rbp that a rule further out rests on. Nothing else is assumed; in particular a frame of the trail
 * may have been left long ago, and its place used for other things in between.
 *
 * A memo says the same of the frames inside: a walk that started at this place with this return address (and this rbp,
 * where it matters), and found these words on its way, came to that frame of the trail, and its stack was that node. If
 * place, return address and rbp are the same, the frame is in the trail, and all the words hold what they held, it
 * would do so again. Thus a callsite that comes back along one of the last few dozen paths costs comparisons alone.
 *
 * A changed code_generation (a library was unloaded: a pc may have another rule) voids everything. Code without unwind
 * information is stepped along rbp, as capture.h does it; what rests on that is void after a second.
 *
 * Used by its own thread alone, not by a signal handler that came in the middle (stacks.c sees to that).
 */
#ifndef SEEP_TRAIL_H
#define SEEP_TRAIL_H

#include "state.h"

enum { TRAIL_FRAMES_MAX = 512, TRAIL_PLACES = 256 };

/* A word of the stack that was read on the way. */
struct trail_word {
	uintptr_t address, value;
};

struct trail_frame {
	uintptr_t slot; /* where the return address lies */
	uintptr_t pc;   /* its value */
	uintptr_t bp;   /* rbp in this frame */
	struct node_id node;
	uint16_t saves;  /* as many of trail.saves this and the outer steps rest on */
	bool needs_bp;   /* this step or an outer one uses the rbp of this frame */
	bool is_guessed; /* this step or an outer one had no unwind information */
};

struct trail_memo {
	uintptr_t slot, pc, bp;       /* of the hook's frame */
	uintptr_t kept_slot, kept_bp; /* of the trail's frame that was come to; */
	struct node_id kept_node;
	struct node_id node;
	uint32_t first; /* of the words, counted on and on: overwritten once trail.words_used has gone round */
	uint16_t kept;  /* the number of the frame that was come to, 1 the outermost; 0: this memo is empty */
	uint16_t words;
	bool needs_bp, needs_kept_bp;
	bool is_guessed;
};

/*
 * By which words of the stack the memos of one callsite are told apart: those in which they were seen to differ, as
 * distances from `slot` in words. 0 is the return address itself, the same for all.
 */
enum { KEY_WORDS = 4 };
struct trail_key {
	uintptr_t slot, pc;
	uint16_t words[KEY_WORDS];
	uint16_t reach; /* the greatest of them so far */
};

struct trail {
	uint32_t count;
	uint32_t generation;
	uint32_t guessed_epoch; /* 0: no step was guessed */
	uint32_t words_used;
	uint32_t fresh;                          /* frames that the last capture stepped; */
	bool is_guessed;                         /* some of its stack had no unwind information */
	uint32_t key_mask, memo_mask, word_mask; /* how many there are of each, a power of two, less one */
	uint32_t frame_limit, save_limit;
	struct trail_key *keys;
	struct trail_memo *memos;
	struct trail_word *words;
	struct trail_word *saves;
	uint16_t places[TRAIL_PLACES]; /* by a hash of the slot: the frame that may have it */
	struct trail_frame frames[];
};

/*
 * An empty trail in private memory, never given back: 15 KiB, or with room for deeper stacks and many more memos 165
 * KiB (a process gets few of these, for its first threads). NULL if there is no memory.
 */
struct trail *trail_create(bool large);

/*
 * The tree node of the hook's stack, PSEUDO_MISSING if the tree is full. 0: the stack needs more than a trail admits;
 * the trail is empty or as it was. trail->fresh and trail->is_guessed say the rest.
 */
struct node_id trail_capture(struct trail *trail, const struct hook_frame *hook, struct thread *thread);

#endif
