/* SPDX-License-Identifier: MIT */
/*
 * export_html.h - the page as one file: `seep export --html`.
 *
 * The page of `seep serve` with its script, its styles and the answers to what it asks, all inline, so that it needs
 * nothing but a browser: a map from request to answer stands where source.js looks for it. The answers are made by the
 * functions that `seep serve` calls. A Content Security Policy allows that one script and those styles by their
 * digests, and no request to anywhere.
 *
 * It holds the curves, all callsites, the EXPORT_HTML_CALLSITES first of them in detail, and a flame graph of each
 * type. A span of time cannot be asked for.
 */
#ifndef SEEP_EXPORT_HTML_H
#define SEEP_EXPORT_HTML_H

#include <stdbool.h>

#include "../base/error.h"
#include "../render/buffer.h"

enum { EXPORT_HTML_CALLSITES = 200 };

/* Appends the file. `base`: a recording to compare with, the page's second one; NULL none. */
int export_html(const char *path, const char *base, bool debuginfod, struct buffer *out, struct error *error);

#endif
