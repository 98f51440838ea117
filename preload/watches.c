/* SPDX-License-Identifier: MIT */
#include "watches.h"

#include <stdatomic.h>

#include "descriptor_table.h"
#include "index.h"

/*
 * A set of keys, open addressing. 0 is free and never was taken since, so a search ends there. Two threads that add
 * one path to one descriptor at the same moment may both enter the key: the later handle_acquired() then
 * replaces the earlier, and the key that stays behind is dropped when the descriptor is closed.
 */
#define KEY_REMOVED (UINT64_C(1) << 63)
#define PROBES_MAX 128u
static _Atomic(_Atomic uint64_t *) keys;

static uint64_t key_make(int fd, int watch)
{
	return (uint64_t)(uint32_t)fd << 32 | (uint32_t)watch;
}

static uint32_t key_home(uint64_t key)
{
	return (uint32_t)(index_spread(key) >> 48);
}
static_assert(WATCHES_MAX == 1u << 16, "key_home() gives 16 bits");

static _Atomic uint64_t *keys_get(void)
{
	_Atomic uint64_t *table = atomic_load(&keys);

	if (table)
		return table;
	_Atomic uint64_t *fresh = pages_map(WATCHES_MAX * sizeof(*fresh));
	return fresh && atomic_compare_exchange_strong(&keys, &table, fresh) ? fresh : table;
}

static bool key_is_free(uint64_t key)
{
	return key == 0 || key == KEY_REMOVED;
}

/* Where the key is, or else the first place that it could take; NULL if its neighbourhood is full. */
static _Atomic uint64_t *key_place(_Atomic uint64_t *table, uint64_t key)
{
	uint32_t home = key_home(key);
	_Atomic uint64_t *place = NULL;

	for (uint32_t i = 0; i < PROBES_MAX; i++) {
		_Atomic uint64_t *candidate = &table[(home + i) % WATCHES_MAX];
		uint64_t found = atomic_load_explicit(candidate, memory_order_relaxed);

		if (found == key)
			return candidate;
		if (!place && key_is_free(found))
			place = candidate;
		if (found == 0)
			break;
	}
	return place;
}

enum key_entered { KEY_NEW, KEY_KNOWN, KEY_REFUSED };

static enum key_entered key_enter(_Atomic uint64_t *table, uint64_t key)
{
	_Atomic uint64_t *place;

	while ((place = key_place(table, key))) {
		uint64_t found = atomic_load_explicit(place, memory_order_relaxed);

		if (found == key)
			return KEY_KNOWN;
		if (key_is_free(found) && atomic_compare_exchange_strong(place, &found, key))
			return KEY_NEW;
	}
	return KEY_REFUSED;
}

static bool key_remove(_Atomic uint64_t *table, uint64_t key)
{
	uint32_t home = key_home(key);

	for (uint32_t i = 0; i < PROBES_MAX; i++) {
		_Atomic uint64_t *candidate = &table[(home + i) % WATCHES_MAX];
		uint64_t found = atomic_load_explicit(candidate, memory_order_relaxed);

		if (found == 0)
			return false;
		if (found == key && atomic_compare_exchange_strong(candidate, &found, KEY_REMOVED))
			return true;
	}
	return false;
}

void watch_acquired(const struct hook_frame *frame, int fd, int watch)
{
	_Atomic uint32_t *count = descriptor_watches(fd);
	uint64_t key = key_make(fd, watch);

	if (!shim_active(false))
		return;
	_Atomic uint64_t *table = count ? keys_get() : NULL;
	enum key_entered entered = table ? key_enter(table, key) : KEY_REFUSED;
	if (entered == KEY_REFUSED)
		trust_add(TRUST_DROPPED_EVENTS, 1);
	if (entered != KEY_NEW)
		return;
	atomic_fetch_add(count, 1);
	handle_acquired(frame, SEEP_KIND_WATCH, key);
}

void watch_released(int fd, int watch)
{
	_Atomic uint32_t *count = descriptor_watches(fd);
	_Atomic uint64_t *table = atomic_load(&keys);

	if (!shim_active(false) || !count || !table || !key_remove(table, key_make(fd, watch)))
		return;
	atomic_fetch_sub(count, 1);
	handle_released(SEEP_KIND_WATCH, key_make(fd, watch), false);
}

void watches_released(int fd)
{
	_Atomic uint32_t *count = descriptor_watches(fd);
	_Atomic uint64_t *table = atomic_load(&keys);

	if (!count || !table)
		return;
	uint32_t left = atomic_exchange(count, 0);
	for (uint32_t i = 0; i < WATCHES_MAX && left; i++) {
		uint64_t key = atomic_load_explicit(&table[i], memory_order_relaxed);

		if (key >> 32 != (uint32_t)fd || !atomic_compare_exchange_strong(&table[i], &key, KEY_REMOVED))
			continue;
		left--;
		handle_released(SEEP_KIND_WATCH, key, false);
	}
}
