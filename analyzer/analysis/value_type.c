/* SPDX-License-Identifier: MIT */
#include "value_type.h"

#include <string.h>

#define KIND(id) (UINT32_C(1) << SEEP_KIND_##id)

static_assert(SEEP_KIND_COUNT <= 32, "a kind is a bit of value_type.kinds");

/* A group's kinds are asked of kinds.h by its name, so that a new kind is in its group at once. */
static uint32_t group_kinds(const char *group)
{
	uint32_t kinds = 0;

#define X(id, number, name, its_group) \
	if (!strcmp(its_group, group)) \
		kinds |= KIND(id);
	SEEP_KINDS(X)
#undef X
	return kinds;
}

/* clang-format off */
static const struct {
	const char *name;
	uint32_t more_kinds; /* beside those of the group of that name */
	enum value_field field;
} reports[] = {
	{"inuse_space", KIND(HEAP), VALUE_LIVE_BYTES},
	{"inuse_objects", KIND(HEAP), VALUE_LIVE_COUNT},
	{"alloc_space", KIND(HEAP), VALUE_ACQUIRED_BYTES},
	{"alloc_objects", KIND(HEAP), VALUE_ACQUIRED_COUNT},
	{"sockets", 0, VALUE_LIVE_COUNT},
	{"fds", KIND(SOCKET) | KIND(TIMERFD), VALUE_LIVE_COUNT},
	{"timers", 0, VALUE_LIVE_COUNT},
	{"threads", 0, VALUE_LIVE_COUNT},
	{"streams", 0, VALUE_LIVE_COUNT},
	{"mappings", 0, VALUE_LIVE_BYTES},
	{"watches", 0, VALUE_LIVE_COUNT},
};

static const struct {
	const char *name;
	uint32_t kinds;
} kinds_by_name[] = {
#define X(id, number, name, group) {name, KIND(id)},
	SEEP_KINDS(X)
#undef X
};
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static_assert(COUNT_OF(reports) == VALUE_REPORT_TYPES, "value_type.h has to say how many there are");

static bool same_name(const char *given, const char *name)
{
	for (; *given && *name; given++, name++)
		if (*given != *name && !(*name == ' ' && (*given == '_' || *given == '-')))
			return false;
	return *given == *name;
}

bool value_type_find(const char *name, struct value_type *out)
{
	for (size_t i = 0; i < COUNT_OF(reports); i++) {
		if (!same_name(name, reports[i].name))
			continue;
		*out = (struct value_type){reports[i].name, reports[i].more_kinds | group_kinds(reports[i].name),
					   reports[i].field};
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(kinds_by_name); i++) {
		uint32_t kinds = kinds_by_name[i].kinds;
		bool in_bytes = kinds & (KIND(HEAP) | KIND(MAPPING));

		if (!same_name(name, kinds_by_name[i].name))
			continue;
		*out = (struct value_type){kinds_by_name[i].name, kinds,
					   in_bytes ? VALUE_LIVE_BYTES : VALUE_LIVE_COUNT};
		return true;
	}
	return false;
}

const char *value_type_name(unsigned index)
{
	if (index < COUNT_OF(reports))
		return reports[index].name;
	index -= COUNT_OF(reports);
	return index < COUNT_OF(kinds_by_name) ? kinds_by_name[index].name : NULL;
}

bool value_type_is_bytes(const struct value_type *type)
{
	return type->field == VALUE_LIVE_BYTES || type->field == VALUE_ACQUIRED_BYTES;
}

bool value_type_is_alloc(const struct value_type *type)
{
	return type->field == VALUE_ACQUIRED_COUNT || type->field == VALUE_ACQUIRED_BYTES;
}

bool value_type_has_kind(const struct value_type *type, enum seep_kind kind)
{
	return (unsigned)kind < SEEP_KIND_COUNT && type->kinds >> kind & 1;
}

int64_t value_type_of(const struct value_type *type, const struct model_total *total)
{
	switch (type->field) {
	case VALUE_LIVE_COUNT:
		return total->live_count;
	case VALUE_LIVE_BYTES:
		return total->live_bytes;
	case VALUE_ACQUIRED_COUNT:
		return (int64_t)total->acquired_count;
	case VALUE_ACQUIRED_BYTES:
		return (int64_t)total->acquired_bytes;
	}
	return 0;
}
