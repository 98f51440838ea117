/* SPDX-License-Identifier: MIT */
/* Where things are given back. */
#include <stdlib.h>

#include "store_internal.h"

struct releases {
	struct store_release *items;
	size_t count, capacity;
};

static int release_row(sqlite3_stmt *row, void *context)
{
	struct releases *releases = context;

	if (releases->count == releases->capacity) {
		size_t capacity = releases->capacity ? 2 * releases->capacity : 64;
		struct store_release *grown = reallocarray(releases->items, capacity, sizeof(*grown));

		if (!grown)
			return SEEP_ERR_MEMORY;
		releases->items = grown;
		releases->capacity = capacity;
	}
	releases->items[releases->count++] = (struct store_release){
		.process_id = (uint32_t)sqlite3_column_int64(row, 0),
		.site_id = (uint32_t)sqlite3_column_int64(row, 1),
		.node_id = (uint32_t)sqlite3_column_int64(row, 2),
		.count = (uint64_t)sqlite3_column_int64(row, 3),
	};
	return SEEP_OK;
}

int store_read_releases(struct store *store, uint32_t process_id, struct store_release **out, size_t *count,
			struct error *error)
{
	struct releases releases = {0};
	sqlite3_stmt *statement;
	int code;

	*out = NULL;
	*count = 0;
	if (!store_has_table(store, "release_site"))
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT ?1, site_id, node_id, sum(count) FROM release_site WHERE ?1 = 0 OR process_id = ?1"
			     " GROUP BY site_id, node_id ORDER BY site_id, node_id",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	code = store_each_row(store, statement, release_row, &releases, error);
	if (code) {
		free(releases.items);
		return code;
	}
	*out = releases.items;
	*count = releases.count;
	return SEEP_OK;
}
