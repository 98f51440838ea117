/* SPDX-License-Identifier: MIT */
/*
 * Folding: a server that forks for each connection, or a script, has millions of processes; a recording must not grow
 * with their number. Of those that ended the newest are kept as they were. The older ones are added together, one row a
 * program (slot -1, end_reason 'folded'), with their events exact; what they held at moments in the past is given up.
 */
#include <stdio.h>

#include "writer_internal.h"

/* Folding begins above these, and halves them: of processes that ended, and of their rows of figures. */
enum { MOST_PROCESSES = 512, MOST_ROWS = 100000 };
/* What ended this recently may be part of the recording's own end, where it counts as alive. */
#define RECENT_NS (10 * NS_PER_S)
/* Too many, but all of them recent: not looked at again before. */
#define REST_NS (2 * NS_PER_S)

#define ENDED "FROM process p WHERE p.ended_ns IS NOT NULL AND p.slot >= 0"
#define ROWS_OF_P "(SELECT count(*) FROM total t WHERE t.process_id = p.id)"
#define COUNTERS STORE_COUNTERS ", " STORE_PARTS
#define ADDED(column) ", " column " = " column " + excluded." column
#define EVENTS "(acquired_count | acquired_bytes | released_count | released_bytes)"

static const char *const fold_steps[] = {
	/* the entry of each program */
	"INSERT INTO process (pid, slot, generation, exe, started_ns, ended_ns, end_reason)"
	" SELECT 0, -1, (SELECT coalesce(max(generation), 0) FROM process WHERE slot = -1)"
	"  + row_number() OVER (ORDER BY exe), exe, min(started_ns), max(ended_ns), 'folded'"
	" FROM process WHERE id IN (SELECT id FROM folding)"
	" AND exe NOT IN (SELECT exe FROM process WHERE slot = -1) GROUP BY exe",
	"UPDATE folding SET target = (SELECT f.id FROM process f JOIN process p ON p.exe = f.exe"
	" WHERE f.slot = -1 AND p.id = folding.id)",
	"UPDATE process SET ended_ns = (SELECT max(p.ended_ns) FROM process p JOIN folding f ON f.id = p.id"
	" WHERE f.target = process.id) WHERE id IN (SELECT target FROM folding)",

	/* their events, exact, and a point of history that has them */
	"INSERT INTO total (process_id, site_id, time, " COUNTERS ")"
	" SELECT f.target, t.site_id, max(t.time), sum(acquired_count), sum(acquired_bytes), sum(released_count),"
	"  sum(released_bytes), 0, sum(temporary_count), sum(acquired_unseen_count), sum(acquired_unseen_bytes),"
	"  sum(released_unseen_count), sum(released_unseen_bytes), sum(acquired_count_variance),"
	"  sum(acquired_bytes_variance), sum(released_count_variance), sum(released_bytes_variance)"
	" FROM total t JOIN folding f ON f.id = t.process_id WHERE " EVENTS " GROUP BY f.target, t.site_id"
	" ON CONFLICT DO UPDATE SET time = max(time, excluded.time),"
	"  acquired_count = acquired_count + excluded.acquired_count,"
	"  acquired_bytes = acquired_bytes + excluded.acquired_bytes,"
	"  released_count = released_count + excluded.released_count,"
	"  released_bytes = released_bytes + excluded.released_bytes,"
	"  temporary_count = temporary_count + excluded.temporary_count" ADDED("acquired_unseen_count")
		ADDED("acquired_unseen_bytes") ADDED("released_unseen_count") ADDED("released_unseen_bytes")
			ADDED("acquired_count_variance") ADDED("acquired_bytes_variance")
				ADDED("released_count_variance") ADDED("released_bytes_variance"),
	"INSERT INTO sampled_site (process_id, site_id, interval, weight)"
	" SELECT f.target, w.site_id, max(w.interval), max(w.weight) FROM sampled_site w JOIN folding f"
	" ON f.id = w.process_id WHERE true GROUP BY f.target, w.site_id ON CONFLICT DO UPDATE"
	" SET interval = max(interval, excluded.interval), weight = max(weight, excluded.weight)",
	"INSERT INTO folded_sites SELECT DISTINCT f.target, t.site_id FROM total t JOIN folding f ON f.id = "
	"t.process_id"
	" WHERE " EVENTS,
	"INSERT OR REPLACE INTO sample_second (time, site_id, process_id, " COUNTERS ")"
	" SELECT t.time, site_id, process_id, " COUNTERS " FROM folded_sites JOIN total t USING (process_id, site_id)"
	" WHERE t.time >= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seconds_from')",
	"INSERT OR REPLACE INTO sample_minute (time, site_id, process_id, " COUNTERS ")"
	" SELECT t.time / 60 * 60 + 59, site_id, process_id, " COUNTERS
	" FROM folded_sites JOIN total t USING (process_id, site_id)",
	"INSERT OR REPLACE INTO sample_hour (time, site_id, process_id, " COUNTERS ")"
	" SELECT t.time / 3600 * 3600 + 3599, site_id, process_id, " COUNTERS
	" FROM folded_sites JOIN total t USING (process_id, site_id)",

	/* what else is said of them; what came of earlier foldings is in the sum */
	"INSERT OR REPLACE INTO cost SELECT f.target, max(time), 3600,"
	"  CASE count(cpu_ns) WHEN count(*) THEN sum(cpu_ns) END, sum(acquisition_ns), sum(release_ns), sum(error_ns),"
	"  sum(acquisitions_timed), sum(releases_timed), sum(clipped), sum(captures), sum(captured_frames),"
	"  sum(rule_misses)"
	" FROM cost c JOIN (SELECT id, target FROM folding UNION SELECT target, target FROM folding) f"
	"  ON f.id = c.process_id"
	" WHERE time = (SELECT max(time) FROM cost WHERE process_id = c.process_id) GROUP BY f.target",
	"INSERT OR REPLACE INTO event_series SELECT max(newest), f.target, name, 3600, sum(count)"
	" FROM (SELECT process_id, name, count, max(time) AS newest FROM event_series GROUP BY process_id, name) e"
	" JOIN (SELECT id, target FROM folding UNION SELECT target, target FROM folding) f ON f.id = e.process_id"
	" GROUP BY f.target, name",
	"INSERT INTO trust (process_id, name, value) SELECT f.target, 'folded_processes', count(*) FROM folding f"
	" WHERE true GROUP BY f.target ON CONFLICT DO UPDATE SET value = value + excluded.value",
	"INSERT INTO trust (process_id, name, value) SELECT f.target, t.name, sum(t.value)"
	" FROM trust t JOIN folding f ON f.id = t.process_id WHERE true GROUP BY f.target, t.name"
	" ON CONFLICT DO UPDATE SET value = value + excluded.value",
	"UPDATE process SET command = (SELECT '[' || value || ' ended processes]' FROM trust"
	" WHERE process_id = process.id AND name = 'folded_processes') WHERE id IN (SELECT target FROM folding)",
	"INSERT INTO misuse (process_id, kind, node_id, previous_node_id, count, last_fd, first_time, last_time)"
	" SELECT f.target, kind, node_id, previous_node_id, sum(count), max(last_fd), min(first_time), max(last_time)"
	" FROM misuse m JOIN folding f ON f.id = m.process_id WHERE true"
	" GROUP BY f.target, kind, node_id, previous_node_id"
	" ON CONFLICT DO UPDATE SET count = count + excluded.count, last_fd = excluded.last_fd,"
	"  first_time = min(first_time, excluded.first_time), last_time = max(last_time, excluded.last_time)",
	"INSERT INTO release_site (process_id, site_id, node_id, count) SELECT f.target, r.site_id, r.node_id, "
	"sum(r.count)"
	" FROM release_site r JOIN folding f ON f.id = r.process_id WHERE true GROUP BY f.target, r.site_id, r.node_id"
	" ON CONFLICT DO UPDATE SET count = count + excluded.count",
	"UPDATE mark SET process_id = (SELECT target FROM folding WHERE id = process_id)"
	" WHERE process_id IN (SELECT id FROM folding)",

	/* and they are gone */
	"DELETE FROM inherited WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM sampled_site WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM sample_second WHERE time BETWEEN"
	" (SELECT min(started_ns) / 1000000000 FROM process JOIN folding USING (id))"
	" AND (SELECT max(ended_ns) / 1000000000 FROM process JOIN folding USING (id))"
	" AND process_id IN (SELECT id FROM folding)",
	"DELETE FROM sample_minute WHERE (site_id, process_id) IN"
	" (SELECT t.site_id, t.process_id FROM total t JOIN folding f ON f.id = t.process_id)",
	"DELETE FROM sample_hour WHERE (site_id, process_id) IN"
	" (SELECT t.site_id, t.process_id FROM total t JOIN folding f ON f.id = t.process_id)",
	"DELETE FROM total WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM process_sample WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM memory_look WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM process_limit WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM cost WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM event_series WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM event_series WHERE process_id IN (SELECT target FROM folding) AND (process_id, name, time) NOT IN"
	" (SELECT process_id, name, max(time) FROM event_series GROUP BY process_id, name, time / 3600)",
	"DELETE FROM trust WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM misuse WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM release_site WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM age WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM age_reading WHERE process_id IN (SELECT id FROM folding)",
	"DELETE FROM unseen_descriptor WHERE process_id IN (SELECT id FROM folding)",
	"UPDATE process SET parent_id = NULL WHERE parent_id IN (SELECT id FROM folding)",
	"DELETE FROM process WHERE id IN (SELECT id FROM folding)",
};

