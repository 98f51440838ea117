/* SPDX-License-Identifier: MIT */
#include "growth_words.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../analysis/paths.h"

enum { CALLERS_SHOWN = 5, STACKS_SHOWN = 3, DAY_S = 86400 };
/* Of a group, for a stack to be told apart, and to be all that matters. */
#define LEAST_PART 0.05
#define ALMOST_ALL 0.995
#define LEAST_TOLD 0.005 /* it would round to 0% */
#define LEAST_RATIO 0.1  /* of objects per event, to be told so, and not the other way round */

/* ---- words and figures ---- */

static const struct event_words {
	const char *name, *one, *many;
} event_words[] = {
	{"accepted", "accepted connection", "accepted connections"},
	{"connected", "connection made", "connections made"},
	{"reset", "reset connection", "reset connections"},
	{"read_calls", "read", "reads"},
	{"read_bytes", "byte read", "read"},
	{"write_calls", "write", "writes"},
	{"write_bytes", "byte written", "written"},
	{"timer_expirations", "timer expiration", "timer expirations"},
	{"forks", "fork", "forks"},
	{"threads", "thread started", "threads started"},
};

static struct event_words words_of(const char *name)
{
	for (size_t i = 0; i < sizeof(event_words) / sizeof(event_words[0]); i++)
		if (!strcmp(event_words[i].name, name))
			return event_words[i];
	if (!strncmp(name, "mark:", 5))
		name += 5;
	return (struct event_words){name, name, name};
}

static bool counts_bytes(const char *name)
{
	return !strcmp(name, "read_bytes") || !strcmp(name, "write_bytes");
}

/* A rate is told in the time in which at least one comes. */
struct rate_unit {
	double seconds;
	const char *name;
};

static struct rate_unit rate_unit(double per_second)
{
	if (fabs(per_second) >= 1)
		return (struct rate_unit){1, "s"};
	return fabs(per_second) * 60 >= 1 ? (struct rate_unit){60, "min"} : (struct rate_unit){3600, "h"};
}

static void add_amount(struct buffer *out, double amount, bool is_bytes)
{
	if (is_bytes && fabs(amount) >= 100)
		buffer_add(out, figure_value(unit_own(true), llround(amount)).text);
	else if (is_bytes)
		buffer_format(out, "%.3gB", amount);
	else
		buffer_format(out, fabs(amount) >= 100 ? "%.0f" : "%.3g", fabs(amount) < 1e-9 ? 0 : amount);
}

/* "+25.60kB/s (25.10kB..26.05kB)", "+40 blocks/min (39.6..40.4)" */
static void add_slope(struct buffer *out, const struct growth_slope *slope, bool is_bytes, const char *what)
{
	struct rate_unit unit = rate_unit(slope->estimate);

	if (slope->estimate > 0)
		buffer_add(out, "+");
	add_amount(out, slope->estimate * unit.seconds, is_bytes);
	buffer_format(out, "%s%s/%s (", *what ? " " : "", what, unit.name);
	add_amount(out, slope->low * unit.seconds, is_bytes);
	buffer_add(out, "..");
	add_amount(out, slope->high * unit.seconds, is_bytes);
	buffer_add(out, ")");
}

static void add_clock(struct buffer *out, int64_t time_s, bool with_day)
{
	time_t seconds = (time_t)time_s;
	struct tm parts;
	char text[32];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), with_day ? "%b %-d %H:%M" : "%H:%M:%S", &parts);
	buffer_add(out, text);
}

static bool is_long(const struct judgement *judgement)
{
	return (int64_t)judgement->grid.count * judgement->grid.step_s > DAY_S;
}

