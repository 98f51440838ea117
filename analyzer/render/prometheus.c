/* SPDX-License-Identifier: MIT */
#include "prometheus.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../analysis/sampling.h"
#include "../base/clock.h"
#include "../base/utf8.h"

enum metric {
#define X(id, name, type, help) METRIC_##id,
	PROMETHEUS_METRICS(X)
#undef X
		METRIC_COUNT
};

static const struct {
	const char *name, *type, *help;
} metrics[METRIC_COUNT] = {
#define X(id, name, type, help) {name, type, help},
	PROMETHEUS_METRICS(X)
#undef X
};

/* A metric's samples have to stand together: each metric's are collected by themselves. */
struct prometheus {
	struct buffer samples[METRIC_COUNT];
};

/* The labels of a sample, from the innermost scope out; NULL none. */
struct label {
	const struct label *outer;
	const char *name, *value;
};

/* ---- the format ---- */

static void add_escaped(struct buffer *out, const char *text)
{
	char *clean = memory_string(text);

	utf8_make(clean);
	for (const char *at = clean; *at; at++) {
		if (*at == '\\' || *at == '"')
			buffer_format(out, "\\%c", *at);
		else
			buffer_add_bytes(out, (unsigned char)*at < ' ' || *at == 0x7f ? "?" : at, 1);
	}
	free(clean);
}

static void add_labels(struct buffer *out, const struct label *label)
{
	if (label->outer) {
		add_labels(out, label->outer);
		buffer_add(out, ",");
	}
	buffer_format(out, "%s=\"", label->name);
	add_escaped(out, label->value);
	buffer_add(out, "\"");
}

static void begin_sample(struct prometheus *all, enum metric metric, const struct label *label)
{
	struct buffer *out = &all->samples[metric];

	buffer_add(out, metrics[metric].name);
	if (!label)
		return;
	buffer_add(out, "{");
	add_labels(out, label);
	buffer_add(out, "}");
}

static void add_unsigned(struct prometheus *all, enum metric metric, const struct label *label, uint64_t value)
{
	begin_sample(all, metric, label);
	buffer_format(&all->samples[metric], " %" PRIu64 "\n", value);
}

static void add_signed(struct prometheus *all, enum metric metric, const struct label *label, int64_t value)
{
	begin_sample(all, metric, label);
	buffer_format(&all->samples[metric], " %" PRId64 "\n", value);
}

/* NAN: not known. */
static void add_real(struct prometheus *all, enum metric metric, const struct label *label, double value)
{
	if (isnan(value))
		return;
	begin_sample(all, metric, label);
	if (isinf(value))
		buffer_format(&all->samples[metric], " %cInf\n", value > 0 ? '+' : '-');
	else
		buffer_format(&all->samples[metric], " %.9g\n", value);
}

/* -1: not known. */
static void add_known(struct prometheus *all, enum metric metric, const struct label *label, int64_t value)
{
	if (value >= 0)
		add_signed(all, metric, label, value);
}

/* INT64_MAX: there is none. */
static void add_limit(struct prometheus *all, enum metric metric, const struct label *label, int64_t value)
{
	if (value == INT64_MAX)
		add_real(all, metric, label, INFINITY);
	else
		add_known(all, metric, label, value);
}

/* -1: not known. To the nanosecond, which a double of a time since 1970 would not hold. */
static void add_seconds(struct prometheus *all, enum metric metric, const struct label *label, int64_t ns)
{
	if (ns < 0)
		return;
	begin_sample(all, metric, label);
	buffer_format(&all->samples[metric], " %" PRId64 ".%09" PRId64 "\n", ns / NS_PER_S, ns % NS_PER_S);
}

/* ---- kinds and callsites ---- */

/* Handles have no bytes. */
struct figure_metrics {
	enum metric live_objects, live_bytes;
	enum metric acquired_objects, acquired_bytes;
	enum metric released_objects, released_bytes;
};
static const struct figure_metrics of_kinds = {
	METRIC_LIVE_OBJECTS,   METRIC_LIVE_BYTES,       METRIC_ACQUIRED_OBJECTS,
	METRIC_ACQUIRED_BYTES, METRIC_RELEASED_OBJECTS, METRIC_RELEASED_BYTES,
};
static const struct figure_metrics of_callsites = {
	METRIC_CALLSITE_LIVE_OBJECTS,   METRIC_CALLSITE_LIVE_BYTES,       METRIC_CALLSITE_ACQUIRED_OBJECTS,
	METRIC_CALLSITE_ACQUIRED_BYTES, METRIC_CALLSITE_RELEASED_OBJECTS, METRIC_CALLSITE_RELEASED_BYTES,
};

