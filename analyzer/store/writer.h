/* SPDX-License-Identifier: MIT */
/*
 * writer.h - the writing half of the store: what the recorder uses. Reading is store.h.
 *
 * Life: store_create() or store_resume(), then for each tick store_begin(), any number of store_put_*(),
 * store_commit(), and at the end store_finish(). Outside a transaction nothing is written.
 *
 * Invariants
 *  - Everything of a tick is in one transaction. After any error call store_rollback(): the recording is as the last
 * commit left it, and every id handed out since the begin is void. Nothing that is committed is ever lost by a failure.
 *  - One writer. Ids only grow, and a node's parent has a smaller id than the node.
 *  - Time is the recording's own clock, and never decreases; the caller sees to that.
 *
 * Text may be any bytes: what is not UTF-8 is stored as '?'. All functions return SEEP_OK or a negative enum seep_error
 * and fill `error`.
 */
#ifndef SEEP_WRITER_H
#define SEEP_WRITER_H

#include "store.h"

enum { STORE_KEEP_SECOND_S = 120, STORE_KEEP_MINUTE_S = 7200 };

struct store_options {
	const char *arena_path; /* kept in meta */
	const char *arena_id;   /* tells this arena from any other: a recording is resumed by its id */
	int64_t created_ns;
	uint32_t interval_ms;
	uint32_t keep_second_s, keep_minute_s; /* 0: the defaults */
};

/* Makes a new recording, mode 0600. SEEP_ERR_USAGE if a file of that name exists: it is never overwritten. */
int store_create(const char *path, const struct store_options *options, struct store **out, struct error *error);
/* Opens a recording for writing that a recorder left, unfinished or finished: it is live again. */
int store_resume(const char *path, struct store **out, struct error *error);

/*
 * Begins a transaction at that time. The first one in a new minute or hour rolls up what has become old. When many
 * processes have ended, the oldest of them are added together, one row a program: a recording is bounded by callsites
 * and time, not by the number of processes.
 */
int store_begin(struct store *store, int64_t now_ns, struct error *error);
int store_commit(struct store *store, struct error *error);
void store_rollback(struct store *store);

/*
 * The end: what is left of the journal goes into the file, which is then a single one that opens anywhere. A reader
 * that holds it open delays that: after some seconds the journal stays beside, complete, and SEEP_ERR_IO is returned.
 */
int store_finish(struct store *store, int64_t ended_ns, struct error *error);

/* False if the file has been deleted or replaced under its name since it was opened. */
bool store_is_in_place(const struct store *store);
/* Writes all that was recorded to the name again (there must be no file) and goes on there. Outside a transaction. */
int store_restore(struct store *store, struct error *error);

int store_put_meta(struct store *store, const char *key, const char *value, struct error *error);
int store_put_meta_integer(struct store *store, const char *key, int64_t value, struct error *error);

/* ---- processes ---- */

struct store_process {
	uint32_t pid, ppid, parent_id; /* parent_id 0: none */
	uint32_t slot, generation;
	const char *exe;
	const char *command, *allocator; /* NULL unknown */
	int64_t started_ns;
};
/* The process of that slot and generation: a new one, or (resumed) the same with newer descriptions. */
int store_put_process(struct store *store, const struct store_process *process, uint32_t *id, struct error *error);
/* SEEP_ERR_NOT_FOUND (without a sentence) if there is none. */
int store_find_process(struct store *store, uint32_t slot, uint32_t generation, uint32_t *id, bool *has_ended);
/* `exec`: the process goes on as another program. */
int store_end_process(struct store *store, uint32_t id, int64_t ended_ns, bool exec, struct error *error);
/* ---- stacks: each gives the id of what is there already, or of a new row ---- */

int store_put_module(struct store *store, const char *path, const char *build_id, uint64_t size, uint32_t *id,
		     struct error *error);
/* Code that belongs to no file: pseudo frames and JIT. */
int store_put_anonymous_module(struct store *store, uint32_t *id, struct error *error);
int store_put_location(struct store *store, uint32_t module_id, uint64_t offset, bool exact, uint32_t *id,
		       struct error *error);
int store_put_pseudo_location(struct store *store, enum arena_pseudo pseudo, uint32_t *id, struct error *error);
int store_put_node(struct store *store, uint32_t parent_id, uint32_t location_id, bool guessed, uint32_t *id,
		   struct error *error);
int store_put_site(struct store *store, uint32_t node_id, enum seep_kind kind, uint32_t *id, struct error *error);

/* ---- figures ---- */

/* How much of a site's counters is an estimate of what was not sampled, and its variance. Zeroed: they are exact. */
struct store_parts {
	uint64_t acquired_count, acquired_bytes, released_count, released_bytes;
	double acquired_count_variance, acquired_bytes_variance, released_count_variance, released_bytes_variance;
};

/* Counters as in the arena, summed over shards, with birth_sum of all that lives (inherited included). */
int store_put_figures(struct store *store, uint32_t process_id, uint32_t site_id, const struct arena_counters *figures,
		      struct error *error);