/* "1.00 ± 0.01 per reset connection", "one per 52kB written (51.9kB..52.1kB)" */
static void add_ratio(struct buffer *out, const struct judgement *judgement, const struct judged *judged)
{
	const struct correlate_result *with = &judged->verdict.goes_with;
	const char *name;
	bool is_bytes;

	if (with->counter < 0 || (size_t)with->counter >= judgement->event_count || with->ratio <= 0)
		return;
	name = judgement->events[with->counter].name;
	is_bytes = counts_bytes(name);
	if (with->ratio >= LEAST_RATIO && !is_bytes) {
		buffer_format(out, ", %.2f ± %.2f per ", with->ratio, (with->high - with->low) / 2);
		report_name(out, words_of(name).one);
		return;
	}
	buffer_add(out, ", one per ");
	add_amount(out, 1 / with->ratio, is_bytes);
	buffer_add(out, " ");
	report_name(out, words_of(name).many);
	if (with->low <= 0)
		return;
	buffer_add(out, " (");
	add_amount(out, 1 / with->high, is_bytes);
	buffer_add(out, "..");
	add_amount(out, 1 / with->low, is_bytes);
	buffer_add(out, ")");
}

static const char *objects_name(enum seep_kind kind, bool is_one)
{
	if (kind == SEEP_KIND_HEAP)
		return is_one ? "block" : "blocks";
	if (kind == SEEP_KIND_MAPPING)
		return is_one ? "mapping" : "mappings";
	return kind_name(kind);
}

/* What is held: "1.60MB in 12808 blocks", "12808". */
static void add_held(struct buffer *out, const struct judged *judged, enum seep_kind kind)
{
	if (judged_by_bytes(kind)) {
		add_amount(out, judged->live_bytes, true);
		buffer_add(out, " in ");
	}
	buffer_format(out, "%.0f", judged->live_objects);
	if (judged_by_bytes(kind))
		buffer_format(out, " %s", objects_name(kind, judged->live_objects == 1));
}

/* ---- names ---- */

static const struct profile_frame *frame_at(const struct judgement *judgement, const struct judged_site *site, size_t i)
{
	const struct profile_stack *stack = &judgement->profile.stacks[site->stack];

	return i < stack->count ? &judgement->profile.frames[judgement->profile.frame_ids[stack->first + i]] : NULL;
}

/* The program is called as it was started, whatever its file is called. */
static const char *module_name(const struct report_head *head, const char *module)
{
	return head->program && head->program_path && !strcmp(module, head->program_path) ? head->program
											  : path_base(module);
}

/* "turn_log (chat.c:112) in chat_buggy, heap" */
static void add_title(struct buffer *out, const struct report_head *head, const struct judged_group *group)
{
	const struct profile_frame *frame = group->frame;

	report_name(out, frame->function);
	if (frame->file && frame->line) {
		buffer_add(out, " (");
		report_name(out, path_base(frame->file));
		buffer_format(out, ":%u)", frame->line);
	}
	if (frame->module[0] && frame->resolved) {
		buffer_add(out, " in ");
		report_name(out, module_name(head, frame->module));
	}
	buffer_format(out, ", %s", kind_name(group->kind));
}

const char *growth_verdict_word(enum verdict verdict)
{
	static const char *const words[] = {[VERDICT_UNDECIDED] = "cannot tell yet",
					    [VERDICT_STEADY] = "steady",
					    [VERDICT_CHURN] = "churn",
					    [VERDICT_WARM_UP] = "warm-up",
					    [VERDICT_LEAK] = "LEAK"};

	return words[verdict];
}

/* "via sdsnewlen, zmalloc": from the named function inwards. */
static void add_wrappers(struct buffer *out, const struct judgement *judgement, const struct judged_site *site)
{
	const char *last = NULL;

	for (size_t i = site->wrapper_count; i-- > 0;) {
		const char *name = frame_at(judgement, site, i)->function;

		if (last && !strcmp(last, name))
			continue;
		buffer_add(out, last ? ", " : "via ");
		report_name(out, name);
		last = name;
	}
}

/* What started main() or the thread calls nobody's function: the frames that are worth naming. */
static size_t own_frames(const struct judgement *judgement, const struct judged_site *site)
{
	size_t count = judgement->profile.stacks[site->stack].count;

	while (count) {
		const struct profile_frame *frame = frame_at(judgement, site, count - 1);

		if (!profile_is_c_library(frame->module) && strcmp(frame->function, "_start") != 0)
			break;
		count--;
	}
	return count;
}

