/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "frame_json.h"
#include "report.h"
#include "sampling.h"

/* A share of the total in percent, signed as the value is. */
static double percent_of(int64_t value, int64_t total)
{
	return total ? (double)value / (double)total * 100 : 0;
}

struct json report_begin_json(struct buffer *out, const struct report_head *head)
{
	struct json json = {.out = out};

	json_begin_object(&json, NULL);
	json_string(&json, "recording", head->recording);
	if (head->base)
		json_string(&json, "base", head->base);
	json_string(&json, "program", head->program);
	json_string(&json, "type", head->type.name);
	json_string(&json, "unit", value_type_is_bytes(&head->type) ? "bytes" : "count");
	json_int(&json, "time_ns", head->time_ns);
	json_int(&json, "duration_ns", head->duration_ns);
	json_bool(&json, "live", head->is_live);
	json_int(&json, "total", head->total);
	json_bool(&json, "sampled", report_is_sampled(head));
	if (!report_is_sampled(head))
		return json;
	if (!head->is_difference) /* the total of differences is one of magnitudes */
		sampling_json_interval(&json, "total", head->total, &head->uncertainty);
	json_real(&json, "confidence", 0.95);
	sampling_json_history(&json, "sampling", head->samplings, head->sampling_count);
	if (head->base)
		sampling_json_history(&json, "base_sampling", head->base_samplings, head->base_sampling_count);
	return json;
}

void report_end_json(struct json *json, const struct report_head *head)
{
	report_trust_json(json, &head->trust);
	json_end_object(json);
}

static void add_values(struct json *json, const struct report_head *head, int64_t flat, int64_t cum)
{
	json_int(json, "flat", flat);
	json_real(json, "flat_percent", percent_of(flat, head->total));
	json_int(json, "cum", cum);
	json_real(json, "cum_percent", percent_of(cum, head->total));
}

/* The ends of the intervals, where figures are estimates. */
static void add_intervals(struct json *json, const struct report_head *head, int64_t flat,
			  const struct uncertainty *flat_uncertainty, int64_t cum,
			  const struct uncertainty *cum_uncertainty)
{
	if (!report_is_sampled(head))
		return;
	sampling_json_interval(json, "flat", flat, flat_uncertainty);
	sampling_json_interval(json, "cum", cum, cum_uncertainty);
}

static void add_stack(struct json *json, const struct profile *profile, const struct profile_stack *stack)
{
	json_begin_array(json, "stack");
	for (size_t i = 0; i < stack->count; i++)
		frame_json(json, &profile->frames[profile->frame_ids[stack->first + i]]);
	json_end_array(json);
}

static void add_counts(struct json *json, size_t known, size_t dropped)
{
	json_uint(json, "known_nodes", known);
	json_uint(json, "dropped_nodes", dropped);
}

void report_top_json(struct buffer *out, const struct report_head *head, const struct graph *graph)
{
	struct json json = report_begin_json(out, head);

	add_counts(&json, graph->known_count, graph->dropped_count);
	json_begin_array(&json, "nodes");
	for (size_t i = 0; i < graph->node_count; i++) {
		const struct graph_node *node = &graph->nodes[i];

		json_begin_object(&json, NULL);
		json_string(&json, "name", node->name);
		add_values(&json, head, node->flat, node->cum);
		add_intervals(&json, head, node->flat, &node->flat_uncertainty, node->cum, &node->cum_uncertainty);
		json_bool(&json, "inlined", node->inlined);
		if (node->stack)
			add_stack(&json, graph->profile, node->stack);
		json_end_object(&json);
	}
	json_end_array(&json);
	report_end_json(&json, head);
}

