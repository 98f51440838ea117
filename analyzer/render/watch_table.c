/* SPDX-License-Identifier: MIT */
#include "watch_table.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../analysis/paths.h"

enum { LEAST_FUNCTION = 24, MARGIN = 1 };

static const struct watch_column_row {
	const char *title;
	size_t width;
	int rank;
	enum row_order order;
} columns[WATCH_COLUMN_COUNT] = {
#define X(id, title, width, rank, order) {title, width, rank, order},
	WATCH_COLUMNS(X)
#undef X
};

/* ---- layout ---- */

static size_t taken(const struct watch_layout *layout)
{
	size_t sum = MARGIN;

	for (int i = 0; i < WATCH_COLUMN_COUNT; i++)
		sum += layout->widths[i] ? layout->widths[i] + 1 : 0;
	return sum;
}

static int highest_rank(const struct watch_layout *layout)
{
	int found = WATCH_COLUMN_VERDICT;

	for (int i = 0; i < WATCH_COLUMN_COUNT; i++)
		if (layout->widths[i] && columns[i].rank > columns[found].rank)
			found = i;
	return found;
}

struct watch_layout watch_layout_of(size_t width)
{
	struct watch_layout layout;
	int drop;

	for (int i = 0; i < WATCH_COLUMN_COUNT; i++)
		layout.widths[i] = columns[i].width;
	while ((drop = highest_rank(&layout)) != WATCH_COLUMN_VERDICT && taken(&layout) + LEAST_FUNCTION > width)
		layout.widths[drop] = 0;
	layout.widths[WATCH_COLUMN_FUNCTION] = width > taken(&layout) ? width - taken(&layout) : 1;
	return layout;
}

/* ---- cells ---- */

static char *place(const struct profile_frame *frame)
{
	if (!frame->file || !frame->line)
		return memory_string("");
	return memory_format(" (%s:%u)", path_base(frame->file), frame->line);
}

static char *function_cell(const struct profile_frame *frame)
{
	char *where = place(frame), *text = memory_format("%s%s", frame->function, where);

	free(where);
	return text;
}

static char *value_cell(const struct callsite_row *row, int64_t value)
{
	return memory_format("%s%s", row->is_estimate ? "~" : "", figure_value(unit_own(row->in_bytes), value).text);
}

/* Of what does not grow there is none to tell. */
static char *growth_cell(const struct callsite_row *row)
{
	enum verdict verdict = row->group ? row->group->judged.verdict.verdict : VERDICT_UNDECIDED;

	if (!row->group)
		return memory_string("");
	if (verdict == VERDICT_STEADY || verdict == VERDICT_CHURN)
		return memory_string("-");
	return memory_string(figure_rate(row->growth.estimate, row->in_bytes).text);
}

static char *since_cell(const struct callsite_row *row)
{
	time_t since = row->group ? (time_t)row->group->judged.verdict.since_s : 0;
	struct tm parts;
	char text[32];

	if (!since)
		return memory_string("");
	localtime_r(&since, &parts);
	strftime(text, sizeof(text), "%b %d %H:%M", &parts);
	return memory_string(text);
}

static char *age_cell(double seconds)
{
	static const struct {
		double seconds;
		char name;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

	if (!isfinite(seconds))
		return memory_string("");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= units[i].seconds)
			return memory_format("%.1f%c", seconds / units[i].seconds, units[i].name);
	return memory_format("%.0fs", seconds);
}

