/* SPDX-License-Identifier: MIT */
#include "descriptor_table.h"

#include <errno.h>

#include "cost.h"
#include "misuse.h"
#include "releases.h"
#include "slot.h"
#include "sys.h"
#include "watches.h"

_Atomic(struct descriptor *) descriptor_chunks[DESCRIPTORS_MAX / DESCRIPTORS_EACH_CHUNK];
static _Atomic uint32_t descriptors_end; /* above the highest number ever entered */

static uint64_t held_pack(struct site_id site, uint32_t birth)
{
	return site.n | (uint64_t)birth << 32;
}

static struct site_id held_site(uint64_t held)
{
	return (struct site_id){(uint32_t)held};
}

static uint32_t held_birth(uint64_t held)
{
	return (uint32_t)(held >> 32);
}

/* ---- entries ---- */

static void chunk_make(_Atomic(struct descriptor *) *chunk)
{
	struct descriptor *expected = NULL;
	struct descriptor *fresh = pages_map(DESCRIPTORS_EACH_CHUNK * sizeof(*fresh));

	/* the loser's pages stay reserved, untouched: it happens once a chunk at most */
	if (fresh)
		atomic_compare_exchange_strong(chunk, &expected, fresh);
}

static void end_raise(uint32_t end)
{
	uint32_t old = atomic_load_explicit(&descriptors_end, memory_order_relaxed);

	while (old < end && !atomic_compare_exchange_weak(&descriptors_end, &old, end))
		;
}

/* The entry to write to; NULL if the number is beyond the table or memory is refused. */
static struct descriptor *entry_make(int fd)
{
	struct descriptor *entry = descriptor_find(fd);

	if (UNLIKELY(!entry) && fd >= 0 && (uint32_t)fd < DESCRIPTORS_MAX) {
		chunk_make(&descriptor_chunks[(uint32_t)fd / DESCRIPTORS_EACH_CHUNK]);
		entry = descriptor_find(fd);
	}
	if (entry && (uint32_t)fd >= atomic_load_explicit(&descriptors_end, memory_order_relaxed))
		end_raise((uint32_t)fd + 1);
	return entry;
}

/* What belongs to the descriptor ends with it; outside of sections. */
static void entry_gone(struct descriptor *entry, int fd)
{
	if (UNLIKELY(atomic_load_explicit(&entry->watches, memory_order_relaxed)))
		watches_released(fd);
}

static uint32_t traffic_of(enum seep_kind kind)
{
	if (kind == SEEP_KIND_SOCKET)
		return TRAFFIC_SOCKET;
	return kind == SEEP_KIND_TIMERFD ? TRAFFIC_TIMER : 0;
}

/* Enters the descriptor; returns what the entry held before. */
static uint64_t entry_put(struct descriptor *entry, struct site_id site)
{
	uint32_t epoch = epoch_now();
	struct section section = section_begin();
	uint64_t old = atomic_exchange(&entry->held, held_pack(site, epoch));

	if (UNLIKELY(old))
		count_release(held_site(old), 1, 0, held_birth(old));
	count_acquire(site, 1, 0, epoch);
	section_end(section);
	atomic_store_explicit(&entry->traffic, traffic_of(site_kind(site)), memory_order_relaxed);
	return old;
}

/* Clears the entry; true if it was open. */
static bool entry_take(struct descriptor *entry, int fd, struct node_id closed_at)
{
	struct section section = section_begin();
	uint64_t old = atomic_exchange(&entry->held, 0);

	if (old)
		count_release(held_site(old), 1, 0, held_birth(old));
	section_end(section);
	if (!old)
		return false;
	release_note_at(held_site(old), closed_at);
	/* still before the real close: nobody else can have got the number */
	atomic_store_explicit(&entry->traffic, 0, memory_order_relaxed);
	atomic_store_explicit(&entry->closed_at, closed_at.n, memory_order_relaxed);
	entry_gone(entry, fd);
	return true;
}

/* ---- acquiring ---- */

static void put(struct site_id site, int fd, bool replaces)
{
	struct descriptor *entry = entry_make(fd);

	if (UNLIKELY(!entry)) {
		trust_add(TRUST_DROPPED_EVENTS, 1);
		return;
	}
	uint64_t old = entry_put(entry, site);
	if (LIKELY(!old))
		return;
	entry_gone(entry, fd);
	if (!replaces)
		trust_add(TRUST_OVERWRITTEN_BLOCKS, 1);
}

