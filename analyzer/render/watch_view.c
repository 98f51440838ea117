/* SPDX-License-Identifier: MIT */
#include "watch_view.h"

#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "watch_menu.h"

enum { LONGEST_FILTER = 200 };

/* ---- rows ---- */

const struct callsite_row *watch_view_chosen(const struct watch_view *view)
{
	return view->cursor < view->shown_count ? &view->rows.items[view->shown[view->cursor]] : NULL;
}

static void filter_rows(struct watch_view *view)
{
	size_t most = view->limit ? view->limit : SIZE_MAX;

	free(view->shown);
	view->shown = memory_zeroed(view->rows.count, sizeof(*view->shown));
	view->shown_count = 0;
	for (size_t i = 0; i < view->rows.count && view->shown_count < most; i++)
		if (callsite_row_matches(&view->rows.items[i], view->filter.text))
			view->shown[view->shown_count++] = i;
}

static bool find_row(const struct watch_view *view, const struct callsite_row *wanted, size_t *at)
{
	for (size_t i = 0; i < view->shown_count; i++)
		if (callsite_row_is_same(&view->rows.items[view->shown[i]], wanted)) {
			*at = i;
			return true;
		}
	return false;
}

/* Sorts and filters; the cursor goes to where the row `chosen` is now. NULL: to the first one. */
static void arrange(struct watch_view *view, const struct callsite_row *chosen)
{
	size_t before = view->cursor;

	callsite_rows_sort(&view->rows, view->order, view->reversed);
	filter_rows(view);
	if (!chosen) {
		view->cursor = 0;
	} else if (!find_row(view, chosen, &view->cursor)) {
		view->cursor = before < view->shown_count ? before : view->shown_count - (view->shown_count > 0);
		if (view->mode == WATCH_DETAILS) /* they would be another one's */
			view->mode = WATCH_TABLE;
	}
}

/* The row that the cursor stays with; a cursor that was never moved stays on top. */
static const struct callsite_row *followed(const struct watch_view *view, struct callsite_row *copy)
{
	const struct callsite_row *chosen = watch_view_chosen(view);

	if (!chosen || (!view->cursor && view->mode != WATCH_DETAILS))
		return NULL;
	*copy = *chosen;
	return copy;
}

static void build_rows(struct watch_view *view)
{
	struct value_type type = {0};
	struct callsite_rows_input input = {
		.profile = view->facts.profile,
		.judgement = view->facts.report ? view->facts.report->judgement : NULL,
		.type = view->type ? &type : NULL,
	};

	if (view->type)
		value_type_find(value_type_name(view->type - 1), &type);
	callsite_rows_build(&input, &view->rows);
}

static void rebuild(struct watch_view *view)
{
	struct callsite_row copy;
	const struct callsite_row *chosen = followed(view, &copy);

	callsite_rows_release(&view->rows);
	if (view->facts.profile)
		build_rows(view);
	arrange(view, chosen);
}

void watch_view_facts(struct watch_view *view, const struct watch_facts *facts)
{
	view->facts = *facts;
	rebuild(view);
}

static void rearrange(struct watch_view *view)
{
	struct callsite_row copy;

	arrange(view, followed(view, &copy));
}

/* ---- beginning and end ---- */

static unsigned type_number(const char *name)
{
	struct value_type type;

	if (!name || !value_type_find(name, &type))
		return 0;
	for (unsigned i = 0; value_type_name(i); i++)
		if (!strcmp(value_type_name(i), type.name))
			return i + 1;
	return 0;
}

void watch_view_init(struct watch_view *view, const struct watch_options *options)
{
	*view = (struct watch_view){
		.order = options->order, .type = type_number(options->type), .limit = options->limit};
	buffer_add(&view->filter, "");
}

void watch_view_release(struct watch_view *view)
{
	callsite_rows_release(&view->rows);
	buffer_release(&view->filter);
	free(view->shown);
	*view = (struct watch_view){0};
}

/* ---- moving ---- */

/* Where a key leads among so many lines, of which a page is seen at once. */
static size_t moved(uint32_t key, size_t at, size_t count, size_t page)
{
	size_t last = count ? count - 1 : 0;

	switch (key) {
	case WATCH_KEY_UP:
	case 'k':
		return at ? at - 1 : 0;
	case WATCH_KEY_DOWN:
	case 'j':
		return at < last ? at + 1 : last;
	case WATCH_KEY_PAGE_UP:
		return at > page ? at - page : 0;
	case WATCH_KEY_PAGE_DOWN:
		return last > page && at < last - page ? at + page : last;
	case WATCH_KEY_HOME:
		return 0;
	case WATCH_KEY_END:
		return last;
	default:
		return at;
	}
}

static void move_cursor(struct watch_view *view, uint32_t key)
{
	view->cursor = moved(key, view->cursor, view->shown_count, view->page);
}

