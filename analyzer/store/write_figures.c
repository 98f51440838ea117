/* SPDX-License-Identifier: MIT */
/* Processes and what is measured of them: counters, kernel figures, trust, misuse, marks, descriptors. */
#include <math.h>

#include "writer_internal.h"

/* ---- processes ---- */

int store_find_process(struct store *store, uint32_t slot, uint32_t generation, uint32_t *id, bool *has_ended)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_FIND_PROCESS, NULL);
	int code = SEEP_ERR_NOT_FOUND;

	*id = 0;
	*has_ended = false;
	if (!statement)
		return SEEP_ERR_IO;
	sqlite3_bind_int64(statement, 1, slot);
	sqlite3_bind_int64(statement, 2, generation);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		*id = (uint32_t)sqlite3_column_int64(statement, 0);
		*has_ended = sqlite3_column_int(statement, 1) != 0;
		code = SEEP_OK;
	}
	sqlite3_reset(statement);
	return code;
}

static int update_process(struct store *store, const struct store_process *process, uint32_t id, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_UPDATE_PROCESS, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, id);
		bind_text(statement, 2, process->exe);
		bind_text(statement, 3, process->command);
		bind_text(statement, 4, process->allocator);
		bind_id(statement, 5, process->ppid);
	}
	return writer_run(store, statement, error);
}

int store_put_process(struct store *store, const struct store_process *process, uint32_t *id, struct error *error)
{
	sqlite3_stmt *statement;
	bool has_ended;
	int code = store_find_process(store, process->slot, process->generation, id, &has_ended);

	if (code == SEEP_OK)
		return update_process(store, process, *id, error);
	statement = writer_statement(store, WRITE_ADD_PROCESS, error);
	if (statement) {
		sqlite3_bind_int64(statement, 1, process->pid);
		sqlite3_bind_int64(statement, 2, process->slot);
		sqlite3_bind_int64(statement, 3, process->generation);
		bind_id(statement, 4, process->parent_id);
		bind_id(statement, 5, process->ppid);
		bind_text(statement, 6, process->exe);
		bind_text(statement, 7, process->command);
		bind_text(statement, 8, process->allocator);
		sqlite3_bind_int64(statement, 9, process->started_ns);
	}
	code = writer_run(store, statement, error);
	*id = code == SEEP_OK ? (uint32_t)sqlite3_last_insert_rowid(store->db) : 0;
	return code;
}

/* Keeps account of what there is to fold. */
static int count_ended(struct store *store, uint32_t id, struct error *error)
{
	sqlite3_stmt *statement;
	int64_t rows;
	int code;

	if (store->writer->ended_processes < 0)
		return SEEP_OK;
	code = changes_flush(store, error);
	statement = code ? NULL : writer_statement(store, WRITE_COUNT_TOTALS, error);
	if (statement)
		sqlite3_bind_int64(statement, 1, id);
	code = writer_get(store, statement, &rows, error);
	store->writer->ended_processes++;
	store->writer->ended_rows += rows;
	return code;
}

int store_end_process(struct store *store, uint32_t id, int64_t ended_ns, bool exec, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_END_PROCESS, error);
	int code;

	if (statement) {
		sqlite3_bind_int64(statement, 1, id);
		sqlite3_bind_int64(statement, 2, ended_ns);
		sqlite3_bind_text(statement, 3, exec ? "exec" : "ended", -1, SQLITE_STATIC);
	}
	code = writer_run(store, statement, error);
	return code ? code : count_ended(store, id, error);
}

/* ---- counters ---- */

int store_put_figures(struct store *store, uint32_t process_id, uint32_t site_id, const struct arena_counters *figures,
		      struct error *error)
{
	static const struct store_parts none;

	return store_put_estimates(store, process_id, site_id, figures, &none, error);
}

int store_put_estimates(struct store *store, uint32_t process_id, uint32_t site_id,
			const struct arena_counters *figures, const struct store_parts *parts, struct error *error)
{
	struct change change = {
		.whole = {process_id, site_id, store->writer->last_tick, (int64_t)figures->acquired_count,
			  (int64_t)figures->acquired_bytes, (int64_t)figures->released_count,
			  (int64_t)figures->released_bytes, (int64_t)figures->birth_sum,
			  (int64_t)figures->temporary_count, (int64_t)parts->acquired_count,
			  (int64_t)parts->acquired_bytes, (int64_t)parts->released_count,
			  (int64_t)parts->released_bytes},
		.variances = {parts->acquired_count_variance, parts->acquired_bytes_variance,
			      parts->released_count_variance, parts->released_bytes_variance},
	};

	if (parts->acquired_count || parts->acquired_bytes || parts->released_count || parts->released_bytes)
		store->writer->changes.is_sampled = true;
	if (changes_add(&store->writer->changes, &change))
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot write to %s", store->path);
	return SEEP_OK;
}

