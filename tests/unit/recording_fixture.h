/* SPDX-License-Identifier: MIT */
/*
 * recording_fixture.h - recordings in memory, written as text.
 *
 * A stack is one line, innermost first, locations separated by ';':
 *
 *	"libc.so.6!strdup; app!put@cache.c:10 + insert@cache.c:90; app!main@main.c:5"
 *
 * MODULE!FUNCTION@FILE:LINE (@ and what follows may be missing), inlined functions before the one that contains them,
 * joined by '+'; MODULE!0x1234 is a location without symbols, and [text] a pseudo frame.
 */
#ifndef SEEP_RECORDING_FIXTURE_H
#define SEEP_RECORDING_FIXTURE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/base/model.h"

#define FIXTURE_MOST 64

struct fixture {
	struct recording recording;
	struct model_total totals[FIXTURE_MOST];
	size_t count;
	size_t modules_room, locations_room, nodes_room, sites_room;
	char *specs[FIXTURE_MOST]; /* by location id: what it was made from */
};

static inline void fixture_init(struct fixture *fixture)
{
	struct recording *recording = &fixture->recording;

	*fixture = (struct fixture){0};
	recording->path = memory_string("fixture.db");
	recording->modules = memory_zeroed(FIXTURE_MOST, sizeof(*recording->modules));
	recording->locations = memory_zeroed(FIXTURE_MOST, sizeof(*recording->locations));
	recording->nodes = memory_zeroed(FIXTURE_MOST, sizeof(*recording->nodes));
	recording->sites = memory_zeroed(FIXTURE_MOST, sizeof(*recording->sites));
	recording->processes = memory_zeroed(2, sizeof(*recording->processes));
	recording->module_count = recording->location_count = recording->node_count = recording->site_count = 1;
	recording->process_count = 2;
	recording->processes[1] = (struct model_process){
		.id = 1,
		.pid = 4711,
		.exe = memory_string("/srv/app"),
		.command = memory_string("app --serve"),
		.allocator = memory_string("/lib/libjemalloc.so.2"),
	};
}

static inline void fixture_release(struct fixture *fixture)
{
	recording_release(&fixture->recording);
	for (size_t i = 0; i < FIXTURE_MOST; i++)
		free(fixture->specs[i]);
}

static inline uint32_t fixture_module(struct fixture *fixture, const char *name, size_t size)
{
	struct recording *recording = &fixture->recording;
	char *path = memory_format("%s%.*s", strncmp(name, "lib", 3) ? "/srv/" : "/lib/", (int)size, name);
	struct model_module *module;

	for (uint32_t i = 1; i < recording->module_count; i++)
		if (!strcmp(recording->modules[i].path, path)) {
			free(path);
			return i;
		}
	module = &recording->modules[recording->module_count];
	*module = (struct model_module){.id = (uint32_t)recording->module_count,
					.path = path,
					.build_id = memory_string("abcd"),
					.symbol_status = memory_string("debug info")};
	return (uint32_t)recording->module_count++;
}

static inline void fixture_symbol(struct model_location *location, const char *spec, size_t size)
{
	char *text = memory_format("%.*s", (int)size, spec), *at = strchr(text, '@'), *colon;
	struct model_symbol *symbol;

	location->symbols = realloc(location->symbols, (location->symbol_count + 1) * sizeof(*location->symbols));
	symbol = &location->symbols[location->symbol_count++];
	*symbol = (struct model_symbol){0};
	if (at) {
		*at++ = '\0';
		colon = strchr(at, ':');
		if (colon) {
			*colon++ = '\0';
			symbol->line = (uint32_t)atoi(colon);
		}
		symbol->file = memory_string(at);
	}
	symbol->function = memory_string(text);
	free(text);
}

static inline void fixture_fill_location(struct fixture *fixture, struct model_location *location, const char *spec)
{
	const char *bang = strchr(spec, '!');
	const char *functions = bang + 1;

	location->resolved = true;
	if (spec[0] == '[') {
		location->pseudo = memory_string(spec);
		location->module_id = 0;
		return;
	}
	location->module_id = fixture_module(fixture, spec, (size_t)(bang - spec));
	if (!strncmp(functions, "0x", 2)) {
		location->offset = strtoull(functions, NULL, 16);
		return;
	}
	while (*functions) {
		size_t size = strcspn(functions, "+"), kept = size;

		while (kept && functions[kept - 1] == ' ')
			kept--;
		fixture_symbol(location, functions, kept);
		functions += size;
		functions += strspn(functions, "+ ");
	}
}

static inline uint32_t fixture_location(struct fixture *fixture, const char *spec)
{
	struct recording *recording = &fixture->recording;
	uint32_t id;

	for (id = 1; id < recording->location_count; id++)
		if (!strcmp(fixture->specs[id], spec))
			return id;
	fixture->specs[id] = memory_string(spec);
	recording->locations[id] = (struct model_location){.id = id, .offset = 0x1000 + 16 * id};
	recording->location_count++;
	fixture_fill_location(fixture, &recording->locations[id], spec);
	return id;
}

static inline uint32_t fixture_child(struct fixture *fixture, uint32_t parent, uint32_t location)
{
	struct recording *recording = &fixture->recording;
	uint32_t id;

	for (id = 1; id < recording->node_count; id++)
		if (recording->nodes[id].parent_id == parent && recording->nodes[id].location_id == location)
			return id;
	recording->nodes[id] = (struct model_node){.id = id, .parent_id = parent, .location_id = location};
	recording->node_count++;
	return id;
}

/* The tree node of a stack. */
static inline uint32_t fixture_node(struct fixture *fixture, const char *stack)
{
	const char *end = stack + strlen(stack);
	uint32_t node = 0;

	/* outermost first, that is, from the end of the text */
	while (end > stack) {
		const char *start = end;
		char *spec;

		while (start > stack && start[-1] != ';')
			start--;
		spec = memory_format("%.*s", (int)(end - start - (long)strspn(start, " ")), start + strspn(start, " "));
		node = fixture_child(fixture, node, fixture_location(fixture, spec));
		free(spec);
		end = start > stack ? start - 1 : stack;
	}
	return node;
}

/* A callsite that holds `count` things of `bytes` together, and has acquired twice as much. Returns the site's id. */
static inline uint32_t fixture_add(struct fixture *fixture, enum seep_kind kind, int64_t count, int64_t bytes,
				   const char *stack)
{
	struct recording *recording = &fixture->recording;
	uint32_t node = fixture_node(fixture, stack);
	uint32_t id = (uint32_t)recording->site_count++;

	recording->sites[id] = (struct model_site){.id = id, .node_id = node, .kind = kind};
	fixture->totals[fixture->count++] = (struct model_total){
		.site_id = id,
		.live_count = count,
		.live_bytes = bytes,
		.acquired_count = (uint64_t)count * 2,
		.acquired_bytes = (uint64_t)bytes * 2,
		.released_count = (uint64_t)count,
		.released_bytes = (uint64_t)bytes,
	};
	return id;
}

#endif
