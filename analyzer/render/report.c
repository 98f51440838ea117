/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../base/utf8.h"
#include "sampling.h"

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

void report_name(struct buffer *out, const char *name)
{
	const char *plain = name;

	while (*name) {
		bool is_shown;
		size_t size = utf8_next(name, &is_shown);

		if (!is_shown) {
			buffer_add_bytes(out, plain, (size_t)(name - plain));
			buffer_add(out, "?");
			plain = name + size;
		}
		name += size;
	}
	buffer_add_bytes(out, plain, (size_t)(name - plain));
}

/* ---- the head ---- */

/* "Nov 21, 2026 at 2:02pm (UTC)" */
static void add_time(struct buffer *out, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm parts;
	char text[64];

	localtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%b %-d, %Y at %-I:%M%P (%Z)", &parts);
	buffer_format(out, "Time: %s\n", text);
}

void report_filters(struct buffer *out, const struct report_head *head)
{
	const struct {
		const char *name, *value;
	} filters[] = {{"focus", head->focus}, {"ignore", head->ignore}, {"hide", head->hide}};

	if (!head->focus && !head->ignore && !head->hide)
		return;
	buffer_add(out, "Active filters:\n");
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		if (!filters[i].value)
			continue;
		buffer_format(out, "   %s=", filters[i].name);
		report_name(out, filters[i].value);
		buffer_add(out, "\n");
	}
}

/* " ±0.80MB" behind a figure in a sentence. */
static void add_total_width(struct buffer *out, const struct report_head *head, struct unit unit)
{
	/* the total of differences is one of magnitudes */
	if (head->is_difference || !uncertainty_is_any(&head->uncertainty))
		return;
	buffer_add(out, " ");
	sampling_add_width(out, unit, head->total, &head->uncertainty, 0);
}

void report_begin(struct buffer *out, const struct report_head *head)
{
	if (head->program) {
		buffer_add(out, "File: ");
		report_name(out, head->program);
		buffer_add(out, "\n");
	}
	if (head->build_id && head->build_id[0])
		buffer_format(out, "Build ID: %s\n", head->build_id);
	if (head->type.name)
		buffer_format(out, "Type: %s\n", head->type.name);
	if (head->time_ns)
		add_time(out, head->time_ns);
}

static void add_head(struct buffer *out, const struct report_head *head, struct unit unit)
{
	report_begin(out, head);
	/* The blank at the end is pprof's: it has room for a ratio that only profiles of time have. */
	if (head->duration_ns) {
		buffer_format(out, "Duration: %s, Total samples = %s", figure_duration(head->duration_ns).text,
			      figure_value(unit, head->total).text);
		add_total_width(out, head, unit);
		buffer_add(out, " \n");
	}
	sampling_add_head(out, head);
	report_filters(out, head);
}

struct shown {
	int64_t flat;
	size_t nodes, known, dropped;
};

static void add_shown(struct buffer *out, const struct report_head *head, struct unit unit, struct shown shown)
{
	int64_t cutoff = magnitude((int64_t)((double)head->total * GRAPH_NODE_FRACTION));

	buffer_format(out, "Showing nodes accounting for %s, %s of %s total\n", figure_value(unit, shown.flat).text,
		      figure_percent_bare(shown.flat, head->total).text, figure_value(unit, head->total).text);
	if (!head->total)
		return;
	if (shown.dropped)
		buffer_format(out, "Dropped %zu node%s (cum <= %s)\n", shown.dropped, shown.dropped > 1 ? "s" : "",
			      figure_value(unit, cutoff).text);
	if (shown.nodes && shown.nodes < shown.known)
		buffer_format(out, "Showing top %zu nodes out of %zu\n", shown.nodes, shown.known);
}

/* An empty table is no answer to whoever reads it at night. */
static void add_nothing(struct buffer *out, const struct report_head *head, size_t shown)
{
	if (!head->total && head->is_difference)
		buffer_format(out, "No difference in %s.\n", head->type.name);
	else if (!head->total)
		buffer_format(out, "Nothing of type %s.\n", head->type.name);
	else if (!shown)
		buffer_add(out, "No stack passes the filters.\n");
}

void report_end(struct buffer *out, const struct report_head *head)
{
	bool is_stale = head->trust.stale_s > 0;
	char *note = memory_format("%s%s%s%s", head->recording,
				   is_stale        ? ""
				   : head->is_live ? " is being recorded"
						   : " is complete",
				   head->base ? ", less " : "", head->base ? head->base : "");

	report_trust(out, &head->trust, note, head->style);
	free(note);
}

/* ---- units ---- */

