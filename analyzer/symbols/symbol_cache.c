/* SPDX-License-Identifier: MIT */
#include "symbol_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "../base/error.h"
#include "symbols.h"

/* Raised when symbols come out differently, or the format below changes. */
#define REVISION 1
#define MAGIC "Seep sym"
#define MOST_BYTES (64 << 20)
enum { MOST_ENTRIES = 1 << 18, LEAST_BUILD_ID = 16, MOST_BUILD_ID = 128 };
#define REFRESH_S (24 * 60 * 60)

/*
 * A file: the head, entries by pc, frames, text. Text is named by its offset, 0 is no text. In this machine's byte
 * order: it stays here.
 */
struct head {
	uint64_t checksum; /* of all that follows it */
	char magic[8];
	char version[16]; /* Seep's */
	uint32_t revision, entry_count, frame_count, text_bytes;
	uint32_t status, debug_file, link, unused;
	int64_t file_bytes, file_changed_ns;
};
struct entry {
	uint64_t pc;
	uint32_t first_frame, frame_count;
};
struct frame {
	uint32_t function, file, line, start_line;
};

struct interned {
	uint32_t number;
	UT_hash_handle hh;
	char text[];
};

/* What is added to a file: parts as there, numbered from their own beginning. */
struct content {
	struct entry *entries;
	struct frame *frames;
	char *text;
	size_t entry_count, entry_capacity, frame_count, frame_capacity, text_bytes, text_capacity;
	struct interned *interned;
};

struct symbol_cache {
	char *directory, *name;
	char *image; /* as read; NULL: none */
	size_t image_bytes;
	/* in the image; all empty without one */
	const struct head *head;
	const struct entry *entries;
	const struct frame *frames;
	const char *text;
	struct content added; /* in the order in which they came, a pc maybe twice */
	bool is_saved;        /* all that was added */
	uint32_t status, debug_file, link;
	int64_t file_bytes, file_changed_ns; /* these: the basis, where there is no image */
};

/* The head of no file: with its one byte of text, "no text". */
static const struct head no_head = {.text_bytes = 1};

/* ---- the directory ---- */

static bool is_ours_alone(const struct stat *status)
{
	return status->st_uid == geteuid() && (status->st_mode & 022) == 0;
}

static bool directory_is_ours(const char *path)
{
	struct stat status;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return false;
	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && is_ours_alone(&status);
}

/* The base directory; NULL: none that this user may write to alone. It is made, but nothing above it. */
static const char *find_base(char *path, size_t size)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct stat status;

	/* the XDG Base Directory Specification: a relative path is to be ignored */
	if (base && base[0] == '/')
		snprintf(path, size, "%s", base);
	else if (home && home[0] == '/' && stat(home, &status) == 0 && is_ours_alone(&status))
		snprintf(path, size, "%s/.cache", home);
	else
		return NULL;
	mkdir(path, 0700);
	return path;
}

char *symbol_cache_directory(void)
{
	char base[PATH_MAX], path[PATH_MAX + 8];

	if (!find_base(base, sizeof(base)))
		return NULL;
	snprintf(path, sizeof(path), "%s/seep", base);
	return directory_is_ours(path) ? strdup(path) : NULL;
}

/* ---- reading ---- */

static uint64_t checksum_of(const char *image, size_t bytes)
{
	const unsigned char *at = (const unsigned char *)image + sizeof(uint64_t);
	size_t count = bytes - sizeof(uint64_t);
	uint64_t sum = UINT64_C(0xcbf29ce484222325), word;

	for (; count >= sizeof(word); count -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 32;
	}
	for (; count; count--)
		sum = (sum ^ *at++) * UINT64_C(0x100000001b3);
	return sum;
}

static bool frames_are_sound(const struct symbol_cache *cache)
{
	const struct head *head = cache->head;

	for (uint32_t i = 0; i < head->frame_count; i++) {
		if (cache->frames[i].function >= head->text_bytes || cache->frames[i].file >= head->text_bytes)
			return false;
	}
	return true;
}

static bool entries_are_sound(const struct symbol_cache *cache)
{
	const struct head *head = cache->head;

	for (uint32_t i = 0; i < head->entry_count; i++) {
		const struct entry *entry = &cache->entries[i];

		if (entry->first_frame > head->frame_count ||
		    entry->frame_count > head->frame_count - entry->first_frame ||
		    (i && entry->pc <= cache->entries[i - 1].pc))
			return false;
	}
	return true;
}

