/* SPDX-License-Identifier: MIT */
/* Modules, locations, tree nodes, sites: found by what they are, or added. And the symbols of locations. */
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

/* The map only saves the question; without memory for it the answer is the same. */
static int find_or_add_mapped(struct store *store, struct idmap *map, uint64_t a, uint64_t b,
			      const struct addition *addition, uint32_t *id, struct error *error)
{
	int code;

	*id = idmap_find(map, a, b);
	if (*id)
		return SEEP_OK;
	code = store->writer->is_mapped ? add(store, addition, id, error) : find_or_add(store, addition, id, error);
	if (code == SEEP_OK && idmap_put(map, a, b, *id))
		store->writer->is_mapped = false;
	return code;
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

/* ---- locations ---- */

struct location_row {
	uint32_t module_id;
	int64_t offset;
	bool exact;
	const char *pseudo;
};

static void bind_location(sqlite3_stmt *statement, const void *row)
{
	const struct location_row *location = row;

	sqlite3_bind_int64(statement, 1, location->module_id);
	sqlite3_bind_int64(statement, 2, location->offset);
	sqlite3_bind_int(statement, 3, location->exact);
	if (sqlite3_bind_parameter_count(statement) > 3)
		bind_text(statement, 4, location->pseudo);
}

static int put_location(struct store *store, const struct location_row *row, uint32_t *id, struct error *error)
{
	struct addition addition = {WRITE_FIND_LOCATION, WRITE_ADD_LOCATION, bind_location, row};
	uint64_t module_and_exact = (uint64_t)row->module_id << 1 | row->exact;

	return find_or_add_mapped(store, &store->writer->locations, module_and_exact, (uint64_t)row->offset, &addition,
				  id, error);
}

int store_put_location(struct store *store, uint32_t module_id, uint64_t offset, bool exact, uint32_t *id,
		       struct error *error)
{
	struct location_row row = {.module_id = module_id, .offset = (int64_t)offset, .exact = exact};

	return put_location(store, &row, id, error);
}

/* Negative offsets, which no code of no file has: user space is the lower half of the address space. */
int store_put_pseudo_location(struct store *store, enum arena_pseudo pseudo, uint32_t *id, struct error *error)
{
	struct location_row row = {.offset = -(int64_t)pseudo, .pseudo = pseudo_names[pseudo]};
	int code = store_put_anonymous_module(store, &row.module_id, error);

	return code ? code : put_location(store, &row, id, error);
}

/* ---- nodes and sites ---- */

struct node_row {
	uint32_t parent_id, location_id;
	bool guessed;
};

static void bind_node(sqlite3_stmt *statement, const void *row)
{
	const struct node_row *node = row;

	sqlite3_bind_int64(statement, 1, node->parent_id);
	sqlite3_bind_int64(statement, 2, node->location_id);
	if (sqlite3_bind_parameter_count(statement) > 2)
		sqlite3_bind_int(statement, 3, node->guessed);
}

int store_put_node(struct store *store, uint32_t parent_id, uint32_t location_id, bool guessed, uint32_t *id,
		   struct error *error)
{
	struct node_row row = {parent_id, location_id, guessed};
	struct addition addition = {WRITE_FIND_NODE, WRITE_ADD_NODE, bind_node, &row};

	return find_or_add_mapped(store, &store->writer->nodes, parent_id, location_id, &addition, id, error);
}

struct site_row {
	uint32_t node_id;
	enum seep_kind kind;
};

static void bind_site(sqlite3_stmt *statement, const void *row)
{
	const struct site_row *site = row;

	sqlite3_bind_int64(statement, 1, site->node_id);
	sqlite3_bind_text(statement, 2, kind_name(site->kind), -1, SQLITE_STATIC);
}

int store_put_site(struct store *store, uint32_t node_id, enum seep_kind kind, uint32_t *id, struct error *error)
{
	struct site_row row = {node_id, kind};
	struct addition addition = {WRITE_FIND_SITE, WRITE_ADD_SITE, bind_site, &row};

	return find_or_add_mapped(store, &store->writer->sites, node_id, kind, &addition, id, error);
}

/* ---- symbols ---- */

int store_read_unresolved(struct store *store, uint32_t after, struct store_unresolved *out, size_t capacity,
			  size_t *count, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_UNRESOLVED, error);
	int step = SQLITE_DONE;
	int code = SEEP_OK;

	*count = 0;
	if (!statement)
		return SEEP_ERR_IO;
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
	sqlite3_stmt *statement;
	int code = SEEP_OK;

	for (size_t i = 0; i < count && code == SEEP_OK; i++)
		code = put_symbol(store, location_id, i, &symbols[i], error);
	if (code)
		return code;
	statement = writer_statement(store, WRITE_SET_RESOLVED, error);
	if (statement)
		sqlite3_bind_int64(statement, 1, location_id);
	return writer_run(store, statement, error);
}