static void add_calls(struct json *json, const struct report_head *head, const struct graph *graph, size_t at,
		      bool callers)
{
	json_begin_array(json, callers ? "callers" : "callees");
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct graph_edge *edge = &graph->edges[i];

		if ((callers ? edge->callee : edge->caller) != at)
			continue;
		json_begin_object(json, NULL);
		json_string(json, "name", graph->nodes[callers ? edge->caller : edge->callee].name);
		json_int(json, "value", edge->value);
		if (report_is_sampled(head))
			sampling_json_interval(json, "value", edge->value, &edge->uncertainty);
		json_bool(json, "inlined", edge->inlined);
		json_end_object(json);
	}
	json_end_array(json);
}

size_t report_peek_json(struct buffer *out, const struct report_head *head, const struct graph *graph,
			const regex_t *name, size_t limit)
{
	struct json json = report_begin_json(out, head);
	size_t matched = 0;

	json_begin_array(&json, "nodes");
	for (size_t i = 0; i < graph->node_count; i++) {
		const struct graph_node *node = &graph->nodes[i];

		if (regexec(name, node->name, 0, NULL, 0))
			continue;
		matched++;
		if (limit && matched > limit)
			continue;
		json_begin_object(&json, NULL);
		json_string(&json, "name", node->name);
		add_values(&json, head, node->flat, node->cum);
		add_intervals(&json, head, node->flat, &node->flat_uncertainty, node->cum, &node->cum_uncertainty);
		add_calls(&json, head, graph, i, true);
		add_calls(&json, head, graph, i, false);
		json_end_object(&json);
	}
	json_end_array(&json);
	json_uint(&json, "matching_nodes", matched);
	report_end_json(&json, head);
	return matched;
}

void report_tree_json(struct buffer *out, const struct report_head *head, const struct tree *tree)
{
	struct json json = report_begin_json(out, head);

	add_counts(&json, tree->known_count, tree->dropped_count);
	/* Flat, parents first: a nested form is as deep as the stacks, which many readers refuse. */
	json_begin_array(&json, "nodes");
	for (size_t i = 0; i < tree->node_count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		json_begin_object(&json, NULL);
		json_string(&json, "name", node->name);
		if (node->parent == TREE_NONE)
			json_null(&json, "parent");
		else
			json_uint(&json, "parent", node->parent);
		json_uint(&json, "depth", node->depth);
		add_values(&json, head, node->flat, node->cum);
		add_intervals(&json, head, node->flat, &node->flat_uncertainty, node->cum, &node->cum_uncertainty);
		json_bool(&json, "inlined", node->inlined);
		json_end_object(&json);
	}
	json_end_array(&json);
	report_end_json(&json, head);
}

static void add_line(struct json *json, const struct report_head *head, const struct report_source *source,
		     const struct line_values *values)
{
	json_begin_object(json, NULL);
	json_uint(json, "line", values->line);
	json_int(json, "flat", values->flat);
	json_int(json, "cum", values->cum);
	add_intervals(json, head, values->flat, &values->flat_uncertainty, values->cum, &values->cum_uncertainty);
	if (source->found && values->line && values->line <= source->line_count)
		json_string(json, "text", source->lines[values->line - 1]);
	json_end_object(json);
}

void report_list_json(struct buffer *out, const struct report_head *head, const struct routines *routines,
		      const struct report_source *sources)
{
	struct json json = report_begin_json(out, head);

	json_begin_array(&json, "routines");
	for (size_t i = 0; i < routines->count; i++) {
		const struct routine *routine = &routines->items[i];

		json_begin_object(&json, NULL);
		json_string(&json, "function", routine->function);
		json_string(&json, "file", routine->file);
		json_string(&json, "module", routine->module);
		json_string(&json, "source", sources[i].found);
		add_values(&json, head, routine->flat, routine->cum);
		add_intervals(&json, head, routine->flat, &routine->flat_uncertainty, routine->cum,
			      &routine->cum_uncertainty);
		json_begin_array(&json, "lines");
		for (size_t l = 0; l < routine->line_count; l++)
			add_line(&json, head, &sources[i], &routine->lines[l]);
		json_end_array(&json);
		json_end_object(&json);
	}
	json_end_array(&json);
	report_end_json(&json, head);
}
