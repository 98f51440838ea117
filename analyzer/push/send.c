/* SPDX-License-Identifier: MIT */
#include "send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"

/* A number as a parameter of a statement. */
struct number {
	char text[24];
};

static struct number number(int64_t value)
{
	struct number out;

	snprintf(out.text, sizeof(out.text), "%" PRId64, value);
	return out;
}

/* ---- rows ---- */

/* "a, b, c", each with `format` where %1$s is the column. */
static void add_list(struct buffer *sql, const struct batch_rows *rows, const char *separator, const char *format)
{
	for (size_t i = 0; i < rows->column_count; i++) {
		buffer_add(sql, i ? separator : "");
		for (const char *at = format; *at; at++)
			if (*at == '%')
				buffer_format(sql, "\"%s\"", rows->columns[i]);
			else
				buffer_add_bytes(sql, at, 1);
	}
}

/* "a.x = b.x AND a.y = b.y" over the columns of a key. */
static void add_key_condition(struct buffer *sql, const char *key, const char *a, const char *b)
{
	char *copy = memory_string(key), *rest = NULL;
	const char *separator = "";

	for (char *column = strtok_r(copy, ", ", &rest); column; column = strtok_r(NULL, ", ", &rest)) {
		buffer_format(sql, "%s%s.\"%s\" = %s.\"%s\"", separator, a, column, b, column);
		separator = " AND ";
	}
	free(copy);
}

static int stage(struct database *database, const struct batch_table_row *table, const struct batch_rows *rows,
		 struct error *error)
{
	struct buffer sql = {0};
	int code;

	buffer_format(&sql, "CREATE TEMP TABLE IF NOT EXISTS staged_%s ON COMMIT DELETE ROWS AS SELECT ", table->name);
	add_list(&sql, rows, ", ", "%");
	buffer_format(&sql, " FROM seep.%s WITH NO DATA", table->name);
	code = database_run(database, sql.text, NULL, 0, NULL, error);
	sql.size = 0;
	buffer_format(&sql, "COPY pg_temp.staged_%s (", table->name);
	add_list(&sql, rows, ", ", "%");
	buffer_add(&sql, ") FROM STDIN");
	if (!code && rows->count)
		code = database_copy(database, sql.text, rows->text.text, rows->text.size, error);
	buffer_release(&sql);
	return code;
}

static int delete_others(struct database *database, const struct batch_table_row *table, const char *recording,
			 int64_t *deleted, struct error *error)
{
	struct buffer sql = {0};
	int code;

	buffer_format(&sql,
		      "DELETE FROM seep.%s o WHERE recording_id = $1::integer AND NOT EXISTS"
		      " (SELECT FROM pg_temp.staged_%s s WHERE ",
		      table->name, table->name);
	add_key_condition(&sql, table->key, "s", "o");
	buffer_add(&sql, ")");
	code = database_run(database, sql.text, &recording, 1, deleted, error);
	buffer_release(&sql);
	return code;
}

static int merge(struct database *database, const struct batch_table_row *table, const struct batch_rows *rows,
		 const char *recording, struct error *error)
{
	struct buffer sql = {0};
	int code;

	buffer_format(&sql, "INSERT INTO seep.%s AS old (recording_id, ", table->name);
	add_list(&sql, rows, ", ", "%");
	buffer_add(&sql, ") SELECT $1::integer, ");
	add_list(&sql, rows, ", ", "%");
	buffer_format(&sql, " FROM pg_temp.staged_%s ON CONFLICT (recording_id, %s) DO ", table->name, table->key);
	if (table->mode == BATCH_APPEND) {
		buffer_add(&sql, "NOTHING");
	} else {
		buffer_add(&sql, "UPDATE SET ");
		add_list(&sql, rows, ", ", "% = excluded.%");
		buffer_add(&sql, " WHERE (");
		add_list(&sql, rows, ", ", "old.%");
		buffer_add(&sql, ") IS DISTINCT FROM (");
		add_list(&sql, rows, ", ", "excluded.%");
		buffer_add(&sql, ")");
	}
	code = database_run(database, sql.text, &recording, 1, NULL, error);
	buffer_release(&sql);
	return code;
}

