/* SPDX-License-Identifier: MIT */
/*
 * A flame graph as one static SVG: no script, nothing from elsewhere. Outermost frames are at the bottom; a frame is as
 * wide as what was acquired below it, in the order of `seep tree`, and its title has the figures, which browsers show
 * under the pointer.
 *
 * In a difference a frame is as wide as what changed below it, more and less alike: red became more, blue less.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/memory.h"
#include "../analysis/tree.h"
#include "export.h"

enum {
	WIDTH = 1200,
	MARGIN = 10,
	ROW_HEIGHT = 18,
	HEAD_HEIGHT = 46,
	FOOT_HEIGHT = 10,
	TEXT_INSET = 3,
};
#define CHARACTER_WIDTH 6.6  /* of the 11 pixel monospaced font */
#define NODE_FRACTION 0.0005 /* half a pixel */

struct graph_box {
	double x, width;
	double next_child_x;
};

struct drawing {
	struct buffer *out;
	const struct report_head *head;
	const struct tree *tree;
	struct graph_box *boxes; /* by node */
	int64_t *weights;
	int64_t total;
	uint32_t rows;
};

/* ---- text ---- */

static void add_escaped(struct buffer *out, const char *text)
{
	static const struct {
		const char *from, *to;
	} escapes[] = {
		{"&", "&amp;"},
		{"<", "&lt;"},
		{">", "&gt;"},
		{"\"", "&quot;"},
		/* no characters of XML 1.0 */
		{"\xef\xbf\xbe", "?"},
		{"\xef\xbf\xbf", "?"},
	};

	while (*text) {
		const char *to = NULL;
		size_t size = 1;

		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]) && !to; i++) {
			size = strlen(escapes[i].from);
			if (!strncmp(text, escapes[i].from, size))
				to = escapes[i].to;
		}
		if (to)
			buffer_add(out, to);
		else
			buffer_add_bytes(out, text, size = 1);
		text += size;
	}
}

static void add_text(struct buffer *out, const char *name)
{
	struct buffer clean = {0};

	buffer_add(&clean, "");
	export_name(&clean, name, "");
	add_escaped(out, clean.text);
	buffer_release(&clean);
}

/* As much of a name as fits, or nothing; what is cut ends with "..". */
static void add_label(struct buffer *out, const char *name, double width)
{
	double room = (width - 2 * TEXT_INSET) / CHARACTER_WIDTH;
	size_t most = room > 3 ? (size_t)room : 0, characters = 0, kept = 0, size = 0;
	struct buffer clean = {0};

	if (!most)
		return;
	export_name(&clean, name, "");
	while (clean.text && clean.text[size]) {
		if (characters + 2 == most)
			kept = size;
		do
			size++;
		while ((clean.text[size] & 0xc0) == 0x80);
		characters++;
	}
	if (characters > most) {
		clean.text[kept] = '\0';
		add_escaped(out, clean.text);
		buffer_add(out, "..");
	} else if (clean.text) {
		add_escaped(out, clean.text);
	}
	buffer_release(&clean);
}

/* ---- layout ---- */

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

/* What changed at and below each node, whatever its sign; at least its cum, for small nodes are not in the tree. */
static void weigh(struct drawing *drawing)
{
	const struct tree *tree = drawing->tree;

	for (size_t i = tree->node_count; i-- > 0;) {
		const struct tree_node *node = &tree->nodes[i];

		drawing->weights[i] += magnitude(node->flat);
		if (drawing->weights[i] < magnitude(node->cum))
			drawing->weights[i] = magnitude(node->cum);
		if (node->parent == TREE_NONE)
			drawing->total += drawing->weights[i];
		else
			drawing->weights[node->parent] += drawing->weights[i];
		if (node->depth + 1 > drawing->rows)
			drawing->rows = node->depth + 1;
	}
}

static void lay_out(struct drawing *drawing)
{
	double scale = drawing->total ? (WIDTH - 2.0 * MARGIN) / (double)drawing->total : 0, next_x = MARGIN;

	for (size_t i = 0; i < drawing->tree->node_count; i++) {
		uint32_t parent = drawing->tree->nodes[i].parent;
		double *x = parent == TREE_NONE ? &next_x : &drawing->boxes[parent].next_child_x;
		struct graph_box *box = &drawing->boxes[i];

		*box = (struct graph_box){.x = *x, .width = (double)drawing->weights[i] * scale, .next_child_x = *x};
		*x += box->width;
	}
}

