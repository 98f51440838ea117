/* SPDX-License-Identifier: MIT */
#include "gate_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "units.h"

/* ---- figures ---- */

/* Three digits of what is small, whole numbers of what is not. */
static struct figure plain(double value)
{
	struct figure figure;

	snprintf(figure.text, sizeof(figure.text), fabs(value) >= 1000 ? "%.0f" : "%.3g", value);
	return figure;
}

static struct figure amount(double value, bool in_bytes)
{
	struct figure figure;

	if (!in_bytes)
		return plain(value);
	if (fabs(value) >= 100)
		return figure_value(unit_own(true), llround(value));
	figure = plain(value);
	snprintf(figure.text + strlen(figure.text), sizeof(figure.text) - strlen(figure.text), "B");
	return figure;
}

static bool in_bytes(const struct gate_site *site)
{
	return site->callsite.kind == SEEP_KIND_HEAP || site->callsite.kind == SEEP_KIND_MAPPING;
}

/* "200 a second (198 to 202)" */
static char *slope_words(const struct growth_slope *slope, bool bytes)
{
	return memory_format("%s%s a second (%s to %s)", amount(slope->estimate, bytes).text, bytes ? "" : " objects",
			     amount(slope->low, bytes).text, amount(slope->high, bytes).text);
}

static char *site_growth(const struct gate_site *site)
{
	char *objects = slope_words(&site->objects, false);
	char *bytes = in_bytes(site) ? slope_words(&site->bytes, true) : NULL;
	char *ratio = site->event
			      ? memory_format(", %s (%s to %s) per %s", plain(site->ratio).text,
					      plain(site->ratio_low).text, plain(site->ratio_high).text, site->event)
			      : memory_string("");
	char *words = memory_format("%s%s%s%s", bytes ? bytes : "", bytes ? ", " : "", objects, ratio);

	free(objects);
	free(bytes);
	free(ratio);
	return words;
}

static char *entry_growth(const struct baseline_entry *entry)
{
	char *ratio, *bytes, *words;

	if (entry->state == BASELINE_PART)
		return memory_string("it as a further way to a leak");
	ratio = entry->event ? memory_format(", %s per %s", plain(entry->ratio).text, entry->event) : memory_string("");
	bytes = entry->bytes > 0 ? memory_format("%s a second, ", amount(entry->bytes, true).text) : memory_string("");
	words = memory_format("%s%s objects a second%s", bytes, plain(entry->objects).text, ratio);

	free(ratio);
	free(bytes);
	return words;
}

static const char *rate_unit(const struct rate *rate)
{
	return rate->in_bytes ? "" : " objects";
}

static char *rate_words(const struct rate *rate, double value)
{
	return memory_format("%s%s %s%s", amount(value, rate->in_bytes).text, rate_unit(rate),
			     rate->per == AT_EXIT      ? "at exit"
			     : rate->per == PER_SECOND ? "per second"
						       : "per ",
			     rate->per == PER_EVENT ? rate->event : "");
}

/* ---- titles ---- */

static char *site_function(const struct gate_finding *finding)
{
	size_t size;

	if (finding->site)
		return finding->site->frame->resolved ? fingerprint_function(finding->site->frame->function)
						      : memory_string(finding->site->frame->function);
	size = strcspn(finding->before->functions, "<");
	while (size && finding->before->functions[size - 1] == ' ')
		size--;
	return size ? memory_format("%.*s", (int)size, finding->before->functions)
		    : memory_string(fingerprint_text(finding->before->fingerprint).text);
}

static char *site_title(const struct gate_finding *finding)
{
	enum seep_kind kind = finding->site ? finding->site->callsite.kind : finding->before->kind;
	char *function = site_function(finding);
	char *title = finding->rule == GATE_UNDECIDED
			      ? memory_format("%s in %s: not told yet", kind_name(kind), function)
			      : memory_format("%s leak in %s", kind_name(kind), function);

	free(function);
	return title;
}

