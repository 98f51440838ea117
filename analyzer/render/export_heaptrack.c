/* SPDX-License-Identifier: MIT */
/*
 * heaptrack's data file, version 2 of its format, as heaptrack_print and heaptrack_gui read it
 * (https://invent.kde.org/sdk/heaptrack, src/analyze/accumulatedtracedata.cpp). Lines of a letter and hexadecimal
 * numbers; tables are numbered from 1 in the order of their lines, and 0 is none:
 *
 *	v VERSION FORMAT     X COMMAND      I PAGE_SIZE PAGES
 *	s STRING             the next string
 *	i ADDRESS MODULE FUNCTION FILE LINE [FUNCTION FILE LINE]...   an instruction: the innermost function first
 *	t INSTRUCTION PARENT the next node of the tree of stacks; the parent is the caller's
 *	a SIZE NODE          the next kind of block, numbered from 0
 *	+ BLOCK              one was allocated        c MILLISECONDS   it is so late
 *
 * heaptrack plays events, a recording has sums: written are the blocks that are still held, at the end of the
 * recording, so that "bytes leaked" and the leaked blocks of each stack are right, and nothing that was freed.
 * A callsite's blocks share its bytes as evenly as whole bytes go. Of more than CALLS_MOST blocks several are written
 * as one. A difference has what was gained: heaptrack compares two files itself (`heaptrack_print -d`).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../analysis/interner.h"
#include "../analysis/memory.h"
#include "export.h"

#define CALLS_MOST 1000000
#define HEAPTRACK_VERSION 0x10400
#define FORMAT_VERSION 2

struct writer {
	struct buffer *out;
	const struct samples *samples;
	size_t objects, bytes; /* which values these are */
	struct interned *strings, *instructions, *nodes;
	uint64_t block_kinds;
	int64_t per_call; /* blocks that are written as one */
};

static uint64_t string_number(struct writer *writer, const char *text)
{
	struct buffer clean = {0};
	struct interned *entry;
	bool is_new;

	if (!text || !*text)
		return 0;
	export_name(&clean, text, "");
	entry = intern(&writer->strings, clean.text, clean.size, &is_new);
	if (is_new)
		buffer_format(writer->out, "s %s\n", entry->key);
	return entry->number + 1;
}

/* `count` frames, the last one of which contains the others. */
static uint64_t instruction_number(struct writer *writer, size_t first, size_t count)
{
	const struct samples *samples = writer->samples;
	const struct profile_frame *outer = export_frame(samples, first + count - 1);
	struct buffer line = {0};
	struct interned *entry;
	uint64_t number;
	bool is_new;

	buffer_format(&line, "i %" PRIx64 " %" PRIx64, outer->offset, string_number(writer, outer->module));
	for (size_t i = 0; i < count; i++) {
		const struct profile_frame *frame = export_frame(samples, first + i);

		buffer_format(&line, " %" PRIx64, string_number(writer, frame->function));
		buffer_format(&line, " %" PRIx64 " %x", string_number(writer, frame->file), frame->line);
	}
	entry = intern(&writer->instructions, line.text, line.size, &is_new);
	number = entry->number + 1;
	if (is_new)
		buffer_format(writer->out, "%s\n", entry->key);
	return number;
}

static uint64_t node_number(struct writer *writer, uint64_t instruction, uint64_t parent)
{
	char *key = memory_format("t %" PRIx64 " %" PRIx64, instruction, parent);
	bool is_new;
	struct interned *entry = intern(&writer->nodes, key, strlen(key), &is_new);

	if (is_new)
		buffer_format(writer->out, "%s\n", entry->key);
	return entry->number + 1;
}

static uint64_t stack_number(struct writer *writer, const struct sample *sample)
{
	const struct samples *samples = writer->samples;
	size_t end = sample->count;
	uint64_t node = 0;

	while (end) {
		size_t start = end - 1;

		while (start && export_frame(samples, sample->first + start - 1)->inlined)
			start--;
		node = node_number(writer, instruction_number(writer, sample->first + start, end - start), node);
		end = start;
	}
	return node;
}

static void add_blocks(struct writer *writer, int64_t count, int64_t size, uint64_t stack)
{
	if (!count)
		return;
	buffer_format(writer->out, "a %" PRIx64 " %" PRIx64 "\n", (uint64_t)size, stack);
	while (count--)
		buffer_format(writer->out, "+ %" PRIx64 "\n", writer->block_kinds);
	writer->block_kinds++;
}

/* The calls that the sample's blocks are written as. */
static int64_t calls_of(const struct writer *writer, const struct sample *sample)
{
	int64_t objects = sample->values[writer->objects], bytes = sample->values[writer->bytes];

	if (bytes <= 0)
		return 0;
	if (objects <= 0) /* an estimate's rounding */
		return 1;
	return (objects + writer->per_call - 1) / writer->per_call;
}

static void add_sample(struct writer *writer, const struct sample *sample)
{
	int64_t calls = calls_of(writer, sample), bytes = sample->values[writer->bytes];
	uint64_t stack;

	if (!calls)
		return;
	stack = stack_number(writer, sample);
	add_blocks(writer, bytes % calls, bytes / calls + 1, stack);
	add_blocks(writer, calls - bytes % calls, bytes / calls, stack);
}

static int64_t objects_per_call(const struct writer *writer)
{
	int64_t objects = 0;

	for (size_t i = 0; i < writer->samples->count; i++)
		objects += calls_of(writer, &writer->samples->items[i]);
	return objects / CALLS_MOST + 1;
}

static void add_notes(struct buffer *out, const struct export_source *source)
{
	struct buffer notes = {0};
	char *rest;

	buffer_add(&notes, "");
	export_sampling_notes(&notes, source);
	export_trust_notes(&notes, source);
	rest = notes.text;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			buffer_format(out, "# %s\n", line);
	buffer_release(&notes);
}

static size_t type_index(const struct samples *samples, const char *name)
{
	size_t index = 0;

	while (index + 1 < samples->type_count && strcmp(samples->types[index].name, name) != 0)
		index++;
	return index;
}

void export_heaptrack(struct buffer *out, const struct export_source *source)
{
	const struct report_head *head = source->head;
	struct writer writer = {
		.out = out,
		.samples = source->samples,
		.objects = type_index(source->samples, "inuse_objects"),
		.bytes = type_index(source->samples, "inuse_space"),
		.per_call = 1,
	};

	writer.per_call = objects_per_call(&writer);
	buffer_format(out, "v %x %x\nX ", HEAPTRACK_VERSION, FORMAT_VERSION);
	export_name(out, head->program ? head->program : head->recording, "");
	buffer_add(out, "\n");
	add_notes(out, source);
	buffer_format(out, "c %" PRIx64 "\n", (uint64_t)(head->duration_ns / 1000000));
	for (size_t i = 0; i < source->samples->count; i++)
		add_sample(&writer, &source->samples->items[i]);
	interned_release(writer.strings);
	interned_release(writer.instructions);
	interned_release(writer.nodes);
}
