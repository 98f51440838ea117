/* SPDX-License-Identifier: MIT */
/* Opening for reading, and what every file of the store uses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_internal.h"
#include "writer_internal.h"

#define BUSY_TIMEOUT_MS 5000

static int code_of(int sqlite_code)
{
	switch (sqlite_code & 0xff) {
	case SQLITE_NOTADB:
		return SEEP_ERR_NOT_OURS;
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* our SQL is right: a table or a column is not there */
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
		return SEEP_ERR_DAMAGED;
	case SQLITE_NOMEM:
		return SEEP_ERR_MEMORY;
	default:
		return SEEP_ERR_IO;
	}
}

int store_fail(const struct store *store, int sqlite_code, const char *doing, struct error *error)
{
	int code = code_of(sqlite_code);

	if (code == SEEP_ERR_NOT_OURS)
		return error_set(error, code, "%s is not a Seep recording; name a file that `seep run` wrote",
				 store->path);
	if (code == SEEP_ERR_MEMORY)
		return error_set(error, code, "out of memory; cannot %s %s", doing, store->path);
	if (code == SEEP_ERR_DAMAGED)
		return error_set(error, code, "%s is damaged (%s); use another recording", store->path,
				 sqlite3_errmsg(store->db));
	if ((sqlite_code & 0xff) == SQLITE_FULL)
		return error_set(error, code, "no space left for %s; make room on its file system", store->path);
	if ((sqlite_code & 0xff) == SQLITE_BUSY)
		return error_set(error, code, "%s is locked by another program; try again when that has ended",
				 store->path);
	return error_set(error, code, "cannot %s %s: %s; check the file's and its directory's permissions and disk",
			 doing, store->path, sqlite3_errmsg(store->db));
}

int store_execute(const struct store *store, const char *sql, struct error *error)
{
	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? SEEP_OK : store_fail(store, code, store->writer ? "write to" : "read", error);
}

int store_prepare(const struct store *store, const char *sql, sqlite3_stmt **out, struct error *error)
{
	int code = sqlite3_prepare_v2(store->db, sql, -1, out, NULL);

	return code == SQLITE_OK ? SEEP_OK : store_fail(store, code, store->writer ? "write to" : "read", error);
}

int store_each_row(const struct store *store, sqlite3_stmt *statement, row_function *row, void *context,
		   struct error *error)
{
	int result = SEEP_OK;
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == SEEP_OK)
		result = row(statement, context);
	if (result == SEEP_OK && code != SQLITE_DONE)
		result = store_fail(store, code, "read", error);
	else if (result == SEEP_ERR_MEMORY)
		error_set(error, result, "out of memory; cannot read %s", store->path);
	else if (result)
		error_set(error, result, "%s is damaged (its tables contradict each other); use another recording",
			  store->path);
	sqlite3_finalize(statement);
	return result;
}

int64_t store_integer(const struct store *store, const char *sql, int64_t missing)
{
	sqlite3_stmt *statement;
	int64_t value = missing;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return missing;
	if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

bool store_has_table(const struct store *store, const char *name)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "SELECT 1 FROM sqlite_schema WHERE name = '%s'", name);
	return store_integer(store, sql, 0) != 0;
}

char *column_text(sqlite3_stmt *row, int column, const char *missing)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	if (!text)
		text = missing;
	return text ? strdup(text) : NULL;
}

char *store_read_meta(struct store *store, const char *key)
{
	sqlite3_stmt *statement;
	char *value = NULL;

	if (sqlite3_prepare_v2(store->db, "SELECT value FROM meta WHERE key = ?1", -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = column_text(statement, 0, "");
	sqlite3_finalize(statement);
	return value;
}

int64_t store_meta_integer(const struct store *store, const char *key, int64_t missing)
{
	char *text = store_read_meta((struct store *)store, key);
	int64_t value = text ? strtoll(text, NULL, 10) : missing;

	free(text);
	return value < 0 ? missing : value; /* no number of ours is negative */
}

const char *misuse_kind_name(enum arena_misuse_kind kind)
{
	return kind == MISUSE_DOUBLE_CLOSE ? "double close" : "close of a descriptor never opened";
}

static int check_file(const char *path, struct error *error)
{
	struct stat status;

	if (stat(path, &status) < 0 && errno == ENOENT)
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s does not exist; name a file that `seep run` wrote",
				 path);
	if (stat(path, &status) < 0 || access(path, R_OK) < 0)
		return error_set(error, SEEP_ERR_IO, "cannot read %s: %s; run as the user who recorded it", path,
				 strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size == 0)
		return error_set(error, SEEP_ERR_NOT_OURS,
				 "%s is not a Seep recording; name a file that `seep run` wrote", path);
	return SEEP_OK;
}

/* The newer schema is told before anything else is read: nothing but the file's header can be relied upon. */
int store_check_identity(struct store *store, struct error *error)
{
	int code = sqlite3_exec(store->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	int64_t version;

	if (code != SQLITE_OK)
		return store_fail(store, code, "read", error);
	if (store_integer(store, "PRAGMA application_id", 0) != STORE_APPLICATION_ID)
		return store_fail(store, SQLITE_NOTADB, "read", error);
	version = store_integer(store, "PRAGMA user_version", 0);
	if (version > STORE_VERSION)
		return error_set(
			error, SEEP_ERR_NEWER,
			"%s was written by a newer Seep (schema %lld, this one knows %d); use that one to read it",
			store->path, (long long)version, STORE_VERSION);
	if (version < 1 || store_integer(store, "SELECT count(*) FROM meta", 0) == 0)
		return error_set(error, SEEP_ERR_DAMAGED,
				 "%s is damaged (it has no description); use another recording", store->path);
	store->version = (int)version;
	return SEEP_OK;
}

/*
 * One thread, and nobody asks how much memory SQLite has: without locks around each of its allocations, and their sums,
 * a recorder takes a tenth less. Only before the first connection; later calls are refused and change nothing.
 */
static void configure(void)
{
	static bool is_configured;

	if (is_configured)
		return;
	is_configured = true;
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_open_connection(const char *path, int flags, struct store **out, struct error *error)
{
	struct store *store = calloc(1, sizeof(*store));
	int code;

	*out = NULL;
	configure();
	if (!store || !(store->path = strdup(path))) {
		free(store);
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot open %s", path);
	}
	code = sqlite3_open_v2(path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (code != SQLITE_OK) {
		code = store_fail(store, code, "open", error);
		store_close(store);
		return code;
	}
	sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	/* a recording may come from anybody: no functions or tricks from its schema */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_exec(store->db, "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	*out = store;
	return SEEP_OK;
}

int store_open(const char *path, struct store **out, struct error *error)
{
	int code;

	*out = NULL;
	code = check_file(path, error);
	if (code == SEEP_OK)
		code = store_open_connection(path, SQLITE_OPEN_READONLY, out, error);
	if (code == SEEP_OK)
		code = store_check_identity(*out, error);
	if (code) {
		store_close(*out);
		*out = NULL;
	}
	return code;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	writer_release(store->writer);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}
