/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/idmap.h"
#include "proc.h"
#include "releases.h"

enum { PIECE_NODES = 128, PIECE_SITES = 64 };
enum { COMMAND_SIZE = 4096 };
enum { LARGE_BLOCK = 128 << 10 };    /* the C library gives such a block a mapping of its own */
enum { MOST_DESCRIPTORS = 1 << 30 }; /* a sum beyond is none: the counters were written over */
/* A process may change its command line after its start: workers do, to say what they are. */
#define COMMAND_SETTLED_NS (5 * NS_PER_S)

/* Estimated parts, rounded where they are stored. */
struct part_sum {
	double count, bytes, count_variance, bytes_variance;
};

/* A site of the recording; several of the arena's may be the same one. */
struct figure {
	uint32_t site_id;
	enum seep_kind kind;
	bool is_stored;
	uint64_t inherited_count, inherited_bytes, inherited_birth_sum;
	struct part_sum inherited_part;
	struct arena_counters now, stored;
	struct store_parts parts, stored_parts; /* of them, what is estimated */
	uint64_t interval;                      /* the largest that its blocks were sampled with */
	uint64_t stored_interval;
	double weight, stored_weight; /* objects that one sampled block stands for at most */
};

struct watch {
	uint32_t slot;
	struct arena_entry entry;
	uint32_t pid; /* for /proc */
	struct slot_header header;
	uint32_t process_id;
	bool was_there; /* the process had rows before: a recorder was here, or a commit failed */
	int64_t command_due_ns;

	/* by the arena's index: the row, 0 not yet */
	uint32_t *modules, *nodes;
	uint32_t modules_capacity, nodes_capacity;
	uint32_t modules_known, nodes_known; /* indexes below are in the arrays */
	struct arena_node
		piece[PIECE_NODES]; /* of the tree as last read: nodes piece_first to piece_first + piece_count */
	uint32_t piece_first, piece_count;
	uint32_t *path; /* scratch of node_id() */
	uint32_t path_capacity;

	struct arena_site *sites;
	uint32_t *figure_of_site; /* index + 1 into figures; 0 nothing to store yet */
	uint32_t sites_capacity, sites_known;
	struct arena_counters *counters; /* scratch of a reading */
	struct arena_estimates *estimates;
	uint32_t estimates_capacity;
	bool is_sampled; /* some site has an interval */
	struct figure *figures;
	uint32_t figure_count, figure_capacity;
	struct idmap figure_by_site; /* (site_id, 0) -> index + 1 */

	uint64_t trust_stored[TRUST_COUNT];
	struct arena_misuse *misuse_stored;
	uint32_t misuse_count;
	struct releases releases;
	uint32_t impossible;
};

/* ---- memory ---- */

static int no_memory(const struct tick *tick)
{
	return error_set(tick->error, SEEP_ERR_MEMORY, "the recorder is out of memory; it goes on when there is some");
}

/* Makes room for `count` entries, the new ones zeroed. */
static int grow(const struct tick *tick, void *array, uint32_t *capacity, uint32_t count, size_t entry_size)
{
	uint32_t larger = *capacity * 2 > count ? *capacity * 2 : count + 64;
	char *grown;

	if (count <= *capacity)
		return SEEP_OK;
	grown = realloc(*(void **)array, larger * entry_size);
	if (!grown)
		return no_memory(tick);
	memset(grown + *capacity * entry_size, 0, (larger - *capacity) * entry_size);
	*(void **)array = grown;
	*capacity = larger;
	return SEEP_OK;
}

struct watch *watch_open(uint32_t slot, const struct arena_entry *entry)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->slot = slot;
	watch->entry = *entry;
	watch->pid = entry->pid;
	return watch;
}

void watch_forget(struct watch *watch)
{
	watch->process_id = 0;
	watch->was_there = false;
	watch->command_due_ns = 0;
	watch->modules_known = watch->nodes_known = watch->sites_known = 0;
	watch->piece_count = 0;
	watch->figure_count = 0;
	watch->misuse_count = 0;
	releases_forget(&watch->releases);
	watch->impossible = 0;
	memset(watch->trust_stored, 0, sizeof(watch->trust_stored));
	idmap_clear(&watch->figure_by_site);
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	watch_forget(watch);
	free(watch->modules);
	free(watch->nodes);
	free(watch->path);
	free(watch->sites);
	free(watch->figure_of_site);
	free(watch->counters);
	free(watch->estimates);
	free(watch->figures);
	free(watch->misuse_stored);
	free(watch);
}

