/* SPDX-License-Identifier: MIT */
/* The writer's frame: making, resuming and finishing a recording, and its transactions. */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/utf8.h"
#include "writer_internal.h"

/* A recording in which there is nothing yet (empty_image.c). */
static const unsigned char empty_image[] = {
#include "empty_image.h"
};

static const char *const statement_sql[WRITE_STATEMENT_COUNT] = {
#define X(id, sql) [WRITE_##id] = sql,
	WRITER_STATEMENTS(X)
#undef X
};

/* ---- statements ---- */

sqlite3_stmt *writer_statement(struct store *store, enum writer_statement which, struct error *error)
{
	sqlite3_stmt **slot = &store->writer->statements[which];
	int code;

	if (*slot) {
		sqlite3_reset(*slot);
		return *slot;
	}
	code = sqlite3_prepare_v3(store->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
	if (code != SQLITE_OK)
		store_fail(store, code, "write to", error);
	return *slot;
}

int writer_run(struct store *store, sqlite3_stmt *statement, struct error *error)
{
	int code;

	if (!statement)
		return SEEP_ERR_IO;
	code = sqlite3_step(statement);
	if (code == SQLITE_DONE || code == SQLITE_ROW) {
		sqlite3_reset(statement);
		return SEEP_OK;
	}
	code = store_fail(store, code, "write to", error);
	sqlite3_reset(statement);
	return code;
}

int writer_get(struct store *store, sqlite3_stmt *statement, int64_t *value, struct error *error)
{
	int code;

	*value = 0;
	if (!statement)
		return SEEP_ERR_IO;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(statement, 0);
	if (code == SQLITE_ROW || code == SQLITE_DONE) {
		sqlite3_reset(statement);
		return SEEP_OK;
	}
	code = store_fail(store, code, "read", error);
	sqlite3_reset(statement);
	return code;
}

void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	char *copy;

	if (!text) {
		sqlite3_bind_null(statement, column);
		return;
	}
	if (utf8_is_valid(text)) {
		sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
		return;
	}
	copy = strdup(text);
	if (copy)
		utf8_make(copy);
	sqlite3_bind_text(statement, column, copy ? copy : "?", -1, SQLITE_TRANSIENT);
	free(copy);
}

void bind_known(sqlite3_stmt *statement, int column, int64_t value)
{
	if (value < 0)
		sqlite3_bind_null(statement, column);
	else
		sqlite3_bind_int64(statement, column, value);
}

void bind_id(sqlite3_stmt *statement, int column, uint32_t id)
{
	bind_known(statement, column, id ? (int64_t)id : -1);
}

/* ---- opening ---- */

static void finalize_statements(struct writer *writer)
{
	for (size_t i = 0; i < WRITE_STATEMENT_COUNT; i++) {
		sqlite3_finalize(writer->statements[i]);
		writer->statements[i] = NULL;
	}
}

void writer_forget(struct writer *writer)
{
	stacks_forget(writer);
	writer->anonymous_module = 0;
	writer->changes.count = 0;
	writer->changes.is_sampled = false;
	writer->ended_processes = writer->ended_rows = -1;
}

void writer_release(struct writer *writer)
{
	if (!writer)
		return;
	finalize_statements(writer);
	writer_forget(writer);
	changes_release(&writer->changes);
	free(writer);
}

static int writer_attach(struct store *store, struct error *error)
{
	store->writer = calloc(1, sizeof(*store->writer));
	if (!store->writer)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot write to %s", store->path);
	writer_forget(store->writer);
	if (stat(store->path, &store->writer->identity) < 0)
		return error_set(error, SEEP_ERR_IO, "cannot write to %s: %s; check the directory", store->path,
				 strerror(errno));
	return changes_attach(store, error);
}

static int64_t newest_tick(const struct store *store)
{
	return store_meta_integer(store, "newest_ns", 0) / NS_PER_S;
}

/*
 * The journal's size is limited after a roll-up has blown it up. The cache holds the leaves of sample_minute that a
 * roll-up writes to.
 */
static int set_journal(struct store *store, struct error *error)
{
	return store_execute(store,
			     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			     "PRAGMA journal_size_limit=4194304; PRAGMA cache_size=-8192",
			     error);
}

