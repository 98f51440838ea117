/* SPDX-License-Identifier: MIT */
/*
 * judge_series.c - holds the judgement against labelled series (series_file.h), and makes such files from recordings.
 *
 *   judge_series [-v] [--known LIST] FILE...
 *
 * judges each file as if the recording had been looked at every ten seconds, from the twentieth on and at its end, with
 * what a recorder keeps by then of each second and each minute. It prints the confusion matrices of the verdicts at the
 * end, of tuned and of held-out series, and what was said on the way: false alarms, and how long leaks took. Exits with
 * 1 when a leak is missed at the end, or anything else is called one, then or on the way, and the LIST does not have it
 * as a line "FILE: KIND NAME is LABEL"; with 2 when a file cannot be read.
 *
 *   judge_series --export [--set tuned|held-out] [--source TEXT] [--label REGEX=LABEL]... [--others LABEL] [--most N]
 *                [--merge yes] RECORDING
 *
 * writes a recording's callsites to stdout. The first --label whose regular expression is found in "KIND NAME" labels a
 * callsite (with leak only if it grew by 20 objects or 64 KB: it may be another way to the same function); what no
 * label fits has that of --others (no-leak if not given), and is written if it changed. Of these --most says how many:
 * so many that the judgement takes for the most suspicious, and half as many from among the rest. --merge adds up those
 * of one kind and name. Exits with 2 when
 * there are labels for leaks and nothing has one.
 */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/commands/commands.h"
#include "../../analyzer/commands/judge.h"
#include "../../analyzer/store/writer.h"
#include "series_file.h"

enum { FIRST_LOOK_S = 20, LOOK_EVERY_S = 10, MINUTE_S = 60, LABELS_MAX = 16, VERDICTS = VERDICT_LEAK + 1 };

/* ---- the command line ---- */

static int usage(void)
{
	fputs("usage: judge_series [-v] [--known LIST] FILE...\n"
	      "       judge_series --export [--set tuned|held-out] [--source TEXT] [--label REGEX=LABEL]...\n"
	      "                    [--others LABEL] [--most N] [--merge yes] RECORDING\n",
	      stderr);
	return 2;
}

/* ---- judging ---- */

struct tally {
	int counts[LABEL_COUNT][VERDICTS]; /* at the end */
	int sites, leaks, missed, false_alarms, false_on_the_way, unknown;
	double seconds_sum, seconds_most; /* until a leak is called one */
};

/* What was said of one callsite, look after look. */
struct story {
	enum verdict newest;
	const char *reason;
	double leak_since; /* seconds; -1: it is not called one now */
	bool was_leak;
};

/* What a recorder would have of the columns at some moment. */
struct view {
	struct growth_grid grid;
	double *values; /* that the columns are parts of */
	size_t used;
};

/*
 * So many seconds it keeps; of each minute before them the last row only, and what lies between is interpolated
 * (store/series.h).
 */
static size_t minutes_end(const struct growth_grid *grid)
{
	int64_t newest_s = (int64_t)(grid->count - 1) * grid->step_s;

	return newest_s <= STORE_KEEP_SECOND_S
		       ? 0
		       : (size_t)((newest_s - STORE_KEEP_SECOND_S) / MINUTE_S * MINUTE_S / grid->step_s);
}

/* The last point from `from` and before `end` where one of the columns changes: the time of the row that is kept. */
static size_t last_change(const double *const *columns, size_t count, size_t from, size_t end)
{
	for (size_t i = end - 1; i > from; i--)
		for (size_t column = 0; column < count; column++)
			if (columns[column] && columns[column][i] != columns[column][i - 1])
				return i;
	return from;
}

