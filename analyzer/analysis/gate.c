/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define DEFAULT_TOLERANCE 0.5
/* Shorter, and nothing is judged at all. */
#define LEAST_SPAN_S 2
#define NAMED_FUNCTIONS 6

/* What the rules have said of a callsite. */
struct site_state {
	const struct policy_suppression *suppression;
	const struct policy_budget *budget; /* the last one that means it */
};

struct evaluation {
	const struct gate_input *input;
	struct gate_result *out;
	struct site_state *states;         /* by site */
	size_t *suppression_uses, *misses; /* by suppression: what it has suppressed; what it would have, expired */
};

/* ---- names ---- */

const char *gate_status_name(enum gate_status status)
{
	static const char *const names[] = {"",           "new",           "grown",  "known",  "fixed",
					    "suppressed", "within budget", "unused", "expired"};

	return names[status];
}

const char *gate_rule_name(enum gate_rule rule)
{
	static const char *const names[] = {"leak",  "budget",      "undecided", "duration",
					    "power", "lost-events", "program",   "suppression"};

	return names[rule];
}

const char *gate_outcome_name(enum gate_outcome outcome)
{
	static const char *const names[] = {"pass", "inconclusive", "fail"};

	return names[outcome];
}

int gate_exit_code(enum gate_outcome outcome)
{
	return outcome == GATE_PASS ? SEEP_EXIT_OK : outcome == GATE_FAIL ? SEEP_EXIT_FINDING : SEEP_EXIT_UNKNOWN;
}

char *gate_functions(const struct callsite *callsite, size_t most)
{
	const struct profile *stack = callsite->stack;
	const struct profile_stack *frames = &stack->stacks[0];
	char *text = memory_string("");
	size_t shown = 0, count = fingerprint_frames(stack, frames);

	for (size_t i = callsite->shown; i < count && shown < most; i++, shown++) {
		const struct profile_frame *frame = &stack->frames[stack->frame_ids[frames->first + i]];
		char *function =
			frame->resolved ? fingerprint_function(frame->function) : memory_string(frame->function);
		char *longer = memory_format("%s%s%s", text, shown ? " < " : "", function);

		free(function);
		free(text);
		text = longer;
	}
	return text;
}

/* ---- findings ---- */

static struct gate_finding *add(struct evaluation *evaluation, enum gate_rule rule, enum gate_status status,
				enum gate_outcome outcome)
{
	struct gate_result *out = evaluation->out;
	struct gate_finding *finding;

	out->findings =
		memory_grow(out->findings, &out->finding_capacity, out->finding_count + 1, sizeof(*out->findings));
	finding = &out->findings[out->finding_count++];
	*finding = (struct gate_finding){.rule = rule, .status = status, .outcome = outcome};
	out->status_counts[status]++;
	return finding;
}

double gate_events(const struct gate_input *input, const char *name)
{
	for (size_t i = 0; i < input->event_count; i++)
		if (!strcmp(input->events[i].name, name))
			return input->events[i].count;
	return 0;
}

static bool leaks(const struct gate_site *site)
{
	return site->verdict == VERDICT_LEAK;
}

static bool is_open(const struct gate_site *site)
{
	return site->verdict == VERDICT_UNDECIDED;
}

/* ---- suppressions ---- */

static bool has_expired(const struct gate_input *input, const struct policy_suppression *suppression)
{
	return suppression->expires && input->today > suppression->expiry;
}

static void suppress(struct evaluation *evaluation, size_t at)
{
	const struct policy *policy = evaluation->input->policy;
	const struct gate_site *site = &evaluation->input->sites[at];

	if (!leaks(site) && !is_open(site))
		return;
	for (size_t i = 0; i < policy->suppression_count; i++) {
		const struct policy_suppression *suppression = &policy->suppressions[i];

		if (!selector_matches(&suppression->selector, &site->callsite))
			continue;
		if (has_expired(evaluation->input, suppression)) {
			evaluation->misses[i]++;
			continue;
		}
		/* one that is not needed beside another one is not unused */
		evaluation->suppression_uses[i]++;
		if (!evaluation->states[at].suppression)
			evaluation->states[at].suppression = suppression;
	}
}

