/* SPDX-License-Identifier: MIT */
#include "misuse.h"

#include <stdatomic.h>

#include "slot.h"

/*
 * keys[i] is the identity of the table's entry i, in one word, so that a compare-and-swap finds or takes it:
 * two threads that meet the same misuse for the first time cannot make two entries of it. Who finds an entry
 * whose kind is not set yet (its taker is between two instructions, or this is a forked child with an empty
 * table) fills it as well: all write the same values.
 */
#define KEYS_MAX 4096u
static _Atomic uint64_t keys[KEYS_MAX];

struct run {
	const struct hook_frame *frame;
	uintptr_t start;                /* the return address of its first call */
	const struct slot_header *slot; /* tickets are of this slot: a forked child starts anew */
	int last_fd;
	int direction; /* 1, -1, or 0 while the run is one call long */
	uint32_t length;
	uint32_t tickets[SWEEP_MINIMUM]; /* index + 1 of what the run counted so far; 0: nothing */
};
static __thread struct run run;

static uint64_t key_make(enum arena_misuse_kind kind, struct node_id node, struct node_id previous)
{
	/* nodes are indexes into one slot: far below 2^31 */
	return (uint64_t)kind | (uint64_t)(node.n & 0x7fffffffu) << 2 | (uint64_t)(previous.n & 0x7fffffffu) << 33;
}

/* The index that belongs to the key, taken now if it is new; `capacity` when all are taken. */
static uint32_t key_index(uint64_t key, uint32_t capacity)
{
	for (uint32_t i = 0; i < capacity; i++) {
		uint64_t found = atomic_load_explicit(&keys[i], memory_order_relaxed);

		if (!found && atomic_compare_exchange_strong(&keys[i], &found, key))
			return i;
		if (found == key)
			return i;
	}
	return capacity;
}

static void used_raise(struct slot_header *slot, uint32_t used)
{
	uint32_t old = __atomic_load_n(&slot->misuse_used, __ATOMIC_RELAXED);

	while (old < used &&
	       !__atomic_compare_exchange_n(&slot->misuse_used, &old, used, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void entry_fill(struct arena_misuse *entry, enum arena_misuse_kind kind, struct node_id node,
		       struct node_id previous, uint32_t epoch)
{
	entry->node = node.n;
	entry->previous_node = previous.n;
	entry->first_epoch = epoch;
	__atomic_store_n(&entry->kind, (uint32_t)kind, __ATOMIC_RELEASE);
}

/* Index + 1 of the counted entry, or 0. */
static uint32_t table_count(enum arena_misuse_kind kind, struct node_id node, struct node_id previous, int fd)
{
	uint32_t capacity = 0;
	struct arena_misuse *table = arena_misuse_table(&capacity);
	struct slot_header *slot = arena_slot();
	uint32_t epoch = epoch_now();

	if (!table || !slot)
		return 0;
	if (capacity > KEYS_MAX)
		capacity = KEYS_MAX;
	uint32_t index = key_index(key_make(kind, node, previous), capacity);
	if (index == capacity)
		return 0;

	struct arena_misuse *entry = &table[index];
	__atomic_fetch_add(&entry->count, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->last_fd, (uint32_t)fd, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->last_epoch, epoch, __ATOMIC_RELAXED);
	if (__atomic_load_n(&entry->kind, __ATOMIC_RELAXED) == MISUSE_NONE)
		entry_fill(entry, kind, node, previous, epoch);
	used_raise(slot, index + 1);
	return index + 1;
}

static void table_take_back(uint32_t ticket)
{
	uint32_t capacity = 0;
	struct arena_misuse *table = arena_misuse_table(&capacity);

	if (!ticket || !table || ticket > capacity)
		return;
	uint64_t *count = &table[ticket - 1].count;
	uint64_t old = __atomic_load_n(count, __ATOMIC_RELAXED);
	while (old && !__atomic_compare_exchange_n(count, &old, old - 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static bool run_continues(const struct hook_frame *frame, int fd, int direction)
{
	int distance = (fd - run.last_fd) * direction;

	/* unsigned: calls before the first one are far away, but for as many bytes */
	return frame == run.frame && frame->return_address - run.start + SWEEP_CODE <= 2 * SWEEP_CODE &&
	       arena_slot() == run.slot && distance >= 1 && distance <= SWEEP_STRIDE &&
	       (run.direction == 0 || run.direction == direction);
}

static void run_start(const struct hook_frame *frame)
{
	run = (struct run){.frame = frame, .start = frame->return_address, .slot = arena_slot()};
}

bool misuse_sweeping(const struct hook_frame *frame, int fd)
{
	int direction = fd > run.last_fd ? 1 : -1;

	if (fd < 0)
		return false;
	if (run_continues(frame, fd, direction))
		run.direction = direction;
	else
		run_start(frame);
	run.last_fd = fd;
	if (run.length < SWEEP_MINIMUM && ++run.length == SWEEP_MINIMUM) {
		for (uint32_t i = 0; i < SWEEP_MINIMUM; i++)
			table_take_back(run.tickets[i]);
	}
	return run.length == SWEEP_MINIMUM;
}

void misuse_record(const struct hook_frame *frame, enum arena_misuse_kind kind, struct node_id previous, int fd)
{
	uint32_t ticket = table_count(kind, node_here(frame), previous, fd);

	if (!ticket)
		trust_add(TRUST_DROPPED_EVENTS, 1);
	/* only close() makes a run; whatever else records a misuse has another frame */
	if (run.frame == frame && run.last_fd == fd && run.length >= 1 && run.length < SWEEP_MINIMUM)
		run.tickets[run.length - 1] = ticket;
}