int store_put_inherited(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t count, uint64_t bytes,
			uint64_t birth_sum, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_INHERITED, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, site_id);
		sqlite3_bind_int64(statement, 3, (int64_t)count);
		sqlite3_bind_int64(statement, 4, (int64_t)bytes);
		sqlite3_bind_int64(statement, 5, (int64_t)birth_sum);
	}
	return writer_run(store, statement, error);
}

int store_put_inherited_part(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t unseen_count,
			     uint64_t unseen_bytes, double count_variance, double bytes_variance, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_INHERITED_PARTS, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, site_id);
		sqlite3_bind_int64(statement, 3, (int64_t)unseen_count);
		sqlite3_bind_int64(statement, 4, (int64_t)unseen_bytes);
		sqlite3_bind_double(statement, 5, count_variance);
		sqlite3_bind_double(statement, 6, bytes_variance);
	}
	return writer_run(store, statement, error);
}

int store_put_sampled_site(struct store *store, uint32_t process_id, uint32_t site_id, uint64_t interval, double weight,
			   struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_SAMPLED_SITE, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, site_id);
		sqlite3_bind_int64(statement, 3, (int64_t)interval);
		sqlite3_bind_double(statement, 4, weight);
	}
	return writer_run(store, statement, error);
}

int store_put_sampling(struct store *store, int64_t time_ns, uint64_t interval, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_SAMPLING, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, time_ns);
		sqlite3_bind_int64(statement, 2, (int64_t)interval);
	}
	return writer_run(store, statement, error);
}

bool store_read_figures(struct store *store, uint32_t process_id, uint32_t site_id, struct arena_counters *out,
			struct store_parts *parts)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_GET_TOTAL, NULL);
	bool found;

	*out = (struct arena_counters){0};
	*parts = (struct store_parts){0};
	if (!statement)
		return false;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, site_id);
	found = sqlite3_step(statement) == SQLITE_ROW;
	if (found) {
		*out = (struct arena_counters){
			.acquired_count = (uint64_t)sqlite3_column_int64(statement, 0),
			.acquired_bytes = (uint64_t)sqlite3_column_int64(statement, 1),
			.released_count = (uint64_t)sqlite3_column_int64(statement, 2),
			.released_bytes = (uint64_t)sqlite3_column_int64(statement, 3),
			.birth_sum = (uint64_t)sqlite3_column_int64(statement, 4),
			.temporary_count = (uint64_t)sqlite3_column_int64(statement, 5),
		};
		*parts = (struct store_parts){
			.acquired_count = (uint64_t)sqlite3_column_int64(statement, 6),
			.acquired_bytes = (uint64_t)sqlite3_column_int64(statement, 7),
			.released_count = (uint64_t)sqlite3_column_int64(statement, 8),
			.released_bytes = (uint64_t)sqlite3_column_int64(statement, 9),
			.acquired_count_variance = sqlite3_column_double(statement, 10),
			.acquired_bytes_variance = sqlite3_column_double(statement, 11),
			.released_count_variance = sqlite3_column_double(statement, 12),
			.released_bytes_variance = sqlite3_column_double(statement, 13),
		};
	}
	sqlite3_reset(statement);
	return found;
}

/* ---- kernel figures ---- */

int store_put_process_sample(struct store *store, const struct store_process_sample *sample, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_PROCESS_SAMPLE, error);
	const struct store_process_figures *figures = &sample->figures;
	const int64_t values[] = {figures->rss_anon,    figures->rss_file,          figures->rss_shmem,
				  figures->swap,        figures->vm_size,           figures->vm_hwm,
				  figures->cpu_user_ns, figures->cpu_system_ns,     figures->threads,
				  figures->descriptors, figures->seep_private_bytes};
	enum { FIRST = 3, FIRST_TCP = FIRST + sizeof(values) / sizeof(values[0]) };

	if (!statement)
		return SEEP_ERR_IO;
	sqlite3_bind_int64(statement, 1, figures->time);
	sqlite3_bind_int64(statement, 2, sample->process_id);
	for (int i = 0; i < FIRST_TCP - FIRST; i++)
		bind_known(statement, FIRST + i, values[i]);
	for (int i = 1; i < TCP_STATE_COUNT; i++)
		bind_known(statement, FIRST_TCP + i - 1, sample->tcp[i]);
	return writer_run(store, statement, error);
}