static void report_suppressions(struct evaluation *evaluation)
{
	const struct policy *policy = evaluation->input->policy;

	for (size_t i = 0; i < policy->suppression_count; i++) {
		const struct policy_suppression *suppression = &policy->suppressions[i];
		bool expired = has_expired(evaluation->input, suppression);
		struct gate_finding *finding;

		if (!expired && evaluation->suppression_uses[i])
			continue;
		finding = add(evaluation, GATE_SUPPRESSION, expired ? GATE_EXPIRED : GATE_UNUSED, GATE_PASS);
		finding->suppression = suppression;
		finding->matched = evaluation->misses[i];
	}
}

/* ---- leaks and the baseline ---- */

static double tolerance_of(const struct policy *policy)
{
	return policy->has_tolerance ? policy->tolerance : DEFAULT_TOLERANCE;
}

static bool has_grown(const struct gate_input *input, const struct gate_site *site, const struct baseline_entry *before)
{
	double factor = 1 + tolerance_of(input->policy);

	/* its function's leak was known, and of this way to it nothing that could be compared */
	if (before->state == BASELINE_PART)
		return false;
	if (site->event && before->event && !strcmp(site->event, before->event))
		return site->ratio_low > before->ratio * factor;
	return site->objects.low > before->objects * factor || site->bytes.low > before->bytes * factor;
}

static const struct baseline_entry *entry_of(const struct evaluation *evaluation, const struct gate_site *site)
{
	const struct baseline *baseline = evaluation->input->baseline;

	return baseline ? baseline_find(baseline, site->callsite.fingerprint) : NULL;
}

static void judge_leak(struct evaluation *evaluation, const struct gate_site *site)
{
	const struct baseline_entry *before = entry_of(evaluation, site);
	enum gate_status status = !before                                      ? GATE_NEW
				  : has_grown(evaluation->input, site, before) ? GATE_GROWN
									       : GATE_KNOWN;
	struct gate_finding *finding = add(evaluation, GATE_LEAK, status, status == GATE_KNOWN ? GATE_PASS : GATE_FAIL);

	finding->site = site;
	finding->before = before;
}

/* What could not be told of in the baseline either, and grows as it did there, is no worse than it was. */
static struct gate_finding *judge_open(struct evaluation *evaluation, const struct gate_site *site)
{
	const struct baseline_entry *before = entry_of(evaluation, site);
	enum gate_status status = !before                                      ? GATE_NONE
				  : has_grown(evaluation->input, site, before) ? GATE_GROWN
									       : GATE_KNOWN;
	struct gate_finding *finding =
		add(evaluation, GATE_UNDECIDED, status, status == GATE_KNOWN ? GATE_PASS : GATE_INCONCLUSIVE);

	finding->before = before;
	return finding;
}

static void judge_site(struct evaluation *evaluation, size_t at)
{
	const struct gate_site *site = &evaluation->input->sites[at];
	const struct site_state *state = &evaluation->states[at];
	struct gate_finding *finding = NULL;

	if (!leaks(site) && !is_open(site))
		return;
	evaluation->out->leaks += leaks(site);
	if (state->suppression) {
		finding = add(evaluation, GATE_LEAK, GATE_SUPPRESSED, GATE_PASS);
		finding->suppression = state->suppression;
		evaluation->out->suppressed++;
	} else if (state->budget && leaks(site)) {
		finding = add(evaluation, GATE_LEAK, GATE_BUDGETED, GATE_PASS);
		finding->budget = state->budget;
	} else if (leaks(site)) {
		judge_leak(evaluation, site);
	} else if (!state->budget && !site->is_part_of_leak) {
		finding = judge_open(evaluation, site);
	}
	if (finding)
		finding->site = site;
}

static const struct gate_site *site_of(const struct gate_input *input, struct fingerprint fingerprint)
{
	for (size_t i = 0; i < input->site_count; i++)
		if (!fingerprint_compare(input->sites[i].callsite.fingerprint, fingerprint))
			return &input->sites[i];
	return NULL;
}

