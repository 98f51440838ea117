/* SPDX-License-Identifier: MIT */
/*
 * pprof's profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto), compressed by gzip. The
 * numbers of fields are that file's.
 *
 *  - A sample has one value a type, in the order of the types, and the kind of thing as label; estimates have another
 *    label. So `-tagfocus kind=file -sample_index=fds` shows files only.
 *  - A location is a call: the inlined functions at it, innermost first, and the function that contains them. It is
 *    known by these; its address is that of the first instruction that was seen there. Addresses are made up:
 *    modules lie one after the other, in the order in which they occur, the program first, as pprof wants it.
 *  - system_name stays empty: where it is the name, pprof takes it for mangled and shortens C++ names.
 *  - Comments that begin with '#' are shown by -comments only; how blocks were sampled heads every report.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../analysis/interner.h"
#include "../analysis/memory.h"
#include "../analysis/paths.h"
#include "../analysis/sampling.h"
#include "export.h"
#include "protobuf.h"

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE,
	PROFILE_MAPPING,
	PROFILE_LOCATION,
	PROFILE_FUNCTION,
	PROFILE_STRING,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS,
	PROFILE_PERIOD_TYPE,
	PROFILE_PERIOD,
	PROFILE_COMMENT,
	PROFILE_DEFAULT_SAMPLE_TYPE,
};
enum value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT };
enum sample_field { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum label_field { LABEL_KEY = 1, LABEL_STR };
enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_MEMORY_START,
	MAPPING_MEMORY_LIMIT,
	MAPPING_FILENAME = 5,
	MAPPING_BUILD_ID,
	MAPPING_HAS_FUNCTIONS,
	MAPPING_HAS_FILENAMES,
	MAPPING_HAS_LINE_NUMBERS,
	MAPPING_HAS_INLINE_FRAMES,
};
enum location_field { LOCATION_ID = 1, LOCATION_MAPPING_ID, LOCATION_ADDRESS, LOCATION_LINE };
enum line_field { LINE_FUNCTION_ID = 1, LINE_LINE };
enum function_field { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_FILENAME = 4, FUNCTION_START_LINE };

#define PAGE 0x1000
#define FIRST_ADDRESS 0x400000

struct writer {
	const struct export_source *source;
	struct buffer out, part; /* part: the message at hand */
	struct interned *strings, *mappings, *locations, *functions;
	uint64_t next_address;
	uint64_t *ids; /* the locations of the sample at hand */
	size_t id_count, id_capacity;
};

/* The string's number; it is written when it is met. */
static uint64_t string_number(struct writer *writer, const char *text)
{
	struct buffer clean = {0};
	struct interned *entry;
	bool is_new;

	buffer_add(&clean, "");
	export_name(&clean, text, "");
	entry = intern(&writer->strings, clean.text, clean.size, &is_new);
	if (is_new)
		protobuf_bytes(&writer->out, PROFILE_STRING, entry->key, strlen(entry->key));
	return entry->number;
}

/* ---- mappings ---- */

static const struct model_module *module_of(const struct recording *recording, const char *path)
{
	for (size_t i = 0; recording && i < recording->module_count; i++)
		if (recording->modules[i].id && !strcmp(recording->modules[i].path, path))
			return &recording->modules[i];
	return NULL;
}

static void add_mapping(struct writer *writer, const struct interned *entry, uint64_t limit, const char *file,
			const char *build_id)
{
	uint64_t file_string = string_number(writer, file), build_id_string = string_number(writer, build_id);

	protobuf_uint(&writer->part, MAPPING_ID, entry->number + 1);
	protobuf_uint(&writer->part, MAPPING_MEMORY_START, entry->value);
	protobuf_uint(&writer->part, MAPPING_MEMORY_LIMIT, limit);
	protobuf_uint(&writer->part, MAPPING_FILENAME, file_string);
	protobuf_uint(&writer->part, MAPPING_BUILD_ID, build_id_string);
	/* names are final: nobody has to look for more */
	for (uint32_t has = MAPPING_HAS_FUNCTIONS; has <= MAPPING_HAS_INLINE_FRAMES; has++)
		protobuf_uint(&writer->part, has, true);
	protobuf_message(&writer->out, PROFILE_MAPPING, &writer->part);
}

