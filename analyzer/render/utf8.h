/* SPDX-License-Identifier: MIT */
/* utf8.h - names are bytes, outputs are UTF-8. Pure. */
#ifndef SEEP_UTF8_H
#define SEEP_UTF8_H

#include <stddef.h>

/* The bytes of the UTF-8 sequence at `text`, 0 if it is none. Overlong forms and surrogates are none. */
size_t utf8_size(const char *text);

#endif
