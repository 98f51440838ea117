/* SPDX-License-Identifier: MIT */
#include "ages.h"

#include <stdlib.h>

#include "../arena/live_reader.h"
#include "../base/clock.h"

#define AGES_REST 1000
#define ASKED_REST 50
#define FIRST_NS (4 * NS_PER_S)
#define LATEST_NS (60 * NS_PER_S)
/* What is not permitted will hardly be so in a minute. */
#define REFUSED_NS (600 * NS_PER_S)
/* Half a second of CPU time; the live map of 8 GB in blocks of 64 bytes, or 60 GB in larger ones. */
#define MOST_BYTES (UINT64_C(1) << 30)
enum { SITES_AT_ONCE = 64 };

static const char *const state_names[] = {
	[LIVE_READ] = STORE_AGES_READ,    [LIVE_NOT_PERMITTED] = "not permitted", [LIVE_TOO_LARGE] = "too large",
	[LIVE_UNREADABLE] = "unreadable", [LIVE_NO_MEMORY] = "no memory",
};

static int no_memory(const struct tick *tick)
{
	return error_set(tick->error, SEEP_ERR_MEMORY, "no memory to read the ages of what a process holds");
}

/* What each site's blocks are sampled with; NULL if there is no memory. */
static uint64_t *read_intervals(const struct watch *watch, const struct tick *tick, uint32_t count)
{
	uint64_t *intervals = calloc((size_t)count + 1, sizeof(*intervals));
	struct arena_site piece[SITES_AT_ONCE];
	uint32_t got;

	for (uint32_t first = 0; intervals && first < count; first += got) {
		uint32_t part = count - first < SITES_AT_ONCE ? count - first : SITES_AT_ONCE;

		got = arena_read_sites(tick->arena, watch_slot(watch), first, piece, part);
		if (!got)
			break;
		for (uint32_t i = 0; i < got; i++)
			if (arena_site_status(arena_head(tick->arena), &piece[i]) == ARENA_ENTRY_OK)
				intervals[first + i] = piece[i].interval;
	}
	return intervals;
}

static int by_row(const void *left, const void *right)
{
	const struct model_ages *a = left, *b = right;

	return (a->site_id > b->site_id) - (a->site_id < b->site_id);
}

/* By rows of the recording; several of the arena's sites may be one of them. Returns how many. */
static size_t rows_of(const struct watch *watch, const struct ages *ages, struct model_ages *rows)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < ages->count; i++) {
		rows[count].site_id = watch_site_id(watch, ages->sites[i].site);
		for (int age = 0; age < MODEL_AGES; age++)
			rows[count].ages[age] = ages->sites[i].ages[age];
		/* a child's inheritance may have no rows yet */
		count += rows[count].site_id != 0;
	}
	qsort(rows, count, sizeof(*rows), by_row);
	for (size_t i = 0; i < count; i++) {
		if (!kept || rows[kept - 1].site_id != rows[i].site_id) {
			rows[kept++] = rows[i];
			continue;
		}
		for (int age = 0; age < MODEL_AGES; age++) {
			rows[kept - 1].ages[age].count += rows[i].ages[age].count;
			rows[kept - 1].ages[age].bytes += rows[i].ages[age].bytes;
		}
	}
	return kept;
}

static int store_rows(const struct watch *watch, const struct ages *ages, const struct tick *tick)
{
	struct model_ages *rows = calloc(ages->count + 1, sizeof(*rows));
	int code = rows ? SEEP_OK : no_memory(tick);
	size_t count = rows ? rows_of(watch, ages, rows) : 0;

	for (size_t i = 0; i < count && code == SEEP_OK; i++)
		code = store_put_ages(tick->store, watch_process_id(watch), &rows[i], tick->error);
	free(rows);
	return code;
}

void ages_begin(struct age_memory *memory, int64_t now_ns)
{
	*memory = (struct age_memory){.due_ns = now_ns + FIRST_NS};
}

/* A process that is this old is read again when it is twice as old. */
static int64_t next_due(const struct tick *tick, const struct watch *watch, enum live_reading state)
{
	int64_t age_ns = tick->now_ns - (int64_t)watch_claimed_ns(watch);

	if (state == LIVE_NOT_PERMITTED || state == LIVE_TOO_LARGE)
		return tick->now_ns + REFUSED_NS;
	if (age_ns > LATEST_NS)
		return tick->now_ns + LATEST_NS;
	return tick->now_ns + (age_ns > FIRST_NS ? age_ns : FIRST_NS);
}

int ages_record(const struct watch *watch, struct age_memory *memory, struct age_pace *pace, const struct tick *tick,
		uint32_t epoch)
{
	const struct slot_header *header = watch_header(watch);
	struct live_process process = {.pid = watch_pid(watch),
				       .roots = header->live_roots,
				       .epoch = epoch,
				       .site_count = header->sites_used,
				       .most_bytes = MOST_BYTES};
	int64_t began_ns = clock_cpu_ns(), cpu_ns;
	enum live_reading state = LIVE_UNREADABLE;
	struct ages ages = {0};
	uint64_t *intervals = read_intervals(watch, tick, process.site_count);
	int code = intervals ? SEEP_OK : no_memory(tick);

	process.intervals = intervals;
	if (code == SEEP_OK && process.roots)
		state = live_read(&process, &ages);
	free(intervals);
	if (code == SEEP_OK && state == LIVE_READ)
		code = store_begin_ages(tick->store, watch_process_id(watch), tick->error);
	if (code == SEEP_OK && state == LIVE_READ)
		code = store_rows(watch, &ages, tick);
	ages_release(&ages);
	cpu_ns = clock_cpu_ns() - began_ns;
	/* a process that just ended says so itself */
	if (code == SEEP_OK && state != LIVE_UNREADABLE)
		code = store_put_age_reading(tick->store, watch_process_id(watch), state_names[state], cpu_ns,
					     tick->error);
	memory->due_ns = next_due(tick, watch, state);
	memory->is_wanted = false;
	pace->rest_until_ns = tick->now_ns + cpu_ns * AGES_REST;
	pace->asked_rest_until_ns = tick->now_ns + cpu_ns * ASKED_REST;
	return code;
}
