/* SPDX-License-Identifier: MIT */
#include "judge.h"
#include "judge_processes.h"

#include <math.h>
#include <stdlib.h>

#include "../analysis/memory.h"

enum { MOST_UNKNOWN = 3 }; /* points at the beginning */

struct judgement_options judge_options(const struct options *options)
{
	return (struct judgement_options){
		.kinds = options->type_is_given ? options->type.kinds : 0,
		.focus = options->focus ? &options->focus_regex : NULL,
		.ignore = options->ignore ? &options->ignore_regex : NULL,
		.hide = options->hide ? &options->hide_regex : NULL,
		.wrapper = options->wrapper ? &options->wrapper_regex : NULL,
		.show_all = options->show_all,
	};
}

static int read_series(struct session *session, struct store_series *out, struct error *error)
{
	const struct options *options = session->options;
	struct store_series_options wanted = {
		.process_id = session->process_id,
		.since_ns = options->since.form ? session->since_ns : INT64_MIN,
		.until_ns = options->until.form ? session->until_ns : INT64_MAX,
	};
	int code = store_read_series(session->main.store, &wanted, out, error);

	if (code)
		return code;
	if (out->grid.count < 2)
		return error_set(error, SEEP_ERR_NOT_FOUND,
				 "%s has less than two seconds to judge; let it record for a minute",
				 session->main.recording.path);
	if (!out->site_count)
		return error_set(error, SEEP_ERR_NOT_FOUND,
				 "%s has no callsite to judge; `seep info` says what was recorded",
				 session->main.recording.path);
	return SEEP_OK;
}

/* Of all stacks that may be shown: those that acquired, and those that released. */
static int resolve_names(struct session *session, const struct judged_recording *judged, struct error *error)
{
	const struct store_series *series = &judged->series;
	struct recording *recording = &session->main.recording;
	bool *needed = memory_zeroed(recording->location_count, sizeof(*needed));
	bool *visited = memory_zeroed(recording->node_count, sizeof(*visited));
	int code;

	for (size_t i = 0; i < series->site_count; i++)
		if (series->sites[i].site_id < recording->site_count)
			profile_mark_stack(recording, recording->sites[series->sites[i].site_id].node_id, visited,
					   needed);
	for (size_t i = 0; i < judged->release_count; i++)
		profile_mark_stack(recording, judged->releases[i].node_id, visited, needed);
	code = session_resolve(session, recording, needed, error);
	free(needed);
	free(visited);
	return code;
}

static struct growth_series growth_series_of(const struct store_site_series *site, enum seep_kind kind)
{
	return (struct growth_series){
		.live_objects = site->values[SERIES_LIVE_OBJECTS],
		.live_bytes = site->values[SERIES_LIVE_BYTES],
		.acquired_objects = site->values[SERIES_ACQUIRED_OBJECTS],
		.acquired_bytes = site->values[SERIES_ACQUIRED_BYTES],
		.released_objects = site->values[SERIES_RELEASED_OBJECTS],
		.mean_age_s = site->values[SERIES_MEAN_AGE_S],
		.is_handle = !judged_by_bytes(kind),
		.is_estimated = site->is_estimated,
		.objects_error = sqrt(site->objects_variance),
		.bytes_error = sqrt(site->bytes_variance),
	};
}

static struct judgement_site *collect_sites(const struct recording *recording, const struct store_series *series,
					    size_t *count)
{
	struct judgement_site *sites = memory_zeroed(series->site_count, sizeof(*sites));

	*count = 0;
	for (size_t i = 0; i < series->site_count; i++) {
		uint32_t id = series->sites[i].site_id;

		if (id >= recording->site_count || !recording->sites[id].id)
			continue;
		sites[(*count)++] = (struct judgement_site){
			.site_id = id, .series = growth_series_of(&series->sites[i], recording->sites[id].kind)};
	}
	return sites;
}