/* "from write_turn < write_loop < message_send < ...": from the named function outwards. */
static void add_callers(struct buffer *out, const struct judgement *judgement, const struct judged_site *site)
{
	size_t count = own_frames(judgement, site), shown = 0;

	for (size_t i = site->wrapper_count + 1; i < count; i++) {
		const struct profile_frame *frame = frame_at(judgement, site, i);

		if (shown == CALLERS_SHOWN) {
			buffer_add(out, " < ...");
			return;
		}
		buffer_add(out, shown++ ? " < " : "from ");
		report_name(out, frame->function);
	}
}

static void add_way(struct buffer *out, const struct judgement *judgement, const struct judged_site *site)
{
	size_t size = out->size;

	add_wrappers(out, judgement, site);
	if (out->size > size && site->wrapper_count + 1 < own_frames(judgement, site))
		buffer_add(out, "; ");
	add_callers(out, judgement, site);
}

static void add_frame(struct buffer *out, const struct profile_frame *frame, bool is_wrapper)
{
	buffer_add(out, GROWTH_INDENT "  ");
	report_name(out, frame->function);
	if (frame->inlined)
		buffer_add(out, " (inline)");
	if (frame->file) {
		buffer_add(out, " ");
		report_name(out, frame->file);
		if (frame->line)
			buffer_format(out, ":%u", frame->line);
	}
	buffer_add(out, is_wrapper ? "  [wrapper]\n" : "\n");
}

double growth_part(const struct judged_group *group, const struct judged_site *site)
{
	bool is_bytes = judged_by_bytes(group->kind);
	double all = is_bytes ? group->judged.live_bytes : group->judged.live_objects;
	double own = is_bytes ? site->judged.live_bytes : site->judged.live_objects;

	if (group->judged.verdict.verdict == VERDICT_CHURN) {
		all = group->judged.acquired_objects;
		own = site->judged.acquired_objects;
	} else if (group->judged.share > 0) {
		all = group->judged.share;
		own = site->judged.share;
	}
	return all > 0 ? fmin(own / all, 1) : 0;
}

static void add_site(struct buffer *out, const struct growth_report *report, const struct judged_group *group,
		     const struct judged_site *site)
{
	const struct judgement *judgement = report->judgement;
	const struct profile_stack *stack = &judgement->profile.stacks[site->stack];
	double part = growth_part(group, site);

	buffer_add(out, GROWTH_INDENT);
	if (group->site_count > 1 && part > LEAST_TOLD && part < ALMOST_ALL)
		buffer_format(out, "%.0f%% ", 100 * part);
	if (!report->with_stacks) {
		add_way(out, judgement, site);
		buffer_add(out, "\n");
		return;
	}
	buffer_add(out, "by\n");
	for (size_t i = 0; i < stack->count; i++)
		add_frame(out, frame_at(judgement, site, i), i < site->wrapper_count);
}

static void add_sites(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	const struct judged_site *sites = report->judgement->sites + group->first_site;
	size_t shown = 0;

	for (size_t i = 0; i < group->site_count; i++) {
		if (i &&
		    (growth_part(group, &sites[i]) < LEAST_PART || (shown == STACKS_SHOWN && !report->with_stacks)))
			break;
		shown++;
		if (sites[i].wrapper_count || own_frames(report->judgement, &sites[i]) > 1 || report->with_stacks)
			add_site(out, report, group, &sites[i]);
	}
	if (shown < group->site_count)
		buffer_format(out, GROWTH_INDENT "and %zu more stack%s\n", group->site_count - shown,
			      group->site_count - shown > 1 ? "s" : "");
}

/* ---- blocks ---- */

