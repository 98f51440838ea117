/* SPDX-License-Identifier: MIT */
/*
 * watch_view.h - `seep top --watch` without a terminal: what keys do, and what the screen then shows.
 *
 * The view is a state that figures and keys change and that is drawn into a screen (screen.h). It knows no clock, no
 * terminal and no recording, so that all of it can be tested.
 *
 *	watch_view_init(&view, &options);
 *	watch_view_facts(&view, &facts);	whenever there are new figures
 *	watch_view_key(&view, key);		whenever a key was pressed; view.wants_quit: the user wants to go
 *	watch_view_draw(&view, &screen);	after either
 *
 * The cursor stays with its callsite when the order changes, once it has been moved from the first row.
 */
#ifndef SEEP_WATCH_VIEW_H
#define SEEP_WATCH_VIEW_H

#include "../analysis/callsite_rows.h"
#include "growth.h"
#include "screen.h"
#include "watch_head.h"

/* Beyond all characters, which stand for themselves. */
enum watch_key {
	WATCH_KEY_NONE = 0x110000,
	WATCH_KEY_UP,
	WATCH_KEY_DOWN,
	WATCH_KEY_PAGE_UP,
	WATCH_KEY_PAGE_DOWN,
	WATCH_KEY_HOME,
	WATCH_KEY_END,
	WATCH_KEY_ENTER,
	WATCH_KEY_ESCAPE,
	WATCH_KEY_BACKSPACE,
	WATCH_KEY_HELP,
	WATCH_KEY_SORT,
	WATCH_KEY_FILTER,
	WATCH_KEY_QUIT,
};

/* One moment's figures, all borrowed. */
struct watch_facts {
	const struct watch_head *head;
	const struct profile *profile;      /* of every type */
	const struct growth_report *report; /* with the judgement; NULL: not judged yet */
};

enum watch_mode { WATCH_TABLE, WATCH_TYPING, WATCH_SORT_MENU, WATCH_TYPE_MENU, WATCH_DETAILS, WATCH_HELP };

struct watch_options {
	const char *type; /* a name of value_type.h; NULL: everything */
	enum row_order order;
	size_t limit; /* rows; 0 all */
};

struct watch_view {
	struct watch_facts facts;
	struct callsite_rows rows; /* in order */
	size_t *shown;             /* indexes of rows: those that the filter leaves */
	size_t shown_count;
	enum watch_mode mode;
	enum row_order order;
	bool reversed;
	unsigned type;        /* 0: everything, else value_type_name(type - 1) */
	struct buffer filter; /* "" none */
	size_t cursor, top;   /* of `shown`: the chosen row, the first one on the screen */
	size_t page;          /* rows on the screen when last drawn */
	size_t menu, scroll;  /* the chosen line of a menu; the first line of a text */
	size_t limit;
	bool is_paused, wants_quit;
};

void watch_view_init(struct watch_view *view, const struct watch_options *options);
void watch_view_release(struct watch_view *view);

/* Takes new figures; the ones before must be valid until this returns, and are not needed afterwards. */
void watch_view_facts(struct watch_view *view, const struct watch_facts *facts);
void watch_view_key(struct watch_view *view, uint32_t key);

/* Fills a screen that was begun. */
void watch_view_draw(struct watch_view *view, struct screen *screen);

/* The chosen row; NULL: none is shown. */
const struct callsite_row *watch_view_chosen(const struct watch_view *view);

#endif
