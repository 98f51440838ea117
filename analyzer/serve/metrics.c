/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../analysis/paths.h"
#include "../analysis/process.h"
#include "../base/clock.h"
#include "../commands/page_judgement.h"
#include "../render/prometheus.h"

/* Of a recording, from one scrape to the next. */
struct kept {
	char *name;         /* label */
	int64_t created_ns; /* of what the rest is of */
	char *program;      /* NULL: not known yet */
	struct shown_callsites shown;
};

struct metrics {
	struct page *page;
	size_t callsites;
	struct kept *recordings;
	size_t count;
};

/* What is read of one recording for one scrape. */
struct gathered {
	struct model_total *totals;
	size_t total_count;
	struct prometheus_event *events;
	size_t event_count, event_capacity;
	struct prometheus_process *processes;
	size_t process_count, running_count;
	struct trust trust;
	char *host, *seep_version;
	int64_t recorder_cpu_ns;
};

/* ---- reading ---- */

static void take_event(const struct store_event *event, void *context)
{
	struct gathered *all = context;

	all->events = memory_grow(all->events, &all->event_capacity, all->event_count + 1, sizeof(*all->events));
	all->events[all->event_count++] = (struct prometheus_event){memory_string(event->name), event->count};
}

static void take_held(const struct store_held *held, void *context)
{
	struct gathered *all = context;

	for (size_t i = 0; i < all->process_count; i++)
		if (all->processes[i].process->id == held->process_id)
			all->processes[i].live[held->kind] = (struct prometheus_live){true, held->count, held->bytes};
}

static int read_process(struct session *session, struct prometheus_process *out, struct error *error)
{
	struct store *store = session->main.store;
	uint32_t id = out->process->id;
	struct store_process_figures figures;
	struct store_costs costs;
	int code = store_read_process(store, id, session->main.recording.newest_ns, &figures, NULL);

	if (!code)
		out->figures = memory_copy(&figures, sizeof(figures));
	code = store_read_costs(store, id, &costs, error);
	if (!code)
		out->costs = memory_copy(&costs, sizeof(costs));
	else if (code != SEEP_ERR_NOT_FOUND)
		return code;
	out->program = process_program(out->process);
	return store_read_limits(store, id, INT64_MAX, &out->limits, error);
}

static int read_processes(struct session *session, struct gathered *all, struct error *error)
{
	const struct recording *recording = &session->main.recording;
	int code = SEEP_OK;

	all->processes = memory_zeroed(METRICS_PROCESSES_MOST, sizeof(*all->processes));
	for (size_t i = 0; i < recording->process_count && !code; i++) {
		const struct model_process *process = &recording->processes[i];

		if (!process->id || !process->pid || process->ended_ns)
			continue;
		if (all->running_count++ >= METRICS_PROCESSES_MOST)
			continue;
		all->processes[all->process_count] = (struct prometheus_process){.process = process};
		code = read_process(session, &all->processes[all->process_count++], error);
	}
	return code ? code : store_each_held(session->main.store, take_held, all, error);
}

static int gather(struct session *session, struct gathered *all, struct error *error)
{
	struct store *store = session->main.store;
	int code = session_moments(session, error);

	if (!code)
		code = store_read_totals(store, 0, INT64_MAX, &all->totals, &all->total_count, error);
	if (!code)
		code = store_each_event(store, 0, take_event, all, error);
	if (!code)
		code = read_processes(session, all, error);
	if (code)
		return code;
	session_head(session);
	all->trust = session->head.trust;
	all->host = store_read_meta(store, "host");
	all->seep_version = store_read_meta(store, "seep_version");
	all->recorder_cpu_ns = session_meta_integer(session, "recorder_cpu_ns", -1);
	session_close_files(session);
	return SEEP_OK;
}

static void release_gathered(struct gathered *all)
{
	for (size_t i = 0; i < all->event_count; i++)
		free((char *)all->events[i].name);
	for (size_t i = 0; i < all->process_count; i++) {
		free((struct store_process_figures *)all->processes[i].figures);
		free((struct store_costs *)all->processes[i].costs);
		free((char *)all->processes[i].program);
	}
	free(all->totals);
	free(all->events);
	free(all->processes);
	free(all->host);
	free(all->seep_version);
}

/* ---- the judgement ---- */

static void take_growth(struct gathered *all, const struct judged_recording *judged)
{
	for (size_t i = 0; i < all->process_count; i++)
		for (size_t j = 0; j < judged->process_count; j++)
			if (judged->processes[j].process->id == all->processes[i].process->id)
				all->processes[i].growth = &judged->processes[j].growth;
}

/* NULL: nothing can be judged yet. */
static const struct page_judgement *find_judgement(struct metrics *metrics, const struct page_query *query)
{
	static const char *const none[] = {NULL};
	static const struct page_call call = {FOR_GROWTH, "metrics", none};
	const struct page_judgement *judgement = NULL;
	struct page_recording *recording;

	return page_judge(metrics->page, query, &call, &judgement, &recording, NULL) ? NULL : judgement;
}