/* From the newest back: what does not fit into half of the limits is folded. */
static int choose(struct store *store, int64_t now_ns, struct error *error)
{
	char sql[768];

	snprintf(sql, sizeof(sql),
		 "CREATE TEMP TABLE IF NOT EXISTS folding (id INTEGER PRIMARY KEY, target INTEGER);"
		 "CREATE TEMP TABLE IF NOT EXISTS folded_sites (process_id INTEGER, site_id INTEGER);"
		 "DELETE FROM folding; DELETE FROM folded_sites;"
		 "INSERT INTO folding (id) SELECT id FROM"
		 " (SELECT p.id, p.ended_ns, row_number() OVER newest_first AS processes,"
		 "  sum(" ROWS_OF_P ") OVER newest_first AS figure_rows " ENDED
		 "  WINDOW newest_first AS (ORDER BY p.ended_ns DESC, p.id DESC))"
		 " WHERE (processes > %d OR figure_rows > %d) AND ended_ns < %lld",
		 MOST_PROCESSES / 2, MOST_ROWS / 2, (long long)(now_ns - RECENT_NS));
	return store_execute(store, sql, error);
}

static void count(struct store *store)
{
	store->writer->ended_processes = store_integer(store, "SELECT count(*) " ENDED, 0);
	store->writer->ended_rows = store_integer(store, "SELECT sum(" ROWS_OF_P ") " ENDED, 0);
}

int fold_processes(struct store *store, int64_t now_ns, struct error *error)
{
	struct writer *writer = store->writer;
	int code;

	if (writer->ended_processes < 0)
		count(store);
	if ((writer->ended_processes <= MOST_PROCESSES && writer->ended_rows <= MOST_ROWS) ||
	    now_ns < writer->fold_due_ns)
		return SEEP_OK;
	writer->fold_due_ns = now_ns + REST_NS;
	code = choose(store, now_ns, error);
	for (size_t i = 0; i < sizeof(fold_steps) / sizeof(fold_steps[0]) && code == SEEP_OK; i++)
		code = store_execute(store, fold_steps[i], error);
	if (code == SEEP_OK)
		count(store);
	return code;
}
