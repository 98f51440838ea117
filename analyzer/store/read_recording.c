/* SPDX-License-Identifier: MIT */
/*
 * Everything of a recording but its figures. The file may come from anybody, so that every reference is checked here:
 * what the model promises (ids index its arrays, a node's parent comes before it) holds for what is handed out.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store_internal.h"

/* Ids are dense, give or take what was folded away; a table whose ids are far from its row count is damaged. */
#define ID_SLACK 65536
#define IDS_PER_ROW 64

struct reading {
	struct store *store;
	struct recording *recording;
	struct error *error;
};

/* Allocates an array for ids 0..highest; NULL with *count 0 for an empty table is no error. */
static int array_for(const struct reading *reading, const char *sql, size_t entry_size, void *array, size_t *count)
{
	sqlite3_stmt *statement = NULL;
	int64_t highest = 0, rows = 0, lowest = 1;
	int code = store_prepare(reading->store, sql, &statement, reading->error);
	int step;

	if (code)
		return code;
	step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		highest = sqlite3_column_int64(statement, 0);
		rows = sqlite3_column_int64(statement, 1);
		lowest = rows ? sqlite3_column_int64(statement, 2) : 1;
	}
	sqlite3_finalize(statement);
	if (step != SQLITE_ROW)
		return store_fail(reading->store, step, "read", reading->error);
	if (lowest < 1 || highest > INT32_MAX || highest > rows * IDS_PER_ROW + ID_SLACK)
		return error_set(reading->error, SEEP_ERR_DAMAGED,
				 "%s is damaged (impossible ids); use another recording", reading->store->path);
	*count = (size_t)highest + 1;
	*(void **)array = calloc(*count, entry_size);
	if (*(void **)array)
		return SEEP_OK;
	*count = 0;
	return error_set(reading->error, SEEP_ERR_MEMORY, "out of memory; cannot read %s", reading->store->path);
}

#define ARRAY_FOR(reading, table, array, count) \
	array_for(reading, "SELECT max(id), count(*), min(id) FROM " table, sizeof(**(array)), array, count)

static int each_row(const struct reading *reading, const char *sql, row_function *row)
{
	sqlite3_stmt *statement;
	int code = store_prepare(reading->store, sql, &statement, reading->error);

	return code ? code : store_each_row(reading->store, statement, row, reading->recording, reading->error);
}

static bool id_within(int64_t id, size_t count)
{
	return id > 0 && (uint64_t)id < count;
}

/* The rows of a damaged table need not agree with its max(id): each is looked at, and none is taken twice. */
static int process_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	struct model_process *process = &recording->processes[id];
	int64_t parent = sqlite3_column_int64(row, 3);
	const char *reason = (const char *)sqlite3_column_text(row, 9);

	if (!id_within(id, recording->process_count) || process->id ||
	    (parent && !id_within(parent, recording->process_count)))
		return SEEP_ERR_DAMAGED;
	process->id = (uint32_t)id;
	process->pid = (uint32_t)sqlite3_column_int64(row, 1);
	process->ppid = (uint32_t)sqlite3_column_int64(row, 2);
	process->parent_id = (uint32_t)parent;
	process->exe = column_text(row, 4, "");
	process->command = column_text(row, 5, "");
	process->allocator = column_text(row, 6, "");
	process->started_ns = sqlite3_column_int64(row, 7);
	process->ended_ns = sqlite3_column_int64(row, 8);
	process->exec_ended = reason && strcmp(reason, "exec") == 0;
	return process->exe && process->command && process->allocator ? SEEP_OK : SEEP_ERR_MEMORY;
}

static int trust_row(sqlite3_stmt *row, void *context)
{
	static const char *const names[TRUST_COUNT] = {
#define X(id, name, text) [TRUST_##id] = name,
		ARENA_TRUST(X)
#undef X
	};
	struct recording *recording = context;
	int64_t process = sqlite3_column_int64(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);

	if (!id_within(process, recording->process_count) || !name)
		return SEEP_ERR_DAMAGED;
	for (size_t i = 0; i < TRUST_COUNT; i++) {
		if (strcmp(names[i], name) == 0)
			recording->processes[process].trust[i] = (uint64_t)sqlite3_column_int64(row, 2);
	}
	return SEEP_OK;
}

static int private_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t process = sqlite3_column_int64(row, 0);

	if (!id_within(process, recording->process_count))
		return SEEP_ERR_DAMAGED;
	recording->processes[process].private_bytes = (uint64_t)sqlite3_column_int64(row, 1);
	return SEEP_OK;
}

static int module_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	struct model_module *module = &recording->modules[id];

	if (!id_within(id, recording->module_count) || module->id)
		return SEEP_ERR_DAMAGED;
	module->id = (uint32_t)id;
	module->path = column_text(row, 1, "");
	module->build_id = column_text(row, 2, "");
	module->size = (uint64_t)sqlite3_column_int64(row, 3);
	module->symbol_status = column_text(row, 4, "");
	return module->path && module->build_id && module->symbol_status ? SEEP_OK : SEEP_ERR_MEMORY;
}

