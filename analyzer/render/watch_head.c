/* SPDX-License-Identifier: MIT */
#include "watch_head.h"

#include <math.h>
#include <time.h>

#include "units.h"

enum { LABEL_COLUMNS = 12, LEAST_METER = 8, MOST_METER = 40, TEXT_COLUMNS = 40 };

/* ---- the first line ---- */

static void add_duration(struct screen *screen, double seconds)
{
	int64_t whole = seconds > 0 ? (int64_t)seconds : 0;

	if (whole >= 86400)
		screen_format(screen, SCREEN_PLAIN, "%lld d ", (long long)(whole / 86400));
	screen_format(screen, SCREEN_PLAIN, "%lld:%02lld:%02lld", (long long)(whole / 3600 % 24),
		      (long long)(whole / 60 % 60), (long long)(whole % 60));
}

static void add_state(struct screen *screen, const struct watch_head *head)
{
	if (head->stale_s > 0)
		screen_format(screen, SCREEN_STRONG | SCREEN_YELLOW, "not recorded for %s",
			      figure_age(head->stale_s).text);
	else if (head->is_live)
		screen_add(screen, SCREEN_STRONG | SCREEN_GREEN, "live");
	else
		screen_add(screen, SCREEN_STRONG, "ended");
	screen_add(screen, SCREEN_PLAIN, ", recorded ");
	add_duration(screen, head->recorded_s);
}

static void draw_title(struct screen *screen, const struct watch_head *head, const char *note)
{
	screen_add(screen, SCREEN_STRONG, head->program ? head->program : "seep top");
	if (head->pid)
		screen_format(screen, SCREEN_STRONG, " %u", head->pid);
	if (head->process_count > 1)
		screen_format(screen, SCREEN_PLAIN, " and %zu more", head->process_count - 1);
	screen_add(screen, SCREEN_PLAIN, "  ");
	add_state(screen, head);
	if (head->is_sampled)
		screen_add(screen, SCREEN_PLAIN, ", heap sampled: ~ is an estimate");
	if (head->has_lost)
		screen_add(screen, SCREEN_YELLOW, ", events were dropped");
	if (note)
		screen_format(screen, SCREEN_STRONG | SCREEN_YELLOW, "  %s", note);
	if (screen_columns_left(screen) > screen_width(screen, head->recording) + 1) {
		screen_add(screen, SCREEN_PLAIN, "  ");
		screen_add_right(screen, SCREEN_PLAIN, head->recording, screen_columns_left(screen));
	}
}

/* ---- meters ---- */

static void add_meter(struct screen *screen, const char *label, double part, unsigned style)
{
	size_t width =
		screen->columns > LABEL_COLUMNS + TEXT_COLUMNS ? screen->columns - LABEL_COLUMNS - TEXT_COLUMNS : 0;
	size_t filled;

	screen_add_left(screen, SCREEN_PLAIN, label, LABEL_COLUMNS);
	if (width < LEAST_METER)
		return;
	width = width > MOST_METER ? MOST_METER : width;
	filled = part > 0 ? (size_t)(fmin(part, 1) * (double)width + 0.5) : 0;
	screen_add(screen, SCREEN_STRONG, "[");
	for (size_t i = 0; i < width; i++)
		screen_add(screen, i < filled ? style : SCREEN_PLAIN, i < filled ? "|" : " ");
	screen_add(screen, SCREEN_STRONG, "] ");
}

static struct figure known(int64_t value, bool in_bytes)
{
	return value < 0 ? (struct figure){"unknown"} : figure_value(unit_own(in_bytes), value);
}

static void draw_memory(struct screen *screen, const struct watch_head *head)
{
	double part = head->private_bytes > 0 ? (double)head->tracked_bytes / (double)head->private_bytes : 0;

	add_meter(screen, "Memory", part, SCREEN_GREEN);
	screen_format(screen, SCREEN_PLAIN, "%s tracked of %s private", known(head->tracked_bytes, true).text,
		      known(head->private_bytes, true).text);
}

#define NEAR_LIMIT 0.8

