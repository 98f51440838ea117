/* SPDX-License-Identifier: MIT */
#include "info.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../analysis/paths.h"
#include "sampling.h"

#define NS_PER_S INT64_C(1000000000)
#define MOST_FRAMES 12    /* of a stack in one line */
#define MOST_GROUPS 10    /* of a descriptor table */
#define MOST_MISUSE 20    /* entries in text; JSON has all */
#define MOST_PROCESSES 40 /* likewise */

static void add_section(struct buffer *out, const struct info *info, const char *title)
{
	buffer_format(out, "%s%s%s\n", style_strong(info->style), title, style_end(info->style));
}

static void add_clock(struct buffer *out, int64_t time_ns, const char *format)
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm parts;
	char text[64];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), format, &parts);
	buffer_add(out, text);
}

static struct figure bytes(int64_t value)
{
	return value < 0 ? (struct figure){"unknown"} : figure_value(unit_own(true), value);
}

static struct figure count_of(int64_t value)
{
	return value < 0 ? (struct figure){"unknown"} : figure_value(unit_own(false), value);
}

static uint32_t pid_of(const struct info *info, uint32_t process_id)
{
	return process_id < info->recording->process_count ? info->recording->processes[process_id].pid : 0;
}

/* "close_client net.c:41": directories only make these lines unreadable, and JSON has them. */
static void add_frame(struct buffer *out, const struct profile_frame *frame)
{
	report_name(out, frame->function);
	if (!frame->file)
		return;
	buffer_add(out, " ");
	report_name(out, path_base(frame->file));
	if (frame->line)
		buffer_format(out, ":%u", frame->line);
}

/* "close_client net.c:41 < serve net.c:90 < main ...", at most MOST_FRAMES. */
static void add_stack(struct buffer *out, const struct recording *recording, uint32_t node_id)
{
	struct profile profile;

	profile_of_node(recording, node_id, false, &profile);
	for (size_t i = 0; i < profile.stacks[0].count; i++) {
		if (i == MOST_FRAMES) {
			buffer_format(out, " < (%zu more)", profile.stacks[0].count - i);
			break;
		}
		buffer_add(out, i ? " < " : "");
		add_frame(out, &profile.frames[profile.frame_ids[profile.stacks[0].first + i]]);
	}
	buffer_add(out, "\n");
	profile_release(&profile);
}

/* ---- the recording ---- */

static void add_recording(struct buffer *out, const struct info *info)
{
	const struct recording *recording = info->recording;
	const struct summary *summary = info->summary;

	buffer_add(out, "Recording: ");
	report_name(out, recording->path);
	buffer_format(out, ", %s, %s\n", bytes((int64_t)recording->file_bytes).text,
		      recording->ended_ns       ? "complete"
		      : info->trust.stale_s > 0 ? "not finished"
						: "being recorded");
	buffer_add(out, "Time: ");
	add_clock(out, recording->created_ns, "%Y-%m-%d %H:%M:%S");
	buffer_add(out, " to ");
	add_clock(out, recording->newest_ns, "%Y-%m-%d %H:%M:%S %Z");
	buffer_format(out, " (%s), figures every %s\n",
		      figure_duration(recording->newest_ns - recording->created_ns).text,
		      figure_duration(recording->interval_ms * INT64_C(1000000)).text);
	if (info->host || info->kernel)
		buffer_format(out, "Host: %s, kernel %s, Seep %s\n", info->host ? info->host : "unknown",
			      info->kernel ? info->kernel : "unknown",
			      info->seep_version ? info->seep_version : "unknown");
	if (info->recorder_cpu_ns >= 0)
		buffer_format(out, "Recorder: %s of CPU time\n", figure_duration(info->recorder_cpu_ns).text);
	if (recording->sampling_count) {
		buffer_add(out, "Sampled: ");
		sampling_add_history(out, recording->samplings, recording->sampling_count, INT64_MAX);
		buffer_add(out, " of heap bytes; descriptors, mappings and threads are exact\n");
	}
	buffer_format(out, "Events: %llu at %zu callsites; %zu tree nodes, %zu code addresses\n",
		      (unsigned long long)summary->events, summary->callsites, summary->nodes, summary->addresses);
}