/* ---- what others ask ---- */

uint32_t watch_slot(const struct watch *watch)
{
	return watch->slot;
}

uint32_t watch_pid(const struct watch *watch)
{
	return watch->pid;
}

void watch_set_pid(struct watch *watch, uint32_t pid)
{
	watch->pid = pid;
}

uint32_t watch_generation(const struct watch *watch)
{
	return watch->entry.generation;
}

uint64_t watch_claimed_ns(const struct watch *watch)
{
	return watch->entry.claimed_realtime_ns;
}

uint32_t watch_process_id(const struct watch *watch)
{
	return watch->process_id;
}

uint32_t watch_impossible_entries(const struct watch *watch)
{
	return watch->impossible;
}

const struct slot_header *watch_header(const struct watch *watch)
{
	return &watch->header;
}

uint32_t watch_node_id(const struct watch *watch, uint32_t node)
{
	return node < watch->nodes_known ? watch->nodes[node] : 0;
}

uint32_t watch_site_id(const struct watch *watch, uint32_t site)
{
	uint32_t figure = site < watch->sites_known ? watch->figure_of_site[site] : 0;

	return figure ? watch->figures[figure - 1].site_id : 0;
}

/* Counters that are written over may be anything. */
static int64_t at_least_none(uint64_t sum)
{
	return (int64_t)sum < 0 ? 0 : (int64_t)sum;
}

void watch_heap(const struct watch *watch, struct model_look *out)
{
	uint64_t count_sum = 0, bytes_sum = 0, large_sum = 0;

	for (uint32_t i = 0; i < watch->figure_count; i++) {
		const struct figure *figure = &watch->figures[i];
		uint64_t count = figure->inherited_count + figure->now.acquired_count - figure->now.released_count;
		uint64_t bytes = figure->inherited_bytes + figure->now.acquired_bytes - figure->now.released_bytes;

		if (figure->kind != SEEP_KIND_HEAP)
			continue;
		count_sum += count;
		bytes_sum += bytes;
		large_sum += count && bytes / count >= LARGE_BLOCK ? bytes : 0;
	}
	out->live_count = at_least_none(count_sum);
	out->live_bytes = at_least_none(bytes_sum);
	out->large_bytes = at_least_none(large_sum);
}

struct fd_counts watch_descriptors(const struct watch *watch)
{
	uint64_t sums[SEEP_KIND_COUNT] = {0};
	struct fd_counts counts = {{0}};

	for (uint32_t i = 0; i < watch->figure_count; i++) {
		const struct figure *figure = &watch->figures[i];

		sums[figure->kind] += figure->inherited_count + figure->now.acquired_count - figure->now.released_count;
	}
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		counts.by_kind[kind] = sums[kind] <= MOST_DESCRIPTORS ? (int64_t)sums[kind] : 0;
	return counts;
}

/* ---- the process ---- */

static uint32_t parent_id(const struct watch *watch, const struct tick *tick)
{
	uint32_t id = 0;
	bool has_ended;

	if (watch->entry.parent_slot != UINT32_MAX)
		store_find_process(tick->store, watch->entry.parent_slot, watch->entry.parent_generation, &id,
				   &has_ended);
	return id;
}

/* By the clock of the process, which may have been set since: within the recording all the same. */
static int64_t started_ns(const struct watch *watch, const struct tick *tick)
{
	int64_t claimed_ns = (int64_t)watch->entry.claimed_realtime_ns;
	int64_t created_ns = (int64_t)arena_head(tick->arena)->created_realtime_ns;

	if (claimed_ns > tick->now_ns)
		return tick->now_ns;
	return claimed_ns < created_ns ? created_ns : claimed_ns;
}

