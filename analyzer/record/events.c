/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <stdio.h>

/* More is damage, and must not let sums overflow. */
#define MOST_COUNTED (UINT64_C(1) << 53)

static const char *const event_names[EVENT_COUNT] = {
#define X(id, name) [EVENT_##id] = name,
	ARENA_EVENTS(X)
#undef X
};

static int put_changed(const struct watch *watch, const struct tick *tick, const char *name, uint64_t count,
		       uint64_t *stored)
{
	if (count == *stored || count > MOST_COUNTED)
		return SEEP_OK;
	*stored = count;
	return store_put_event(tick->store, watch_process_id(watch), name, count, tick->error);
}

static int record_marks(const struct watch *watch, struct event_memory *memory, const struct tick *tick)
{
	struct arena_mark marks[ARENA_MARKS];
	char name[sizeof(STORE_MARK_PREFIX) + ARENA_MARK_NAME];
	uint32_t used = arena_read_marks(tick->arena, watch_slot(watch), watch_header(watch)->marks_used, marks);
	int code = SEEP_OK;

	for (uint32_t i = 0; i < used && code == SEEP_OK; i++) {
		snprintf(name, sizeof(name), STORE_MARK_PREFIX "%.*s", ARENA_MARK_NAME - 1, marks[i].name);
		code = put_changed(watch, tick, name, marks[i].count, &memory->marks[i]);
	}
	return code;
}

int events_record(const struct watch *watch, struct event_memory *memory, const struct tick *tick)
{
	uint64_t counts[EVENT_COUNT];
	int code = SEEP_OK;

	if (!arena_read_events(tick->arena, watch_slot(watch), counts))
		return SEEP_OK; /* the directory's reading tells of a file that was cut */
	for (int event = 0; event < EVENT_COUNT && code == SEEP_OK; event++)
		code = put_changed(watch, tick, event_names[event], counts[event], &memory->events[event]);
	return code ? code : record_marks(watch, memory, tick);
}