/* A file of this version whose parts fit each other. */
static bool image_is_sound(struct symbol_cache *cache)
{
	const struct head *head = (const struct head *)cache->image;
	uint64_t entries, frames;

	if (cache->image_bytes < sizeof(*head) || memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0 ||
	    head->revision != REVISION || strncmp(head->version, SEEP_VERSION, sizeof(head->version)) != 0)
		return false;
	entries = (uint64_t)head->entry_count * sizeof(struct entry);
	frames = (uint64_t)head->frame_count * sizeof(struct frame);
	if (sizeof(*head) + entries + frames + head->text_bytes != cache->image_bytes || !head->text_bytes)
		return false;
	cache->head = head;
	cache->entries = (const struct entry *)(head + 1);
	cache->frames = (const struct frame *)(cache->image + sizeof(*head) + entries);
	cache->text = cache->image + sizeof(*head) + entries + frames;
	return checksum_of(cache->image, cache->image_bytes) == head->checksum &&
	       cache->text[head->text_bytes - 1] == '\0' && head->status < head->text_bytes &&
	       head->debug_file < head->text_bytes && head->link < head->text_bytes && frames_are_sound(cache) &&
	       entries_are_sound(cache);
}

static void drop_image(struct symbol_cache *cache)
{
	free(cache->image);
	cache->image = NULL;
	cache->image_bytes = 0;
	cache->head = &no_head;
	cache->entries = NULL;
	cache->frames = NULL;
	cache->text = "";
}

static int open_file(const struct symbol_cache *cache)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", cache->directory, cache->name) >= (int)sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* What is still used is not the oldest. */
static void refresh(int fd, const struct stat *status)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec - status->st_mtim.tv_sec > REFRESH_S)
		futimens(fd, NULL);
}

static void read_image(struct symbol_cache *cache)
{
	int fd = open_file(cache);
	struct stat status;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_ours_alone(&status) &&
	    status.st_size <= MOST_BYTES && (cache->image = malloc((size_t)status.st_size + 1))) {
		cache->image_bytes = (size_t)status.st_size;
		if (pread(fd, cache->image, cache->image_bytes, 0) != (ssize_t)status.st_size || !image_is_sound(cache))
			drop_image(cache);
		else
			refresh(fd, &status);
	}
	close(fd);
}

struct symbol_cache *symbol_cache_open(const char *directory, const char *build_id)
{
	size_t length = strlen(build_id);
	struct symbol_cache *cache;

	if (length < LEAST_BUILD_ID || length > MOST_BUILD_ID || strspn(build_id, "0123456789abcdef") != length)
		return NULL;
	cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	cache->directory = strdup(directory);
	cache->name = strdup(build_id);
	drop_image(cache);
	if (!cache->directory || !cache->name) {
		symbol_cache_close(cache);
		return NULL;
	}
	read_image(cache);
	return cache;
}

/* ---- what is added ---- */

static void content_release(struct content *content)
{
	struct interned *item, *next;

	HASH_ITER(hh, content->interned, item, next)
	{
		HASH_DEL(content->interned, item);
		free(item);
	}
	free(content->entries);
	free(content->frames);
	free(content->text);
	*content = (struct content){0};
}

/* Room for `more` items; the pointer is at `items`. */
static int grow(void *items, size_t *capacity, size_t count, size_t more, size_t size)
{
	size_t wanted = *capacity ? *capacity : 64;
	void *grown;

	if (count + more <= *capacity)
		return SEEP_OK;
	while (wanted < count + more)
		wanted *= 2;
	memcpy(&grown, items, sizeof(grown));
	grown = realloc(grown, wanted * size);
	if (!grown)
		return SEEP_ERR_MEMORY;
	memcpy(items, &grown, sizeof(grown));
	*capacity = wanted;
	return SEEP_OK;
}

/* An added text's number: its place in the added text, and 1; 0 for no text. */
static int intern(struct content *content, const char *text, uint32_t *number)
{
	size_t size = text ? strlen(text) + 1 : 0;
	struct interned *item = NULL;

	*number = 0;
	if (size <= 1)
		return SEEP_OK;
	HASH_FIND_STR(content->interned, text, item);
	if (!item) {
		item = malloc(sizeof(*item) + size);
		if (!item || grow(&content->text, &content->text_capacity, content->text_bytes, size, 1)) {
			free(item);
			return SEEP_ERR_MEMORY;
		}
		memcpy(item->text, text, size);
		item->number = (uint32_t)content->text_bytes + 1;
		HASH_ADD_STR(content->interned, text, item);
		if (!item->hh.tbl) {
			free(item);
			return SEEP_ERR_MEMORY;
		}
		memcpy(content->text + content->text_bytes, text, size);
		content->text_bytes += size;
	}
	*number = item->number;
	return SEEP_OK;
}