static int record_process(struct watch *watch, const struct tick *tick)
{
	char command[COMMAND_SIZE], exe[ARENA_PATH_MAX];
	struct store_process process = {
		.pid = watch->entry.pid,
		.ppid = watch->header.ppid,
		.parent_id = parent_id(watch, tick),
		.slot = watch->slot,
		.generation = watch->entry.generation,
		.exe = watch->header.exe,
		.command = command,
		.allocator = watch->header.allocator[0] ? watch->header.allocator : NULL,
		.started_ns = started_ns(watch, tick),
	};
	uint32_t id;
	bool has_ended;

	if (!watch->process_id)
		watch->was_there = store_find_process(tick->store, watch->slot, watch->entry.generation, &id,
						      &has_ended) == SEEP_OK;
	proc_command_read(watch->pid, command, sizeof(command));
	if (!command[0])
		process.command = NULL;
	if (!process.exe[0]) {
		proc_link_read(watch->pid, "exe", exe, sizeof(exe));
		process.exe = exe;
	}
	watch->command_due_ns = watch->process_id ? INT64_MAX : tick->now_ns + COMMAND_SETTLED_NS;
	return store_put_process(tick->store, &process, &watch->process_id, tick->error);
}

/* ---- modules ---- */

/* Where the file of a module is: the program itself has no name for the linker, and a relative one is as of the
 * process's cwd. */
static void module_file(const struct watch *watch, const struct arena_module *module, char *out, size_t size)
{
	char directory[ARENA_PATH_MAX];

	if (module->path_truncated) {
		snprintf(out, size, ".../%s", module->path);
	} else if (!module->path[0]) {
		snprintf(out, size, "%s", watch->header.exe);
	} else if (module->path[0] != '/' && strchr(module->path, '/')) {
		proc_link_read(watch->pid, "cwd", directory, sizeof(directory));
		snprintf(out, size, "%s/%s", directory, module->path);
	} else {
		snprintf(out, size, "%s", module->path);
	}
}

static int record_module(struct watch *watch, const struct tick *tick, uint32_t index)
{
	char file[2 * ARENA_PATH_MAX], build_id[2 * 32 + 1] = "";
	struct arena_module module;

	if (index == ARENA_MODULE_ANONYMOUS)
		return store_put_anonymous_module(tick->store, &watch->modules[index], tick->error);
	if (arena_read_modules(tick->arena, watch->slot, index, &module, 1) != 1)
		return SEEP_OK;
	switch (arena_module_status(&module)) {
	case ARENA_ENTRY_INCOMPLETE:
		return SEEP_OK;
	case ARENA_ENTRY_IMPOSSIBLE:
		watch->impossible++;
		return store_put_anonymous_module(tick->store, &watch->modules[index], tick->error);
	case ARENA_ENTRY_OK:
		break;
	}
	for (uint32_t i = 0; i < module.build_id_size; i++)
		snprintf(build_id + 2 * i, 3, "%02x", module.build_id[i]);
	module_file(watch, &module, file, sizeof(file));
	return store_put_module(tick->store, file, build_id, module.size, &watch->modules[index], tick->error);
}

/* *id 0: the module is not complete. */
static int module_id(struct watch *watch, const struct tick *tick, uint32_t index, uint32_t *id)
{
	int code = grow(tick, &watch->modules, &watch->modules_capacity, index + 1, sizeof(watch->modules[0]));

	*id = 0;
	for (; code == SEEP_OK && watch->modules_known <= index; watch->modules_known++)
		watch->modules[watch->modules_known] = 0;
	if (code == SEEP_OK && !watch->modules[index])
		code = record_module(watch, tick, index);
	if (code == SEEP_OK)
		*id = watch->modules[index];
	return code;
}

/* ---- nodes ---- */

static int location_id(struct watch *watch, const struct tick *tick, const struct arena_node *node, uint32_t *id)
{
	uint32_t module = arena_node_module(node);
	uint32_t row;
	int code;

	*id = 0;
	if (module == ARENA_MODULE_PSEUDO)
		return store_put_pseudo_location(tick->store, (enum arena_pseudo)node->offset, id, tick->error);
	code = module_id(watch, tick, module, &row);
	if (code || !row)
		return code;
	return store_put_location(tick->store, row, node->offset, (node->module_and_flags & ARENA_FRAME_EXACT) != 0, id,
				  tick->error);
}

/* Fetches a node, with its neighbours: a stack's nodes lie close together. False if it is not complete, or impossible.
 */
static bool read_node(struct watch *watch, const struct tick *tick, uint32_t index, struct arena_node *out)
{
	enum arena_status status;

	if (index < watch->piece_first || index - watch->piece_first >= watch->piece_count) {
		watch->piece_first = index / PIECE_NODES * PIECE_NODES;
		watch->piece_count =
			arena_read_nodes(tick->arena, watch->slot, watch->piece_first, watch->piece, PIECE_NODES);
		if (index - watch->piece_first >= watch->piece_count)
			return false;
	}
	*out = watch->piece[index - watch->piece_first];
	status = arena_node_status(arena_head(tick->arena), out, index);
	watch->impossible += status == ARENA_ENTRY_IMPOSSIBLE;
	return status == ARENA_ENTRY_OK;
}