/* *deleted: of the table's rows, because they are in the recording no more. */
static int send_table(struct database *database, enum batch_table which, const struct batch *batch,
		      const char *recording, int64_t *deleted, struct error *error)
{
	const struct batch_table_row *table = batch_table(which);
	const struct batch_rows *rows = &batch->tables[which];
	int code;

	*deleted = 0;
	if (!rows->is_given || (!rows->count && table->mode != BATCH_REPLACE))
		return SEEP_OK;
	code = stage(database, table, rows, error);
	if (!code && table->mode == BATCH_REPLACE)
		code = delete_others(database, table, recording, deleted, error);
	if (!code && rows->count)
		code = merge(database, table, rows, recording, error);
	return code;
}

static bool is_of_processes(const struct batch_table_row *table)
{
	return strstr(table->key, "process_id") != NULL;
}

/* What processes left that were folded: it is in the folded ones' sums. */
static int forget_gone(struct database *database, const char *recording, struct error *error)
{
	char sql[256];
	int code = SEEP_OK;

	for (int i = 0; i < TABLE_COUNT && !code; i++) {
		const struct batch_table_row *table = batch_table((enum batch_table)i);

		if (!is_of_processes(table))
			continue;
		snprintf(sql, sizeof(sql),
			 "DELETE FROM seep.%s o WHERE recording_id = $1::integer AND NOT EXISTS (SELECT FROM "
			 "seep.process p"
			 " WHERE p.recording_id = o.recording_id AND p.process_id = o.process_id)",
			 table->name);
		code = database_run(database, sql, &recording, 1, NULL, error);
	}
	return code;
}

/* The history of the folded ones comes anew. */
static int forget_folded(struct database *database, const char *recording, struct error *error)
{
	char sql[256];
	int code = SEEP_OK;

	for (int i = TABLE_TOTAL_HISTORY; i < TABLE_COUNT && !code; i++) {
		snprintf(sql, sizeof(sql),
			 "DELETE FROM seep.%s WHERE recording_id = $1::integer AND process_id IN (SELECT process_id"
			 " FROM seep.process WHERE recording_id = $1::integer AND end_reason = 'folded')",
			 batch_table((enum batch_table)i)->name);
		code = database_run(database, sql, &recording, 1, NULL, error);
	}
	return code;
}

static int send_tables(struct database *database, const struct batch *batch, int64_t recording_id, bool is_folded_anew,
		       struct error *error)
{
	struct number recording = number(recording_id);
	int64_t gone, deleted;
	int code = send_table(database, TABLE_PROCESS, batch, recording.text, &gone, error);

	if (!code && gone)
		code = forget_gone(database, recording.text, error);
	if (!code && is_folded_anew)
		code = forget_folded(database, recording.text, error);
	for (int i = TABLE_PROCESS + 1; i < TABLE_COUNT && !code; i++)
		code = send_table(database, (enum batch_table)i, batch, recording.text, &deleted, error);
	return code;
}

/* ---- the recording ---- */

int send_lock(struct database *database, const struct identity *identity, struct marks *marks, struct error *error)
{
	const char *text = identity->text;
	int64_t values[4];
	int code = database_begin(database, error);

	*marks = (struct marks){0};
	if (!code)
		code = database_run(database, "SELECT pg_advisory_xact_lock(hashtextextended($1, 1399153008))", &text,
				    1, NULL, error);
	if (!code)
		code = database_read(database,
				     "SELECT id, newest_ns, history_s, folded FROM seep.recording WHERE identity = $1",
				     &text, 1, values, 4, error);
	if (code)
		return code == SEEP_ERR_NOT_FOUND ? SEEP_OK : code;
	*marks = (struct marks){values[0], values[1], values[2], values[3]};
	return SEEP_OK;
}