char *gate_title(const struct gate_finding *finding)
{
	switch (finding->rule) {
	case GATE_LEAK:
	case GATE_UNDECIDED:
		return site_title(finding);
	case GATE_BUDGET:
		return memory_format("budget %s", finding->budget->text);
	case GATE_DURATION:
		return memory_string("length of the run");
	case GATE_POWER: {
		char *rate = rate_words(finding->demand, finding->demand->amount);
		char *title = memory_format("power %s", rate);

		free(rate);
		return title;
	}
	case GATE_LOST:
		return memory_string("lost events");
	case GATE_PROGRAM:
		return memory_string("the program itself");
	case GATE_SUPPRESSION:
		break;
	}
	return memory_format("suppression %s", finding->suppression->name);
}

/* ---- messages ---- */

static char *suppression_words(const struct policy_suppression *suppression)
{
	return memory_format("%s:%u%s%s%s%s", suppression->file, suppression->line,
			     suppression->owner ? ", owner " : "", suppression->owner ? suppression->owner : "",
			     suppression->expires ? ", until " : "", suppression->expires ? suppression->expires : "");
}

/* What the baseline, a suppression or a budget has to say of a leak; "" nothing. */
static char *status_clause(const struct gate_report *report, const struct gate_finding *finding)
{
	char *words, *clause;

	switch (finding->status) {
	case GATE_NEW:
		return report->input->baseline
			       ? memory_format("; it is not in the baseline %s", report->input->baseline_name)
			       : memory_string("");
	case GATE_GROWN:
		words = entry_growth(finding->before);
		clause = memory_format("; it has grown: the baseline has %s", words);
		break;
	case GATE_KNOWN:
		words = entry_growth(finding->before);
		clause = memory_format("; it is known: the baseline has %s", words);
		break;
	case GATE_SUPPRESSED:
		words = suppression_words(finding->suppression);
		clause = memory_format("; suppressed by %s", words);
		break;
	case GATE_BUDGETED:
		return memory_format("; judged by the budget of line %u", finding->budget->line);
	default:
		return memory_string("");
	}
	free(words);
	return clause;
}

static char *leak_message(const struct gate_report *report, const struct gate_finding *finding)
{
	char *clause = status_clause(report, finding), *growth, *message;

	if (finding->status == GATE_FIXED) {
		growth = entry_growth(finding->before);
		message = memory_format("leaked in the baseline (%s), and does not any more", growth);
	} else if (finding->site->verdict != VERDICT_LEAK) {
		growth = memory_string("");
		message = memory_format("it cannot be told yet whether it leaks%s", clause);
	} else {
		growth = site_growth(finding->site);
		message = memory_format("leaks %s%s", growth, clause);
	}
	free(clause);
	free(growth);
	return message;
}

static char *undecided_message(const struct gate_report *report, const struct gate_finding *finding)
{
	const struct gate_site *site = finding->site;
	char *clause = status_clause(report, finding), *message;

	if (site->more_seconds > 0)
		message = memory_format("it cannot be told yet whether it leaks: %s; %s more would probably tell%s",
					site->reason, figure_age(site->more_seconds).text, clause);
	else
		message = memory_format("it cannot be told yet whether it leaks: %s%s", site->reason, clause);
	free(clause);
	return message;
}

static char *budget_message(const struct gate_finding *finding)
{
	const struct rate *rate = &finding->budget->rate;
	char *measured, *message;

	if (!finding->is_measured)
		return memory_format("leaks are there, and nothing counted '%s' in this run", rate->event);
	measured = rate_words(rate, finding->measured);
	if (finding->outcome == GATE_FAIL)
		message = memory_format("%s measured, at least %s: over the budget", measured,
					amount(finding->low, rate->in_bytes).text);
	else if (finding->outcome == GATE_INCONCLUSIVE)
		message = memory_format(
			"%s measured, and it may be up to %s: whether that is over the budget cannot be told", measured,
			amount(fmax(finding->high, finding->measured), rate->in_bytes).text);
	else
		message = memory_format("%s measured, at %zu callsites: within the budget", measured, finding->matched);
	free(measured);
	return message;
}

static char *power_message(const struct gate_finding *finding)
{
	char *measured, *message, *function;

	if (!finding->is_measured)
		return memory_string("what this run would have seen is not known: nothing was judged, or counted");
	measured = rate_words(finding->demand, finding->measured);
	function = site_function(finding);
	message = memory_format("this run would have seen %s with 95 %% certainty, at its weakest callsite (%s)",
				measured, function);
	free(measured);
	free(function);
	return message;
}

