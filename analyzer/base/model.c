/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

static void locations_release(struct model_location *locations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < locations[i].symbol_count; j++) {
			free(locations[i].symbols[j].function);
			free(locations[i].symbols[j].file);
		}
		free(locations[i].symbols);
		free(locations[i].pseudo);
	}
	free(locations);
}

void recording_release(struct recording *recording)
{
	for (size_t i = 0; i < recording->process_count; i++) {
		free(recording->processes[i].exe);
		free(recording->processes[i].command);
		free(recording->processes[i].allocator);
	}
	for (size_t i = 0; i < recording->module_count; i++) {
		free(recording->modules[i].path);
		free(recording->modules[i].build_id);
		free(recording->modules[i].symbol_status);
	}
	for (size_t i = 0; i < recording->unseen_count; i++)
		free(recording->unseen[i].target);
	locations_release(recording->locations, recording->location_count);
	free(recording->processes);
	free(recording->modules);
	free(recording->nodes);
	free(recording->sites);
	free(recording->misuses);
	free(recording->unseen);
	free(recording->samplings);
	free(recording->path);
	memset(recording, 0, sizeof(*recording));
}

static const char *const kind_names[SEEP_KIND_COUNT] = {
#define X(id, number, name, group) [number] = name,
	SEEP_KINDS(X)
#undef X
};

const char *kind_name(enum seep_kind kind)
{
	return (unsigned)kind < SEEP_KIND_COUNT ? kind_names[kind] : "unknown";
}

int kind_by_name(const char *name)
{
	for (int i = 0; i < SEEP_KIND_COUNT; i++) {
		if (strcmp(kind_names[i], name) == 0)
			return i;
	}
	return -1;
}
