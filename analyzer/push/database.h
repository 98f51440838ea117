/* SPDX-License-Identifier: MIT */
/*
 * database.h - the PostgreSQL that recordings are pushed to: connecting, our schema in it, transactions.
 *
 * Errors are sentences that say what the server said, without the password, whatever that was in. An error is *passing*
 * if another try later may do without anybody's help: the server is away, starts, is full, or took too long; or it
 * refuses now what it has accepted before.
 *
 * Limits, unless the URL or libpq's environment says otherwise: 10 s for connecting to each address, 5 minutes for a
 * statement, half a minute for a network that does not answer.
 */
#ifndef SEEP_PUSH_DATABASE_H
#define SEEP_PUSH_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

enum { PUSH_SCHEMA_VERSION = 1 };

struct database;

/* SEEP_ERR_USAGE if `url` is none that libpq can read. Connects to nothing. Release with database_close(). */
int database_open(const char *url, struct database **out, struct error *error);
void database_close(struct database *database); /* NULL is fine */

/* Overwrites the password in an argument of ours, where `ps` would show it. */
void database_hide_password(char *url);

/* Connects if it is not connected, and sees to the schema: made if it is missing, refused if it is newer or no Seep's.
 */
int database_connect(struct database *database, struct error *error);

/* Whether an error was the database's, and not a recording's; since the last database_clear_trouble(). */
enum database_trouble { TROUBLE_NONE, TROUBLE_PASSING, TROUBLE_LASTING };
enum database_trouble database_trouble(const struct database *database);
void database_clear_trouble(struct database *database);

/* Runs a statement with parameters $1, ... (NULL: NULL) and drops its rows; `changed`, if not NULL: how many it
 * changed. */
int database_run(struct database *database, const char *sql, const char *const *parameters, int count, int64_t *changed,
		 struct error *error);

/* The first row of a query, as numbers (NULL: 0) in values[0 .. columns): SEEP_ERR_NOT_FOUND, without a sentence: none.
 */
int database_read(struct database *database, const char *sql, const char *const *parameters, int count, int64_t *values,
		  int columns, struct error *error);

/* COPY ... FROM STDIN, and its rows. */
int database_copy(struct database *database, const char *sql, const char *text, size_t size, struct error *error);

int database_begin(struct database *database, struct error *error);
int database_commit(struct database *database, struct error *error);
void database_rollback(struct database *database);

/* What `seep push --print-schema` prints. */
const char *database_schema(void);

#endif
