/* SPDX-License-Identifier: MIT */
#include "series_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../analyzer/analysis/memory.h"

enum { POINTS_MAX = 4096 };

const char *const series_labels[] = {
#define X(id, name) name,
	SERIES_LABELS(X)
#undef X
};

static const char *const column_names[] = {
#define X(id, name) name,
	SERIES_COLUMNS(X)
#undef X
};

enum series_label series_label_of(const char *name)
{
	int label = 0;

	while (label < LABEL_COUNT && strcmp(series_labels[label], name))
		label++;
	return (enum series_label)label;
}

/* ---- reading ---- */

/* Returns NULL if it is no column of so many points. */
static double *column_read(const char *text, size_t count)
{
	double *values = memory_zeroed(count + 1, sizeof(*values)), sum = 0;
	size_t filled = 0;
	char *end;

	while (*text) {
		double difference = strtod(text, &end);
		unsigned long times = end > text && *end == '*' ? strtoul(end + 1, &end, 10) : 1;

		if (end == text || (*end && *end != ' ') || !times || times > count - filled)
			break;
		for (; times; times--)
			values[filled++] = sum += difference;
		text = end + (*end == ' ');
	}
	if (!*text && filled == count)
		return values;
	free(values);
	return NULL;
}

static bool event_read(struct series_file *file, char *text)
{
	char *space = strchr(text, ' ');
	struct series_event event;

	if (!space || !file->grid.count)
		return false;
	*space = 0;
	event = (struct series_event){.count = column_read(space + 1, file->grid.count)};
	if (!event.count)
		return false;
	event.name = memory_format("%s", text);
	file->events = realloc(file->events, (file->event_count + 1) * sizeof(event));
	file->events[file->event_count++] = event;
	return true;
}

static bool site_read(struct series_file *file, char *text)
{
	char *kind = strchr(text, ' '), *name = kind ? strchr(kind + 1, ' ') : NULL;
	struct series_site site = {0};

	if (!name)
		return false;
	*kind++ = 0;
	*name++ = 0;
	site.label = series_label_of(text);
	if (site.label == LABEL_COUNT)
		return false;
	site.kind = memory_format("%s", kind);
	site.name = memory_format("%s", name);
	file->sites = realloc(file->sites, (file->site_count + 1) * sizeof(site));
	file->sites[file->site_count++] = site;
	return true;
}

