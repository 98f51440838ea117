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

#endif
