/* SPDX-License-Identifier: MIT */
#include "callsite_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interner.h"
#include "memory.h"
#include "paths.h"
#include "wrappers.h"

#define NONE SIZE_MAX

struct builder {
	const struct callsite_rows_input *input;
	struct callsite_rows *out;
	size_t *row_of_site; /* by site id; NONE: not judged, or not shown */
	size_t site_end;
	struct interned *functions; /* names; the number is the index below */
	size_t *function_of;        /* by frame id of the profile */
	int64_t *cum;               /* by function and class */
	size_t *counted_stack;      /* by function: + 1, the last stack that its cum has */
	struct interned *new_rows;  /* of callsites that are not judged; the value is the row's index */
	double *age_sums;           /* by row */
	int64_t *live_counts;       /* by row */
	size_t age_capacity, live_capacity;
};

/* ---- types ---- */

static bool is_shown(const struct callsite_rows_input *input, enum seep_kind kind)
{
	return (unsigned)kind < SEEP_KIND_COUNT && (!input->type || value_type_has_kind(input->type, kind));
}

static bool in_bytes(const struct callsite_rows_input *input, enum seep_kind kind)
{
	return input->type ? value_type_is_bytes(input->type) : judged_by_bytes(kind);
}

static int64_t value_of(const struct callsite_rows_input *input, const struct profile_stack *stack)
{
	struct value_type own = {.field = judged_by_bytes(stack->kind) ? VALUE_LIVE_BYTES : VALUE_LIVE_COUNT};

	return stack->sign * value_type_of(input->type ? input->type : &own, stack->total);
}

static int64_t count_of(const struct callsite_rows_input *input, const struct profile_stack *stack)
{
	bool is_alloc = input->type && value_type_is_alloc(input->type);

	return stack->sign * (is_alloc ? (int64_t)stack->total->acquired_count : stack->total->live_count);
}

/* What adds up: a type's values, or those of one kind. */
static size_t class_of(const struct callsite_rows_input *input, enum seep_kind kind)
{
	return input->type ? 0 : (size_t)kind;
}

/* ---- rows ---- */

static size_t add_row(struct builder *builder, struct callsite_row row)
{
	struct callsite_rows *out = builder->out;
	size_t at = out->count++;

	out->items = memory_grow(out->items, &out->capacity, out->count, sizeof(*out->items));
	builder->age_sums =
		memory_grow(builder->age_sums, &builder->age_capacity, out->count, sizeof(*builder->age_sums));
	builder->live_counts =
		memory_grow(builder->live_counts, &builder->live_capacity, out->count, sizeof(*builder->live_counts));
	row.first_stack = NONE;
	out->items[at] = row;
	builder->age_sums[at] = 0;
	builder->live_counts[at] = 0;
	return at;
}

/* What is level has a slope, too: whatever the noise makes of it. */
static struct growth_slope growth_of(const struct judged_group *group, bool is_bytes)
{
	const struct verdict_result *verdict = &group->judged.verdict;

	if (verdict->verdict == VERDICT_STEADY || verdict->verdict == VERDICT_CHURN)
		return (struct growth_slope){0};
	return is_bytes ? verdict->bytes : verdict->objects;
}

static void add_judged_rows(struct builder *builder)
{
	const struct judgement *judgement = builder->input->judgement;

	for (size_t i = 0; judgement && i < judgement->site_count; i++)
		if (judgement->sites[i].site_id >= builder->site_end)
			builder->site_end = judgement->sites[i].site_id + 1;
	builder->row_of_site = memory_zeroed(builder->site_end, sizeof(*builder->row_of_site));
	for (size_t i = 0; i < builder->site_end; i++)
		builder->row_of_site[i] = NONE;
	for (size_t i = 0; judgement && i < judgement->group_count; i++) {
		const struct judged_group *group = &judgement->groups[i];
		bool is_bytes = in_bytes(builder->input, group->kind);
		size_t row;

		if (!is_shown(builder->input, group->kind))
			continue;
		row = add_row(builder, (struct callsite_row){.kind = group->kind,
							     .frame = group->frame,
							     .group = group,
							     .in_bytes = is_bytes,
							     .growth = growth_of(group, is_bytes)});
		for (size_t s = 0; s < group->site_count; s++)
			builder->row_of_site[judgement->sites[group->first_site + s].site_id] = row;
	}
}

static const struct profile_frame *frame_at(const struct profile *profile, const struct profile_stack *stack, size_t i)
{
	return &profile->frames[profile->frame_ids[stack->first + i]];
}

