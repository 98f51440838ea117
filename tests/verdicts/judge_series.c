/* SPDX-License-Identifier: MIT */
/*
 * judge_series.c - holds the judgement against labelled series (series_file.h), and makes such files from recordings.
 *
 *   judge_series [-v] FILE...
 *
 * judges each file as if the recording had been looked at every ten seconds, from the twentieth on and at its end. It
 * prints the confusion matrices of the verdicts at the end, of tuned and of held-out series, and what was said on the
 * way: false alarms, and how long leaks took. Exits with 1 when a leak is missed at the end, or anything else is called
 * one, then or on the way; with 2 when a file cannot be read.
 *
 *   judge_series --export [--set tuned|held-out] [--source TEXT] [--label REGEX=LABEL]... [--others LABEL] RECORDING
 *
 * writes a recording's callsites to stdout. The first --label whose regular expression is found in "KIND NAME" labels a
 * callsite (with leak only if it grew by 20 objects: it may be another way to the same function); what no label fits
 * has that of --others (no-leak if not given), and is written if it changed.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/commands/commands.h"
#include "../../analyzer/commands/judge.h"
#include "series_file.h"

enum { FIRST_LOOK_S = 20, LOOK_EVERY_S = 10, LABELS_MAX = 16, VERDICTS = VERDICT_LEAK + 1 };

/* ---- judging ---- */

struct tally {
	int counts[LABEL_COUNT][VERDICTS]; /* at the end */
	int sites, leaks, missed, false_alarms, false_on_the_way;
	double seconds_sum, seconds_most; /* until a leak is called one */
};

/* What was said of one callsite, look after look. */
struct story {
	enum verdict newest;
	const char *reason;
	double leak_since; /* seconds; -1: it is not called one now */
	bool was_leak;
};

static struct growth_series series_of(const struct series_site *site)
{
	return (struct growth_series){
		.live_objects = site->columns[COLUMN_LIVE_OBJECTS],
		.live_bytes = site->columns[COLUMN_LIVE_BYTES],
		.acquired_objects = site->columns[COLUMN_ACQUIRED_OBJECTS],
		.released_objects = site->columns[COLUMN_RELEASED_OBJECTS],
		.mean_age_s = site->columns[COLUMN_AGE],
		.is_handle = strcmp(site->kind, kind_name(SEEP_KIND_HEAP)) != 0 &&
			     strcmp(site->kind, kind_name(SEEP_KIND_MAPPING)) != 0,
	};
}

static void look(const struct series_file *file, size_t points, struct story *stories)
{
	struct growth_grid grid = {file->grid.start_s, file->grid.step_s, points};
	struct growth_series *series = memory_zeroed(file->site_count, sizeof(*series));
	struct correlate_counter *counters = memory_zeroed(file->event_count + 1, sizeof(*counters));
	struct verdict_options options = {.counters = counters};
	struct verdict_result *results = memory_zeroed(file->site_count, sizeof(*results));

	for (size_t i = 0; i < file->site_count; i++)
		series[i] = series_of(&file->sites[i]);
	for (size_t i = 0; i < file->event_count; i++)
		if (!strcmp(file->events[i].name, "open_connections"))
			options.open_connections = file->events[i].count;
		else
			counters[options.counter_count++] =
				(struct correlate_counter){file->events[i].name, file->events[i].count};
	verdicts_judge(&grid, series, file->site_count, &options, results);
	for (size_t i = 0; i < file->site_count; i++) {
		bool leaks = results[i].verdict == VERDICT_LEAK;

		if (!leaks)
			stories[i].leak_since = -1;
		else if (stories[i].leak_since < 0)
			stories[i].leak_since = (double)(points - 1) * grid.step_s;
		stories[i].was_leak |= leaks;
		stories[i].newest = results[i].verdict;
		stories[i].reason = results[i].reason;
	}
	free(series);
	free(counters);
	free(results);
}

static void look_all_along(const struct series_file *file, struct story *stories)
{
	size_t every = LOOK_EVERY_S / (size_t)file->grid.step_s;

	for (size_t i = 0; i < file->site_count; i++)
		stories[i].leak_since = -1;
	for (size_t points = FIRST_LOOK_S / (size_t)file->grid.step_s + 1; points < file->grid.count;
	     points += every ? every : 1)
		look(file, points, stories);
	look(file, file->grid.count, stories);
}

static bool add_story(struct tally *tally, enum series_label label, const struct story *story)
{
	bool leaks = story->newest == VERDICT_LEAK, is_leak = label == LABEL_LEAK;

	tally->sites++;
	tally->counts[label][story->newest]++;
	tally->leaks += is_leak;
	tally->missed += is_leak && !leaks;
	tally->false_alarms += !is_leak && leaks;
	tally->false_on_the_way += !is_leak && story->was_leak;
	if (is_leak && leaks) {
		tally->seconds_sum += story->leak_since;
		if (story->leak_since > tally->seconds_most)
			tally->seconds_most = story->leak_since;
	}
	return is_leak ? leaks : !story->was_leak;
}