static void add_figures(struct prometheus *all, const struct figure_metrics *which, const struct label *label,
			enum seep_kind kind, const struct shown_figures *figures)
{
	add_signed(all, which->live_objects, label, figures->live_objects);
	add_unsigned(all, which->acquired_objects, label, figures->acquired_objects);
	add_unsigned(all, which->released_objects, label, figures->released_objects);
	if (!judged_by_bytes(kind))
		return;
	add_signed(all, which->live_bytes, label, figures->live_bytes);
	add_unsigned(all, which->acquired_bytes, label, figures->acquired_bytes);
	add_unsigned(all, which->released_bytes, label, figures->released_bytes);
}

static void add_info(struct prometheus *all, const struct label *callsite, const struct profile_frame *frame)
{
	char line[16] = "";
	struct label function = {callsite, "function", frame->function};
	struct label file = {&function, "file", frame->file ? frame->file : ""};
	struct label its_line = {&file, "line", line};
	struct label module = {&its_line, "module", frame->module};

	if (frame->line)
		snprintf(line, sizeof(line), "%u", frame->line);
	add_unsigned(all, METRIC_CALLSITE, &module, 1);
}

static void add_verdict(struct prometheus *all, const struct label *callsite, const struct judged_group *group)
{
	const struct verdict_result *result = &group->judged.verdict;

	for (int verdict = 0; verdict <= VERDICT_LEAK; verdict++) {
		struct label label = {callsite, "verdict", verdict_name((enum verdict)verdict)};

		add_unsigned(all, METRIC_CALLSITE_VERDICT, &label, result->verdict == (enum verdict)verdict);
	}
	add_real(all, METRIC_CALLSITE_GROWTH_OBJECTS, callsite, result->objects.estimate);
	if (judged_by_bytes(group->kind))
		add_real(all, METRIC_CALLSITE_GROWTH_BYTES, callsite, result->bytes.estimate);
}

static void add_callsite(struct prometheus *all, const struct label *outer, const struct shown_callsite *callsite,
			 const struct judged_group *group)
{
	struct label id = {outer, "callsite", callsite->id.text};
	struct label kind = {&id, "kind", kind_name(callsite->kind)};

	add_info(all, &kind, group->frame);
	add_figures(all, &of_callsites, &kind, callsite->kind, &callsite->figures);
	add_verdict(all, &kind, group);
}

static void add_kind(struct prometheus *all, const struct label *outer, enum seep_kind kind,
		     const struct shown_kind *figures)
{
	static const struct profile_frame others = {.function = "(other callsites)", .module = ""};
	struct label its_name = {outer, "kind", kind_name(kind)};
	struct label id = {outer, "callsite", "other"};
	struct label other = {&id, "kind", kind_name(kind)};

	add_figures(all, &of_kinds, &its_name, kind, &figures->all);
	add_info(all, &other, &others);
	add_figures(all, &of_callsites, &other, kind, &figures->other);
}

static void add_callsites(struct prometheus *all, const struct label *outer,
			  const struct prometheus_recording *recording)
{
	const struct shown_callsites *shown = recording->shown;

	for (size_t i = 0; i < shown->count; i++)
		add_callsite(all, outer, &shown->items[i], &recording->judgement->groups[shown->items[i].group]);
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++)
		if (shown->kinds[kind].is_any)
			add_kind(all, outer, (enum seep_kind)kind, &shown->kinds[kind]);
	for (int verdict = 0; recording->judgement && verdict <= VERDICT_LEAK; verdict++) {
		struct label label = {outer, "verdict", verdict_name((enum verdict)verdict)};

		add_unsigned(all, METRIC_CALLSITES, &label, recording->judgement->verdict_counts[verdict]);
	}
}