static int send_dimensions(struct database *database, const struct identity *identity, const char *host,
			   struct error *error)
{
	const char *build[] = {identity->program, identity->build_id};
	int code = database_run(database,
				"INSERT INTO seep.host (name) SELECT $1 WHERE NOT EXISTS (SELECT FROM seep.host WHERE"
				" name = $1) ON CONFLICT DO NOTHING",
				&host, 1, NULL, error);

	if (!code)
		code = database_run(database,
				    "INSERT INTO seep.build (program, build_id) SELECT $1, $2 WHERE NOT EXISTS (SELECT"
				    " FROM seep.build WHERE program = $1 AND build_id = $2) ON CONFLICT DO NOTHING",
				    build, 2, NULL, error);
	return code;
}

static int send_recording(struct database *database, const struct identity *identity, const char *host,
			  struct marks *marks, int64_t folded, struct error *error)
{
	struct number created = number(identity->created_ns), newest = number(identity->newest_ns),
		      ended = number(identity->ended_ns), interval = number(identity->interval_ms),
		      folds = number(folded);
	const char *values[] = {identity->text,
				host,
				identity->program,
				identity->build_id,
				created.text,
				newest.text,
				identity->ended_ns ? ended.text : NULL,
				interval.text,
				identity->kernel,
				identity->version,
				folds.text};
	int code = send_dimensions(database, identity, host, error);

	if (!code)
		code = database_run(
			database,
			"INSERT INTO seep.recording AS old (identity, host_id, build_id, created_ns, newest_ns, "
			"ended_ns,"
			" interval_ms, kernel, seep_version, history_s, folded)"
			" SELECT $1, h.id, b.id, $5::bigint, $6::bigint, $7::bigint, $8::integer, $9, $10, 0, "
			"$11::bigint"
			" FROM seep.host h, seep.build b WHERE h.name = $2 AND b.program = $3 AND b.build_id = $4"
			" ON CONFLICT (identity) DO UPDATE SET host_id = excluded.host_id, build_id = "
			"excluded.build_id,"
			" newest_ns = excluded.newest_ns, ended_ns = excluded.ended_ns, folded = excluded.folded,"
			" seep_version = excluded.seep_version"
			" WHERE (old.host_id, old.build_id, old.newest_ns, old.ended_ns, old.folded, old.seep_version)"
			" IS DISTINCT FROM (excluded.host_id, excluded.build_id, excluded.newest_ns, excluded.ended_ns,"
			" excluded.folded, excluded.seep_version)",
			values, sizeof(values) / sizeof(values[0]), NULL, error);
	return code ? code
		    : database_read(database, "SELECT id FROM seep.recording WHERE identity = $1", values, 1,
				    &marks->id, 1, error);
}

int send_state(struct database *database, const struct identity *identity, const char *host, struct marks *marks,
	       int64_t folded, const struct batch *batch, struct error *error)
{
	bool is_folded_anew = folded != marks->folded;
	int code = send_recording(database, identity, host, marks, folded, error);

	return code ? code : send_tables(database, batch, marks->id, is_folded_anew, error);
}

int send_history(struct database *database, const struct marks *marks, int64_t history_s, const struct batch *batch,
		 struct error *error)
{
	struct number id = number(marks->id), until = number(history_s);
	const char *values[] = {id.text, until.text};
	int64_t deleted;
	int code = SEEP_OK;

	for (int i = TABLE_TOTAL_HISTORY; i < TABLE_COUNT && !code; i++)
		code = send_table(database, (enum batch_table)i, batch, id.text, &deleted, error);
	if (!code)
		code = database_run(database, "UPDATE seep.recording SET history_s = $2::bigint WHERE id = $1::integer",
				    values, 2, NULL, error);
	return code;
}
