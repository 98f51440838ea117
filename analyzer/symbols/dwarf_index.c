/* SPDX-License-Identifier: MIT */
#include "dwarf_index.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "dwarf_names.h"
#include "symbols.h"

#define DIE_DEPTH_LIMIT 256 /* deeper nesting is a damaged file's */

struct inlined_call {
	Dwarf_Die die;
	uint32_t caller; /* index of the call it is inlined into; RANGES_NONE: the function itself */
};

struct function {
	Dwarf_Die die;
	bool expanded;
	struct ranges ranges; /* pc -> innermost call */
	struct inlined_call *calls;
	size_t count, capacity;
};

enum unit_state {
	UNIT_UNREAD,
	UNIT_SHALLOW, /* functions at file and namespace level are listed */
	UNIT_DEEP,    /* and those inside of functions and classes */
};

struct unit {
	Dwarf_Die die;   /* has the line table */
	Dwarf_Die scope; /* has the functions: the split unit's, else the same */
	enum unit_state state;
	struct ranges ranges; /* pc -> index into functions */
	struct function *functions;
	size_t count, capacity;
};

struct dwarf_index {
	Dwarf *dwarf;
	const struct ranges *code;
	struct ranges ranges; /* pc -> index into units */
	struct unit *units;
	size_t count, capacity;
	struct dwarf_names names;
};

/* Makes room for one more; returns the array, moved or not, or NULL. */
static void *reserve_one(void *items, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count < *capacity)
		return items;
	grown = realloc(items, wanted * size);
	if (grown)
		*capacity = wanted;
	return grown;
}

/*
 * Adds a DIE's ranges. The linker leaves functions that it discarded in the debug info, at address 0 or thereabouts:
 * what does not start in code is not there.
 */
static int add_die_ranges(const struct ranges *code, struct ranges *ranges, Dwarf_Die *die, uint32_t value,
			  uint32_t priority)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (code->count && ranges_find(code, start) == RANGES_NONE)
			continue;
		if (ranges_add(ranges, start, end, value, priority))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

/* ---- units ---- */

static int unit_append(struct dwarf_index *index, Dwarf_Die *die, Dwarf_Die *split)
{
	struct unit *units = reserve_one(index->units, index->count, &index->capacity, sizeof(*units));
	uint32_t value = (uint32_t)index->count;

	if (!units)
		return SEEP_ERR_MEMORY;
	index->units = units;
	units[value] = (struct unit){.die = *die, .scope = split->addr ? *split : *die};
	index->count++;
	return add_die_ranges(index->code, &index->ranges, die, value, 1);
}

static int collect_units(struct dwarf_index *index)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	while (!dwarf_get_units(index->dwarf, unit, &unit, NULL, &type, &die, &split))
		if ((type == DW_UT_compile || type == DW_UT_skeleton) && unit_append(index, &die, &split))
			return SEEP_ERR_MEMORY;
	return SEEP_OK;
}

/* The unit of an offset in .debug_info: units were collected in this order. */
static uint32_t unit_at_offset(const struct dwarf_index *index, Dwarf_Off offset)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dwarf_dieoffset(&index->units[middle].die) < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->count && dwarf_dieoffset(&index->units[low].die) == offset)
		return (uint32_t)low;
	return RANGES_NONE;
}

/*
 * .debug_aranges serves the units that say nothing of their ranges themselves. It is not the first choice: clang
 * leaves it out, and a file linked from objects of both has only half of it.
 */
static int add_aranges(struct dwarf_index *index)
{
	Dwarf_Aranges *aranges;
	size_t count;

	if (dwarf_getaranges(index->dwarf, &aranges, &count))
		return SEEP_OK;
	for (size_t i = 0; i < count; i++) {
		Dwarf_Addr start;
		Dwarf_Word length;
		Dwarf_Off offset;
		uint32_t unit;

		if (dwarf_getarangeinfo(dwarf_onearange(aranges, i), &start, &length, &offset) ||
		    (index->code->count && ranges_find(index->code, start) == RANGES_NONE))
			continue;
		unit = unit_at_offset(index, offset);
		if (unit != RANGES_NONE && ranges_add(&index->ranges, start, start + length, unit, 0))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

static void function_release(struct function *function)
{
	ranges_release(&function->ranges);
	free(function->calls);
}

static void unit_release(struct unit *unit)
{
	for (size_t i = 0; i < unit->count; i++)
		function_release(&unit->functions[i]);
	free(unit->functions);
	ranges_release(&unit->ranges);
	unit->functions = NULL;
	unit->count = unit->capacity = 0;
}

void dwarf_index_close(struct dwarf_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->count; i++)
		unit_release(&index->units[i]);
	free(index->units);
	ranges_release(&index->ranges);
	dwarf_names_release(&index->names);
	free(index);
}

int dwarf_index_open(Dwarf *dwarf, const struct ranges *code, struct dwarf_index **out)
{
	struct dwarf_index *index = calloc(1, sizeof(*index));

	*out = NULL;
	if (!index)
		return SEEP_ERR_MEMORY;
	index->dwarf = dwarf;
	index->code = code;
	if (collect_units(index) || add_aranges(index) || ranges_seal(&index->ranges)) {
		dwarf_index_close(index);
		return SEEP_ERR_MEMORY;
	}
	*out = index;
	return SEEP_OK;
}

/* ---- the functions of a unit ---- */

static int function_append(struct dwarf_index *index, struct unit *unit, Dwarf_Die *die, uint32_t depth)
{
	struct function *functions =
		reserve_one(unit->functions, unit->count, &unit->capacity, sizeof(*unit->functions));
	size_t before = unit->ranges.count;

	if (!functions)
		return SEEP_ERR_MEMORY;
	unit->functions = functions;
	if (add_die_ranges(index->code, &unit->ranges, die, (uint32_t)unit->count, depth))
		return SEEP_ERR_MEMORY;
	if (unit->ranges.count > before)
		functions[unit->count++] = (struct function){.die = *die};
	return SEEP_OK;
}

static bool holds_functions(int tag, enum unit_state wanted)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || wanted == UNIT_DEEP;
}