static char *suppression_message(const struct gate_finding *finding)
{
	char *words = suppression_words(finding->suppression), *message;

	if (finding->status == GATE_UNUSED)
		message = memory_format("nothing that it means leaks (%s): remove it", words);
	else if (finding->matched)
		message = memory_format(
			"it has expired, and suppresses nothing any more (%s); it would mean %zu callsite%s", words,
			finding->matched, finding->matched == 1 ? "" : "s");
	else
		message = memory_format("it has expired, and nothing that it means leaks (%s): remove it", words);
	free(words);
	return message;
}

static char *duration_message(const struct gate_input *input)
{
	if (input->span_s >= input->policy->minimum_s)
		return memory_string("too little was recorded to judge whether anything grows");
	return memory_format("%s was judged, and the policy wants %s", figure_age(input->span_s).text,
			     figure_age(input->policy->minimum_s).text);
}

char *gate_message(const struct gate_report *report, const struct gate_finding *finding)
{
	const struct gate_input *input = report->input;

	switch (finding->rule) {
	case GATE_LEAK:
		return leak_message(report, finding);
	case GATE_UNDECIDED:
		return undecided_message(report, finding);
	case GATE_BUDGET:
		return budget_message(finding);
	case GATE_DURATION:
		return duration_message(input);
	case GATE_POWER:
		return power_message(finding);
	case GATE_LOST:
		return memory_format("the recording lacks %llu events: what was released may look as if it were held",
				     (unsigned long long)input->lost_events);
	case GATE_PROGRAM:
		return memory_string(input->program_failed);
	case GATE_SUPPRESSION:
		break;
	}
	return suppression_message(finding);
}

/* ---- the whole ---- */

/* "24B a second, 0.5B per accepted" */
static char *power_words(const struct gate_report *report, double per_second, bool bytes)
{
	const struct gate_event *event = report->result->event;

	if (!event)
		return memory_format("%s%s a second", amount(per_second, bytes).text, bytes ? "" : " objects");
	return memory_format("%s%s per %s", amount(per_second * report->input->span_s / event->count, bytes).text,
			     bytes ? "" : " objects", event->name);
}

char *gate_power_sentence(const struct gate_report *report)
{
	const struct gate_result *result = report->result;
	bool bytes = isfinite(result->middle.bytes);
	double middle = bytes ? result->middle.bytes : result->middle.objects;
	double weakest = bytes ? result->weakest.bytes : result->weakest.objects;
	char *seen, *least, *function, *sentence;

	if (!isfinite(middle) || !result->weakest.site)
		return memory_string(
			"What this run would have seen is not known: no callsite was judged to be free of leaks.");
	seen = power_words(report, middle, bytes);
	least = power_words(report, weakest, bytes);
	function = site_function(&(struct gate_finding){.site = result->weakest.site});
	sentence = memory_format(
		"This run would have seen a leak of %s with 95 %% certainty (at half of the callsites; %s at the "
		"weakest, %s).",
		seen, least, function);
	free(seen);
	free(least);
	free(function);
	return sentence;
}

char *gate_counts(const struct gate_report *report)
{
	static const enum gate_status shown[] = {GATE_NEW,        GATE_GROWN,    GATE_KNOWN,  GATE_FIXED,
						 GATE_SUPPRESSED, GATE_BUDGETED, GATE_UNUSED, GATE_EXPIRED};
	char *text = memory_string("");

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		size_t count = report->result->status_counts[shown[i]];
		bool is_suppression = shown[i] == GATE_UNUSED || shown[i] == GATE_EXPIRED;
		const char *name = shown[i] == GATE_NEW && !report->input->baseline ? "" : gate_status_name(shown[i]);
		const char *noun = is_suppression ? " suppression" : shown[i] == GATE_NEW ? " leak" : "";
		char *longer;

		if (!count)
			continue;
		longer = memory_format("%s%s%zu%s%s%s%s", text, *text ? ", " : "", count, *name ? " " : "", name, noun,
				       *noun && count > 1 ? "s" : "");
		free(text);
		text = longer;
	}
	if (*text)
		return text;
	free(text);
	return memory_string(report->input->program_failed ? "the run itself failed, and no leak was seen" : "no leak");
}

