/* SPDX-License-Identifier: MIT */
/*
 * init.c - the start: options, the arena, the first slot, the recorder.
 *
 * It happens at the process's first event, which may be an allocation in another library's constructor, long before
 * main; so everything here is system calls and private pages. What fails is said once, in one sentence on standard
 * error, and the process runs on unrecorded.
 */
#include <errno.h>
#include <link.h>
#include <linux/close_range.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "capture.h"
#include "cost.h"
#include "heap.h"
#include "live_roots.h"
#include "sampling.h"
#include "sys.h"
#include "tree.h"

/* ---- text, without libc's allocating parts ---- */

struct text {
	char *at, *end;
};

static void text_add(struct text *text, const char *part)
{
	while (*part && text->at + 1 < text->end)
		*text->at++ = *part++;
	*text->at = '\0';
}

static void text_number(struct text *text, uint64_t value, unsigned base)
{
	char digits[24];
	int at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while ((value /= base));
	text_add(text, digits + at);
}

#define TEXT(buffer) ((struct text){(buffer), (buffer) + sizeof(buffer)})

static COLD void say(const char *what, const char *about, int error)
{
	char buffer[2 * ARENA_PATH_MAX];
	struct text text = TEXT(buffer);

	text_add(&text, "libseep: ");
	text_add(&text, what);
	text_add(&text, about);
	if (error) {
		text_add(&text, " (error ");
		text_number(&text, (uint64_t)(error < 0 ? -error : error), 10);
		text_add(&text, ")");
	}
	text_add(&text, "\n");
	sys_write(2, buffer, (size_t)(text.at - buffer));
}

/* ---- environment and options ---- */

