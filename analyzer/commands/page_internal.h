/* SPDX-License-Identifier: MIT */
/*
 * page_internal.h - what the files commands/page*.c share. A file that keeps something of a recording has a pointer to
 * a struct of its own here, and a function that page_close() calls to release it.
 */
#ifndef SEEP_PAGE_INTERNAL_H
#define SEEP_PAGE_INTERNAL_H

#include "../analysis/callsite_id.h"
#include "page_live.h"
#include "page_request.h"

struct page_recording {
	size_t index;
	char *path;
	struct session names;              /* the last session, closed, with the names that it knows */
	int64_t changed_ns;                /* of the file when it was last looked at */
	struct recording times;            /* as of then: of a recording only its times */
	uint32_t judged_version;           /* counts judgements that differ from the one before */
	struct kept_judgement *judgements; /* page_judgement.h */
	struct callsite_numbers callsites; /* as they were called in any of them */
	struct page_live live;             /* the last minutes */
};

struct page {
	char *type, *wrapper; /* NULL: not given */
	bool debuginfod;
	struct page_recording *recordings;
	size_t recording_count;
	int64_t (*clock_ns)(void);    /* clock_boottime_ns(), but in tests */
	int64_t judged_rest_until_ns; /* by that clock: until then nothing is judged again */
};

/* Reads the times again if the file has changed. */
int page_look(struct page_recording *recording, struct error *error);

/* The types of which a recording has any value, in value_type.h's order; the caller frees them, also after an error. */
int page_types(struct page *page, size_t recording, struct value_type **out, size_t *count, struct error *error);

/* Somebody records it, as far as `times` tell. */
bool page_is_live(const struct page_recording *recording);

#endif