/* ---- the picture ---- */

/* A colour that a name always has: warm, or by sign. */
static void add_colour(struct drawing *drawing, const struct tree_node *node)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (const char *c = node->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	if (!drawing->head->is_difference)
		buffer_format(drawing->out, "hsl(%u,80%%,%u%%)", 15 + hash % 40, 60 + hash / 64 % 10);
	else if (node->cum)
		buffer_format(drawing->out, "hsl(%u,75%%,%u%%)", node->cum > 0 ? 8 : 212, 65 + hash % 10);
	else
		buffer_add(drawing->out, "hsl(0,0%,80%)");
}

static void add_node(struct drawing *drawing, size_t at)
{
	const struct tree_node *node = &drawing->tree->nodes[at];
	const struct graph_box *box = &drawing->boxes[at];
	struct unit unit = unit_own(value_type_is_bytes(&drawing->head->type));
	uint32_t y = HEAD_HEIGHT + (drawing->rows - 1 - node->depth) * ROW_HEIGHT;

	buffer_add(drawing->out, "<g><title>");
	add_text(drawing->out, node->name);
	buffer_format(drawing->out, "%s: %s, %s; itself %s</title>", node->inlined ? " (inline)" : "",
		      figure_value(unit, node->cum).text, figure_percent_bare(node->cum, drawing->head->total).text,
		      figure_value(unit, node->flat).text);
	buffer_format(drawing->out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"", box->x, y,
		      box->width, ROW_HEIGHT - 1);
	add_colour(drawing, node);
	buffer_format(drawing->out, "\"/><text x=\"%.2f\" y=\"%u\">", box->x + TEXT_INSET, y + ROW_HEIGHT - 5);
	add_label(drawing->out, node->name, box->width);
	buffer_add(drawing->out, "</text></g>\n");
}

static void add_caption(struct drawing *drawing, const struct export_source *source)
{
	const struct report_head *head = drawing->head;
	struct buffer notes = {0};

	buffer_format(drawing->out, "<text class=\"title\" x=\"%d\" y=\"18\">", MARGIN);
	add_text(drawing->out, head->program ? head->program : head->recording);
	buffer_format(drawing->out, ": %s%s %s</text>\n", head->type.name, head->is_difference ? ", changed by" : "",
		      figure_value(unit_own(value_type_is_bytes(&head->type)), head->total).text);
	buffer_format(drawing->out, "<text x=\"%d\" y=\"36\">", MARGIN);
	add_text(drawing->out, head->recording);
	if (head->base) {
		buffer_add(drawing->out, ", less ");
		add_text(drawing->out, head->base);
	}
	export_sampling_notes(&notes, source);
	if (notes.size) {
		notes.text[strcspn(notes.text, "\n")] = '\0';
		buffer_add(drawing->out, "; ");
		add_text(drawing->out, notes.text);
	}
	buffer_add(drawing->out, "</text>\n");
	buffer_release(&notes);
}

static void add_picture(struct drawing *drawing, const struct export_source *source)
{
	uint32_t height = HEAD_HEIGHT + drawing->rows * ROW_HEIGHT + FOOT_HEIGHT;

	buffer_format(drawing->out,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">\n"
		      "<style>text{font:11px monospace;fill:#111}.title{font-size:14px;font-weight:bold}"
		      "g text{pointer-events:none}g:hover rect{stroke:#111}</style>\n"
		      "<rect width=\"%d\" height=\"%u\" fill=\"#fff\"/>\n",
		      WIDTH, height, WIDTH, height, WIDTH, height);
	add_caption(drawing, source);
	for (size_t i = 0; i < drawing->tree->node_count; i++)
		add_node(drawing, i);
	buffer_add(drawing->out, "</svg>\n");
}

void export_svg(struct buffer *out, const struct export_source *source)
{
	struct tree_options options = {.by = BY_FUNCTION, .node_fraction = NODE_FRACTION};
	struct tree tree;
	struct drawing drawing = {.out = out, .head = source->head, .tree = &tree};

	tree_build(source->samples->profile, &options, &tree);
	drawing.boxes = memory_zeroed(tree.node_count, sizeof(*drawing.boxes));
	drawing.weights = memory_zeroed(tree.node_count, sizeof(*drawing.weights));
	weigh(&drawing);
	lay_out(&drawing);
	add_picture(&drawing, source);
	free(drawing.boxes);
	free(drawing.weights);
	tree_release(&tree);
}
