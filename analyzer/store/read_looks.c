/* SPDX-License-Identifier: MIT */
/* Who a process's memory belonged to, and its limits. */
#include <stdlib.h>
#include <string.h>

#include "store_internal.h"

void store_look_values(struct model_look *look, int64_t *values[STORE_LOOK_COUNT])
{
	int64_t *const all[STORE_LOOK_COUNT] = {
		&look->rss_anon,    &look->swap,      &look->live_bytes, &look->live_count,     &look->large_bytes,
		&look->heap,        &look->heap_size, &look->anonymous,  &look->anonymous_size, &look->mapping,
		&look->stack,       &look->seep,      &look->file,       &look->other,          &look->cgroup_bytes,
		&look->descriptors, &look->timers,    &look->signals,
	};

	memcpy(values, all, sizeof(all));
}

struct looks {
	struct model_look *looks;
	size_t count, capacity;
};

static int look_row(sqlite3_stmt *row, void *context)
{
	int64_t *values[STORE_LOOK_COUNT];
	struct looks *looks = context;
	struct model_look *look;

	if (looks->count == looks->capacity) {
		size_t capacity = looks->capacity ? 2 * looks->capacity : 64;
		struct model_look *grown = reallocarray(looks->looks, capacity, sizeof(*grown));

		if (!grown)
			return SEEP_ERR_MEMORY;
		looks->looks = grown;
		looks->capacity = capacity;
	}
	look = &looks->looks[looks->count++];
	look->time = sqlite3_column_int64(row, 0);
	store_look_values(look, values);
	for (int i = 0; i < STORE_LOOK_COUNT; i++) {
		bool is_known = sqlite3_column_type(row, i + 1) != SQLITE_NULL;

		*values[i] = is_known ? sqlite3_column_int64(row, i + 1) : -1;
	}
	return SEEP_OK;
}

int store_read_looks(struct store *store, uint32_t process_id, int64_t since, int64_t until, struct model_look **out,
		     size_t *count, struct error *error)
{
	struct looks looks = {NULL, 0, 0};
	sqlite3_stmt *statement;
	int code;

	*out = NULL;
	*count = 0;
	if (store->version < 3)
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT time, " STORE_LOOK " FROM memory_look WHERE process_id = ?1"
			     " AND time BETWEEN ?2 AND ?3 ORDER BY time",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, since);
	sqlite3_bind_int64(statement, 3, until);
	code = store_each_row(store, statement, look_row, &looks, error);
	if (code) {
		free(looks.looks);
		return code;
	}
	*out = looks.looks;
	*count = looks.count;
	return SEEP_OK;
}

static int limit_row(sqlite3_stmt *row, void *context)
{
	const char *name = (const char *)sqlite3_column_text(row, 0);
	struct model_limits *limits = context;
	const struct {
		const char *name;
		int64_t *value;
	} all[] = {
		{"memory", &limits->memory},
		{"descriptors", &limits->descriptors},
		{"signals", &limits->signals},
		{"address space", &limits->address_space},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (name && strcmp(name, all[i].name) == 0)
			*all[i].value = sqlite3_column_int64(row, 1);
	}
	return SEEP_OK;
}

int store_read_limits(struct store *store, uint32_t process_id, int64_t at, struct model_limits *out,
		      struct error *error)
{
	sqlite3_stmt *statement;
	int code;

	*out = (struct model_limits){-1, -1, -1, -1};
	if (store->version < 3)
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT name, value FROM process_limit WHERE process_id = ?1 AND time <= ?2 ORDER BY time",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, at);
	return store_each_row(store, statement, limit_row, out, error);
}