enum gate_outcome gate_effect(const struct gate_report *report, const struct gate_finding *finding)
{
	if (finding->outcome != GATE_INCONCLUSIVE)
		return finding->outcome;
	switch (report->input->policy->inconclusive) {
	case INCONCLUSIVE_PASSES:
		return GATE_PASS;
	case INCONCLUSIVE_FAILS:
		return GATE_FAIL;
	case INCONCLUSIVE_IS_ITSELF:
		break;
	}
	return GATE_INCONCLUSIVE;
}

struct fingerprint gate_identity(const struct gate_finding *finding)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char *title;

	if (finding->site && finding->rule != GATE_POWER)
		return finding->site->callsite.fingerprint;
	if (finding->before)
		return finding->before->fingerprint;
	title = gate_title(finding);
	for (const char *at = title; *at; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
	free(title);
	return (struct fingerprint){.hash = hash};
}

/* ---- places ---- */

struct gate_place gate_frame_place(const struct gate_report *report, const struct profile_frame *frame)
{
	const char *root = report->source_root;
	size_t size = root ? strlen(root) : 0;

	if (frame->file && size && !strncmp(frame->file, root, size) && frame->file[size] == '/')
		return (struct gate_place){frame->file + size + 1, frame->line, true};
	return (struct gate_place){frame->file, frame->line, frame->file && frame->file[0] != '/'};
}

/* A relative path is the compiler's, of whatever directory: of other frames only what lies below the root is ours. */
static bool is_below_root(const struct gate_report *report, const struct profile_frame *frame)
{
	return frame->file && frame->file[0] == '/' && gate_frame_place(report, frame).is_relative;
}

static struct gate_place site_place(const struct gate_report *report, const struct gate_site *site)
{
	const struct profile *stack = site->callsite.stack;
	struct gate_place place = gate_frame_place(report, site->frame);
	bool reached = false;

	if (place.is_relative)
		return place;
	for (size_t i = 0; i < stack->stacks[0].count; i++) {
		const struct profile_frame *frame = &stack->frames[stack->frame_ids[stack->stacks[0].first + i]];

		reached |= !strcmp(frame->function, site->frame->function);
		if (reached && is_below_root(report, frame))
			return gate_frame_place(report, frame);
	}
	return place;
}

struct gate_place gate_place(const struct gate_report *report, const struct gate_finding *finding)
{
	const char *policy = report->input->policy->file;

	if (finding->rule == GATE_SUPPRESSION)
		return (struct gate_place){finding->suppression->file, finding->suppression->line,
					   finding->suppression->file[0] != '/'};
	if (finding->rule == GATE_BUDGET)
		return (struct gate_place){policy, finding->budget->line, policy && policy[0] != '/'};
	if ((finding->rule == GATE_LEAK || finding->rule == GATE_UNDECIDED) && finding->site)
		return site_place(report, finding->site);
	return (struct gate_place){policy, 0, policy && policy[0] != '/'};
}

/* ---- formats ---- */

static const struct {
	const char *name, *summary;
} formats[] = {
#define X(id, name, summary) {name, summary},
	GATE_FORMATS(X)
#undef X
};

int gate_format_by_name(const char *name)
{
	for (int i = 0; i < GATE_FORMAT_COUNT; i++)
		if (!strcmp(formats[i].name, name))
			return i;
	return -1;
}

const char *gate_format_name(enum gate_format format)
{
	return formats[format].name;
}

const char *gate_format_summary(enum gate_format format)
{
	return formats[format].summary;
}

void gate_render(enum gate_format format, const struct gate_report *report, struct buffer *out)
{
	static void (*const writers[])(const struct gate_report *, struct buffer *) = {
		[GATE_TEXT] = gate_text,     [GATE_JUNIT] = gate_junit,     [GATE_SARIF] = gate_sarif,
		[GATE_GITHUB] = gate_github, [GATE_SUMMARY] = gate_summary, [GATE_GITLAB] = gate_gitlab,
		[GATE_TAP] = gate_tap,       [GATE_JSON] = gate_json,
	};

	writers[format](report, out);
}