int symbol_cache_add(struct symbol_cache *cache, uint64_t pc, const struct model_symbol *symbols, size_t count)
{
	struct content *content = &cache->added;

	if (grow(&content->entries, &content->entry_capacity, content->entry_count, 1, sizeof(struct entry)) ||
	    grow(&content->frames, &content->frame_capacity, content->frame_count, count, sizeof(struct frame)))
		return SEEP_ERR_MEMORY;
	for (size_t i = 0; i < count; i++) {
		struct frame frame = {.line = symbols[i].line, .start_line = symbols[i].start_line};

		if (intern(content, symbols[i].function, &frame.function) ||
		    intern(content, symbols[i].file, &frame.file))
			return SEEP_ERR_MEMORY;
		content->frames[content->frame_count + i] = frame;
	}
	content->entries[content->entry_count++] = (struct entry){pc, (uint32_t)content->frame_count, (uint32_t)count};
	content->frame_count += count;
	cache->is_saved = false;
	return SEEP_OK;
}

int symbol_cache_begin(struct symbol_cache *cache, const struct symbol_cache_basis *basis)
{
	drop_image(cache);
	content_release(&cache->added);
	cache->file_bytes = basis->file_bytes;
	cache->file_changed_ns = basis->file_changed_ns;
	if (intern(&cache->added, basis->status, &cache->status) ||
	    intern(&cache->added, basis->debug_file, &cache->debug_file) ||
	    intern(&cache->added, basis->link, &cache->link))
		return SEEP_ERR_MEMORY;
	return SEEP_OK;
}

/* ---- asking ---- */

bool symbol_cache_read_basis(const struct symbol_cache *cache, struct symbol_cache_basis *out)
{
	const struct head *head = cache->head;

	*out = (struct symbol_cache_basis){.status = cache->text + head->status,
					   .debug_file = cache->text + head->debug_file,
					   .link = cache->text + head->link,
					   .file_bytes = head->file_bytes,
					   .file_changed_ns = head->file_changed_ns};
	return cache->image != NULL;
}

static const struct entry *find_entry(const struct symbol_cache *cache, uint64_t pc)
{
	size_t low = 0, high = cache->head->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cache->entries[middle].pc < pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cache->head->entry_count && cache->entries[low].pc == pc ? &cache->entries[low] : NULL;
}

static bool copy_text(const struct symbol_cache *cache, uint32_t offset, char **out)
{
	*out = offset ? strdup(cache->text + offset) : NULL;
	return *out || !offset;
}

bool symbol_cache_find(const struct symbol_cache *cache, uint64_t pc, struct model_symbol **symbols, size_t *count)
{
	const struct entry *entry = find_entry(cache, pc);
	struct model_symbol *copy;

	*symbols = NULL;
	*count = 0;
	if (!entry || !entry->frame_count)
		return entry != NULL;
	copy = calloc(entry->frame_count, sizeof(*copy));
	for (uint32_t i = 0; copy && i < entry->frame_count; i++) {
		const struct frame *frame = &cache->frames[entry->first_frame + i];

		copy[i].line = frame->line;
		copy[i].start_line = frame->start_line;
		if (!copy_text(cache, frame->function, &copy[i].function) ||
		    !copy_text(cache, frame->file, &copy[i].file)) {
			symbols_release(copy, i + 1);
			return false;
		}
	}
	*symbols = copy;
	*count = copy ? entry->frame_count : 0;
	return copy != NULL;
}

/* ---- writing ---- */

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	return (left->pc > right->pc) - (left->pc < right->pc);
}

/* The offset in the new file's text of an added text. */
static uint32_t moved(const struct symbol_cache *cache, uint32_t number)
{
	return number ? cache->head->text_bytes + number - 1 : 0;
}

/* The old entries and the added ones, by pc, each pc once. Returns how many. */
static size_t merge_entries(const struct symbol_cache *cache, struct entry *out)
{
	const struct head *old = cache->head;
	size_t count = old->entry_count + cache->added.entry_count, kept = 0;

	if (old->entry_count)
		memcpy(out, cache->entries, old->entry_count * sizeof(*out));
	for (size_t i = 0; i < cache->added.entry_count; i++) {
		out[old->entry_count + i] = cache->added.entries[i];
		out[old->entry_count + i].first_frame += old->frame_count;
	}
	qsort(out, count, sizeof(*out), compare_entries);
	for (size_t i = 0; i < count; i++) {
		if (!kept || out[kept - 1].pc != out[i].pc)
			out[kept++] = out[i];
	}
	return kept;
}

