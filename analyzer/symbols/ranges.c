/* SPDX-License-Identifier: MIT */
#include "ranges.h"

#include <stdbool.h>
#include <stdlib.h>

#include "../base/error.h"

int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t value, uint32_t priority)
{
	struct range *grown;
	size_t capacity;

	if (start >= end)
		return SEEP_OK;
	if (ranges->count == ranges->capacity) {
		capacity = ranges->capacity ? ranges->capacity * 2 : 16;
		grown = realloc(ranges->items, capacity * sizeof(*grown));
		if (!grown)
			return SEEP_ERR_MEMORY;
		ranges->items = grown;
		ranges->capacity = capacity;
	}
	ranges->items[ranges->count++] =
		(struct range){.start = start, .end = end, .value = value, .priority = priority};
	return SEEP_OK;
}

void ranges_release(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){0};
}

/* The sweep's state: a binary heap of the ranges that cover the current address, the winner on top. */
struct sweep {
	const struct range *items;
	size_t *heap;
	size_t size;
};

/* `a` hides `b` where both cover an address. Items are sorted, so the larger index starts no earlier. */
static bool hides(const struct range *items, size_t a, size_t b)
{
	if (items[a].priority != items[b].priority)
		return items[a].priority > items[b].priority;
	if (items[a].start != items[b].start)
		return items[a].start > items[b].start;
	return a < b;
}

static void heap_push(struct sweep *sweep, size_t item)
{
	size_t at = sweep->size++;

	while (at > 0 && hides(sweep->items, item, sweep->heap[(at - 1) / 2])) {
		sweep->heap[at] = sweep->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	sweep->heap[at] = item;
}

static void heap_pop(struct sweep *sweep)
{
	size_t last = sweep->heap[--sweep->size];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < sweep->size) {
		if (child + 1 < sweep->size && hides(sweep->items, sweep->heap[child + 1], sweep->heap[child]))
			child++;
		if (!hides(sweep->items, sweep->heap[child], last))
			break;
		sweep->heap[at] = sweep->heap[child];
		at = child;
	}
	sweep->heap[at] = last;
}

/* Order of addition survives as the order of equal starts: qsort is not stable, so it is put into the key. */
struct keyed {
	struct range range;
	size_t order;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int sort_by_start(struct ranges *ranges)
{
	struct keyed *keyed = malloc(ranges->count * sizeof(*keyed));

	if (!keyed)
		return SEEP_ERR_MEMORY;
	for (size_t i = 0; i < ranges->count; i++)
		keyed[i] = (struct keyed){.range = ranges->items[i], .order = i};
	qsort(keyed, ranges->count, sizeof(*keyed), compare_keyed);
	for (size_t i = 0; i < ranges->count; i++)
		ranges->items[i] = keyed[i].range;
	free(keyed);
	return SEEP_OK;
}

static void append_segment(struct ranges *flat, uint64_t start, uint64_t end, uint32_t value)
{
	struct range *last = flat->count ? &flat->items[flat->count - 1] : NULL;

	if (last && last->end == start && last->value == value)
		last->end = end;
	else
		flat->items[flat->count++] = (struct range){.start = start, .end = end, .value = value};
}

/* Each step either consumes a range or expires one, and emits one segment: 2 n segments at most. */
static void sweep_over(struct sweep *sweep, size_t count, struct ranges *flat)
{
	uint64_t at = 0, until;
	size_t next = 0;

	for (;;) {
		while (sweep->size && sweep->items[sweep->heap[0]].end <= at)
			heap_pop(sweep);
		if (!sweep->size) {
			if (next == count)
				return;
			at = sweep->items[next].start;
		}
		while (next < count && sweep->items[next].start == at)
			heap_push(sweep, next++);
		until = sweep->items[sweep->heap[0]].end;
		if (next < count && sweep->items[next].start < until)
			until = sweep->items[next].start;
		append_segment(flat, at, until, sweep->items[sweep->heap[0]].value);
		at = until;
	}
}

int ranges_seal(struct ranges *ranges)
{
	struct ranges flat = {0};
	struct sweep sweep = {0};
	int result = SEEP_ERR_MEMORY;

	if (!ranges->count)
		return SEEP_OK;
	flat.items = malloc(2 * ranges->count * sizeof(*flat.items));
	sweep.heap = malloc(ranges->count * sizeof(*sweep.heap));
	if (!flat.items || !sweep.heap || sort_by_start(ranges))
		goto out;
	flat.capacity = 2 * ranges->count;
	sweep.items = ranges->items;
	sweep_over(&sweep, ranges->count, &flat);
	result = SEEP_OK;
out:
	free(sweep.heap);
	ranges_release(ranges);
	if (result)
		free(flat.items);
	else
		*ranges = flat;
	return result;
}

uint32_t ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ranges->count && ranges->items[low].start <= address)
		return ranges->items[low].value;
	return RANGES_NONE;
}