/* ---- a process ---- */

static void add_by(struct prometheus *all, enum metric metric, const struct label *outer, const char *name,
		   const char *value, int64_t bytes)
{
	struct label label = {outer, name, value};

	add_known(all, metric, &label, bytes);
}

static void add_seconds_by(struct prometheus *all, enum metric metric, const struct label *outer, const char *name,
			   const char *value, int64_t ns)
{
	struct label label = {outer, name, value};

	add_seconds(all, metric, &label, ns);
}

static void add_kernel_figures(struct prometheus *all, const struct label *label,
			       const struct store_process_figures *figures)
{
	add_by(all, METRIC_RESIDENT, label, "part", "anon", figures->rss_anon);
	add_by(all, METRIC_RESIDENT, label, "part", "file", figures->rss_file);
	add_by(all, METRIC_RESIDENT, label, "part", "shmem", figures->rss_shmem);
	add_known(all, METRIC_SWAP, label, figures->swap);
	add_known(all, METRIC_VIRTUAL, label, figures->vm_size);
	add_seconds_by(all, METRIC_CPU, label, "mode", "user", figures->cpu_user_ns);
	add_seconds_by(all, METRIC_CPU, label, "mode", "system", figures->cpu_system_ns);
	add_known(all, METRIC_THREADS, label, figures->threads);
	add_known(all, METRIC_OPEN_FDS, label, figures->descriptors);
	add_known(all, METRIC_OWN_MEMORY, label, figures->seep_private_bytes);
}

static double forecast_seconds(const struct forecast *forecast)
{
	switch (forecast->state) {
	case FORECAST_NO_LIMIT:
	case FORECAST_NOT_GROWING:
		return INFINITY;
	case FORECAST_REACHED:
		return 0;
	case FORECAST_GROWING:
		return forecast->seconds;
	default:
		return NAN;
	}
}

static void add_growth(struct prometheus *all, const struct label *outer, const struct process_growth *growth)
{
	static const char *const parts[WATERFALL_COUNT] = {
#define X(id, name, text) name,
		WATERFALL_PARTS(X)
#undef X
	};

	for (size_t i = 0; growth->is_known && i < WATERFALL_COUNT; i++) {
		struct label part = {outer, "part", parts[i]};

		add_signed(all, METRIC_PRIVATE, &part, growth->last.parts[i]);
	}
	for (int i = 0; i < FORECAST_COUNT; i++) {
		struct label resource = {outer, "resource", forecast_name((enum forecast_of)i)};

		add_real(all, METRIC_FORECAST, &resource, forecast_seconds(&growth->forecasts[i]));
	}
	add_known(all, METRIC_CHARGED, outer, growth->forecasts[FORECAST_MEMORY].used);
	add_known(all, METRIC_SIGNALS, outer, growth->forecasts[FORECAST_TIMERS].used);
}

static void add_process(struct prometheus *all, const struct label *recording, const struct prometheus_process *process)
{
	char number[16];
	struct label program = {recording, "program", process->program};
	struct label pid = {&program, "pid", number};
	struct label exe = {&pid, "exe", process->process->exe};

	snprintf(number, sizeof(number), "%u", process->process->pid);
	add_unsigned(all, METRIC_PROCESS, &exe, 1);
	add_seconds(all, METRIC_PROCESS_STARTED, &pid, process->process->started_ns);
	if (process->figures)
		add_kernel_figures(all, &pid, process->figures);
	if (process->growth)
		add_growth(all, &pid, process->growth);
	add_limit(all, METRIC_MEMORY_LIMIT, &pid, process->limits.memory);
	add_limit(all, METRIC_MAX_FDS, &pid, process->limits.descriptors);
	add_limit(all, METRIC_MAX_SIGNALS, &pid, process->limits.signals);
	for (int i = 0; i < SEEP_KIND_COUNT; i++) {
		struct label kind = {&pid, "kind", kind_name((enum seep_kind)i)};

		if (!process->live[i].is_any)
			continue;
		add_signed(all, METRIC_PROCESS_OBJECTS, &kind, process->live[i].objects);
		if (judged_by_bytes((enum seep_kind)i))
			add_signed(all, METRIC_PROCESS_BYTES, &kind, process->live[i].bytes);
	}
	if (!process->costs)
		return;
	add_seconds_by(all, METRIC_HOOKS, &pid, "part", "acquisition",
		       process->costs->newest.hook_ns[COST_ACQUISITION]);
	add_seconds_by(all, METRIC_HOOKS, &pid, "part", "release", process->costs->newest.hook_ns[COST_RELEASE]);
}

