/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <string.h>

#include "../base/utf8.h"
#include "sampling.h"

const struct export_row *export_row(enum export_format format)
{
	static const struct export_row rows[EXPORT_COUNT] = {
#define FORMAT(X, id, name, binary, every, help) [EXPORT_##id] = {#name, binary, every, export_##name},
		EXPORT_EVERY_FORMAT(FORMAT, )
#undef FORMAT
			[EXPORT_SQLITE] = {.name = "sqlite", .is_binary = true},
		[EXPORT_HTML] = {.name = "html", .has_every_type = true},
	};

	return &rows[format];
}

const struct profile_frame *export_frame(const struct samples *samples, size_t id_index)
{
	return &samples->profile->frames[samples->profile->frame_ids[id_index]];
}

const char *export_unit(const struct value_type *type)
{
	return value_type_is_bytes(type) ? "bytes" : "count";
}

void export_name(struct buffer *out, const char *name, const char *more)
{
	while (*name) {
		size_t size = utf8_size(name);
		bool is_plain = size > 1 || (size && (unsigned char)*name >= 0x20 && *name != 0x7f);

		if (is_plain && !strchr(more, *name))
			buffer_add_bytes(out, name, size);
		else
			buffer_add(out, size ? "?" : "\xef\xbf\xbd");
		name += size ? size : 1;
	}
}

void export_stack(struct buffer *out, const struct samples *samples, const struct sample *sample)
{
	for (size_t i = sample->count; i-- > 0;) {
		export_name(out, export_frame(samples, sample->first + i)->function, ";");
		buffer_add(out, i ? ";" : "");
	}
}

static void add_sampling(struct buffer *out, const char *title, const struct model_sampling *samplings, size_t count,
			 int64_t until_ns)
{
	if (!sampling_is_on(samplings, count, until_ns))
		return;
	buffer_add(out, title);
	sampling_add_history(out, samplings, count, until_ns);
	buffer_add(out, " of heap bytes; heap figures are estimates\n");
}

void export_sampling_notes(struct buffer *out, const struct export_source *source)
{
	const struct report_head *head = source->head;

	add_sampling(out, "Sampled: ", head->samplings, head->sampling_count, head->until_ns);
	add_sampling(out, "Base sampled: ", head->base_samplings, head->base_sampling_count, INT64_MAX);
}

void export_trust_notes(struct buffer *out, const struct export_source *source)
{
	report_end(out, source->head);
}
