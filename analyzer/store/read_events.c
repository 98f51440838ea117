/* SPDX-License-Identifier: MIT */
/* What happened to the processes: accepted connections and the like. */
#include "store_internal.h"

/* The schema that has them. */
enum { EVENTS_SINCE = 3 };

struct event_walk {
	void (*each)(const struct store_event *, void *);
	void *context;
};

static int event_row(sqlite3_stmt *row, void *context)
{
	struct event_walk *walk = context;
	struct store_event event = {
		.name = (const char *)sqlite3_column_text(row, 0),
		.count = (uint64_t)sqlite3_column_int64(row, 1),
	};

	if (!event.name)
		return SEEP_ERR_MEMORY;
	walk->each(&event, walk->context);
	return SEEP_OK;
}

int store_each_event(struct store *store, uint32_t process_id, void (*each)(const struct store_event *, void *),
		     void *context, struct error *error)
{
	struct event_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code;

	if (store->version < EVENTS_SINCE)
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT name, sum(count) FROM (SELECT process_id, name, count, max(time) FROM event_series"
			     " WHERE ?1 = 0 OR process_id = ?1 GROUP BY process_id, name) WHERE count GROUP BY name"
			     " ORDER BY name LIKE '" STORE_MARK_PREFIX "%', name",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	return store_each_row(store, statement, event_row, &walk, error);
}