/* "exact until 14:02:10, since then sampled 1 in 64 KiB: hooks cost 9.8 % of CPU time"; the marks have all changes. */
static void add_limit(struct buffer *out, const struct info *info)
{
	const struct store_adaptation *first = info->adaptations, *last = first + info->adaptation_count - 1;

	if (info->max_overhead <= 0)
		return;
	buffer_format(out, "Limit on the hooks' cost: %g %% of CPU time; exact", info->max_overhead);
	if (!info->adaptation_count) {
		buffer_add(out, " all the time\n");
		return;
	}
	add_clock(out, first->time_ns, " until %H:%M:%S");
	if (last == first)
		buffer_add(out, ", since then");
	else
		add_clock(out, last->time_ns, ", since %H:%M:%S");
	if (last->interval)
		buffer_format(out, " sampled 1 in %lld KiB", (long long)last->interval / 1024);
	else
		buffer_add(out, " again");
	buffer_format(out, ": hooks cost %.1f %% before\n",
		      last->cpu_ns > 0 ? 100 * (double)last->hook_ns / (double)last->cpu_ns : 0);
}

static void add_part(struct buffer *out, struct unit unit, int64_t value, const struct model_part *part, int columns)
{
	sampling_add_width(out, unit, value, &(struct uncertainty){.gained = *part}, columns);
}

/* Under a row with estimates: their 95 % intervals. */
static void add_widths(struct buffer *out, const struct summary_kind *sum)
{
	add_part(out, unit_own(false), sum->live_count, &sum->count_parts.live, 10);
	add_part(out, unit_own(true), sum->live_bytes, &sum->byte_parts.live, 11);
	add_part(out, unit_own(false), (int64_t)sum->acquired_count, &sum->count_parts.acquired, 11);
	add_part(out, unit_own(false), (int64_t)sum->released_count, &sum->count_parts.released, 11);
	buffer_format(out, "%21s   estimates, with their 95%% intervals\n", "");
}

static void add_kinds(struct buffer *out, const struct info *info)
{
	add_section(out, info, "      held      bytes   acquired   released  temporary  callsites  kind");
	for (int kind = 0; kind < SEEP_KIND_COUNT; kind++) {
		const struct summary_kind *sum = &info->summary->kinds[kind];
		bool has_bytes = kind == SEEP_KIND_HEAP || kind == SEEP_KIND_MAPPING;

		if (!sum->callsites)
			continue;
		buffer_format(out, "%10lld %10s %10llu %10llu %10llu %10zu  %s\n", (long long)sum->live_count,
			      has_bytes ? figure_value(unit_own(true), sum->live_bytes).text : "",
			      (unsigned long long)sum->acquired_count, (unsigned long long)sum->released_count,
			      (unsigned long long)sum->temporary_count, sum->callsites,
			      kind_name((enum seep_kind)kind));
		if (sum->byte_parts.acquired.weight > 0)
			add_widths(out, sum);
	}
}

/* What happened, beside what was acquired. */
static void add_events(struct buffer *out, const struct info *info)
{
	if (!info->event_count)
		return;
	add_section(out, info, "     count  event");
	for (size_t i = 0; i < info->event_count; i++) {
		buffer_format(out, "%10llu  ", (unsigned long long)info->events[i].count);
		report_name(out, info->events[i].name);
		buffer_add(out, "\n");
	}
}

/* ---- processes ---- */

static void add_state(struct buffer *out, const struct info *info, const struct model_process *process)
{
	if (!process->ended_ns) {
		buffer_add(out, info->recording->ended_ns ? "end not seen" : "running");
		return;
	}
	buffer_add(out, process->exec_ended ? "became another program at " : "ended at ");
	add_clock(out, process->ended_ns, "%H:%M:%S");
}