/* What leaked in the baseline and does not now. What cannot be told of is neither. */
static void report_fixed(struct evaluation *evaluation)
{
	const struct baseline *baseline = evaluation->input->baseline;

	for (size_t i = 0; baseline && i < baseline->count; i++) {
		const struct baseline_entry *before = &baseline->entries[i];
		const struct gate_site *site = site_of(evaluation->input, before->fingerprint);
		struct gate_finding *finding;

		if (before->state != BASELINE_LEAK || (site && (leaks(site) || is_open(site) || site->is_part_of_leak)))
			continue;
		finding = add(evaluation, GATE_LEAK, GATE_FIXED, GATE_PASS);
		finding->site = site;
		finding->before = before;
	}
}

/* ---- budgets ---- */

static bool is_rate(const struct policy_budget *budget)
{
	return budget->rate.per != AT_EXIT;
}

static void assign_budget(struct evaluation *evaluation, size_t at)
{
	const struct policy *policy = evaluation->input->policy;

	for (size_t i = 0; i < policy->budget_count; i++)
		if (is_rate(&policy->budgets[i]) &&
		    selector_matches(&policy->budgets[i].selector, &evaluation->input->sites[at].callsite))
			evaluation->states[at].budget = &policy->budgets[i];
}

/* The sum of what a budget's callsites leak, a second; the errors of callsites are taken to be independent. */
struct growth_sum {
	double estimate, below, above; /* below and above: squares of the distances to the interval's ends */
	double open;                   /* what those that cannot be told of may leak more */
	size_t matched;
};

static void add_growth(struct growth_sum *sum, const struct gate_site *site, bool in_bytes)
{
	const struct growth_slope *slope = in_bytes ? &site->bytes : &site->objects;
	double below = slope->estimate - slope->low, above = slope->high - slope->estimate;

	sum->matched++;
	if (leaks(site)) {
		sum->estimate += slope->estimate;
		sum->below += below * below;
		sum->above += above * above;
	} else if (is_open(site) && slope->high > 0) {
		sum->open += slope->high;
	}
}

static double held_at_exit(const struct gate_site *site, bool in_bytes)
{
	return in_bytes ? site->live_bytes : site->live_objects;
}

static enum gate_outcome outcome_of(const struct gate_finding *finding, double amount)
{
	if (finding->low > amount)
		return GATE_FAIL;
	return finding->measured > amount || finding->high > amount ? GATE_INCONCLUSIVE : GATE_PASS;
}

/* In the budget's unit, from a sum a second. */
static void measure_rate(const struct gate_input *input, const struct growth_sum *sum, struct gate_finding *finding)
{
	const struct rate *rate = &finding->budget->rate;
	double events = rate->per == PER_EVENT ? gate_events(input, rate->event) : 0;
	double factor = rate->per == PER_SECOND ? 1 : events > 0 ? input->span_s / events : 0;

	finding->is_measured = factor > 0 || (sum->estimate <= 0 && sum->open <= 0);
	finding->measured = sum->estimate * factor;
	finding->low = (sum->estimate - sqrt(sum->below)) * factor;
	/* a leak is judged by its estimate: its interval's upper end says nothing that is certain. What is open may be
	 * all */
	finding->high = (sum->estimate + sum->open) * factor;
	finding->outcome = finding->is_measured ? outcome_of(finding, rate->amount) : GATE_INCONCLUSIVE;
}

static void judge_budget(struct evaluation *evaluation, const struct policy_budget *budget)
{
	const struct gate_input *input = evaluation->input;
	struct gate_finding *finding = add(evaluation, GATE_BUDGET, GATE_NONE, GATE_PASS);
	struct growth_sum sum = {0};

	finding->budget = budget;
	finding->is_measured = true;
	for (size_t i = 0; i < input->site_count; i++) {
		const struct gate_site *site = &input->sites[i];

		if (evaluation->states[i].suppression || !selector_matches(&budget->selector, &site->callsite))
			continue;
		add_growth(&sum, site, budget->rate.in_bytes);
		finding->measured += held_at_exit(site, budget->rate.in_bytes);
	}
	finding->matched = sum.matched;
	if (is_rate(budget)) {
		measure_rate(input, &sum, finding);
		return;
	}
	finding->low = finding->high = finding->measured;
	finding->outcome = outcome_of(finding, budget->rate.amount);
}