static int judge_file(const char *path, bool is_verbose, struct tally tallies[2])
{
	struct series_file file;
	struct story *stories;
	int code = series_read(path, &file);

	if (code) {
		series_release(&file);
		return -1;
	}
	stories = memory_zeroed(file.site_count, sizeof(*stories));
	look_all_along(&file, stories);
	for (size_t i = 0; i < file.site_count; i++) {
		const struct series_site *site = &file.sites[i];
		const struct story *story = &stories[i];
		bool is_right;

		if (site->label == LABEL_NONE)
			continue;
		is_right = add_story(&tallies[file.is_held_out], site->label, story);
		if (is_verbose || !is_right)
			printf("%s: %s %s is %s, judged %s%s: %s\n", path, site->kind, site->name,
			       series_labels[site->label], verdict_name(story->newest),
			       story->was_leak && story->newest != VERDICT_LEAK ? " (leak on the way)" : "",
			       story->reason);
	}
	free(stories);
	series_release(&file);
	return 0;
}

static void print_tally(const char *name, const struct tally *tally)
{
	int found = tally->leaks - tally->missed;

	printf("\n%s: %d callsites\n%-10s", name, tally->sites, "is");
	for (int verdict = 0; verdict < VERDICTS; verdict++)
		printf(" %10s", verdict_name((enum verdict)verdict));
	putchar('\n');
	for (int label = LABEL_NONE + 1; label < LABEL_COUNT; label++) {
		printf("%-10s", series_labels[label]);
		for (int verdict = 0; verdict < VERDICTS; verdict++)
			printf(" %10d", tally->counts[label][verdict]);
		putchar('\n');
	}
	printf("leaks missed %d of %d; false alarms at the end %d, on the way %d", tally->missed, tally->leaks,
	       tally->false_alarms, tally->false_on_the_way);
	if (found)
		printf("; told after %.0f s on average, %.0f s at most", tally->seconds_sum / found,
		       tally->seconds_most);
	putchar('\n');
}

static int judge_files(int count, char **paths, bool is_verbose)
{
	struct tally tallies[2] = {0};

	for (int i = 0; i < count; i++)
		if (judge_file(paths[i], is_verbose, tallies))
			return 2;
	print_tally("tuned", &tallies[0]);
	print_tally("held out", &tallies[1]);
	return tallies[0].missed + tallies[0].false_on_the_way + tallies[1].missed + tallies[1].false_on_the_way > 0;
}

/* ---- exporting ---- */

struct export
{
	bool is_held_out;
	const char *source, *recording;
	regex_t patterns[LABELS_MAX];
	enum series_label labels[LABELS_MAX], others;
	size_t label_count;
};

static enum series_label label_of(const struct export *export, const struct series_site *site, bool *is_named)
{
	char *text = memory_format("%s %s", site->kind, site->name);
	enum series_label label = export->others;

	*is_named = false;
	for (size_t i = 0; i < export->label_count && !*is_named; i++) {
		if (regexec(&export->patterns[i], text, 0, NULL, 0))
			continue;
		label = export->labels[i];
		*is_named = true;
	}
	free(text);
	return label;
}

static bool has_changed(const double *values, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (values[i] != values[0])
			return true;
	return false;
}

/* By more than what a few connections hold. */
static bool has_grown(const double *values, size_t count)
{
	return values[count - 1] - values[0] >= 20;
}

/* The named function and the three that called it. */
static char *site_name(const struct judgement *judgement, const struct judged_site *site)
{
	const struct profile *profile = &judgement->profile;
	const struct profile_stack *stack = &profile->stacks[site->stack];
	char *name = memory_string("");

	for (size_t i = site->wrapper_count; i < stack->count && i < site->wrapper_count + 4; i++) {
		const struct profile_frame *frame = &profile->frames[profile->frame_ids[stack->first + i]];
		char *longer = memory_format("%s%s%s", name, *name ? " < " : "", frame->function);

		free(name);
		name = longer;
	}
	return name;
}

static const struct store_site_series *series_by_id(const struct store_series *series, uint32_t site_id)
{
	for (size_t i = 0; i < series->site_count; i++)
		if (series->sites[i].site_id == site_id)
			return &series->sites[i];
	return NULL;
}

