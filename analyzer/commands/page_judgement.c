/* SPDX-License-Identifier: MIT */
#include "page_judgement.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../base/clock.h"

#define LEAST_WAIT_NS (5 * NS_PER_S)
#define REST 100 /* times what judging took */

enum {
	MOST_KEPT = 6,            /* of a recording */
	MOST_NUMBERS = 16 << 20,  /* in the series of those that are kept: 128 MB */
	HISTORY_PARTS = 24,       /* so many earlier judgements, at most */
	HISTORY_CALLSITES = 3000, /* and so many callsites in all of them: some 0.2 s */
	HISTORY_LEAST = 4,
};

struct kept_judgement {
	struct kept_judgement *next; /* that was asked for before it */
	char *key;                   /* what was asked for */
	struct page_request request;
	struct page_judgement judgement;
	struct verdict_marks marks;
	int64_t judged_ns, asked_ns; /* by the page's clock */
};

/* ---- judging ---- */

static int64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * NS_PER_S + time.tv_nsec;
}

static struct model_symbol *copy_symbols(const struct model_symbol *symbols, size_t count)
{
	struct model_symbol *copies = memory_zeroed(count, sizeof(*copies));

	for (size_t i = 0; i < count; i++) {
		copies[i] = symbols[i];
		copies[i].function = memory_string(symbols[i].function);
		copies[i].file = symbols[i].file ? memory_string(symbols[i].file) : NULL;
	}
	return copies;
}

/* The judgement borrows its session's names for as long as it is kept: other sessions get copies. */
static void leave_names(struct page_recording *recording, struct session *session)
{
	struct recording *to = &recording->names.main.recording;
	const struct recording *from = &session->main.recording;

	session_close(&recording->names);
	recording->names.symbolizer = session->symbolizer;
	session->symbolizer = NULL;
	to->path = memory_string(from->path);
	to->created_ns = from->created_ns;
	to->location_count = from->location_count;
	to->locations = memory_zeroed(from->location_count, sizeof(*to->locations));
	for (size_t i = 0; i < from->location_count; i++) {
		const struct model_location *location = &from->locations[i];

		if (!location->id || !location->resolved || location->pseudo)
			continue;
		to->locations[i] = *location;
		to->locations[i].symbols = copy_symbols(location->symbols, location->symbol_count);
	}
}

static void judgement_close(struct page_judgement *judgement)
{
	judge_release(&judgement->judged);
	session_close(&judgement->session);
	free(judgement->ids);
	free(judgement->cums);
	*judgement = (struct page_judgement){0};
}

/* After an error there is nothing to close. */
static int judge(struct page_recording *recording, struct page_request *request, struct page_judgement *out,
		 struct error *error)
{
	struct judgement_options options = judge_options(&request->options);
	const struct judgement *judgement = &out->judged.judgement;
	bool has_names = recording->names.main.recording.location_count > 0;
	int64_t since_ns = cpu_ns();
	int code;

	*out = (struct page_judgement){.changed_ns = recording->changed_ns};
	code = page_session_begin(request, &out->session, error);
	if (!code)
		code = judge_session(&out->session, &options, &out->judged, error);
	if (code) {
		judge_release(&out->judged);
		page_session_end(request, &out->session);
		return code;
	}
	leave_names(recording, &out->session);
	out->ids = memory_zeroed(judgement->group_count, sizeof(*out->ids));
	out->cums = memory_zeroed(judgement->group_count, sizeof(*out->cums));
	callsite_ids_kept(&out->session.main.recording, judgement, &recording->callsites, out->ids);
	callsite_cums(judgement, out->cums);
	out->cost_ns = has_names ? cpu_ns() - since_ns : 0;
	return SEEP_OK;
}

/* ---- what was before ---- */

static size_t history_parts(const struct page_judgement *judgement)
{
	size_t sites = judgement->judged.site_count, points = judgement->judged.series.grid.count;
	size_t parts = HISTORY_PARTS < points / 2 ? HISTORY_PARTS : points / 2;

	if (parts > HISTORY_CALLSITES / sites)
		parts = HISTORY_CALLSITES / sites;
	return parts < HISTORY_LEAST ? 0 : parts;
}

/* The verdicts as they would have been said at equal distances of time, the newest one being what is said now. */
static void find_history(struct kept_judgement *kept)
{
	const struct page_judgement *now = &kept->judgement;
	struct judgement_options options = judge_options(&kept->request.options);
	size_t parts = history_parts(now), points = now->judged.series.grid.count;
	struct judgement before = {0}, after;
	struct callsite_id *ids_before = NULL, *ids;

	for (size_t part = 1; part <= parts; part++) {
		judge_earlier(&now->session, &options, &now->judged, points * part / parts, &after);
		ids = memory_zeroed(after.group_count, sizeof(*ids));
		callsite_ids_kept(&now->session.main.recording, &after, &kept->request.recording->callsites, ids);
		if (part > 1)
			verdict_marks_add(&kept->marks, &(struct identified){&before, ids_before},
					  &(struct identified){&after, ids});
		judgement_release(&before);
		free(ids_before);
		before = after;
		ids_before = ids;
	}
	judgement_release(&before);
	free(ids_before);
}

/* ---- keeping ---- */

static void kept_close(struct kept_judgement *kept)
{
	judgement_close(&kept->judgement);
	verdict_marks_release(&kept->marks);
	page_request_release(&kept->request);
	free(kept->key);
	free(kept);
}

