/* SPDX-License-Identifier: MIT */
/*
 * value_type.h - what a report counts: `--type inuse_space`, `--type sockets`, ...
 *
 * The types are the four of a heap profile, every group of kinds.h, and every single kind by its name. Heap
 * and mappings are in bytes, handles in pieces. Pure.
 */
#ifndef SEEP_VALUE_TYPE_H
#define SEEP_VALUE_TYPE_H

#include <stdbool.h>

#include "../base/model.h"

enum value_field {
	VALUE_LIVE_COUNT,
	VALUE_LIVE_BYTES,
	VALUE_ACQUIRED_COUNT,
	VALUE_ACQUIRED_BYTES,
};

struct value_type {
	const char *name; /* static */
	uint32_t kinds;   /* bit 1 << enum seep_kind */
	enum value_field field;
};

/*
 * The type of that name; false if there is none. A kind's name may have '_' or '-' for its spaces. "fds" is every
 * descriptor: the group of that name with sockets and timerfds. Where a kind and a group share
 * a name the group wins.
 */
bool value_type_find(const char *name, struct value_type *out);

/* So many names come before the kinds'. */
#define VALUE_REPORT_TYPES 11

/* The i-th type's name, NULL after the last: first the heap's, then groups, then kinds. */
const char *value_type_name(unsigned index);

/* True if the value is in bytes, false if it is a count. */
bool value_type_is_bytes(const struct value_type *type);

/* True if it is what was acquired since the start, and not what is held. */
bool value_type_is_alloc(const struct value_type *type);

bool value_type_has_kind(const struct value_type *type, enum seep_kind kind);

int64_t value_type_of(const struct value_type *type, const struct model_total *total);

#endif