static int functions_walk(struct dwarf_index *index, struct unit *unit, Dwarf_Die *parent, enum unit_state wanted,
			  uint32_t depth)
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	for (; !more && depth < DIE_DEPTH_LIMIT; more = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram && function_append(index, unit, &die, depth))
			return SEEP_ERR_MEMORY;
		if (holds_functions(tag, wanted) && functions_walk(index, unit, &die, wanted, depth + 1))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

static int unit_read(struct dwarf_index *index, struct unit *unit, enum unit_state wanted)
{
	unit_release(unit);
	unit->state = UNIT_UNREAD;
	if (functions_walk(index, unit, &unit->scope, wanted, 0) || ranges_seal(&unit->ranges)) {
		unit_release(unit);
		return SEEP_ERR_MEMORY;
	}
	unit->state = wanted;
	return SEEP_OK;
}

/*
 * Most functions lie at the top of a unit, and skipping over their insides is what makes a large unit quick to
 * list. Only an address that is in none of them is worth the walk for local functions and lambdas.
 */
static int function_find(struct dwarf_index *index, struct unit *unit, uint64_t pc, struct function **out)
{
	*out = NULL;
	for (enum unit_state wanted = UNIT_SHALLOW; wanted <= UNIT_DEEP; wanted++) {
		uint32_t found;

		if (unit->state < wanted && unit_read(index, unit, wanted))
			return SEEP_ERR_MEMORY;
		found = ranges_find(&unit->ranges, pc);
		if (found != RANGES_NONE) {
			*out = &unit->functions[found];
			return SEEP_OK;
		}
	}
	return SEEP_OK;
}

/* ---- the inlined calls of a function ---- */

static int call_append(const struct ranges *code, struct function *function, Dwarf_Die *die, uint32_t caller,
		       uint32_t depth)
{
	struct inlined_call *calls =
		reserve_one(function->calls, function->count, &function->capacity, sizeof(*function->calls));

	if (!calls)
		return SEEP_ERR_MEMORY;
	function->calls = calls;
	calls[function->count] = (struct inlined_call){.die = *die, .caller = caller};
	return add_die_ranges(code, &function->ranges, die, (uint32_t)function->count++, depth);
}

static int calls_walk(const struct ranges *code, struct function *function, Dwarf_Die *parent, uint32_t caller,
		      uint32_t depth)
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	for (; !more && depth < DIE_DEPTH_LIMIT; more = dwarf_siblingof(&die, &die)) {
		uint32_t inside = caller;

		switch (dwarf_tag(&die)) {
		case DW_TAG_inlined_subroutine:
			inside = (uint32_t)function->count;
			if (call_append(code, function, &die, caller, depth))
				return SEEP_ERR_MEMORY;
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			break;
		default:
			continue;
		}
		if (calls_walk(code, function, &die, inside, depth + 1))
			return SEEP_ERR_MEMORY;
	}
	return SEEP_OK;
}

static int function_expand(const struct ranges *code, struct function *function)
{
	if (function->expanded)
		return SEEP_OK;
	if (calls_walk(code, function, &function->die, RANGES_NONE, 0) || ranges_seal(&function->ranges)) {
		function_release(function);
		*function = (struct function){.die = function->die};
		return SEEP_ERR_MEMORY;
	}
	function->expanded = true;
	return SEEP_OK;
}

/* ---- frames ---- */

struct source_line {
	const char *file; /* NULL unknown */
	uint32_t line;
};

static struct source_line line_at(struct unit *unit, uint64_t pc)
{
	struct source_line found = {0};
	Dwarf_Line *row = dwarf_getsrc_die(&unit->die, pc);
	int line;

