/* SPDX-License-Identifier: MIT */
#include "arena_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/utf8.h"

/* More than any arena has: what is beyond is damage, and must not become an allocation. */
enum { MOST_SLOTS = 65536, MOST_SHARDS = 1024, MOST_ENTRIES = 1 << 24 };
enum { SHORTEST_INTERVAL_MS = 10, LONGEST_INTERVAL_MS = 3600 * 1000, DEFAULT_INTERVAL_MS = 1000 };
/* 2000-01-01 and 2200-01-01: times outside are no times. */
#define EARLIEST_NS UINT64_C(946684800000000000)
#define LATEST_NS UINT64_C(7258118400000000000)

enum { COUNTERS_AT_ONCE = 512, MARKS_AT_ONCE = 8 };

struct arena_reader {
	int fd;
	char *path;
	struct arena_header head;
};

/* ---- the header ---- */

struct table {
	uint64_t offset, capacity, entry_size;
};

static bool table_fits(const struct arena_header *head, struct table table)
{
	return table.capacity > 0 && table.capacity <= MOST_ENTRIES && table.offset >= ARENA_PAGE &&
	       table.offset % 8 == 0 && table.offset <= head->slot_size &&
	       table.capacity * table.entry_size <= head->slot_size - table.offset;
}

static bool tables_fit(const struct arena_header *head)
{
	const struct table tables[] = {
		{head->modules_offset, head->module_capacity, sizeof(struct arena_module)},
		{head->nodes_offset, head->node_capacity, sizeof(struct arena_node)},
		{head->sites_offset, head->site_capacity, sizeof(struct arena_site)},
		{head->misuse_offset, head->misuse_capacity, sizeof(struct arena_misuse)},
		{head->fds_offset, head->fd_capacity, sizeof(struct arena_fd)},
		{head->events_offset, ARENA_EVENT_LINES, sizeof(struct arena_events)},
		{head->mark_names_offset, ARENA_MARKS, sizeof(struct arena_mark_name)},
		{head->marks_offset, head->shard_count, sizeof(struct arena_marks)},
		{head->releases_offset, head->release_capacity, sizeof(struct arena_release)},
		{head->mappings_offset, head->mapping_capacity, sizeof(struct arena_range)},
		{head->stacks_offset, head->stack_capacity, sizeof(uint64_t)},
		{head->estimates_offset, head->site_capacity, sizeof(struct arena_estimates)},
		{head->counters_offset, head->site_capacity, sizeof(struct arena_counters) * head->shard_count},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!table_fits(head, tables[i]))
			return false;
	}
	return true;
}

static bool slots_fit(const struct arena_header *head, uint64_t file_size)
{
	return head->slot_count > 0 && head->slot_count <= MOST_SLOTS && head->shard_count > 0 &&
	       head->shard_count <= MOST_SHARDS && head->file_size == file_size && head->slots_offset <= file_size &&
	       head->slots_offset >= ARENA_PAGE + head->slot_count * sizeof(struct arena_entry) &&
	       head->slots_offset % ARENA_PAGE == 0 && head->slot_size % ARENA_PAGE == 0 &&
	       head->slot_size >= ARENA_PAGE && head->slot_size <= (file_size - head->slots_offset) / head->slot_count;
}

static bool times_are_possible(const struct arena_header *head)
{
	return head->created_realtime_ns >= EARLIEST_NS && head->created_realtime_ns <= LATEST_NS &&
	       head->created_boottime_ns <= LATEST_NS;
}

static bool text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static int check_head(struct arena_reader *reader, const struct stat *status, struct error *error)
{
	struct arena_header *head = &reader->head;

	if (head->magic != ARENA_MAGIC)
		return error_set(error, SEEP_ERR_NOT_OURS,
				 "%s is not a Seep arena; name a file that libseep.so made, or none to find them",
				 reader->path);
	if (head->version > ARENA_VERSION)
		return error_set(error, SEEP_ERR_NEWER,
				 "%s was made by a newer libseep.so (layout %u, this program knows %u); use its seep",
				 reader->path, head->version, ARENA_VERSION);
	if (!head->ready)
		return error_set(error, SEEP_ERR_DAMAGED,
				 "%s is not complete; if no program is just starting with it, remove it", reader->path);
	if (head->version != ARENA_VERSION || !slots_fit(head, (uint64_t)status->st_size) || !tables_fit(head) ||
	    !times_are_possible(head) || head->recording_path[0] != '/' ||
	    !text_ends(head->recording_path, sizeof(head->recording_path)))
		return error_set(error, SEEP_ERR_DAMAGED, "%s is damaged (impossible dimensions); remove it",
				 reader->path);
	if (head->interval_ms < SHORTEST_INTERVAL_MS || head->interval_ms > LONGEST_INTERVAL_MS)
		head->interval_ms = DEFAULT_INTERVAL_MS;
	return SEEP_OK;
}