static double hook_ns(const struct store_cost *cost)
{
	return (double)cost->hook_ns[COST_ACQUISITION] + (double)cost->hook_ns[COST_RELEASE];
}

static int64_t timed(const struct store_cost *cost)
{
	return cost->timed[COST_ACQUISITION] + cost->timed[COST_RELEASE];
}

double info_hook_ns_per_event(const struct store_cost *cost)
{
	return timed(cost) ? hook_ns(cost) / ARENA_COST_EVERY / (double)timed(cost) : NAN;
}

double info_hook_percent(const struct store_cost *since, const struct store_cost *now)
{
	return now->cpu_ns > since->cpu_ns
		       ? 100 * (hook_ns(now) - hook_ns(since)) / (double)(now->cpu_ns - since->cpu_ns)
		       : NAN;
}

/* Not more digits than the estimate has. */
static void add_percent(struct buffer *out, const char *before, double percent, const char *after)
{
	if (isfinite(percent))
		buffer_format(out, "%s%.*f %%%s", before, percent < 9.95, percent, after);
}

static void add_costs(struct buffer *out, const struct store_costs *costs)
{
	const struct store_cost *newest = &costs->newest, none = {0};
	double ns = hook_ns(newest);

	buffer_format(out, "          Hooks: %lld events", (long long)costs->events);
	if (!timed(newest)) {
		buffer_add(out, ", too few of them timed to tell their cost\n");
	} else {
		buffer_format(out, ", %.0f ns each, %s in all (true to %.0f %%)", info_hook_ns_per_event(newest),
			      figure_duration((int64_t)ns).text, ns > 0 ? 100 * (double)newest->error_ns / ns : 0);
		add_percent(out, ": ", info_hook_percent(&none, &costs->looked), " of its CPU time");
		if (costs->earlier.time)
			add_percent(out, ", lately ", info_hook_percent(&costs->earlier, &costs->looked), "");
		buffer_format(out, "; from the timing of %lld\n", (long long)timed(newest));
	}
	if (newest->captures)
		buffer_format(out, "          Stacks: %lld taken, %.1f new frames each, %lld unwind rules computed\n",
			      (long long)newest->captures, (double)newest->captured_frames / (double)newest->captures,
			      (long long)newest->rule_misses);
}

static void add_process(struct buffer *out, const struct info *info, const struct model_process *process)
{
	const struct info_process *more = &info->processes[process->id];

	if (process->pid)
		buffer_format(out, "%8u  ", process->pid);
	else
		buffer_add(out, "    many  "); /* the oldest that ended are kept as one sum */
	report_name(out, process->command[0] ? process->command : process->exe);
	buffer_add(out, "\n          ");
	if (process->pid) {
		buffer_add(out, "started ");
		add_clock(out, process->started_ns, "%H:%M:%S");
		buffer_add(out, ", ");
		add_state(out, info, process);
		if (process->parent_id)
			buffer_format(out, ", forked from %u", pid_of(info, process->parent_id));
		buffer_add(out, "; ");
	}
	buffer_add(out, "allocator ");
	report_name(out, process->allocator[0] ? path_base(process->allocator) : "unknown");
	if (more->has_figures)
		buffer_format(out, "\n          RSS %s anonymous, %s file, %s shared; threads %s, descriptors %s",
			      bytes(more->figures.rss_anon).text, bytes(more->figures.rss_file).text,
			      bytes(more->figures.rss_shmem).text, count_of(more->figures.threads).text,
			      count_of(more->figures.descriptors).text);
	buffer_format(out, "\n          Seep's own memory: %s private\n",
		      process->private_bytes ? bytes((int64_t)process->private_bytes).text : "unknown");
	if (more->has_costs)
		add_costs(out, &more->costs);
}

static void add_processes(struct buffer *out, const struct info *info)
{
	size_t shown = 0, all = 0;

	add_section(out, info, "Processes");
	for (size_t i = 0; i < info->recording->process_count; i++) {
		if (!info->processes[i].is_shown || all++ >= MOST_PROCESSES)
			continue;
		add_process(out, info, &info->recording->processes[i]);
		shown++;
	}
	if (shown < all)
		buffer_format(out, "          and %zu more; --json has all\n", all - shown);
	if (!all)
		buffer_add(out, "          none\n");
}