static int path_add(struct watch *watch, const struct tick *tick, uint32_t at, uint32_t index)
{
	int code = grow(tick, &watch->path, &watch->path_capacity, at + 1, sizeof(watch->path[0]));

	if (code == SEEP_OK)
		watch->path[at] = index;
	return code;
}

/* *id 0: the node, or what it needs, is not complete. */
static int record_one_node(struct watch *watch, const struct tick *tick, uint32_t index, uint32_t *id)
{
	struct arena_node node;
	uint32_t location;
	int code;

	*id = 0;
	if (!read_node(watch, tick, index, &node))
		return SEEP_OK;
	code = location_id(watch, tick, &node, &location);
	if (code || !location)
		return code;
	code = store_put_node(tick->store, node.parent ? watch->nodes[node.parent] : 0, location,
			      (node.module_and_flags & ARENA_FRAME_GUESSED) != 0, &watch->nodes[index], tick->error);
	*id = watch->nodes[index];
	return code;
}

/*
 * Climbs to a node that has a row, and comes down again. Only stacks that have something to tell get rows: a forked
 * child has all of its parent's.
 */
int watch_put_node(struct watch *watch, const struct tick *tick, uint32_t index, uint32_t *id)
{
	struct arena_node node;
	uint32_t length = 0;
	int code = SEEP_OK;

	*id = 0;
	if (index >= watch->nodes_known)
		return SEEP_OK;
	/* a parent's index is smaller: this ends */
	for (uint32_t at = index; at && !watch->nodes[at]; at = node.parent) {
		code = path_add(watch, tick, length++, at);
		if (code || !read_node(watch, tick, at, &node))
			return code;
	}
	*id = watch->nodes[index];
	while (length && code == SEEP_OK) {
		code = record_one_node(watch, tick, watch->path[--length], id);
		if (!*id)
			return code;
	}
	return code;
}

static int read_nodes(struct watch *watch, const struct tick *tick)
{
	uint32_t used = watch->header.nodes_used;
	int code = grow(tick, &watch->nodes, &watch->nodes_capacity, used, sizeof(watch->nodes[0]));

	for (; code == SEEP_OK && watch->nodes_known < used; watch->nodes_known++)
		watch->nodes[watch->nodes_known] = 0;
	return code;
}

/* ---- sites and their figures ---- */

static int read_sites(struct watch *watch, const struct tick *tick)
{
	uint32_t used = watch->header.sites_used;
	uint32_t capacity = watch->sites_capacity, capacity_2 = capacity, capacity_3 = capacity;
	int code = grow(tick, &watch->sites, &capacity, used, sizeof(watch->sites[0]));

	if (code == SEEP_OK)
		code = grow(tick, &watch->figure_of_site, &capacity_2, used, sizeof(watch->figure_of_site[0]));
	if (code == SEEP_OK)
		code = grow(tick, &watch->counters, &capacity_3, used, sizeof(watch->counters[0]));
	if (code)
		return code;
	watch->sites_capacity = capacity_3;
	for (; watch->sites_known < used; watch->sites_known++) {
		watch->sites[watch->sites_known].ready = 0;
		watch->figure_of_site[watch->sites_known] = 0;
	}
	if (arena_read_counters(tick->arena, watch->slot, 0, watch->counters, used) != used)
		return error_set(tick->error, SEEP_ERR_DAMAGED,
				 "%s cannot be read, or was cut short; what was stored before stays",
				 arena_path(tick->arena));
	return SEEP_OK;
}

/* Fetches the entry of a site, and of those behind it that have none yet: most are asked for next. */
static void read_entries_from(struct watch *watch, const struct tick *tick, uint32_t index)
{
	struct arena_site piece[PIECE_SITES];
	uint32_t left = watch->sites_known - index;
	uint32_t count =
		arena_read_sites(tick->arena, watch->slot, index, piece, left < PIECE_SITES ? left : PIECE_SITES);

	for (uint32_t i = 0; i < count; i++) {
		if (watch->sites[index + i].ready ||
		    arena_site_status(arena_head(tick->arena), &piece[i]) != ARENA_ENTRY_OK)
			continue;
		watch->sites[index + i] = piece[i];
		watch->is_sampled |= piece[i].interval != 0;
	}
}

