/* SPDX-License-Identifier: MIT */
/*
 * store.h - the recording on disk: the one place that speaks to SQLite.
 *
 * A `struct store` is either the one writer of a recording or a reader. A recording that still grows is in
 * WAL mode and may be read at any time; store_finish() makes it a single file with rollback journal.
 * Not thread-safe. Every function that can fail returns 0 or a negative enum seep_error and fills `error`.
 * The tables are described in schema.sql.
 */
#ifndef SEEP_STORE_H
#define SEEP_STORE_H

#include "../base/error.h"
#include "../base/model.h"

struct store;

/* ---- copying ---- */

/*
 * Writes all of a recording, as it is now, into a file of its own without unused pages. One that is still recorded into
 * is a finished one there: it ends with its newest figures. The file `to` must not be there, or be empty.
 */
int store_copy(const char *from, const char *to, struct error *error);

/* ---- reading ---- */

/* Opens read-only. Refuses what is not a recording, a newer schema, a damaged file, each with its own sentence. */
int store_open(const char *path, struct store **out, struct error *error);
void store_close(struct store *store); /* NULL is fine */

/* All that is read from here on, until the next call or the close, is of one moment. */
int store_begin_reading(struct store *store, struct error *error);

/* Heap blocks were sampled at some time: figures of them are estimates. */
bool store_is_sampled(struct store *store);

/* created_ns, ended_ns, newest_ns and interval_ms, and no more; nothing is to be released. */
void store_read_times(struct store *store, struct recording *out);

/* Everything but figures: processes, modules, stacks, sites, cached symbols. Release with recording_release(). */
int store_read_recording(struct store *store, struct recording *out, struct error *error);

/*
 * The figures at a moment: one entry a site that has any, ordered by site id.
 * process_id 0 = all. In-use figures count processes that are alive at `at_ns`, where one that ended
 * less than two seconds before the end of a finished recording counts as alive at its end; alloc
 * figures count all. at_ns INT64_MAX = the newest. Caller frees *out.
 */
int store_read_totals(struct store *store, uint32_t process_id, int64_t at_ns, struct model_total **out, size_t *count,
		      struct error *error);

/*
 * What each process holds by kind, newest: calls `each` for every process and kind with any figure, by process. Of one
 * that has ended: at its end.
 */
struct store_held {
	uint32_t process_id;
	enum seep_kind kind;
	int64_t count, bytes;
};
int store_each_held(struct store *store, void (*each)(const struct store_held *, void *), void *context,
		    struct error *error);

/* One value of meta, or NULL; owned by the caller. */
char *store_read_meta(struct store *store, const char *key);

/*
 * The process's kernel figures nearest before at_ns (0 rows: SEEP_ERR_NOT_FOUND). Unknown values are -1.
 */
struct store_process_figures {
	int64_t time;
	int64_t rss_anon, rss_file, rss_shmem, swap, vm_size, vm_hwm;
	int64_t cpu_user_ns, cpu_system_ns;
	int64_t threads, descriptors;
	int64_t seep_private_bytes;
};
int store_read_process(struct store *store, uint32_t process_id, int64_t at_ns, struct store_process_figures *out,
		       struct error *error);

/*
 * The looks at a process's memory with time from `since` to `until` (seconds since 1970), by time; none is fine, as in
 * a recording of before there were any. Caller frees *out.
 */
int store_read_looks(struct store *store, uint32_t process_id, int64_t since, int64_t until, struct model_look **out,
		     size_t *count, struct error *error);
/* The limits as of that second; -1 unknown. */
int store_read_limits(struct store *store, uint32_t process_id, int64_t at, struct model_limits *out,
		      struct error *error);

/*
 * What the hooks cost a process, since it began. Estimates (preload/cost.h). SEEP_ERR_NOT_FOUND (without a sentence)
 * if nothing is known of it.
 */
struct store_cost {
	int64_t time;
	int64_t cpu_ns; /* user and system time of the process; -1 unknown */
	int64_t hook_ns[COST_PARTS];
	int64_t error_ns; /* half of the sum's 95 % interval */
	int64_t timed[COST_PARTS];
	int64_t clipped;
	int64_t captures, captured_frames, rule_misses;
};
struct store_costs {
	int64_t events; /* acquired and released, as counted */
	struct store_cost newest;
	struct store_cost looked;  /* newest with a known cpu_ns (-1: none is) */
	struct store_cost earlier; /* the same, at least a minute before; zeroed: there is none */
};
int store_read_costs(struct store *store, uint32_t process_id, struct store_costs *out, struct error *error);

/*
 * What happened to a process, since it began (the names are arena.h's), and what it marked itself ("mark:NAME").
 */
#define STORE_MARK_PREFIX "mark:"
struct store_event {
	const char *name;
	uint64_t count;
};
/*
 * Calls `each` for every event that has a count, by name, marks last. process_id 0: the sums of all. Strings live for
 * the call only. A recording of before there were such events has none.
 */
int store_each_event(struct store *store, uint32_t process_id, void (*each)(const struct store_event *, void *),
		     void *context, struct error *error);

/*
 * When it was read how old is what a process holds, and whether that was possible: by process and time. The newest
 * readings are kept. A recording of before there were such readings has none.
 */
#define STORE_AGES_READ "read"
struct store_age_reading {
	uint32_t process_id;
	int64_t time;
	const char *state; /* STORE_AGES_READ, or why it could not be read; lives for the call only */
	int64_t cpu_ns;    /* the recorder's, for this reading */
};
int store_each_age_reading(struct store *store, void (*each)(const struct store_age_reading *, void *), void *context,
			   struct error *error);
/* What was found at a reading: one entry a site that held something, by site id. Caller frees *out. */
int store_read_ages(struct store *store, uint32_t process_id, int64_t time, struct model_ages **out, size_t *count,
		    struct error *error);

/* A change of the sampling interval that the limit on the hooks' cost has led to. */
struct store_adaptation {
	int64_t time_ns;
	int64_t interval, interval_before; /* bytes; 0: every heap block */
	int64_t hook_ns, cpu_ns;           /* measured before it */
	double limit_percent;
};
/* Calls `each` for every one, oldest first. */
int store_each_adaptation(struct store *store, void (*each)(const struct store_adaptation *, void *), void *context,
			  struct error *error);

/* Where a callsite's things are given back: a sample (schema.sql, release_site). */
struct store_release {
	uint32_t process_id, site_id; /* that acquired */
	uint32_t node_id;             /* the stack that released */
	uint64_t count;
};
/*
 * By site and node, summed over the chosen processes (0 all; process_id is 0 then); none of a recording of before there
 * were any. Caller frees *out.
 */
int store_read_releases(struct store *store, uint32_t process_id, struct store_release **out, size_t *count,
			struct error *error);

/* Calls `each` for every mark, oldest first. Strings live for the call only. */
struct store_mark {
	uint32_t id, process_id, node_id;
	int64_t time_ns;
	const char *kind, *text;
	uint32_t descriptor_count; /* rows of its descriptor table */
};
int store_each_mark(struct store *store, void (*each)(const struct store_mark *, void *), void *context,
		    struct error *error);

/* Calls `each` for every row of a mark's descriptor table, by number. Strings live for the call only. */
struct store_descriptor {
	int32_t fd;
	const char *kind;
	uint32_t site_id;               /* 0: not seen acquired */
	int64_t age_s;                  /* -1 unknown */
	const char *target, *tcp_state; /* NULL unknown */
};
int store_each_descriptor(struct store *store, uint32_t mark_id, void (*each)(const struct store_descriptor *, void *),
			  void *context, struct error *error);

#endif