/* The same of a site with sampled blocks: the figures are what was seen and what is estimated, together. */
int store_put_estimates(struct store *store, uint32_t process_id, uint32_t site_id,
			const struct arena_counters *figures, const struct store_parts *parts, struct error *error);
/* Only for a site that has a row of figures (zeros will do): what the process held since before its fork. */
int store_put_inherited(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t count, uint64_t bytes,
			uint64_t birth_sum, struct error *error);
/* After that, of a site with sampled blocks: the estimated part. */
int store_put_inherited_part(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t unseen_count,
			     uint64_t unseen_bytes, double count_variance, double bytes_variance, struct error *error);
/* The newest figures stored; false if none are. */
bool store_read_figures(struct store *store, uint32_t process_id, uint32_t site_id, struct arena_counters *out,
			struct store_parts *parts);

/* What bounds the error of a site's figures: the bytes, and the objects, that one sampled block stands for at most. */
int store_put_sampled_site(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t interval, double weight,
			   struct error *error);
/* From that moment on heap blocks are sampled with that interval; 0: all are recorded. Not stored if it was so already.
 */
int store_put_sampling(struct store *store, int64_t time_ns, uint64_t interval, struct error *error);

enum store_tcp_state {
	TCP_STATE_ESTABLISHED = 1, /* numbered as the kernel does */
	TCP_STATE_COUNT = 12,
};
struct store_process_sample {
	uint32_t process_id;
	struct store_process_figures figures; /* -1 unknown */
	int64_t tcp[TCP_STATE_COUNT];         /* by the kernel's number; [0] is not used; -1 unknown */
};
int store_put_process_sample(struct store *store, const struct store_process_sample *sample, struct error *error);

int store_put_look(struct store *store, uint32_t process_id, const struct model_look *look, struct error *error);
/* Those that differ from the newest stored ones, and are known. */
int store_put_limits(struct store *store, uint32_t process_id, int64_t time, const struct model_limits *limits,
		     struct error *error);

/* cost->time is the transaction's. */
int store_put_cost(struct store *store, uint32_t process_id, const struct store_cost *cost, struct error *error);

/* The count of an event since the process began. */
int store_put_event(struct store *store, uint32_t process_id, const char *name, uint64_t count, struct error *error);

int store_put_adaptation(struct store *store, const struct store_adaptation *adaptation, struct error *error);

int store_put_trust(struct store *store, uint32_t process_id, const char *name, uint64_t value, struct error *error);

struct store_misuse {
	uint32_t process_id;
	enum arena_misuse_kind kind;
	uint32_t node_id, previous_node_id;
	uint64_t count;
	int32_t last_fd;
	int64_t first_time, last_time;
};
int store_put_misuse(struct store *store, const struct store_misuse *misuse, struct error *error);

/* The count is what was noted so far: a row's only grows. */
int store_put_release(struct store *store, const struct store_release *release, struct error *error);

/*
 * A reading of how old is what a process holds, at the transaction's time: begun where there is something to put, then
 * the sites, then the reading itself; or that alone, with the reason why nothing could be read. Older readings but the
 * newest two go.
 */
int store_begin_ages(struct store *store, uint32_t process_id, struct error *error);
int store_put_ages(struct store *store, uint32_t process_id, const struct model_ages *ages, struct error *error);
int store_put_age_reading(struct store *store, uint32_t process_id, const char *state, int64_t cpu_ns,
			  struct error *error);

/* ---- marks and descriptors ---- */

/* mark->id and descriptor_count are not read; process_id, node_id 0: none. `id` may be NULL. */
int store_put_mark(struct store *store, const struct store_mark *mark, uint32_t *id, struct error *error);
bool store_has_mark(struct store *store, uint32_t process_id, const char *kind);

int store_put_descriptor(struct store *store, uint32_t mark_id, const struct store_descriptor *descriptor,
			 struct error *error);

/* Replaces all that was unseen in the process by `count` targets; 0 for none. */
int store_put_unseen(struct store *store, uint32_t process_id, const struct model_unseen *unseen, size_t count,
		     struct error *error);

/* ---- the symbol cache ---- */

struct store_unresolved {
	uint32_t location_id, module_id;
	uint64_t offset;
	bool exact;
};
/* Up to `capacity` unresolved locations with ids above `after`, in order of id. */
int store_read_unresolved(struct store *store, uint32_t after, struct store_unresolved *out, size_t capacity,
			  size_t *count, struct error *error);
/* Release with the model's rules: the strings are the caller's. */
int store_read_module(struct store *store, uint32_t id, struct model_module *out, struct error *error);
int store_put_symbols(struct store *store, uint32_t location_id, const struct model_symbol *symbols, size_t count,
		      struct error *error);
/* The locations of these ids, both included, are no longer unresolved. */
int store_put_resolved(struct store *store, uint32_t first_id, uint32_t last_id, struct error *error);
int store_put_symbol_status(struct store *store, uint32_t module_id, const char *status, const char *debug_file,
			    struct error *error);

#endif
