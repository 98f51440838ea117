/* SPDX-License-Identifier: MIT */
/*
 * style.h - the little colour there is. Zeroed is plain: every function then returns "".
 */
#ifndef SEEP_STYLE_H
#define SEEP_STYLE_H

#include <stdbool.h>

struct style {
	bool is_coloured;
};

static inline const char *style_strong(struct style style)
{
	return style.is_coloured ? "\033[1m" : "";
}

static inline const char *style_warning(struct style style)
{
	return style.is_coloured ? "\033[33m" : "";
}

static inline const char *style_end(struct style style)
{
	return style.is_coloured ? "\033[0m" : "";
}

#endif
