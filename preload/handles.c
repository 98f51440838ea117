/* SPDX-License-Identifier: MIT */
/*
 * handles.c - streams, threads, timers, watches: whatever is known by a pointer or a number of its own.
 *
 * They stand in shadows as blocks do (live.h). Kinds known by numbers are spread to the granules of shadows of their
 * own, so that a timer's id and an address never meet.
 */
#include <errno.h>

#include "cost.h"
#include "live.h"
#include "releases.h"

/* Stands for a release that came before its acquisition was recorded. */
enum { SITE_EARLY = LIVE_MARK };

static enum live_map map_of(enum seep_kind kind)
{
	if (kind == SEEP_KIND_TIMER)
		return LIVE_TIMERS;
	if (kind == SEEP_KIND_THREAD)
		return LIVE_THREADS;
	return kind == SEEP_KIND_WATCH ? LIVE_WATCHES : LIVE_HANDLES;
}

/*
 * glibc's timer_t is the kernel's small id or, with SIGEV_THREAD, half an address with the highest bit set.
 * A watch's key is descriptor << 32 | watch.
 */
static uintptr_t place_of(enum seep_kind kind, uintptr_t key)
{
	if (kind == SEEP_KIND_TIMER)
		return (intptr_t)key < 0 ? key << 1 : (key & 0xffffffff) << 6;
	if (kind == SEEP_KIND_WATCH)
		return ((key >> 32 & 0xfffff) << 23 | (key & 0x7fffff)) << 4;
	return key;
}

void handle_acquired(const struct hook_frame *frame, enum seep_kind kind, uintptr_t key)
{
	struct live_block block = {.size = 0};
	struct live_previous previous;
	struct section section;

	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_ACQUISITION, handle_acquired(frame, kind, key));
		return;
	}
	if (!shim_active(kind != SEEP_KIND_WATCH))
		return;
	block.site = site_here(frame, kind);
	block.birth_epoch = epoch_now();
	section = section_begin();
	if (!live_put(map_of(kind), place_of(kind, key), block, &previous)) {
		trust_add(TRUST_LOST_ENTRIES, 1);
	} else {
		count_acquire(block.site, 1, 0, block.birth_epoch);
		if (previous.block.site.n == SITE_EARLY) {
			live_take(map_of(kind), place_of(kind, key));
			count_release(block.site, 1, 0, block.birth_epoch);
		} else if (previous.block.site.n) {
			count_release(previous.block.site, 1, 0, previous.block.birth_epoch);
		}
	}
	section_end(section);
}

bool handle_released(enum seep_kind kind, uintptr_t key, bool may_come_early)
{
	struct live_block block;
	struct live_previous previous;
	struct section section;
	bool is_known, is_first = false;

	if (UNLIKELY(cost_is_due())) {
		COST_TIMED(COST_RELEASE, is_known = handle_released(kind, key, may_come_early));
		return is_known;
	}
	if (!shim_active(kind != SEEP_KIND_WATCH))
		return false;
	section = section_begin();
	block = live_take(map_of(kind), place_of(kind, key));
	is_known = block.site.n && block.site.n != SITE_EARLY;
	if (is_known)
		is_first = count_release(block.site, 1, 0, block.birth_epoch);
	else if (may_come_early)
		live_put(map_of(kind), place_of(kind, key), (struct live_block){.site = {SITE_EARLY}}, &previous);
	section_end(section);
	local.released_site = is_known ? block.site.n : 0;
	local.released_epoch = block.birth_epoch;
	if (is_first)
		release_note(block.site);
	return is_known;
}

void handle_restored(enum seep_kind kind, uintptr_t key)
{
	struct live_block block = {.site = {local.released_site}, .birth_epoch = local.released_epoch};
	struct live_previous previous;
	struct section section;

	if (!shim_active(kind != SEEP_KIND_WATCH))
		return;
	section = section_begin();
	if (block.site.n) {
		if (live_put(map_of(kind), place_of(kind, key), block, &previous))
			count_release(block.site, (uint64_t)-1, 0, block.birth_epoch);
	} else {
		/* the mark of a release that came early but was none: it must not meet the key's next owner */
		block = live_take(map_of(kind), place_of(kind, key));
		if (block.site.n && block.site.n != SITE_EARLY)
			live_put(map_of(kind), place_of(kind, key), block, &previous);
	}
	section_end(section);
}
