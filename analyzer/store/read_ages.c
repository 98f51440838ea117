/* SPDX-License-Identifier: MIT */
/* How old is what the processes held when it was read. */
#include <stdlib.h>

#include "store_internal.h"

struct reading_walk {
	void (*each)(const struct store_age_reading *, void *);
	void *context;
};

static int reading_row(sqlite3_stmt *row, void *context)
{
	struct reading_walk *walk = context;
	struct store_age_reading reading = {
		.process_id = (uint32_t)sqlite3_column_int64(row, 0),
		.time = sqlite3_column_int64(row, 1),
		.state = (const char *)sqlite3_column_text(row, 2),
		.cpu_ns = sqlite3_column_int64(row, 3),
	};

	if (!reading.state)
		return SEEP_ERR_MEMORY;
	walk->each(&reading, walk->context);
	return SEEP_OK;
}

int store_each_age_reading(struct store *store, void (*each)(const struct store_age_reading *, void *), void *context,
			   struct error *error)
{
	struct reading_walk walk = {.each = each, .context = context};
	sqlite3_stmt *statement;
	int code;

	if (!store_has_table(store, "age_reading"))
		return SEEP_OK;
	code = store_prepare(store, "SELECT process_id, time, state, cpu_ns FROM age_reading ORDER BY process_id, time",
			     &statement, error);
	return code ? code : store_each_row(store, statement, reading_row, &walk, error);
}

struct age_list {
	struct model_ages *sites;
	size_t count, capacity;
};

static int age_row(sqlite3_stmt *row, void *context)
{
	struct age_list *list = context;
	uint32_t site_id = (uint32_t)sqlite3_column_int64(row, 0);
	int64_t bucket = sqlite3_column_int64(row, 1);

	if (!list->count || list->sites[list->count - 1].site_id != site_id) {
		if (list->count == list->capacity) {
			size_t larger = list->capacity ? 2 * list->capacity : 64;
			struct model_ages *grown = realloc(list->sites, larger * sizeof(*grown));

			if (!grown)
				return SEEP_ERR_MEMORY;
			list->sites = grown;
			list->capacity = larger;
		}
		list->sites[list->count++] = (struct model_ages){.site_id = site_id};
	}
	if (bucket >= 0 && bucket < MODEL_AGES)
		list->sites[list->count - 1].ages[bucket] = (struct model_age){
			.count = (double)sqlite3_column_int64(row, 2), .bytes = (double)sqlite3_column_int64(row, 3)};
	return SEEP_OK;
}

int store_read_ages(struct store *store, uint32_t process_id, int64_t time, struct model_ages **out, size_t *count,
		    struct error *error)
{
	struct age_list list = {NULL, 0, 0};
	sqlite3_stmt *statement;
	int code;

	*out = NULL;
	*count = 0;
	if (!store_has_table(store, "age"))
		return SEEP_OK;
	code = store_prepare(store,
			     "SELECT site_id, bucket, count, bytes FROM age WHERE process_id = ?1 AND time = ?2"
			     " ORDER BY site_id, bucket",
			     &statement, error);
	if (code)
		return code;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, time);
	code = store_each_row(store, statement, age_row, &list, error);
	if (code) {
		free(list.sites);
		return code;
	}
	*out = list.sites;
	*count = list.count;
	return SEEP_OK;
}
