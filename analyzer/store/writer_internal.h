/* SPDX-License-Identifier: MIT */
/* writer_internal.h - what the writing half of the store shares with its reading half, and its files with each other.
 */
#ifndef SEEP_WRITER_INTERNAL_H
#define SEEP_WRITER_INTERNAL_H

#include <sys/stat.h>

#include "../base/idmap.h"
#include "store_internal.h"
#include "writer.h"

/* A statement that adds so many rows, 1 or 32: a statement run for each row costs three times as much. */
#define STACK_INSERT(table, row, rows) "INSERT INTO " table " VALUES " STACK_ROWS_##rows(row)
#define STACK_ROWS_1(row) row
#define STACK_ROWS_4(row) row "," row "," row "," row
#define STACK_ROWS_16(row) STACK_ROWS_4(row) "," STACK_ROWS_4(row) "," STACK_ROWS_4(row) "," STACK_ROWS_4(row)
#define STACK_ROWS_32(row) STACK_ROWS_16(row) "," STACK_ROWS_16(row)

/* Of the readings of ages that process ?1 has two stay, beside the new one. */
#define AGES_KEPT_SINCE                                                                            \
	"(SELECT min(time) FROM (SELECT time FROM age_reading WHERE process_id = ?1 AND time < ?2" \
	" AND state = '" STORE_AGES_READ "' ORDER BY time DESC LIMIT 2))"

