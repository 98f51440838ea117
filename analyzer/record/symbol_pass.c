/* SPDX-License-Identifier: MIT */
#include "symbol_pass.h"

#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../symbols/symbol_cache.h"
#include "../symbols/symbols.h"

enum { LOCATIONS_AT_ONCE = 128 };
/* Opened modules are kept for new addresses in them; after this long without any, their memory is given back. */
#define KEEP_OPEN_NS (30 * NS_PER_S)

static void statuses_release(struct symbol_pass *pass)
{
	for (uint32_t i = 0; i < pass->module_capacity; i++)
		free(pass->status_of_module[i]);
	free(pass->status_of_module);
	pass->status_of_module = NULL;
	pass->module_capacity = 0;
}

void symbol_pass_save(struct symbol_pass *pass)
{
	if (pass->symbolizer)
		symbolizer_save(pass->symbolizer);
}

static void pass_close(struct symbol_pass *pass)
{
	symbol_pass_save(pass);
	symbolizer_close(pass->symbolizer);
	pass->symbolizer = NULL;
}

static void module_release(struct symbol_pass *pass)
{
	free(pass->module.path);
	free(pass->module.build_id);
	free(pass->module.symbol_status);
	pass->module = (struct model_module){0};
}

void symbol_pass_forget(struct symbol_pass *pass)
{
	pass->after = 0;
	module_release(pass);
	statuses_release(pass);
}

void symbol_pass_release(struct symbol_pass *pass)
{
	pass_close(pass);
	module_release(pass);
	statuses_release(pass);
}

/* ---- one location ---- */

/* Mostly the one of the location before. */
static int read_module(struct symbol_pass *pass, struct store *store, uint32_t id, struct error *error)
{
	int code;

	if (pass->module.id == id)
		return SEEP_OK;
	module_release(pass);
	code = store_read_module(store, id, &pass->module, error);
	if (code)
		module_release(pass);
	return code;
}

/* True if the status is what is stored already; remembers it otherwise. */
static bool status_is_stored(struct symbol_pass *pass, uint32_t module_id, const char *status)
{
	uint32_t capacity = module_id + 64;
	char **grown;

	if (module_id >= pass->module_capacity) {
		grown = realloc(pass->status_of_module, capacity * sizeof(*grown));
		if (!grown)
			return false;
		memset(grown + pass->module_capacity, 0, (capacity - pass->module_capacity) * sizeof(*grown));
		pass->status_of_module = grown;
		pass->module_capacity = capacity;
	}
	if (pass->status_of_module[module_id] && strcmp(pass->status_of_module[module_id], status) == 0)
		return true;
	free(pass->status_of_module[module_id]);
	pass->status_of_module[module_id] = strdup(status);
	return false;
}

static int put_status(struct symbol_pass *pass, struct store *store, const struct model_module *module,
		      struct error *error)
{
	const char *debug_file = NULL;
	const char *status = symbolizer_status(pass->symbolizer, module, &debug_file);

	if (!status || status_is_stored(pass, module->id, status))
		return SEEP_OK;
	return store_put_symbol_status(store, module->id, status, debug_file, error);
}

static int resolve_one(struct symbol_pass *pass, struct store *store, const struct store_unresolved *location,
		       struct error *error)
{
	struct model_symbol *symbols = NULL;
	const struct model_module *module = &pass->module;
	size_t count = 0;
	int code = read_module(pass, store, location->module_id, error);

	/* code of no file has no names, and its module says so from the start */
	if (code == SEEP_OK && module->path[0]) {
		if (symbolizer_resolve(pass->symbolizer, module, location->offset, location->exact, &symbols, &count))
			count = 0;
		code = put_status(pass, store, module, error);
	}
	if (code == SEEP_OK)
		code = store_put_symbols(store, location->location_id, symbols, count, error);
	symbols_release(symbols, count);
	return code;
}

/* ---- the pass ---- */

static void rest(struct symbol_pass *pass, int64_t now_ns)
{
	if (!pass->idle_since_ns)
		pass->idle_since_ns = now_ns;
	if (now_ns - pass->idle_since_ns > KEEP_OPEN_NS)
		pass_close(pass);
}

/* Without a symbolizer the addresses stay unresolved: the report's reader resolves them, as far as it can. */
static bool pass_open(struct symbol_pass *pass)
{
	struct symbolizer_options options = {.use_debuginfod = false};
	char *directory;

	if (pass->symbolizer || pass->is_off)
		return !pass->is_off;
	directory = symbol_cache_directory();
	options.cache_directory = directory;
	pass->is_off = symbolizer_open(&options, &pass->symbolizer, NULL) != 0;
	free(directory);
	return !pass->is_off;
}

/* Resolves locations that were read, until the time is up. */
static int resolve_some(struct symbol_pass *pass, struct store *store, const struct store_unresolved *locations,
			size_t count, int64_t until_ns, struct error *error)
{
	int code = SEEP_OK;
	size_t done = 0;

	while (done < count && code == SEEP_OK && (!done || clock_boottime_ns() < until_ns))
		code = resolve_one(pass, store, &locations[done++], error);
	if (code == SEEP_OK)
		code = store_put_resolved(store, locations[0].location_id, locations[done - 1].location_id, error);
	if (code == SEEP_OK)
		pass->after = locations[done - 1].location_id;
	return code;
}

int symbol_pass_run(struct symbol_pass *pass, struct store *store, int64_t budget_ns, bool *done, struct error *error)
{
	struct store_unresolved locations[LOCATIONS_AT_ONCE];
	int64_t until_ns = clock_boottime_ns() + budget_ns;
	size_t count;
	int code;

	*done = false;
	do {
		code = store_read_unresolved(store, pass->after, locations, LOCATIONS_AT_ONCE, &count, error);
		if (code)
			return code;
		*done = count == 0 || !pass_open(pass);
		if (*done) {
			rest(pass, clock_boottime_ns());
			return SEEP_OK;
		}
		pass->idle_since_ns = 0;
		code = resolve_some(pass, store, locations, count, until_ns, error);
	} while (code == SEEP_OK && clock_boottime_ns() < until_ns);
	return code;
}
