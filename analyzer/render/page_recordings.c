/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "../analysis/paths.h"
#include "../analysis/process.h"
#include "page.h"
#include "report.h"

/* 0 stands for "not yet", or "none", in the model. */
static void add_time(struct json *json, const char *key, int64_t ns)
{
	if (ns)
		json_seconds(json, key, ns);
	else
		json_null(json, key);
}

static void add_process(struct json *json, const struct model_process *process)
{
	char *program = process_program(process);

	json_begin_object(json, NULL);
	json_uint(json, "id", process->id);
	json_uint(json, "pid", process->pid);
	json_string(json, "program", program);
	json_string(json, "command", process->command[0] ? process->command : NULL);
	json_seconds(json, "started_s", process->started_ns);
	add_time(json, "ended_s", process->ended_ns);
	if (process->parent_id)
		json_uint(json, "parent_id", process->parent_id);
	else
		json_null(json, "parent_id");
	json_end_object(json);
	free(program);
}

/* But the sums of many that have ended, which nobody can ask for. */
static void add_processes(struct json *json, const struct recording *recording)
{
	json_begin_array(json, "processes");
	for (size_t i = 0; i < recording->process_count; i++)
		if (recording->processes[i].id && recording->processes[i].pid)
			add_process(json, &recording->processes[i]);
	json_end_array(json);
}

static void add_types(struct json *json, const struct page_recording_row *row)
{
	json_begin_array(json, "types");
	for (size_t i = 0; i < row->type_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "name", row->types[i].name);
		json_string(json, "unit", value_type_is_bytes(&row->types[i]) ? "bytes" : "objects");
		json_end_object(json);
	}
	json_end_array(json);
}

/* The interval that holds now. */
static void add_sampling(struct json *json, const struct recording *recording)
{
	size_t count = recording->sampling_count;

	if (count && recording->samplings[count - 1].interval)
		json_uint(json, "sampling_interval", recording->samplings[count - 1].interval);
	else
		json_null(json, "sampling_interval");
}

static void add_trust(struct json *json, const struct trust *trust)
{
	struct buffer sentence = {0};

	report_trust_sentence(&sentence, trust);
	json_string(json, "trust", sentence.text);
	buffer_release(&sentence);
}

static void add_known(struct json *json, const struct page_recording_row *row)
{
	const struct recording *recording = row->recording;

	json_string(json, "program", row->program);
	json_string(json, "program_path", row->program_path);
	json_string(json, "build_id", row->build_id && *row->build_id ? row->build_id : NULL);
	json_string(json, "host", row->host);
	json_seconds(json, "created_s", recording->created_ns);
	json_seconds(json, "newest_s", recording->newest_ns);
	json_seconds(json, "interval_s", recording->interval_ms * INT64_C(1000000));
	json_bool(json, "live", row->is_live);
	add_sampling(json, recording);
	add_trust(json, &row->trust);
	add_processes(json, recording);
	add_types(json, row);
}

static void add_unknown(struct json *json, const char *why)
{
	static const char *const names[] = {"program",   "program_path", "build_id",   "host",
					    "created_s", "newest_s",     "interval_s", "sampling_interval"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_null(json, names[i]);
	json_bool(json, "live", false);
	json_string(json, "trust", why);
	json_begin_array(json, "processes");
	json_end_array(json);
	json_begin_array(json, "types");
	json_end_array(json);
}

static void add_recording(struct json *json, const struct page_recording_row *row, size_t index)
{
	json_begin_object(json, NULL);
	json_uint(json, "index", index);
	json_string(json, "name", path_base(row->path));
	json_string(json, "error", row->error);
	if (row->error)
		add_unknown(json, row->error);
	else
		add_known(json, row);
	json_end_object(json);
}

void page_recordings_json(struct buffer *out, const struct page_recording_row *rows, size_t count, int64_t now_ns)
{
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "seep_version", SEEP_VERSION);
	json_seconds(&json, "now_s", now_ns);
	json_begin_array(&json, "recordings");
	for (size_t i = 0; i < count; i++)
		add_recording(&json, &rows[i], i);
	json_end_array(&json);
	json_end_object(&json);
}

void page_tick_json(struct buffer *out, const struct page_tick_row *rows, size_t count)
{
	buffer_add(out, "{\"recordings\":[");
	for (size_t i = 0; i < count; i++)
		buffer_format(out, "%s{\"index\":%zu,\"newest_s\":%lld.%03lld,\"live\":%s,\"judged_version\":%u}",
			      i ? "," : "", i, (long long)(rows[i].newest_ns / 1000000000),
			      (long long)(rows[i].newest_ns / 1000000 % 1000), rows[i].is_live ? "true" : "false",
			      rows[i].judged_version);
	buffer_add(out, "]}");
}