/* Sets the columns, which are written at the same times, to what is seen of them. */
static void view_columns(struct view *view, const double **columns, size_t count)
{
	size_t minutes = minutes_end(&view->grid), minute = (size_t)(MINUTE_S / view->grid.step_s);
	double *values = view->values + view->used;

	for (size_t column = 0; column < count; column++)
		if (columns[column])
			memcpy(values + column * view->grid.count, columns[column], view->grid.count * sizeof(*values));
	for (size_t from = 0; minute > 1 && from + minute <= minutes; from += minute) {
		size_t last = last_change(columns, count, from, from + minute);

		for (size_t column = 0; column < count; column++) {
			double *seen = values + column * view->grid.count;
			double known = seen[from ? from - 1 : 0], newest = seen[last];

			for (size_t i = from; columns[column] && i < last; i++)
				seen[i] = known + (newest - known) * (double)(i - from) / (double)(last - from);
		}
	}
	for (size_t column = 0; column < count; column++)
		columns[column] = columns[column] ? values + column * view->grid.count : NULL;
	view->used += count * view->grid.count;
}

static struct growth_series series_of(struct view *view, const struct series_site *site)
{
	const double
		*columns[COLUMN_AGE]; /* the ages, which come after them, are not written but told from the epochs */

	for (int column = 0; column < COLUMN_AGE; column++)
		columns[column] = site->columns[column];
	view_columns(view, columns, COLUMN_AGE);
	return (struct growth_series){
		.live_objects = columns[COLUMN_LIVE_OBJECTS],
		.live_bytes = columns[COLUMN_LIVE_BYTES],
		.acquired_objects = columns[COLUMN_ACQUIRED_OBJECTS],
		.released_objects = columns[COLUMN_RELEASED_OBJECTS],
		.mean_age_s = site->columns[COLUMN_AGE],
		.is_handle = strcmp(site->kind, kind_name(SEEP_KIND_HEAP)) != 0 &&
			     strcmp(site->kind, kind_name(SEEP_KIND_MAPPING)) != 0,
	};
}

static void story_continue(struct story *story, const struct verdict_result *result, double now_s)
{
	bool leaks = result->verdict == VERDICT_LEAK;

	if (!leaks)
		story->leak_since = -1;
	else if (story->leak_since < 0)
		story->leak_since = now_s;
	story->was_leak |= leaks;
	story->newest = result->verdict;
	story->reason = result->reason;
}

static void look(const struct series_file *file, size_t points, struct story *stories)
{
	struct view view = {.grid = {file->grid.start_s, file->grid.step_s, points}};
	struct growth_series *series = memory_zeroed(file->site_count, sizeof(*series));
	struct correlate_counter *counters = memory_zeroed(file->event_count + 1, sizeof(*counters));
	struct verdict_options options = {.counters = counters};
	struct verdict_result *results = memory_zeroed(file->site_count, sizeof(*results));

	view.values = memory_zeroed((file->site_count * COLUMN_COUNT + file->event_count) * points, sizeof(double));
	for (size_t i = 0; i < file->site_count; i++)
		series[i] = series_of(&view, &file->sites[i]);
	for (size_t i = 0; i < file->event_count; i++) {
		const double *count = file->events[i].count;

		view_columns(&view, &count, 1);
		if (!strcmp(file->events[i].name, "open_connections"))
			options.open_connections = count;
		else
			counters[options.counter_count++] = (struct correlate_counter){file->events[i].name, count};
	}
	verdicts_judge(&view.grid, series, file->site_count, &options, results);
	for (size_t i = 0; i < file->site_count; i++)
		story_continue(&stories[i], &results[i], (double)(points - 1) * view.grid.step_s);
	free(view.values);
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

/* The lines of a text file, each between two ends of line; empty where no file is named. NULL: it cannot be read. */
static char *known_read(const char *path)
{
	char *known = memory_string("\n"), *line = NULL;
	FILE *in = path ? fopen(path, "r") : NULL;
	size_t size = 0;

	if (path && !in) {
		fprintf(stderr, "judge_series: cannot read %s: %s\n", path, strerror(errno));
		free(known);
		return NULL;
	}
	while (in && getline(&line, &size, in) > 0) {
		char *longer = memory_format("%s%s", known, line);

		free(known);
		known = longer;
	}
	if (in)
		fclose(in);
	free(line);
	return known;
}

static bool is_known(const char *known, const char *path, const struct series_site *site)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char *line = memory_format("\n%s: %s %s is %s\n", file, site->kind, site->name, series_labels[site->label]);
	bool is_in = strstr(known, line) != NULL;

	free(line);
	return is_in;
}

