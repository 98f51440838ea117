/* SPDX-License-Identifier: MIT */
/* utf8.h - text that came from elsewhere, as text that SQLite, JSON and terminals take. */
#ifndef SEEP_UTF8_H
#define SEEP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the UTF-8 sequence at `text`, 0 if it is none. Overlong forms and surrogates are none. */
size_t utf8_size(const char *text);

bool utf8_is_valid(const char *text);
/* In place: bytes that are no part of a character become '?'. */
void utf8_make(char *text);

/*
 * For one line of a terminal: the bytes of what is at `text`, a character or a byte that is no part of one. *is_shown:
 * it can be shown as it is, being a character that controls nothing (C0, DEL, C1: U+0000 to U+001F, U+007F to U+009F).
 */
size_t utf8_next(const char *text, bool *is_shown);
/* In place: whatever cannot be shown on a line becomes '?'. */
void utf8_make_line(char *text);

#endif