static int location_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	struct model_location *location = &recording->locations[id];
	int64_t module = sqlite3_column_int64(row, 1);

	if (!id_within(id, recording->location_count) || location->id || !id_within(module, recording->module_count) ||
	    !recording->modules[module].id)
		return SEEP_ERR_DAMAGED;
	location->id = (uint32_t)id;
	location->module_id = (uint32_t)module;
	location->offset = (uint64_t)sqlite3_column_int64(row, 2);
	location->exact = sqlite3_column_int(row, 3) != 0;
	location->pseudo = column_text(row, 4, NULL);
	location->resolved = location->pseudo || sqlite3_column_int(row, 5) != 0;
	return SEEP_OK;
}

static int symbol_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	struct model_location *location;
	struct model_symbol *grown, *symbol;

	if (!id_within(id, recording->location_count) || !recording->locations[id].id)
		return SEEP_ERR_DAMAGED;
	location = &recording->locations[id];
	grown = realloc(location->symbols, (location->symbol_count + 1) * sizeof(*grown));
	if (!grown)
		return SEEP_ERR_MEMORY;
	location->symbols = grown;
	symbol = &grown[location->symbol_count++];
	symbol->function = column_text(row, 1, "");
	symbol->file = column_text(row, 2, NULL);
	symbol->line = (uint32_t)sqlite3_column_int64(row, 3);
	symbol->start_line = (uint32_t)sqlite3_column_int64(row, 4);
	return symbol->function ? SEEP_OK : SEEP_ERR_MEMORY;
}

static int node_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	int64_t parent = sqlite3_column_int64(row, 1);
	int64_t location = sqlite3_column_int64(row, 2);

	/* a parent is written before its children: the tree has no cycle and no child without its parent */
	if (!id_within(id, recording->node_count) || parent < 0 || parent >= id ||
	    (parent && !recording->nodes[parent].id))
		return SEEP_ERR_DAMAGED;
	if (!id_within(location, recording->location_count) || !recording->locations[location].id)
		return SEEP_ERR_DAMAGED;
	recording->nodes[id] = (struct model_node){.id = (uint32_t)id,
						   .parent_id = (uint32_t)parent,
						   .location_id = (uint32_t)location,
						   .guessed = sqlite3_column_int(row, 3) != 0};
	return SEEP_OK;
}

static bool node_exists(const struct recording *recording, int64_t node)
{
	return id_within(node, recording->node_count) && recording->nodes[node].id;
}

static int site_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t id = sqlite3_column_int64(row, 0);
	int64_t node = sqlite3_column_int64(row, 1);
	const char *name = (const char *)sqlite3_column_text(row, 2);
	int kind = name ? kind_by_name(name) : -1;

	if (!id_within(id, recording->site_count) || kind < 0 || !node_exists(recording, node))
		return SEEP_ERR_DAMAGED;
	recording->sites[id] =
		(struct model_site){.id = (uint32_t)id, .node_id = (uint32_t)node, .kind = (enum seep_kind)kind};
	return SEEP_OK;
}

static int misuse_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t process = sqlite3_column_int64(row, 0);
	const char *kind = (const char *)sqlite3_column_text(row, 1);
	int64_t node = sqlite3_column_int64(row, 2);
	int64_t previous = sqlite3_column_int64(row, 3);
	bool is_double = kind && strcmp(kind, misuse_kind_name(MISUSE_DOUBLE_CLOSE)) == 0;
	struct model_misuse *grown;

	if (!id_within(process, recording->process_count) || !node_exists(recording, node) ||
	    (previous && !node_exists(recording, previous)))
		return SEEP_ERR_DAMAGED;
	grown = realloc(recording->misuses, (recording->misuse_count + 1) * sizeof(*grown));
	if (!grown)
		return SEEP_ERR_MEMORY;
	recording->misuses = grown;
	grown[recording->misuse_count++] = (struct model_misuse){
		.process_id = (uint32_t)process,
		.kind = is_double ? MISUSE_DOUBLE_CLOSE : MISUSE_NEVER_OPENED,
		.node_id = (uint32_t)node,
		.previous_node_id = (uint32_t)previous,
		.count = (uint64_t)sqlite3_column_int64(row, 4),
		.last_fd = sqlite3_column_int(row, 5),
	};
	return SEEP_OK;
}

static int unseen_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	int64_t process = sqlite3_column_int64(row, 0);
	struct model_unseen *grown;

	if (!id_within(process, recording->process_count))
		return SEEP_ERR_DAMAGED;
	grown = realloc(recording->unseen, (recording->unseen_count + 1) * sizeof(*grown));
	if (!grown)
		return SEEP_ERR_MEMORY;
	recording->unseen = grown;
	grown[recording->unseen_count] = (struct model_unseen){.process_id = (uint32_t)process,
							       .target = column_text(row, 1, ""),
							       .count = (uint64_t)sqlite3_column_int64(row, 2)};
	return grown[recording->unseen_count++].target ? SEEP_OK : SEEP_ERR_MEMORY;
}

