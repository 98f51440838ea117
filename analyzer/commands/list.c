/* SPDX-License-Identifier: MIT */
/* seep list REGEX - source lines of matching functions, each with its flat and cum. */
#include <stdlib.h>

#include "../analysis/memory.h"
#include "commands.h"
#include "open.h"
#include "source.h"

static int64_t magnitude(int64_t value)
{
	return value < 0 ? -value : value;
}

static int compare_cum(const void *left, const void *right)
{
	int64_t a = magnitude(((const struct routine *)left)->cum), b = magnitude(((const struct routine *)right)->cum);

	return (a < b) - (a > b);
}

static void add_routines(const struct session *session, const struct routines *routines, struct buffer *out)
{
	struct report_source *sources = memory_zeroed(routines->count, sizeof(*sources));

	for (size_t i = 0; i < routines->count; i++)
		source_read(routines->items[i].file, &sources[i]);
	if (session->options->json)
		report_list_json(out, &session->head, routines, sources);
	else
		report_list(out, &session->head, routines, sources);
	for (size_t i = 0; i < routines->count; i++)
		source_release(&sources[i]);
	free(sources);
}

static int add_list(const struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;
	struct routines routines;
	size_t all;

	routines_build(&session->profile, &options->name_regex, &routines);
	all = routines.count;
	if (!all) {
		routines_release(&routines);
		return error_set(error, SEEP_ERR_NOT_FOUND,
				 "no function with %s in %s matches '%s'; `seep top -n 0 --cum` lists what there is",
				 options->type.name, session->head.recording, options->operands[0]);
	}
	if (options->by_cum)
		qsort(routines.items, routines.count, sizeof(*routines.items), compare_cum);
	if (options->limit && options->limit < all)
		routines.count = options->limit;
	add_routines(session, &routines, out);
	routines.count = all;
	routines_release(&routines);
	return SEEP_OK;
}

int command_list(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_LIST, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = command_report(&options, add_list);
	options_release(&options);
	return exit_code;
}