static const char *environment_of(const char *name)
{
	size_t length = strlen(name);

	for (char **entry = environ; entry && *entry; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

struct options {
	char out[ARENA_PATH_MAX], arena[ARENA_PATH_MAX], recorder[ARENA_PATH_MAX];
	uint32_t interval_ms;
	uint64_t sample;
	uint32_t max_overhead; /* as in the arena */
	bool verify_unwind;
};

/* "1", "0.25": in thousandths; 0 if it is no such number. */
static uint32_t thousandths_of(const char *value)
{
	uint64_t result = 0;
	unsigned digits = 0, seen_point = 0;

	for (; *value; value++) {
		if (*value == '.' && !seen_point) {
			seen_point = 1;
		} else if (*value >= '0' && *value <= '9' && result < 100000) {
			if (seen_point && digits++ >= 3)
				continue;
			result = result * 10 + (uint64_t)(*value - '0');
		} else {
			return 0;
		}
	}
	for (; digits < 3; digits++)
		result *= 10;
	return result > 3600000 ? 0 : (uint32_t)result;
}

/* "524288", "512k", "1M": bytes, 0 to ARENA_LONGEST_SAMPLE. */
static bool bytes_of(const char *value, uint64_t *bytes)
{
	static const char suffixes[] = "kKmMgG";
	const char *suffix;
	uint64_t number = 0;

	if (!*value)
		return false;
	for (; *value >= '0' && *value <= '9' && number <= ARENA_LONGEST_SAMPLE; value++)
		number = number * 10 + (uint64_t)(*value - '0');
	if (*value && (suffix = strchr(suffixes, *value)) && number <= ARENA_LONGEST_SAMPLE) {
		number <<= 10 * ((suffix - suffixes) / 2 + 1);
		value++;
	}
	*bytes = number;
	return !*value && number <= ARENA_LONGEST_SAMPLE;
}

static bool option_set(struct options *options, const char *name, const char *value)
{
	struct text out = TEXT(options->out), arena = TEXT(options->arena), recorder = TEXT(options->recorder);

	if (strcmp(name, "out") == 0)
		text_add(&out, value);
	else if (strcmp(name, "arena") == 0)
		text_add(&arena, value);
	else if (strcmp(name, "recorder") == 0)
		text_add(&recorder, value);
	else if (strcmp(name, "interval") == 0)
		return (options->interval_ms = thousandths_of(value)) != 0;
	else if (strcmp(name, "sample") == 0)
		return bytes_of(value, &options->sample);
	else if (strcmp(name, "max_overhead") == 0)
		return (options->max_overhead = thousandths_of(value)) != 0;
	else if (strcmp(name, "verify_unwind") == 0)
		options->verify_unwind = value[0] == '1';
	else
		return false;
	return true;
}

static void options_read(struct options *options)
{
	const char *at = environment_of(ARENA_OPTIONS_ENV);
	char item[ARENA_PATH_MAX + 32];

	options->interval_ms = 1000;
	while (at && *at) {
		size_t length = strcspn(at, ":");
		char *equals;

		if (length < sizeof(item)) {
			memcpy(item, at, length);
			item[length] = '\0';
			equals = strchr(item, '=');
			if (equals)
				*equals = '\0';
			if (length && (!equals || !option_set(options, item, equals + 1)))
				say("in SEEP_OPTIONS this is not an option with a good value, ignored; libseep(7) "
				    "lists them: ",
				    item, 0);
		}
		at += length + (at[length] == ':');
	}
}

/* ---- paths ---- */

static void path_absolute(char *path, size_t size)
{
	char name[ARENA_PATH_MAX];
	struct text text = {path, path + size};
	struct text copy = TEXT(name);

	if (path[0] == '/')
		return;
	text_add(&copy, path);
	if (sys_call2(SYS_getcwd, (long)path, (long)size) < 0)
		text_add(&text, "/tmp");
	else
		text.at = path + strlen(path);
	text_add(&text, "/");
	text_add(&text, name);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Named after what was started: /proc/self/exe of Debian's redis-server is redis-check-rdb. */
static void recording_path(char *path, size_t size, const struct options *options)
{
	const char *invoked_as = (const char *)getauxval(AT_EXECFN);
	struct text text = {path, path + size};

	if (options->out[0]) {
		text_add(&text, options->out);
	} else {
		text_add(&text, "seep.");
		text_add(&text, base_name(invoked_as ? invoked_as : shim.exe));
		text_add(&text, ".");
		text_number(&text, (uint64_t)sys_getpid(), 10);
		text_add(&text, ".db");
	}
	path_absolute(path, size);
}

/* A directory of this user alone: made here or by an earlier run, and not somebody else's trap. */
static bool directory_is_ours(const char *path)
{
	struct stat status;
	int fd;
	bool ours;

	sys_mkdir(path, 0700);
	fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ours = sys_fstat(fd, &status) == 0 && status.st_uid == sys_geteuid() && (status.st_mode & 077) == 0;
	sys_close(fd);
	return ours;
}

static void arena_name(struct text *text)
{
	uint64_t random = 0;
	struct timespec now;

	if (sys_getrandom(&random, sizeof(random), 1) != sizeof(random)) {
		sys_clock_gettime(CLOCK_MONOTONIC, &now);
		random = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32 ^ (uint64_t)sys_getpid() << 20;
	}
	random |= UINT64_C(1) << 63; /* always sixteen digits: the environment's length is the same in every run */
	text_add(text, "/");
	text_number(text, random, 16);
	text_add(text, ".arena");
}

/*
 * /dev/shm unless it is small, not ours, or this is a container's first process: that adopts the recorder, and the
 * kernel kills both together, so the arena has to lie where the recording lies.
 */
static void arena_path_choose(char *path, size_t size, const char *recording)
{
	struct text text = {path, path + size};
	struct statfs status;

	if (sys_getpid() != 1 && sys_statfs("/dev/shm", &status) == 0 &&
	    (uint64_t)status.f_bavail * (uint64_t)status.f_bsize >= 4u << 20) {
		text_add(&text, "/dev/shm/seep-");
		text_number(&text, sys_geteuid(), 10);
		if (directory_is_ours(path)) {
			arena_name(&text);
			return;
		}
		say("the arena lies beside the recording, because this directory is not this user's alone: ", path, 0);
	}
	text.at = path;
	text_add(&text, recording);
	text.at = (char *)base_name(path) - 1;
	arena_name(&text);
}

/* The recorder finds another place if it has to, but this program's standard error is ours only now. */
static void recording_path_try(const char *path)
{
	int fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -EEXIST)
		return;
	if (fd < 0) {
		say("the recording goes to $TMPDIR or /tmp, because it cannot be written here: ", path, fd);
		return;
	}
	sys_close(fd);
	sys_unlink(path);
}

/* ---- the arena ---- */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

static uint32_t part_place(uint64_t *offset, uint64_t bytes)
{
	uint64_t place = *offset;

	*offset = round_up(place + bytes, 64 * 1024);
	return (uint32_t)place;
}

static uint64_t address_space(void)
{
	struct rlimit space = {RLIM_INFINITY, 0};

	sys_call4(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&space);
	return space.rlim_cur;
}

/* Of a limited address space the arena gets a sixteenth, or a quarter if one slot needs that. */
static uint32_t slots_affordable(const struct arena_header *header)
{
	uint64_t limit = address_space(), count = limit / 16 / header->slot_size;

	if (count == 0 && header->slot_size <= limit / 4)
		return 1;
	return count < header->slot_count ? (uint32_t)count : header->slot_count;
}

/* A limit on address space or file size gets a smaller arena. */
static void arena_dimension(struct arena_header *header)
{
	struct rlimit file = {0, 0};
	bool is_small;
	uint64_t offset = 2 * ARENA_PAGE;

	sys_call4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&file);
	is_small = address_space() != RLIM_INFINITY || file.rlim_cur != RLIM_INFINITY;
	header->slot_count = is_small ? 16 : 256;
	header->module_capacity = is_small ? 256 : 1024;
	header->node_capacity = is_small ? 1 << 16 : 1 << 20;
	header->site_capacity = is_small ? 1 << 13 : 1 << 17;
	header->misuse_capacity = 256;
	header->fd_capacity = is_small ? 1 << 12 : 1 << 16;
	header->release_capacity = is_small ? 1 << 9 : 1 << 12;
	header->mapping_capacity = is_small ? 1 << 9 : 1 << 12;
	header->stack_capacity = is_small ? 1 << 9 : 1 << 10;
	header->shard_count = SHARDS;
	header->events_offset = ARENA_PAGE;
	header->modules_offset = part_place(&offset, header->module_capacity * sizeof(struct arena_module));
	header->nodes_offset = part_place(&offset, header->node_capacity * sizeof(struct arena_node));
	header->sites_offset = part_place(&offset, header->site_capacity * sizeof(struct arena_site));
	header->misuse_offset = part_place(&offset, header->misuse_capacity * sizeof(struct arena_misuse));
	header->fds_offset = part_place(&offset, header->fd_capacity * sizeof(struct arena_fd));
	header->mark_names_offset = part_place(&offset, MARKS_BYTES);
	header->marks_offset = header->mark_names_offset + ARENA_MARKS * sizeof(struct arena_mark_name);
	header->releases_offset = part_place(&offset, header->release_capacity * sizeof(struct arena_release));
	header->mappings_offset = part_place(&offset, header->mapping_capacity * sizeof(struct arena_range));
	header->stacks_offset = part_place(&offset, header->stack_capacity * sizeof(uint64_t));
	header->estimates_offset =
		part_place(&offset, (uint64_t)header->site_capacity * sizeof(struct arena_estimates));
	header->counters_offset =
		part_place(&offset, (uint64_t)SHARDS * header->site_capacity * sizeof(struct arena_counters));
	header->slot_size = offset;
	if (slots_affordable(header) < header->slot_count)
		header->slot_count = slots_affordable(header);
	header->slots_offset = round_up(ARENA_PAGE + header->slot_count * sizeof(struct arena_entry), ARENA_PAGE);
	header->file_size = header->slots_offset + header->slot_count * header->slot_size;
}

static uint64_t pid_namespace(void)
{
	struct stat status = {.st_ino = 0};

	sys_call4(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&status, 0);
	return status.st_ino;
}

/* From the first free slot on, so that there is one among them. */
static bool slots_map(int fd, const struct arena_header *header)
{
	uint32_t count = slots_affordable(header), first = 0;

	if (count < header->slot_count) {
		while (first < header->slot_count - count && shim.directory[first].state != SLOT_FREE)
			first++;
	}
	shim.slot_first = first;
	shim.slot_count = count;
	if (count == 0)
		return true;
	shim.slots = sys_mmap(NULL, count * header->slot_size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd,
			      (off_t)(header->slots_offset + first * header->slot_size));
	return !sys_failed(shim.slots);
}

static bool arena_map(int fd, const struct arena_header *header)
{
	size_t head_size = header->slots_offset;
	char *head = sys_mmap(NULL, head_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (sys_failed(head))
		return false;
	shim.arena = (struct arena_header *)head;
	shim.directory = (struct arena_entry *)(head + ARENA_PAGE);
	if (sys_madvise(head, head_size, MADV_POPULATE_WRITE) == 0 && slots_map(fd, header))
		return true;
	sys_munmap(head, head_size);
	return false;
}

static bool arena_fill(int fd, const struct arena_header *dimensions, const char *recording)
{
	struct text path;

	if (sys_ftruncate(fd, (off_t)dimensions->file_size) < 0 || !arena_map(fd, dimensions))
		return false;
	*shim.arena = *dimensions;
	shim.arena->magic = ARENA_MAGIC;
	shim.arena->version = ARENA_VERSION;
	shim.arena->created_realtime_ns = (uint64_t)sys_clock_ns(CLOCK_REALTIME);
	shim.arena->created_boottime_ns = (uint64_t)sys_clock_ns(CLOCK_BOOTTIME);
	shim.arena->creator_pid = (uint32_t)sys_getpid();
	shim.arena->pid_namespace = pid_namespace();
	shim.arena->epoch = 1;
	path = TEXT(shim.arena->recording_path);
	text_add(&path, recording);
	__atomic_store_n(&shim.arena->ready, 1, __ATOMIC_RELEASE);
	return true;
}

/* Beyond the limit on file sizes, ftruncate() is answered with a signal that ends the server. */
static bool file_limit_allows(uint64_t size)
{
	struct rlimit limit = {RLIM_INFINITY, 0};

	sys_call4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit);
	if (limit.rlim_cur >= size)
		return true;
	say("the limit on file sizes (ulimit -f) is too small for an arena", "", 0);
	return false;
}

/* -EEXIST: somebody else has made it. */
static int arena_create(const struct options *options, const char *path, const char *recording)
{
	struct arena_header dimensions = {.interval_ms = options->interval_ms,
					  .sample_interval = options->sample,
					  .max_overhead = options->max_overhead};
	int fd = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool filled;

	if (fd < 0)
		return fd;
	arena_dimension(&dimensions);
	filled = file_limit_allows(dimensions.file_size) && arena_fill(fd, &dimensions, recording);
	sys_close(fd);
	if (filled)
		return 0;
	sys_unlink(path);
	return -ENOSPC;
}

static bool arena_is_sound(const struct arena_header *header, const struct stat *status)
{
	return header->magic == ARENA_MAGIC && header->version == ARENA_VERSION && header->ready &&
	       header->shard_count == SHARDS && header->slot_count && header->slot_count <= 4096 &&
	       header->file_size == (uint64_t)status->st_size && header->slot_size < UINT64_C(1) << 32 &&
	       header->slots_offset >= ARENA_PAGE + header->slot_count * sizeof(struct arena_entry) &&
	       header->slots_offset + header->slot_count * header->slot_size <= header->file_size &&
	       header->events_offset == ARENA_PAGE && header->mark_names_offset + MARKS_BYTES <= header->slot_size &&
	       header->marks_offset == header->mark_names_offset + ARENA_MARKS * sizeof(struct arena_mark_name) &&
	       header->estimates_offset + (uint64_t)header->site_capacity * sizeof(struct arena_estimates) <=
		       header->slot_size &&
	       header->counters_offset + (uint64_t)SHARDS * header->site_capacity * sizeof(struct arena_counters) <=
		       header->slot_size;
}

static bool arena_join(const char *path)
{
	struct arena_header header;
	struct stat status;
	int fd = sys_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
	bool joined;

	if (fd < 0)
		return false;
	joined = sys_fstat(fd, &status) == 0 && status.st_uid == sys_geteuid() &&
		 sys_pread64(fd, &header, sizeof(header), 0) == sizeof(header) && arena_is_sound(&header, &status) &&
		 arena_map(fd, &header);
	sys_close(fd);
	return joined;
}

/* ---- the arena of a parent, or of what this process was before exec ---- */

/* When a process began, as CLOCK_REALTIME says now; UINT64_MAX if /proc does not tell. proc(5): field 22 of stat, in
 * ticks of 10 ms. */
static uint64_t process_started_ns(uint32_t pid)
{
	char stat[1024], path[64], *at;
	struct text text = TEXT(path);
	uint64_t ticks = 0;
	ssize_t size;
	int fd;

	text_add(&text, "/proc/");
	text_number(&text, pid, 10);
	text_add(&text, "/stat");
	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return UINT64_MAX;
	size = sys_read(fd, stat, sizeof(stat) - 1);
	sys_close(fd);
	stat[size > 0 ? size : 0] = '\0';
	at = strrchr(stat, ')'); /* the name before it may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return UINT64_MAX;
	for (at++; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (uint64_t)(*at - '0');
	return (uint64_t)(sys_clock_ns(CLOCK_REALTIME) - sys_clock_ns(CLOCK_BOOTTIME)) + ticks * 10000000u;
}

/* A process that has this id now, and had it already when it claimed the slot: ids are used again. */
static bool entry_is(const struct arena_entry *entry, uint32_t pid)
{
	return entry->state == SLOT_LIVE && entry->pid == pid && process_started_ns(pid) <= entry->claimed_realtime_ns;
}

/* Does a process with one of these ids own a slot of the arena in fd? */
static bool arena_has_process(int fd, uint32_t pid, uint32_t ppid)
{
	struct arena_entry entries[64];
	uint64_t offset = ARENA_PAGE;
	ssize_t size;

	while ((size = sys_pread64(fd, entries, sizeof(entries), (off_t)offset)) == sizeof(entries)) {
		for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
			if (entry_is(&entries[i], pid) || entry_is(&entries[i], ppid))
				return true;
		offset += sizeof(entries);
		if (offset >= ARENA_PAGE + 256 * sizeof(struct arena_entry))
			return false;
	}
	return false;
}

/* The directory says so, in our pid namespace, and the arena is not that of a recording other than the one asked for.
 */
static bool arena_is_familys(const char *path, const char *out)
{
	struct arena_header header;
	int fd = sys_open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	bool found;

	if (fd < 0)
		return false;
	found = sys_pread64(fd, &header, sizeof(header), 0) == sizeof(header) &&
		header.pid_namespace == pid_namespace() &&
		(out[0] != '/' || strncmp(out, header.recording_path, sizeof(header.recording_path)) == 0) &&
		arena_has_process(fd, (uint32_t)sys_getpid(), (uint32_t)sys_call0(SYS_getppid));
	sys_close(fd);
	return found;
}

/*
 * Shells and many daemons give their children an environment of their own making, without what the shim has added to
 * it. But exec keeps the process id, and vfork or posix_spawn makes a child of a recorded process.
 */
static bool arena_find_familys(char *path, size_t size, const char *out)
{
	char directory[64], entries[2048];
	struct text text = TEXT(directory);
	bool found = false;
	ssize_t length;
	int fd;

	text_add(&text, "/dev/shm/seep-");
	text_number(&text, sys_geteuid(), 10);
	fd = sys_open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	while (fd >= 0 && !found && (length = sys_getdents64(fd, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < length && !found;) {
			struct sys_dirent64 *entry = (struct sys_dirent64 *)(entries + at);

			at += entry->d_reclen;
			if (entry->d_name[0] == '.')
				continue;
			text = (struct text){path, path + size};
			text_add(&text, directory);
			text_add(&text, "/");
			text_add(&text, entry->d_name);
			found = arena_is_familys(path, out);
		}
	}
	if (fd >= 0)
		sys_close(fd);
	return found;
}

/* ---- the recorder ---- */

static bool is_executable(const char *path)
{
	return sys_call3(SYS_faccessat, AT_FDCWD, (long)path, 1) == 0;
}

/* `seep` beside this library or in ../bin of its directory, or of the one above (lib/<triplet>). */
static bool recorder_find(char *path, size_t size)
{
	static const char *const places[] = {"/seep", "/../bin/seep", "/../../bin/seep"};
	char directory[ARENA_PATH_MAX];
	struct text text = TEXT(directory);
	const struct link_map *library = real_library(recorder_find);

	if (!library)
		return false;
	text_add(&text, library->l_name);
	path_absolute(directory, sizeof(directory));
	*strrchr(directory, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		text = (struct text){path, path + size};
		text_add(&text, directory);
		text_add(&text, places[i]);
		if (is_executable(path))
			return true;
	}
	return false;
}

/* The recorder's environment: the server's without what would record the recorder. */
static char **recorder_environment(void)
{
	size_t count = 0;
	char **copy, **to;

	while (environ && environ[count])
		count++;
	copy = pages_map((count + 1) * sizeof(*copy));
	to = copy;
	for (size_t i = 0; copy && i < count; i++)
		if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 && strncmp(environ[i], "SEEP_", 5) != 0)
			*to++ = environ[i];
	return copy;
}

static void descriptors_close(void)
{
	if (sys_call3(SYS_close_range, 0, ~0u, 0) < 0)
		for (int fd = 0; fd < 4096; fd++)
			sys_close(fd);
	sys_open("/dev/null", O_RDWR, 0);
	sys_dup2(0, 1);
	sys_dup2(0, 2);
}

static void file_limit_lift(void)
{
	struct rlimit limit;

	if (sys_call4(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		sys_call4(SYS_prlimit64, 0, RLIMIT_FSIZE, (long)&limit, 0);
	}
}

/*
 * Nobody's child: the first child makes the second one and ends, both without an exit signal, so that no wait() of the
 * server's can meet them. Signals are blocked meanwhile, since the children still have the server's handlers.
 */
static void recorder_start(const char *recorder)
{
	char *arguments[] = {(char *)recorder, (char *)"record", (char *)"--arena", shim.arena_path, NULL};
	char **environment = recorder_environment();
	uint64_t all = ~UINT64_C(0), none = 0, old = 0;
	pid_t child;

	sys_rt_sigprocmask(SIG_SETMASK, &all, &old);
	child = sys_clone(0);
	if (child == 0) {
		sys_setsid();
		if (sys_clone(0) == 0) {
			descriptors_close();
			file_limit_lift();
			sys_rt_sigprocmask(SIG_SETMASK, &none, NULL);
			sys_execve(recorder, arguments, environment);
			sys_exit_group(127);
		}
		sys_exit_group(0);
	}
	if (child > 0)
		while (sys_wait4(child, NULL, __WCLONE, NULL) == -EINTR)
			;
	sys_rt_sigprocmask(SIG_SETMASK, &old, NULL);
	if (child < 0)
		say("the recorder could not be started; run `seep record` while this program runs or after it: ",
		    shim.arena_path, child);
}

static void recorder_ensure(const struct options *options)
{
	char path[ARENA_PATH_MAX];
	struct text text = TEXT(path);

	if (strcmp(options->recorder, "none") == 0)
		return;
	if (options->recorder[0])
		text_add(&text, options->recorder);
	else if (!recorder_find(path, sizeof(path))) {
		say("`seep` is not beside libseep.so nor in ../bin; run `seep record` to store what is in ",
		    shim.arena_path, 0);
		return;
	}
	recorder_start(path);
}

/* ---- the start ---- */

/* Joins the arena that the environment names, or makes one. 1: made, 0: joined, negative: neither. */
static int arena_open(const struct options *options)
{
	const char *inherited = environment_of(ARENA_ENV);
	char recording[ARENA_PATH_MAX];
	struct text path = TEXT(shim.arena_path);
	int result;

	if (inherited && arena_join(inherited)) {
		text_add(&path, inherited);
		return 0;
	}
	if (!options->arena[0] && arena_find_familys(shim.arena_path, sizeof(shim.arena_path), options->out) &&
	    arena_join(shim.arena_path))
		return 0;
	shim.arena_path[0] = '\0';
	recording_path(recording, sizeof(recording), options);
	if (options->arena[0])
		text_add(&path, options->arena);
	else
		arena_path_choose(shim.arena_path, sizeof(shim.arena_path), recording);
	result = arena_create(options, shim.arena_path, recording);
	if (result == 0) {
		recording_path_try(recording);
		return 1;
	}
	if (result == -EEXIST && arena_join(shim.arena_path))
		return 0;
	say("this process runs unrecorded, because its arena could not be made: ", shim.arena_path, result);
	return -1;
}

/* What this process was before exec has its final figures. */
static void earlier_self_end(uint32_t pid)
{
	for (uint32_t i = 0; i < shim.arena->slot_count; i++) {
		struct arena_entry *entry = &shim.directory[i];
		uint32_t live = SLOT_LIVE;

		if (i != shim.slot.index && __atomic_load_n(&entry->pid, __ATOMIC_ACQUIRE) == pid)
			__atomic_compare_exchange_n(&entry->state, &live, SLOT_EXECED, false, __ATOMIC_ACQ_REL,
						    __ATOMIC_RELAXED);
	}
}

static void allocator_name(void)
{
	struct text text = TEXT(shim.slot.header->allocator);
	const struct link_map *library = real_library(REAL(malloc));

	if (library)
		text_add(&text, library->l_name[0] ? library->l_name : shim.exe);
}

static bool slot_start(void)
{
	uint32_t pid = (uint32_t)sys_getpid();
	uint32_t index = slot_claim(0, pid, UINT32_MAX);
	struct text exe;

	if (index == UINT32_MAX)
		return false;
	if (!slot_map(&shim.slot, index) || !slot_fill(&shim.slot)) {
		slot_unclaim(index);
		return false;
	}
	shim.slot.header->pid = pid;
	shim.slot.header->ppid = (uint32_t)sys_call0(SYS_getppid);
	exe = TEXT(shim.slot.header->exe);
	text_add(&exe, shim.exe);
	earlier_self_end(pid);
	return true;
}

static void exe_find(void)
{
	ssize_t length = sys_readlink("/proc/self/exe", shim.exe, sizeof(shim.exe) - 1);

	shim.exe[length > 0 ? length : 0] = '\0';
}

/* Below this a process has hardly room for itself. */
enum { LEAST_ADDRESS_SPACE = 64 << 20 };

static bool start(void)
{
	struct options options = {.interval_ms = 0};
	int opened;

	exe_find();
	options_read(&options);
	shim.wants_verify = options.verify_unwind;
	shim.fallback.is_shared = true;
	shim.fallback.shard = SHARED_SHARD;
	shim.fallback.event_line = SHARED_SHARD;
	shim.fallback.capture_level = CAPTURE_LEVELS;
	if (address_space() < LEAST_ADDRESS_SPACE) {
		say("this process runs unrecorded, because its address space is limited (ulimit -v) to less than 64 MB",
		    "", 0);
		return false;
	}
	opened = arena_open(&options);
	if (opened < 0)
		return false;
	if (shim.slot_count == 0) {
		__atomic_fetch_add(&shim.arena->unslotted_processes, 1, __ATOMIC_RELAXED);
		say("this process runs unrecorded, because the limit on its address space (ulimit -v) leaves no room "
		    "for "
		    "a part of the arena: ",
		    shim.arena_path, 0);
		return false;
	}
	if (!slot_start() || !tree_init() || !live_init() || !fork_init()) {
		/* said by the first; the recorder counts the others */
		if (shim.arena->unslotted_processes <= 1)
			say("this process runs unrecorded, because there is no room for it in the arena or in memory: ",
			    shim.arena_path, 0);
		return false;
	}
	allocator_name();
	live_roots_tell();
	cost_init();
	sampling_start();
	if (shim.has_filter && real_is_libcs(REAL(malloc)))
		quick_start();
	__atomic_store_n(&shim.directory[shim.slot.index].state, SLOT_LIVE, __ATOMIC_RELEASE);
	if (opened == 1)
		recorder_ensure(&options);
	return true;
}

COLD bool shim_start(void)
{
	int unstarted = MODE_UNSTARTED;
	bool started;

	if (!environ || local.resolving || !atomic_compare_exchange_strong(&shim.mode, &unstarted, MODE_STARTING))
		return false;
	started = start();
	atomic_store_explicit(&shim.mode, started ? MODE_ACTIVE : MODE_OFF, memory_order_release);
	if (started)
		descriptors_init();
	return started;
}

/* ---- before main ---- */

/* exec'd programs join this arena by the environment; it is a new array, the old one may be anybody's. */
static void environment_add(void)
{
	static char entry[sizeof(ARENA_ENV) + ARENA_PATH_MAX];
	struct text text = TEXT(entry);
	size_t count = 0, kept = 0;
	char **copy;

	text_add(&text, ARENA_ENV "=");
	text_add(&text, shim.arena_path);
	while (environ && environ[count])
		count++;
	copy = pages_map((count + 2) * sizeof(*copy));
	if (!copy)
		return;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], ARENA_ENV "=", sizeof(ARENA_ENV)) != 0)
			copy[kept++] = environ[i];
	copy[kept] = entry;
	environ = copy;
}

static __attribute__((constructor(102))) void shim_constructor(void)
{
	real_init();
	if (!shim_active(true))
		return;
	environment_add();
	if (!shim.wants_verify)
		return;
	if (verify_init())
		shim.verify_unwind = true;
	else
		say("verify_unwind needs libunwind.so.8, which is not here", "", 0);
}

/* ---- unloading ---- */

/*
 * While a library goes, unwind rules are not cached; afterwards those of before are void, and modules that are gone
 * match no address any more. (dlclose does not look at its caller, so it may be called from here.)
 */
HOOK int dlclose(void *library)
{
	int result;

	if (!shim_active(true))
		return REAL(dlclose)(library);
	atomic_fetch_add(&shim.unloading, 1);
	result = REAL(dlclose)(library);
	modules_revalidate();
	atomic_fetch_add(&shim.code_generation, 1);
	atomic_fetch_sub(&shim.unloading, 1);
	return result;
}
