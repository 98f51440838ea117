/* SPDX-License-Identifier: MIT */
#include "database.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"

/* Names in pg_locks that nobody else takes: "Seep". */
#define SCHEMA_LOCK "1399153008"
#define COPY_PIECE (1 << 20)

static const char schema_sql[] =
#include "postgres_sql.h"
	;

struct database {
	char *url;
	char *password; /* decoded; NULL none was given */
	PGconn *connection;
	bool is_checked;    /* its schema is ours */
	bool was_connected; /* so that the URL is right */
	enum database_trouble trouble;
};

const char *database_schema(void)
{
	return schema_sql;
}

/* ---- sentences ---- */

static void hide(char *text, const char *secret)
{
	size_t size = secret ? strlen(secret) : 0;

	if (!size)
		return;
	for (char *found = text; (found = strstr(found, secret)); found += size)
		memset(found, '*', size);
}

/* The first line of what libpq or the server said, without "ERROR:  " and the like, and without the password. */
static char *words_of(const struct database *database, const char *message)
{
	static const char *const levels[] = {"ERROR:  ", "FATAL:  ", "PANIC:  "};
	char *words = memory_string(message && *message ? message : "it ended without a word");

	words[strcspn(words, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		char *level = strstr(words, levels[i]);

		if (level)
			memmove(level, level + strlen(levels[i]), strlen(level + strlen(levels[i])) + 1);
	}
	hide(words, database->password);
	return words;
}

/* SQLSTATE: its class is the first two characters. */
static bool has_class(const char *state, const char *class)
{
	return !strncmp(state, class, 2);
}

/* By SQLSTATE (PostgreSQL's manual, appendix A): what to do. */
static const char *advice_for(const char *state)
{
	if (!strcmp(state, "42501"))
		return "have a superuser or the owner of the schema grant the rights (seep-push(1), RIGHTS)";
	if (!strcmp(state, "53100"))
		return "make room on the server's disk and push again, nothing is lost";
	if (has_class(state, "53") || has_class(state, "57") || has_class(state, "08"))
		return "push again when the server has recovered, nothing is lost";
	if (!strcmp(state, "22P05"))
		return "push into a database whose encoding is UTF8";
	if (has_class(state, "42") || has_class(state, "23"))
		return "the schema seep was changed by somebody; restore it, or push into another database";
	return "push again, nothing is lost";
}

static bool is_passing_state(const char *state)
{
	static const char *const classes[] = {"08", "40", "53", "55", "57", "58"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (has_class(state, classes[i]))
			return true;
	return false;
}

/* A statement failed; the transaction, if any, is over. */
static int fail(struct database *database, const PGresult *result, struct error *error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	bool is_lost = PQstatus(database->connection) != CONNECTION_OK;
	char *words = words_of(database, result ? PQresultErrorMessage(result) : PQerrorMessage(database->connection));

	database->trouble = is_lost || !state || is_passing_state(state) ? TROUBLE_PASSING : TROUBLE_LASTING;
	if (is_lost)
		error_set(error, SEEP_ERR_IO,
			  "the connection to the database was lost (%s); push again when the server is back, nothing "
			  "is lost",
			  words);
	else
		error_set(error, SEEP_ERR_IO, "the database refused a statement: %s; %s", words,
			  advice_for(state ? state : ""));
	free(words);
	return SEEP_ERR_IO;
}

enum database_trouble database_trouble(const struct database *database)
{
	return database->trouble;
}

void database_clear_trouble(struct database *database)
{
	database->trouble = TROUBLE_NONE;
}

/* ---- the URL ---- */

static char *password_of(const PQconninfoOption *options)
{
	for (const PQconninfoOption *option = options; option && option->keyword; option++)
		if (!strcmp(option->keyword, "password") && option->val && *option->val)
			return memory_string(option->val);
	return NULL;
}

/* A message of libpq about a URL may quote the password: it is not shown. */
int database_open(const char *url, struct database **out, struct error *error)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &message);

	*out = NULL;
	PQfreemem(message);
	if (!options)
		return error_set(
			error, SEEP_ERR_USAGE,
			"--postgres takes postgresql://USER@HOST/DATABASE or libpq's keywords, and this is neither; "
			"special characters of a URL are written %%XX");
	*out = memory_zeroed(1, sizeof(**out));
	(*out)->url = memory_string(url);
	(*out)->password = password_of(options);
	PQconninfoFree(options);
	return SEEP_OK;
}

