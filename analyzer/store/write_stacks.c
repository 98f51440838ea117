/* SPDX-License-Identifier: MIT */
/* Modules, locations, tree nodes, sites: the id of what is there, or of a new row. And the symbols of locations. */
#include <stdlib.h>

#include "writer_internal.h"

static const char *const pseudo_names[PSEUDO_COUNT] = {
#define X(id, number, text) [number] = text,
	ARENA_PSEUDO(X)
#undef X
};

/* Finds the row with the bound `find`; if there is none, adds it with what `bind_add` binds. */
struct addition {
	enum writer_statement find, add;
	void (*bind)(sqlite3_stmt *statement, const void *row);
	const void *row;
};

static int add(struct store *store, const struct addition *addition, uint32_t *id, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, addition->add, error);
	int code;

	if (statement)
		addition->bind(statement, addition->row);
	code = writer_run(store, statement, error);
	*id = code == SEEP_OK ? (uint32_t)sqlite3_last_insert_rowid(store->db) : 0;
	return code;
}

static int find_or_add(struct store *store, const struct addition *addition, uint32_t *id, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, addition->find, error);
	int64_t found;
	int code;

	if (statement)
		addition->bind(statement, addition->row);
	code = writer_get(store, statement, &found, error);
	*id = (uint32_t)found;
	return code || found ? code : add(store, addition, id, error);
}

/* ---- modules ---- */

struct module_row {
	const char *path, *build_id, *status;
	uint64_t size;
};

static void bind_module(sqlite3_stmt *statement, const void *row)
{
	const struct module_row *module = row;

	bind_text(statement, 1, module->path);
	bind_text(statement, 2, module->build_id);
	sqlite3_bind_int64(statement, 3, (int64_t)module->size);
	if (sqlite3_bind_parameter_count(statement) > 3)
		bind_text(statement, 4, module->status);
}

int store_put_module(struct store *store, const char *path, const char *build_id, uint64_t size, uint32_t *id,
		     struct error *error)
{
	struct module_row row = {.path = path, .build_id = build_id, .size = size};
	struct addition addition = {WRITE_FIND_MODULE, WRITE_ADD_MODULE, bind_module, &row};

	return find_or_add(store, &addition, id, error);
}

int store_put_anonymous_module(struct store *store, uint32_t *id, struct error *error)
{
	struct module_row row = {.path = "", .build_id = "", .status = "code of no file"};
	struct addition addition = {WRITE_FIND_MODULE, WRITE_ADD_MODULE, bind_module, &row};
	int code = SEEP_OK;

	if (!store->writer->anonymous_module)
		code = find_or_add(store, &addition, &store->writer->anonymous_module, error);
	*id = store->writer->anonymous_module;
	return code;
}

int store_read_module(struct store *store, uint32_t id, struct model_module *out, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_GET_MODULE, error);
	int code = SEEP_OK;

	*out = (struct model_module){.id = id};
	if (!statement)
		return SEEP_ERR_IO;
	sqlite3_bind_int64(statement, 1, id);
	if (sqlite3_step(statement) != SQLITE_ROW) {
		sqlite3_reset(statement);
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s has no module %u", store->path, id);
	}
	out->path = column_text(statement, 0, "");
	out->build_id = column_text(statement, 1, "");
	out->size = (uint64_t)sqlite3_column_int64(statement, 2);
	out->symbol_status = column_text(statement, 3, "");
	sqlite3_reset(statement);
	if (!out->path || !out->build_id || !out->symbol_status)
		code = error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", store->path);
	return code;
}

int store_put_symbol_status(struct store *store, uint32_t module_id, const char *status, const char *debug_file,
			    struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_SET_STATUS, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, module_id);
		bind_text(statement, 2, status);
		bind_text(statement, 3, debug_file);
	}
	return writer_run(store, statement, error);
}

/* ---- locations, nodes and sites ---- */

static void bind_location(sqlite3_stmt *statement, int first, const int64_t *row)
{
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(statement, first + i, row[i]);
	sqlite3_bind_text(statement, first + 4, row[4] ? pseudo_names[row[4]] : NULL, -1, SQLITE_STATIC);
}

static void bind_node(sqlite3_stmt *statement, int first, const int64_t *row)
{
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(statement, first + i, row[i]);
}

static void bind_site(sqlite3_stmt *statement, int first, const int64_t *row)
{
	sqlite3_bind_int64(statement, first, row[0]);
	sqlite3_bind_int64(statement, first + 1, row[1]);
	sqlite3_bind_text(statement, first + 2, kind_name((enum seep_kind)row[2]), -1, SQLITE_STATIC);
}

static uint64_t location_key(int64_t module_id, bool exact)
{
	return (uint64_t)module_id << 1 | exact;
}

