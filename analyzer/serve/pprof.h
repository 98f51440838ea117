/* SPDX-License-Identifier: MIT */
/*
 * pprof.h - /debug/pprof/, as `go tool pprof http://...`, Parca and Pyroscope ask a program written in Go
 * (https://pkg.go.dev/net/http/pprof): the recording as profile.proto.
 *
 *  - heap and allocs are the same profile, with every type of value; a reader begins with what is held, or with what
 * was acquired since the start.
 *  - `seconds=N`: the growth in the recording's last N seconds, at once. (Go waits N seconds and answers with those.)
 *  - `recording`, `process`, `since`, `until`, `base`, `focus`, `ignore`, `hide`, `show-all` and `type` are those of
 * the page; `gc` is ignored; there is no text form (`debug`).
 */
#ifndef SEEP_SERVE_PPROF_H
#define SEEP_SERVE_PPROF_H

#include "../commands/page.h"

/* A page that says what there is. */
void pprof_index(struct buffer *out);

/* Appends the profile; it begins with `type`, unless the query names another. Errors as in page.h. */
int pprof_profile(struct page *page, const struct page_query *query, const char *type, struct buffer *out,
		  struct error *error);

#endif