/* ---- opening ---- */

static int open_file(struct arena_reader *reader, struct error *error)
{
	struct stat status;

	reader->fd = open(reader->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (reader->fd < 0 && errno == ENOENT)
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s does not exist; its recording may be finished",
				 reader->path);
	if (reader->fd < 0 || fstat(reader->fd, &status) < 0)
		return error_set(error, SEEP_ERR_IO, "cannot open %s: %s; run as the user whose program it is",
				 reader->path, strerror(errno));
	/* its recording_path would have us write wherever another user likes */
	if (status.st_uid != geteuid())
		return error_set(error, SEEP_ERR_NOT_OURS, "%s belongs to another user; run as that user",
				 reader->path);
	if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(reader->head) ||
	    pread(reader->fd, &reader->head, sizeof(reader->head), 0) != (ssize_t)sizeof(reader->head))
		return error_set(error, SEEP_ERR_NOT_OURS,
				 "%s is not a Seep arena; name a file that libseep.so made, or none to find them",
				 reader->path);
	return check_head(reader, &status, error);
}

int arena_open(const char *path, struct arena_reader **out, struct error *error)
{
	struct arena_reader *reader = calloc(1, sizeof(*reader));
	int code;

	*out = NULL;
	if (!reader || !(reader->path = strdup(path))) {
		free(reader);
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot open %s", path);
	}
	reader->fd = -1;
	code = open_file(reader, error);
	if (code) {
		arena_close(reader);
		return code;
	}
	*out = reader;
	return SEEP_OK;
}

void arena_close(struct arena_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->path);
	free(reader);
}

const char *arena_path(const struct arena_reader *reader)
{
	return reader->path;
}

const struct arena_header *arena_head(const struct arena_reader *reader)
{
	return &reader->head;
}

bool arena_lock(struct arena_reader *reader)
{
	return flock(reader->fd, LOCK_EX | LOCK_NB) == 0;
}

bool arena_is_whole(const struct arena_reader *reader)
{
	struct stat status;

	return fstat(reader->fd, &status) == 0 && (uint64_t)status.st_size >= reader->head.file_size;
}

