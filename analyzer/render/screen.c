/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "../analysis/memory.h"
#include "../base/utf8.h"

/* ---- characters ---- */

/* As it is shown. */
struct character {
	size_t size; /* bytes of the text */
	size_t columns;
	bool is_shown; /* false: '?' in its place */
};

static uint32_t code_point(const char *text, size_t size)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)text[0] & first_bits[size];

	for (size_t i = 1; i < size; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

/* They take no column, and change what is seen of others: direction marks, joiners, byte order marks. */
static bool is_invisible(uint32_t code)
{
	return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code >= 0xe0000 && code <= 0xe0fff);
}

static struct character character_at(const struct screen *screen, const char *text)
{
	size_t size = utf8_size(text);
	uint32_t code;
	int columns;

	if (!size)
		return (struct character){1, 1, false};
	code = code_point(text, size);
	if (size == 1)
		return (struct character){1, 1, code >= 0x20 && code != 0x7f};
	if (!screen->is_utf8 || is_invisible(code))
		return (struct character){size, 1, false};
	columns = wcwidth((wchar_t)code);
	return columns < 0 ? (struct character){size, 1, false} : (struct character){size, (size_t)columns, true};
}

size_t screen_width(const struct screen *screen, const char *text)
{
	size_t columns = 0;

	while (*text) {
		struct character character = character_at(screen, text);

		columns += character.columns;
		text += character.size;
	}
	return columns;
}

size_t screen_fitting(const struct screen *screen, const char *text, size_t columns)
{
	size_t taken = 0, at = 0, word_end = 0;

	while (text[at]) {
		struct character character = character_at(screen, text + at);

		if (at && taken + character.columns > columns)
			return word_end ? word_end : at;
		taken += character.columns;
		at += character.size;
		if (text[at] == ' ' && text[at - 1] != ' ')
			word_end = at;
	}
	return at;
}

/* ---- lines ---- */

static void clear_line(struct screen_line *line)
{
	if (line->text.text)
		line->text.text[line->text.size = 0] = '\0';
	line->span_count = 0;
	line->columns = 0;
}

void screen_begin(struct screen *screen, size_t rows, size_t columns, bool is_utf8)
{
	size_t known = screen->line_capacity;

	screen->lines = memory_grow(screen->lines, &screen->line_capacity, rows, sizeof(*screen->lines));
	if (screen->line_capacity > known)
		memset(screen->lines + known, 0, (screen->line_capacity - known) * sizeof(*screen->lines));
	for (size_t i = 0; i < screen->line_capacity; i++)
		clear_line(&screen->lines[i]);
	screen->rows = rows;
	screen->columns = columns;
	screen->is_utf8 = is_utf8;
	screen->line_count = 0;
	screen->style = SCREEN_PLAIN;
}

void screen_release(struct screen *screen)
{
	for (size_t i = 0; i < screen->line_capacity; i++) {
		buffer_release(&screen->lines[i].text);
		free(screen->lines[i].spans);
	}
	free(screen->lines);
	*screen = (struct screen){0};
}

static struct screen_line *current(struct screen *screen)
{
	return screen->line_count < screen->rows ? &screen->lines[screen->line_count] : NULL;
}

size_t screen_rows_left(const struct screen *screen)
{
	return screen->rows - screen->line_count;
}

size_t screen_columns_left(const struct screen *screen)
{
	if (screen->line_count >= screen->rows)
		return 0;
	return screen->columns - screen->lines[screen->line_count].columns;
}

static void add_span(struct screen *screen, struct screen_line *line, size_t from, unsigned style)
{
	size_t size = line->text.size - from;

	style |= screen->style;
	if (!size)
		return;
	if (line->span_count && line->spans[line->span_count - 1].style == style) {
		line->spans[line->span_count - 1].size += size;
		return;
	}
	line->spans = memory_grow(line->spans, &line->span_capacity, line->span_count + 1, sizeof(*line->spans));
	line->spans[line->span_count++] = (struct screen_span){from, size, style};
}

/* As much of the text as so many columns hold; returns the columns taken. */
static size_t add_cut(struct screen *screen, unsigned style, const char *text, size_t columns)
{
	struct screen_line *line = current(screen);
	size_t taken = 0, from;

	if (!line)
		return 0;
	from = line->text.size;
	if (columns > screen_columns_left(screen))
		columns = screen_columns_left(screen);
	while (*text) {
		struct character character = character_at(screen, text);

		if (taken + character.columns > columns)
			break;
		buffer_add_bytes(&line->text, character.is_shown ? text : "?", character.is_shown ? character.size : 1);
		taken += character.columns;
		text += character.size;
	}
	line->columns += taken;
	add_span(screen, line, from, style);
	return taken;
}

void screen_add(struct screen *screen, unsigned style, const char *text)
{
	add_cut(screen, style, text, SIZE_MAX);
}

void screen_format(struct screen *screen, unsigned style, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	screen_add(screen, style, text ? text : "");
	free(text);
}

static void add_blanks(struct screen *screen, unsigned style, size_t count)
{
	for (; count && screen_columns_left(screen); count--)
		add_cut(screen, style, " ", 1);
}

/* What does not fit whole ends in '~'. */
static size_t add_shortened(struct screen *screen, unsigned style, const char *text, size_t columns)
{
	size_t taken;

	if (screen_width(screen, text) <= columns)
		return add_cut(screen, style, text, columns);
	if (!columns)
		return 0;
	taken = add_cut(screen, style, text, columns - 1);
	return taken + add_cut(screen, style, "~", 1);
}

void screen_add_left(struct screen *screen, unsigned style, const char *text, size_t columns)
{
	size_t taken = add_shortened(screen, style, text, columns);

	add_blanks(screen, style, columns - taken);
}

void screen_add_right(struct screen *screen, unsigned style, const char *text, size_t columns)
{
	size_t width = screen_width(screen, text);

	add_blanks(screen, style, width < columns ? columns - width : 0);
	add_shortened(screen, style, text, width < columns ? width : columns);
}

void screen_pad(struct screen *screen, unsigned style, size_t to_column)
{
	const struct screen_line *line = current(screen);

	if (line && line->columns < to_column)
		add_blanks(screen, style, to_column - line->columns);
}

void screen_fill(struct screen *screen, unsigned style)
{
	add_blanks(screen, style, screen_columns_left(screen));
}

void screen_end_line(struct screen *screen)
{
	screen->line_count += screen->line_count < screen->rows;
}
