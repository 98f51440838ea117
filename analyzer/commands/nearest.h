/* SPDX-License-Identifier: MIT */
/* nearest.h - what was probably meant by a mistyped word. Pure. */
#ifndef SEEP_NEAREST_H
#define SEEP_NEAREST_H

#include <stddef.h>

/* The name with the fewest edits from `word`, the first of several; NULL if all are too far to be a slip of the finger.
 */
const char *nearest_name(const char *word, const char *const *names, size_t count);

#endif