static int judge_file(const char *path, const char *known, bool is_verbose, struct tally tallies[2])
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
		tallies[file.is_held_out].unknown += !is_right && !is_known(known, path, site);
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

static int judge_files(int count, char **paths, const char *known, bool is_verbose)
{
	struct tally tallies[2] = {0};

	for (int i = 0; i < count; i++)
		if (judge_file(paths[i], known, is_verbose, tallies))
			return 2;
	print_tally("tuned", &tallies[0]);
	print_tally("held out", &tallies[1]);
	return tallies[0].unknown + tallies[1].unknown > 0;
}

static int judge_main(int argc, char **argv)
{
	const char *list = NULL;
	bool is_verbose = false;
	char *known;
	int i = 0, code;

	for (; i < argc && argv[i][0] == '-'; i++)
		if (!strcmp(argv[i], "-v"))
			is_verbose = true;
		else if (!strcmp(argv[i], "--known") && i + 1 < argc)
			list = argv[++i];
		else
			return usage();
	if (i == argc)
		return usage();
	known = known_read(list);
	code = known ? judge_files(argc - i, argv + i, known, is_verbose) : 2;
	free(known);
	return code;
}

/* ---- exporting ---- */

struct export
{
	bool is_held_out;
	const char *source, *recording;
	regex_t patterns[LABELS_MAX];
	enum series_label labels[LABELS_MAX], others;
	size_t label_count, most; /* most 0: all */
	bool merges;
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
static bool has_grown(const struct series_site *site, size_t count)
{
	const double *objects = site->columns[COLUMN_LIVE_OBJECTS], *bytes = site->columns[COLUMN_LIVE_BYTES];

	return objects[count - 1] - objects[0] >= 20 || bytes[count - 1] - bytes[0] >= 65536;
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

/* Its columns are the recording's; none where it has no series. */
static struct series_site site_of(const struct judged_recording *judged, const struct judged_site *from)
{
	const struct store_site_series *series = series_by_id(&judged->series, from->site_id);
	struct series_site site = {.kind = memory_string(kind_name(from->kind)),
				   .name = site_name(&judged->judgement, from)};

	if (!series)
		return site;
	site.columns[COLUMN_LIVE_OBJECTS] = series->values[SERIES_LIVE_OBJECTS];
	site.columns[COLUMN_LIVE_BYTES] = series->values[SERIES_LIVE_BYTES];
	site.columns[COLUMN_ACQUIRED_OBJECTS] = series->values[SERIES_ACQUIRED_OBJECTS];
	site.columns[COLUMN_RELEASED_OBJECTS] = series->values[SERIES_RELEASED_OBJECTS];
	site.columns[COLUMN_AGE] = series->values[SERIES_MEAN_AGE_S];
	return site;
}

/* Adds the second to the first, and leaves it without columns. */
static void site_merge(struct series_site *into, struct series_site *from, size_t count)
{
	const double *more = from->columns[COLUMN_LIVE_OBJECTS], *age = from->columns[COLUMN_AGE];

	for (size_t i = 0; i < count; i++) {
		double objects = into->columns[COLUMN_LIVE_OBJECTS][i];
		double sum = objects * into->columns[COLUMN_AGE][i] + more[i] * age[i];

		into->columns[COLUMN_AGE][i] = objects + more[i] > 0 ? sum / (objects + more[i]) : 0;
		for (int column = 0; column < COLUMN_AGE; column++)
			into->columns[column][i] += from->columns[column][i];
	}
	memset(from->columns, 0, sizeof(from->columns));
}

static void sites_merge(struct series_site *sites, size_t site_count, size_t count)
{
	for (size_t i = 0; i < site_count; i++)
		for (size_t j = i + 1; j < site_count && sites[i].columns[COLUMN_LIVE_OBJECTS]; j++)
			if (sites[j].columns[COLUMN_LIVE_OBJECTS] && !strcmp(sites[i].kind, sites[j].kind) &&
			    !strcmp(sites[i].name, sites[j].name))
				site_merge(&sites[i], &sites[j], count);
}

/* Labels the site. Returns whether there is anything to write. */
static bool site_prepare(const struct export *export, struct series_site *site, size_t count, bool *is_named)
{
	site->label = label_of(export, site, is_named);
	if (!site->columns[COLUMN_LIVE_OBJECTS])
		return false;
	if (site->label == LABEL_LEAK && !has_grown(site, count))
		site->label = LABEL_NONE;
	return *is_named || has_changed(site->columns[COLUMN_ACQUIRED_OBJECTS], count) ||
	       has_changed(site->columns[COLUMN_LIVE_OBJECTS], count);
}

/* Of those without a label of their own: the first, and from the rest at even distances. */
static bool is_sampled(const struct export *export, size_t number, size_t total)
{
	size_t rest = export->most / 2 + 1;

	return !export->most || number < export->most ||
	       (number - export->most) % ((total - export->most) / rest + 1) == 0;
}

/* Returns how many of them are labelled as leaks. */
static size_t export_sites(const struct export *export, const struct judged_recording *judged)
{
	size_t count = judged->series.grid.count, site_count = judged->judgement.site_count, others = 0, leaks = 0;
	struct series_site *sites = memory_zeroed(site_count, sizeof(*sites));

	for (size_t i = 0; i < site_count; i++)
		sites[i] = site_of(judged, &judged->judgement.sites[i]);
	if (export->merges)
		sites_merge(sites, site_count, count);
	for (size_t i = 0; i < site_count; i++) {
		bool is_named, is_there = site_prepare(export, &sites[i], count, &is_named);

		if (is_there && (is_named || is_sampled(export, others++, site_count)))
			series_write_site(stdout, &sites[i], count);
		leaks += is_there && sites[i].label == LABEL_LEAK;
		free(sites[i].kind);
		free(sites[i].name);
	}
	free(sites);
	return leaks;
}

static size_t export_judged(const struct export *export, const struct judged_recording *judged)
{
	const struct store_series *series = &judged->series;
	struct growth_grid grid = {0, series->grid.step_s, series->grid.count};
	const double *open = series->process[SERIES_TCP_ESTABLISHED];
	bool is_known = true;
	size_t leaks;

	series_write_head(stdout, export->source, export->is_held_out, &grid);
	for (size_t i = 0; i < series->event_count; i++)
		series_write_event(stdout, series->events[i].name, series->events[i].count, grid.count);
	for (size_t i = 0; i < grid.count; i++)
		is_known &= open[i] >= 0;
	if (is_known)
		series_write_event(stdout, "open_connections", open, grid.count);
	leaks = export_sites(export, judged);
	puts("end");
	return leaks;
}

/* A label that fits nothing is more likely wrong than the server without its leak. */
static bool wants_leak(const struct export *export)
{
	for (size_t i = 0; i < export->label_count; i++)
		if (export->labels[i] == LABEL_LEAK)
			return true;
	return export->others == LABEL_LEAK;
}

static int export_recording(const struct export *export)
{
	char *arguments[] = {"growth", (char *)export->recording, NULL};
	struct judged_recording judged = {0};
	struct judgement_options wanted;
	struct session session = {0};
	struct error error = {0};
	struct options options;
	bool is_complete = false;
	int code, exit_code;

	if (!command_begin(FOR_GROWTH, 2, arguments, &options, &exit_code))
		return exit_code;
	wanted = judge_options(&options);
	code = session_open(&options, &session, &error);
	if (!code)
		code = judge_session(&session, &wanted, &judged, &error);
	if (code)
		fprintf(stderr, "judge_series: %s\n", error.text);
	else if (!export_judged(export, &judged) && wants_leak(export))
		fprintf(stderr, "judge_series: nothing in %s that grew is labelled as a leak\n", export->recording);
	else
		is_complete = true;
	judge_release(&judged);
	session_close(&session);
	options_release(&options);
	return is_complete ? 0 : 2;
}

/* ---- the command line of an export ---- */

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
	if (!strcmp(name, "--merge")) {
		export->merges = !strcmp(value, "yes");
		return export->merges || !strcmp(value, "no");
	}
	if (!strcmp(name, "--most")) {
		export->most = strtoul(value, NULL, 10);
		return export->most > 0;
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
	if (argc > 1 && !strcmp(argv[1], "--export"))
		return export_main(argc - 2, argv + 2);
	return judge_main(argc - 1, argv + 1);
}