/* ---- the run ---- */

static double detectable(const struct gate_site *site, bool in_bytes)
{
	return in_bytes ? site->detectable_bytes : site->detectable_objects;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* What a leak was found at, was suppressed or has a budget of its own weakens no pass. */
static bool counts_for_power(const struct evaluation *evaluation, size_t at)
{
	const struct site_state *state = &evaluation->states[at];

	return !leaks(&evaluation->input->sites[at]) && !state->suppression && !state->budget;
}

/* The middle and the largest of what would have been seen, of objects or bytes. */
static void measure_power(const struct evaluation *evaluation, bool in_bytes, double *middle, double *weakest,
			  const struct gate_site **weakest_site)
{
	const struct gate_input *input = evaluation->input;
	double *values = memory_zeroed(input->site_count + 1, sizeof(*values));
	size_t count = 0;

	*middle = *weakest = NAN;
	*weakest_site = NULL;
	for (size_t i = 0; i < input->site_count; i++) {
		double value = detectable(&input->sites[i], in_bytes);

		if (!counts_for_power(evaluation, i) || !isfinite(value) || value <= 0)
			continue;
		values[count++] = value;
		if (*weakest_site && value <= *weakest)
			continue;
		*weakest = value;
		*weakest_site = &input->sites[i];
	}
	if (count)
		qsort(values, count, sizeof(*values), compare_doubles);
	if (count)
		*middle = values[count / 2];
	free(values);
}

static void find_power(struct evaluation *evaluation)
{
	struct gate_result *out = evaluation->out;
	const struct gate_site *by_objects;

	measure_power(evaluation, false, &out->middle.objects, &out->weakest.objects, &by_objects);
	measure_power(evaluation, true, &out->middle.bytes, &out->weakest.bytes, &out->weakest.site);
	if (!out->weakest.site)
		out->weakest.site = by_objects;
}

static void judge_power(struct evaluation *evaluation, const struct rate *demand)
{
	const struct gate_input *input = evaluation->input;
	const struct gate_power *weakest = &evaluation->out->weakest;
	double events = demand->per == PER_EVENT ? gate_events(input, demand->event) : 0;
	double seen = demand->in_bytes ? weakest->bytes : weakest->objects;
	struct gate_finding *finding;

	if (demand->per == PER_EVENT)
		seen = events > 0 ? seen * input->span_s / events : NAN;
	finding = add(evaluation, GATE_POWER, GATE_NONE, seen <= demand->amount ? GATE_PASS : GATE_INCONCLUSIVE);
	finding->demand = demand;
	finding->measured = seen;
	finding->is_measured = isfinite(seen);
	finding->site = weakest->site;
}

static void judge_run(struct evaluation *evaluation)
{
	const struct gate_input *input = evaluation->input;
	const struct policy *policy = input->policy;

	if (input->program_failed)
		add(evaluation, GATE_PROGRAM, GATE_NONE, GATE_FAIL);
	if (input->span_s < fmax(policy->minimum_s, LEAST_SPAN_S))
		add(evaluation, GATE_DURATION, GATE_NONE, GATE_INCONCLUSIVE);
	if (input->lost_events)
		add(evaluation, GATE_LOST, GATE_NONE, GATE_INCONCLUSIVE);
	find_power(evaluation);
	for (size_t i = 0; i < policy->power_count; i++)
		judge_power(evaluation, &policy->powers[i]);
}

/*
 * Marks are what the application itself counts by; without them its connections are the next best, unless they are so
 * few that they are no requests.
 */
static const struct gate_event *main_event(const struct gate_input *input)
{
	const struct gate_event *mark = NULL, *accepted = NULL;

	for (size_t i = 0; i < input->event_count; i++) {
		const struct gate_event *event = &input->events[i];

		if (event->count <= 0)
			continue;
		if (!strncmp(event->name, "mark:", 5) && (!mark || event->count > mark->count))
			mark = event;
		if (!strcmp(event->name, "accepted") && event->count >= input->span_s)
			accepted = event;
	}
	return mark ? mark : accepted;
}

/* ---- order and outcome ---- */

static double weight_of(const struct gate_finding *finding)
{
	if (!finding->site)
		return 0;
	return finding->site->bytes.estimate > 0 ? finding->site->bytes.estimate : finding->site->objects.estimate;
}

static struct fingerprint identity_of(const struct gate_finding *finding)
{
	if (finding->site)
		return finding->site->callsite.fingerprint;
	return finding->before ? finding->before->fingerprint : (struct fingerprint){0};
}

static unsigned line_of(const struct gate_finding *finding)
{
	return finding->budget ? finding->budget->line : finding->suppression ? finding->suppression->line : 0;
}

static int compare_findings(const void *left, const void *right)
{
	const struct gate_finding *a = left, *b = right;

	if (a->outcome != b->outcome)
		return a->outcome > b->outcome ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->status != b->status)
		return a->status < b->status ? -1 : 1;
	if (weight_of(a) != weight_of(b))
		return weight_of(a) > weight_of(b) ? -1 : 1;
	if (line_of(a) != line_of(b))
		return line_of(a) < line_of(b) ? -1 : 1;
	return fingerprint_compare(identity_of(a), identity_of(b));
}

