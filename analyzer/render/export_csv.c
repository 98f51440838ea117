/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values as of RFC 4180, but that lines end as lines do here: a header, then a row a sample. The
 * columns before the values are those of its innermost shown frame; the last one is the whole stack, outermost first,
 * separated by ';', as in folded stacks. A cell that a spreadsheet would take for a formula begins with an apostrophe.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"

static void add_cell(struct buffer *out, const char *text)
{
	buffer_add(out, strchr("=+-@", *text) && *text ? "\"'" : "\"");
	for (; *text; text++) {
		buffer_add_bytes(out, text, 1);
		if (*text == '"')
			buffer_add(out, "\"");
	}
	buffer_add(out, "\"");
}

static void add_name(struct buffer *out, const char *name)
{
	struct buffer clean = {0};

	buffer_add(&clean, "");
	export_name(&clean, name ? name : "", "");
	add_cell(out, clean.text);
	buffer_release(&clean);
}

static void add_header(struct buffer *out, const struct samples *samples)
{
	buffer_add(out, "kind,function,file,line,module,estimated");
	for (size_t i = 0; i < samples->type_count; i++) {
		buffer_add(out, ",");
		buffer_add(out, samples->types[i].name);
	}
	buffer_add(out, ",stack\n");
}

static void add_stack(struct buffer *out, const struct samples *samples, const struct sample *sample)
{
	struct buffer stack = {0};

	buffer_add(&stack, "");
	export_stack(&stack, samples, sample);
	add_cell(out, stack.text);
	buffer_release(&stack);
}

static void add_row(struct buffer *out, const struct samples *samples, const struct sample *sample)
{
	const struct profile_frame *frame = export_frame(samples, sample->first);

	buffer_format(out, "%s,", kind_name(sample->kind));
	add_name(out, frame->function);
	buffer_add(out, ",");
	add_name(out, frame->file);
	if (frame->line)
		buffer_format(out, ",%u,", frame->line);
	else
		buffer_add(out, ",,");
	add_name(out, frame->module);
	buffer_add(out, sample->is_estimate ? ",yes," : ",no,");
	for (size_t i = 0; i < samples->type_count; i++)
		buffer_format(out, "%" PRId64 ",", sample->values[i]);
	add_stack(out, samples, sample);
	buffer_add(out, "\n");
}

void export_csv(struct buffer *out, const struct export_source *source)
{
	add_header(out, source->samples);
	for (size_t i = 0; i < source->samples->count; i++)
		add_row(out, source->samples, &source->samples->items[i]);
}