/* The program is called as people call it, as in reports: its file may have another name. */
static char *shown_path(const struct report_head *head, const char *path)
{
	const char *base = path_base(path);

	if (!head->program || !head->program_path || strcmp(path, head->program_path) != 0)
		return memory_string(path);
	return memory_format("%.*s%s", (int)(base - path), path, head->program);
}

/* So far do a module's addresses go. */
static uint64_t extent_of(const struct profile *profile, const char *path)
{
	uint64_t extent = 0;

	for (size_t i = 0; i < profile->frame_count; i++)
		if (profile->frames[i].offset > extent && !strcmp(profile->frames[i].module, path))
			extent = profile->frames[i].offset;
	return extent;
}

static struct interned *mapping_of(struct writer *writer, const char *path)
{
	const struct model_module *module = module_of(writer->source->recording, path);
	bool is_new;
	struct interned *entry = intern(&writer->mappings, memory_string(path), strlen(path), &is_new);
	char *file;

	if (!is_new)
		return entry;
	if (!module)
		module = module_of(writer->source->base, path);
	file = shown_path(writer->source->head, path);
	entry->value = writer->next_address;
	writer->next_address += (extent_of(writer->source->samples->profile, path) / PAGE + 2) * PAGE;
	add_mapping(writer, entry, writer->next_address - PAGE, file, module ? module->build_id : "");
	free(file);
	return entry;
}

/* ---- locations ---- */

static uint64_t function_id(struct writer *writer, const struct profile_frame *frame)
{
	const char *file = frame->file ? frame->file : "";
	char *key = memory_format("%s\n%s\n%u", frame->function, file, frame->start_line);
	bool is_new;
	struct interned *entry = intern(&writer->functions, key, strlen(key), &is_new);
	struct buffer function = {0};

	if (!is_new)
		return entry->number + 1;
	protobuf_uint(&function, FUNCTION_ID, entry->number + 1);
	protobuf_uint(&function, FUNCTION_NAME, string_number(writer, frame->function));
	protobuf_uint(&function, FUNCTION_FILENAME, string_number(writer, file));
	protobuf_uint(&function, FUNCTION_START_LINE, frame->start_line);
	protobuf_message(&writer->out, PROFILE_FUNCTION, &function);
	buffer_release(&function);
	return entry->number + 1;
}

static void add_line(struct writer *writer, const struct profile_frame *frame)
{
	struct buffer line = {0};

	protobuf_uint(&line, LINE_FUNCTION_ID, function_id(writer, frame));
	protobuf_uint(&line, LINE_LINE, frame->line);
	protobuf_message(&writer->part, LOCATION_LINE, &line);
	buffer_release(&line);
}

/* The location of `count` frames, the last one of which contains the others. */
static uint64_t location_id(struct writer *writer, size_t first, size_t count)
{
	const struct samples *samples = writer->source->samples;
	size_t size = count * sizeof(uint32_t);
	const struct profile_frame *outer = export_frame(samples, first + count - 1);
	struct interned *mapping;
	bool is_new;
	struct interned *entry =
		intern(&writer->locations, memory_copy(samples->profile->frame_ids + first, size), size, &is_new);

	if (!is_new)
		return entry->number + 1;
	mapping = outer->module[0] ? mapping_of(writer, outer->module) : NULL;
	protobuf_uint(&writer->part, LOCATION_ID, entry->number + 1);
	if (mapping) {
		protobuf_uint(&writer->part, LOCATION_MAPPING_ID, mapping->number + 1);
		protobuf_uint(&writer->part, LOCATION_ADDRESS, mapping->value + outer->offset);
	}
	for (size_t i = 0; i < count; i++)
		add_line(writer, export_frame(samples, first + i));
	protobuf_message(&writer->out, PROFILE_LOCATION, &writer->part);
	return entry->number + 1;
}

static void collect_locations(struct writer *writer, const struct sample *sample)
{
	const struct samples *samples = writer->source->samples;
	size_t count;

	writer->id_count = 0;
	for (size_t at = 0; at < sample->count; at += count) {
		for (count = 1; at + count < sample->count; count++)
			if (!export_frame(samples, sample->first + at + count - 1)->inlined)
				break;
		writer->ids =
			memory_grow(writer->ids, &writer->id_capacity, writer->id_count + 1, sizeof(*writer->ids));
		writer->ids[writer->id_count++] = location_id(writer, sample->first + at, count);
	}
}

/* ---- samples ---- */

