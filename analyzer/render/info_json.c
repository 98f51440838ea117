/* SPDX-License-Identifier: MIT */
#include "info.h"
#include "sampling.h"

#include <math.h>

static void add_known(struct json *json, const char *key, int64_t value)
{
	if (value < 0)
		json_null(json, key);
	else
		json_int(json, key, value);
}

/* 0 stands for "none" in the model. */
static void add_nonzero(struct json *json, const char *key, int64_t value)
{
	add_known(json, key, value ? value : -1);
}

static void add_stack(struct json *json, const char *key, const struct recording *recording, uint32_t node_id)
{
	struct profile profile;

	if (!node_id) {
		json_null(json, key);
		return;
	}
	profile_of_node(recording, node_id, true, &profile);
	json_begin_array(json, key);
	for (size_t i = 0; i < profile.stacks[0].count; i++) {
		const struct profile_frame *frame = &profile.frames[profile.frame_ids[profile.stacks[0].first + i]];

		json_begin_object(json, NULL);
		json_string(json, "function", frame->function);
		json_string(json, "file", frame->file);
		add_nonzero(json, "line", frame->line);
		json_string(json, "module", frame->module);
		json_end_object(json);
	}
	json_end_array(json);
	profile_release(&profile);
}

static void add_intervals(struct json *json, const struct summary_kind *sum)
{
	const struct {
		const char *name;
		int64_t value;
		const struct model_part *part;
	} figures[] = {
		{"live_count", sum->live_count, &sum->count_parts.live},
		{"live_bytes", sum->live_bytes, &sum->byte_parts.live},
		{"acquired_count", (int64_t)sum->acquired_count, &sum->count_parts.acquired},
		{"acquired_bytes", (int64_t)sum->acquired_bytes, &sum->byte_parts.acquired},
		{"released_count", (int64_t)sum->released_count, &sum->count_parts.released},
	};

	if (!(sum->byte_parts.acquired.weight > 0))
		return;
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		sampling_json_interval(json, figures[i].name, figures[i].value,
				       &(struct uncertainty){.gained = *figures[i].part});
}