void database_hide_password(char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	char *password = password_of(options);
	char *scheme = strstr(url, "://");
	char *at = scheme ? memrchr(scheme, '@', strlen(scheme)) : NULL;
	char *colon = at ? memchr(scheme + 3, ':', (size_t)(at - scheme) - 3) : NULL;

	if (colon) /* as it is encoded there */
		memset(colon + 1, '*', (size_t)(at - colon) - 1);
	hide(url, password);
	free(password);
	PQconninfoFree(options);
}

/* ---- connecting ---- */

static void disconnect(struct database *database)
{
	PQfinish(database->connection);
	database->connection = NULL;
	database->is_checked = false;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	disconnect(database);
	free(database->url);
	if (database->password)
		explicit_bzero(database->password, strlen(database->password));
	free(database->password);
	free(database);
}

static bool is_connected(const struct database *database)
{
	return database->connection && PQstatus(database->connection) == CONNECTION_OK;
}

/* Later ones count: the URL before ours of before it. */
enum { PARAMETERS = 8 };
static void fill_parameters(const struct database *database, const char *names[PARAMETERS],
			    const char *values[PARAMETERS])
{
	static const char *const own[][2] = {
		{"connect_timeout", "10"},     {"fallback_application_name", "seep push"},
		{"tcp_user_timeout", "30000"}, {"keepalives_idle", "10"},
		{"keepalives_interval", "5"},
	};
	size_t count = 0;

	for (; count < sizeof(own) / sizeof(own[0]); count++) {
		bool is_told = !strcmp(own[count][0], "connect_timeout") && getenv("PGCONNECT_TIMEOUT");

		names[count] = own[count][0];
		values[count] = is_told ? getenv("PGCONNECT_TIMEOUT") : own[count][1];
	}
	names[count] = "dbname";
	values[count++] = database->url;
	names[count] = values[count] = NULL;
}

/*
 * What the server says to a refusal is in its own language, and libpq tells no SQLSTATE here: but a server that answers
 * another one's knock has refused us, our name or our password, and will again.
 */
static int fail_to_connect(struct database *database, const char *const *names, const char *const *values,
			   struct error *error)
{
	bool is_there = PQpingParams(names, values, 1) == PQPING_OK;
	const char *host = PQhost(database->connection), *user = PQuser(database->connection);
	char *words = words_of(database, PQerrorMessage(database->connection));

	database->trouble = !is_there || database->was_connected ? TROUBLE_PASSING : TROUBLE_LASTING;
	if (!is_there)
		error_set(error, SEEP_ERR_IO,
			  "no database server to be reached at %s: %s; start it, or correct --postgres",
			  host && *host ? host : "that address", words);
	else if (PQconnectionNeedsPassword(database->connection))
		error_set(error, SEEP_ERR_IO,
			  "the database wants a password for user %s: %s; put it into ~/.pgpass or PGPASSWORD", user,
			  words);
	else
		error_set(error, SEEP_ERR_IO,
			  "the database refused user %s: %s; correct --postgres, or the password in ~/.pgpass or "
			  "PGPASSWORD",
			  user && *user ? user : "\"\"", words);
	free(words);
	disconnect(database);
	return SEEP_ERR_IO;
}

static void drop_notice(void *context, const PGresult *notice)
{
	(void)context, (void)notice;
}

static int set_up_session(struct database *database, struct error *error)
{
	/* a limit that the URL, the user or the database brings stands */
	return database_run(database,
			    "SELECT set_config('statement_timeout', CASE current_setting('statement_timeout')"
			    " WHEN '0' THEN '300s' ELSE current_setting('statement_timeout') END, false),"
			    " set_config('client_min_messages', 'error', false), set_config('search_path', '', false),"
			    " set_config('client_encoding', 'UTF8', false)",
			    NULL, 0, NULL, error);
}

static int check_schema(struct database *database, struct error *error);

int database_connect(struct database *database, struct error *error)
{
	const char *names[PARAMETERS], *values[PARAMETERS];
	int code = SEEP_OK;

	if (!is_connected(database)) {
		disconnect(database);
		fill_parameters(database, names, values);
		database->connection = PQconnectdbParams(names, values, 1);
		if (PQstatus(database->connection) != CONNECTION_OK)
			return fail_to_connect(database, names, values, error);
		PQsetNoticeReceiver(database->connection, drop_notice, NULL);
		code = set_up_session(database, error);
	}
	if (!code && !database->is_checked)
		code = check_schema(database, error);
	return code;
}

/* ---- statements ---- */

static int finish(struct database *database, PGresult *result, ExecStatusType wanted, struct error *error)
{
	int code = PQresultStatus(result) == wanted || PQresultStatus(result) == PGRES_TUPLES_OK
			   ? SEEP_OK
			   : fail(database, result, error);

	PQclear(result);
	return code;
}