/* ---- a recording ---- */

static void add_event(struct prometheus *all, const struct label *outer, const struct prometheus_event *event)
{
	struct label name = {outer, "event", event->name};

	if (!strcmp(event->name, "read_bytes"))
		add_unsigned(all, METRIC_READ_BYTES, outer, event->count);
	else if (!strcmp(event->name, "write_bytes"))
		add_unsigned(all, METRIC_WRITTEN_BYTES, outer, event->count);
	else
		add_unsigned(all, METRIC_EVENTS, &name, event->count);
}

static void add_trust(struct prometheus *all, const struct label *outer, const struct trust *trust)
{
	static const char *const names[TRUST_COUNT] = {
#define X(id, name, text) name,
		ARENA_TRUST(X)
#undef X
	};

	for (size_t i = 0; i < TRUST_COUNT; i++) {
		struct label reason = {outer, "reason", names[i]};

		add_unsigned(all, METRIC_TRUST, &reason, trust->counts[i]);
	}
	add_unsigned(all, METRIC_UNSLOTTED, outer, trust->unslotted_processes);
	add_known(all, METRIC_ARENA, outer, trust->shared_bytes);
}

static void add_description(struct prometheus *all, const struct label *outer,
			    const struct prometheus_recording *recording)
{
	struct label build = {outer, "build_id", recording->build_id ? recording->build_id : ""};
	struct label host = {&build, "host", recording->host ? recording->host : ""};
	struct label version = {&host, "version", recording->seep_version ? recording->seep_version : ""};
	const struct recording *figures = recording->recording;

	add_unsigned(all, METRIC_RECORDING, &version, 1);
	add_unsigned(all, METRIC_LIVE, outer, !figures->ended_ns);
	add_seconds(all, METRIC_STARTED, outer, figures->created_ns);
	add_seconds(all, METRIC_NEWEST, outer, figures->newest_ns);
	add_unsigned(all, METRIC_FILE_SIZE, outer, figures->file_bytes);
	add_unsigned(all, METRIC_SAMPLING, outer, sampling_largest(figures, INT64_MAX));
	add_unsigned(all, METRIC_PROCESSES, outer, recording->running_count);
	add_seconds(all, METRIC_RECORDER_CPU, outer, recording->recorder_cpu_ns);
}

void prometheus_add_readable(struct prometheus *answer, const char *recording, bool is_readable)
{
	struct label name = {NULL, "recording", recording};

	add_unsigned(answer, METRIC_READABLE, &name, is_readable);
}

void prometheus_add(struct prometheus *answer, const struct prometheus_recording *recording)
{
	struct label name = {NULL, "recording", recording->name};
	struct label program = {&name, "program", recording->program};

	add_description(answer, &program, recording);
	add_callsites(answer, &program, recording);
	for (size_t i = 0; i < recording->event_count; i++)
		add_event(answer, &program, &recording->events[i]);
	add_trust(answer, &program, recording->trust);
	for (size_t i = 0; i < recording->process_count; i++)
		add_process(answer, &name, &recording->processes[i]);
}

struct prometheus *prometheus_begin(const char *seep_version, int64_t cpu_ns)
{
	struct prometheus *answer = memory_zeroed(1, sizeof(*answer));
	struct label version = {NULL, "version", seep_version};

	add_unsigned(answer, METRIC_BUILD, &version, 1);
	add_seconds(answer, METRIC_SERVE_CPU, NULL, cpu_ns);
	return answer;
}

void prometheus_end(struct prometheus *answer, struct buffer *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (!answer->samples[i].size)
			continue;
		buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help, metrics[i].name,
			      metrics[i].type);
		buffer_add_bytes(out, answer->samples[i].text, answer->samples[i].size);
		buffer_release(&answer->samples[i]);
	}
	free(answer);
}