/* True if the site's entry is complete and possible. */
static bool site_is_known(struct watch *watch, const struct tick *tick, uint32_t index)
{
	if (!watch->sites[index].ready)
		read_entries_from(watch, tick, index);
	return watch->sites[index].ready != 0;
}

/*
 * An empty stack, and in the end one that was never completed, is "[stack missing]": its events are counted all the
 * same.
 */
static int node_of_site(struct watch *watch, const struct tick *tick, const struct arena_site *site,
			enum watch_reading reading, uint32_t *id)
{
	int code = SEEP_OK;

	*id = 0;
	if (site->node)
		code = watch_put_node(watch, tick, site->node, id);
	if (code == SEEP_OK && !*id && (!site->node || reading >= WATCH_FINAL))
		code = watch_put_node(watch, tick, PSEUDO_MISSING, id);
	return code;
}

static int figure_add(struct watch *watch, const struct tick *tick, uint32_t site_id, const struct arena_site *site,
		      uint32_t *out)
{
	struct figure *figure;
	int code = grow(tick, &watch->figures, &watch->figure_capacity, watch->figure_count + 1,
			sizeof(watch->figures[0]));

	if (code)
		return code;
	if (idmap_put(&watch->figure_by_site, site_id, 0, watch->figure_count + 1))
		return no_memory(tick);
	figure = &watch->figures[watch->figure_count++];
	*figure = (struct figure){.site_id = site_id, .kind = (enum seep_kind)site->kind};
	if (watch->was_there)
		figure->is_stored = store_read_figures(tick->store, watch->process_id, site_id, &figure->stored,
						       &figure->stored_parts);
	*out = watch->figure_count;
	return SEEP_OK;
}

/* A double of the arena: what is written over may be anything. */
static double real_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value >= 0 && value < 1e200 ? value : 0;
}

static double objects_of(uint64_t units)
{
	return (double)units / ARENA_COUNT_UNIT;
}

static double bytes_of(uint64_t units)
{
	return (double)units / ARENA_BYTES_UNIT;
}

static uint64_t seconds_of(uint64_t birth_units)
{
	return (uint64_t)((int64_t)birth_units / (int64_t)ARENA_BIRTH_UNIT);
}

static int record_inherited(struct watch *watch, const struct tick *tick, struct figure *figure, uint32_t index)
{
	const struct arena_site *site = &watch->sites[index];
	struct part_sum *part = &figure->inherited_part;
	struct arena_estimates estimates = {0};
	int code;

	if (!site->inherited_count && !site->inherited_bytes)
		return SEEP_OK;
	if (site->interval)
		arena_read_estimates(tick->arena, watch->slot, index, &estimates, 1);
	part->count += objects_of(estimates.inherited_count);
	part->bytes += bytes_of(estimates.inherited_bytes);
	part->count_variance += real_of(estimates.inherited_count_variance);
	part->bytes_variance += real_of(estimates.inherited_bytes_variance);
	figure->inherited_count += site->inherited_count;
	figure->inherited_bytes += site->inherited_bytes;
	figure->inherited_birth_sum += site->inherited_birth_sum + seconds_of(estimates.inherited_birth_sum);
	code = store_put_inherited(tick->store, watch->process_id, figure->site_id,
				   figure->inherited_count + (uint64_t)llround(part->count),
				   figure->inherited_bytes + (uint64_t)llround(part->bytes),
				   figure->inherited_birth_sum, tick->error);
	if (code || !(part->count > 0))
		return code;
	return store_put_inherited_part(tick->store, watch->process_id, figure->site_id, (uint64_t)llround(part->count),
					(uint64_t)llround(part->bytes), part->count_variance, part->bytes_variance,
					tick->error);
}