static void add_kinds(struct json *json, const struct info *info)
{
	json_begin_array(json, "kinds");
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		const struct summary_kind *sum = &info->summary->kinds[kind];

		if (!sum->callsites)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "kind", kind_name((enum seep_kind)kind));
		json_uint(json, "callsites", sum->callsites);
		json_int(json, "live_count", sum->live_count);
		json_int(json, "live_bytes", sum->live_bytes);
		json_uint(json, "acquired_count", sum->acquired_count);
		json_uint(json, "acquired_bytes", sum->acquired_bytes);
		json_uint(json, "released_count", sum->released_count);
		json_uint(json, "temporary_count", sum->temporary_count);
		add_intervals(json, sum);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_events(struct json *json, const struct info *info)
{
	json_begin_array(json, "event_counts");
	for (size_t i = 0; i < info->event_count; i++) {
		json_begin_object(json, NULL);
		json_string(json, "name", info->events[i].name);
		json_uint(json, "count", info->events[i].count);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_figures(struct json *json, const struct store_process_figures *figures)
{
	json_begin_object(json, "kernel");
	json_int(json, "time", figures->time);
	add_known(json, "rss_anon", figures->rss_anon);
	add_known(json, "rss_file", figures->rss_file);
	add_known(json, "rss_shmem", figures->rss_shmem);
	add_known(json, "swap", figures->swap);
	add_known(json, "vm_size", figures->vm_size);
	add_known(json, "vm_hwm", figures->vm_hwm);
	add_known(json, "cpu_user_ns", figures->cpu_user_ns);
	add_known(json, "cpu_system_ns", figures->cpu_system_ns);
	add_known(json, "threads", figures->threads);
	add_known(json, "descriptors", figures->descriptors);
	json_end_object(json);
}

static void add_costs(struct json *json, const struct store_costs *costs, const uint64_t *trust)
{
	const struct store_cost *newest = &costs->newest, none = {0};
	bool has_earlier = costs->earlier.time != 0;

	json_begin_object(json, "hooks");
	json_int(json, "time", newest->time);
	json_int(json, "events", costs->events);
	json_int(json, "timed_events", newest->timed[COST_ACQUISITION] + newest->timed[COST_RELEASE]);
	json_int(json, "clipped_timings", newest->clipped);
	json_real(json, "ns_per_event", info_hook_ns_per_event(newest));
	json_int(json, "ns", newest->hook_ns[COST_ACQUISITION] + newest->hook_ns[COST_RELEASE]);
	json_int(json, "acquisition_ns", newest->hook_ns[COST_ACQUISITION]);
	json_int(json, "release_ns", newest->hook_ns[COST_RELEASE]);
	json_int(json, "error_ns", newest->error_ns);
	json_real(json, "percent_of_cpu", info_hook_percent(&none, &costs->looked));
	json_real(json, "percent_of_cpu_lately",
		  info_hook_percent(has_earlier ? &costs->earlier : &none, &costs->looked));
	json_int(json, "captures", newest->captures);
	json_real(json, "new_frames_per_capture",
		  newest->captures ? (double)newest->captured_frames / (double)newest->captures : NAN);
	json_int(json, "rule_misses", newest->rule_misses);
	json_uint(json, "dropped_events", trust[TRUST_DROPPED_EVENTS]);
	json_uint(json, "truncated_stacks", trust[TRUST_TRUNCATED_STACKS]);
	json_uint(json, "broken_stacks", trust[TRUST_BROKEN_STACKS]);
	json_end_object(json);
}

static void add_processes(struct json *json, const struct info *info)
{
	json_begin_array(json, "processes");
	for (size_t i = 0; i < info->recording->process_count; i++) {
		const struct model_process *process = &info->recording->processes[i];

		if (!info->processes[i].is_shown)
			continue;
		json_begin_object(json, NULL);
		json_uint(json, "id", process->id);
		json_uint(json, "pid", process->pid);
		json_uint(json, "ppid", process->ppid);
		add_nonzero(json, "parent_id", process->parent_id);
		json_string(json, "exe", process->exe);
		json_string(json, "command", process->command[0] ? process->command : NULL);
		json_string(json, "allocator", process->allocator[0] ? process->allocator : NULL);
		json_int(json, "started_ns", process->started_ns);
		add_nonzero(json, "ended_ns", process->ended_ns);
		json_bool(json, "became_another_program", process->exec_ended);
		add_nonzero(json, "seep_private_bytes", (int64_t)process->private_bytes);
		if (info->processes[i].has_figures)
			add_figures(json, &info->processes[i].figures);
		else
			json_null(json, "kernel");
		if (info->processes[i].has_costs)
			add_costs(json, &info->processes[i].costs, process->trust);
		else
			json_null(json, "hooks");
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_limit(struct json *json, const struct info *info)
{
	json_real(json, "max_overhead_percent", info->max_overhead > 0 ? info->max_overhead : NAN);
	json_begin_array(json, "adaptations");
	for (size_t i = 0; i < info->adaptation_count; i++) {
		const struct store_adaptation *adaptation = &info->adaptations[i];

		json_begin_object(json, NULL);
		json_int(json, "time_ns", adaptation->time_ns);
		json_int(json, "interval", adaptation->interval);
		json_int(json, "interval_before", adaptation->interval_before);
		json_int(json, "hook_ns", adaptation->hook_ns);
		json_int(json, "cpu_ns", adaptation->cpu_ns);
		json_real(json, "limit_percent", adaptation->limit_percent);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_descriptors(struct json *json, const struct info *info, const struct info_mark *mark)
{
	const struct recording *recording = info->recording;

	json_begin_array(json, "descriptors");
	for (size_t i = 0; i < mark->descriptor_count; i++) {
		const struct info_descriptor *descriptor = &mark->descriptors[i];
		bool is_known = descriptor->site_id && descriptor->site_id < recording->site_count;

		json_begin_object(json, NULL);
		json_int(json, "fd", descriptor->fd);
		json_string(json, "kind", descriptor->kind);
		json_string(json, "target", descriptor->target);
		json_string(json, "tcp_state", descriptor->tcp_state);
		add_known(json, "age_s", descriptor->age_s);
		add_stack(json, "stack", recording, is_known ? recording->sites[descriptor->site_id].node_id : 0);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_marks(struct json *json, const struct info *info)
{
	json_begin_array(json, "marks");
	for (size_t i = 0; i < info->mark_count; i++) {
		const struct info_mark *mark = &info->marks[i];

		json_begin_object(json, NULL);
		json_int(json, "time_ns", mark->time_ns);
		json_string(json, "kind", mark->kind);
		json_string(json, "text", mark->text);
		add_nonzero(json, "process_id", mark->process_id);
		add_stack(json, "stack", info->recording, mark->node_id);
		add_descriptors(json, info, mark);
		json_end_object(json);
	}
	json_end_array(json);
}

static bool is_asked(const struct info *info, uint32_t process_id)
{
	return !info->process_id || info->process_id == process_id;
}

static void add_misuse(struct json *json, const struct info *info)
{
	json_begin_array(json, "misuse");
	for (size_t i = 0; i < info->recording->misuse_count; i++) {
		const struct model_misuse *misuse = &info->recording->misuses[i];

		if (!is_asked(info, misuse->process_id))
			continue;
		json_begin_object(json, NULL);
		json_uint(json, "process_id", misuse->process_id);
		json_string(json, "kind", misuse->kind == MISUSE_DOUBLE_CLOSE ? "double close" : "never opened");
		json_uint(json, "count", misuse->count);
		json_int(json, "last_fd", misuse->last_fd);
		add_stack(json, "stack", info->recording, misuse->node_id);
		add_stack(json, "previous_stack", info->recording, misuse->previous_node_id);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_unseen(struct json *json, const struct info *info)
{
	json_begin_array(json, "unseen_descriptors");
	for (size_t i = 0; i < info->recording->unseen_count; i++) {
		const struct model_unseen *unseen = &info->recording->unseen[i];

		if (!is_asked(info, unseen->process_id))
			continue;
		json_begin_object(json, NULL);
		json_uint(json, "process_id", unseen->process_id);
		json_string(json, "target", unseen->target);
		json_uint(json, "count", unseen->count);
		json_end_object(json);
	}
	json_end_array(json);
}

static void add_modules(struct json *json, const struct info *info)
{
	json_begin_array(json, "modules");
	for (size_t i = 0; i < info->recording->module_count; i++) {
		const struct model_module *module = &info->recording->modules[i];
		const struct summary_module *sum = &info->summary->modules[i];

		if (!module->id)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "path", module->path);
		json_string(json, "build_id", module->build_id[0] ? module->build_id : NULL);
		json_string(json, "symbols", module->symbol_status[0] ? module->symbol_status : NULL);
		json_uint(json, "addresses", sum->addresses);
		json_uint(json, "named", sum->named);
		json_uint(json, "with_line", sum->lined);
		json_end_object(json);
	}
	json_end_array(json);
}

void info_json(struct buffer *out, const struct info *info)
{
	const struct recording *recording = info->recording;
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "recording", recording->path);
	json_uint(&json, "file_bytes", recording->file_bytes);
	json_bool(&json, "live", !recording->ended_ns);
	json_int(&json, "created_ns", recording->created_ns);
	json_int(&json, "newest_ns", recording->newest_ns);
	add_nonzero(&json, "ended_ns", recording->ended_ns);
	json_uint(&json, "interval_ms", recording->interval_ms);
	json_string(&json, "host", info->host);
	json_string(&json, "kernel", info->kernel);
	json_string(&json, "seep_version", info->seep_version);
	json_string(&json, "arena", info->arena);
	add_known(&json, "recorder_cpu_ns", info->recorder_cpu_ns);
	json_uint(&json, "events", info->summary->events);
	json_uint(&json, "callsites", info->summary->callsites);
	json_uint(&json, "tree_nodes", info->summary->nodes);
	json_uint(&json, "code_addresses", info->summary->addresses);
	sampling_json_history(&json, "sampling", recording->samplings, recording->sampling_count);
	add_kinds(&json, info);
	add_events(&json, info);
	add_processes(&json, info);
	add_limit(&json, info);
	add_marks(&json, info);
	add_misuse(&json, info);
	add_unseen(&json, info);
	add_modules(&json, info);
	report_trust_json(&json, &info->trust);
	json_end_object(&json);
}
