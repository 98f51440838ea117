/* SPDX-License-Identifier: MIT */
/*
 * arena_fixture.h - builds arenas as the shim would, for tests without a shim.
 *
 * The file is mapped whole: tests write into `arena.head`, `arena_slot_at()` and so on as a process does. A failure
 * ends the test program.
 */
#ifndef SEEP_ARENA_FIXTURE_H
#define SEEP_ARENA_FIXTURE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../preload/arena.h"

enum {
	FIXTURE_SLOTS = 8,
	FIXTURE_MODULES = 64,
	FIXTURE_NODES = 16384,
	FIXTURE_SITES = 4096,
	FIXTURE_RELEASES = 64,
	FIXTURE_MISUSE = 16,
	FIXTURE_FDS = 256,
	FIXTURE_MAPPINGS = 32,
	FIXTURE_STACKS = 8,
	FIXTURE_SHARDS = 4,
};

struct arena_fixture {
	char path[256];
	size_t size;
	struct arena_header *head; /* the mapping */
};

static inline uint64_t fixture_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void fixture_require(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(99);
}

static inline uint32_t fixture_place(uint32_t *offset, size_t bytes)
{
	uint32_t place = *offset;

	*offset += (uint32_t)((bytes + ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE);
	return place;
}

static inline void fixture_layout(struct arena_header *head)
{
	uint32_t offset = ARENA_PAGE;

	head->slot_count = FIXTURE_SLOTS;
	head->module_capacity = FIXTURE_MODULES;
	head->node_capacity = FIXTURE_NODES;
	head->site_capacity = FIXTURE_SITES;
	head->misuse_capacity = FIXTURE_MISUSE;
	head->fd_capacity = FIXTURE_FDS;
	head->release_capacity = FIXTURE_RELEASES;
	head->shard_count = FIXTURE_SHARDS;
	head->events_offset = fixture_place(&offset, ARENA_PAGE);
	head->modules_offset = fixture_place(&offset, FIXTURE_MODULES * sizeof(struct arena_module));
	head->nodes_offset = fixture_place(&offset, FIXTURE_NODES * sizeof(struct arena_node));
	head->sites_offset = fixture_place(&offset, FIXTURE_SITES * sizeof(struct arena_site));
	head->misuse_offset = fixture_place(&offset, FIXTURE_MISUSE * sizeof(struct arena_misuse));
	head->fds_offset = fixture_place(&offset, FIXTURE_FDS * sizeof(struct arena_fd));
	head->mark_names_offset = fixture_place(&offset, ARENA_MARKS * sizeof(struct arena_mark_name));
	head->marks_offset = fixture_place(&offset, FIXTURE_SHARDS * sizeof(struct arena_marks));
	head->releases_offset = fixture_place(&offset, FIXTURE_RELEASES * sizeof(struct arena_release));
	head->mapping_capacity = FIXTURE_MAPPINGS;
	head->stack_capacity = FIXTURE_STACKS;
	head->mappings_offset = fixture_place(&offset, FIXTURE_MAPPINGS * sizeof(struct arena_range));
	head->stacks_offset = fixture_place(&offset, FIXTURE_STACKS * sizeof(uint64_t));
	head->estimates_offset = fixture_place(&offset, FIXTURE_SITES * sizeof(struct arena_estimates));
	head->counters_offset = fixture_place(&offset, FIXTURE_SHARDS * FIXTURE_SITES * sizeof(struct arena_counters));
	head->slot_size = offset;
	head->slots_offset = 2 * ARENA_PAGE;
	head->file_size = head->slots_offset + head->slot_count * head->slot_size;
}

static inline void fixture_create(struct arena_fixture *arena, const char *path, const char *recording)
{
	struct arena_header head = {.magic = ARENA_MAGIC, .version = ARENA_VERSION, .interval_ms = 1000};
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	fixture_layout(&head);
	head.created_realtime_ns = fixture_clock(CLOCK_REALTIME);
	head.created_boottime_ns = fixture_clock(CLOCK_BOOTTIME);
	head.creator_pid = (uint32_t)getpid();
	head.epoch = 1;
	snprintf(head.recording_path, sizeof(head.recording_path), "%s", recording);
	snprintf(arena->path, sizeof(arena->path), "%s", path);
	arena->size = head.file_size;
	fixture_require(fd >= 0 && ftruncate(fd, (off_t)arena->size) == 0, path);
	arena->head = mmap(NULL, arena->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fixture_require(arena->head != MAP_FAILED, "mmap");
	close(fd);
	*arena->head = head;
	arena->head->ready = 1;
}

static inline void fixture_destroy(struct arena_fixture *arena)
{
	munmap(arena->head, arena->size);
	unlink(arena->path);
}

/* ---- places in the mapping ---- */

static inline struct arena_entry *fixture_entry(struct arena_fixture *arena, uint32_t slot)
{
	return (struct arena_entry *)((char *)arena->head + ARENA_PAGE) + slot;
}

static inline void *fixture_at(struct arena_fixture *arena, uint32_t slot, uint32_t offset)
{
	return (char *)arena->head + arena->head->slots_offset + slot * arena->head->slot_size + offset;
}

static inline struct slot_header *fixture_slot(struct arena_fixture *arena, uint32_t slot)
{
	return fixture_at(arena, slot, 0);
}

static inline struct arena_module *fixture_module(struct arena_fixture *arena, uint32_t slot, uint32_t index)
{
	return (struct arena_module *)fixture_at(arena, slot, arena->head->modules_offset) + index;
}

static inline struct arena_node *fixture_node(struct arena_fixture *arena, uint32_t slot, uint32_t index)
{
	return (struct arena_node *)fixture_at(arena, slot, arena->head->nodes_offset) + index;
}

static inline struct arena_site *fixture_site(struct arena_fixture *arena, uint32_t slot, uint32_t index)
{
	return (struct arena_site *)fixture_at(arena, slot, arena->head->sites_offset) + index;
}

static inline struct arena_misuse *fixture_misuse(struct arena_fixture *arena, uint32_t slot, uint32_t index)
{
	return (struct arena_misuse *)fixture_at(arena, slot, arena->head->misuse_offset) + index;
}

static inline struct arena_fd *fixture_fd(struct arena_fixture *arena, uint32_t slot, uint32_t index)
{
	return (struct arena_fd *)fixture_at(arena, slot, arena->head->fds_offset) + index;
}

static inline struct arena_counters *fixture_counters(struct arena_fixture *arena, uint32_t slot, uint32_t shard,
						      uint32_t site)
{
	return (struct arena_counters *)fixture_at(arena, slot, arena->head->counters_offset) + shard * FIXTURE_SITES +
	       site;
}

static inline struct arena_events *fixture_events(struct arena_fixture *arena, uint32_t slot, uint32_t line)
{
	return (struct arena_events *)fixture_at(arena, slot, arena->head->events_offset) + line;
}

static inline struct arena_mark_name *fixture_mark_name(struct arena_fixture *arena, uint32_t slot, uint32_t mark)
{
	return (struct arena_mark_name *)fixture_at(arena, slot, arena->head->mark_names_offset) + mark;
}

static inline struct arena_marks *fixture_marks(struct arena_fixture *arena, uint32_t slot, uint32_t shard)
{
	return (struct arena_marks *)fixture_at(arena, slot, arena->head->marks_offset) + shard;
}

/* ---- what a process does ---- */

static inline uint32_t fixture_add_module(struct arena_fixture *arena, uint32_t slot, const char *path)
{
	uint32_t index = fixture_slot(arena, slot)->modules_used++;
	struct arena_module *module = fixture_module(arena, slot, index);

	snprintf(module->path, sizeof(module->path), "%s", path);
	module->size = 4096;
	module->ready = 1;
	return index;
}

static inline uint32_t fixture_add_node(struct arena_fixture *arena, uint32_t slot, uint32_t parent, uint32_t module,
					uint64_t offset)
{
	uint32_t index = fixture_slot(arena, slot)->nodes_used++;

	*fixture_node(arena, slot, index) =
		(struct arena_node){.parent = parent, .module_and_flags = module + 1, .offset = offset};
	return index;
}

static inline uint32_t fixture_add_site(struct arena_fixture *arena, uint32_t slot, uint32_t node, uint16_t kind)
{
	uint32_t index = fixture_slot(arena, slot)->sites_used++;

	*fixture_site(arena, slot, index) = (struct arena_site){.node = node, .kind = kind, .ready = 1};
	return index;
}

static inline void fixture_acquire(struct arena_fixture *arena, uint32_t slot, uint32_t site, uint64_t count,
				   uint64_t bytes)
{
	struct arena_counters *counters = fixture_counters(arena, slot, site % FIXTURE_SHARDS, site);

	counters->acquired_count += count;
	counters->acquired_bytes += bytes;
	counters->birth_sum += count * arena->head->epoch;
}

/* As of epoch 1, whatever it is now. In another shard than the acquisition: a release may come from any thread. */
static inline void fixture_release(struct arena_fixture *arena, uint32_t slot, uint32_t site, uint64_t count,
				   uint64_t bytes)
{
	struct arena_counters *counters = fixture_counters(arena, slot, (site + 1) % FIXTURE_SHARDS, site);

	counters->released_count += count;
	counters->released_bytes += bytes;
	counters->birth_sum -= count;
}

static inline uint32_t fixture_add_mark(struct arena_fixture *arena, uint32_t slot, const char *name)
{
	uint32_t index = fixture_slot(arena, slot)->marks_used++;
	struct arena_mark_name *mark = fixture_mark_name(arena, slot, index);

	snprintf(mark->name, sizeof(mark->name), "%s", name);
	mark->ready = 1;
	return index;
}

/* Claims a slot for a process, with what each slot has from the start. */
static inline void fixture_claim(struct arena_fixture *arena, uint32_t slot, uint32_t pid)
{
	struct arena_entry *entry = fixture_entry(arena, slot);
	struct slot_header *header = fixture_slot(arena, slot);

	entry->claimed_realtime_ns = fixture_clock(CLOCK_REALTIME);
	entry->generation++;
	entry->parent_slot = UINT32_MAX;
	entry->pid = pid;
	header->pid = pid;
	snprintf(header->exe, sizeof(header->exe), "/usr/bin/server");
	fixture_add_module(arena, slot, "");
	header->nodes_used = 1;
	for (uint32_t pseudo = 1; pseudo < PSEUDO_COUNT; pseudo++)
		fixture_add_node(arena, slot, 0, ARENA_MODULE_PSEUDO, pseudo);
	header->sites_used = 1;
	for (uint32_t kind = 0; kind < SEEP_KIND_COUNT; kind++)
		fixture_add_site(arena, slot, PSEUDO_MISSING, (uint16_t)kind);
	entry->state = SLOT_LIVE;
}

#endif