static int sampling_row(sqlite3_stmt *row, void *context)
{
	struct recording *recording = context;
	struct model_sampling *grown = realloc(recording->samplings, (recording->sampling_count + 1) * sizeof(*grown));

	if (!grown)
		return SEEP_ERR_MEMORY;
	recording->samplings = grown;
	grown[recording->sampling_count++] = (struct model_sampling){
		.time_ns = sqlite3_column_int64(row, 0), .interval = (uint64_t)sqlite3_column_int64(row, 1)};
	return SEEP_OK;
}

bool store_is_sampled(struct store *store)
{
	return store->version >= 2 && store_integer(store, "SELECT max(interval) FROM sampling", 0) > 0;
}

void store_read_times(struct store *store, struct recording *out)
{
	out->created_ns = store_meta_integer(store, "created_ns", 0);
	out->ended_ns = store_meta_integer(store, "ended_ns", 0);
	out->newest_ns = store_meta_integer(store, "newest_ns", out->created_ns);
	out->interval_ms = (uint32_t)store_meta_integer(store, "interval_ms", 1000);
}

static int read_frame(const struct reading *reading)
{
	struct recording *recording = reading->recording;
	struct stat status;

	recording->path = strdup(reading->store->path);
	if (!recording->path)
		return error_set(reading->error, SEEP_ERR_MEMORY, "out of memory; cannot read %s",
				 reading->store->path);
	store_read_times(reading->store, recording);
	if (stat(reading->store->path, &status) == 0)
		recording->file_bytes = (uint64_t)status.st_size;
	return SEEP_OK;
}

static int allocate_arrays(const struct reading *reading)
{
	struct recording *recording = reading->recording;
	int code = ARRAY_FOR(reading, "process", &recording->processes, &recording->process_count);

	if (code == SEEP_OK)
		code = ARRAY_FOR(reading, "module", &recording->modules, &recording->module_count);
	if (code == SEEP_OK)
		code = ARRAY_FOR(reading, "location", &recording->locations, &recording->location_count);
	if (code == SEEP_OK)
		code = ARRAY_FOR(reading, "node", &recording->nodes, &recording->node_count);
	if (code == SEEP_OK)
		code = ARRAY_FOR(reading, "site", &recording->sites, &recording->site_count);
	return code;
}

static int fill_arrays(const struct reading *reading)
{
	/* in this order: a row is checked against the tables before it */
	static const struct {
		const char *sql;
		row_function *row;
	} tables[] = {
		{"SELECT id, pid, ppid, parent_id, exe, command, allocator, started_ns, ended_ns, end_reason"
		 " FROM process",
		 process_row},
		{"SELECT process_id, name, value FROM trust", trust_row},
		{"SELECT process_id, seep_private_bytes, max(time) FROM process_sample"
		 " WHERE seep_private_bytes IS NOT NULL GROUP BY process_id",
		 private_row},
		{"SELECT id, path, build_id, size, symbol_status FROM module", module_row},
		{"SELECT id, module_id, offset, exact, pseudo, resolved FROM location", location_row},
		{"SELECT location_id, function, file, line, start_line FROM symbol ORDER BY location_id, inline_depth",
		 symbol_row},
		{"SELECT id, parent_id, location_id, guessed FROM node ORDER BY id", node_row},
		{"SELECT id, node_id, kind FROM site", site_row},
		{"SELECT process_id, kind, node_id, previous_node_id, count, last_fd FROM misuse"
		 " ORDER BY process_id, count DESC, node_id, previous_node_id",
		 misuse_row},
		{"SELECT process_id, target, count FROM unseen_descriptor ORDER BY process_id, count DESC, target",
		 unseen_row},
	};
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && code == SEEP_OK; i++)
		code = each_row(reading, tables[i].sql, tables[i].row);
	if (code == SEEP_OK && reading->store->version >= 2)
		code = each_row(reading, "SELECT time_ns, interval FROM sampling ORDER BY time_ns", sampling_row);
	return code;
}

int store_begin_reading(struct store *store, struct error *error)
{
	if (store->writer)
		return SEEP_OK;
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
	return store_execute(store, "BEGIN", error);
}

int store_read_recording(struct store *store, struct recording *out, struct error *error)
{
	struct reading reading = {.store = store, .recording = out, .error = error};
	int code;

	memset(out, 0, sizeof(*out));
	code = store_begin_reading(store, error);
	if (code == SEEP_OK)
		code = read_frame(&reading);
	if (code == SEEP_OK)
		code = allocate_arrays(&reading);
	if (code == SEEP_OK)
		code = fill_arrays(&reading);
	if (code)
		recording_release(out);
	return code;
}