static void read_settings(struct store *store)
{
	store->writer->keep_second_s = (uint32_t)store_meta_integer(store, "keep_second_s", STORE_KEEP_SECOND_S);
	store->writer->keep_minute_s = (uint32_t)store_meta_integer(store, "keep_minute_s", STORE_KEEP_MINUTE_S);
	store->writer->last_tick = newest_tick(store);
}

static int put_description(struct store *store, const struct store_options *options, struct error *error)
{
	const struct {
		const char *key;
		int64_t value;
	} numbers[] = {
		{"created_ns", options->created_ns},
		{"newest_ns", options->created_ns},
		{"interval_ms", options->interval_ms},
		{"keep_second_s", options->keep_second_s ? options->keep_second_s : STORE_KEEP_SECOND_S},
		{"keep_minute_s", options->keep_minute_s ? options->keep_minute_s : STORE_KEEP_MINUTE_S},
	};
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && code == SEEP_OK; i++)
		code = store_put_meta_integer(store, numbers[i].key, numbers[i].value, error);
	if (code == SEEP_OK)
		code = store_put_meta(store, "arena", options->arena_path ? options->arena_path : "", error);
	if (code == SEEP_OK)
		code = store_put_meta(store, "arena_id", options->arena_id ? options->arena_id : "", error);
	return code;
}

static int describe(struct store *store, const struct store_options *options, struct error *error)
{
	int code = store_execute(store, "BEGIN IMMEDIATE", error);

	if (code == SEEP_OK)
		code = put_description(store, options, error);
	return code ? code : store_commit(store, error);
}

static int fail_to_make(const char *path, struct error *error)
{
	return error_set(error, SEEP_ERR_IO, "cannot make %s: %s; name a file in a directory you may write to", path,
			 strerror(errno));
}

/* Complete and on the disk before anything else happens to it: the file tells from the start what it is. */
static int make_file(const char *path, struct error *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int code = SEEP_OK;
	ssize_t size;

	if (fd < 0 && errno == EEXIST)
		return error_set(error, SEEP_ERR_USAGE, "%s exists already; name another file", path);
	if (fd < 0)
		return fail_to_make(path, error);
	errno = ENOSPC; /* a short write says no more */
	size = write(fd, empty_image, sizeof(empty_image));
	if (size != (ssize_t)sizeof(empty_image) || fdatasync(fd) < 0) {
		code = fail_to_make(path, error);
		unlink(path);
	}
	close(fd);
	return code;
}

int store_create(const char *path, const struct store_options *options, struct store **out, struct error *error)
{
	int code;

	*out = NULL;
	code = make_file(path, error);
	if (code)
		return code;
	code = store_open_connection(path, SQLITE_OPEN_READWRITE, out, error);
	if (code == SEEP_OK)
		code = writer_attach(*out, error);
	if (code == SEEP_OK)
		(*out)->writer->is_mapped = true;
	if (code == SEEP_OK)
		code = set_journal(*out, error);
	if (code == SEEP_OK)
		code = describe(*out, options, error);
	if (code == SEEP_OK)
		read_settings(*out);
	if (code) {
		store_close(*out);
		*out = NULL;
		unlink(path);
	}
	return code;
}

int store_resume(const char *path, struct store **out, struct error *error)
{
	int code;

	*out = NULL;
	code = store_open_connection(path, SQLITE_OPEN_READWRITE, out, error);
	if (code == SEEP_OK)
		code = store_check_identity(*out, error);
	if (code == SEEP_OK && (*out)->version != STORE_VERSION)
		code = error_set(error, SEEP_ERR_USAGE, "%s was begun by an older Seep; name another file", path);
	if (code == SEEP_OK)
		code = writer_attach(*out, error);
	if (code == SEEP_OK)
		code = set_journal(*out, error);
	if (code == SEEP_OK)
		read_settings(*out);
	if (code == SEEP_OK)
		code = store_execute(*out,
				     "UPDATE meta SET value = 'live' WHERE key = 'state';"
				     "DELETE FROM meta WHERE key = 'ended_ns'",
				     error);
	if (code) {
		store_close(*out);
		*out = NULL;
	}
	return code;
}

/* ---- transactions ---- */

