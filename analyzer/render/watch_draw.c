/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "growth_words.h"
#include "watch_menu.h"
#include "watch_table.h"

/* How a screen is divided; what is small loses the head first, and a table is the last thing to go. */
struct parts {
	size_t head;
	bool has_status, has_titles, has_footer;
	size_t body;
};

static struct parts divide(size_t rows)
{
	struct parts parts = {
		.has_titles = rows >= 3,
		.has_footer = rows >= 4,
		.has_status = rows >= 8,
		.head = rows <= 8                     ? rows >= 6
			: rows - 8 < WATCH_HEAD_LINES ? rows - 8
						      : WATCH_HEAD_LINES,
	};

	parts.body = rows - parts.head - parts.has_titles - parts.has_footer - parts.has_status;
	return parts;
}

/* ---- texts: details and help ---- */

static void add_now(struct buffer *text, const struct callsite_row *row)
{
	char *flat = watch_cell(row, WATCH_COLUMN_FLAT), *cum = watch_cell(row, WATCH_COLUMN_CUM);
	char *count = watch_cell(row, WATCH_COLUMN_OBJECTS);
	const char *reason = row->group ? row->group->judged.verdict.reason : NULL;

	if (reason && !strstr(text->text, reason)) /* some verdicts are told with it */
		buffer_format(text, "Why: %s\n", reason);
	buffer_format(text, "Now: flat %s, cum %s, %s object%s\n", flat, cum, count, row->count == 1 ? "" : "s");
	free(flat);
	free(cum);
	free(count);
}

/* Nothing but its stack is known of it. */
static void add_new(struct buffer *text, const struct watch_view *view, const struct callsite_row *row)
{
	const struct profile *profile = view->facts.profile;
	const struct profile_stack *stack;
	char *name = watch_cell(row, WATCH_COLUMN_FUNCTION);

	buffer_format(text, "new  %s, %s: not judged yet\n", name, kind_name(row->kind));
	free(name);
	if (row->first_stack >= profile->stack_count)
		return;
	stack = &profile->stacks[row->first_stack];
	buffer_add(text, GROWTH_INDENT "by\n");
	for (size_t i = 0; i < stack->count; i++) {
		const struct profile_frame *frame = &profile->frames[profile->frame_ids[stack->first + i]];

		buffer_format(text, GROWTH_INDENT "  %s%s", frame->function, frame->inlined ? " (inline)" : "");
		if (frame->file)
			buffer_format(text, " %s:%u", frame->file, frame->line);
		buffer_add(text, "\n");
	}
}

static struct buffer details_text(const struct watch_view *view)
{
	const struct callsite_row *row = watch_view_chosen(view);
	struct buffer text = {0};

	if (!row)
		return text;
	if (row->group) {
		struct growth_report report = *view->facts.report;

		report.with_stacks = true;
		buffer_format(&text, "%s  ", growth_verdict_word(row->group->judged.verdict.verdict));
		growth_words(&text, &report, row->group);
	} else {
		add_new(&text, view, row);
	}
	add_now(&text, row);
	return text;
}

/* One line of a text, wrapped under its indentation. `skip` lines of the whole text are still to be left out. */
static void draw_wrapped(struct screen *screen, const char *line, size_t *skip, size_t *left)
{
	size_t indent = strspn(line, " ");

	indent = indent + 8 < screen->columns ? indent : 0;
	line += strspn(line, " ");
	do {
		size_t width = screen->columns - indent, size = screen_fitting(screen, line, width ? width : 1);
		char *part = memory_format("%.*s", (int)size, line);

		if (*skip) {
			--*skip;
		} else if (*left) {
			screen_pad(screen, SCREEN_PLAIN, indent);
			screen_add(screen, strncmp(part, "LEAK ", 5) ? SCREEN_PLAIN : SCREEN_STRONG | SCREEN_RED, part);
			screen_end_line(screen);
			--*left;
		}
		free(part);
		line += size;
		line += strspn(line, " ");
	} while (*line);
}

static size_t count_wrapped(const struct screen *screen, const char *text)
{
	struct screen trial = {.columns = screen->columns, .is_utf8 = screen->is_utf8};
	size_t skip = SIZE_MAX, left = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = memory_format("%.*s", (int)length, text);

		draw_wrapped(&trial, line, &skip, &left);
		free(line);
		text += length + (text[length] == '\n');
	}
	return SIZE_MAX - skip;
}

static void draw_text(struct watch_view *view, struct screen *screen, const char *text, size_t rows)
{
	size_t count = count_wrapped(screen, text), most = count > rows ? count - rows : 0, skip, left = rows;

	view->scroll = view->scroll < most ? view->scroll : most;
	skip = view->scroll;
	while (*text && left) {
		size_t length = strcspn(text, "\n");
		char *line = memory_format("%.*s", (int)length, text);

		draw_wrapped(screen, line, &skip, &left);
		free(line);
		text += length + (text[length] == '\n');
	}
}

/* ---- the table and the menus ---- */

/* So that the chosen line is on the page. */
static size_t top_of(size_t top, size_t chosen, size_t page)
{
	if (chosen < top || !page)
		return chosen;
	return chosen >= top + page ? chosen - page + 1 : top;
}

