/* SPDX-License-Identifier: MIT */
/* One compact file of a recording. */
#include <stdio.h>

#include "store_internal.h"
#include "writer_internal.h"

/* What is recorded at this moment goes on elsewhere: the copy ends with its newest figures. */
static int finish_copy(const char *path, struct error *error)
{
	struct store *copy;
	int code = store_open_connection(path, SQLITE_OPEN_READWRITE, &copy, error);

	if (code)
		return code;
	code = store_execute(
		copy,
		"BEGIN;"
		"INSERT INTO meta SELECT 'ended_ns', value FROM meta WHERE key IN ('newest_ns', 'created_ns')"
		" AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'state' AND value = 'ended')"
		" ORDER BY key DESC LIMIT 1" /* created_ns where there are no figures yet */
		" ON CONFLICT (key) DO UPDATE SET value = excluded.value;"
		"UPDATE meta SET value = 'ended' WHERE key = 'state';"
		"COMMIT",
		error);
	store_close(copy);
	return code;
}

static int copy_into(struct store *store, const char *path, struct error *error)
{
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);
	int code = sql ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return code == SQLITE_OK ? SEEP_OK : store_fail(store, code, "copy", error);
}

int store_copy(const char *from, const char *to, struct error *error)
{
	struct store *store;
	int code = store_open(from, &store, error);

	if (!code)
		code = copy_into(store, to, error);
	store_close(store);
	return code ? code : finish_copy(to, error);
}
