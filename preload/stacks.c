/* SPDX-License-Identifier: MIT */
/* stacks.c - from a hook's frame to the tree node and the site of its callsite. */
#include "capture.h"
#include "tree.h"

enum { STATISTICS_EVERY = 1024, SPARE_FRAMES = 64 };

/* Statistics are added to the shared header in lumps: a line that all threads write would cost more than the walk. */
static void statistics_add(struct thread *thread, uint32_t frames)
{
	thread->captured_frames += frames;
	if (++thread->captures < STATISTICS_EVERY)
		return;
	__atomic_fetch_add(&shim.slot.header->captures, thread->captures, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shim.slot.header->captured_frames, thread->captured_frames, __ATOMIC_RELAXED);
	thread->captures = thread->captured_frames = 0;
}

static void trust_count(const struct capture *capture)
{
	if (capture->is_truncated)
		trust_add(TRUST_TRUNCATED_STACKS, 1);
	if (capture->is_broken)
		trust_add(TRUST_BROKEN_STACKS, 1);
	if (capture->is_guessed)
		trust_add(TRUST_GUESSED_FRAMES, 1);
}

static struct node_id node_of(const uintptr_t *frames, const struct capture *capture)
{
	struct node_id node = {capture->is_truncated ? PSEUDO_TRUNCATED : 0};

	for (uint32_t i = capture->count; i-- > 0;) {
		node = tree_child(node, CAPTURE_ADDRESS(frames[i]), CAPTURE_FLAGS(frames[i]));
		if (UNLIKELY(node.n == PSEUDO_MISSING))
			break;
	}
	if (UNLIKELY(node.n == 0 || node.n == PSEUDO_MISSING)) {
		trust_add(TRUST_MISSING_STACKS, 1);
		node.n = PSEUDO_MISSING;
	}
	return node;
}

static struct node_id node_capture(const struct hook_frame *hook, struct thread *thread, uintptr_t *frames,
				   uint32_t max)
{
	struct capture capture = capture_stack(hook, thread, frames, max);

	if (UNLIKELY(shim.verify_unwind))
		verify_stack(hook, frames, &capture);
	if (UNLIKELY(capture.is_truncated | capture.is_broken | capture.is_guessed))
		trust_count(&capture);
	statistics_add(thread, capture.count);
	return node_of(frames, &capture);
}

/* Few frames on the own stack, for threads without a state and for signal handlers in signal handlers. */
static COLD __attribute__((noinline)) struct node_id node_capture_spare(const struct hook_frame *hook)
{
	struct thread thread = {.shard = SHARED_SHARD};
	uintptr_t frames[SPARE_FRAMES];

	return node_capture(hook, &thread, frames, SPARE_FRAMES);
}

/*
 * The level that this capture may use. All being taken, one whose hook lies deeper on the stack than this one is
 * what a handler left behind that jumped out of it.
 */
static uint32_t level_take(struct thread *thread, const struct hook_frame *hook)
{
	uint32_t level = thread->capture_level;

	while (level >= CAPTURE_LEVELS && thread->level_frames[CAPTURE_LEVELS - 1] < (uintptr_t)hook)
		level = CAPTURE_LEVELS - 1;
	if (level >= CAPTURE_LEVELS)
		return CAPTURE_LEVELS;
	thread->level_frames[level] = (uintptr_t)hook;
	thread->capture_level = level + 1;
	return level;
}

/*
 * Gives the fresh frames their nodes and makes them part of the trail. While this goes on the trail counts as empty, so
 * that a handler that jumps away in the middle leaves nothing half-done behind.
 */
static struct node_id trail_extend(struct trail *trail, uint32_t kept, uint32_t fresh)
{
	struct trail_entry *outer = kept ? &trail->entries[kept - 1] : NULL;
	struct trail_entry *from = &trail->entries[TRAIL_FRAMES - fresh], *to = &trail->entries[kept];
	struct node_id node = outer ? outer->node : (struct node_id){0};
	bool needs_bp = outer && outer->needs_bp;

	if (fresh == 0) {
		trail->count = kept;
		return node;
	}
	trail->count = 0;
	atomic_signal_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < fresh; i++) {
		node = tree_child(node, from[i].pc, FRAME_PLAIN);
		if (UNLIKELY(node.n == PSEUDO_MISSING))
			return node;
		if (to != from)
			to[i] = from[i];
		to[i].node = node;
		to[i].needs_bp = needs_bp = from[i].uses_bp || (!from[i].saves_bp && needs_bp);
	}
	atomic_signal_fence(memory_order_seq_cst);
	trail->count = kept + fresh;
	return node;
}

static COLD void trail_verify(const struct hook_frame *hook, const struct trail *trail)
{
	uintptr_t frames[TRAIL_FRAMES];
	struct capture capture = {.count = trail->count};

	for (uint32_t i = 0; i < trail->count; i++)
		frames[i] = trail->entries[trail->count - 1 - i].pc;
	if (trail->count)
		verify_stack(hook, frames, &capture);
}

/* Node 0: the stack is not one that the trail can follow. */
static struct node_id node_by_trail(const struct hook_frame *hook, struct thread *thread)
{
	uint32_t kept, fresh;
	struct node_id node;

	if (UNLIKELY(!thread->trail) && !(thread->trail = pages_map(sizeof(*thread->trail))))
		return (struct node_id){0};
	if (!trail_walk(hook, thread, &kept, &fresh))
		return (struct node_id){0};
	node = trail_extend(thread->trail, kept, fresh);
	if (UNLIKELY(node.n == PSEUDO_MISSING))
		trust_add(TRUST_MISSING_STACKS, 1);
	if (UNLIKELY(shim.verify_unwind))
		trail_verify(hook, thread->trail);
	statistics_add(thread, fresh);
	return node;
}

struct node_id node_here(const struct hook_frame *hook)
{
	struct thread *thread = thread_self();
	struct node_id node = {0};
	uint32_t level;

	if (UNLIKELY(thread == &shim.fallback))
		return node_capture_spare(hook);
	level = level_take(thread, hook);
	if (LIKELY(level == 0) && LIKELY((node = node_by_trail(hook, thread)).n != 0)) {
		thread->capture_level = 0;
		return node;
	}
	if (UNLIKELY(level == CAPTURE_LEVELS))
		return node_capture_spare(hook);
	if (UNLIKELY(!thread->frames[level]))
		thread->frames[level] = pages_map(CAPTURE_FRAMES * sizeof(uintptr_t));
	if (UNLIKELY(!thread->frames[level]))
		node = node_capture_spare(hook);
	else
		node = node_capture(hook, thread, thread->frames[level], CAPTURE_FRAMES);
	thread->capture_level = level;
	return node;
}

struct site_id site_here(const struct hook_frame *hook, enum seep_kind kind)
{
	return tree_site(node_here(hook), kind);
}
