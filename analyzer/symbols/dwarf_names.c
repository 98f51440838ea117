/* SPDX-License-Identifier: MIT */
#include "dwarf_names.h"

#include <dwarf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "names.h"
#include "ranges.h"

#define SCOPE_DEPTH_LIMIT 128
#define ORIGIN_LIMIT 16
#define NESTED_FUNCTIONS_LIMIT 16

/* Assigned after DWARF 5; dwarf.h of Debian 12 does not list them. */
#define LANG_C_PLUS_PLUS_17 0x2a
#define LANG_C_PLUS_PLUS_20 0x2b

struct dwarf_name {
	const void *die;
	char *text;
	UT_hash_handle hh;
};

/* DIEs lie in memory in tree order, so "is inside of" is an interval of addresses. */
struct scope {
	Dwarf_Die die;
	uint32_t parent; /* RANGES_NONE: the unit */
};
struct scope_map {
	const void *unit;
	struct ranges ranges; /* DIE address -> index into items */
	struct scope *items;
	size_t count, capacity;
	UT_hash_handle hh;
};

/* ---- the scopes of a unit ---- */

static bool is_scope(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_subprogram:
		return true;
	default:
		return false;
	}
}

static int scope_append(struct scope_map *map, Dwarf_Die *die, uintptr_t end, uint32_t parent, uint32_t depth)
{
	struct scope *grown;
	size_t capacity;

	if (map->count == map->capacity) {
		capacity = map->capacity ? map->capacity * 2 : 64;
		grown = realloc(map->items, capacity * sizeof(*grown));
		if (!grown)
			return -1;
		map->items = grown;
		map->capacity = capacity;
	}
	map->items[map->count] = (struct scope){.die = *die, .parent = parent};
	/* From behind the DIE's own first byte: a scope is not inside itself. */
	return ranges_add(&map->ranges, (uintptr_t)die->addr + 1, end, (uint32_t)map->count++, depth);
}

static int scopes_walk(struct scope_map *map, Dwarf_Die *parent_die, uintptr_t parent_end, uint32_t parent,
		       uint32_t depth)
{
	Dwarf_Die die, next;
	int more = dwarf_child(parent_die, &die);

	while (!more && depth < SCOPE_DEPTH_LIMIT) {
		int tag = dwarf_tag(&die);
		uint32_t inside = parent;
		uintptr_t end;

		more = dwarf_siblingof(&die, &next);
		end = more ? parent_end : (uintptr_t)next.addr;
		if (dwarf_haschildren(&die) > 0) {
			if (is_scope(tag)) {
				inside = (uint32_t)map->count;
				if (scope_append(map, &die, end, parent, depth))
					return -1;
			}
			if (scopes_walk(map, &die, end, inside, depth + 1))
				return -1;
		}
		die = next;
	}
	return 0;
}

static void scope_map_free(struct scope_map *map)
{
	if (!map)
		return;
	ranges_release(&map->ranges);
	free(map->items);
	free(map);
}

static struct scope_map *scopes_of(struct dwarf_names *names, Dwarf_Die *unit)
{
	struct scope_map *map;

	HASH_FIND_PTR(names->scopes, (const void *const *)&unit->addr, map);
	if (map)
		return map;
	map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	map->unit = unit->addr;
	if (scopes_walk(map, unit, UINTPTR_MAX, RANGES_NONE, 0) || ranges_seal(&map->ranges)) {
		scope_map_free(map);
		return NULL;
	}
	HASH_ADD_PTR(names->scopes, unit, map);
	if (!map->hh.tbl) {
		scope_map_free(map);
		return NULL;
	}
	return map;
}

/* An unnamed class with a call operator is what a lambda is made of. */
static const char *scope_name(Dwarf_Die *die, const char *member)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));

	if (name)
		return name;
	if (dwarf_tag(die) == DW_TAG_namespace)
		return "(anonymous namespace)";
	return strcmp(member, "operator()") == 0 ? "{lambda}" : "(anonymous)";
}

