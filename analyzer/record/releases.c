/* SPDX-License-Identifier: MIT */
#include "releases.h"

#include <stdlib.h>

#include "../base/clock.h"

/* Of a table that claims to be larger nothing is read: no shim makes one. */
enum { MOST_READ = 1 << 16 };
/* The counts are only a sample, so that they need not be of the last second. */
#define READ_AGAIN_NS (60 * NS_PER_S)

static int record_one(struct watch *watch, const struct tick *tick, const struct arena_release *release)
{
	struct store_release row = {.process_id = watch_process_id(watch),
				    .site_id = watch_site_id(watch, (uint32_t)(release->key >> 32)),
				    .count = release->noted};
	int code = watch_put_node(watch, tick, (uint32_t)release->key, &row.node_id);

	/* what is not complete yet comes with a later reading */
	return code || !row.node_id || !row.site_id ? code : store_put_release(tick->store, &row, tick->error);
}

static int record_changed(struct releases *releases, struct watch *watch, const struct tick *tick,
			  const struct arena_release *now, uint32_t count)
{
	const struct arena_header *head = arena_head(tick->arena);
	int code = SEEP_OK;

	for (uint32_t i = 0; i < count && code == SEEP_OK; i++) {
		bool is_stored = releases->stored && releases->stored[i].noted == now[i].noted;

		if (!is_stored && arena_release_status(head, &now[i]) == ARENA_ENTRY_OK)
			code = record_one(watch, tick, &now[i]);
	}
	return code;
}

int releases_record(struct releases *releases, struct watch *watch, const struct tick *tick, bool is_final)
{
	uint32_t capacity = arena_head(tick->arena)->release_capacity;
	uint32_t used = watch_header(watch)->releases_used;
	struct arena_release *now;
	int code;

	if (!used || capacity > MOST_READ || (used == releases->used && tick->now_ns < releases->due_ns && !is_final))
		return SEEP_OK;
	now = calloc(capacity, sizeof(*now));
	if (!now)
		return error_set(tick->error, SEEP_ERR_MEMORY, "no memory to read a process's releases");
	code = record_changed(releases, watch, tick, now,
			      arena_read_releases(tick->arena, watch_slot(watch), now, capacity));
	free(releases->stored);
	releases->stored = now;
	releases->used = used;
	releases->due_ns = tick->now_ns + READ_AGAIN_NS;
	return code;
}

void releases_forget(struct releases *releases)
{
	free(releases->stored);
	*releases = (struct releases){.used = 0};
}