static void add_ages(struct buffer *out, const struct judged *judged)
{
	bool has_age = isfinite(judged->verdict.mean_age_s) && judged->live_objects > 0;
	bool has_lifetime = isfinite(judged->verdict.mean_lifetime_s) && judged->released_objects > 0;

	if (!has_age && !has_lifetime)
		return;
	buffer_add(out, GROWTH_INDENT);
	if (has_age)
		buffer_format(out, "mean age %s", figure_age(judged->verdict.mean_age_s).text);
	if (has_lifetime)
		buffer_format(out, "%swhat was released had lived %s", has_age ? "; " : "",
			      judged->verdict.mean_lifetime_s < 1 ? "less than 1 s"
								  : figure_age(judged->verdict.mean_lifetime_s).text);
	buffer_add(out, "\n");
}

static void add_share(struct buffer *out, const struct judged_group *group)
{
	if (group->judged.share < LEAST_TOLD)
		return;
	buffer_format(out, ", %.0f%% of %s growth", group->judged.share * 100,
		      judged_by_bytes(group->kind) ? "memory" : kind_name(group->kind));
}

static void add_releases(struct buffer *out, const struct judged_group *group)
{
	if (!group->release_count)
		return;
	buffer_add(out, GROWTH_INDENT "others from here are released in ");
	for (size_t i = 0; i < group->release_count && i < STACKS_SHOWN; i++) {
		buffer_add(out, i ? ", " : "");
		report_name(out, group->releases[i].function);
	}
	buffer_add(out, "\n");
}

static bool any_event(const struct judgement *judgement)
{
	for (size_t i = 0; i < judgement->event_count; i++)
		if (judgement->events[i].count > 0)
			return true;
	return false;
}

static void add_since(struct buffer *out, const struct judgement *judgement, const struct judged *judged)
{
	if (!judged->verdict.since_s)
		return;
	buffer_add(out, " since ");
	add_clock(out, judged->verdict.since_s, is_long(judgement));
}

static void add_leak(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	const struct judgement *judgement = report->judgement;
	const struct judged *judged = &group->judged;

	add_slope(out, judged_slope(judged, group->kind), judged_by_bytes(group->kind), "");
	add_since(out, judgement, judged);
	add_ratio(out, judgement, judged);
	buffer_add(out, "\n" GROWTH_INDENT);
	add_held(out, judged, group->kind);
	buffer_add(out, " held");
	add_share(out, group);
	if (judged_by_bytes(group->kind) && judged->verdict.objects.estimate > 0) {
		buffer_add(out, ", ");
		add_slope(out, &judged->verdict.objects, false, objects_name(group->kind, false));
	}
	if (judged->verdict.goes_with.counter < 0 && any_event(judgement))
		buffer_add(out, "; goes with no counted event");
	buffer_add(out, "\n");
	add_ages(out, judged);
	add_sites(out, report, group);
	add_releases(out, group);
}

static void add_undecided(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	const struct judged *judged = &group->judged;

	add_slope(out, judged_slope(judged, group->kind), judged_by_bytes(group->kind), "");
	if (judged->verdict.more_seconds > 0)
		buffer_format(out, ", %s more are needed", figure_age(ceil(judged->verdict.more_seconds)).text);
	buffer_format(out, ": %s\n" GROWTH_INDENT, judged->verdict.reason);
	add_held(out, judged, group->kind);
	buffer_add(out, " held");
	add_share(out, group);
	buffer_add(out, "\n");
	add_sites(out, report, group);
}

static void add_level(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	const struct judged *judged = &group->judged;
	double seconds = (double)report->judgement->grid.step_s * (double)(report->judgement->grid.count - 1);

	add_held(out, judged, group->kind);
	buffer_add(out, " held");
	if (judged->verdict.verdict == VERDICT_CHURN && seconds > 0) {
		double per_second = judged->acquired_objects / seconds;
		struct rate_unit unit = rate_unit(per_second);

		buffer_add(out, ", ");
		add_amount(out, per_second * unit.seconds, false);
		buffer_format(out, "/%s come and go", unit.name);
	}
	if (judged->verdict.verdict == VERDICT_CHURN && group->kind == SEEP_KIND_SOCKET && report->time_wait > 0)
		buffer_format(out, "; %.0f connections are in TIME_WAIT", report->time_wait);
	if (judged->verdict.reason && judged->verdict.verdict == VERDICT_WARM_UP)
		buffer_format(out, "; %s", judged->verdict.reason);
	buffer_add(out, "\n");
	if (judged->verdict.verdict != VERDICT_STEADY || report->with_stacks)
		add_sites(out, report, group);
}