static void least_of(int64_t *least, int64_t flat, int64_t cum)
{
	int64_t value = magnitude(flat ? flat : cum);

	if (value && (!*least || value < *least))
		*least = value;
}

static struct unit graph_unit(const struct report_head *head, const struct graph *graph)
{
	int64_t least = 0;

	/* pprof chooses no unit where it shows no node */
	if (!graph->node_count)
		return unit_own(value_type_is_bytes(&head->type));
	for (size_t i = 0; i < graph->node_count; i++)
		least_of(&least, graph->nodes[i].flat, graph->nodes[i].cum);
	return unit_common(value_type_is_bytes(&head->type), least, head->total);
}

static struct unit tree_unit(const struct report_head *head, const struct tree *tree)
{
	int64_t least = 0;

	for (size_t i = 0; i < tree->node_count; i++)
		least_of(&least, tree->nodes[i].flat, tree->nodes[i].cum);
	return unit_common(value_type_is_bytes(&head->type), least, head->total);
}

/* ---- top ---- */

enum { WIDTH_COLUMNS = 11 }; /* of " ±0.80MB" */

static const char *inline_label(const struct graph_node *node)
{
	if (!node->inlined)
		return "";
	return node->called ? " (partial-inline)" : " (inline)";
}

/* The frames of a stack below each other, in the column of the names. */
static void add_stack(struct buffer *out, const struct profile *profile, const struct profile_stack *stack, int margin)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct profile_frame *frame = &profile->frames[profile->frame_ids[stack->first + i]];
		char *name = graph_frame_name(frame, BY_LINE);

		if (i)
			buffer_format(out, "%*s", margin, "");
		report_name(out, name);
		buffer_add(out, frame->inlined ? " (inline)\n" : "\n");
		free(name);
	}
}

/* A figure in its column, and where figures are estimates the column of its interval. */
static void add_figure(struct buffer *out, const struct report_head *head, struct unit unit, int64_t value,
		       const struct uncertainty *uncertainty)
{
	buffer_format(out, "%10s", figure_value(unit, value).text);
	if (report_is_sampled(head))
		sampling_add_width(out, unit, value, uncertainty, WIDTH_COLUMNS);
}

/* The title over that column. */
static const char *width_title(const struct report_head *head)
{
	return report_is_sampled(head) ? "          ±" : "";
}

void report_top(struct buffer *out, const struct report_head *head, const struct graph *graph)
{
	struct unit unit = graph_unit(head, graph);
	int64_t sum = 0;

	add_head(out, head, unit);
	add_shown(out, head, unit,
		  (struct shown){graph->shown_flat, graph->node_count, graph->known_count, graph->dropped_count});
	buffer_format(out, "%s%10s%s %5s%% %5s%% %10s%s %5s%%%s\n", style_strong(head->style), "flat",
		      width_title(head), "flat", "sum", "cum", width_title(head), "cum", style_end(head->style));
	for (size_t i = 0; i < graph->node_count; i++) {
		const struct graph_node *node = &graph->nodes[i];

		sum += node->flat;
		add_figure(out, head, unit, node->flat, &node->flat_uncertainty);
		buffer_format(out, " %s %s ", figure_percent(node->flat, head->total).text,
			      figure_percent(sum, head->total).text);
		add_figure(out, head, unit, node->cum, &node->cum_uncertainty);
		buffer_format(out, " %s  ", figure_percent(node->cum, head->total).text);
		if (node->stack) {
			add_stack(out, graph->profile, node->stack,
				  report_is_sampled(head) ? 48 + 2 * WIDTH_COLUMNS : 48);
			continue;
		}
		report_name(out, node->name);
		buffer_format(out, "%s\n", inline_label(node));
	}
	add_nothing(out, head, graph->node_count);
	report_end(out, head);
}

/* ---- peek ---- */

#define PEEK_RULE "----------------------------------------------------------+-------------\n"
#define PEEK_LEGEND "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"

/* Behind a name, since the columns are pprof's. */
static void add_width_after(struct buffer *out, const char *before, struct unit unit, int64_t value,
			    const struct uncertainty *uncertainty)
{
	if (!uncertainty_is_any(uncertainty))
		return;
	buffer_add(out, before);
	sampling_add_width(out, unit, value, uncertainty, 0);
}

static void add_edge(struct buffer *out, struct unit unit, const struct graph_edge *edge,
		     const struct graph_node *other, int64_t cum)
{
	buffer_format(out, "%50s %s |   ", figure_value(unit, edge->value).text, figure_percent(edge->value, cum).text);
	report_name(out, other->name);
	buffer_add(out, edge->inlined ? " (inline)" : "");
	add_width_after(out, " ", unit, edge->value, &edge->uncertainty);
	buffer_add(out, "\n");
}