/* Gives a site that has something to tell its row. */
static int figure_for(struct watch *watch, const struct tick *tick, uint32_t index, enum watch_reading reading)
{
	const struct arena_site *site = &watch->sites[index];
	uint32_t node, site_id, figure;
	int code;

	if (!site_is_known(watch, tick, index))
		return SEEP_OK;
	code = node_of_site(watch, tick, site, reading, &node);
	if (code || !node)
		return code;
	code = store_put_site(tick->store, node, (enum seep_kind)site->kind, &site_id, tick->error);
	if (code)
		return code;
	figure = idmap_find(&watch->figure_by_site, site_id, 0);
	if (!figure)
		code = figure_add(watch, tick, site_id, site, &figure);
	if (code == SEEP_OK)
		code = record_inherited(watch, tick, &watch->figures[figure - 1], index);
	if (code == SEEP_OK)
		watch->figure_of_site[index] = figure;
	return code;
}

static bool has_counted(const struct arena_counters *counters)
{
	return counters->acquired_count | counters->released_count | counters->acquired_bytes |
	       counters->released_bytes;
}

/* A site gets a row at its first event, or because a forked process had it from the start. */
static bool wants_figure(struct watch *watch, const struct tick *tick, uint32_t index, enum watch_reading reading)
{
	if (has_counted(&watch->counters[index]))
		return true;
	if (!watch->header.forked_epoch || reading == WATCH_LIVE_EVENTS || reading == WATCH_FINAL_EVENTS)
		return false;
	return site_is_known(watch, tick, index) &&
	       (watch->sites[index].inherited_count || watch->sites[index].inherited_bytes);
}

static int make_figures(struct watch *watch, const struct tick *tick, enum watch_reading reading)
{
	int code = SEEP_OK;

	for (uint32_t i = 1; i < watch->sites_known && code == SEEP_OK; i++) {
		if (!watch->figure_of_site[i] && wants_figure(watch, tick, i, reading))
			code = figure_for(watch, tick, i, reading);
	}
	return code;
}

static int read_estimates(struct watch *watch, const struct tick *tick)
{
	uint32_t count = watch->sites_known;
	int code;

	if (!watch->is_sampled)
		return SEEP_OK;
	code = grow(tick, &watch->estimates, &watch->estimates_capacity, count, sizeof(watch->estimates[0]));
	if (code)
		return code;
	if (arena_read_estimates(tick->arena, watch->slot, 0, watch->estimates, count) != count)
		return error_set(tick->error, SEEP_ERR_DAMAGED,
				 "%s cannot be read, or was cut short; what was stored before stays",
				 arena_path(tick->arena));
	return SEEP_OK;
}

/*
 * Objects that one sampled block may stand for: not more than interval / charge. Where sizes differ there may be
 * smaller blocks than the smallest that was met: an eighth of that (see ARCHITECTURE.md for what this was chosen by).
 */
static double weight_of(uint64_t interval, const struct arena_estimates *estimates)
{
	uint32_t least = estimates->least_charge;

	if (least != estimates->largest_charge)
		least /= 8;
	return (double)interval / (least > ARENA_LEAST_CHARGE ? least : ARENA_LEAST_CHARGE);
}

/* Adds what a site's sampled blocks stand for; the sums are in the arena's units. */
static void sum_estimates(struct figure *figure, struct arena_estimates *sum, uint64_t interval,
			  const struct arena_estimates *estimates)
{
	struct store_parts *parts = &figure->parts;
	double weight = weight_of(interval, estimates);

	sum->acquired_count += estimates->acquired_count;
	sum->acquired_bytes += estimates->acquired_bytes;
	sum->released_count += estimates->released_count;
	sum->released_bytes += estimates->released_bytes;
	sum->temporary_count += estimates->temporary_count;
	sum->birth_sum += estimates->birth_sum;
	parts->acquired_count_variance += real_of(estimates->acquired_count_variance);
	parts->acquired_bytes_variance += real_of(estimates->acquired_bytes_variance);
	parts->released_count_variance += real_of(estimates->released_count_variance);
	parts->released_bytes_variance += real_of(estimates->released_bytes_variance);
	figure->interval = interval > figure->interval ? interval : figure->interval;
	figure->weight = weight > figure->weight ? weight : figure->weight;
}

