/* SPDX-License-Identifier: MIT */
#include "trail.h"

#include <string.h>

#include "rules.h"
#include "stack_word.h"
#include "tree.h"

/* How much of each a trail has. */
struct extent {
	uint32_t memos, words, keys, saves, frames;
};
static const struct extent small_extent = {.memos = 32, .words = 256, .keys = 32, .saves = 64, .frames = 192};
static const struct extent large_extent = {
	.memos = 1024, .words = 4096, .keys = 256, .saves = 256, .frames = TRAIL_FRAMES_MAX};

/* The words that one memo may hold; a longer way is walked each time. */
enum { MEMO_WORDS = 32 };

/* Where a walk is: a frame's return-address slot, the return address, and rbp. */
struct place {
	uintptr_t slot, pc, bp;
};

/* A frame that was stepped and is not yet in the trail; it lies in the unused end of trail.frames, innermost last. */
struct step {
	uintptr_t slot, pc, bp;
	struct rule rule;
};
static_assert(sizeof(struct step) == sizeof(struct trail_frame), "a step lies where a frame lay");

static inline struct step *steps_end(struct trail *trail)
{
	return (struct step *)(trail->frames + trail->frame_limit);
}

/* ---- comparing ---- */

static inline uintptr_t word_at(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

/* Independent loads, no branch but the loop's. */
static inline uintptr_t words_differ(const struct trail_word *word, uint32_t count)
{
	uintptr_t difference = 0;

	for (const struct trail_word *end = word + count; word < end; word++)
		difference |= word_at(word->address) ^ word->value;
	return difference;
}

/* Whether all between the hook's frame and the trail's outermost one can be read. */
static inline bool is_in_range(const struct trail *trail, const struct thread *thread, uintptr_t from)
{
	return LIKELY(trail->frames->slot < thread->stack_high && from >= thread->stack_low);
}

/* Whether the first `count` frames would be walked as before, once the innermost of them is come to. */
static inline bool trail_stands(const struct trail *trail, uint32_t count)
{
	const struct trail_frame *frame = trail->frames, *end = frame + count;
	uint32_t saves = end[-1].saves;
	uintptr_t difference = 0;

	for (; frame + 4 <= end; frame += 4)
		difference |= (word_at(frame[0].slot) ^ frame[0].pc) | (word_at(frame[1].slot) ^ frame[1].pc) |
			      (word_at(frame[2].slot) ^ frame[2].pc) | (word_at(frame[3].slot) ^ frame[3].pc);
	for (; frame < end; frame++)
		difference |= word_at(frame->slot) ^ frame->pc;
	if (saves)
		difference |= words_differ(trail->saves, saves);
	return difference == 0;
}

/* ---- memos ---- */

static inline struct trail_key *key_of(struct trail *trail, uintptr_t slot, uintptr_t pc)
{
	return &trail->keys[index_spread(slot ^ pc << 13) >> 32 & trail->key_mask];
}

/* The place for the memo of a stack that begins there. */
static inline struct trail_memo *memo_of(struct trail *trail, const struct thread *thread, uintptr_t slot, uintptr_t pc)
{
	const struct trail_key *key = key_of(trail, slot, pc);
	const uintptr_t *stack = (const uintptr_t *)slot;
	uint64_t seen = 0;

	if (LIKELY(key->slot == slot && key->pc == pc && slot >= thread->stack_low &&
		   slot + (uintptr_t)key->reach * 8 < thread->stack_high))
		seen = stack[key->words[0]] + (stack[key->words[1]] << 9) + (stack[key->words[2]] << 18) +
		       (stack[key->words[3]] << 27);
	return &trail->memos[index_spread((slot ^ pc << 13) + seen) >> 32 & trail->memo_mask];
}

/* For another callsite. In an order that a handler may leave for ever at any point. */
static void key_begin(struct trail_key *key, uintptr_t slot, uintptr_t pc)
{
	key->slot = 0;
	atomic_signal_fence(memory_order_seq_cst);
	memset(key->words, 0, sizeof(key->words));
	atomic_signal_fence(memory_order_seq_cst);
	key->reach = 0;
	key->pc = pc;
	atomic_signal_fence(memory_order_seq_cst);
	key->slot = slot;
}

/* The memo that stands in the place is of another way: the first word in which it differs becomes part of the key. */
static void key_learn(struct trail *trail, const struct trail_memo *memo, const struct thread *thread, uintptr_t slot,
		      uintptr_t pc)
{
	struct trail_key *key = key_of(trail, slot, pc);
	const struct trail_word *word = &trail->words[memo->first & trail->word_mask];
	uintptr_t distance;

	if (memo->slot != slot || memo->pc != pc || trail->words_used - memo->first > trail->word_mask + 1)
		return;
	for (uint32_t i = 0; i < memo->words; i++) {
		distance = (word[i].address - slot) / 8;
		if (word[i].address < slot || word[i].address >= thread->stack_high || distance > UINT16_MAX)
			return;
		if (word_at(word[i].address) == word[i].value)
			continue;
		if (key->slot != slot || key->pc != pc)
			key_begin(key, slot, pc);
		for (uint32_t j = 0; j < KEY_WORDS; j++)
			if (key->words[j] == distance)
				return;
		if (distance > key->reach)
			key->reach = (uint16_t)distance;
		atomic_signal_fence(memory_order_seq_cst); /* no word is beyond the reach */
		memmove(key->words + 1, key->words, sizeof(key->words) - sizeof(key->words[0]));
		key->words[0] = (uint16_t)distance;
		return;
	}
}

static inline bool memo_holds(const struct trail *trail, const struct trail_memo *memo, const struct place *at,
			      const struct thread *thread)
{
	const struct trail_frame *kept;

	if ((memo->slot ^ at->slot) | (memo->pc ^ at->pc) | ((memo->bp ^ at->bp) & -(uintptr_t)memo->needs_bp))
		return false;
	if (memo->kept - 1u >= trail->count || trail->words_used - memo->first > trail->word_mask + 1)
		return false;
	kept = &trail->frames[memo->kept - 1];
	if ((memo->kept_slot ^ kept->slot) | (memo->kept_node.n ^ kept->node.n) |
	    ((memo->kept_bp ^ kept->bp) & -(uintptr_t)memo->needs_kept_bp))
		return false;
	return is_in_range(trail, thread, at->slot) &&
	       words_differ(&trail->words[memo->first & trail->word_mask], memo->words) == 0 &&
	       trail_stands(trail, memo->kept);
}

/* Room for so many words in a row. */
static uint32_t words_take(struct trail *trail, uint32_t count)
{
	uint32_t left = trail->word_mask + 1 - (trail->words_used & trail->word_mask);
	uint32_t first;

	if (left < count)
		trail->words_used += left;
	first = trail->words_used;
	trail->words_used += count;
	atomic_signal_fence(memory_order_seq_cst); /* memos of the words that are now overwritten hold no more */
	return first;
}

/* The whole trail is the capture; the first `kept` frames were there before. The words: all that the steps read. */
static void memo_make(struct trail *trail, const struct thread *thread, uint32_t kept)
{
	const struct trail_frame *inner = &trail->frames[trail->count - 1], *outer = &trail->frames[kept - 1];
	uint32_t returns = trail->count - kept - 1, saves = inner->saves - outer->saves, first;
	struct trail_memo *memo = memo_of(trail, thread, inner->slot, inner->pc);
	struct trail_word *word;

	if (returns + saves > MEMO_WORDS)
		return;
	first = words_take(trail, returns + saves);
	word = &trail->words[first & trail->word_mask];
	for (const struct trail_frame *frame = outer + 1; frame < inner; frame++)
		*word++ = (struct trail_word){frame->slot, frame->pc};
	for (uint32_t i = outer->saves; i < inner->saves; i++)
		*word++ = trail->saves[i];
	memo->slot = 0;
	atomic_signal_fence(memory_order_seq_cst);
	*memo = (struct trail_memo){
		.pc = inner->pc,
		.bp = inner->bp,
		.kept_slot = outer->slot,
		.kept_bp = outer->bp,
		.kept_node = outer->node,
		.kept = (uint16_t)kept,
		.node = inner->node,
		.first = first,
		.words = (uint16_t)(returns + saves),
		.needs_bp = inner->needs_bp,
		.needs_kept_bp = outer->needs_bp,
		.is_guessed = inner->is_guessed,
	};
	atomic_signal_fence(memory_order_seq_cst);
	memo->slot = inner->slot;
}

/* ---- walking ---- */

/* A void memo's slot is 0, and no hook's frame lies there. */
static COLD void trail_void(struct trail *trail, uint32_t generation)
{
	trail->count = 0;
	for (uint32_t i = 0; i <= trail->memo_mask; i++)
		trail->memos[i].slot = 0;
	trail->generation = generation;
	trail->guessed_epoch = 0;
}

static inline uint16_t *place_of(struct trail *trail, uintptr_t slot)
{
	return &trail->places[(slot >> 3) % TRAIL_PLACES];
}

/* The number of the trail's frame that the walk has come to, if all outward still stands; 0: none. */
static inline uint32_t trail_meets(struct trail *trail, const struct thread *thread, const struct place *at)
{
	uint32_t i = *place_of(trail, at->slot);
	const struct trail_frame *frame = &trail->frames[i];

	if (i >= trail->count || frame->slot != at->slot || frame->pc != at->pc ||
	    (frame->needs_bp && frame->bp != at->bp) || !is_in_range(trail, thread, at->slot) ||
	    !trail_stands(trail, i + 1))
		return 0;
	return i + 1;
}

/* To the caller's frame, by a rule of rsp or rbp. False: what the rule leads to is no stack, or not one for a trail. */
static inline bool place_step(struct place *at, struct rule rule, struct thread *thread)
{
	uintptr_t cfa = rule_cfa(rule, at->slot + 8, at->bp);

	if (UNLIKELY(cfa <= at->slot + 8) || !stack_word(thread, cfa - 8, &at->pc))
		return false;
	if (rule.rbp_save) {
		uintptr_t save = rule_save(rule, cfa);

		if (UNLIKELY(save <= at->slot || save >= cfa) || !stack_word(thread, save, &at->bp))
			return false;
	}
	at->slot = cfa - 8;
	return true;
}

/* Code without unwind information: the step that capture.h's walk makes there, as a rule. False: rbp leads nowhere. */
static bool rule_guess(struct rule *rule, const struct place *at)
{
	rule->cfa_offset = 2;
	rule->rbp_save = -2;
	return at->bp == 0 || guess_follows(at->bp, at->slot + 8);
}

static inline bool rule_ends(struct rule rule, const struct place *at)
{
	return rule.kind == RULE_END || UNLIKELY(rule.kind == RULE_NONE && at->bp == 0);
}

/* The rule for the frame, if it is one that a trail admits. */
static inline bool place_rule(const struct place *at, bool was_guessed, struct rule *rule)
{
	if (UNLIKELY(was_guessed) && !guess_is_code(at->pc))
		return false;
	*rule = rule_get(at->pc, false);
	if (LIKELY(rule->kind == RULE_RSP || rule->kind == RULE_RBP || rule->kind == RULE_END))
		return true;
	return rule->kind == RULE_NONE && rule_guess(rule, at);
}

/*
 * Steps outward until the trail is met or the stack ends. The number of frames that the trail keeps; *first is the
 * outermost step. UINT32_MAX: not a stack for a trail.
 */
static uint32_t trail_walk(struct trail *trail, struct thread *thread, struct place at, struct step **first)
{
	struct step *step = steps_end(trail), *limit = (struct step *)(trail->frames + trail->count);
	struct rule rule = {.kind = RULE_RSP};
	uint32_t kept = 0;

	while (at.pc != 0 && !(kept = trail_meets(trail, thread, &at))) {
		if (UNLIKELY(!place_rule(&at, rule.kind == RULE_NONE, &rule)))
			return UINT32_MAX;
		if (UNLIKELY(step == limit)) {
			trail->count = 0; /* two deep stacks that share little: the next one finds room */
			return UINT32_MAX;
		}
		*--step = (struct step){at.slot, at.pc, at.bp, rule};
		if (rule_ends(rule, &at))
			break;
		if (UNLIKELY(!place_step(&at, rule, thread)))
			return UINT32_MAX;
	}
	*first = step;
	return kept;
}

/* ---- extending ---- */

/* What the next inner frame needs to know of the one outside. */
struct outer {
	struct node_id node;
	uint32_t saves;
	bool needs_bp, is_guessed;
	uintptr_t bp;
};

/* Makes a step frame number `i`. False: the saves are full. */
static inline bool frame_add(struct trail *trail, uint32_t i, const struct step *step, struct outer *outer)
{
	uintptr_t slot = step->slot, pc = step->pc, bp = step->bp;
	struct rule rule = step->rule;
	bool is_guessed = rule.kind == RULE_NONE;
	struct trail_frame *frame = &trail->frames[i];

	if (rule.rbp_save && outer->needs_bp) {
		uintptr_t save = rule_save(rule, rule_cfa(rule, slot + 8, bp));

		if (UNLIKELY(outer->saves == trail->save_limit))
			return false;
		trail->saves[outer->saves++] = (struct trail_word){save, outer->bp};
	}
	outer->needs_bp = rule.kind == RULE_RBP || is_guessed || (!rule.rbp_save && outer->needs_bp);
	outer->is_guessed |= is_guessed && bp != 0; /* rbp 0 marks the outermost frame */
	outer->bp = bp;
	frame->slot = slot;
	frame->pc = pc;
	frame->bp = bp;
	frame->node = outer->node;
	frame->saves = (uint16_t)outer->saves;
	frame->needs_bp = outer->needs_bp;
	frame->is_guessed = outer->is_guessed;
	*place_of(trail, slot) = (uint16_t)i;
	return true;
}

static struct outer outer_of(const struct trail *trail, uint32_t kept)
{
	const struct trail_frame *frame = &trail->frames[kept - 1];

	if (kept == 0)
		return (struct outer){.saves = 0};
	return (struct outer){frame->node, frame->saves, frame->needs_bp, frame->is_guessed, frame->bp};
}

/* A few steps, outer to inner: gives them their nodes and makes them frames from number `at` on. */
static inline bool frames_add(struct trail *trail, uint32_t at, const struct step *step, uint32_t count,
			      struct outer *outer)
{
	uintptr_t frames[PATH_FRAMES] = {0};
	struct node_id nodes[PATH_FRAMES];

	for (uint32_t i = 0; i < count; i++)
		frames[i] = TREE_FRAME(step[i].pc, step[i].rule.kind == RULE_NONE ? FRAME_GUESSED : FRAME_PLAIN);
	if (UNLIKELY(!tree_path(outer->node, frames, nodes))) {
		outer->node.n = PSEUDO_MISSING;
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		outer->node = nodes[i];
		if (UNLIKELY(!frame_add(trail, at + i, &step[i], outer)))
			return false;
	}
	return true;
}

/*
 * Makes the steps part of the trail. While this goes on the trail counts as empty, so that a handler that jumps away in
 * the middle leaves nothing half-done behind.
 */
static struct node_id trail_extend(struct trail *trail, const struct thread *thread, uint32_t kept,
				   const struct step *first)
{
	const struct step *end = steps_end(trail);
	struct outer outer = outer_of(trail, kept);
	uint32_t at = kept;

	trail->fresh = (uint32_t)(end - first);
	trail->count = 0;
	atomic_signal_fence(memory_order_seq_cst);
	while (first < end) {
		uint32_t count = end - first < PATH_FRAMES ? (uint32_t)(end - first) : PATH_FRAMES;

		if (UNLIKELY(!frames_add(trail, at, first, count, &outer)))
			return (struct node_id){outer.node.n == PSEUDO_MISSING ? PSEUDO_MISSING : 0};
		at += count;
		first += count;
	}
	if (outer.is_guessed)
		trail->guessed_epoch = epoch_read();
	atomic_signal_fence(memory_order_seq_cst);
	trail->count = at;
	if (kept)
		memo_make(trail, thread, kept);
	trail->is_guessed = outer.is_guessed;
	return outer.node;
}

struct node_id trail_capture(struct trail *trail, const struct hook_frame *hook, struct thread *thread)
{
	uint32_t generation = atomic_load_explicit(&shim.code_generation, memory_order_acquire);
	struct place start = {(uintptr_t)&hook->return_address, hook->return_address, hook->rbp};
	const struct trail_memo *memo = memo_of(trail, thread, start.slot, start.pc);
	struct step *first;
	uint32_t kept;

	if (UNLIKELY(atomic_load_explicit(&shim.unloading, memory_order_acquire)))
		return (struct node_id){0};
	if (UNLIKELY(trail->generation != generation) ||
	    UNLIKELY(trail->guessed_epoch && trail->guessed_epoch != epoch_read()))
		trail_void(trail, generation);
	trail->fresh = 0;
	if (memo_holds(trail, memo, &start, thread)) {
		trail->is_guessed = memo->is_guessed;
		return memo->node;
	}
	key_learn(trail, memo, thread, start.slot, start.pc);
	kept = trail_walk(trail, thread, start, &first);
	if (kept == UINT32_MAX || (kept == 0 && first == steps_end(trail)))
		return (struct node_id){0};
	if (first < steps_end(trail))
		return trail_extend(trail, thread, kept, first);
	trail->is_guessed = trail->frames[kept - 1].is_guessed;
	return trail->frames[kept - 1].node;
}

struct trail *trail_create(bool large)
{
	const struct extent *extent = large ? &large_extent : &small_extent;
	/* in this order every part is aligned, and the memos are cache lines */
	size_t words_at = extent->memos * sizeof(struct trail_memo);
	size_t keys_at = words_at + extent->words * sizeof(struct trail_word);
	size_t saves_at = keys_at + extent->keys * sizeof(struct trail_key);
	size_t trail_at = saves_at + extent->saves * sizeof(struct trail_word);
	char *memory = pages_map(trail_at + sizeof(struct trail) + extent->frames * sizeof(struct trail_frame));
	struct trail *trail = (struct trail *)(memory + trail_at);

	if (!memory)
		return NULL;
	trail->memos = (struct trail_memo *)memory;
	trail->words = (struct trail_word *)(memory + words_at);
	trail->keys = (struct trail_key *)(memory + keys_at);
	trail->saves = (struct trail_word *)(memory + saves_at);
	trail->memo_mask = extent->memos - 1;
	trail->word_mask = extent->words - 1;
	trail->key_mask = extent->keys - 1;
	trail->save_limit = extent->saves;
	trail->frame_limit = extent->frames;
	return trail;
}