/* Each a row as in `waiting`. */
static int map_location(struct idmap *ids, sqlite3_stmt *row)
{
	return idmap_put(ids, location_key(sqlite3_column_int64(row, 1), sqlite3_column_int(row, 3) != 0),
			 (uint64_t)sqlite3_column_int64(row, 2), (uint32_t)sqlite3_column_int64(row, 0));
}

static int map_node(struct idmap *ids, sqlite3_stmt *row)
{
	return idmap_put(ids, (uint64_t)sqlite3_column_int64(row, 1), (uint64_t)sqlite3_column_int64(row, 2),
			 (uint32_t)sqlite3_column_int64(row, 0));
}

static int map_site(struct idmap *ids, sqlite3_stmt *row)
{
	const char *name = (const char *)sqlite3_column_text(row, 2);

	return idmap_put(ids, (uint64_t)sqlite3_column_int64(row, 1), (uint64_t)kind_by_name(name ? name : ""),
			 (uint32_t)sqlite3_column_int64(row, 0));
}

static const struct stack_table_way {
	const char *all;
	int (*map)(struct idmap *ids, sqlite3_stmt *row);
	enum writer_statement add_one, add_many;
	int parameters; /* of a row */
	void (*bind)(sqlite3_stmt *statement, int first, const int64_t *row);
} ways[STACK_TABLES] = {
	[STACK_LOCATIONS] = {"SELECT id, module_id, offset, exact FROM location", map_location, WRITE_ADD_LOCATION,
			     WRITE_ADD_LOCATIONS, 5, bind_location},
	[STACK_NODES] = {"SELECT id, parent_id, location_id FROM node", map_node, WRITE_ADD_NODE, WRITE_ADD_NODES, 4,
			 bind_node},
	[STACK_SITES] = {"SELECT id, node_id, kind FROM site", map_site, WRITE_ADD_SITE, WRITE_ADD_SITES, 3, bind_site},
};

void stacks_forget(struct writer *writer)
{
	for (int table = 0; table < STACK_TABLES; table++) {
		idmap_clear(&writer->stacks[table].ids);
		writer->stacks[table].last_id = 0;
		writer->stacks[table].waiting_count = 0;
	}
	writer->is_mapped = false;
}

struct mapping {
	const struct stack_table_way *way;
	struct stack_rows *rows;
};

static int map_row(sqlite3_stmt *row, void *context)
{
	const struct mapping *mapping = context;
	uint32_t id = (uint32_t)sqlite3_column_int64(row, 0);

	if (id > mapping->rows->last_id)
		mapping->rows->last_id = id;
	return mapping->way->map(&mapping->rows->ids, row);
}

/* Reads what another writer, or this one before a rollback, has put there. */
static int map_all(struct store *store, struct error *error)
{
	int code = SEEP_OK;

	for (int table = 0; table < STACK_TABLES && code == SEEP_OK; table++) {
		struct mapping mapping = {&ways[table], &store->writer->stacks[table]};
		sqlite3_stmt *statement;

		code = store_prepare(store, ways[table].all, &statement, error);
		if (code == SEEP_OK)
			code = store_each_row(store, statement, map_row, &mapping, error);
	}
	store->writer->is_mapped = code == SEEP_OK;
	return code;
}

/* Rows [first, first + count) of those that wait; count is 1 or STACK_AT_ONCE. */
static int write_waiting(struct store *store, enum stack_table table, size_t first, size_t count, struct error *error)
{
	const struct stack_table_way *way = &ways[table];
	const struct stack_rows *rows = &store->writer->stacks[table];
	sqlite3_stmt *statement = writer_statement(store, count == 1 ? way->add_one : way->add_many, error);

	for (size_t i = 0; statement && i < count; i++)
		way->bind(statement, 1 + (int)i * way->parameters, rows->waiting[first + i]);
	return writer_run(store, statement, error);
}

static int table_flush(struct store *store, enum stack_table table, struct error *error)
{
	struct stack_rows *rows = &store->writer->stacks[table];
	int code = SEEP_OK;

	if (rows->waiting_count == STACK_AT_ONCE)
		code = write_waiting(store, table, 0, STACK_AT_ONCE, error);
	else
		for (size_t i = 0; i < rows->waiting_count && code == SEEP_OK; i++)
			code = write_waiting(store, table, i, 1, error);
	rows->waiting_count = 0;
	return code;
}

int stacks_flush(struct store *store, struct error *error)
{
	int code = SEEP_OK;

	for (int table = 0; table < STACK_TABLES && code == SEEP_OK; table++)
		code = table_flush(store, (enum stack_table)table, error);
	return code;
}

