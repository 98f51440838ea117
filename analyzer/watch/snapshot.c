/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../analysis/process.h"
#include "../base/clock.h"

enum { LATELY_S = 5 };

/* ---- names ---- */

static void copy_symbols(struct model_location *to, const struct model_location *from)
{
	to->symbols = memory_zeroed(from->symbol_count, sizeof(*to->symbols));
	for (size_t i = 0; i < from->symbol_count; i++) {
		to->symbols[i] = from->symbols[i];
		to->symbols[i].function = memory_string(from->symbols[i].function);
		to->symbols[i].file = from->symbols[i].file ? memory_string(from->symbols[i].file) : NULL;
	}
	to->symbol_count = from->symbol_count;
	to->resolved = true;
}

/* A refresh of the same recording need not look up the same names again. */
static void copy_names(struct session *session, const struct snapshot *known)
{
	struct recording *to = &session->main.recording;
	const struct recording *from;
	size_t count;

	if (!known)
		return;
	from = &known->session.main.recording;
	count = to->location_count < from->location_count ? to->location_count : from->location_count;
	for (size_t i = 1; i < count; i++) {
		struct model_location *a = &to->locations[i];
		const struct model_location *b = &from->locations[i];

		if (a->id && a->id == b->id && a->module_id == b->module_id && a->offset == b->offset && !a->resolved &&
		    !a->symbol_count && b->resolved)
			copy_symbols(a, b);
	}
}

static int open_session(struct snapshot_source *source, struct session *session, struct error *error)
{
	int code = session_open(source->options, session, error);

	session->symbolizer = source->symbolizer;
	source->symbolizer = NULL;
	if (!code)
		copy_names(session, source->newest);
	return code;
}

static void keep_symbolizer(struct snapshot_source *source, struct session *session)
{
	source->symbolizer = session->symbolizer;
	session->symbolizer = NULL;
}

/* ---- the kernel's figures ---- */

static void add_known(int64_t *sum, int64_t value)
{
	if (value >= 0)
		*sum = (*sum < 0 ? 0 : *sum) + value;
}

struct gathered {
	double cpu_mean; /* percent of a core, since the processes began */
	int64_t hook_ns, hooked_cpu_ns;
};

static int64_t hook_ns(const struct store_cost *cost)
{
	return cost->hook_ns[COST_ACQUISITION] + cost->hook_ns[COST_RELEASE];
}

/* How full a table of descriptors is. */
static double fullness(int64_t descriptors, int64_t limit)
{
	return limit > 0 && limit < INT64_MAX ? (double)descriptors / (double)limit : 0;
}

static void take_descriptors(struct watch_head *head, int64_t descriptors, int64_t limit)
{
	double before = fullness(head->descriptors, head->descriptor_limit), now = fullness(descriptors, limit);

	if (descriptors < 0 || now < before || (now == before && descriptors <= head->descriptors))
		return;
	head->descriptors = descriptors;
	head->descriptor_limit = limit;
}

static int gather_cost(struct session *session, const struct model_process *process, struct gathered *gathered,
		       struct error *error)
{
	struct store_costs costs;
	int code = store_read_costs(session->main.store, process->id, &costs, error);

	if (code)
		return code == SEEP_ERR_NOT_FOUND ? SEEP_OK : code;
	if (costs.looked.cpu_ns >= 0 && costs.looked.cpu_ns > costs.earlier.cpu_ns) {
		gathered->hook_ns += hook_ns(&costs.looked) - hook_ns(&costs.earlier);
		gathered->hooked_cpu_ns += costs.looked.cpu_ns - costs.earlier.cpu_ns;
	}
	return SEEP_OK;
}

static int gather_process(struct session *session, const struct model_process *process, struct snapshot *out,
			  struct gathered *gathered, struct error *error)
{
	struct watch_head *head = &out->head;
	struct store_process_figures figures;
	struct model_limits limits;
	int code = store_read_process(session->main.store, process->id, session->until_ns, &figures, NULL);
	int64_t cpu_ns = 0, lived_ns;

	head->process_count++;
	if (!head->pid)
		head->pid = process->pid;
	if (code == SEEP_ERR_NOT_FOUND)
		return SEEP_OK;
	if (code)
		return error_set(error, code, "%s is damaged or unreadable; use another recording",
				 session->main.recording.path);
	add_known(&head->private_bytes, figures.rss_anon);
	add_known(&head->private_bytes, figures.swap);
	if (figures.cpu_user_ns >= 0 && figures.cpu_system_ns >= 0) {
		cpu_ns = figures.cpu_user_ns + figures.cpu_system_ns;
		lived_ns = figures.time * NS_PER_S - process->started_ns;
		out->cpu_ns = (out->cpu_ns < 0 ? 0 : out->cpu_ns) + cpu_ns;
		out->cpu_at_s = figures.time > out->cpu_at_s ? figures.time : out->cpu_at_s;
		gathered->cpu_mean += lived_ns > 0 ? 100 * (double)cpu_ns / (double)lived_ns : 0;
	}
	code = store_read_limits(session->main.store, process->id, session->until_ns / NS_PER_S, &limits, error);
	if (code)
		return code;
	take_descriptors(head, figures.descriptors, limits.descriptors);
	return gather_cost(session, process, gathered, error);
}

