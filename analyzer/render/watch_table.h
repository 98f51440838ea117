/* SPDX-License-Identifier: MIT */
/*
 * watch_table.h - the table of callsites of `seep top --watch`: which columns a width has room for, and what is in
 * them. Pure.
 */
#ifndef SEEP_WATCH_TABLE_H
#define SEEP_WATCH_TABLE_H

#include "../analysis/callsite_rows.h"
#include "screen.h"
#include "units.h"

/*
 * X(identifier, title, width, rank, order): from left to right, with a blank between. The function takes what the
 * others leave; where that is too little the column of the highest rank goes first.
 */
#define WATCH_COLUMNS(X)                                   \
	X(VERDICT, "VERDICT", 9, 0, ROWS_BY_VERDICT)       \
	X(FUNCTION, "FUNCTION (LINE)", 0, 0, ROWS_BY_NAME) \
	X(KIND, "KIND", 9, 4, ROWS_BY_KIND)                \
	X(FLAT, "FLAT", 9, 1, ROWS_BY_FLAT)                \
	X(CUM, "CUM", 9, 5, ROWS_BY_CUM)                   \
	X(GROWTH, "GROWTH", 12, 2, ROWS_BY_GROWTH)         \
	X(SINCE, "SINCE", 12, 8, ROWS_BY_SINCE)            \
	X(AGE, "AGE", 6, 6, ROWS_BY_AGE)                   \
	X(OBJECTS, "COUNT", 9, 7, ROWS_BY_COUNT)

enum watch_column {
#define X(id, title, width, rank, order) WATCH_COLUMN_##id,
	WATCH_COLUMNS(X)
#undef X
		WATCH_COLUMN_COUNT
};

/* Widths by column; 0: it is not shown. */
struct watch_layout {
	size_t widths[WATCH_COLUMN_COUNT];
};

struct watch_layout watch_layout_of(size_t columns);

/* What a row has in a column; free it. A leak's verdict is in capitals. */
char *watch_cell(const struct callsite_row *row, enum watch_column column);

/* The line of titles; that of the order bears the direction in which it goes: 'v', or '^' if it is reversed. */
void watch_table_titles(struct screen *screen, const struct watch_layout *layout, enum row_order order, bool reversed);
void watch_table_row(struct screen *screen, const struct watch_layout *layout, const struct callsite_row *row,
		     bool is_chosen);

#endif
