/* SPDX-License-Identifier: MIT */
/* page_flame.h - a profile as the page's flame graph gets it: /api/flame. Pure. */
#ifndef SEEP_PAGE_FLAME_H
#define SEEP_PAGE_FLAME_H

#include "../analysis/samples.h"
#include "report.h"

/*
 * Of the type that the samples were asked for. A name is written once, in the table of frames; stacks refer to it by
 * number, outermost first. Values of a difference may be negative. No blanks, for there may be 10,000 stacks.
 */
void page_flame_json(struct buffer *out, const struct report_head *head, const struct samples *samples);

#endif
