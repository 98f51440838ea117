/* SPDX-License-Identifier: MIT */
#include "look.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "limits.h"
#include "owners.h"

enum { LOOK_INTERVALS = 15, LOOK_AGE_PART = 4, MODULES_AT_ONCE = 32 };

bool look_is_due(const struct look_memory *memory, const struct tick *tick)
{
	return tick->now_ns >= memory->due_ns;
}

static void put_off(struct look_memory *memory, const struct tick *tick)
{
	int64_t interval_ns = arena_head(tick->arena)->interval_ms * NS_PER_MS, rest_ns;

	if (!memory->first_ns)
		memory->first_ns = tick->now_ns;
	rest_ns = (tick->now_ns - memory->first_ns) / LOOK_AGE_PART;
	memory->due_ns =
		tick->now_ns + (rest_ns < LOOK_INTERVALS * interval_ns ? rest_ns : LOOK_INTERVALS * interval_ns);
}

/* ---- what the slot tells ---- */

static void tell(struct told *told, const struct arena_range *range, enum owner owner)
{
	if (range->start < range->end)
		told->ranges[told->range_count++] = (struct owned){range->start, range->end, owner};
}

static void tell_modules(struct told *told, const struct watch *watch, const struct tick *tick)
{
	uint32_t used = watch_header(watch)->modules_used, got;
	struct arena_module modules[MODULES_AT_ONCE];

	for (uint32_t first = 1; first < used; first += MODULES_AT_ONCE) {
		uint32_t count = used - first < MODULES_AT_ONCE ? used - first : MODULES_AT_ONCE;

		got = arena_read_modules(tick->arena, watch_slot(watch), first, modules, count);
		for (uint32_t i = 0; i < got; i++) {
			struct arena_range range = {modules[i].base, modules[i].base + modules[i].size};

			range.end = (range.end + ARENA_PAGE - 1) & ~(uint64_t)(ARENA_PAGE - 1);
			if (arena_module_status(&modules[i]) == ARENA_ENTRY_OK && modules[i].base)
				tell(told, &range, OWNER_FILE);
		}
	}
}

/* Borders within a page are none. */
static bool ranges_are_whole(const struct arena_range *range)
{
	return (range->start | range->end) % ARENA_PAGE == 0;
}

static int tell_all(struct told *told, const struct watch *watch, const struct tick *tick)
{
	const struct slot_header *header = watch_header(watch);
	uint32_t stacks = arena_head(tick->arena)->stack_capacity;
	struct arena_range *mappings = calloc(header->mappings_used + 1, sizeof(*mappings));
	uint32_t count = 0;

	told->ranges = calloc((size_t)header->private_range_count + header->mappings_used + header->modules_used + 1,
			      sizeof(*told->ranges));
	told->threads = calloc(stacks, sizeof(*told->threads));
	if (mappings && told->ranges && told->threads) {
		told->is_complete = header->mappings_untold == 0;
		for (uint32_t i = 0; i < header->private_range_count; i++)
			tell(told, &header->private_ranges[i], OWNER_SEEP);
		tell_modules(told, watch, tick);
		count = arena_read_mappings(tick->arena, watch_slot(watch), mappings, header->mappings_used);
		told->thread_count = arena_read_stacks(tick->arena, watch_slot(watch), told->threads, stacks);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (ranges_are_whole(&mappings[i]))
			tell(told, &mappings[i], OWNER_MAPPING);
	}
	free(mappings);
	if (told->ranges && told->threads)
		return SEEP_OK;
	return error_set(tick->error, SEEP_ERR_MEMORY, "out of memory; cannot record %s", arena_path(tick->arena));
}

/* ---- a look ---- */

int look_take(struct look_memory *memory, const struct watch *watch, int64_t descriptors, const struct tick *tick)
{
	struct model_look look = {.time = tick->now_ns / NS_PER_S,
				  .descriptors = descriptors,
				  .timers = watch_descriptors(watch).by_kind[SEEP_KIND_TIMER]};
	struct model_limits limits;
	struct told told = {0};
	int code = tell_all(&told, watch, tick);

	put_off(memory, tick);
	if (code == SEEP_OK) {
		owners_read(watch_pid(watch), &told, &look);
		limits_read(watch_pid(watch), &limits, &look);
		watch_heap(watch, &look);
	}
	free(told.ranges);
	free(told.threads);
	/* else it has just ended */
	if (code == SEEP_OK && look.rss_anon >= 0)
		code = store_put_look(tick->store, watch_process_id(watch), &look, tick->error);
	if (code == SEEP_OK && look.rss_anon >= 0)
		code = store_put_limits(tick->store, watch_process_id(watch), look.time, &limits, tick->error);
	return code;
}
