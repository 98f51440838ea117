/* SPDX-License-Identifier: MIT */
/*
 * screen.h - a terminal's screen as lines of text with styles: what a view draws, before a terminal shows it.
 *
 * Whatever is added is cut to the columns of its line and made fit to be shown: control characters, what would change
 * the direction of writing, bytes that are no UTF-8, and on a terminal without UTF-8 all that is not ASCII become '?'.
 * So no name can write to the reader's terminal. Wide characters take two columns: their widths are those of the C
 * library for the locale's characters (wcwidth), apart from which this is pure.
 *
 * Zeroed is valid and empty; release with screen_release().
 */
#ifndef SEEP_SCREEN_H
#define SEEP_SCREEN_H

#include <stdbool.h>

#include "buffer.h"

/* Bits, which may be combined. A colour never says what the text does not say, too. */
enum screen_style {
	SCREEN_PLAIN = 0,
	SCREEN_STRONG = 1,
	SCREEN_REVERSE = 2,
	SCREEN_RED = 4,
	SCREEN_YELLOW = 8,
	SCREEN_GREEN = 16,
};

/* Bytes of a line's text. */
struct screen_span {
	size_t from, size;
	unsigned style;
};

struct screen_line {
	struct buffer text;
	struct screen_span *spans;
	size_t span_count, span_capacity;
	size_t columns; /* taken */
};

struct screen {
	size_t rows, columns;
	bool is_utf8;
	struct screen_line *lines;
	size_t line_capacity;
	size_t line_count; /* ended ones; the next one is being written */
	unsigned style;    /* added to that of every text */
};

/* An empty screen of that size; memory of the one before is used again. */
void screen_begin(struct screen *screen, size_t rows, size_t columns, bool is_utf8);
void screen_release(struct screen *screen);

/* To the current line; nothing once the screen is full. */
void screen_add(struct screen *screen, unsigned style, const char *text);
void screen_format(struct screen *screen, unsigned style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* In exactly so many columns, as far as the line has them; '~' ends what was cut. */
void screen_add_left(struct screen *screen, unsigned style, const char *text, size_t columns);
void screen_add_right(struct screen *screen, unsigned style, const char *text, size_t columns);
/* Blanks up to a column; up to the line's end. */
void screen_pad(struct screen *screen, unsigned style, size_t to_column);
void screen_fill(struct screen *screen, unsigned style);
void screen_end_line(struct screen *screen);

size_t screen_rows_left(const struct screen *screen);
size_t screen_columns_left(const struct screen *screen);

/* How many columns a text takes. */
size_t screen_width(const struct screen *screen, const char *text);

/* The bytes at the text's beginning that fit into so many columns, at least one character; whole words if there are. */
size_t screen_fitting(const struct screen *screen, const char *text, size_t columns);

#endif