/* ---- the answer ---- */

/* Another recording under the same name: its callsites have other numbers. */
static void begin_anew(struct kept *kept, int64_t created_ns)
{
	shown_callsites_release(&kept->shown);
	free(kept->program);
	kept->program = NULL;
	kept->created_ns = created_ns;
}

/*
 * What people call the program, for as long as a process of that name runs, and then for ever: series whose label
 * changes are others.
 */
static const char *keep_program(struct kept *kept, const struct gathered *all, const char *newest)
{
	for (size_t i = 0; kept->program && i < all->process_count; i++)
		if (!strcmp(all->processes[i].program, kept->program))
			return kept->program;
	if (kept->program && !all->process_count)
		return kept->program;
	free(kept->program);
	kept->program = memory_string(newest ? newest : "");
	return kept->program;
}

static void add_gathered(struct metrics *metrics, struct kept *kept, const struct page_query *query,
			 struct session *session, struct gathered *all, struct prometheus *answer)
{
	const struct page_judgement *judgement = find_judgement(metrics, query);
	struct shown_input input = {
		.recording = &session->main.recording,
		.totals = all->totals,
		.total_count = all->total_count,
		.judgement = judgement ? &judgement->judged.judgement : NULL,
		.ids = judgement ? judgement->ids : NULL,
		.limit = metrics->callsites,
	};

	if (kept->created_ns != session->main.recording.created_ns)
		begin_anew(kept, session->main.recording.created_ns);
	if (judgement)
		take_growth(all, &judgement->judged);
	shown_callsites_update(&kept->shown, &input);
	prometheus_add(answer, &(struct prometheus_recording){
				       .name = kept->name,
				       .program = keep_program(kept, all, session->head.program),
				       .build_id = session->head.build_id,
				       .host = all->host,
				       .seep_version = all->seep_version,
				       .recording = &session->main.recording,
				       .trust = &all->trust,
				       .recorder_cpu_ns = all->recorder_cpu_ns,
				       .judgement = input.judgement,
				       .shown = &kept->shown,
				       .events = all->events,
				       .event_count = all->event_count,
				       .processes = all->processes,
				       .process_count = all->process_count,
				       .running_count = all->running_count,
			       });
}

static void add_recording(struct metrics *metrics, size_t index, struct prometheus *answer)
{
	static const char *const none[] = {NULL};
	static const struct page_call call = {FOR_INFO, "metrics", none};
	struct kept *kept = &metrics->recordings[index];
	struct page_query query = {0};
	struct page_request request = {0};
	struct session session = {0};
	struct gathered all = {0};
	char number[24];
	int code;

	snprintf(number, sizeof(number), "%zu", index);
	code = page_query_add(&query, "recording", number, NULL);
	if (!code)
		code = page_request_init(metrics->page, &query, &call, &request, NULL);
	/* no names are looked up here: the judgement has its own */
	if (!code)
		code = session_open(&request.options, &session, NULL);
	if (!code)
		code = gather(&session, &all, NULL);
	prometheus_add_readable(answer, kept->name, !code);
	if (!code)
		add_gathered(metrics, kept, &query, &session, &all, answer);
	release_gathered(&all);
	session_close(&session);
	page_request_release(&request);
	page_query_release(&query);
}

void metrics_add(struct metrics *metrics, struct buffer *out)
{
	struct prometheus *answer = prometheus_begin(SEEP_VERSION, clock_cpu_ns());

	for (size_t i = 0; i < metrics->count; i++)
		add_recording(metrics, i, answer);
	prometheus_end(answer, out);
}

/* ---- what is kept ---- */

/* The file's name, as people know it; of several files with one name the whole path. No two are the same. */
static char *label_of(const struct page *page, size_t index)
{
	const char *path = page->recordings[index].path, *label = path_base(path);

	for (size_t i = 0; i < page->recording_count; i++)
		if (i != index && !strcmp(path_base(page->recordings[i].path), path_base(path)))
			label = path;
	for (size_t i = 0; i < index; i++)
		if (!strcmp(page->recordings[i].path, path))
			return memory_format("%s (%zu)", label, index + 1);
	return memory_string(label);
}

struct metrics *metrics_open(struct page *page, size_t callsites)
{
	struct metrics *metrics = memory_zeroed(1, sizeof(*metrics));

	*metrics = (struct metrics){
		.page = page,
		.callsites = callsites,
		.recordings = memory_zeroed(page->recording_count, sizeof(*metrics->recordings)),
		.count = page->recording_count,
	};
	for (size_t i = 0; i < metrics->count; i++)
		metrics->recordings[i].name = label_of(page, i);
	return metrics;
}

void metrics_close(struct metrics *metrics)
{
	for (size_t i = 0; metrics && i < metrics->count; i++) {
		shown_callsites_release(&metrics->recordings[i].shown);
		free(metrics->recordings[i].name);
		free(metrics->recordings[i].program);
	}
	if (metrics)
		free(metrics->recordings);
	free(metrics);
}