static void merge_frames(const struct symbol_cache *cache, struct frame *out)
{
	const struct head *old = cache->head;

	if (old->frame_count)
		memcpy(out, cache->frames, old->frame_count * sizeof(*out));
	for (size_t i = 0; i < cache->added.frame_count; i++) {
		out[old->frame_count + i] = cache->added.frames[i];
		out[old->frame_count + i].function = moved(cache, cache->added.frames[i].function);
		out[old->frame_count + i].file = moved(cache, cache->added.frames[i].file);
	}
}

static void fill_head(const struct symbol_cache *cache, struct head *head)
{
	const struct head *old = cache->head;

	memcpy(head->magic, MAGIC, sizeof(head->magic));
	snprintf(head->version, sizeof(head->version), "%s", SEEP_VERSION);
	head->revision = REVISION;
	head->frame_count = old->frame_count + (uint32_t)cache->added.frame_count;
	head->text_bytes = old->text_bytes + (uint32_t)cache->added.text_bytes;
	head->status = cache->image ? old->status : moved(cache, cache->status);
	head->debug_file = cache->image ? old->debug_file : moved(cache, cache->debug_file);
	head->link = cache->image ? old->link : moved(cache, cache->link);
	head->file_bytes = cache->image ? old->file_bytes : cache->file_bytes;
	head->file_changed_ns = cache->image ? old->file_changed_ns : cache->file_changed_ns;
}

/* The file as it is to be; the caller frees. NULL: no memory. */
static char *make_image(const struct symbol_cache *cache, size_t *bytes)
{
	size_t most = cache->head->entry_count + cache->added.entry_count;
	struct entry *entries = malloc(most * sizeof(*entries));
	struct head head = {.entry_count = 0};
	char *image = NULL, *at;

	fill_head(cache, &head);
	if (entries) {
		head.entry_count = (uint32_t)merge_entries(cache, entries);
		*bytes = sizeof(head) + head.entry_count * sizeof(*entries) + head.frame_count * sizeof(struct frame) +
			 head.text_bytes;
		image = malloc(*bytes);
	}
	if (image) {
		at = image + sizeof(head);
		memcpy(at, entries, head.entry_count * sizeof(*entries));
		at += head.entry_count * sizeof(*entries);
		merge_frames(cache, (struct frame *)at);
		at += head.frame_count * sizeof(struct frame);
		memcpy(at, cache->text, cache->head->text_bytes);
		if (cache->added.text_bytes)
			memcpy(at + cache->head->text_bytes, cache->added.text, cache->added.text_bytes);
		memcpy(image, &head, sizeof(head));
		((struct head *)image)->checksum = checksum_of(image, *bytes);
	}
	free(entries);
	return image;
}

/* Makes room for a new file. */
static void drop_oldest(int directory)
{
	DIR *items = fdopendir(dup(directory));
	char oldest[NAME_MAX + 1] = "";
	struct timespec time = {0};
	const struct dirent *item;
	struct stat status;
	int count = 0;

	while (items && (item = readdir(items))) {
		if (fstatat(directory, item->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
			continue;
		count++;
		if (!oldest[0] || status.st_mtim.tv_sec < time.tv_sec ||
		    (status.st_mtim.tv_sec == time.tv_sec && status.st_mtim.tv_nsec < time.tv_nsec)) {
			snprintf(oldest, sizeof(oldest), "%s", item->d_name);
			time = status.st_mtim;
		}
	}
	if (items)
		closedir(items);
	if (count >= SYMBOL_CACHE_FILES)
		unlinkat(directory, oldest, 0);
}

static void write_image(const struct symbol_cache *cache, int directory, const char *image, size_t bytes)
{
	char new_name[MOST_BUILD_ID + 32];
	bool is_written;
	int fd;

	snprintf(new_name, sizeof(new_name), "%s.%d", cache->name, (int)getpid());
	fd = openat(directory, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	is_written = write(fd, image, bytes) == (ssize_t)bytes;
	close(fd);
	if (!is_written || renameat(directory, new_name, directory, cache->name) < 0)
		unlinkat(directory, new_name, 0);
}

void symbol_cache_save(struct symbol_cache *cache)
{
	size_t bytes = 0;
	char *image;
	int directory;

	if (!cache->added.entry_count || cache->is_saved ||
	    cache->head->entry_count + cache->added.entry_count > MOST_ENTRIES)
		return;
	directory = open(cache->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return;
	image = make_image(cache, &bytes);
	if (image && bytes <= MOST_BYTES) {
		if (faccessat(directory, cache->name, F_OK, 0) < 0)
			drop_oldest(directory);
		write_image(cache, directory, image, bytes);
	}
	free(image);
	close(directory);
	cache->is_saved = true;
}

void symbol_cache_close(struct symbol_cache *cache)
{
	if (!cache)
		return;
	content_release(&cache->added);
	free(cache->image);
	free(cache->directory);
	free(cache->name);
	free(cache);
}