static bool is_wanted(const struct session *session, const struct model_process *process)
{
	if (!process->id || !process->pid)
		return false;
	return session->process_id ? process->id == session->process_id
				   : process_lasted(&session->main.recording, process);
}

/*
 * Since the base, which is some seconds old: the kernel counts in ticks of 10 ms. Over all the time if there is none,
 * or the processes are others now.
 */
static double cpu_percent(struct snapshot *now, const struct snapshot *before, double mean)
{
	if (now->cpu_ns < 0)
		return NAN;
	if (!before || before->head.process_count != now->head.process_count || now->cpu_ns < before->cpu_ns)
		return mean;
	if (now->cpu_at_s < before->cpu_at_s + LATELY_S) {
		now->cpu_ns = before->cpu_ns;
		now->cpu_at_s = before->cpu_at_s;
		return before->head.cpu_percent;
	}
	return 100 * (double)(now->cpu_ns - before->cpu_ns) /
	       ((double)(now->cpu_at_s - before->cpu_at_s) * (double)NS_PER_S);
}

static int gather(struct snapshot_source *source, struct snapshot *out, struct error *error)
{
	struct session *session = &out->session;
	const struct recording *recording = &session->main.recording;
	struct gathered gathered = {0};
	int code = session_moments(session, error);

	for (size_t i = 0; i < recording->process_count && !code; i++)
		if (is_wanted(session, &recording->processes[i]))
			code = gather_process(session, &recording->processes[i], out, &gathered, error);
	out->head.cpu_percent = cpu_percent(out, source->newest, gathered.cpu_mean);
	out->head.hook_percent =
		gathered.hooked_cpu_ns > 0 ? 100 * (double)gathered.hook_ns / (double)gathered.hooked_cpu_ns : NAN;
	return code;
}

/* ---- Seep's own figures ---- */

static void sum_totals(struct snapshot *out)
{
	const struct session_recording *main = &out->session.main;

	for (size_t i = 0; i < main->count; i++) {
		const struct model_total *total = &main->totals[i];

		out->events += total->acquired_count + total->released_count;
		if (total->site_id < main->recording.site_count &&
		    main->recording.sites[total->site_id].kind == SEEP_KIND_HEAP)
			out->head.tracked_bytes += total->live_bytes;
	}
}

static double events_per_s(const struct snapshot *now, const struct snapshot *before)
{
	double recorded_s = now->head.recorded_s;

	if (before && now->newest_ns == before->newest_ns)
		return before->head.events_per_s;
	if (before && now->newest_ns > before->newest_ns && now->events >= before->events)
		return (double)(now->events - before->events) * (double)NS_PER_S /
		       (double)(now->newest_ns - before->newest_ns);
	return recorded_s > 0 ? (double)now->events / recorded_s : NAN;
}

static bool is_sampled(const struct recording *recording)
{
	for (size_t i = 0; i < recording->sampling_count; i++)
		if (recording->samplings[i].interval)
			return true;
	return false;
}

static void fill_head(struct snapshot_source *source, double refresh_s, struct snapshot *out)
{
	const struct session *session = &out->session;
	const struct recording *recording = &session->main.recording;
	const struct trust *trust = &session->head.trust;
	struct watch_head *head = &out->head;

	out->newest_ns = recording->newest_ns;
	head->recording = recording->path;
	head->program = session->program;
	head->is_live = !recording->ended_ns;
	head->stale_s = trust->stale_s;
	head->recorded_s = (double)(recording->newest_ns - recording->created_ns) / (double)NS_PER_S;
	head->is_sampled = is_sampled(recording);
	head->has_lost = trust->counts[TRUST_DROPPED_EVENTS] || trust->counts[TRUST_LOST_ENTRIES] ||
			 trust->counts[TRUST_MISSING_STACKS] || trust->unslotted_processes;
	head->seep_bytes = trust->private_bytes;
	head->refresh_s = refresh_s;
	sum_totals(out);
	head->events_per_s = events_per_s(out, source->newest);
	out->judgement = source->judgement;
	if (out->judgement) {
		out->judgement->users++;
		head->judged_s = out->judgement->judged_s;
		head->process_words = out->judgement->process_words;
	}
	out->why_unjudged = source->why_unjudged ? memory_string(source->why_unjudged) : NULL;
	head->why_unjudged = out->why_unjudged;
}