static void draw_descriptors(struct screen *screen, const struct watch_head *head)
{
	bool is_limited = head->descriptor_limit > 0 && head->descriptor_limit < INT64_MAX;
	double part =
		is_limited && head->descriptors > 0 ? (double)head->descriptors / (double)head->descriptor_limit : 0;
	bool is_near = part >= NEAR_LIMIT;

	add_meter(screen, "Descriptors", part, is_near ? SCREEN_RED : SCREEN_GREEN);
	screen_add(screen, SCREEN_PLAIN, known(head->descriptors, false).text);
	if (is_limited)
		screen_format(screen, SCREEN_PLAIN, " of %lld", (long long)head->descriptor_limit);
	else
		screen_add(screen, SCREEN_PLAIN, head->descriptor_limit < 0 ? ", limit unknown" : ", no limit");
	if (is_near)
		screen_add(screen, SCREEN_STRONG | SCREEN_RED, " NEAR ITS LIMIT");
}

/* ---- costs ---- */

static void add_percent(struct screen *screen, const char *label, double percent)
{
	if (isfinite(percent))
		screen_format(screen, SCREEN_PLAIN, "%s%.*f %%", label, percent < 9.95, percent);
	else
		screen_format(screen, SCREEN_PLAIN, "%sunknown", label);
}

static void draw_costs(struct screen *screen, const struct watch_head *head)
{
	add_percent(screen, "CPU ", head->cpu_percent);
	if (isfinite(head->events_per_s))
		screen_format(screen, SCREEN_PLAIN, "  Events %.*f/s", head->events_per_s < 9.95, head->events_per_s);
	else
		screen_add(screen, SCREEN_PLAIN, "  Events unknown");
	add_percent(screen, "  Seep: ", head->hook_percent);
	screen_format(screen, SCREEN_PLAIN, " of its CPU time, %s", known(head->seep_bytes, true).text);
	if (head->is_live)
		screen_format(screen, SCREEN_PLAIN, "  every %.3g s", head->refresh_s);
}

/* ---- verdicts ---- */

static void add_clock(struct screen *screen, int64_t time_s)
{
	time_t seconds = (time_t)time_s;
	struct tm parts;
	char text[32];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%H:%M:%S", &parts);
	screen_add(screen, SCREEN_PLAIN, text);
}

static void draw_verdicts(struct screen *screen, const struct watch_head *head, const struct judgement *judgement)
{
	const size_t *counts;

	if (!judgement) {
		screen_add(screen, SCREEN_PLAIN, head->why_unjudged ? head->why_unjudged : "not judged yet");
		return;
	}
	counts = judgement->verdict_counts;
	if (counts[VERDICT_LEAK])
		screen_format(screen, SCREEN_STRONG | SCREEN_RED, "%zu LEAK%s", counts[VERDICT_LEAK],
			      counts[VERDICT_LEAK] == 1 ? "" : "S");
	else
		screen_add(screen, SCREEN_STRONG, counts[VERDICT_UNDECIDED] ? "No leak found yet" : "No leak");
	screen_format(screen, SCREEN_PLAIN, ", %zu undecided, %zu warm-up, %zu churn, %zu steady; judged ",
		      counts[VERDICT_UNDECIDED], counts[VERDICT_WARM_UP], counts[VERDICT_CHURN],
		      counts[VERDICT_STEADY]);
	add_clock(screen, head->judged_s);
}

void watch_head_draw(struct screen *screen, const struct watch_head *head, const struct judgement *judgement,
		     const char *note, size_t lines)
{
	for (size_t i = 0; i < lines && i < WATCH_HEAD_LINES; i++) {
		if (i == 0)
			draw_title(screen, head, note);
		else if (i == 1)
			draw_verdicts(screen, head, judgement);
		else if (i == 2)
			draw_memory(screen, head);
		else if (i == 3)
			draw_descriptors(screen, head);
		else if (i == 4)
			draw_costs(screen, head);
		else
			screen_add(screen, SCREEN_PLAIN, head->process_words ? head->process_words : "");
		screen_end_line(screen);
	}
}