int store_begin(struct store *store, int64_t now_ns, struct error *error)
{
	int64_t last = store->writer->last_tick;
	int64_t now = now_ns / NS_PER_S;
	int code = writer_run(store, writer_statement(store, WRITE_BEGIN, error), error);

	if (code)
		return code;
	store->writer->last_tick = now;
	code = roll_up(store, last, now, error);
	if (code == SEEP_OK)
		code = fold_processes(store, now_ns, error);
	return code ? code : store_put_meta_integer(store, "newest_ns", now_ns, error);
}

int store_commit(struct store *store, struct error *error)
{
	int code = stacks_flush(store, error);

	if (code == SEEP_OK)
		code = changes_flush(store, error);
	return code ? code : writer_run(store, writer_statement(store, WRITE_COMMIT, error), error);
}

void store_rollback(struct store *store)
{
	/* some errors have rolled back already: then there is nothing to do, and SQLite says so */
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	writer_forget(store->writer);
	store->writer->last_tick = newest_tick(store);
}

int store_put_meta(struct store *store, const char *key, const char *value, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_META, error);

	if (statement) {
		bind_text(statement, 1, key);
		bind_text(statement, 2, value);
	}
	return writer_run(store, statement, error);
}

int store_put_meta_integer(struct store *store, const char *key, int64_t value, struct error *error)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return store_put_meta(store, key, text, error);
}

/* ---- the end ---- */

/* journal_mode answers with the mode that is in force: a reader prevents the change without an error. */
static bool leave_wal(struct store *store)
{
	sqlite3_stmt *statement;
	bool done = false;

	sqlite3_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	/* all of it is on the disk; what is left is to change two bytes of the first page, which needs no journal of
	 * its own */
	sqlite3_exec(store->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode=MEMORY", -1, &statement, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW)
		done = sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "memory") == 0;
	sqlite3_finalize(statement);
	return done;
}

int store_finish(struct store *store, int64_t ended_ns, struct error *error)
{
	int code = store_begin(store, ended_ns, error);

	if (code == SEEP_OK)
		code = store_put_meta(store, "state", "ended", error);
	if (code == SEEP_OK)
		code = store_put_meta_integer(store, "ended_ns", ended_ns, error);
	if (code == SEEP_OK)
		code = store_commit(store, error);
	if (code) {
		store_rollback(store);
		return code;
	}
	finalize_statements(store->writer);
	if (leave_wal(store)) /* waits for readers as long as the busy timeout */
		return SEEP_OK;
	return error_set(
		error, SEEP_ERR_IO,
		"%s is complete, but another program holds it open: keep %s-wal beside it until that has ended",
		store->path, store->path);
}

/* ---- a file that is taken away ---- */

bool store_is_in_place(const struct store *store)
{
	const struct stat *identity = &store->writer->identity;
	struct stat now;

	return stat(store->path, &now) == 0 && now.st_dev == identity->st_dev && now.st_ino == identity->st_ino;
}

/* The connection still has the deleted file and its journal: all of it goes into a new file under the old name. */
static int copy_to_own_name(struct store *store, struct error *error)
{
	sqlite3_stmt *statement;
	int code = store_prepare(store, "VACUUM INTO ?1", &statement, error);

	if (code)
		return code;
	sqlite3_bind_text(statement, 1, store->path, -1, SQLITE_STATIC);
	code = writer_run(store, statement, error);
	sqlite3_finalize(statement);
	return code;
}

/* Journals of the old file under the old name would be taken for the new file's. */
static void unlink_journals(const char *path)
{
	char name[ARENA_PATH_MAX + 8];

	snprintf(name, sizeof(name), "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", path);
	unlink(name);
}

int store_restore(struct store *store, struct error *error)
{
	struct store *restored;
	struct store old = *store;
	int code;

	if (access(store->path, F_OK) == 0)
		return error_set(error, SEEP_ERR_IO, "%s was replaced by another file; move that away", store->path);
	unlink_journals(store->path);
	code = copy_to_own_name(store, error);
	if (code) {
		unlink(store->path);
		return code;
	}
	chmod(store->path, 0600);
	code = store_resume(store->path, &restored, error);
	if (code)
		return code;
	/* closing the old connection must not take the new file's journal away, which has the same name */
	sqlite3_db_config(old.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	*store = *restored;
	*restored = old;
	store_close(restored);
	return SEEP_OK;
}