/* X(identifier, SQL): statements that run often, prepared at their first use. */
#define WRITER_STATEMENTS(X)                                                                                          \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                                   \
	X(COMMIT, "COMMIT")                                                                                           \
	X(PUT_META, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)")                                                    \
	X(FIND_MODULE, "SELECT id FROM module WHERE path = ?1 AND build_id = ?2 AND size = ?3")                       \
	X(ADD_MODULE, "INSERT INTO module (path, build_id, size, symbol_status) VALUES (?1, ?2, ?3, ?4)")             \
	X(ADD_LOCATION, STACK_INSERT("location (id, module_id, offset, exact, pseudo)", "(?, ?, ?, ?, ?)", 1))        \
	X(ADD_LOCATIONS, STACK_INSERT("location (id, module_id, offset, exact, pseudo)", "(?, ?, ?, ?, ?)", 32))      \
	X(ADD_NODE, STACK_INSERT("node (id, parent_id, location_id, guessed)", "(?, ?, ?, ?)", 1))                    \
	X(ADD_NODES, STACK_INSERT("node (id, parent_id, location_id, guessed)", "(?, ?, ?, ?)", 32))                  \
	X(ADD_SITE, STACK_INSERT("site (id, node_id, kind)", "(?, ?, ?)", 1))                                         \
	X(ADD_SITES, STACK_INSERT("site (id, node_id, kind)", "(?, ?, ?)", 32))                                       \
	X(FLUSH_TOTALS, "INSERT OR REPLACE INTO total (process_id, site_id, time, " STORE_COUNTERS ")"                \
			" SELECT process_id, site_id, time, " STORE_COUNTERS " FROM changes")                         \
	X(FLUSH_SECONDS, "INSERT OR REPLACE INTO sample_second (process_id, site_id, time, " STORE_COUNTERS ")"       \
			 " SELECT process_id, site_id, time, " STORE_COUNTERS " FROM changes"                         \
			 " WHERE acquired_count | acquired_bytes | released_count | released_bytes")                  \
	X(FLUSH_SAMPLED_TOTALS,                                                                                       \
	  "INSERT OR REPLACE INTO total (process_id, site_id, time, " STORE_COUNTERS ", " STORE_PARTS ")"             \
	  " SELECT process_id, site_id, time, " STORE_COUNTERS ", " STORE_PARTS " FROM changes")                      \
	X(FLUSH_SAMPLED_SECONDS,                                                                                      \
	  "INSERT OR REPLACE INTO sample_second (process_id, site_id, time, " STORE_COUNTERS ", " STORE_PARTS ")"     \
	  " SELECT process_id, site_id, time, " STORE_COUNTERS ", " STORE_PARTS " FROM changes"                       \
	  " WHERE acquired_count | acquired_bytes | released_count | released_bytes")                                 \
	X(GET_TOTAL, "SELECT " STORE_COUNTERS ", " STORE_PARTS " FROM total WHERE process_id = ?1 AND site_id = ?2")  \
	X(PUT_INHERITED, "INSERT OR REPLACE INTO inherited (process_id, site_id, count, bytes, birth_sum)"            \
			 " VALUES (?1, ?2, ?3, ?4, ?5)")                                                              \
	X(PUT_INHERITED_PARTS, "UPDATE inherited SET unseen_count = ?3, unseen_bytes = ?4, count_variance = ?5,"      \
			       " bytes_variance = ?6 WHERE process_id = ?1 AND site_id = ?2")                         \
	X(PUT_SAMPLED_SITE,                                                                                           \
	  "INSERT OR REPLACE INTO sampled_site (process_id, site_id, interval, weight) VALUES (?1, ?2, ?3, ?4)")      \
	X(PUT_SAMPLING, "INSERT OR REPLACE INTO sampling (time_ns, interval) SELECT ?1, ?2 WHERE ?2 <>"               \
			" coalesce((SELECT interval FROM sampling ORDER BY time_ns DESC LIMIT 1), 0)")                \
	X(PUT_PROCESS_SAMPLE,                                                                                         \
	  "INSERT OR REPLACE INTO process_sample (time, process_id, resolution, rss_anon, rss_file, rss_shmem,"       \
	  " swap, vm_size, vm_hwm, cpu_user_ns, cpu_system_ns, threads, descriptors, seep_private_bytes,"             \
	  " tcp_established, tcp_syn_sent, tcp_syn_recv, tcp_fin_wait1, tcp_fin_wait2, tcp_time_wait, tcp_close,"     \
	  " tcp_close_wait, tcp_last_ack, tcp_listen, tcp_closing)"                                                   \
	  " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"                                       \
	  " ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)")                                                  \
	X(PUT_LOOK,                                                                                                   \
	  "INSERT OR REPLACE INTO memory_look (time, process_id, resolution, " STORE_LOOK ")"                         \
	  " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)")   \
	X(PUT_LIMIT, "INSERT OR REPLACE INTO process_limit (process_id, name, time, value) SELECT ?1, ?2, ?3, ?4"     \
		     " WHERE ?4 IS NOT (SELECT value FROM process_limit WHERE process_id = ?1 AND name = ?2"          \
		     " ORDER BY time DESC LIMIT 1)")                                                                  \
	X(PUT_COST, "INSERT OR REPLACE INTO cost (process_id, time, resolution, cpu_ns, acquisition_ns, release_ns,"  \
		    " error_ns, acquisitions_timed, releases_timed, clipped, captures, captured_frames, rule_misses)" \
		    " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")                                 \
	X(PUT_EVENT, "INSERT OR REPLACE INTO event_series (time, process_id, name, resolution, count)"                \
		     " VALUES (?1, ?2, ?3, 1, ?4)")                                                                   \
	X(PUT_ADAPTATION, "INSERT OR REPLACE INTO adaptation (time_ns, interval, interval_before, hook_ns, cpu_ns,"   \
			  " limit_percent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                          \
	X(PUT_TRUST, "INSERT OR REPLACE INTO trust (process_id, name, value) VALUES (?1, ?2, ?3)")                    \
	X(PUT_RELEASE, "INSERT INTO release_site (process_id, site_id, node_id, count) VALUES (?1, ?2, ?3, ?4)"       \
		       " ON CONFLICT DO UPDATE SET count = max(count, excluded.count)")                               \
	X(CLEAR_AGES, "DELETE FROM age WHERE process_id = ?1 AND (time = ?2 OR time < " AGES_KEPT_SINCE ")")          \
	X(CLEAR_AGE_READINGS,                                                                                         \
	  "DELETE FROM age_reading WHERE process_id = ?1 AND (time = ?2 OR state <> '" STORE_AGES_READ                \
	  "' OR time < " AGES_KEPT_SINCE ")")                                                                         \
	X(PUT_AGE_READING, "INSERT INTO age_reading (process_id, time, state, cpu_ns) VALUES (?1, ?2, ?3, ?4)")       \
	X(PUT_AGE,                                                                                                    \
	  "INSERT INTO age (process_id, time, site_id, bucket, count, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")        \
	X(PUT_MISUSE, "INSERT OR REPLACE INTO misuse (process_id, kind, node_id, previous_node_id, count, last_fd,"   \
		      " first_time, last_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                              \
	X(FIND_PROCESS, "SELECT id, ended_ns IS NOT NULL FROM process WHERE slot = ?1 AND generation = ?2")           \
	X(ADD_PROCESS, "INSERT INTO process (pid, slot, generation, parent_id, ppid, exe, command, allocator,"        \
		       " started_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                                    \
	X(UPDATE_PROCESS, "UPDATE process SET exe = ?2, command = coalesce(?3, command),"                             \
			  " allocator = coalesce(?4, allocator), ppid = ?5 WHERE id = ?1")                            \
	X(COUNT_TOTALS, "SELECT count(*) FROM total WHERE process_id = ?1")                                           \
	X(END_PROCESS, "UPDATE process SET ended_ns = ?2, end_reason = ?3 WHERE id = ?1")                             \
	X(PUT_MARK, "INSERT INTO mark (time_ns, process_id, kind, text, node_id) VALUES (?1, ?2, ?3, ?4, ?5)")        \
	X(FIND_MARK, "SELECT 1 FROM mark WHERE process_id IS ?1 AND kind = ?2")                                       \
	X(PUT_DESCRIPTOR, "INSERT OR REPLACE INTO descriptor_table (mark_id, fd, kind, site_id, age_s, target,"       \
			  " tcp_state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                          \
	X(CLEAR_UNSEEN, "DELETE FROM unseen_descriptor WHERE process_id = ?1")                                        \
	X(PUT_UNSEEN, "INSERT OR REPLACE INTO unseen_descriptor (process_id, target, count) VALUES (?1, ?2, ?3)")     \
	X(UNRESOLVED, "SELECT id, module_id, offset, exact FROM location"                                             \
		      " WHERE id > ?1 AND resolved = 0 AND pseudo IS NULL ORDER BY id LIMIT ?2")                      \
	X(GET_MODULE, "SELECT path, build_id, size, symbol_status FROM module WHERE id = ?1")                         \
	X(PUT_SYMBOL, "INSERT OR REPLACE INTO symbol (location_id, inline_depth, function, file, line, start_line)"   \
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                                             \
	X(SET_RESOLVED, "UPDATE location SET resolved = 1 WHERE id BETWEEN ?1 AND ?2 AND pseudo IS NULL")             \
	X(SET_STATUS, "UPDATE module SET symbol_status = ?2, debug_file = ?3 WHERE id = ?1")

enum writer_statement {
#define X(id, sql) WRITE_##id,
	WRITER_STATEMENTS(X)
#undef X
		WRITE_STATEMENT_COUNT
};

/* A row of figures that waits for the commit, in the order of the tables' columns. */
enum { CHANGE_WHOLE = 13, CHANGE_REAL = 4 };
struct change {
	int64_t whole[CHANGE_WHOLE]; /* process_id, site_id, time, the counters, the unseen parts */
	double variances[CHANGE_REAL];
};
struct changes {
	struct change *rows;
	size_t count, capacity;
	bool is_sampled; /* some row has estimated parts */
};

/*
 * Rows of a table that stacks consist of. No index finds them by what they are: it would double the cost of adding
 * them, and the one writer has them all in a map.
 */
enum stack_table { STACK_LOCATIONS, STACK_NODES, STACK_SITES, STACK_TABLES };
enum { STACK_AT_ONCE = 32, STACK_COLUMNS = 5 };
struct stack_rows {
	struct idmap ids; /* natural key -> id, of the rows that wait, too */
	uint32_t last_id;
	size_t waiting_count;
	int64_t waiting[STACK_AT_ONCE][STACK_COLUMNS]; /* id, and what it is */
};

struct writer {
	sqlite3_stmt *statements[WRITE_STATEMENT_COUNT];
	struct stack_rows stacks[STACK_TABLES];
	bool is_mapped; /* `stacks` has every row that is there; not after a rollback, which may have taken some of them
			   away */
	uint32_t anonymous_module;
	struct changes changes;
	int64_t ended_processes, ended_rows; /* not folded yet, with their rows of figures; -1: to be counted */
	int64_t fold_due_ns;
	int64_t last_tick; /* whole seconds: the newest transaction, this one included */
	uint32_t keep_second_s, keep_minute_s;
	struct stat identity; /* device and inode: the file as it was opened */
};

/* Finalizes the writer's statements and frees its maps; NULL is fine. */
void writer_release(struct writer *writer);
/* Drops what may not be true after a rollback. */
void writer_forget(struct writer *writer);

/* A connection with the settings of every Seep connection; `flags` are SQLITE_OPEN_*. */
int store_open_connection(const char *path, int flags, struct store **out, struct error *error);

/* SEEP_OK if the open file is a recording of a version that this program knows, which is then in store->version. */
int store_check_identity(struct store *store, struct error *error);

/* The statement, ready to be bound; NULL after an error. */
sqlite3_stmt *writer_statement(struct store *store, enum writer_statement which, struct error *error);
/* Runs a bound statement that gives no row, or whose rows are of no interest. */
int writer_run(struct store *store, sqlite3_stmt *statement, struct error *error);
/* Runs a bound statement and takes the first column of its only row: *value 0 if there is none. */
int writer_get(struct store *store, sqlite3_stmt *statement, int64_t *value, struct error *error);

/* changes.c: collects figures; the flush writes them (called by the commit, and by who reads `total`). */
int changes_attach(struct store *store, struct error *error);
int changes_add(struct changes *changes, const struct change *change);
int changes_flush(struct store *store, struct error *error);
void changes_release(struct changes *changes);

/* write_stacks.c: writes the rows that wait; called by the commit, and by who reads these tables. */
int stacks_flush(struct store *store, struct error *error);
void stacks_forget(struct writer *writer);

/* roll_up.c: to be called before the figures of a tick are written; `last` is the tick before. */
int roll_up(struct store *store, int64_t last, int64_t now, struct error *error);

/* fold.c: bounds the number of ended processes, and of their rows. */
int fold_processes(struct store *store, int64_t now_ns, struct error *error);

/* Binds text that may be NULL, and may not be UTF-8. It must stay until the statement has run. */
void bind_text(sqlite3_stmt *statement, int column, const char *text);
/* Binds a number; a negative one is NULL. */
void bind_known(sqlite3_stmt *statement, int column, int64_t value);
/* Binds an id; 0 is NULL. */
void bind_id(sqlite3_stmt *statement, int column, uint32_t id);

#endif