static size_t numbers_of(const struct kept_judgement *kept)
{
	const struct store_series *series = &kept->judgement.judged.series;

	return series->grid.count * series->site_count * SERIES_SITE_FIELDS;
}

/* The first one stays, however large it is. */
static void forget_others(struct page_recording *recording)
{
	size_t count = 0, numbers = 0;

	for (struct kept_judgement **at = &recording->judgements; *at;) {
		struct kept_judgement *kept = *at;

		numbers += numbers_of(kept);
		if (!count || (count < MOST_KEPT && numbers <= MOST_NUMBERS)) {
			count++;
			at = &kept->next;
			continue;
		}
		*at = kept->next;
		kept_close(kept);
	}
}

/* Takes it out of the list; NULL: it is not there. */
static struct kept_judgement *take_kept(struct page_recording *recording, const char *key)
{
	for (struct kept_judgement **at = &recording->judgements; *at; at = &(*at)->next) {
		struct kept_judgement *kept = *at;

		if (strcmp(kept->key, key) != 0)
			continue;
		*at = kept->next;
		return kept;
	}
	return NULL;
}

static void put_first(struct page_recording *recording, struct kept_judgement *kept)
{
	kept->next = recording->judgements;
	recording->judgements = kept;
	forget_others(recording);
}

void page_judgements_release(struct page_recording *recording)
{
	while (recording->judgements) {
		struct kept_judgement *kept = recording->judgements;

		recording->judgements = kept->next;
		kept_close(kept);
	}
	callsite_numbers_release(&recording->callsites);
}

/* ---- when ---- */

static bool is_due(const struct page *page, const struct page_recording *recording, const struct kept_judgement *kept,
		   int64_t now_ns)
{
	int64_t rest_ns = REST * kept->judgement.cost_ns;

	return recording->changed_ns != kept->judgement.changed_ns && now_ns >= page->judged_rest_until_ns &&
	       now_ns - kept->judged_ns >= (rest_ns > LEAST_WAIT_NS ? rest_ns : LEAST_WAIT_NS);
}

static int judge_first(struct page *page, struct page_recording *recording, struct kept_judgement *kept,
		       struct error *error)
{
	int code = judge(recording, &kept->request, &kept->judgement, error);

	if (code)
		return code;
	find_history(kept);
	kept->judged_ns = page->clock_ns();
	page->judged_rest_until_ns = kept->judged_ns + REST * kept->judgement.cost_ns;
	return SEEP_OK;
}

/* What cannot be read now stays as it was judged. */
static void judge_once_more(struct page *page, struct page_recording *recording, struct kept_judgement *kept)
{
	struct page_judgement fresh;
	struct error ignored = {0};

	kept->judged_ns = page->clock_ns();
	if (judge(recording, &kept->request, &fresh, &ignored))
		return;
	verdict_marks_add(&kept->marks, &(struct identified){&kept->judgement.judged.judgement, kept->judgement.ids},
			  &(struct identified){&fresh.judged.judgement, fresh.ids});
	judgement_close(&kept->judgement);
	kept->judgement = fresh;
	recording->judged_version++;
	page->judged_rest_until_ns = page->clock_ns() + REST * fresh.cost_ns;
}

void page_judge_again(struct page *page)
{
	int64_t now_ns = page->clock_ns();

	for (size_t i = 0; i < page->recording_count; i++)
		for (struct kept_judgement *kept = page->recordings[i].judgements; kept; kept = kept->next)
			if (kept->asked_ns >= kept->judged_ns && is_due(page, &page->recordings[i], kept, now_ns)) {
				judge_once_more(page, &page->recordings[i], kept);
				return;
			}
}

/* ---- asking ---- */

/* Values have no newline: the parser has taken them. */
static char *key_of(const struct page_query *query)
{
	const char *process = page_query_value(query, "process"), *since = page_query_value(query, "since"),
		   *until = page_query_value(query, "until");

	return memory_format("%s\n%s\n%s", process ? process : "", since ? since : "", until ? until : "");
}

int page_judge(struct page *page, const struct page_query *query, const struct page_call *call,
	       const struct page_judgement **out, struct page_recording **recording, struct error *error)
{
	struct kept_judgement *asked = memory_zeroed(1, sizeof(*asked)), *kept;
	int code = page_request_init(page, query, call, &asked->request, error);

	asked->key = key_of(query);
	if (code) {
		kept_close(asked);
		return code;
	}
	*recording = asked->request.recording;
	page_look(*recording, NULL);
	kept = take_kept(*recording, asked->key);
	if (kept) {
		kept_close(asked);
		if (is_due(page, *recording, kept, page->clock_ns()))
			judge_once_more(page, *recording, kept);
	} else {
		kept = asked;
		code = judge_first(page, *recording, kept, error);
	}
	if (code) {
		kept_close(kept);
		return code;
	}
	kept->asked_ns = page->clock_ns();
	put_first(*recording, kept);
	kept->judgement.marks = &kept->marks;
	*out = &kept->judgement;
	return SEEP_OK;
}

struct page_judged page_judged_of(const struct page_recording *recording, const struct page_judgement *judgement,
				  struct growth_report *report)
{
	*report = judge_report(&judgement->session, &judgement->judged);
	return (struct page_judged){
		.recording = recording->index,
		.version = recording->judged_version,
		.report = report,
		.series = {judgement->judged.sites, judgement->judged.site_count},
		.ids = judgement->ids,
		.cums = judgement->cums,
		.marks = judgement->marks,
	};
}
