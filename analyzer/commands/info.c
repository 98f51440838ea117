/* SPDX-License-Identifier: MIT */
/* seep info - what a recording contains: processes, marks, misuse, symbols, Seep's own cost, trust. */
#include "../render/info.h"

#include <stdlib.h>

#include "../analysis/memory.h"
#include "../analysis/sampling.h"
#include "commands.h"
#include "open.h"

/* Everything that info reads beside the recording itself. */
struct gathered {
	struct summary summary;
	struct info_process *processes;
	struct info_mark *marks;
	size_t mark_count, mark_capacity;
	struct info_event *events;
	size_t event_count, event_capacity;
	struct store_adaptation *adaptations;
	size_t adaptation_count, adaptation_capacity;
	double max_overhead;
	uint32_t *mark_ids; /* beside marks */
	size_t mark_id_capacity;
	uint32_t process_id; /* 0 all */
	char *host, *kernel, *version, *arena;
};

static char *copy_or_null(const char *text)
{
	return text ? memory_string(text) : NULL;
}

static void take_mark(const struct store_mark *mark, void *context)
{
	struct gathered *all = context;

	if (all->process_id && mark->process_id && mark->process_id != all->process_id)
		return;
	all->marks = memory_grow(all->marks, &all->mark_capacity, all->mark_count + 1, sizeof(*all->marks));
	all->mark_ids = memory_grow(all->mark_ids, &all->mark_id_capacity, all->mark_count + 1, sizeof(*all->mark_ids));
	all->mark_ids[all->mark_count] = mark->id;
	all->marks[all->mark_count++] = (struct info_mark){
		.time_ns = mark->time_ns,
		.process_id = mark->process_id,
		.node_id = mark->node_id,
		.kind = memory_string(mark->kind),
		.text = memory_string(mark->text),
	};
}

static void take_event(const struct store_event *event, void *context)
{
	struct gathered *all = context;

	all->events = memory_grow(all->events, &all->event_capacity, all->event_count + 1, sizeof(*all->events));
	all->events[all->event_count++] =
		(struct info_event){.name = memory_string(event->name), .count = event->count};
}

static void take_adaptation(const struct store_adaptation *adaptation, void *context)
{
	struct gathered *all = context;

	all->adaptations = memory_grow(all->adaptations, &all->adaptation_capacity, all->adaptation_count + 1,
				       sizeof(*all->adaptations));
	all->adaptations[all->adaptation_count++] = *adaptation;
}

static void take_descriptor(const struct store_descriptor *descriptor, void *context)
{
	struct info_mark *mark = context;

	mark->descriptors = memory_grow(mark->descriptors, &mark->descriptor_capacity, mark->descriptor_count + 1,
					sizeof(*mark->descriptors));
	mark->descriptors[mark->descriptor_count++] = (struct info_descriptor){
		.fd = descriptor->fd,
		.kind = memory_string(descriptor->kind),
		.site_id = descriptor->site_id,
		.age_s = descriptor->age_s,
		.target = copy_or_null(descriptor->target),
		.tcp_state = copy_or_null(descriptor->tcp_state),
	};
}

static void release_mark(struct info_mark *mark)
{
	for (size_t i = 0; i < mark->descriptor_count; i++) {
		free(mark->descriptors[i].kind);
		free(mark->descriptors[i].target);
		free(mark->descriptors[i].tcp_state);
	}
	free(mark->descriptors);
	free(mark->kind);
	free(mark->text);
}

static void release_gathered(struct gathered *all)
{
	summary_release(&all->summary);
	for (size_t i = 0; i < all->mark_count; i++)
		release_mark(&all->marks[i]);
	free(all->marks);
	free(all->mark_ids);
	for (size_t i = 0; i < all->event_count; i++)
		free(all->events[i].name);
	free(all->events);
	free(all->adaptations);
	free(all->processes);
	free(all->host);
	free(all->kernel);
	free(all->version);
	free(all->arena);
}