bool arena_is_in_place(const struct arena_reader *reader)
{
	struct stat ours, there;

	return fstat(reader->fd, &ours) == 0 && stat(reader->path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

int64_t arena_allocated_bytes(const struct arena_reader *reader)
{
	struct stat status;

	return fstat(reader->fd, &status) == 0 ? (int64_t)status.st_blocks * 512 : -1;
}

/* ---- reading ---- */

/* Reads a whole number of entries; what the file does not give (it may have been cut) is not counted. */
static uint32_t read_entries(struct arena_reader *reader, uint64_t offset, void *out, uint32_t count, size_t entry_size)
{
	size_t wanted = count * entry_size;
	size_t done = 0;

	while (done < wanted) {
		ssize_t got = pread(reader->fd, (char *)out + done, wanted - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return (uint32_t)(done / entry_size);
}

static uint64_t slot_offset(const struct arena_reader *reader, uint32_t slot)
{
	return reader->head.slots_offset + slot * reader->head.slot_size;
}

static uint32_t read_table(struct arena_reader *reader, uint32_t slot, struct table table, uint32_t first, void *out,
			   uint32_t count)
{
	if (slot >= reader->head.slot_count || first >= table.capacity)
		return 0;
	if (count > table.capacity - first)
		count = (uint32_t)table.capacity - first;
	return read_entries(reader, slot_offset(reader, slot) + table.offset + first * table.entry_size, out, count,
			    table.entry_size);
}

#define READ_TABLE(reader, slot, name, capacity_name, first, out, count)                                               \
	read_table(                                                                                                    \
		reader, slot,                                                                                          \
		(struct table){(reader)->head.name##_offset, (reader)->head.capacity_name##_capacity, sizeof(*(out))}, \
		first, out, count)

static int cut_short(const struct arena_reader *reader, struct error *error)
{
	return error_set(error, SEEP_ERR_DAMAGED, "%s cannot be read, or was cut short; what was stored before stays",
			 reader->path);
}

int arena_read_directory(struct arena_reader *reader, struct arena_entry *entries, struct error *error)
{
	uint32_t count = reader->head.slot_count;

	if (read_entries(reader, ARENA_PAGE, entries, count, sizeof(*entries)) != count)
		return cut_short(reader, error);
	return SEEP_OK;
}

uint32_t arena_unslotted(struct arena_reader *reader)
{
	uint32_t count = 0;

	read_entries(reader, offsetof(struct arena_header, unslotted_processes), &count, 1, sizeof(count));
	return count;
}

uint64_t arena_sample_interval(struct arena_reader *reader)
{
	uint64_t interval = 0;

	read_entries(reader, offsetof(struct arena_header, sample_interval), &interval, 1, sizeof(interval));
	return interval < ARENA_LONGEST_SAMPLE ? interval : ARENA_LONGEST_SAMPLE;
}

uint32_t arena_ages_wanted(struct arena_reader *reader)
{
	uint32_t wanted = 0;

	read_entries(reader, offsetof(struct arena_header, ages_wanted), &wanted, 1, sizeof(wanted));
	return wanted;
}

int arena_read_recording_path(struct arena_reader *reader, char path[ARENA_PATH_MAX])
{
	if (read_entries(reader, offsetof(struct arena_header, recording_path), path, 1, ARENA_PATH_MAX) != 1 ||
	    path[0] != '/' || !text_ends(path, ARENA_PATH_MAX))
		return SEEP_ERR_DAMAGED;
	return SEEP_OK;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

int arena_read_slot(struct arena_reader *reader, uint32_t slot, struct slot_header *out, struct error *error)
{
	const struct arena_header *head = &reader->head;

	if (slot >= head->slot_count || read_entries(reader, slot_offset(reader, slot), out, 1, sizeof(*out)) != 1)
		return cut_short(reader, error);
	out->modules_used = at_most(out->modules_used, head->module_capacity);
	out->nodes_used = at_most(out->nodes_used, head->node_capacity);
	out->sites_used = at_most(out->sites_used, head->site_capacity);
	out->misuse_used = at_most(out->misuse_used, head->misuse_capacity);
	out->fds_used = at_most(out->fds_used, head->fd_capacity);
	out->marks_used = at_most(out->marks_used, ARENA_MARKS);
	out->mappings_used = at_most(out->mappings_used, head->mapping_capacity);
	out->private_range_count = at_most(out->private_range_count, ARENA_PRIVATE_RANGES);
	out->exe[sizeof(out->exe) - 1] = '\0';
	out->allocator[sizeof(out->allocator) - 1] = '\0';
	return SEEP_OK;
}

uint32_t arena_read_modules(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_module *out,
			    uint32_t count)
{
	return READ_TABLE(reader, slot, modules, module, first, out, count);
}

uint32_t arena_read_nodes(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_node *out,
			  uint32_t count)
{
	return READ_TABLE(reader, slot, nodes, node, first, out, count);
}

uint32_t arena_read_sites(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_site *out,
			  uint32_t count)
{
	return READ_TABLE(reader, slot, sites, site, first, out, count);
}

uint32_t arena_read_misuse(struct arena_reader *reader, uint32_t slot, struct arena_misuse *out, uint32_t count)
{
	return READ_TABLE(reader, slot, misuse, misuse, 0, out, count);
}

uint32_t arena_read_releases(struct arena_reader *reader, uint32_t slot, struct arena_release *out, uint32_t count)
{
	return READ_TABLE(reader, slot, releases, release, 0, out, count);
}

uint32_t arena_read_fds(struct arena_reader *reader, uint32_t slot, struct arena_fd *out, uint32_t count)
{
	return READ_TABLE(reader, slot, fds, fd, 0, out, count);
}

uint32_t arena_read_mappings(struct arena_reader *reader, uint32_t slot, struct arena_range *out, uint32_t count)
{
	return READ_TABLE(reader, slot, mappings, mapping, 0, out, count);
}

uint32_t arena_read_stacks(struct arena_reader *reader, uint32_t slot, uint64_t *out, uint32_t count)
{
	return READ_TABLE(reader, slot, stacks, stack, 0, out, count);
}

uint32_t arena_read_estimates(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_estimates *out,
			      uint32_t count)
{
	return READ_TABLE(reader, slot, estimates, site, first, out, count);
}

static void add_counters(struct arena_counters *sum, const struct arena_counters *shard, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		sum[i].acquired_count += shard[i].acquired_count;
		sum[i].acquired_bytes += shard[i].acquired_bytes;
		sum[i].released_count += shard[i].released_count;
		sum[i].released_bytes += shard[i].released_bytes;
		sum[i].birth_sum += shard[i].birth_sum;
		sum[i].temporary_count += shard[i].temporary_count;
	}
}

/* In pieces that stay in the cache. All shards or none: a sum without one of them would be a lie. */
static bool sum_piece(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_counters *out,
		      uint32_t count)
{
	struct arena_counters shard[COUNTERS_AT_ONCE];
	struct table table = {reader->head.counters_offset, reader->head.site_capacity, sizeof(shard[0])};

	memset(out, 0, count * sizeof(*out));
	for (uint32_t i = 0; i < reader->head.shard_count; i++) {
		if (read_table(reader, slot, table, first, shard, count) != count)
			return false;
		add_counters(out, shard, count);
		table.offset += table.capacity * table.entry_size;
	}
	return true;
}

uint32_t arena_read_counters(struct arena_reader *reader, uint32_t slot, uint32_t first, struct arena_counters *out,
			     uint32_t count)
{
	uint32_t capacity = reader->head.site_capacity;
	uint32_t done = 0;

	count = first < capacity ? at_most(count, capacity - first) : 0;
	while (done < count) {
		uint32_t piece = at_most(count - done, COUNTERS_AT_ONCE);

		if (!sum_piece(reader, slot, first + done, out + done, piece))
			break;
		done += piece;
	}
	return done;
}

/* ---- events and marks ---- */

bool arena_read_events(struct arena_reader *reader, uint32_t slot, uint64_t counts[EVENT_COUNT])
{
	struct arena_events lines[ARENA_EVENT_LINES];
	struct table table = {reader->head.events_offset, ARENA_EVENT_LINES, sizeof(lines[0])};

	memset(counts, 0, EVENT_COUNT * sizeof(*counts));
	if (read_table(reader, slot, table, 0, lines, ARENA_EVENT_LINES) != ARENA_EVENT_LINES)
		return false;
	for (uint32_t line = 0; line < ARENA_EVENT_LINES; line++)
		for (int event = 0; event < EVENT_COUNT; event++)
			counts[event] += lines[line].count[event];
	return true;
}

static void make_printable(char name[ARENA_MARK_NAME])
{
	name[ARENA_MARK_NAME - 1] = '\0';
	utf8_make_line(name);
}

static bool sum_marks(struct arena_reader *reader, uint32_t slot, uint64_t sums[ARENA_MARKS])
{
	uint32_t count = reader->head.shard_count;
	struct table table = {reader->head.marks_offset, count, sizeof(struct arena_marks)};
	struct arena_marks shards[MARKS_AT_ONCE];

	memset(sums, 0, ARENA_MARKS * sizeof(*sums));
	for (uint32_t done = 0; done < count; done += MARKS_AT_ONCE) {
		uint32_t piece = at_most(count - done, MARKS_AT_ONCE);

		if (read_table(reader, slot, table, done, shards, piece) != piece)
			return false;
		for (uint32_t i = 0; i < piece * ARENA_MARKS; i++)
			sums[i % ARENA_MARKS] += shards[i / ARENA_MARKS].count[i % ARENA_MARKS];
	}
	return true;
}

/* The first place of the name that `index` has. */
static uint32_t first_of_name(const struct arena_mark *marks, uint32_t index)
{
	uint32_t first = 0;

	while (strcmp(marks[first].name, marks[index].name) != 0)
		first++;
	return first;
}

uint32_t arena_read_marks(struct arena_reader *reader, uint32_t slot, uint32_t used, struct arena_mark out[ARENA_MARKS])
{
	struct table table = {reader->head.mark_names_offset, ARENA_MARKS, sizeof(struct arena_mark_name)};
	struct arena_mark_name names[ARENA_MARKS];
	uint64_t sums[ARENA_MARKS];

	used = at_most(used, ARENA_MARKS);
	if (!used || read_table(reader, slot, table, 0, names, used) != used || !sum_marks(reader, slot, sums))
		return 0;
	for (uint32_t i = 0; i < used; i++) {
		out[i].count = 0;
		memcpy(out[i].name, names[i].name, sizeof(out[i].name));
		make_printable(out[i].name);
		if (names[i].ready && out[i].name[0])
			out[first_of_name(out, i)].count += sums[i];
	}
	return used;
}

/* ---- what an entry may be ---- */

enum arena_status arena_module_status(struct arena_module *module)
{
	if (!module->ready)
		return ARENA_ENTRY_INCOMPLETE;
	module->path[sizeof(module->path) - 1] = '\0';
	return module->build_id_size <= sizeof(module->build_id) ? ARENA_ENTRY_OK : ARENA_ENTRY_IMPOSSIBLE;
}

enum arena_status arena_node_status(const struct arena_header *head, const struct arena_node *node, uint32_t index)
{
	uint32_t module = arena_node_module(node);

	if ((node->module_and_flags & ARENA_NODE_MODULE_MASK) == 0)
		return ARENA_ENTRY_INCOMPLETE;
	if (node->parent >= index)
		return ARENA_ENTRY_IMPOSSIBLE;
	if (module == ARENA_MODULE_PSEUDO)
		return node->offset >= 1 && node->offset < PSEUDO_COUNT ? ARENA_ENTRY_OK : ARENA_ENTRY_IMPOSSIBLE;
	return module < head->module_capacity ? ARENA_ENTRY_OK : ARENA_ENTRY_IMPOSSIBLE;
}

enum arena_status arena_site_status(const struct arena_header *head, const struct arena_site *site)
{
	if (!site->ready)
		return ARENA_ENTRY_INCOMPLETE;
	return site->node < head->node_capacity && site->kind < SEEP_KIND_COUNT &&
			       site->interval <= ARENA_LONGEST_SAMPLE
		       ? ARENA_ENTRY_OK
		       : ARENA_ENTRY_IMPOSSIBLE;
}

enum arena_status arena_misuse_status(const struct arena_header *head, const struct arena_misuse *misuse)
{
	if (misuse->kind == MISUSE_NONE)
		return ARENA_ENTRY_INCOMPLETE;
	if (misuse->kind > MISUSE_NEVER_OPENED || misuse->node >= head->node_capacity ||
	    misuse->previous_node >= head->node_capacity)
		return ARENA_ENTRY_IMPOSSIBLE;
	return ARENA_ENTRY_OK;
}

enum arena_status arena_release_status(const struct arena_header *head, const struct arena_release *release)
{
	if (!release->key)
		return ARENA_ENTRY_INCOMPLETE;
	return release->key >> 32 < head->site_capacity && (uint32_t)release->key < head->node_capacity
		       ? ARENA_ENTRY_OK
		       : ARENA_ENTRY_IMPOSSIBLE;
}

enum arena_status arena_fd_status(const struct arena_header *head, const struct arena_fd *fd)
{
	return fd->fd >= 0 && fd->kind < SEEP_KIND_COUNT && fd->site < head->site_capacity ? ARENA_ENTRY_OK
											   : ARENA_ENTRY_IMPOSSIBLE;
}

/* ---- writing ---- */

static int write_at(struct arena_reader *reader, uint64_t offset, const void *bytes, size_t size)
{
	return pwrite(reader->fd, bytes, size, (off_t)offset) == (ssize_t)size ? SEEP_OK : SEEP_ERR_IO;
}

int arena_set_epoch(struct arena_reader *reader, uint32_t epoch)
{
	return write_at(reader, offsetof(struct arena_header, epoch), &epoch, sizeof(epoch));
}

int arena_set_sample_interval(struct arena_reader *reader, uint64_t interval)
{
	return write_at(reader, offsetof(struct arena_header, sample_interval), &interval, sizeof(interval));
}

int arena_set_recording_path(struct arena_reader *reader, const char *path)
{
	char text[ARENA_PATH_MAX] = {0};

	if (path[0] != '/' || strlen(path) >= sizeof(text))
		return SEEP_ERR_IO;
	memcpy(text, path, strlen(path));
	memcpy(reader->head.recording_path, text, sizeof(text));
	return write_at(reader, offsetof(struct arena_header, recording_path), text, sizeof(text));
}

/*
 * The order matters: the memory is given back while nobody can claim the slot, and the pid is cleared before the state,
 * so that a claim under way is never seen with the pid of the owner before.
 */
int arena_release_slot(struct arena_reader *reader, uint32_t slot)
{
	uint64_t entry = ARENA_PAGE + slot * sizeof(struct arena_entry);
	uint32_t none = 0, state = SLOT_FREE;
	int code;

	if (slot >= reader->head.slot_count)
		return SEEP_ERR_DAMAGED;
	if (fallocate(reader->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)slot_offset(reader, slot),
		      (off_t)reader->head.slot_size) < 0)
		return SEEP_ERR_IO;
	code = write_at(reader, entry + offsetof(struct arena_entry, pid), &none, sizeof(none));
	return code ? code : write_at(reader, entry + offsetof(struct arena_entry, state), &state, sizeof(state));
}

int arena_unlink(struct arena_reader *reader)
{
	return arena_is_in_place(reader) && unlink(reader->path) < 0 ? SEEP_ERR_IO : SEEP_OK;
}

int arena_want_ages(struct arena_reader *reader, uint32_t *wanted)
{
	*wanted = arena_ages_wanted(reader) + 1;
	return write_at(reader, offsetof(struct arena_header, ages_wanted), wanted, sizeof(*wanted));
}