static void add_peeked(struct buffer *out, const struct report_head *head, const struct graph *graph, size_t at,
		       struct unit unit, int64_t sum)
{
	const struct graph_node *node = &graph->nodes[at];

	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].callee == at)
			add_edge(out, unit, &graph->edges[i], &graph->nodes[graph->edges[i].caller], node->cum);
	buffer_format(out, "%10s %s %s %10s %s                | ", figure_value(unit, node->flat).text,
		      figure_percent(node->flat, head->total).text, figure_percent(sum, head->total).text,
		      figure_value(unit, node->cum).text, figure_percent(node->cum, head->total).text);
	buffer_add(out, style_strong(head->style));
	report_name(out, node->name);
	buffer_add(out, style_end(head->style));
	add_width_after(out, " flat ", unit, node->flat, &node->flat_uncertainty);
	add_width_after(out, " cum ", unit, node->cum, &node->cum_uncertainty);
	buffer_add(out, "\n");
	for (size_t i = 0; i < graph->edge_count; i++)
		if (graph->edges[i].caller == at)
			add_edge(out, unit, &graph->edges[i], &graph->nodes[graph->edges[i].callee], node->cum);
	buffer_add(out, PEEK_RULE);
}

size_t report_peek(struct buffer *out, const struct report_head *head, const struct graph *graph, const regex_t *name,
		   size_t limit)
{
	struct unit unit = graph_unit(head, graph);
	size_t matched = 0;
	int64_t sum = 0;

	add_head(out, head, unit);
	add_shown(out, head, unit,
		  (struct shown){graph->shown_flat, graph->node_count, graph->known_count, graph->dropped_count});
	buffer_add(out, PEEK_RULE PEEK_LEGEND PEEK_RULE);
	for (size_t i = 0; i < graph->node_count; i++) {
		if (regexec(name, graph->nodes[i].name, 0, NULL, 0))
			continue;
		matched++;
		if (limit && matched > limit)
			continue;
		sum += graph->nodes[i].flat;
		add_peeked(out, head, graph, i, unit, sum);
	}
	if (limit && matched > limit)
		buffer_format(out, "Showing %zu of %zu matching nodes\n", limit, matched);
	report_end(out, head);
	return matched;
}

/* ---- tree ---- */

/* True if the node has shown siblings: only then does the drawing branch, so that chains stay at one margin. */
static bool is_branch(const struct tree *tree, const struct tree_node *node, size_t root_count)
{
	return (node->parent == TREE_NONE ? root_count : tree->nodes[node->parent].shown_children) > 1;
}

static void add_margin(struct buffer *out, const struct tree *tree, uint32_t at, size_t root_count)
{
	const struct tree_node *node = &tree->nodes[at];

	if (node->parent != TREE_NONE)
		add_margin(out, tree, node->parent, root_count);
	if (is_branch(tree, node, root_count))
		buffer_add(out, node->last ? "   " : "|  ");
}

static void add_tree_name(struct buffer *out, const struct tree *tree, uint32_t at, size_t root_count)
{
	const struct tree_node *node = &tree->nodes[at];

	if (node->parent != TREE_NONE)
		add_margin(out, tree, node->parent, root_count);
	if (is_branch(tree, node, root_count))
		buffer_add(out, node->last ? "`- " : "+- ");
	report_name(out, node->name);
	buffer_add(out, node->inlined ? " (inline)\n" : "\n");
}

void report_tree(struct buffer *out, const struct report_head *head, const struct tree *tree)
{
	struct unit unit = tree_unit(head, tree);
	size_t root_count = 0;

	for (size_t i = 0; i < tree->node_count; i++)
		root_count += tree->nodes[i].parent == TREE_NONE;
	add_head(out, head, unit);
	add_shown(out, head, unit,
		  (struct shown){tree->shown_flat, tree->node_count, tree->known_count, tree->dropped_count});
	buffer_format(out, "%s%10s%s %5s%% %10s%s %5s%%  calling context, outermost first%s\n",
		      style_strong(head->style), "cum", width_title(head), "cum", "flat", width_title(head), "flat",
		      style_end(head->style));
	for (size_t i = 0; i < tree->node_count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		add_figure(out, head, unit, node->cum, &node->cum_uncertainty);
		buffer_format(out, " %s ", figure_percent(node->cum, head->total).text);
		add_figure(out, head, unit, node->flat, &node->flat_uncertainty);
		buffer_format(out, " %s  ", figure_percent(node->flat, head->total).text);
		add_tree_name(out, tree, (uint32_t)i, root_count);
	}
	add_nothing(out, head, tree->node_count);
	report_end(out, head);
}

