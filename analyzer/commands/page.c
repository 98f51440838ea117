/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <stdlib.h>

#include "../analysis/memory.h"
#include "../base/clock.h"
#include "../render/page.h"
#include "page_judgement.h"

static char *copy_or_null(const char *text)
{
	return text ? memory_string(text) : NULL;
}

int page_look(struct page_recording *recording, struct error *error)
{
	/* first: what is written while it is read is then seen the next time */
	int64_t changed_ns = session_changed_ns(recording->path);
	struct store *store;
	int code;

	if (changed_ns >= 0 && changed_ns == recording->changed_ns)
		return SEEP_OK;
	code = store_open(recording->path, &store, error);
	if (code)
		return code;
	store_read_times(store, &recording->times);
	store_close(store);
	recording->changed_ns = changed_ns;
	return SEEP_OK;
}

bool page_is_live(const struct page_recording *recording)
{
	return !recording->times.ended_ns && trust_stale_s(&recording->times, clock_realtime_ns()) == 0;
}

int page_open(const struct page_options *options, struct page **out, struct error *error)
{
	struct page *page = memory_zeroed(1, sizeof(*page));
	int code = SEEP_OK;

	*out = page;
	page->type = copy_or_null(options->type);
	page->wrapper = copy_or_null(options->wrapper);
	page->debuginfod = options->debuginfod;
	page->clock_ns = clock_boottime_ns;
	page->recordings = memory_zeroed(options->file_count, sizeof(*page->recordings));
	for (size_t i = 0; i < options->file_count && !code; i++) {
		struct page_recording *recording = &page->recordings[page->recording_count++];

		*recording =
			(struct page_recording){.index = i, .path = memory_string(options->files[i]), .changed_ns = -1};
		code = page_look(recording, error);
	}
	return code;
}

void page_close(struct page *page)
{
	if (!page)
		return;
	for (size_t i = 0; i < page->recording_count; i++) {
		page_judgements_release(&page->recordings[i]);
		page_live_release(&page->recordings[i].live);
		session_close(&page->recordings[i].names);
		free(page->recordings[i].path);
	}
	free(page->recordings);
	free(page->type);
	free(page->wrapper);
	free(page);
}

size_t page_recording_count(const struct page *page)
{
	return page->recording_count;
}

void page_tick(struct page *page, struct buffer *event)
{
	struct page_tick_row *rows = memory_zeroed(page->recording_count, sizeof(*rows));

	/* one that cannot be read now stays as it was: who asks for its figures is told why */
	for (size_t i = 0; i < page->recording_count; i++)
		page_look(&page->recordings[i], NULL);
	page_judge_again(page);
	for (size_t i = 0; i < page->recording_count; i++) {
		const struct page_recording *recording = &page->recordings[i];

		rows[i] = (struct page_tick_row){.newest_ns = recording->times.newest_ns,
						 .is_live = page_is_live(recording),
						 .judged_version = recording->judged_version};
	}
	page_tick_json(event, rows, page->recording_count);
	free(rows);
}