/* What "each SIZE" says. Returns NULL if it cannot. */
static double *column_of_size(const char *size, const double *objects, size_t count)
{
	double *values = memory_zeroed(count + 1, sizeof(*values)), each;
	char *end;

	each = strtod(size, &end);
	if (end == size || *end || !objects) {
		free(values);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		values[i] = each * objects[i];
	return values;
}

static bool site_column_read(struct series_file *file, const char *name, const char *text)
{
	struct series_site *site = file->site_count ? &file->sites[file->site_count - 1] : NULL;

	for (int i = 0; site && i < COLUMN_COUNT; i++) {
		if (strcmp(column_names[i], name) || site->columns[i])
			continue;
		site->columns[i] =
			i == COLUMN_LIVE_BYTES && !strncmp(text, "each ", 5)
				? column_of_size(text + 5, site->columns[COLUMN_LIVE_OBJECTS], file->grid.count)
				: column_read(text, file->grid.count);
		for (size_t point = 0; i == COLUMN_AGE && site->columns[i] && point < file->grid.count; point++)
			site->columns[i][point] /= 10;
		return site->columns[i] != NULL;
	}
	return false;
}

static bool grid_read(struct series_file *file, const char *text)
{
	int step, count;

	if (sscanf(text, "%d %d", &step, &count) != 2 || step < 1 || count < 2 || count > POINTS_MAX)
		return false;
	file->grid = (struct growth_grid){.start_s = 0, .step_s = step, .count = (size_t)count};
	return true;
}

static bool line_read(struct series_file *file, char *line)
{
	char *text = strchr(line, ' ');

	if (!text)
		return false;
	*text++ = 0;
	if (!strcmp(line, "source") && !file->source)
		return (file->source = memory_format("%s", text)) != NULL;
	if (!strcmp(line, "set")) {
		file->is_held_out = !strcmp(text, "held-out");
		return file->is_held_out || !strcmp(text, "tuned");
	}
	if (!strcmp(line, "grid"))
		return !file->grid.count && grid_read(file, text);
	if (!strcmp(line, "event"))
		return event_read(file, text);
	if (!strcmp(line, "site"))
		return site_read(file, text);
	return site_column_read(file, line, text);
}

static bool is_complete(const struct series_file *file)
{
	for (size_t i = 0; i < file->site_count; i++)
		if (!file->sites[i].columns[COLUMN_LIVE_OBJECTS])
			return false;
	return file->source && file->site_count;
}

/* Fills in what is left out because it follows from the others. */
static void released_complete(struct series_file *file)
{
	for (size_t i = 0; i < file->site_count; i++) {
		double **columns = file->sites[i].columns;

		if (columns[COLUMN_RELEASED_OBJECTS] || !columns[COLUMN_ACQUIRED_OBJECTS])
			continue;
		columns[COLUMN_RELEASED_OBJECTS] = memory_zeroed(file->grid.count, sizeof(double));
		for (size_t point = 0; point < file->grid.count; point++)
			columns[COLUMN_RELEASED_OBJECTS][point] =
				columns[COLUMN_ACQUIRED_OBJECTS][point] - columns[COLUMN_LIVE_OBJECTS][point];
	}
}

static int lines_read(FILE *in, const char *path, struct series_file *out)
{
	char *line = NULL;
	size_t size = 0;
	int number = 0, code = -1;
	ssize_t length;

	while ((length = getline(&line, &size, in)) > 0) {
		number++;
		line[strcspn(line, "\n")] = 0;
		if (number == 1 ? !strcmp(line, "seep-series 1") : *line == '#' || line_read(out, line))
			continue;
		code = number > 1 && !strcmp(line, "end") && is_complete(out) ? 0 : -1;
		break;
	}
	if (code)
		fprintf(stderr, "judge_series: %s is no series file: line %d\n", path, number);
	free(line);
	return code;
}

int series_read(const char *path, struct series_file *out)
{
	FILE *in = fopen(path, "r");
	int code;

	*out = (struct series_file){0};
	if (!in) {
		fprintf(stderr, "judge_series: cannot read %s: %s\n", path, strerror(errno));
		return -1;
	}
	code = lines_read(in, path, out);
	fclose(in);
	if (!code)
		released_complete(out);
	return code;
}

void series_release(struct series_file *file)
{
	for (size_t i = 0; i < file->event_count; i++) {
		free(file->events[i].name);
		free(file->events[i].count);
	}
	for (size_t i = 0; i < file->site_count; i++) {
		free(file->sites[i].kind);
		free(file->sites[i].name);
		for (int column = 0; column < COLUMN_COUNT; column++)
			free(file->sites[i].columns[column]);
	}
	free(file->events);
	free(file->sites);
	free(file->source);
	*file = (struct series_file){0};
}

/* ---- writing ---- */

static void column_write(FILE *out, const char *name, const double *values, size_t count, double unit)
{
	double before = 0;

	fprintf(out, "%s", name);
	for (size_t i = 0; i < count;) {
		double difference = round(values[i] / unit) - before;
		size_t times = 1;

		before += difference;
		while (i + times < count && round(values[i + times] / unit) - before == difference) {
			before += difference;
			times++;
		}
		fprintf(out, times > 1 ? " %.0f*%zu" : " %.0f", difference + 0.0, times);
		i += times;
	}
	fputc('\n', out);
}

void series_write_head(FILE *out, const char *source, bool is_held_out, const struct growth_grid *grid)
{
	fprintf(out, "seep-series 1\nsource %s\nset %s\ngrid %d %zu\n", source, is_held_out ? "held-out" : "tuned",
		grid->step_s, grid->count);
}

void series_write_event(FILE *out, const char *name, const double *values, size_t count)
{
	char *title = memory_format("event %s", name);

	column_write(out, title, values, count, 1);
	free(title);
}

/* The bytes of every object, or 0 if they differ. */
static double size_of_each(const double *objects, const double *bytes, size_t count)
{
	double each = 0;

	for (size_t i = 0; i < count; i++) {
		if (!each && objects[i] > 0)
			each = bytes[i] / objects[i];
		if (bytes[i] != each * objects[i])
			return 0;
	}
	return each == round(each) ? each : 0;
}

static bool released_follow(double *const *columns, size_t count)
{
	for (size_t i = 0; columns[COLUMN_ACQUIRED_OBJECTS] && i < count; i++)
		if (columns[COLUMN_RELEASED_OBJECTS][i] !=
		    columns[COLUMN_ACQUIRED_OBJECTS][i] - columns[COLUMN_LIVE_OBJECTS][i])
			return false;
	return columns[COLUMN_ACQUIRED_OBJECTS] != NULL;
}

static void site_column_write(FILE *out, const struct series_site *site, int column, size_t count)
{
	double *const *columns = site->columns;
	double each = 0;

	if (!columns[column] || (column == COLUMN_RELEASED_OBJECTS && released_follow(columns, count)))
		return;
	if (column == COLUMN_LIVE_BYTES)
		each = size_of_each(columns[COLUMN_LIVE_OBJECTS], columns[column], count);
	if (each > 0)
		fprintf(out, "%s each %.0f\n", column_names[column], each);
	else
		column_write(out, column_names[column], columns[column], count, column == COLUMN_AGE ? 0.1 : 1);
}

void series_write_site(FILE *out, const struct series_site *site, size_t count)
{
	fprintf(out, "site %s %s %s\n", series_labels[site->label], site->kind, site->name);
	for (int column = 0; column < COLUMN_COUNT; column++)
		site_column_write(out, site, column, count);
}