/* ---- keys, by what is on the screen ---- */

static void set_order(struct watch_view *view, enum row_order order)
{
	view->order = order;
	view->reversed = false;
	rearrange(view);
}

static void open_text(struct watch_view *view, enum watch_mode mode)
{
	view->mode = mode;
	view->scroll = 0;
}

static void open_menu(struct watch_view *view, enum watch_mode mode, size_t chosen)
{
	view->mode = mode;
	view->menu = chosen;
}

static void clear_filter(struct watch_view *view)
{
	view->filter.size = 0;
	view->filter.text[0] = '\0';
	rearrange(view);
}

static void escape_table(struct watch_view *view)
{
	if (view->filter.size)
		clear_filter(view);
	else
		view->wants_quit = true;
}

static void key_table(struct watch_view *view, uint32_t key)
{
	enum row_order order;

	switch (key) {
	case 'q':
	case 'Q':
	case WATCH_KEY_QUIT:
		view->wants_quit = true;
		return;
	case WATCH_KEY_ESCAPE:
		escape_table(view);
		return;
	case 'h':
	case '?':
	case WATCH_KEY_HELP:
		open_text(view, WATCH_HELP);
		return;
	case WATCH_KEY_ENTER:
		if (watch_view_chosen(view))
			open_text(view, WATCH_DETAILS);
		return;
	case 's':
	case WATCH_KEY_SORT:
		open_menu(view, WATCH_SORT_MENU, view->order);
		return;
	case 't':
		open_menu(view, WATCH_TYPE_MENU, view->type);
		return;
	case '/':
	case WATCH_KEY_FILTER:
		view->mode = WATCH_TYPING;
		return;
	case 'p':
		view->is_paused = !view->is_paused;
		return;
	case 'r':
		view->reversed = !view->reversed;
		rearrange(view);
		return;
	default:
		if (watch_order_of_key(key, &order))
			set_order(view, order);
		else
			move_cursor(view, key);
	}
}

static void remove_character(struct buffer *text)
{
	while (text->size && (text->text[text->size - 1] & 0xc0) == 0x80)
		text->size--;
	text->size -= text->size > 0;
	text->text[text->size] = '\0';
}

static void add_character(struct buffer *text, uint32_t code)
{
	char bytes[4];
	size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = size; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(first[size] | code);
	if (text->size + size <= LONGEST_FILTER)
		buffer_add_bytes(text, bytes, size);
}

static void key_typing(struct watch_view *view, uint32_t key)
{
	if (key == WATCH_KEY_ENTER || key == WATCH_KEY_ESCAPE) {
		view->mode = WATCH_TABLE;
		if (key == WATCH_KEY_ESCAPE)
			clear_filter(view);
	} else if (key == WATCH_KEY_BACKSPACE) {
		remove_character(&view->filter);
		rearrange(view);
	} else if (key >= WATCH_KEY_NONE) {
		move_cursor(view, key);
	} else if (key >= 0x20 && key != 0x7f) {
		add_character(&view->filter, key);
		rearrange(view);
	}
}

static bool is_back(uint32_t key)
{
	return key == WATCH_KEY_ESCAPE || key == 'q' || key == 'Q' || key == WATCH_KEY_QUIT;
}

static void choose(struct watch_view *view)
{
	bool is_sort = view->mode == WATCH_SORT_MENU;

	view->mode = WATCH_TABLE;
	if (is_sort) {
		set_order(view, (enum row_order)view->menu);
		return;
	}
	view->type = (unsigned)view->menu;
	rebuild(view);
}

static void key_menu(struct watch_view *view, uint32_t key)
{
	enum row_order order;

	if (is_back(key)) {
		view->mode = WATCH_TABLE;
	} else if (key == WATCH_KEY_ENTER) {
		choose(view);
	} else if (view->mode == WATCH_SORT_MENU && watch_order_of_key(key, &order)) {
		view->menu = order;
		choose(view);
	} else {
		view->menu = moved(key, view->menu, watch_menu_count(view->mode), view->page);
	}
}

/* The end of a text is known to who draws it: he takes back what is too far. */
static void key_text(struct watch_view *view, uint32_t key)
{
	if (is_back(key) || (view->mode == WATCH_HELP && (key == 'h' || key == '?' || key == WATCH_KEY_HELP)))
		view->mode = WATCH_TABLE;
	else
		view->scroll = moved(key, view->scroll, SIZE_MAX / 2, view->page);
}

void watch_view_key(struct watch_view *view, uint32_t key)
{
	switch (view->mode) {
	case WATCH_TYPING:
		key_typing(view, key);
		return;
	case WATCH_SORT_MENU:
	case WATCH_TYPE_MENU:
		key_menu(view, key);
		return;
	case WATCH_DETAILS:
	case WATCH_HELP:
		key_text(view, key);
		return;
	default:
		key_table(view, key);
	}
}
