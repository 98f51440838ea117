/* SPDX-License-Identifier: MIT */
/*
 * info.h - what `seep info` prints, as text and as JSON. All pointers are borrowed.
 */
#ifndef SEEP_INFO_H
#define SEEP_INFO_H

#include "../analysis/summary.h"
#include "../store/store.h"
#include "report.h"

struct info_process {
	bool is_shown;
	bool has_figures; /* the kernel's, newest */
	struct store_process_figures figures;
	bool has_costs; /* of the hooks */
	struct store_costs costs;
};

struct info_descriptor {
	int32_t fd;
	char *kind;
	uint32_t site_id;         /* 0: not seen acquired */
	int64_t age_s;            /* -1 unknown */
	char *target, *tcp_state; /* NULL unknown */
};

struct info_event {
	char *name;
	uint64_t count;
};

struct info_mark {
	int64_t time_ns;
	uint32_t process_id, node_id; /* 0 none */
	char *kind, *text;
	struct info_descriptor *descriptors;
	size_t descriptor_count, descriptor_capacity;
};

struct info {
	const struct recording *recording;
	const struct summary *summary;
	const struct info_process *processes; /* by process id */
	const struct info_mark *marks;
	size_t mark_count;
	const struct info_event *events;
	size_t event_count;
	const struct store_adaptation *adaptations;
	size_t adaptation_count;
	double max_overhead; /* percent; 0: there was no limit on the hooks' cost */
	uint32_t process_id; /* of --process; 0 all */
	struct trust trust;
	struct style style;
	const char *seep_version, *host, *kernel, *arena; /* of the recorder; NULL unknown */
	int64_t recorder_cpu_ns;                          /* -1 unknown */
};

/*
 * What the hooks cost: nanoseconds of an event, and percent of the process's CPU time between two moments (`since`
 * zeroed: from its start). NaN: not known.
 */
double info_hook_ns_per_event(const struct store_cost *cost);
double info_hook_percent(const struct store_cost *since, const struct store_cost *now);

void info_text(struct buffer *out, const struct info *info);
void info_json(struct buffer *out, const struct info *info);

#endif