static size_t new_row(struct builder *builder, const struct profile_stack *stack)
{
	const struct profile *profile = builder->input->profile;
	const struct profile_frame *frame;
	struct interned *entry;
	size_t at = 0;
	bool is_new;
	char *key;

	while (at + 1 < stack->count && wrapper_by_name(frame_at(profile, stack, at)->function))
		at++;
	frame = frame_at(profile, stack, at);
	key = memory_format("%u\n%s\n%s\n%s\n%u", stack->kind, frame->function, frame->module,
			    frame->file ? frame->file : "", frame->line);
	entry = intern(&builder->new_rows, key, strlen(key), &is_new);
	if (is_new)
		entry->value =
			add_row(builder, (struct callsite_row){.kind = stack->kind,
							       .frame = frame,
							       .in_bytes = in_bytes(builder->input, stack->kind)});
	return entry->value;
}

/* ---- figures ---- */

static size_t function_number(struct builder *builder, const char *name)
{
	bool is_new;

	return intern(&builder->functions, memory_string(name), strlen(name), &is_new)->number;
}

static void number_functions(struct builder *builder)
{
	const struct profile *profile = builder->input->profile;
	size_t classes = builder->input->type ? 1 : SEEP_KIND_COUNT, count;

	builder->function_of = memory_zeroed(profile->frame_count, sizeof(*builder->function_of));
	for (size_t i = 0; i < profile->frame_count; i++)
		builder->function_of[i] = function_number(builder, profile->frames[i].function);
	count = interned_count(builder->functions);
	builder->cum = memory_zeroed(count * classes, sizeof(*builder->cum));
	builder->counted_stack = memory_zeroed(count, sizeof(*builder->counted_stack));
}

static int64_t *cum_of(const struct builder *builder, size_t function, enum seep_kind kind)
{
	size_t classes = builder->input->type ? 1 : SEEP_KIND_COUNT;

	return &builder->cum[function * classes + class_of(builder->input, kind)];
}

static void add_cum(struct builder *builder, size_t stack_number, int64_t value)
{
	const struct profile *profile = builder->input->profile;
	const struct profile_stack *stack = &profile->stacks[stack_number];

	for (size_t i = 0; i < stack->count; i++) {
		size_t function = builder->function_of[profile->frame_ids[stack->first + i]];

		if (builder->counted_stack[function] == stack_number + 1)
			continue;
		builder->counted_stack[function] = stack_number + 1;
		*cum_of(builder, function, stack->kind) += value;
	}
}

static void add_stack(struct builder *builder, size_t number)
{
	const struct profile_stack *stack = &builder->input->profile->stacks[number];
	uint32_t site_id = stack->total->site_id;
	int64_t value = value_of(builder->input, stack);
	struct callsite_row *row;
	size_t at;

	at = site_id < builder->site_end ? builder->row_of_site[site_id] : NONE;
	if (at == NONE)
		at = new_row(builder, stack);
	row = &builder->out->items[at];
	row->flat += value;
	row->count += count_of(builder->input, stack);
	row->is_estimate |= uncertainty_is_any(&stack->uncertainty);
	if (row->first_stack == NONE)
		row->first_stack = number;
	if (stack->sign > 0) {
		builder->age_sums[at] += stack->total->mean_age_s * (double)stack->total->live_count;
		builder->live_counts[at] += stack->total->live_count;
	}
	add_cum(builder, number, value);
}

static void finish_rows(struct builder *builder)
{
	for (size_t i = 0; i < builder->out->count; i++) {
		struct callsite_row *row = &builder->out->items[i];
		const struct interned *known;

		HASH_FIND(hh, builder->functions, row->frame->function, strlen(row->frame->function), known);
		row->cum = known ? *cum_of(builder, known->number, row->kind) : 0;
		row->mean_age_s =
			builder->live_counts[i] > 0 ? builder->age_sums[i] / (double)builder->live_counts[i] : NAN;
	}
}

void callsite_rows_build(const struct callsite_rows_input *input, struct callsite_rows *out)
{
	struct builder builder = {.input = input, .out = out};

	*out = (struct callsite_rows){0};
	add_judged_rows(&builder);
	number_functions(&builder);
	for (size_t i = 0; i < input->profile->stack_count; i++)
		if (input->profile->stacks[i].count && is_shown(input, input->profile->stacks[i].kind))
			add_stack(&builder, i);
	finish_rows(&builder);
	interned_release(builder.functions);
	interned_release(builder.new_rows);
	free(builder.row_of_site);
	free(builder.function_of);
	free(builder.cum);
	free(builder.counted_stack);
	free(builder.age_sums);
	free(builder.live_counts);
	callsite_rows_sort(out, ROWS_BY_VERDICT, false);
}