/* ---- list ---- */

#define LIST_MARGIN 5 /* lines shown before a line of a function whose start is unknown, and after the last */

static const char *value_or_dot(struct figure *figure, struct unit unit, int64_t value)
{
	*figure = figure_value(unit, value);
	return value ? figure->text : ".";
}

static const struct line_values *values_of_line(const struct routine *routine, uint32_t line)
{
	for (size_t i = 0; i < routine->line_count; i++)
		if (routine->lines[i].line == line)
			return &routine->lines[i];
	return NULL;
}

static void add_line(struct buffer *out, struct unit unit, bool is_sampled, const struct line_values *values,
		     uint32_t line, const char *text)
{
	static const struct uncertainty exact;
	struct figure flat, cum;

	buffer_format(out, "%10s", value_or_dot(&flat, unit, values ? values->flat : 0));
	if (is_sampled)
		sampling_add_width(out, unit, values ? values->flat : 0, values ? &values->flat_uncertainty : &exact,
				   WIDTH_COLUMNS);
	buffer_format(out, " %10s", value_or_dot(&cum, unit, values ? values->cum : 0));
	if (is_sampled)
		sampling_add_width(out, unit, values ? values->cum : 0, values ? &values->cum_uncertainty : &exact,
				   WIDTH_COLUMNS);
	buffer_format(out, " %6u:", line);
	for (; *text; text++)
		buffer_add_bytes(out, (unsigned char)*text >= 0x20 || *text == '\t' ? text : "?", 1);
	buffer_add(out, "\n");
}

/* The lines between the function's start and a little after its last line with a value. */
static void add_source(struct buffer *out, struct unit unit, bool is_sampled, const struct routine *routine,
		       const struct report_source *source)
{
	uint32_t first = routine->lines[0].line, last = routine->lines[routine->line_count - 1].line + LIST_MARGIN;

	if (routine->start_line && routine->start_line <= first)
		first = routine->start_line;
	else
		first = first > LIST_MARGIN ? first - LIST_MARGIN : 1;
	for (uint32_t line = first; line <= last && line <= source->line_count; line++)
		add_line(out, unit, is_sampled, values_of_line(routine, line), line, source->lines[line - 1]);
}

static void add_bare_lines(struct buffer *out, struct unit unit, bool is_sampled, const struct routine *routine,
			   const struct report_source *source)
{
	if (source->looked) {
		buffer_add(out, "  The source is not here; looked for ");
		report_name(out, source->looked);
		buffer_add(out, "\n");
	}
	for (size_t i = 0; i < routine->line_count && routine->file; i++)
		add_line(out, unit, is_sampled, &routine->lines[i], routine->lines[i].line,
			 routine->lines[i].line ? "" : " (line unknown)");
}

static void add_routine(struct buffer *out, const struct report_head *head, const struct routine *routine,
			const struct report_source *source)
{
	struct unit unit = unit_own(value_type_is_bytes(&head->type));

	buffer_format(out, "%sROUTINE ======================== ", style_strong(head->style));
	report_name(out, routine->function);
	buffer_add(out, " in ");
	report_name(out, routine->file ? routine->file : routine->module[0] ? routine->module : "code of no file");
	buffer_format(out, "%s\n%10s %10s (flat, cum) %s of Total", style_end(head->style),
		      figure_value(unit, routine->flat).text, figure_value(unit, routine->cum).text,
		      figure_percent(routine->cum, head->total).text);
	add_width_after(out, ", flat ", unit, routine->flat, &routine->flat_uncertainty);
	add_width_after(out, ", cum ", unit, routine->cum, &routine->cum_uncertainty);
	buffer_add(out, "\n");
	if (!routine->file)
		buffer_add(out, "  No line numbers: the module's debug info was not found; `seep info` says why\n");
	if (source->found && routine->file && strcmp(source->found, routine->file) != 0) {
		buffer_add(out, "  Source read from ");
		report_name(out, source->found);
		buffer_add(out, "\n");
	}
	if (source->found)
		add_source(out, unit, report_is_sampled(head), routine, source);
	else
		add_bare_lines(out, unit, report_is_sampled(head), routine, source);
}

void report_list(struct buffer *out, const struct report_head *head, const struct routines *routines,
		 const struct report_source *sources)
{
	struct unit unit = unit_own(value_type_is_bytes(&head->type));

	buffer_format(out, "Total: %s", figure_value(unit, head->total).text);
	add_total_width(out, head, unit);
	buffer_add(out, "\n");
	sampling_add_head(out, head);
	for (size_t i = 0; i < routines->count; i++)
		add_routine(out, head, &routines->items[i], &sources[i]);
	report_end(out, head);
}