/* ---- marks and their descriptor tables ---- */

/* Descriptors of one kind, callsite and state: what fills a table is many of one sort. */
struct group {
	const struct info_descriptor *first;
	size_t count;
	int64_t oldest_s;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct group *group_of(struct group *groups, size_t *count, const struct info_descriptor *descriptor)
{
	for (size_t i = 0; i < *count; i++) {
		const struct info_descriptor *first = groups[i].first;

		if (first->site_id == descriptor->site_id && same_text(first->kind, descriptor->kind) &&
		    same_text(first->tcp_state, descriptor->tcp_state))
			return &groups[i];
	}
	groups[*count] = (struct group){.first = descriptor, .oldest_s = -1};
	return &groups[(*count)++];
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return (a->first->fd > b->first->fd) - (a->first->fd < b->first->fd);
}

static void add_group(struct buffer *out, const struct info *info, const struct group *group)
{
	const struct info_descriptor *first = group->first;
	const struct recording *recording = info->recording;

	buffer_format(out, "          %zu x %s", group->count, first->kind);
	if (first->tcp_state)
		buffer_format(out, " %s", first->tcp_state);
	if (group->oldest_s >= 0)
		buffer_format(out, ", oldest %s", figure_age((double)group->oldest_s).text);
	if (first->target) {
		buffer_add(out, group->count > 1 ? ", such as " : ", ");
		report_name(out, first->target);
	}
	buffer_add(out, "\n            ");
	if (first->site_id && first->site_id < recording->site_count)
		add_stack(out, recording, recording->sites[first->site_id].node_id);
	else
		buffer_add(out, "not seen opened\n");
}

static void add_descriptors(struct buffer *out, const struct info *info, const struct info_mark *mark)
{
	struct group *groups = memory_zeroed(mark->descriptor_count, sizeof(*groups));
	size_t count = 0;

	for (size_t i = 0; i < mark->descriptor_count; i++) {
		struct group *group = group_of(groups, &count, &mark->descriptors[i]);

		group->count++;
		if (mark->descriptors[i].age_s > group->oldest_s)
			group->oldest_s = mark->descriptors[i].age_s;
	}
	qsort(groups, count, sizeof(*groups), compare_groups);
	for (size_t i = 0; i < count && i < MOST_GROUPS; i++)
		add_group(out, info, &groups[i]);
	if (count > MOST_GROUPS)
		buffer_format(out, "          and %zu more sorts; --json has all %zu descriptors\n",
			      count - MOST_GROUPS, mark->descriptor_count);
	free(groups);
}

static void add_marks(struct buffer *out, const struct info *info)
{
	if (!info->mark_count)
		return;
	add_section(out, info, "Marks");
	for (size_t i = 0; i < info->mark_count; i++) {
		const struct info_mark *mark = &info->marks[i];

		add_clock(out, mark->time_ns, "%H:%M:%S  ");
		report_name(out, mark->kind);
		if (mark->process_id)
			buffer_format(out, " in process %u", pid_of(info, mark->process_id));
		buffer_add(out, ": ");
		report_name(out, mark->text);
		buffer_add(out, "\n");
		if (mark->node_id) {
			buffer_add(out, "          at ");
			add_stack(out, info->recording, mark->node_id);
		}
		if (mark->descriptor_count)
			add_descriptors(out, info, mark);
	}
}

/* ---- misuse and what was not seen ---- */

static bool is_asked(const struct info *info, uint32_t process_id)
{
	return !info->process_id || info->process_id == process_id;
}

static const char *misuse_text(enum arena_misuse_kind kind)
{
	return kind == MISUSE_DOUBLE_CLOSE ? "closed twice" : "closed, but never opened";
}

static void add_one_misuse(struct buffer *out, const struct info *info, const struct model_misuse *misuse)
{
	buffer_format(out, "%8llu x %s, last descriptor %d, process %u\n            here   ",
		      (unsigned long long)misuse->count, misuse_text(misuse->kind), misuse->last_fd,
		      pid_of(info, misuse->process_id));
	add_stack(out, info->recording, misuse->node_id);
	if (!misuse->previous_node_id)
		return;
	buffer_add(out, "            before ");
	add_stack(out, info->recording, misuse->previous_node_id);
}

static void add_misuse(struct buffer *out, const struct info *info)
{
	size_t all = 0;

	for (size_t i = 0; i < info->recording->misuse_count; i++) {
		const struct model_misuse *misuse = &info->recording->misuses[i];

		if (!is_asked(info, misuse->process_id))
			continue;
		if (!all)
			add_section(out, info, "Misuse of descriptors");
		if (all++ < MOST_MISUSE)
			add_one_misuse(out, info, misuse);
	}
	if (all > MOST_MISUSE)
		buffer_format(out, "          and %zu more; --json has all\n", all - MOST_MISUSE);
}

static void add_unseen(struct buffer *out, const struct info *info)
{
	bool has_title = false;

	for (size_t i = 0; i < info->recording->unseen_count; i++) {
		const struct model_unseen *unseen = &info->recording->unseen[i];

		if (!is_asked(info, unseen->process_id))
			continue;
		if (!has_title)
			add_section(out, info, "Descriptors that the kernel shows and Seep did not see opened");
		has_title = true;
		buffer_format(out, "%8llu x ", (unsigned long long)unseen->count);
		report_name(out, unseen->target);
		buffer_format(out, ", process %u\n", pid_of(info, unseen->process_id));
	}
}

/* ---- symbols ---- */

static void add_symbols(struct buffer *out, const struct info *info)
{
	bool is_poor = false;

	add_section(out, info, " addresses    named with line  module");
	for (size_t i = 0; i < info->recording->module_count; i++) {
		const struct model_module *module = &info->recording->modules[i];
		const struct summary_module *sum = &info->summary->modules[i];

		if (!module->id || !sum->addresses)
			continue;
		buffer_format(out, "%10zu %8zu %9zu  ", sum->addresses, sum->named, sum->lined);
		report_name(out, module->path[0] ? module->path : "(code of no file)");
		buffer_add(out, ": ");
		report_name(out, module->symbol_status[0] ? module->symbol_status : "not tried yet");
		buffer_add(out, "\n");
		is_poor |= sum->lined < sum->addresses && !strcmp(module->symbol_status, "no debug info");
	}
	if (is_poor)
		buffer_add(out, "          Install the debug packages (-dbgsym, -dbg) for more names and lines, or try "
				"--debuginfod\n");
}

/* ---- trust ---- */

static void add_trust(struct buffer *out, const struct info *info)
{
	static const char *const texts[TRUST_COUNT] = {
#define X(id, name, text) [TRUST_##id] = text,
		ARENA_TRUST(X)
#undef X
	};

	add_section(out, info, "Trust");
	for (size_t i = 0; i < TRUST_COUNT && info->trust.process_count; i++) {
		/* without the verify mode nothing was compared: "0 differ" would say more than is known */
		if ((i == TRUST_VERIFY_CAPTURES || i == TRUST_VERIFY_DIFFERENCES) &&
		    !info->trust.counts[TRUST_VERIFY_CAPTURES])
			continue;
		buffer_format(out, "%12llu  %s\n", (unsigned long long)info->trust.counts[i], texts[i]);
	}
	report_trust(out, &info->trust, NULL, info->style);
}

void info_text(struct buffer *out, const struct info *info)
{
	add_recording(out, info);
	add_limit(out, info);
	add_kinds(out, info);
	add_events(out, info);
	add_processes(out, info);
	add_marks(out, info);
	add_misuse(out, info);
	add_unseen(out, info);
	add_symbols(out, info);
	add_trust(out, info);
}