static void decide(struct gate_result *out, enum policy_inconclusive inconclusive)
{
	if (out->finding_count)
		qsort(out->findings, out->finding_count, sizeof(*out->findings), compare_findings);
	for (size_t i = 0; i < out->finding_count; i++)
		if (out->findings[i].outcome > out->outcome)
			out->outcome = out->findings[i].outcome;
	out->was_inconclusive = out->outcome == GATE_INCONCLUSIVE;
	if (out->was_inconclusive && inconclusive == INCONCLUSIVE_PASSES)
		out->outcome = GATE_PASS;
	if (out->was_inconclusive && inconclusive == INCONCLUSIVE_FAILS)
		out->outcome = GATE_FAIL;
}

void gate_evaluate(const struct gate_input *input, struct gate_result *out)
{
	const struct policy *policy = input->policy;
	struct evaluation evaluation = {
		.input = input,
		.out = out,
		.states = memory_zeroed(input->site_count + 1, sizeof(*evaluation.states)),
		.suppression_uses = memory_zeroed(policy->suppression_count + 1, sizeof(size_t)),
		.misses = memory_zeroed(policy->suppression_count + 1, sizeof(size_t)),
	};

	*out = (struct gate_result){.judged = input->site_count, .event = main_event(input)};
	for (size_t i = 0; i < input->site_count; i++) {
		suppress(&evaluation, i);
		assign_budget(&evaluation, i);
		judge_site(&evaluation, i);
	}
	report_fixed(&evaluation);
	for (size_t i = 0; i < policy->budget_count; i++)
		judge_budget(&evaluation, &policy->budgets[i]);
	judge_run(&evaluation);
	report_suppressions(&evaluation);
	decide(out, policy->inconclusive);
	free(evaluation.states);
	free(evaluation.suppression_uses);
	free(evaluation.misses);
}

void gate_release(struct gate_result *result)
{
	free(result->findings);
	*result = (struct gate_result){0};
}

/* ---- the baseline of a run ---- */

void gate_make_baseline(const struct gate_site *sites, size_t count, struct baseline *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct gate_site *site = &sites[i];
		struct baseline_entry *entry;

		if (!leaks(site) && !is_open(site) && !site->is_part_of_leak)
			continue;
		entry = baseline_add(out);
		entry->fingerprint = site->callsite.fingerprint;
		entry->kind = site->callsite.kind;
		entry->functions = gate_functions(&site->callsite, NAMED_FUNCTIONS);
		entry->state = leaks(site) ? BASELINE_LEAK : is_open(site) ? BASELINE_OPEN : BASELINE_PART;
		if (entry->state == BASELINE_PART)
			continue;
		entry->objects = site->objects.estimate > 0 ? site->objects.estimate : 0;
		entry->bytes = site->bytes.estimate > 0 ? site->bytes.estimate : 0;
		entry->event = site->event ? memory_string(site->event) : NULL;
		entry->ratio = site->event ? site->ratio : 0;
	}
	baseline_sort(out);
}