int store_put_look(struct store *store, uint32_t process_id, const struct model_look *look, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_LOOK, error);
	struct model_look copy = *look;
	int64_t *values[STORE_LOOK_COUNT];

	if (!statement)
		return SEEP_ERR_IO;
	store_look_values(&copy, values);
	sqlite3_bind_int64(statement, 1, look->time);
	sqlite3_bind_int64(statement, 2, process_id);
	for (int i = 0; i < STORE_LOOK_COUNT; i++)
		bind_known(statement, 3 + i, *values[i]);
	return writer_run(store, statement, error);
}

int store_put_limits(struct store *store, uint32_t process_id, int64_t time, const struct model_limits *limits,
		     struct error *error)
{
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
		{"memory", limits->memory},
		{"descriptors", limits->descriptors},
		{"signals", limits->signals},
		{"address space", limits->address_space},
	};
	int code = SEEP_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && code == SEEP_OK; i++) {
		sqlite3_stmt *statement = rows[i].value < 0 ? NULL : writer_statement(store, WRITE_PUT_LIMIT, error);

		if (rows[i].value < 0)
			continue;
		if (statement) {
			sqlite3_bind_int64(statement, 1, process_id);
			sqlite3_bind_text(statement, 2, rows[i].name, -1, SQLITE_STATIC);
			sqlite3_bind_int64(statement, 3, time);
			sqlite3_bind_int64(statement, 4, rows[i].value);
		}
		code = writer_run(store, statement, error);
	}
	return code;
}

int store_put_cost(struct store *store, uint32_t process_id, const struct store_cost *cost, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_COST, error);
	const int64_t values[] = {cost->hook_ns[COST_ACQUISITION],
				  cost->hook_ns[COST_RELEASE],
				  cost->error_ns,
				  cost->timed[COST_ACQUISITION],
				  cost->timed[COST_RELEASE],
				  cost->clipped,
				  cost->captures,
				  cost->captured_frames,
				  cost->rule_misses};
	enum { FIRST = 4 };

	if (!statement)
		return SEEP_ERR_IO;
	sqlite3_bind_int64(statement, 1, process_id);
	sqlite3_bind_int64(statement, 2, store->writer->last_tick);
	bind_known(statement, 3, cost->cpu_ns);
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		sqlite3_bind_int64(statement, FIRST + i, values[i]);
	return writer_run(store, statement, error);
}

int store_put_event(struct store *store, uint32_t process_id, const char *name, uint64_t count, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_EVENT, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, store->writer->last_tick);
		sqlite3_bind_int64(statement, 2, process_id);
		bind_text(statement, 3, name);
		sqlite3_bind_int64(statement, 4, (int64_t)count);
	}
	return writer_run(store, statement, error);
}

int store_put_adaptation(struct store *store, const struct store_adaptation *adaptation, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_ADAPTATION, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, adaptation->time_ns);
		sqlite3_bind_int64(statement, 2, adaptation->interval);
		sqlite3_bind_int64(statement, 3, adaptation->interval_before);
		sqlite3_bind_int64(statement, 4, adaptation->hook_ns);
		sqlite3_bind_int64(statement, 5, adaptation->cpu_ns);
		sqlite3_bind_double(statement, 6, adaptation->limit_percent);
	}
	return writer_run(store, statement, error);
}

int store_put_trust(struct store *store, uint32_t process_id, const char *name, uint64_t value, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_TRUST, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		bind_text(statement, 2, name);
		sqlite3_bind_int64(statement, 3, (int64_t)value);
	}
	return writer_run(store, statement, error);
}

int store_put_misuse(struct store *store, const struct store_misuse *misuse, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_MISUSE, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, misuse->process_id);
		sqlite3_bind_text(statement, 2, misuse_kind_name(misuse->kind), -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 3, misuse->node_id);
		sqlite3_bind_int64(statement, 4, misuse->previous_node_id);
		sqlite3_bind_int64(statement, 5, (int64_t)misuse->count);
		sqlite3_bind_int64(statement, 6, misuse->last_fd);
		sqlite3_bind_int64(statement, 7, misuse->first_time);
		sqlite3_bind_int64(statement, 8, misuse->last_time);
	}
	return writer_run(store, statement, error);
}

int store_put_release(struct store *store, const struct store_release *release, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_RELEASE, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, release->process_id);
		sqlite3_bind_int64(statement, 2, release->site_id);
		sqlite3_bind_int64(statement, 3, release->node_id);
		sqlite3_bind_int64(statement, 4, (int64_t)release->count);
	}
	return writer_run(store, statement, error);
}