char *watch_cell(const struct callsite_row *row, enum watch_column column)
{
	switch (column) {
	case WATCH_COLUMN_VERDICT:
		return memory_string(row->group && row->group->judged.verdict.verdict == VERDICT_LEAK
					     ? "LEAK"
					     : callsite_row_verdict(row));
	case WATCH_COLUMN_FUNCTION:
		return function_cell(row->frame);
	case WATCH_COLUMN_KIND:
		return memory_string(kind_name(row->kind));
	case WATCH_COLUMN_FLAT:
		return value_cell(row, row->flat);
	case WATCH_COLUMN_CUM:
		return value_cell(row, row->cum);
	case WATCH_COLUMN_GROWTH:
		return growth_cell(row);
	case WATCH_COLUMN_SINCE:
		return since_cell(row);
	case WATCH_COLUMN_AGE:
		return age_cell(row->mean_age_s);
	case WATCH_COLUMN_OBJECTS:
		return memory_format("%s%lld", row->is_estimate ? "~" : "", (long long)row->count);
	default:
		return memory_string("");
	}
}

/* ---- lines ---- */

static bool is_text(enum watch_column column)
{
	return column == WATCH_COLUMN_VERDICT || column == WATCH_COLUMN_FUNCTION || column == WATCH_COLUMN_KIND;
}

void watch_table_titles(struct screen *screen, const struct watch_layout *layout, enum row_order order, bool reversed)
{
	const unsigned style = SCREEN_REVERSE;

	screen_add(screen, style, " ");
	for (int i = 0; i < WATCH_COLUMN_COUNT; i++) {
		bool is_order = columns[i].order == order;
		char *title = memory_format("%s%s", columns[i].title, !is_order ? "" : reversed ? "^" : "v");

		if (layout->widths[i] && is_text((enum watch_column)i))
			screen_add_left(screen, style, title, layout->widths[i]);
		else if (layout->widths[i])
			screen_add_right(screen, style, title, layout->widths[i]);
		if (layout->widths[i])
			screen_add(screen, style, " ");
		free(title);
	}
	screen_fill(screen, style);
	screen_end_line(screen);
}

static unsigned verdict_style(const struct callsite_row *row)
{
	if (!row->group)
		return SCREEN_PLAIN;
	switch (row->group->judged.verdict.verdict) {
	case VERDICT_LEAK:
		return SCREEN_STRONG | SCREEN_RED;
	case VERDICT_UNDECIDED:
		return SCREEN_YELLOW;
	default:
		return SCREEN_PLAIN;
	}
}

enum { LEAST_NAME = 8 };

/* The line is what leads to the cause: of a long name rather the function's end is left out. */
static void add_function(struct screen *screen, unsigned style, const struct profile_frame *frame, size_t width)
{
	char *where = place(frame);
	size_t function = screen_width(screen, frame->function), needed = screen_width(screen, where);

	if (function + needed > width && needed + LEAST_NAME <= width)
		function = width - needed;
	screen_add_left(screen, style, frame->function, function < width ? function : width);
	screen_add_left(screen, SCREEN_PLAIN, where, function < width ? width - function : 0);
	free(where);
}

void watch_table_row(struct screen *screen, const struct watch_layout *layout, const struct callsite_row *row,
		     bool is_chosen)
{
	unsigned before = screen->style;

	screen->style |= is_chosen ? SCREEN_REVERSE : 0;
	screen_add(screen, SCREEN_PLAIN, is_chosen ? ">" : " ");
	for (int i = 0; i < WATCH_COLUMN_COUNT; i++) {
		enum watch_column column = (enum watch_column)i;
		unsigned style = column == WATCH_COLUMN_VERDICT ? verdict_style(row) : SCREEN_PLAIN;
		char *cell = watch_cell(row, column);

		if (layout->widths[i] && column == WATCH_COLUMN_FUNCTION)
			add_function(screen, verdict_style(row) & SCREEN_STRONG, row->frame, layout->widths[i]);
		else if (layout->widths[i] && is_text(column))
			screen_add_left(screen, style, cell, layout->widths[i]);
		else if (layout->widths[i])
			screen_add_right(screen, style, cell, layout->widths[i]);
		if (layout->widths[i])
			screen_add(screen, SCREEN_PLAIN, " ");
		free(cell);
	}
	screen_fill(screen, SCREEN_PLAIN);
	screen_end_line(screen);
	screen->style = before;
}