/* The figures are what was seen and what is estimated, together. */
static void add_estimates(struct figure *figure, const struct arena_estimates *sum)
{
	struct store_parts *parts = &figure->parts;

	parts->acquired_count = (uint64_t)llround(objects_of(sum->acquired_count));
	parts->acquired_bytes = (uint64_t)llround(bytes_of(sum->acquired_bytes));
	parts->released_count = (uint64_t)llround(objects_of(sum->released_count));
	parts->released_bytes = (uint64_t)llround(bytes_of(sum->released_bytes));
	figure->now.acquired_count += parts->acquired_count;
	figure->now.acquired_bytes += parts->acquired_bytes;
	figure->now.released_count += parts->released_count;
	figure->now.released_bytes += parts->released_bytes;
	figure->now.temporary_count += (uint64_t)llround(objects_of(sum->temporary_count));
	figure->now.birth_sum += seconds_of(sum->birth_sum);
}

static int sum_sampled(struct watch *watch, const struct tick *tick)
{
	struct arena_estimates *sums = calloc(watch->figure_count, sizeof(*sums));

	if (!sums)
		return no_memory(tick);
	for (uint32_t i = 0; i < watch->figure_count; i++)
		watch->figures[i].parts = (struct store_parts){0};
	for (uint32_t i = 1; i < watch->sites_known; i++) {
		uint32_t figure = watch->figure_of_site[i];

		if (figure && watch->sites[i].interval)
			sum_estimates(&watch->figures[figure - 1], &sums[figure - 1], watch->sites[i].interval,
				      &watch->estimates[i]);
	}
	for (uint32_t i = 0; i < watch->figure_count; i++)
		add_estimates(&watch->figures[i], &sums[i]);
	free(sums);
	return SEEP_OK;
}

static int sum_figures(struct watch *watch, const struct tick *tick)
{
	for (uint32_t i = 0; i < watch->figure_count; i++)
		watch->figures[i].now = (struct arena_counters){.birth_sum = watch->figures[i].inherited_birth_sum};
	for (uint32_t i = 1; i < watch->sites_known; i++) {
		const struct arena_counters *counters = &watch->counters[i];
		struct arena_counters *now;

		if (!watch->figure_of_site[i])
			continue;
		now = &watch->figures[watch->figure_of_site[i] - 1].now;
		now->acquired_count += counters->acquired_count;
		now->acquired_bytes += counters->acquired_bytes;
		now->released_count += counters->released_count;
		now->released_bytes += counters->released_bytes;
		now->birth_sum += counters->birth_sum;
		now->temporary_count += counters->temporary_count;
	}
	return watch->is_sampled && watch->figure_count ? sum_sampled(watch, tick) : SEEP_OK;
}

static int record_bounds(struct watch *watch, const struct tick *tick, struct figure *figure)
{
	if (figure->interval == figure->stored_interval && figure->weight == figure->stored_weight)
		return SEEP_OK;
	figure->stored_interval = figure->interval;
	figure->stored_weight = figure->weight;
	return store_put_sampled_site(tick->store, watch->process_id, figure->site_id, figure->interval, figure->weight,
				      tick->error);
}

static bool parts_are_equal(const struct store_parts *a, const struct store_parts *b)
{
	return a->acquired_count == b->acquired_count && a->acquired_bytes == b->acquired_bytes &&
	       a->released_count == b->released_count && a->released_bytes == b->released_bytes &&
	       a->acquired_count_variance == b->acquired_count_variance &&
	       a->acquired_bytes_variance == b->acquired_bytes_variance &&
	       a->released_count_variance == b->released_count_variance &&
	       a->released_bytes_variance == b->released_bytes_variance;
}

static bool is_unchanged(const struct figure *figure)
{
	return figure->is_stored && memcmp(&figure->now, &figure->stored, sizeof(figure->now)) == 0 &&
	       parts_are_equal(&figure->parts, &figure->stored_parts);
}

static int record_changes(struct watch *watch, const struct tick *tick)
{
	int code = SEEP_OK;

	for (uint32_t i = 0; i < watch->figure_count && code == SEEP_OK; i++) {
		struct figure *figure = &watch->figures[i];

		if (is_unchanged(figure))
			continue;
		code = store_put_estimates(tick->store, watch->process_id, figure->site_id, &figure->now,
					   &figure->parts, tick->error);
		figure->stored = figure->now;
		figure->stored_parts = figure->parts;
		figure->is_stored = true;
		if (code == SEEP_OK)
			code = record_bounds(watch, tick, figure);
	}
	return code;
}

static int record_sites(struct watch *watch, const struct tick *tick, enum watch_reading reading)
{
	int code = read_sites(watch, tick);

	if (code == SEEP_OK)
		code = make_figures(watch, tick, reading);
	if (code == SEEP_OK)
		code = read_estimates(watch, tick);
	if (code == SEEP_OK)
		code = sum_figures(watch, tick);
	return code ? code : record_changes(watch, tick);
}