static int gather_processes(struct session *session, struct gathered *all, struct error *error)
{
	const struct recording *recording = &session->main.recording;

	all->processes = memory_zeroed(recording->process_count, sizeof(*all->processes));
	for (size_t i = 0; i < recording->process_count; i++) {
		struct info_process *process = &all->processes[i];
		int code;

		process->is_shown = recording->processes[i].id && (!session->process_id || i == session->process_id);
		if (!process->is_shown)
			continue;
		code = store_read_process(session->main.store, (uint32_t)i, recording->newest_ns, &process->figures,
					  NULL);
		process->has_figures = !code;
		if (code && code != SEEP_ERR_NOT_FOUND)
			return error_set(error, code, "%s is damaged or unreadable; use another recording",
					 recording->path);
		code = store_read_costs(session->main.store, (uint32_t)i, &process->costs, error);
		process->has_costs = !code;
		if (code && code != SEEP_ERR_NOT_FOUND)
			return code;
	}
	return SEEP_OK;
}

static int gather_limit(struct session *session, struct gathered *all, struct error *error)
{
	char *limit = store_read_meta(session->main.store, "max_overhead");

	all->max_overhead = limit ? strtod(limit, NULL) : 0;
	free(limit);
	return store_each_adaptation(session->main.store, take_adaptation, all, error);
}

static int gather_marks(struct session *session, struct gathered *all, struct error *error)
{
	int code = store_each_mark(session->main.store, take_mark, all, error);

	for (size_t i = 0; i < all->mark_count && !code; i++)
		code = store_each_descriptor(session->main.store, all->mark_ids[i], take_descriptor, &all->marks[i],
					     error);
	return code;
}

static int gather(struct session *session, struct gathered *all, struct error *error)
{
	struct session_recording *main = &session->main;
	bool *needed = memory_zeroed(main->recording.location_count, sizeof(*needed));
	int code;

	/* info tells of every module what is known of it: all locations are tried */
	for (size_t i = 0; i < main->recording.location_count; i++)
		needed[i] = true;
	code = session_resolve(session, &main->recording, needed, error);
	free(needed);
	if (!code)
		code = store_read_totals(main->store, session->process_id, INT64_MAX, &main->totals, &main->count,
					 error);
	if (!code)
		code = gather_processes(session, all, error);
	all->process_id = session->process_id;
	if (!code)
		code = store_each_event(main->store, session->process_id, take_event, all, error);
	if (!code)
		code = gather_limit(session, all, error);
	if (!code)
		code = gather_marks(session, all, error);
	if (code)
		return code;
	sampling_bound(&main->recording, main->totals, main->count, INT64_MAX);
	summary_build(&main->recording, main->totals, main->count, &all->summary);
	all->host = store_read_meta(main->store, "host");
	all->kernel = store_read_meta(main->store, "kernel");
	all->version = store_read_meta(main->store, "seep_version");
	all->arena = store_read_meta(main->store, "arena");
	return SEEP_OK;
}

static void add_info(const struct session *session, const struct gathered *all, struct buffer *out)
{
	struct info info = {
		.recording = &session->main.recording,
		.summary = &all->summary,
		.processes = all->processes,
		.marks = all->marks,
		.mark_count = all->mark_count,
		.events = all->events,
		.event_count = all->event_count,
		.adaptations = all->adaptations,
		.adaptation_count = all->adaptation_count,
		.max_overhead = all->max_overhead,
		.process_id = session->process_id,
		.trust = session_trust(session),
		.style = command_style(),
		.seep_version = all->version,
		.host = all->host,
		.kernel = all->kernel,
		.arena = all->arena,
		.recorder_cpu_ns = session_meta_integer(session, "recorder_cpu_ns", -1),
	};

	if (session->options->json)
		info_json(out, &info);
	else
		info_text(out, &info);
}

int command_info(int argc, char **argv)
{
	struct options options;
	struct session session = {0};
	struct gathered all = {0};
	struct error error = {0};
	struct buffer out = {0};
	int code, exit_code;

	if (!command_begin(FOR_INFO, argc, argv, &options, &exit_code))
		return exit_code;
	code = session_open(&options, &session, &error);
	if (!code)
		code = gather(&session, &all, &error);
	if (!code)
		add_info(&session, &all, &out);
	exit_code = code ? command_fail(argv[0], &error, code) : command_print(&options, &out);
	release_gathered(&all);
	session_close(&session);
	options_release(&options);
	return exit_code;
}