/* ---- ages ---- */

/* Runs a statement of process ?1 and the transaction's time ?2. */
static int run_of_reading(struct store *store, enum writer_statement which, uint32_t process_id, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, which, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, store->writer->last_tick);
	}
	return writer_run(store, statement, error);
}

int store_begin_ages(struct store *store, uint32_t process_id, struct error *error)
{
	return run_of_reading(store, WRITE_CLEAR_AGES, process_id, error);
}

static int put_age(struct store *store, uint32_t process_id, uint32_t site_id, int bucket, struct model_age age,
		   struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_AGE, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, store->writer->last_tick);
		sqlite3_bind_int64(statement, 3, site_id);
		sqlite3_bind_int64(statement, 4, bucket);
		sqlite3_bind_int64(statement, 5, llround(age.count));
		sqlite3_bind_int64(statement, 6, llround(age.bytes));
	}
	return writer_run(store, statement, error);
}

int store_put_ages(struct store *store, uint32_t process_id, const struct model_ages *ages, struct error *error)
{
	int code = SEEP_OK;

	for (int i = 0; i < MODEL_AGES && code == SEEP_OK; i++)
		if (ages->ages[i].count > 0)
			code = put_age(store, process_id, ages->site_id, i, ages->ages[i], error);
	return code;
}

int store_put_age_reading(struct store *store, uint32_t process_id, const char *state, int64_t cpu_ns,
			  struct error *error)
{
	int code = run_of_reading(store, WRITE_CLEAR_AGE_READINGS, process_id, error);
	sqlite3_stmt *statement = code ? NULL : writer_statement(store, WRITE_PUT_AGE_READING, error);

	if (code)
		return code;
	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		sqlite3_bind_int64(statement, 2, store->writer->last_tick);
		bind_text(statement, 3, state);
		sqlite3_bind_int64(statement, 4, cpu_ns);
	}
	return writer_run(store, statement, error);
}

/* ---- marks and descriptors ---- */

int store_put_mark(struct store *store, const struct store_mark *mark, uint32_t *id, struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_MARK, error);
	int code;

	if (statement) {
		sqlite3_bind_int64(statement, 1, mark->time_ns);
		bind_id(statement, 2, mark->process_id);
		bind_text(statement, 3, mark->kind);
		bind_text(statement, 4, mark->text);
		bind_id(statement, 5, mark->node_id);
	}
	code = writer_run(store, statement, error);
	if (id)
		*id = code == SEEP_OK ? (uint32_t)sqlite3_last_insert_rowid(store->db) : 0;
	return code;
}

bool store_has_mark(struct store *store, uint32_t process_id, const char *kind)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_FIND_MARK, NULL);
	int64_t found = 0;

	if (statement) {
		bind_id(statement, 1, process_id);
		bind_text(statement, 2, kind);
	}
	writer_get(store, statement, &found, NULL);
	return found != 0;
}

int store_put_descriptor(struct store *store, uint32_t mark_id, const struct store_descriptor *descriptor,
			 struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_DESCRIPTOR, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, mark_id);
		sqlite3_bind_int64(statement, 2, descriptor->fd);
		bind_text(statement, 3, descriptor->kind);
		bind_id(statement, 4, descriptor->site_id);
		bind_known(statement, 5, descriptor->age_s);
		bind_text(statement, 6, descriptor->target);
		bind_text(statement, 7, descriptor->tcp_state);
	}
	return writer_run(store, statement, error);
}

static int put_one_unseen(struct store *store, uint32_t process_id, const struct model_unseen *unseen,
			  struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_PUT_UNSEEN, error);

	if (statement) {
		sqlite3_bind_int64(statement, 1, process_id);
		bind_text(statement, 2, unseen->target);
		sqlite3_bind_int64(statement, 3, (int64_t)unseen->count);
	}
	return writer_run(store, statement, error);
}

int store_put_unseen(struct store *store, uint32_t process_id, const struct model_unseen *unseen, size_t count,
		     struct error *error)
{
	sqlite3_stmt *statement = writer_statement(store, WRITE_CLEAR_UNSEEN, error);
	int code;

	if (statement)
		sqlite3_bind_int64(statement, 1, process_id);
	code = writer_run(store, statement, error);
	for (size_t i = 0; i < count && code == SEEP_OK; i++)
		code = put_one_unseen(store, process_id, &unseen[i], error);
	return code;
}
