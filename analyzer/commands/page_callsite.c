/* SPDX-License-Identifier: MIT */
/* /api/callsite - one callsite of a recording's judgement: its curves, stacks with source lines, ages, releases. */
#include <stdlib.h>
#include <string.h>

#include "../analysis/interner.h"
#include "../analysis/memory.h"
#include "ages.h"
#include "page_judgement.h"
#include "source.h"

enum { MOST_SOURCES = 64 }; /* files that are read for one answer */

/* ---- source files ---- */

struct sources {
	struct interned *names; /* by file: the number of its source */
	struct report_source files[MOST_SOURCES];
	const struct report_source **by_frame;
};

static const struct report_source *source_of(struct sources *sources, const char *file)
{
	struct interned *entry;
	bool is_new;

	if (!file)
		return NULL;
	entry = intern(&sources->names, memory_string(file), strlen(file), &is_new);
	if (entry->number >= MOST_SOURCES)
		return NULL;
	if (is_new)
		source_read(file, &sources->files[entry->number]);
	return &sources->files[entry->number];
}

static void read_sources(const struct judgement *judgement, const struct judged_group *group, struct sources *sources)
{
	const struct profile *profile = &judgement->profile;

	sources->by_frame = memory_zeroed(profile->frame_count, sizeof(*sources->by_frame));
	for (size_t s = 0; s < page_stacks_shown(group); s++) {
		const struct profile_stack *stack = &profile->stacks[judgement->sites[group->first_site + s].stack];

		for (size_t i = 0; i < stack->count; i++) {
			uint32_t id = profile->frame_ids[stack->first + i];

			sources->by_frame[id] = source_of(sources, profile->frames[id].file);
		}
	}
}

static void release_sources(struct sources *sources)
{
	for (size_t i = 0; i < MOST_SOURCES; i++)
		source_release(&sources->files[i]);
	interned_release(sources->names);
	free(sources->by_frame);
}

/* ---- ages ---- */

static void add_site_ages(struct page_ages *ages, const struct model_ages *site)
{
	for (unsigned i = 0; i < MODEL_AGES; i++) {
		ages->ages[i].count += site->ages[i].count;
		ages->ages[i].bytes += site->ages[i].bytes;
	}
}

/* Of the group's callsites; the time is that of the oldest reading of a process that counts. */
static void sum_ages(const struct judgement *judgement, const struct judged_group *group,
		     const struct known_ages *known, struct page_ages *ages)
{
	bool is_any = false;

	for (size_t i = 0; i < known->site_count; i++)
		for (size_t s = 0; s < group->site_count; s++)
			if (judgement->sites[group->first_site + s].site_id == known->sites[i].site_id) {
				add_site_ages(ages, &known->sites[i]);
				is_any = true;
			}
	for (size_t i = 0; i < known->reading_count; i++)
		if (known->readings[i].time_s && (!ages->time_s || known->readings[i].time_s < ages->time_s))
			ages->time_s = known->readings[i].time_s;
	if (!is_any)
		ages->because = ages->time_s ? "when ages were read last, this callsite held nothing"
					     : known_ages_because(known);
}

static int read_ages(const struct page_recording *recording, const struct page_judgement *judgement,
		     const struct judged_group *group, struct page_ages *ages, struct error *error)
{
	const struct session *session = &judgement->session;
	struct known_ages known = {0};
	struct store *store = NULL;
	int code = store_open(recording->path, &store, error);

	if (!code)
		code = known_ages_read(store, &session->main.recording, session->process_id, &known, error);
	store_close(store);
	if (!code)
		sum_ages(&judgement->judged.judgement, group, &known, ages);
	known_ages_release(&known);
	return code;
}

/* ---- the answer ---- */

static int find_group(const struct page_judgement *judgement, const char *id, size_t *out, struct error *error)
{
	size_t count = judgement->judged.judgement.group_count;

	if (!id)
		return error_set(error, SEEP_ERR_USAGE, "which callsite? give its id");
	for (*out = 0; *out < count; ++*out)
		if (!strcmp(judgement->ids[*out].text, id))
			return SEEP_OK;
	return error_set(error, SEEP_ERR_NOT_FOUND,
			 "there is no callsite %s in this recording and span; /api/callsites lists those there are",
			 id);
}

int page_callsite(struct page *page, const struct page_query *query, struct buffer *json, struct error *error)
{
	static const char *const parameters[] = {"id", "process", "since", "until", NULL};
	static const struct page_call call = {FOR_GROWTH, "callsite", parameters};
	const struct page_judgement *judgement;
	struct page_recording *recording;
	struct growth_report report;
	struct page_judged judged;
	struct page_ages ages = {0};
	struct sources sources = {0};
	struct page_callsite callsite = {.judged = &judged, .ages = &ages};
	int code = page_judge(page, query, &call, &judgement, &recording, error);

	if (!code)
		code = find_group(judgement, page_query_value(query, "id"), &callsite.group, error);
	if (!code)
		code = read_ages(recording, judgement, &judgement->judged.judgement.groups[callsite.group], &ages,
				 error);
	if (code)
		return code;
	read_sources(&judgement->judged.judgement, &judgement->judged.judgement.groups[callsite.group], &sources);
	callsite.sources = sources.by_frame;
	judged = page_judged_of(recording, judgement, &report);
	page_callsite_json(json, &callsite);
	release_sources(&sources);
	return SEEP_OK;
}