/*
 * "outer::inner::name", in memory of its own. A function that is a scope (of a local class, of a lambda) has a
 * readable name of its own, with its scopes in it: the way up ends there.
 */
static char *qualified(struct dwarf_names *names, const struct scope_map *map, uint32_t at, const char *name)
{
	char *text = strdup(name);
	const char *member = name;
	bool in_function = false;

	for (int i = 0; text && !in_function && at != RANGES_NONE && i < SCOPE_DEPTH_LIMIT; i++) {
		Dwarf_Die scope = map->items[at].die;
		const char *prefix;
		char *longer;

		in_function = dwarf_tag(&scope) == DW_TAG_subprogram;
		prefix = in_function ? dwarf_names_get(names, &scope) : scope_name(&scope, member);
		if (asprintf(&longer, "%s::%s", prefix ? prefix : "", text) < 0)
			longer = NULL;
		free(text);
		text = longer;
		member = "";
		at = map->items[at].parent;
	}
	return text;
}

/* ---- the name of one DIE ---- */

/* Follows `reference` attributes (at most a few, a damaged file may have a cycle) to the DIE at their end. */
static void follow(Dwarf_Die *die, unsigned reference)
{
	Dwarf_Attribute attribute;
	Dwarf_Die target;

	for (int i = 0; i < ORIGIN_LIMIT; i++) {
		if (!dwarf_attr(die, reference, &attribute) || !dwarf_formref_die(&attribute, &target))
			return;
		*die = target;
	}
}

static bool has_scoped_names(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case DW_LANG_ObjC_plus_plus:
	case DW_LANG_Rust:
	case DW_LANG_D:
	case LANG_C_PLUS_PLUS_17:
	case LANG_C_PLUS_PLUS_20:
		return true;
	default:
		return false;
	}
}

static char *name_read(struct dwarf_names *names, Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	Dwarf_Die declaration = *function, unit;
	const struct scope_map *map;
	const char *name = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));

	if (!name)
		name = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_MIPS_linkage_name, &attribute));
	if (name && (name[0] != '_' || name[1] != 'R'))
		return name_readable(name);
	name = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_name, &attribute));
	if (!name)
		return strdup("");
	follow(&declaration, DW_AT_specification);
	/* Functions in functions: a damaged file can have them in a circle. */
	if (names->depth > NESTED_FUNCTIONS_LIMIT || !dwarf_diecu(&declaration, &unit, NULL, NULL) ||
	    !has_scoped_names(&unit))
		return strdup(name);
	map = scopes_of(names, &unit);
	return map ? qualified(names, map, ranges_find(&map->ranges, (uintptr_t)declaration.addr), name) : NULL;
}

const char *dwarf_names_get(struct dwarf_names *names, Dwarf_Die *function)
{
	Dwarf_Die origin = *function;
	struct dwarf_name *entry;

	follow(&origin, DW_AT_abstract_origin);
	HASH_FIND_PTR(names->names, (const void *const *)&origin.addr, entry);
	if (entry)
		return entry->text;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->die = origin.addr;
	names->depth++;
	entry->text = name_read(names, &origin);
	names->depth--;
	if (entry->text)
		HASH_ADD_PTR(names->names, die, entry);
	if (entry->text && entry->hh.tbl)
		return entry->text;
	free(entry->text);
	free(entry);
	return NULL;
}

void dwarf_names_release(struct dwarf_names *names)
{
	struct dwarf_name *name, *next_name;
	struct scope_map *map, *next_map;

	HASH_ITER(hh, names->names, name, next_name)
	{
		HASH_DEL(names->names, name);
		free(name->text);
		free(name);
	}
	HASH_ITER(hh, names->scopes, map, next_map)
	{
		HASH_DEL(names->scopes, map);
		scope_map_free(map);
	}
}
