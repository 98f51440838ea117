/* SPDX-License-Identifier: MIT */
/*
 * Roll-ups: what is old is kept at a coarser step. Counters are cumulative, so that a bucket is its last row, and keeps
 * that row's own time: what a series says at a time it has a row for is always true.
 *
 * When a minute or an hour has ended, `total` holds the last row of every series that changed in it: it is copied
 * from there before the next tick overwrites it. (Grouping the finer table gives the same rows, and took a sixth of the
 * recorder's time.) The finer rows are deleted when they are old; meta's seconds_from and minutes_from say from when on
 * they are there, so that nobody counts a moment twice.
 */
#include <stdio.h>

#include "writer_internal.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };
enum { PROCESS_KEEP_SECOND_S = HOUR_S, PROCESS_KEEP_MINUTE_S = 2 * DAY_S, PROCESS_ROLL_EVERY_S = 600 };

/* Start of the bucket that time is in. */
static int64_t bucket_start(int64_t time, int64_t bucket_s)
{
	return time / bucket_s * bucket_s;
}

static int keep_last_rows(struct store *store, const char *table, int64_t since, struct error *error)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "INSERT OR REPLACE INTO %s (site_id, process_id, time, " STORE_COUNTERS ", " STORE_PARTS ")"
		 " SELECT site_id, process_id, time, " STORE_COUNTERS ", " STORE_PARTS " FROM total WHERE time >= %lld"
		 " AND (acquired_count | acquired_bytes | released_count | released_bytes)"
		 " ORDER BY site_id, process_id",
		 table, (long long)since);
	return store_execute(store, sql, error);
}

static int delete_before(struct store *store, const char *table, int64_t end, const char *key, struct error *error)
{
	char sql[128];
	int code;

	snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE time < %lld", table, (long long)end);
	code = store_execute(store, sql, error);
	return code ? code : store_put_meta_integer(store, key, end, error);
}

/*
 * Of the rows of resolution `from_s` before `end`, the last of each series and bucket stays, with the bucket's
 * resolution. `series`: the columns that tell one series from another.
 */
static int roll_table(struct store *store, const char *table, const char *series, int64_t from_s, int64_t bucket_s,
		      int64_t end, struct error *error)
{
	char sql[1024];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM %s WHERE time < %lld AND resolution = %lld AND (%s, time) NOT IN"
		 " (SELECT %s, max(time) FROM %s WHERE time < %lld AND resolution = %lld"
		 "  GROUP BY %s, time / %lld);"
		 "UPDATE %s SET resolution = %lld WHERE time < %lld AND resolution = %lld",
		 table, (long long)end, (long long)from_s, series, series, table, (long long)end, (long long)from_s,
		 series, (long long)bucket_s, table, (long long)bucket_s, (long long)end, (long long)from_s);
	return store_execute(store, sql, error);
}

static int roll_process_samples(struct store *store, int64_t from_s, int64_t bucket_s, int64_t end, struct error *error)
{
	static const char *const tables[] = {"process_sample", "memory_look", "cost"};
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && code == SEEP_OK; i++)
		code = roll_table(store, tables[i], "process_id", from_s, bucket_s, end, error);
	return code;
}

/* They are held against callsites' figures, and need not be kept in more detail than those. */
static int roll_events(struct store *store, int64_t now, struct error *error)
{
	static const char table[] = "event_series", series[] = "process_id, name";
	int code = roll_table(store, table, series, 1, MINUTE_S,
			      bucket_start(now - store->writer->keep_second_s, MINUTE_S), error);

	return code ? code
		    : roll_table(store, table, series, MINUTE_S, HOUR_S,
				 bucket_start(now - store->writer->keep_minute_s, HOUR_S), error);
}

static int end_minute(struct store *store, int64_t last, int64_t now, struct error *error)
{
	int code = keep_last_rows(store, "sample_minute", bucket_start(last, MINUTE_S), error);

	if (code)
		return code;
	return delete_before(store, "sample_second", bucket_start(now - store->writer->keep_second_s, MINUTE_S),
			     "seconds_from", error);
}

static int end_hour(struct store *store, int64_t last, int64_t now, struct error *error)
{
	int code = keep_last_rows(store, "sample_hour", bucket_start(last, HOUR_S), error);

	if (code)
		return code;
	return delete_before(store, "sample_minute", bucket_start(now - store->writer->keep_minute_s, HOUR_S),
			     "minutes_from", error);
}

int roll_up(struct store *store, int64_t last, int64_t now, struct error *error)
{
	int code = SEEP_OK;

	if (bucket_start(now, MINUTE_S) > last)
		code = end_minute(store, last, now, error);
	if (code == SEEP_OK && bucket_start(now, HOUR_S) > last)
		code = end_hour(store, last, now, error);
	if (code == SEEP_OK && bucket_start(now, PROCESS_ROLL_EVERY_S) > last) {
		code = roll_process_samples(store, 1, MINUTE_S, bucket_start(now - PROCESS_KEEP_SECOND_S, MINUTE_S),
					    error);
		if (code == SEEP_OK)
			code = roll_process_samples(store, MINUTE_S, HOUR_S,
						    bucket_start(now - PROCESS_KEEP_MINUTE_S, HOUR_S), error);
		if (code == SEEP_OK)
			code = roll_events(store, now, error);
	}
	return code;
}
