/* SPDX-License-Identifier: MIT */
/* stacks.c - from a hook's frame to the tree node and the site of its callsite. */
#include "capture.h"
#include "trail.h"

enum { STATISTICS_EVERY = 1024, SPARE_FRAMES = 64, LARGE_TRAILS = 8 };

/* Statistics are added to the shared header in lumps: a line that all threads write would cost more than the walk. */
static COLD void statistics_flush(struct thread *thread)
{
	__atomic_fetch_add(&shim.slot.header->captures, thread->captures, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shim.slot.header->captured_frames, thread->captured_frames, __ATOMIC_RELAXED);
	thread->captures = thread->captured_frames = 0;
}

static inline void statistics_add(struct thread *thread, uint32_t frames)
{
	thread->captured_frames += frames;
	if (UNLIKELY(++thread->captures >= STATISTICS_EVERY))
		statistics_flush(thread);
}

static void trust_count(const struct thread *thread, const struct hook_frame *hook, const struct capture *capture)
{
	if (thread->noting == hook)
		return;
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
		node = tree_child(node, TREE_FRAME_ADDRESS(frames[i]), TREE_FRAME_FLAGS(frames[i]));
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
		trust_count(thread, hook, &capture);
	statistics_add(thread, capture.count);
	return node_of(frames, &capture);
}

/* Few frames on the own stack, for threads without a state and for signal handlers in signal handlers. */
static COLD __attribute__((noinline)) struct node_id node_capture_spare(const struct hook_frame *hook)
{
	struct thread thread = {.shard = SHARED_SHARD, .noting = thread_self()->noting};
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

/* The frames as the tree has them: so the look-ups are verified, too, and what a memo led to. */
static COLD void trail_verify(const struct hook_frame *hook, struct node_id node)
{
	uintptr_t frames[TRAIL_FRAMES_MAX];
	struct capture capture = {.count = tree_frames(node, frames, TRAIL_FRAMES_MAX)};

	verify_stack(hook, frames, &capture);
}

/* The first few threads, which do most of the work in most processes, get a large one. */
static COLD bool trail_give(struct thread *thread)
{
	static _Atomic(uint32_t) given;

	thread->trail = trail_create(atomic_fetch_add_explicit(&given, 1, memory_order_relaxed) < LARGE_TRAILS);
	return thread->trail != NULL;
}

/* Node 0: the stack is not one that the trail can follow. */
static struct node_id node_by_trail(const struct hook_frame *hook, struct thread *thread)
{
	struct node_id node;

	if (!thread->trail && !trail_give(thread))
		return (struct node_id){0};
	node = trail_capture(thread->trail, hook, thread);
	if (node.n <= PSEUDO_MISSING) {
		if (node.n == PSEUDO_MISSING)
			trust_add(TRUST_MISSING_STACKS, 1);
		return node;
	}
	if (thread->trail->is_guessed && thread->noting != hook)
		trust_add(TRUST_GUESSED_FRAMES, 1);
	if (shim.verify_unwind)
		trail_verify(hook, node);
	statistics_add(thread, thread->trail->fresh);
	return node;
}

static COLD struct node_id node_here_slowly(const struct hook_frame *hook, struct thread *thread)
{
	struct node_id node = {0};
	uint32_t level;

	if (thread->is_shared)
		return node_capture_spare(hook);
	level = level_take(thread, hook);
	if (level == 0 && (node = node_by_trail(hook, thread)).n != 0) {
		thread->capture_level = 0;
		return node;
	}
	if (level == CAPTURE_LEVELS)
		return node_capture_spare(hook);
	if (!thread->frames[level])
		thread->frames[level] = pages_map(CAPTURE_FRAMES * sizeof(uintptr_t));
	if (!thread->frames[level])
		node = node_capture_spare(hook);
	else
		node = node_capture(hook, thread, thread->frames[level], CAPTURE_FRAMES);
	thread->capture_level = level;
	return node;
}

/* What nearly every event finds: no other capture under way in this thread, and a stack that the trail can follow. */
static inline struct node_id node_of_hook(const struct hook_frame *hook, struct thread *thread)
{
	struct trail *trail = thread->trail;
	struct node_id node;

	if (UNLIKELY(thread->capture_level) || UNLIKELY(!trail) || UNLIKELY(shim.verify_unwind))
		return node_here_slowly(hook, thread);
	thread->level_frames[0] = (uintptr_t)hook;
	thread->capture_level = 1;
	node = trail_capture(trail, hook, thread);
	thread->capture_level = 0;
	if (UNLIKELY(node.n <= PSEUDO_MISSING) || UNLIKELY(trail->is_guessed))
		return node_here_slowly(hook, thread);
	statistics_add(thread, trail->fresh);
	return node;
}

struct node_id node_here(const struct hook_frame *hook)
{
	return node_of_hook(hook, thread_self());
}

struct node_id node_noted(const struct hook_frame *hook)
{
	struct thread *thread = thread_self();
	const struct hook_frame *before = thread->noting;
	struct node_id node;

	thread->noting = hook;
	node = node_of_hook(hook, thread);
	thread->noting = before;
	return node;
}

struct site_id heap_site_here(const struct hook_frame *hook, struct thread *thread, uint64_t interval)
{
	return tree_site_sampled(node_of_hook(hook, thread), SEEP_KIND_HEAP, interval);
}

struct site_id site_here(const struct hook_frame *hook, enum seep_kind kind)
{
	return tree_site(node_here(hook), kind);
}
