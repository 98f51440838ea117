/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks, the input of Brendan Gregg's flamegraph.pl (https://github.com/brendangregg/FlameGraph): a line is the
 * frames, outermost first, separated by ';', a blank and the value. A difference has two values, that of before and
 * that of now, as its difffolded.pl writes them: flamegraph.pl takes no negative ones.
 */
#include <inttypes.h>

#include "export.h"

void export_collapsed(struct buffer *out, const struct export_source *source)
{
	const struct samples *samples = source->samples;

	buffer_add(out, "");
	for (size_t i = 0; i < samples->count; i++) {
		const struct sample *sample = &samples->items[i];

		export_stack(out, samples, sample);
		buffer_add(out, " ");
		if (source->head->is_difference)
			buffer_format(out, "%" PRId64 " ", sample->before);
		buffer_format(out, "%" PRId64 "\n", sample->after);
	}
}
