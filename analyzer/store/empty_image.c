/* SPDX-License-Identifier: MIT */
/*
 * empty_image.c - a program of the build: prints the file of a recording in which there is nothing yet, as C array
 * elements.
 *
 * To run the schema's forty statements, in a transaction of their own with a journal, took a new recorder longer than
 * all that it did in its first second. The file format is SQLite's and the same everywhere; it says so from its first
 * page on what it is, and is in WAL mode.
 */
#include <stdio.h>

#include "store_internal.h"

static const char schema[] =
#include "schema_sql.h"
	;

/* The file format's version numbers (https://sqlite.org/fileformat.html, 1.3.3): 2 is WAL. */
enum { WRITE_VERSION_AT = 18, READ_VERSION_AT = 19, VERSION_WAL = 2 };

static int fill(sqlite3 *db)
{
	char identity[128];
	int code;

	snprintf(identity, sizeof(identity),
		 "PRAGMA page_size=4096; PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN", STORE_APPLICATION_ID,
		 STORE_VERSION);
	code = sqlite3_exec(db, identity, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, schema, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(
			db, "INSERT INTO meta VALUES ('state', 'live'), ('seep_version', '" SEEP_VERSION "'); COMMIT",
			NULL, NULL, NULL);
	return code;
}

static void print(const unsigned char *image, sqlite3_int64 size)
{
	for (sqlite3_int64 i = 0; i < size; i++)
		printf("%u,%s", image[i], i % 32 == 31 ? "\n" : "");
}

int main(void)
{
	sqlite3_int64 size;
	unsigned char *image;
	sqlite3 *db;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK || fill(db) != SQLITE_OK ||
	    !(image = sqlite3_serialize(db, "main", &size, 0))) {
		fprintf(stderr, "empty_image: %s\n", db ? sqlite3_errmsg(db) : "out of memory");
		return 1;
	}
	image[WRITE_VERSION_AT] = image[READ_VERSION_AT] = VERSION_WAL;
	print(image, size);
	sqlite3_free(image);
	sqlite3_close(db);
	return 0;
}