static void add_label(struct writer *writer, const char *key, const char *text)
{
	struct buffer label = {0};

	protobuf_uint(&label, LABEL_KEY, string_number(writer, key));
	protobuf_uint(&label, LABEL_STR, string_number(writer, text));
	protobuf_message(&writer->part, SAMPLE_LABEL, &label);
	buffer_release(&label);
}

static void add_sample(struct writer *writer, const struct sample *sample)
{
	uint64_t values[SAMPLE_TYPES_MOST];
	size_t count = writer->source->samples->type_count;

	collect_locations(writer, sample);
	for (size_t i = 0; i < count; i++)
		values[i] = (uint64_t)sample->values[i];
	protobuf_packed(&writer->part, SAMPLE_LOCATION_ID, writer->ids, writer->id_count);
	protobuf_packed(&writer->part, SAMPLE_VALUE, values, count);
	add_label(writer, "kind", kind_name(sample->kind));
	if (sample->is_estimate)
		add_label(writer, "figures", "estimated");
	protobuf_message(&writer->out, PROFILE_SAMPLE, &writer->part);
}

/* ---- the profile ---- */

static void add_type(struct writer *writer, uint32_t field, const char *name, const char *unit)
{
	uint64_t name_string = string_number(writer, name), unit_string = string_number(writer, unit);

	protobuf_uint(&writer->part, VALUE_TYPE_TYPE, name_string);
	protobuf_uint(&writer->part, VALUE_TYPE_UNIT, unit_string);
	protobuf_message(&writer->out, field, &writer->part);
}

static void add_comments(struct writer *writer, const char *before, struct buffer *notes)
{
	char *rest = notes->text;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *comment = memory_format("%s%s", before, line);

		if (*line)
			protobuf_uint(&writer->out, PROFILE_COMMENT, string_number(writer, comment));
		free(comment);
	}
	buffer_release(notes);
}

static void add_head(struct writer *writer)
{
	const struct export_source *source = writer->source;
	const struct samples *samples = source->samples;
	uint64_t interval = sampling_largest(source->recording, source->head->until_ns);
	struct buffer sampling = {0}, trust = {0};

	string_number(writer, ""); /* the first one has to be */
	for (size_t i = 0; i < samples->type_count; i++)
		add_type(writer, PROFILE_SAMPLE_TYPE, samples->types[i].name, export_unit(&samples->types[i]));
	protobuf_uint(&writer->out, PROFILE_DEFAULT_SAMPLE_TYPE,
		      string_number(writer, samples->types[samples->asked].name));
	if (source->head->program_path)
		mapping_of(writer, source->head->program_path);
	protobuf_int(&writer->out, PROFILE_TIME_NANOS, source->head->time_ns);
	protobuf_int(&writer->out, PROFILE_DURATION_NANOS, source->head->duration_ns);
	add_type(writer, PROFILE_PERIOD_TYPE, "space", "bytes");
	protobuf_uint(&writer->out, PROFILE_PERIOD, interval ? interval : 1);
	export_sampling_notes(&sampling, source);
	add_comments(writer, "", &sampling);
	export_trust_notes(&trust, source);
	add_comments(writer, "# ", &trust);
}

/* gzip's header has no time and no name: equal profiles are equal files. */
static void compress_into(struct buffer *out, const struct buffer *plain)
{
	enum { GZIP = 16 };
	z_stream stream = {.next_in = (Bytef *)plain->text, .avail_in = (uInt)plain->size};
	char part[16384];
	int code = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP, 8, Z_DEFAULT_STRATEGY);

	while (code == Z_OK) {
		stream.next_out = (Bytef *)part;
		stream.avail_out = sizeof(part);
		code = deflate(&stream, Z_FINISH);
		buffer_add_bytes(out, part, sizeof(part) - stream.avail_out);
	}
	deflateEnd(&stream);
}

void export_pprof(struct buffer *out, const struct export_source *source)
{
	struct writer writer = {.source = source, .next_address = FIRST_ADDRESS};

	add_head(&writer);
	for (size_t i = 0; i < source->samples->count; i++)
		add_sample(&writer, &source->samples->items[i]);
	compress_into(out, &writer.out);
	interned_release(writer.strings);
	interned_release(writer.mappings);
	interned_release(writer.locations);
	interned_release(writer.functions);
	buffer_release(&writer.out);
	buffer_release(&writer.part);
	free(writer.ids);
}