void growth_words(struct buffer *out, const struct growth_report *report, const struct judged_group *group)
{
	enum verdict verdict = group->judged.verdict.verdict;

	add_title(out, report->head, group);
	buffer_add(out, ": ");
	if (verdict == VERDICT_LEAK)
		add_leak(out, report, group);
	else if (verdict == VERDICT_UNDECIDED)
		add_undecided(out, report, group);
	else
		add_level(out, report, group);
}

static bool is_worth_telling(const struct growth_report *report, const struct judged_group *group)
{
	enum verdict verdict = group->judged.verdict.verdict;

	if (!report->limit || verdict == VERDICT_LEAK || verdict == VERDICT_UNDECIDED || verdict == VERDICT_WARM_UP)
		return true;
	return verdict == VERDICT_CHURN && !judged_by_bytes(group->kind);
}

const struct judged_group **growth_groups(const struct growth_report *report, size_t *count, size_t *left)
{
	const struct judgement *judgement = report->judgement;
	const struct judged_group **told = memory_zeroed(judgement->group_count, sizeof(*told));

	*count = *left = 0;
	for (size_t i = 0; i < judgement->group_count; i++) {
		if (!is_worth_telling(report, &judgement->groups[i]))
			continue;
		if (report->limit && *count == report->limit)
			(*left)++;
		else
			told[(*count)++] = &judgement->groups[i];
	}
	return told;
}

/* ---- the whole ---- */

void growth_words_span(struct buffer *out, const struct judgement *judgement)
{
	const struct growth_grid *grid = &judgement->grid;
	bool with_day = is_long(judgement);

	buffer_add(out, "Judged: ");
	add_clock(out, grid->start_s, with_day);
	buffer_add(out, " to ");
	add_clock(out, grid->start_s + (int64_t)(grid->count - 1) * grid->step_s, with_day);
	buffer_format(out, ", every %s; in brackets 95%% intervals\n", figure_age(grid->step_s).text);
}

void growth_words_none(struct buffer *out, const struct judgement *judgement)
{
	if (!judgement->verdict_counts[VERDICT_LEAK])
		buffer_add(out, judgement->verdict_counts[VERDICT_UNDECIDED] ? "No leak found yet.\n" : "No leak.\n");
}

void growth_words_counts(struct buffer *out, const struct judgement *judgement)
{
	const size_t *counts = judgement->verdict_counts;

	buffer_format(out,
		      "%zu callsites: %zu leak%s, %zu cannot be told yet, %zu warm%s up, %zu come%s and go%s, %zu "
		      "%s steady\n",
		      judgement->group_count, counts[VERDICT_LEAK], counts[VERDICT_LEAK] == 1 ? "s" : "",
		      counts[VERDICT_UNDECIDED], counts[VERDICT_WARM_UP], counts[VERDICT_WARM_UP] == 1 ? "s" : "",
		      counts[VERDICT_CHURN], counts[VERDICT_CHURN] == 1 ? "s" : "",
		      counts[VERDICT_CHURN] == 1 ? "es" : "", counts[VERDICT_STEADY],
		      counts[VERDICT_STEADY] == 1 ? "is" : "are");
}

size_t growth_processes(const struct growth_report *report, const struct judged_process *told[GROWTH_PROCESSES],
			size_t *left)
{
	size_t count = 0;

	*left = 0;
	for (size_t i = 0; i < report->process_count; i++) {
		if (i && report->processes[i].growth.verdict <= PROCESS_STEADY)
			continue;
		if (count == GROWTH_PROCESSES)
			(*left)++;
		else
			told[count++] = &report->processes[i];
	}
	return count;
}