void callsite_rows_release(struct callsite_rows *rows)
{
	free(rows->items);
	*rows = (struct callsite_rows){0};
}

/* ---- order ---- */

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

/* Unknown is last. */
static int descending_known(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return descending(a, b);
}

/* Bytes and pieces cannot be compared: bytes come first. */
static int by_amount(const struct callsite_row *a, const struct callsite_row *b, double left, double right)
{
	return a->in_bytes == b->in_bytes ? descending(left, right) : b->in_bytes - a->in_bytes;
}

/* The judgement's groups are in this order already. */
static int by_verdict(const struct callsite_row *a, const struct callsite_row *b)
{
	if (a->group && b->group)
		return (a->group > b->group) - (a->group < b->group);
	if (a->group || b->group)
		return a->group ? -1 : 1;
	return by_amount(a, b, (double)a->flat, (double)b->flat);
}

static int by_name(const struct callsite_row *a, const struct callsite_row *b)
{
	int order = strcmp(a->frame->function, b->frame->function);

	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : (a->frame->line > b->frame->line) - (a->frame->line < b->frame->line);
}

static double since(const struct callsite_row *row)
{
	return row->group && row->group->judged.verdict.since_s ? (double)row->group->judged.verdict.since_s : NAN;
}

static int by_order(const struct callsite_row *a, const struct callsite_row *b, enum row_order order)
{
	switch (order) {
	case ROWS_BY_NAME:
		return by_name(a, b);
	case ROWS_BY_KIND:
		return strcmp(kind_name(a->kind), kind_name(b->kind));
	case ROWS_BY_FLAT:
		return by_amount(a, b, (double)a->flat, (double)b->flat);
	case ROWS_BY_CUM:
		return by_amount(a, b, (double)a->cum, (double)b->cum);
	case ROWS_BY_GROWTH:
		return by_amount(a, b, a->growth.estimate, b->growth.estimate);
	case ROWS_BY_SINCE:
		return descending_known(since(a), since(b));
	case ROWS_BY_AGE:
		return descending_known(a->mean_age_s, b->mean_age_s);
	case ROWS_BY_COUNT:
		return descending((double)a->count, (double)b->count);
	default:
		return by_verdict(a, b);
	}
}

struct wanted_order {
	enum row_order order;
	bool reversed;
};

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct callsite_row *a = left, *b = right;
	const struct wanted_order *wanted = context;
	int order = by_order(a, b, wanted->order);

	if (!order)
		order = by_verdict(a, b);
	if (!order)
		order = by_name(a, b);
	return wanted->reversed ? -order : order;
}

void callsite_rows_sort(struct callsite_rows *rows, enum row_order order, bool reversed)
{
	struct wanted_order wanted = {order, reversed};

	if (rows->count)
		qsort_r(rows->items, rows->count, sizeof(*rows->items), compare_rows, &wanted);
}

/* ---- words ---- */

const char *callsite_row_verdict(const struct callsite_row *row)
{
	return row->group ? verdict_name(row->group->judged.verdict.verdict) : "new";
}

bool callsite_row_matches(const struct callsite_row *row, const char *text)
{
	const struct profile_frame *frame = row->frame;
	char *place;
	bool matches;

	if (!*text || strcasestr(frame->function, text) || strcasestr(path_base(frame->module), text) ||
	    strcasestr(kind_name(row->kind), text) || strcasestr(callsite_row_verdict(row), text))
		return true;
	if (!frame->file)
		return false;
	place = memory_format("%s:%u", path_base(frame->file), frame->line);
	matches = strcasestr(place, text);
	free(place);
	return matches;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool callsite_row_is_same(const struct callsite_row *a, const struct callsite_row *b)
{
	return a->kind == b->kind && a->frame->line == b->frame->line &&
	       is_same_text(a->frame->function, b->frame->function) && is_same_text(a->frame->file, b->frame->file) &&
	       is_same_text(a->frame->module, b->frame->module);
}

const char *row_order_text(enum row_order order)
{
	static const char *const texts[] = {
#define X(id, text) text,
		ROW_ORDERS(X)
#undef X
	};

	return texts[order];
}