	if (!row)
		return found;
	found.file = dwarf_linesrc(row, NULL, NULL);
	if (!dwarf_lineno(row, &line) && line > 0)
		found.line = (uint32_t)line;
	return found;
}

/* Where an inlined call stands: that is the current line of its caller. */
static struct source_line call_line(struct unit *unit, Dwarf_Die *call)
{
	struct source_line found = {0};
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word value;
	size_t count;

	if (!dwarf_formudata(dwarf_attr(call, DW_AT_call_file, &attribute), &value) &&
	    !dwarf_getsrcfiles(&unit->scope, &files, &count) && value < count)
		found.file = dwarf_filesrc(files, value, NULL, NULL);
	if (!dwarf_formudata(dwarf_attr(call, DW_AT_call_line, &attribute), &value) && value <= UINT32_MAX)
		found.line = (uint32_t)value;
	return found;
}

/* libdw joins a file's name with its directory, but not with where the compiler ran, which that is relative to. */
static char *source_path(struct unit *unit, const char *file)
{
	Dwarf_Attribute attribute;
	const char *directory = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute));
	size_t length = directory ? strlen(directory) : 0;
	char *path;

	/* The compiler's own directory is the first of the table: what is in it has been joined already. */
	if (!length || file[0] == '/' || (!strncmp(file, directory, length) && file[length] == '/'))
		return strdup(file);
	return asprintf(&path, "%s/%s", directory, file) < 0 ? NULL : path;
}

static int frame_set(struct unit *unit, struct model_symbol *frame, const char *function, struct source_line at,
		     Dwarf_Die *die)
{
	int line;

	*frame = (struct model_symbol){.line = at.line};
	if (function && function[0]) {
		frame->function = strdup(function);
		if (!frame->function)
			return SEEP_ERR_MEMORY;
	}
	if (at.file) {
		frame->file = source_path(unit, at.file);
		if (!frame->file)
			return SEEP_ERR_MEMORY;
	}
	if (die && !dwarf_decl_line(die, &line) && line > 0)
		frame->start_line = (uint32_t)line;
	return SEEP_OK;
}

static size_t chain_length(const struct function *function, uint32_t call)
{
	size_t length = 1;

	for (; call != RANGES_NONE; call = function->calls[call].caller)
		length++;
	return length;
}

/* Fills frames[0 .. chain_length): each function's current line is where the next inner one was called. */
static int fill_frames(struct dwarf_index *index, struct unit *unit, struct function *function, uint32_t call,
		       uint64_t pc, struct model_symbol *frames)
{
	struct source_line at = line_at(unit, pc);

	for (; call != RANGES_NONE; call = function->calls[call].caller) {
		Dwarf_Die *die = &function->calls[call].die;
		const char *name = dwarf_names_get(&index->names, die);

		if (!name || frame_set(unit, frames++, name[0] ? name : "[inlined]", at, die))
			return SEEP_ERR_MEMORY;
		at = call_line(unit, die);
	}
	return frame_set(unit, frames, dwarf_names_get(&index->names, &function->die), at, &function->die);
}

static int find_in_function(struct dwarf_index *index, struct unit *unit, struct function *function, uint64_t pc,
			    struct model_symbol **frames, size_t *count)
{
	uint32_t call;

	if (function_expand(index->code, function))
		return SEEP_ERR_MEMORY;
	call = ranges_find(&function->ranges, pc);
	*count = chain_length(function, call);
	*frames = calloc(*count, sizeof(**frames));
	if (*frames && !fill_frames(index, unit, function, call, pc, *frames))
		return SEEP_OK;
	symbols_release(*frames, *frames ? *count : 0);
	*frames = NULL;
	*count = 0;
	return SEEP_ERR_MEMORY;
}

static int find_line_only(struct unit *unit, uint64_t pc, struct model_symbol **frames, size_t *count)
{
	struct source_line at = line_at(unit, pc);

	if (!at.file)
		return SEEP_OK;
	*frames = calloc(1, sizeof(**frames));
	if (!*frames || frame_set(unit, *frames, NULL, at, NULL)) {
		free(*frames); /* nothing in it: its only string is the one that failed */
		*frames = NULL;
		return SEEP_ERR_MEMORY;
	}
	*count = 1;
	return SEEP_OK;
}

int dwarf_index_find(struct dwarf_index *index, uint64_t pc, struct model_symbol **frames, size_t *count)
{
	struct function *function;
	struct unit *unit;
	uint32_t found = ranges_find(&index->ranges, pc);

	*frames = NULL;
	*count = 0;
	if (found == RANGES_NONE)
		return SEEP_OK;
	unit = &index->units[found];
	if (function_find(index, unit, pc, &function))
		return SEEP_ERR_MEMORY;
	if (function)
		return find_in_function(index, unit, function, pc, frames, count);
	return find_line_only(unit, pc, frames, count);
}