void descriptor_acquired(const struct hook_frame *frame, int fd, enum seep_kind kind)
{
	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_ACQUISITION, descriptor_acquired(frame, fd, kind));
		return;
	}
	if (shim_active(false) && fd >= 0)
		put(site_here(frame, kind), fd, false);
}

void descriptor_replaced(const struct hook_frame *frame, int fd, enum seep_kind kind)
{
	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_ACQUISITION, descriptor_replaced(frame, fd, kind));
		return;
	}
	if (shim_active(false) && fd >= 0)
		put(site_here(frame, kind), fd, true);
}

void descriptors_acquired(const struct hook_frame *frame, const int *fds, size_t count, enum seep_kind kind)
{
	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_ACQUISITION, descriptors_acquired(frame, fds, count, kind));
		return;
	}
	if (!shim_active(false))
		return;
	struct site_id site = site_here(frame, kind);
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			put(site, fds[i], false);
}

void descriptor_is_of_datagrams(int fd)
{
	struct descriptor *entry = descriptor_find(fd);

	if (entry && shim_active(false))
		atomic_fetch_or_explicit(&entry->traffic, TRAFFIC_DATAGRAMS, memory_order_relaxed);
}

enum seep_kind descriptor_kind(int fd)
{
	const struct descriptor *entry = descriptor_find(fd);
	uint64_t held = entry ? atomic_load_explicit(&entry->held, memory_order_relaxed) : 0;

	return held ? site_kind(held_site(held)) : SEEP_KIND_OTHERFD;
}

enum seep_kind descriptor_probe(int fd)
{
	struct stat status;

	if (sys_fstat(fd, &status) < 0)
		return SEEP_KIND_OTHERFD;
	switch (status.st_mode & S_IFMT) {
	case S_IFSOCK:
		return SEEP_KIND_SOCKET;
	case S_IFIFO:
		return SEEP_KIND_PIPE;
	case S_IFREG:
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
		return SEEP_KIND_FILE;
	default:
		return SEEP_KIND_OTHERFD;
	}
}

_Atomic uint32_t *descriptor_watches(int fd)
{
	struct descriptor *entry = descriptor_find(fd);

	return entry ? &entry->watches : NULL;
}

/* ---- closing ---- */

struct closing descriptor_closing(const struct hook_frame *frame, int fd)
{
	struct closing closing = {.state = CLOSING_IGNORED, .fd = fd};
	struct descriptor *entry;

	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_RELEASE, closing = descriptor_closing(frame, fd));
		return closing;
	}
	if (!shim_active(false) || fd < 0 || (uint32_t)fd >= DESCRIPTORS_MAX)
		return closing;
	closing.state = CLOSING_UNKNOWN;
	entry = descriptor_find(fd);
	if (!entry)
		return closing;
	/* read now: after the real close the number may be somebody else's, and closed again */
	closing.before.n = atomic_load_explicit(&entry->closed_at, memory_order_relaxed);
	/* a sweep over unused numbers must not dirty the pages of the table, nor take a stack for each */
	if (atomic_load_explicit(&entry->held, memory_order_relaxed) && entry_take(entry, fd, node_here(frame)))
		closing.state = CLOSING_KNOWN;
	return closing;
}

/* Unless a rival closed it for the first time while this close was under way. */
static COLD void never_closed_before(const struct hook_frame *frame, int fd)
{
	struct descriptor *entry = descriptor_find(fd);
	uint32_t rival = entry ? atomic_load_explicit(&entry->closed_at, memory_order_relaxed) : 0;

	misuse_record(frame, rival ? MISUSE_DOUBLE_CLOSE : MISUSE_NEVER_OPENED, (struct node_id){rival}, fd);
}

/* The number was not open. */
static COLD void closed_in_vain(const struct hook_frame *frame, const struct closing *closing)
{
	if (closing->state == CLOSING_KNOWN)
		/* opened, then closed where no hook sees it; now a second time */
		misuse_record(frame, MISUSE_DOUBLE_CLOSE, (struct node_id){PSEUDO_UNSEEN}, closing->fd);
	else if (closing->before.n)
		misuse_record(frame, MISUSE_DOUBLE_CLOSE, closing->before, closing->fd);
	else
		never_closed_before(frame, closing->fd);
}

