/* SPDX-License-Identifier: MIT */
/*
 * source.h - finds and reads a source file that debug info names.
 *
 * The name is that of the machine it was built on. Looked for are the name itself, and from this directory every
 * tail of it: for /build/redis/src/zmalloc.c also redis/src/zmalloc.c, src/zmalloc.c and zmalloc.c below here. A
 * relative name is looked for from here only.
 */
#ifndef SEEP_SOURCE_H
#define SEEP_SOURCE_H

#include "../render/report.h"

/* `file` NULL gives an empty one. Release with source_release(). Never fails: not found is an answer. */
void source_read(const char *file, struct report_source *out);
void source_release(struct report_source *source);

#endif