static void export_site(const struct export *export, const struct judged_recording *judged,
			const struct judged_site *from)
{
	const struct store_site_series *series = series_by_id(&judged->series, from->site_id);
	size_t count = judged->series.grid.count;
	struct series_site site = {.kind = memory_string(kind_name(from->kind)),
				   .name = site_name(&judged->judgement, from)};
	bool is_named;

	site.label = label_of(export, &site, &is_named);
	if (series && site.label == LABEL_LEAK && !has_grown(series->values[SERIES_LIVE_OBJECTS], count))
		site.label = LABEL_NONE;
	if (series && (is_named || has_changed(series->values[SERIES_ACQUIRED_OBJECTS], count) ||
		       has_changed(series->values[SERIES_LIVE_OBJECTS], count))) {
		site.columns[COLUMN_LIVE_OBJECTS] = series->values[SERIES_LIVE_OBJECTS];
		site.columns[COLUMN_LIVE_BYTES] = series->values[SERIES_LIVE_BYTES];
		site.columns[COLUMN_ACQUIRED_OBJECTS] = series->values[SERIES_ACQUIRED_OBJECTS];
		site.columns[COLUMN_RELEASED_OBJECTS] = series->values[SERIES_RELEASED_OBJECTS];
		site.columns[COLUMN_AGE] = series->values[SERIES_MEAN_AGE_S];
		series_write_site(stdout, &site, count);
	}
	free(site.kind);
	free(site.name);
}

static void export_judged(const struct export *export, const struct judged_recording *judged)
{
	const struct store_series *series = &judged->series;
	struct growth_grid grid = {0, series->grid.step_s, series->grid.count};
	const double *open = series->process[SERIES_TCP_ESTABLISHED];
	bool is_known = true;

	series_write_head(stdout, export->source, export->is_held_out, &grid);
	for (size_t i = 0; i < series->event_count; i++)
		series_write_event(stdout, series->events[i].name, series->events[i].count, grid.count);
	for (size_t i = 0; i < grid.count; i++)
		is_known &= open[i] >= 0;
	if (is_known)
		series_write_event(stdout, "open_connections", open, grid.count);
	for (size_t i = 0; i < judged->judgement.site_count; i++)
		export_site(export, judged, &judged->judgement.sites[i]);
	puts("end");
}

static int export_recording(const struct export *export)
{
	char *arguments[] = {"growth", (char *)export->recording, NULL};
	struct judged_recording judged = {0};
	struct judgement_options wanted;
	struct session session = {0};
	struct error error = {0};
	struct options options;
	int code, exit_code;

	if (!command_begin(FOR_GROWTH, 2, arguments, &options, &exit_code))
		return exit_code;
	wanted = judge_options(&options);
	code = session_open(&options, &session, &error);
	if (!code)
		code = judge_session(&session, &wanted, &judged, &error);
	if (code)
		fprintf(stderr, "judge_series: %s\n", error.text);
	else
		export_judged(export, &judged);
	judge_release(&judged);
	session_close(&session);
	options_release(&options);
	return code ? 2 : 0;
}

/* ---- the command line ---- */

static int usage(void)
{
	fputs("usage: judge_series [-v] FILE...\n"
	      "       judge_series --export [--set tuned|held-out] [--source TEXT] [--label REGEX=LABEL]...\n"
	      "                    [--others LABEL] RECORDING\n",
	      stderr);
	return 2;
}

/* Of "REGEX=LABEL". */
static bool label_add(struct export *export, char *text)
{
	char *equals = strrchr(text, '=');
	size_t n = export->label_count;

	if (!equals || n == LABELS_MAX)
		return false;
	*equals = 0;
	export->labels[n] = series_label_of(equals + 1);
	if (export->labels[n] == LABEL_COUNT || regcomp(&export->patterns[n], text, REG_EXTENDED | REG_NOSUB))
		return false;
	export->label_count++;
	return true;
}

static bool option_read(struct export *export, const char *name, char *value)
{
	if (!strcmp(name, "--set")) {
		export->is_held_out = !strcmp(value, "held-out");
		return export->is_held_out || !strcmp(value, "tuned");
	}
	if (!strcmp(name, "--source")) {
		export->source = value;
		return !strchr(value, '\n');
	}
	if (!strcmp(name, "--others")) {
		export->others = series_label_of(value);
		return export->others != LABEL_COUNT;
	}
	return !strcmp(name, "--label") && label_add(export, value);
}

static int export_main(int argc, char **argv)
{
	struct export export = {.others = LABEL_NO_LEAK, .source = "unknown"};
	int code = 2, i = 0;

	while (i + 1 < argc && option_read(&export, argv[i], argv[i + 1]))
		i += 2;
	if (i + 1 == argc) {
		export.recording = argv[i];
		code = export_recording(&export);
	} else {
		usage();
	}
	while (export.label_count)
		regfree(&export.patterns[--export.label_count]);
	return code;
}

int main(int argc, char **argv)
{
	bool is_verbose = argc > 1 && !strcmp(argv[1], "-v");

	if (argc > 1 && !strcmp(argv[1], "--export"))
		return export_main(argc - 2, argv + 2);
	if (argc < 2 + is_verbose || argv[1 + is_verbose][0] == '-')
		return usage();
	return judge_files(argc - 1 - is_verbose, argv + 1 + is_verbose, is_verbose);
}