void descriptor_closed(const struct hook_frame *frame, const struct closing *closing, int result, bool sweeping)
{
	if (closing->state == CLOSING_IGNORED)
		return;
	if (UNLIKELY(result < 0) && errno == EBADF) {
		if (!sweeping)
			closed_in_vain(frame, closing);
	} else if (UNLIKELY(closing->state == CLOSING_UNKNOWN)) {
		trust_add(TRUST_UNSEEN_CLOSES, 1);
	}
}

void descriptors_released(const struct hook_frame *frame, unsigned int first, unsigned int last)
{
	struct node_id here = {0};
	uint32_t end = atomic_load(&descriptors_end);

	if (!shim_active(false))
		return;
	for (uint64_t fd = first; fd < end && fd <= last; fd++) {
		struct descriptor *entry = descriptor_find((int)fd);

		if (!entry) {
			fd |= DESCRIPTORS_EACH_CHUNK - 1; /* nothing in this whole chunk */
			continue;
		}
		if (!atomic_load_explicit(&entry->held, memory_order_relaxed))
			continue;
		if (!here.n)
			here = node_here(frame);
		entry_take(entry, (int)fd, here);
	}
}

/* ---- the first EMFILE ---- */

static uint32_t mark_copy(struct arena_fd *copy, uint32_t capacity)
{
	uint32_t used = 0;
	uint32_t end = atomic_load(&descriptors_end);

	for (uint32_t fd = 0; fd < end && used < capacity; fd++) {
		const struct descriptor *entry = descriptor_find((int)fd);
		uint64_t held = entry ? atomic_load_explicit(&entry->held, memory_order_relaxed) : 0;

		if (!held)
			continue;
		copy[used++] = (struct arena_fd){
			.fd = (int32_t)fd,
			.site = held_site(held).n,
			.birth_epoch = held_birth(held),
			.kind = site_kind(held_site(held)),
		};
	}
	return used;
}

static COLD void mark_set(const struct hook_frame *frame, int error)
{
	struct slot_header *slot = arena_slot();
	uint32_t unclaimed = 0;
	uint32_t capacity = 0;

	/* fds_used is meaningless until fd_mark is set: non-zero it says that somebody is at work */
	if (!slot || __atomic_load_n(&slot->fd_mark, __ATOMIC_ACQUIRE) ||
	    !__atomic_compare_exchange_n(&slot->fds_used, &unclaimed, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	slot->fd_mark_node = node_here(frame).n;
	slot->fd_mark_epoch = epoch_now();
	struct arena_fd *copy = arena_fd_table(&capacity);
	__atomic_store_n(&slot->fds_used, copy ? mark_copy(copy, capacity) : 0, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->fd_mark, (uint32_t)error, __ATOMIC_RELEASE);
	arena_attention();
}

void descriptor_refused(const struct hook_frame *frame)
{
	int error = errno;

	if (UNLIKELY(error == EMFILE || error == ENFILE) && shim_active(false))
		mark_set(frame, error);
}

/* ---- what is open at start ---- */

static void start_put(int fd)
{
	struct descriptor *entry = descriptor_find(fd);

	/* known already: opened by a constructor that ran before ours */
	if (!entry || !atomic_load_explicit(&entry->held, memory_order_relaxed))
		put(site_pseudo(PSEUDO_AT_START, descriptor_probe(fd)), fd, true);
}

/* A decimal number, or -1: "." and "..". */
static int name_number(const char *name)
{
	int number = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9' || number > INT32_MAX / 10 - 1)
			return -1;
		number = number * 10 + (*name - '0');
	}
	return number;
}

static bool start_list(void)
{
	union {
		struct sys_dirent64 align;
		char bytes[2048];
	} buffer;
	int listing = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	ssize_t size;

	if (listing < 0)
		return false;
	while ((size = sys_getdents64(listing, buffer.bytes, sizeof(buffer.bytes))) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct sys_dirent64 *item = (const void *)&buffer.bytes[at];
			int fd = name_number(item->d_name);

			if (fd >= 0 && fd != listing)
				start_put(fd);
			at += item->d_reclen;
		}
	}
	sys_close(listing);
	return size == 0;
}

void descriptors_init(void)
{
	if (start_list())
		return;
	for (int fd = 0; fd < 256; fd++)
		if (sys_fcntl(fd, F_GETFD, 0) >= 0)
			start_put(fd);
}
