/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define NO_ROUTINE UINT32_MAX

/* Where the values of a frame go. Frames of one routine and line share a line. */
struct place {
	uint32_t routine; /* NO_ROUTINE: does not match */
	uint32_t line;    /* index in the routine's lines */
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static uint32_t find_routine(struct routines *out, const struct profile_frame *frame)
{
	struct routine *routine;

	for (size_t i = 0; i < out->count; i++)
		if (!strcmp(out->items[i].function, frame->function) && same_text(out->items[i].file, frame->file))
			return (uint32_t)i;
	out->items = memory_grow(out->items, &out->capacity, out->count + 1, sizeof(*out->items));
	routine = &out->items[out->count];
	*routine = (struct routine){.function = frame->function, .file = frame->file, .module = frame->module};
	return (uint32_t)out->count++;
}

static uint32_t find_line(struct routine *routine, const struct profile_frame *frame)
{
	if (frame->start_line && (!routine->start_line || frame->start_line < routine->start_line))
		routine->start_line = frame->start_line;
	for (size_t i = 0; i < routine->line_count; i++)
		if (routine->lines[i].line == frame->line)
			return (uint32_t)i;
	routine->lines =
		memory_grow(routine->lines, &routine->line_capacity, routine->line_count + 1, sizeof(*routine->lines));
	routine->lines[routine->line_count] = (struct line_values){.line = frame->line};
	return (uint32_t)routine->line_count++;
}

static struct place *place_frames(const struct profile *profile, const regex_t *function, struct routines *out)
{
	struct place *places = memory_zeroed(profile->frame_count, sizeof(*places));

	for (size_t i = 0; i < profile->frame_count; i++) {
		const struct profile_frame *frame = &profile->frames[i];

		places[i].routine = NO_ROUTINE;
		if (regexec(function, frame->function, 0, NULL, 0))
			continue;
		places[i].routine = find_routine(out, frame);
		places[i].line = find_line(&out->items[places[i].routine], frame);
	}
	return places;
}

/* True if a frame further in, of those already counted, is at the same place (line) or in the same routine. */
static bool seen_further_in(const struct profile *profile, const struct profile_stack *stack, size_t at,
			    const struct place *places, bool line_too)
{
	const uint32_t *ids = profile->frame_ids + stack->first;

	for (size_t i = 0; i < at; i++)
		if (places[ids[i]].routine == places[ids[at]].routine &&
		    (!line_too || places[ids[i]].line == places[ids[at]].line))
			return true;
	return false;
}

static void add_stack(const struct profile *profile, const struct profile_stack *stack, const struct place *places,
		      struct routines *out)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct place *place = &places[profile->frame_ids[stack->first + i]];
		struct routine *routine;
		struct line_values *line;

		if (place->routine == NO_ROUTINE)
			continue;
		routine = &out->items[place->routine];
		line = &routine->lines[place->line];
		if (!i) {
			routine->flat += stack->value;
			line->flat += stack->value;
			uncertainty_add(&routine->flat_uncertainty, &stack->uncertainty);
			uncertainty_add(&line->flat_uncertainty, &stack->uncertainty);
		}
		if (!seen_further_in(profile, stack, i, places, false)) {
			routine->cum += stack->value;
			uncertainty_add(&routine->cum_uncertainty, &stack->uncertainty);
		}
		if (!seen_further_in(profile, stack, i, places, true)) {
			line->cum += stack->value;
			uncertainty_add(&line->cum_uncertainty, &stack->uncertainty);
		}
	}
}

static int compare_lines(const void *left, const void *right)
{
	const struct line_values *a = left, *b = right;

	return (a->line > b->line) - (a->line < b->line);
}

static int compare_routines(const void *left, const void *right)
{
	const struct routine *a = left, *b = right;
	int order = strcmp(a->function, b->function);

	return order ? order : strcmp(a->file ? a->file : "", b->file ? b->file : "");
}

/* Frames that no shown stack has leave routines without a value: they are not of this report. */
static void drop_empty(struct routines *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->count; i++) {
		if (out->items[i].flat || out->items[i].cum || uncertainty_is_any(&out->items[i].cum_uncertainty))
			out->items[kept++] = out->items[i];
		else
			free(out->items[i].lines);
	}
	out->count = kept;
}

void routines_build(const struct profile *profile, const regex_t *function, struct routines *out)
{
	struct place *places;

	*out = (struct routines){0};
	places = place_frames(profile, function, out);
	for (size_t i = 0; i < profile->stack_count; i++)
		add_stack(profile, &profile->stacks[i], places, out);
	free(places);
	drop_empty(out);
	for (size_t i = 0; i < out->count; i++)
		qsort(out->items[i].lines, out->items[i].line_count, sizeof(*out->items[i].lines), compare_lines);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_routines);
}

void routines_release(struct routines *routines)
{
	for (size_t i = 0; i < routines->count; i++)
		free(routines->items[i].lines);
	free(routines->items);
	*routines = (struct routines){0};
}