static void draw_nothing(const struct watch_view *view, struct screen *screen)
{
	if (!view->facts.profile)
		screen_add(screen, SCREEN_PLAIN, "Reading the recording ...");
	else if (view->rows.count)
		screen_format(screen, SCREEN_PLAIN, "No callsite matches '%s'; Esc clears the filter.",
			      view->filter.text);
	else
		screen_format(screen, SCREEN_PLAIN, "Nothing of type %s.", watch_type_name(view->type));
	screen_end_line(screen);
}

static void draw_table(struct watch_view *view, struct screen *screen, const struct parts *parts)
{
	struct watch_layout layout = watch_layout_of(screen->columns);

	if (parts->has_titles)
		watch_table_titles(screen, &layout, view->order, view->reversed);
	view->top = top_of(view->top, view->cursor, parts->body);
	if (!view->shown_count && parts->body)
		draw_nothing(view, screen);
	for (size_t i = view->top; i < view->shown_count && i < view->top + parts->body; i++)
		watch_table_row(screen, &layout, &view->rows.items[view->shown[i]], i == view->cursor);
}

static void draw_title_bar(struct screen *screen, const char *title)
{
	screen_format(screen, SCREEN_REVERSE, " %s", title);
	screen_fill(screen, SCREEN_REVERSE);
	screen_end_line(screen);
}

static void draw_menu(const struct watch_view *view, struct screen *screen, const struct parts *parts)
{
	size_t count = watch_menu_count(view->mode), top = top_of(0, view->menu, parts->body);

	if (parts->has_titles)
		draw_title_bar(screen, view->mode == WATCH_SORT_MENU ? "SORT BY" : "TYPE");
	for (size_t i = top; i < count && i < top + parts->body; i++) {
		unsigned style = i == view->menu ? SCREEN_REVERSE : SCREEN_PLAIN;
		char *line = watch_menu_line(view->mode, i);

		screen_format(screen, style, "%c%s", i == view->menu ? '>' : ' ', line);
		screen_fill(screen, style);
		screen_end_line(screen);
		free(line);
	}
}

static void draw_details(struct watch_view *view, struct screen *screen, const struct parts *parts)
{
	struct buffer text = details_text(view);

	if (parts->has_titles)
		draw_title_bar(screen, "CALLSITE");
	draw_text(view, screen, text.text ? text.text : "", parts->body);
	buffer_release(&text);
}

static void draw_body(struct watch_view *view, struct screen *screen, const struct parts *parts)
{
	switch (view->mode) {
	case WATCH_SORT_MENU:
	case WATCH_TYPE_MENU:
		draw_menu(view, screen, parts);
		return;
	case WATCH_DETAILS:
		draw_details(view, screen, parts);
		return;
	case WATCH_HELP:
		if (parts->has_titles)
			draw_title_bar(screen, "HELP");
		draw_text(view, screen, watch_help(), parts->body);
		return;
	default:
		draw_table(view, screen, parts);
	}
}

/* ---- all ---- */

static void draw_status(const struct watch_view *view, struct screen *screen)
{
	screen_format(screen, SCREEN_PLAIN, "Type: %s  Callsites: ", watch_type_name(view->type));
	if (view->shown_count < view->rows.count)
		screen_format(screen, SCREEN_PLAIN, "%zu of ", view->shown_count);
	screen_format(screen, SCREEN_PLAIN, "%zu", view->rows.count);
	if (view->filter.size) {
		screen_add(screen, SCREEN_PLAIN, "  Filter: ");
		screen_add(screen, SCREEN_STRONG, view->filter.text);
	}
	screen_end_line(screen);
}

static void draw_footer(const struct watch_view *view, struct screen *screen)
{
	static const char *const hints[] = {
		[WATCH_TABLE] = "F1 Help  F6 Sort  / Filter  t Type  Enter Stack  p Pause  q Quit",
		[WATCH_SORT_MENU] = "Enter Choose  Esc Back",
		[WATCH_TYPE_MENU] = "Enter Choose  Esc Back",
		[WATCH_DETAILS] = "Up Down Scroll  Esc Back",
		[WATCH_HELP] = "Up Down Scroll  Esc Back",
	};

	if (view->mode == WATCH_TYPING)
		screen_format(screen, SCREEN_REVERSE, " Filter: %s_   Enter Keep  Esc Clear", view->filter.text);
	else
		screen_format(screen, SCREEN_REVERSE, " %s", hints[view->mode]);
	screen_fill(screen, SCREEN_REVERSE);
}

void watch_view_draw(struct watch_view *view, struct screen *screen)
{
	struct parts parts = divide(screen->rows);
	const struct judgement *judgement = view->facts.report ? view->facts.report->judgement : NULL;

	view->page = parts.body;
	if (view->facts.head)
		watch_head_draw(screen, view->facts.head, judgement, view->is_paused ? "PAUSED" : NULL, parts.head);
	while (screen->line_count < parts.head)
		screen_end_line(screen);
	if (parts.has_status)
		draw_status(view, screen);
	draw_body(view, screen, &parts);
	while (parts.has_footer && screen_rows_left(screen) > 1)
		screen_end_line(screen);
	if (parts.has_footer) {
		draw_footer(view, screen);
		screen_end_line(screen);
	}
}
