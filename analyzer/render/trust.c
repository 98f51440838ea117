/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "report.h"

static const struct {
	const char *name, *text;
} parts[TRUST_COUNT] = {
#define X(id, name, text) [TRUST_##id] = {name, text},
	ARENA_TRUST(X)
#undef X
};

/* A comparison that never ran found no difference: its figures are told only if it ran. */
static bool is_told(const struct trust *trust, size_t what)
{
	if (what == TRUST_VERIFY_DIFFERENCES)
		return trust->counts[TRUST_VERIFY_CAPTURES] > 0;
	return trust->counts[what] > 0;
}

static bool any(const struct trust *trust, const enum arena_trust *which, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (trust->counts[which[i]])
			return true;
	return false;
}

/* What is 0 is summed up, group by group. */
static void add_good_news(struct buffer *out, const struct trust *trust)
{
	static const struct {
		const char *text;
		enum arena_trust which[4];
		size_t count;
	} groups[] = {
		{"nothing dropped",
		 {TRUST_DROPPED_EVENTS, TRUST_LOST_ENTRIES, TRUST_OVERWRITTEN_BLOCKS, TRUST_DROPPED_MARKS},
		 4},
		{"every stack whole",
		 {TRUST_TRUNCATED_STACKS, TRUST_MISSING_STACKS, TRUST_BROKEN_STACKS, TRUST_GUESSED_FRAMES},
		 4},
		{"every free and close matched", {TRUST_UNSEEN_FREES, TRUST_UNSEEN_CLOSES, TRUST_UNSEEN_UNMAPS}, 3},
	};
	const char *separator = "";

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (any(trust, groups[i].which, groups[i].count))
			continue;
		if (i == 0 && trust->unslotted_processes)
			continue; /* all that such a process did is missing */
		buffer_format(out, "%s%s", separator, groups[i].text);
		separator = ", ";
	}
}

static void add_misses(struct buffer *out, const struct trust *trust, const char *separator)
{
	for (size_t i = 0; i < TRUST_COUNT; i++) {
		if (!is_told(trust, i))
			continue;
		if (i == TRUST_UNSEEN_UNMAPS)
			buffer_format(out, "%s%s: %s", separator, parts[i].text,
				      figure_value(unit_own(true), (int64_t)trust->counts[i]).text);
		else
			buffer_format(out, "%s%s: %llu", separator, parts[i].text,
				      (unsigned long long)trust->counts[i]);
		separator = "; ";
	}
	if (trust->unslotted_processes)
		buffer_format(out, "%sprocesses that ran unrecorded (arena full): %llu", separator,
			      (unsigned long long)trust->unslotted_processes);
}

static void add_own_memory(struct buffer *out, const struct trust *trust)
{
	buffer_add(out, "Seep itself: ");
	if (trust->private_bytes < 0 && trust->shared_bytes < 0)
		buffer_add(out, "memory unknown");
	else
		buffer_format(
			out, "%s private and %s shared memory",
			trust->private_bytes < 0 ? "unknown" : figure_value(unit_own(true), trust->private_bytes).text,
			trust->shared_bytes < 0 ? "unknown" : figure_value(unit_own(true), trust->shared_bytes).text);
	buffer_add(out, ", 0 descriptors held");
}

void report_trust_sentence(struct buffer *out, const struct trust *trust)
{
	struct buffer good = {0};

	if (!trust->process_count) {
		buffer_add(out, "unknown; no process is in this recording");
		return;
	}
	add_good_news(&good, trust);
	buffer_add(out, good.size ? good.text : "");
	add_misses(out, trust, good.size ? "; " : "");
	buffer_release(&good);
}

void report_trust(struct buffer *out, const struct trust *trust, const char *note, struct style style)
{
	bool has_lost = trust->counts[TRUST_DROPPED_EVENTS] || trust->counts[TRUST_LOST_ENTRIES] ||
			trust->counts[TRUST_MISSING_STACKS] || trust->unslotted_processes;

	buffer_format(out, "%sTrust: ", has_lost ? style_warning(style) : "");
	report_trust_sentence(out, trust);
	buffer_format(out, "%s\n", has_lost ? style_end(style) : "");
	if (!trust->process_count)
		return;
	if (trust->stale_s > 0)
		buffer_format(
			out,
			"%sNot finished: the newest figures are %s old; `seep record` takes the recording up again%s\n",
			style_warning(style), figure_age(trust->stale_s).text, style_end(style));
	add_own_memory(out, trust);
	if (note) {
		buffer_add(out, "; ");
		report_name(out, note);
	}
	buffer_add(out, "\n");
}

static void add_known(struct json *json, const char *key, int64_t value)
{
	if (value < 0)
		json_null(json, key);
	else
		json_int(json, key, value);
}

void report_trust_json(struct json *json, const struct trust *trust)
{
	json_begin_object(json, "trust");
	json_uint(json, "processes", trust->process_count);
	for (size_t i = 0; i < TRUST_COUNT; i++) {
		if (trust->process_count)
			json_uint(json, parts[i].name, trust->counts[i]);
		else
			json_null(json, parts[i].name);
	}
	json_uint(json, "unslotted_processes", trust->unslotted_processes);
	json_real(json, "stale_s", trust->stale_s);
	add_known(json, "seep_private_bytes", trust->private_bytes);
	add_known(json, "seep_shared_bytes", trust->shared_bytes);
	json_uint(json, "seep_descriptors", 0);
	json_end_object(json);
}