static void collect_events(struct judged_recording *out)
{
	out->events = memory_zeroed(out->series.event_count, sizeof(*out->events));
	for (size_t i = 0; i < out->series.event_count; i++)
		out->events[i] = (struct correlate_counter){out->series.events[i].name, out->series.events[i].count};
}

/*
 * A level that is known all the time; NULL: this one is not. The recorder's first look is of some moments after the
 * start: what it has seen was so before.
 */
static const double *known(double *values, size_t count)
{
	size_t first = 0;

	while (first < count && isnan(values[first]))
		first++;
	if (first > MOST_UNKNOWN || first == count)
		return NULL;
	for (size_t i = first; i < count; i++)
		if (isnan(values[i]))
			return NULL;
	for (size_t i = 0; i < first; i++)
		values[i] = values[first];
	return values;
}

static struct judgement_release *collect_releases(const struct judged_recording *judged)
{
	struct judgement_release *releases = memory_zeroed(judged->release_count, sizeof(*releases));

	for (size_t i = 0; i < judged->release_count; i++)
		releases[i] = (struct judgement_release){judged->releases[i].site_id, judged->releases[i].node_id,
							 judged->releases[i].count};
	return releases;
}

void judge_earlier(const struct session *session, const struct judgement_options *options,
		   const struct judged_recording *judged, size_t points, struct judgement *out)
{
	struct judgement_options with_connections = *options;
	const struct store_grid *grid = &judged->series.grid;
	struct judgement_release *releases = collect_releases(judged);
	struct judgement_input input = {
		.recording = &session->main.recording,
		.grid = {.start_s = grid->start_s, .step_s = grid->step_s, .count = points},
		.sites = judged->sites,
		.site_count = judged->site_count,
		.events = judged->events,
		.event_count = judged->series.event_count,
		.releases = releases,
		.release_count = judged->release_count,
	};

	with_connections.verdict.open_connections = known(judged->series.process[SERIES_TCP_ESTABLISHED], points);
	judgement_build(&input, &with_connections, out);
	free(releases);
}

int judge_session(struct session *session, const struct judgement_options *options, struct judged_recording *out,
		  struct error *error)
{
	int code = session_moments(session, error);

	*out = (struct judged_recording){0};
	if (!code)
		code = read_series(session, &out->series, error);
	if (!code)
		code = store_read_releases(session->main.store, session->process_id, &out->releases,
					   &out->release_count, error);
	if (!code)
		code = resolve_names(session, out, error);
	if (code)
		return code;
	collect_events(out);
	code = judge_processes(session, &out->processes, &out->process_count, error);
	if (code)
		return code;
	out->sites = collect_sites(&session->main.recording, &out->series, &out->site_count);
	judge_earlier(session, options, out, out->series.grid.count, &out->judgement);
	if (!out->judgement.group_count)
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s has nothing%s%s to judge that passes the filters",
				 session->main.recording.path, session->options->type_is_given ? " of type " : "",
				 session->options->type_is_given ? session->options->type.name : "");
	session_head(session);
	session_close_files(session);
	return SEEP_OK;
}

/* The process's memory is none of a selection of callsites. */
static bool is_of_all(const struct options *options)
{
	return !options->type_is_given && !options->focus && !options->ignore;
}

struct growth_report judge_report(const struct session *session, const struct judged_recording *judged)
{
	const struct options *options = session->options;

	return (struct growth_report){
		.head = &session->head,
		.judgement = &judged->judgement,
		.with_stacks = options->stacks,
		.limit = options->limit,
		.processes = judged->processes,
		.process_count = is_of_all(options) ? judged->process_count : 0,
		.style = command_style(),
		.time_wait = judged->series.process[SERIES_TCP_TIME_WAIT][judged->series.grid.count - 1],
	};
}

void judge_release(struct judged_recording *judged)
{
	judgement_release(&judged->judgement);
	store_series_release(&judged->series);
	free(judged->sites);
	free(judged->events);
	free(judged->processes);
	free(judged->releases);
	*judged = (struct judged_recording){0};
}