/* The id of the row with the key (a, b); if there is none, of a new one with these columns. */
static int put_row(struct store *store, enum stack_table table, uint64_t a, uint64_t b,
		   const int64_t columns[STACK_COLUMNS - 1], uint32_t *id, struct error *error)
{
	struct stack_rows *rows = &store->writer->stacks[table];
	int code = store->writer->is_mapped ? SEEP_OK : map_all(store, error);
	int64_t *row;

	*id = code ? 0 : idmap_find(&rows->ids, a, b);
	if (code || *id)
		return code;
	if (rows->waiting_count == STACK_AT_ONCE)
		code = table_flush(store, table, error);
	if (code)
		return code;
	if (idmap_put(&rows->ids, a, b, rows->last_id + 1))
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot write to %s", store->path);
	*id = ++rows->last_id;
	row = rows->waiting[rows->waiting_count++];
	row[0] = *id;
	for (int i = 1; i < STACK_COLUMNS; i++)
		row[i] = columns[i - 1];
	return SEEP_OK;
}

static int put_location(struct store *store, uint32_t module_id, int64_t offset, bool exact, enum arena_pseudo pseudo,
			uint32_t *id, struct error *error)
{
	const int64_t columns[] = {module_id, offset, exact, pseudo};

	return put_row(store, STACK_LOCATIONS, location_key(module_id, exact), (uint64_t)offset, columns, id, error);
}

int store_put_location(struct store *store, uint32_t module_id, uint64_t offset, bool exact, uint32_t *id,
		       struct error *error)
{
	return put_location(store, module_id, (int64_t)offset, exact, 0, id, error);
}

/* Negative offsets, which no code of no file has: user space is the lower half of the address space. */
int store_put_pseudo_location(struct store *store, enum arena_pseudo pseudo, uint32_t *id, struct error *error)
{
	uint32_t module_id;
	int code = store_put_anonymous_module(store, &module_id, error);

	return code ? code : put_location(store, module_id, -(int64_t)pseudo, false, pseudo, id, error);
}

int store_put_node(struct store *store, uint32_t parent_id, uint32_t location_id, bool guessed, uint32_t *id,
		   struct error *error)
{
	const int64_t columns[] = {parent_id, location_id, guessed, 0};

	return put_row(store, STACK_NODES, parent_id, location_id, columns, id, error);
}

int store_put_site(struct store *store, uint32_t node_id, enum seep_kind kind, uint32_t *id, struct error *error)
{
	const int64_t columns[] = {node_id, kind, 0, 0};

	return put_row(store, STACK_SITES, node_id, kind, columns, id, error);
}

/* ---- symbols ---- */

int store_read_unresolved(struct store *store, uint32_t after, struct store_unresolved *out, size_t capacity,
			  size_t *count, struct error *error)
{
	int code = stacks_flush(store, error);
	sqlite3_stmt *statement = code ? NULL : writer_statement(store, WRITE_UNRESOLVED, error);
	int step = SQLITE_DONE;

	*count = 0;
	if (!statement)
		return code ? code : SEEP_ERR_IO;
	sqlite3_bind_int64(statement, 1, after);
	sqlite3_bind_int64(statement, 2, (int64_t)capacity);
	while (*count < capacity && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		out[(*count)++] = (struct store_unresolved){
			.location_id = (uint32_t)sqlite3_column_int64(statement, 0),
			.module_id = (uint32_t)sqlite3_column_int64(statement, 1),
			.offset = (uint64_t)sqlite3_column_int64(statement, 2),
			.exact = sqlite3_column_int(statement, 3) != 0,
		};
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		code = store_fail(store, step, "read", error);
	sqlite3_reset(statement);
	return code;
}

static int put_symbol(struct store *store, uint32_t location_id, size_t depth, const struct model_symbol *symbol,
		      struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_SYMBOL, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, location_id);
		sqlite3_bind_int64(statement, 2, (int64_t)depth);
		bind_text(statement, 3, symbol->function ? symbol->function : "");
		bind_text(statement, 4, symbol->file);
		bind_id(statement, 5, symbol->line);
		bind_id(statement, 6, symbol->start_line);
	}
	return writer_run(store, statement, error);
}

int store_put_symbols(struct store *store, uint32_t location_id, const struct model_symbol *symbols, size_t count,
		      struct error *error)
{
	int code = SEEP_OK;

	for (size_t i = 0; i < count && code == SEEP_OK; i++)
		code = put_symbol(store, location_id, i, &symbols[i], error);
	return code;
}

int store_put_resolved(struct store *store, uint32_t first_id, uint32_t last_id, struct error *error)
{
	int code = stacks_flush(store, error);
	sqlite3_stmt *statement = code ? NULL : writer_statement(store, WRITE_SET_RESOLVED, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, first_id);
		sqlite3_bind_int64(statement, 2, last_id);
	}
	return code ? code : writer_run(store, statement, error);
}