int database_run(struct database *database, const char *sql, const char *const *parameters, int count, int64_t *changed,
		 struct error *error)
{
	PGresult *result = PQexecParams(database->connection, sql, count, NULL, parameters, NULL, NULL, 0);

	if (changed)
		*changed = strtoll(PQcmdTuples(result), NULL, 10);
	return finish(database, result, PGRES_COMMAND_OK, error);
}

/* Several statements at once. */
static int run_script(struct database *database, const char *sql, struct error *error)
{
	return finish(database, PQexec(database->connection, sql), PGRES_COMMAND_OK, error);
}

int database_read(struct database *database, const char *sql, const char *const *parameters, int count, int64_t *values,
		  int columns, struct error *error)
{
	PGresult *result = PQexecParams(database->connection, sql, count, NULL, parameters, NULL, NULL, 0);
	bool is_there = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;

	for (int i = 0; i < columns; i++)
		values[i] = is_there ? strtoll(PQgetvalue(result, 0, i), NULL, 10) : 0;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return finish(database, result, PGRES_TUPLES_OK, error);
	PQclear(result);
	return is_there ? SEEP_OK : SEEP_ERR_NOT_FOUND;
}

int database_copy(struct database *database, const char *sql, const char *text, size_t size, struct error *error)
{
	PGresult *result = PQexec(database->connection, sql);
	bool is_sent = true;
	int code = SEEP_OK;

	if (PQresultStatus(result) != PGRES_COPY_IN)
		return finish(database, result, PGRES_COPY_IN, error);
	PQclear(result);
	for (size_t at = 0; at < size && is_sent;) {
		size_t piece = size - at < COPY_PIECE ? size - at : COPY_PIECE;

		is_sent = PQputCopyData(database->connection, text + at, (int)piece) == 1;
		at += piece;
	}
	is_sent = is_sent && PQputCopyEnd(database->connection, NULL) == 1;
	/* what the server says tells more than that it did not take the rest */
	while ((result = PQgetResult(database->connection)))
		if (code)
			PQclear(result);
		else
			code = finish(database, result, PGRES_COMMAND_OK, error);
	return code || is_sent ? code : fail(database, NULL, error);
}

int database_begin(struct database *database, struct error *error)
{
	return run_script(database, "BEGIN", error);
}

int database_commit(struct database *database, struct error *error)
{
	return run_script(database, "COMMIT", error);
}

void database_rollback(struct database *database)
{
	if (is_connected(database))
		PQclear(PQexec(database->connection, "ROLLBACK"));
	else
		disconnect(database);
}

/* ---- the schema ---- */

static int refuse_version(struct database *database, int64_t version, struct error *error)
{
	database->trouble = TROUBLE_LASTING;
	if (version > PUSH_SCHEMA_VERSION)
		return error_set(
			error, SEEP_ERR_NEWER,
			"the schema seep of database %s was made by a newer Seep (version %lld, this one knows %d); "
			"push with that one",
			PQdb(database->connection), (long long)version, PUSH_SCHEMA_VERSION);
	return error_set(error, SEEP_ERR_NOT_OURS,
			 "the schema seep of database %s is not one that Seep has made; push into another database",
			 PQdb(database->connection));
}

/* Two that come first at the same time make it one after the other. */
static int make_or_check(struct database *database, struct error *error)
{
	int64_t found[2], version = 0;
	int code = database_run(database, "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ")", NULL, 0, NULL, error);

	if (!code)
		code = database_read(database,
				     "SELECT (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'seep'),"
				     " (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
				     "  ON n.oid = c.relnamespace WHERE n.nspname = 'seep')",
				     NULL, 0, found, 2, error);
	if (code)
		return code;
	/* an empty one is there because a superuser has given it to us */
	if (!found[1])
		return run_script(database, schema_sql, error);
	code = database_read(database,
			     "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			     " ON n.oid = c.relnamespace WHERE n.nspname = 'seep' AND c.relname = 'schema_version'",
			     NULL, 0, found, 1, error);
	if (!code && found[0])
		code = database_read(database, "SELECT version FROM seep.schema_version", NULL, 0, &version, 1, error);
	if (code == SEEP_ERR_NOT_FOUND)
		code = SEEP_OK;
	return code || version == PUSH_SCHEMA_VERSION ? code : refuse_version(database, version, error);
}

static int check_schema(struct database *database, struct error *error)
{
	int code = database_begin(database, error);

	if (!code)
		code = make_or_check(database, error);
	if (!code)
		code = database_commit(database, error);
	if (code)
		database_rollback(database);
	database->is_checked = !code;
	database->was_connected = database->was_connected || !code;
	return code;
}