int snapshot_read(struct snapshot_source *source, double refresh_s, struct snapshot **out, struct error *error)
{
	struct snapshot *snapshot = memory_zeroed(1, sizeof(*snapshot));
	int code;

	snapshot->cpu_ns = -1;
	snapshot->head = (struct watch_head){.private_bytes = -1,
					     .descriptors = -1,
					     .descriptor_limit = -1,
					     .cpu_percent = NAN,
					     .hook_percent = NAN};
	code = open_session(source, &snapshot->session, error);
	if (!code)
		code = gather(source, snapshot, error);
	if (!code)
		code = session_build(&snapshot->session, NULL, error);
	keep_symbolizer(source, &snapshot->session);
	if (!code)
		fill_head(source, refresh_s, snapshot);
	*out = snapshot;
	return code;
}

/* ---- the judgement ---- */

static void release_judgement(struct snapshot_judgement *judgement)
{
	if (!judgement || --judgement->users)
		return;
	for (size_t i = 0; i < judgement->judged.judgement.event_count && judgement->event_names; i++)
		free(judgement->event_names[i]);
	free(judgement->event_names);
	free(judgement->process_words);
	judge_release(&judgement->judged);
	session_close(&judgement->session);
	free(judgement);
}

/* The series are the largest part by far, and the report needs none of them any more but the names of the events. */
static void drop_series(struct snapshot_judgement *out)
{
	struct judgement *judgement = &out->judged.judgement;

	out->event_names = memory_zeroed(judgement->event_count, sizeof(*out->event_names));
	for (size_t i = 0; i < judgement->event_count; i++) {
		out->event_names[i] = memory_string(judgement->events[i].name);
		judgement->events[i].name = out->event_names[i];
	}
	store_series_release(&out->judged.series);
}

static char *words_of_process(const struct judged_recording *judged)
{
	const struct process_growth *growth = judged->process_count ? &judged->processes[0].growth : NULL;
	struct buffer words = {0};

	if (!growth || (!growth->is_known && growth->verdict == PROCESS_UNDECIDED))
		return NULL;
	buffer_format(&words, "Process     %s: %s", process_verdict_name(growth->verdict), growth->reason);
	for (int i = 0; i < FORECAST_COUNT; i++)
		if (growth->forecasts[i].state == FORECAST_GROWING && isfinite(growth->forecasts[i].seconds))
			buffer_format(&words, "; %s reach their limit in %s", forecast_name((enum forecast_of)i),
				      figure_age(growth->forecasts[i].seconds).text);
	return words.text;
}

static void finish_judgement(struct snapshot_judgement *out)
{
	const struct judgement *judgement = &out->judged.judgement;
	const struct store_series *series = &out->judged.series;

	out->session.head.type.name = NULL; /* it is of all kinds */
	out->session.head.style = (struct style){0};
	out->report = (struct growth_report){
		.head = &out->session.head,
		.judgement = judgement,
		.processes = out->judged.processes,
		.process_count = out->judged.process_count,
		.time_wait = series->process[SERIES_TCP_TIME_WAIT][series->grid.count - 1],
	};
	out->judged_s = judgement->grid.start_s + (int64_t)(judgement->grid.count - 1) * judgement->grid.step_s;
	out->process_words = words_of_process(&out->judged);
	drop_series(out);
}

int snapshot_judge(struct snapshot_source *source, struct error *error)
{
	struct judgement_options options = judge_options(source->options);
	struct snapshot_judgement *judgement = memory_zeroed(1, sizeof(*judgement));
	struct error why = {0};
	int code = open_session(source, &judgement->session, &why);

	judgement->users = 1;
	if (!code)
		code = judge_session(&judgement->session, &options, &judgement->judged, &why);
	keep_symbolizer(source, &judgement->session);
	free(source->why_unjudged);
	source->why_unjudged = code == SEEP_ERR_NOT_FOUND ? memory_string(why.text) : NULL;
	if (code) {
		release_judgement(judgement);
		return code == SEEP_ERR_NOT_FOUND ? SEEP_OK : error_set(error, code, "%s", why.text);
	}
	finish_judgement(judgement);
	release_judgement(source->judgement);
	source->judgement = judgement;
	return SEEP_OK;
}

void snapshot_release(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	release_judgement(snapshot->judgement);
	session_close(&snapshot->session);
	free(snapshot->why_unjudged);
	free(snapshot);
}