/* ---- trust and misuse ---- */

static int record_trust(struct watch *watch, const struct tick *tick)
{
	static const char *const names[TRUST_COUNT] = {
#define X(id, name, text) [TRUST_##id] = name,
		ARENA_TRUST(X)
#undef X
	};
	int code = SEEP_OK;

	for (int i = 0; i < TRUST_COUNT && code == SEEP_OK; i++) {
		if (watch->header.trust[i] == watch->trust_stored[i])
			continue;
		code = store_put_trust(tick->store, watch->process_id, names[i], watch->header.trust[i], tick->error);
		watch->trust_stored[i] = watch->header.trust[i];
	}
	return code;
}

/* Second of the recording's clock at an epoch of the arena's. */
static int64_t time_of_epoch(const struct tick *tick, uint32_t epoch)
{
	return (int64_t)(arena_head(tick->arena)->created_realtime_ns / NS_PER_S) + (int64_t)epoch - 1;
}

static int record_one_misuse(struct watch *watch, const struct tick *tick, const struct arena_misuse *misuse)
{
	struct store_misuse row = {.process_id = watch->process_id,
				   .kind = (enum arena_misuse_kind)misuse->kind,
				   .count = misuse->count,
				   .last_fd = (int32_t)misuse->last_fd,
				   .first_time = time_of_epoch(tick, misuse->first_epoch),
				   .last_time = time_of_epoch(tick, misuse->last_epoch)};
	int code = watch_put_node(watch, tick, misuse->node, &row.node_id);

	if (code == SEEP_OK && !row.node_id)
		code = watch_put_node(watch, tick, PSEUDO_MISSING, &row.node_id);
	if (code == SEEP_OK && misuse->previous_node)
		code = watch_put_node(watch, tick, misuse->previous_node, &row.previous_node_id);
	return code || !row.node_id ? code : store_put_misuse(tick->store, &row, tick->error);
}

static int record_misuse(struct watch *watch, const struct tick *tick)
{
	uint32_t used = watch->header.misuse_used;
	struct arena_misuse *misuse;
	uint32_t count;
	int code = SEEP_OK;

	if (!used)
		return SEEP_OK;
	misuse = calloc(used, sizeof(*misuse));
	if (!misuse)
		return no_memory(tick);
	count = arena_read_misuse(tick->arena, watch->slot, misuse, used);
	for (uint32_t i = 0; i < count && code == SEEP_OK; i++) {
		bool is_stored =
			i < watch->misuse_count && memcmp(&misuse[i], &watch->misuse_stored[i], sizeof(misuse[i])) == 0;

		if (!is_stored && arena_misuse_status(arena_head(tick->arena), &misuse[i]) == ARENA_ENTRY_OK)
			code = record_one_misuse(watch, tick, &misuse[i]);
	}
	free(watch->misuse_stored);
	watch->misuse_stored = misuse;
	watch->misuse_count = count;
	return code;
}

/* ---- a reading ---- */

int watch_record(struct watch *watch, const struct tick *tick, enum watch_reading reading)
{
	uint32_t marked_node;
	int code = arena_read_slot(tick->arena, watch->slot, &watch->header, tick->error);

	watch->piece_count = 0;
	watch->impossible = 0;
	if (code == SEEP_OK && (!watch->process_id || tick->now_ns >= watch->command_due_ns))
		code = record_process(watch, tick);
	if (code == SEEP_OK)
		code = read_nodes(watch, tick);
	if (code == SEEP_OK)
		code = record_sites(watch, tick, reading);
	if (code == SEEP_OK)
		code = record_trust(watch, tick);
	if (code == SEEP_OK)
		code = record_misuse(watch, tick);
	if (code == SEEP_OK)
		code = releases_record(&watch->releases, watch, tick,
				       reading == WATCH_FINAL || reading == WATCH_FINAL_EVENTS);
	if (code == SEEP_OK && watch->header.fd_mark)
		code = watch_put_node(watch, tick, watch->header.fd_mark_node, &marked_node);
	return code;
}

int watch_end(struct watch *watch, const struct tick *tick, bool exec)
{
	return store_end_process(tick->store, watch->process_id, tick->now_ns, exec, tick->error);
}
