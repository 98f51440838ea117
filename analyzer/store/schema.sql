-- SPDX-License-Identifier: MIT
-- schema.sql - what a Seep recording holds. Compiled into `seep`; the manual is seep-schema(5).
--
-- A recording is one SQLite file: application_id 0x53656570 ("Seep"), user_version = the schema's version.
-- Times are nanoseconds since 1970 (UTC) in columns named *_ns, and whole seconds since 1970 in `time`.
-- Sizes are bytes. Counters are cumulative since the process began, so that a roll-up keeps the last
-- value of its bucket and the value at time t is the newest row not after t.
-- The tables may change with user_version; the views at the end are stable.

-- created_ns, newest_ns, ended_ns, interval_ms, state (live|ended), host, kernel, seep_version, arena, arena_id,
-- keep_second_s, keep_minute_s, seconds_from, minutes_from, ...
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE process (
  id          INTEGER PRIMARY KEY,
  pid         INTEGER NOT NULL,
  slot        INTEGER NOT NULL,          -- where in the arena; (slot, generation) names the owner for a resumed recorder
  generation  INTEGER NOT NULL,
  parent_id   INTEGER REFERENCES process(id),  -- the recorded process that forked it
  ppid        INTEGER,
  exe         TEXT NOT NULL,
  command     TEXT,                      -- /proc/PID/cmdline with spaces
  allocator   TEXT,                      -- the module that malloc is chained to
  started_ns  INTEGER NOT NULL,
  ended_ns    INTEGER,                   -- NULL while it runs
  end_reason  TEXT,                      -- ended | exec | folded: the sum of many that ended (pid 0, slot -1)
  UNIQUE (slot, generation)
) STRICT;

CREATE TABLE module (
  id            INTEGER PRIMARY KEY,
  path          TEXT NOT NULL,           -- absolute; '' is code that belongs to no file
  build_id      TEXT NOT NULL,           -- hex; '' none
  size          INTEGER NOT NULL,
  symbol_status TEXT,                    -- NULL not tried; 'debug info'; else why functions or lines are missing
  debug_file    TEXT,                    -- where the debug info was found
  UNIQUE (path, build_id, size)
) STRICT;

CREATE TABLE location (                  -- a code address, independent of where it was loaded
  id        INTEGER PRIMARY KEY,
  module_id INTEGER NOT NULL REFERENCES module(id),
  offset    INTEGER NOT NULL,            -- return address - load bias (exact = 0), or the pc itself (exact = 1)
  exact     INTEGER NOT NULL,
  pseudo    TEXT,                        -- '[outer frames cut]' and the like: not a code address
  resolved  INTEGER NOT NULL DEFAULT 0   -- symbol rows are final for this location
) STRICT;                                -- (module_id, offset, exact) is unique; an index would cost more than it serves

CREATE TABLE symbol (                    -- the cache: one row a frame, inlined ones included
  location_id  INTEGER NOT NULL REFERENCES location(id),
  inline_depth INTEGER NOT NULL,         -- 0 innermost; the last one is the function that contains the code
  function     TEXT NOT NULL,            -- demangled
  file         TEXT,
  line         INTEGER,
  start_line   INTEGER,                  -- of the function
  PRIMARY KEY (location_id, inline_depth)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (                      -- the calling-context tree of all processes; id 0 is the root and has no row
  id          INTEGER PRIMARY KEY,
  parent_id   INTEGER NOT NULL,
  location_id INTEGER NOT NULL REFERENCES location(id),
  guessed     INTEGER NOT NULL DEFAULT 0 -- the frame was found along rbp
) STRICT;                                -- (parent_id, location_id) is unique

CREATE TABLE site (                      -- a callsite: the innermost frame's node, and the kind of resource
  id      INTEGER PRIMARY KEY,
  node_id INTEGER NOT NULL,
  kind    TEXT NOT NULL
) STRICT;                                -- (node_id, kind) is unique

CREATE TABLE inherited (                 -- held since before the fork
  process_id INTEGER NOT NULL REFERENCES process(id),
  site_id    INTEGER NOT NULL REFERENCES site(id),
  count      INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  birth_sum  INTEGER NOT NULL,
  unseen_count   INTEGER NOT NULL DEFAULT 0, -- the estimated part, as in total
  unseen_bytes   INTEGER NOT NULL DEFAULT 0,
  count_variance REAL NOT NULL DEFAULT 0,
  bytes_variance REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (process_id, site_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE total (                     -- the newest figures of each process and site
  process_id      INTEGER NOT NULL REFERENCES process(id),
  site_id         INTEGER NOT NULL REFERENCES site(id),
  time            INTEGER NOT NULL,      -- of the last change
  acquired_count  INTEGER NOT NULL,
  acquired_bytes  INTEGER NOT NULL,
  released_count  INTEGER NOT NULL,
  released_bytes  INTEGER NOT NULL,
  birth_sum       INTEGER NOT NULL,      -- sum of birth epochs of what lives (inherited included)
  temporary_count INTEGER NOT NULL,
  -- where heap blocks were sampled: how much of the figures above is an estimate of what was not seen, and the variance
  -- of these estimates (objects^2, bytes^2); all 0 where every event was counted
  acquired_unseen_count INTEGER NOT NULL DEFAULT 0, acquired_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  released_unseen_count INTEGER NOT NULL DEFAULT 0, released_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  acquired_count_variance REAL NOT NULL DEFAULT 0, acquired_bytes_variance REAL NOT NULL DEFAULT 0,
  released_count_variance REAL NOT NULL DEFAULT 0, released_bytes_variance REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (process_id, site_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sampling (                  -- from when on how many heap blocks are recorded; no row: every one
  time_ns  INTEGER PRIMARY KEY,
  interval INTEGER NOT NULL              -- mean bytes between sampled blocks; 0: every block is recorded
) STRICT;

CREATE TABLE sampled_site (              -- callsites of sampled blocks: what bounds the error of their figures
  process_id INTEGER NOT NULL REFERENCES process(id),
  site_id    INTEGER NOT NULL REFERENCES site(id),
  interval   INTEGER NOT NULL,           -- the largest: bytes that one block stands for at most
  weight     REAL NOT NULL,              -- objects that one block stands for at most
  PRIMARY KEY (process_id, site_id)
) STRICT, WITHOUT ROWID;

-- History: a row where something changed. Three resolutions; how long each is kept is in meta (keep_second_s,
-- keep_minute_s); hours are kept for ever. A coarser table has a row as soon as its minute or hour has ended: before meta's
-- seconds_from (minutes_from) there are no finer rows, from then on they are all there.
CREATE TABLE sample_second (
  time INTEGER NOT NULL, site_id INTEGER NOT NULL, process_id INTEGER NOT NULL,
  acquired_count INTEGER NOT NULL, acquired_bytes INTEGER NOT NULL,
  released_count INTEGER NOT NULL, released_bytes INTEGER NOT NULL,
  birth_sum INTEGER NOT NULL, temporary_count INTEGER NOT NULL,
  acquired_unseen_count INTEGER NOT NULL DEFAULT 0, acquired_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  released_unseen_count INTEGER NOT NULL DEFAULT 0, released_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  acquired_count_variance REAL NOT NULL DEFAULT 0, acquired_bytes_variance REAL NOT NULL DEFAULT 0,
  released_count_variance REAL NOT NULL DEFAULT 0, released_bytes_variance REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (time, site_id, process_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sample_minute (
  site_id INTEGER NOT NULL, process_id INTEGER NOT NULL, time INTEGER NOT NULL,
  acquired_count INTEGER NOT NULL, acquired_bytes INTEGER NOT NULL,
  released_count INTEGER NOT NULL, released_bytes INTEGER NOT NULL,
  birth_sum INTEGER NOT NULL, temporary_count INTEGER NOT NULL,
  acquired_unseen_count INTEGER NOT NULL DEFAULT 0, acquired_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  released_unseen_count INTEGER NOT NULL DEFAULT 0, released_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  acquired_count_variance REAL NOT NULL DEFAULT 0, acquired_bytes_variance REAL NOT NULL DEFAULT 0,
  released_count_variance REAL NOT NULL DEFAULT 0, released_bytes_variance REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, process_id, time)
) STRICT, WITHOUT ROWID;
CREATE TABLE sample_hour (
  site_id INTEGER NOT NULL, process_id INTEGER NOT NULL, time INTEGER NOT NULL,
  acquired_count INTEGER NOT NULL, acquired_bytes INTEGER NOT NULL,
  released_count INTEGER NOT NULL, released_bytes INTEGER NOT NULL,
  birth_sum INTEGER NOT NULL, temporary_count INTEGER NOT NULL,
  acquired_unseen_count INTEGER NOT NULL DEFAULT 0, acquired_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  released_unseen_count INTEGER NOT NULL DEFAULT 0, released_unseen_bytes INTEGER NOT NULL DEFAULT 0,
  acquired_count_variance REAL NOT NULL DEFAULT 0, acquired_bytes_variance REAL NOT NULL DEFAULT 0,
  released_count_variance REAL NOT NULL DEFAULT 0, released_bytes_variance REAL NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, process_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE process_sample (            -- what the kernel says of the process; NULL = could not be read
  time       INTEGER NOT NULL,
  process_id INTEGER NOT NULL REFERENCES process(id),
  resolution INTEGER NOT NULL,           -- seconds: 1, 60 or 3600
  rss_anon INTEGER, rss_file INTEGER, rss_shmem INTEGER, swap INTEGER,
  vm_size INTEGER, vm_hwm INTEGER,
  cpu_user_ns INTEGER, cpu_system_ns INTEGER,
  threads INTEGER, descriptors INTEGER,
  tcp_established INTEGER, tcp_syn_sent INTEGER, tcp_syn_recv INTEGER, tcp_fin_wait1 INTEGER, tcp_fin_wait2 INTEGER,
  tcp_time_wait INTEGER, tcp_close INTEGER, tcp_close_wait INTEGER, tcp_last_ack INTEGER, tcp_listen INTEGER,
  tcp_closing INTEGER,
  seep_private_bytes INTEGER,            -- the shim's own memory in the process
  PRIMARY KEY (time, process_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE memory_look (               -- now and then: who the private memory belongs to; NULL = could not be read
  time       INTEGER NOT NULL,
  process_id INTEGER NOT NULL REFERENCES process(id),
  resolution INTEGER NOT NULL,           -- seconds: 1, 60 or 3600
  rss_anon INTEGER, swap INTEGER,        -- as the kernel says; the parts below, but the sizes, add up to both
  live_bytes INTEGER, live_count INTEGER, -- heap blocks that live, as tracked: requested bytes
  large_bytes INTEGER,                   -- of these, of callsites whose blocks are 128 kB or more on average
  heap INTEGER, heap_size INTEGER,       -- [heap] and the C library's arenas; their address space
  anonymous INTEGER, anonymous_size INTEGER, -- mappings of no known owner: large heap blocks, allocators' pools
  mapping INTEGER,                       -- made by the program with mmap()
  stack INTEGER, seep INTEGER,           -- of threads; Seep's own
  file INTEGER,                          -- variables of programs and libraries, changed pages of private file mappings
  other INTEGER,                         -- small ones of no known owner
  cgroup_bytes INTEGER,                  -- charged to the control group of the memory limit, less idle file cache
  descriptors INTEGER, timers INTEGER,   -- of the process: open; of POSIX
  signals INTEGER,                       -- queued for the user, all POSIX timers among them
  PRIMARY KEY (process_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE process_limit (             -- a row when one has changed; no row: not known
  process_id INTEGER NOT NULL REFERENCES process(id),
  name       TEXT NOT NULL,              -- memory | descriptors | signals | address space
  time       INTEGER NOT NULL,
  value      INTEGER NOT NULL,           -- 9223372036854775807: there is none
  PRIMARY KEY (process_id, name, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost (                      -- what the hooks cost the process, from the timing of a few events (libseep(7))
  process_id      INTEGER NOT NULL REFERENCES process(id),
  time            INTEGER NOT NULL,
  resolution      INTEGER NOT NULL,      -- seconds: 1, 60 or 3600
  cpu_ns          INTEGER,               -- user and system time of the process; NULL = not known at that moment
  acquisition_ns  INTEGER NOT NULL,      -- in hooks, estimated
  release_ns      INTEGER NOT NULL,
  error_ns        INTEGER NOT NULL,      -- the sum of both is true to this, in 95 of 100 cases
  acquisitions_timed INTEGER NOT NULL,   -- events behind the estimate, each one of about 256
  releases_timed  INTEGER NOT NULL,
  clipped         INTEGER NOT NULL,      -- of them: took longer than is believed, and count with that
  captures        INTEGER NOT NULL,      -- stacks taken
  captured_frames INTEGER NOT NULL,      -- frames of them that were walked anew
  rule_misses     INTEGER NOT NULL,      -- unwind rules computed
  PRIMARY KEY (process_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_series (              -- what happened to the process, counted since it began: a row when that changed
  time       INTEGER NOT NULL,
  process_id INTEGER NOT NULL REFERENCES process(id),
  name       TEXT NOT NULL,              -- arena.h lists them; 'mark:NAME' is the program's own (seep.h)
  resolution INTEGER NOT NULL,           -- seconds: 1, 60 or 3600
  count      INTEGER NOT NULL,
  PRIMARY KEY (time, process_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE adaptation (                -- what --max-overhead has changed
  time_ns         INTEGER PRIMARY KEY,
  interval        INTEGER NOT NULL,      -- from then on: mean bytes between recorded heap blocks, 0 every one
  interval_before INTEGER NOT NULL,
  hook_ns         INTEGER NOT NULL,      -- what was measured with the interval before, since the last decision: in hooks,
  cpu_ns          INTEGER NOT NULL,      -- and in all
  limit_percent   REAL NOT NULL          -- of hook_ns in cpu_ns
) STRICT;

CREATE TABLE trust (                     -- events not, or not fully, in the record (arena.h lists the names), and
                                         -- 'folded_processes': how many a folded process is the sum of
  process_id INTEGER NOT NULL REFERENCES process(id),
  name       TEXT NOT NULL,
  value      INTEGER NOT NULL,
  PRIMARY KEY (process_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (                      -- moments that a chart or a report should show
  id         INTEGER PRIMARY KEY,
  time_ns    INTEGER NOT NULL,
  process_id INTEGER REFERENCES process(id),
  kind       TEXT NOT NULL,              -- 'descriptor limit' | 'recorder resumed' | 'clock' | 'sampling' | 'message'
  text       TEXT NOT NULL,
  node_id    INTEGER
) STRICT;

CREATE TABLE descriptor_table (          -- every descriptor at a 'descriptor limit' mark
  mark_id   INTEGER NOT NULL REFERENCES mark(id),
  fd        INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  site_id   INTEGER,                     -- NULL: not seen acquired
  age_s     INTEGER,
  target    TEXT,                        -- path, or local and peer address
  tcp_state TEXT,
  PRIMARY KEY (mark_id, fd)
) STRICT, WITHOUT ROWID;

CREATE TABLE misuse (
  process_id       INTEGER NOT NULL REFERENCES process(id),
  kind             TEXT NOT NULL,        -- 'double close' | 'close of a descriptor never opened'
  node_id          INTEGER NOT NULL,
  previous_node_id INTEGER NOT NULL,     -- 0: none
  count            INTEGER NOT NULL,
  last_fd          INTEGER NOT NULL,
  first_time       INTEGER NOT NULL,
  last_time        INTEGER NOT NULL,
  PRIMARY KEY (process_id, kind, node_id, previous_node_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE release_site (              -- where a callsite's things are given back: a sample (libseep(7))
  process_id INTEGER NOT NULL REFERENCES process(id),
  site_id    INTEGER NOT NULL,           -- that acquired
  node_id    INTEGER NOT NULL,           -- the stack that released, Seep's own frames innermost
  count      INTEGER NOT NULL,           -- noted: tells what is common, and is no number of releases
  PRIMARY KEY (process_id, site_id, node_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE age_reading (               -- how old is what a process holds, read from its memory: the newest readings
  process_id INTEGER NOT NULL REFERENCES process(id),
  time       INTEGER NOT NULL,
  state      TEXT NOT NULL,              -- read | not permitted | too large | no memory: what age has no rows for
  cpu_ns     INTEGER NOT NULL,           -- of the recorder, for it
  PRIMARY KEY (process_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE age (                       -- estimates where heap blocks were sampled
  process_id INTEGER NOT NULL REFERENCES process(id),
  time       INTEGER NOT NULL,           -- of the reading
  site_id    INTEGER NOT NULL,
  bucket     INTEGER NOT NULL,           -- 0: younger than a second; b: 2^(b-1) to less than 2^b seconds
  count      INTEGER NOT NULL,
  bytes      INTEGER NOT NULL,
  PRIMARY KEY (process_id, time, site_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE unseen_descriptor (         -- in /proc/PID/fd but not in the shim's table, at the last look
  process_id INTEGER NOT NULL REFERENCES process(id),
  target     TEXT NOT NULL,              -- kind of target: socket, pipe, anon_inode:[...], a path
  count      INTEGER NOT NULL,
  PRIMARY KEY (process_id, target)
) STRICT, WITHOUT ROWID;

-- The public views ------------------------------------------------------------------------------

-- One row a process and callsite: the newest figures.
CREATE VIEW callsite AS
SELECT t.process_id, p.pid, t.site_id, s.kind, s.node_id,
       coalesce(i.count, 0) + t.acquired_count - t.released_count AS live_count,
       coalesce(i.bytes, 0) + t.acquired_bytes - t.released_bytes AS live_bytes,
       t.acquired_count, t.acquired_bytes, t.released_count, t.released_bytes, t.temporary_count,
       coalesce(i.count, 0) AS inherited_count, coalesce(i.bytes, 0) AS inherited_bytes, t.time AS changed,
       coalesce(i.unseen_count, 0) + t.acquired_unseen_count - t.released_unseen_count AS live_unseen_count,
       coalesce(i.unseen_bytes, 0) + t.acquired_unseen_bytes - t.released_unseen_bytes AS live_unseen_bytes,
       max(coalesce(i.count_variance, 0) + t.acquired_count_variance - t.released_count_variance, 0)
         AS live_count_variance,
       max(coalesce(i.bytes_variance, 0) + t.acquired_bytes_variance - t.released_bytes_variance, 0)
         AS live_bytes_variance,
       t.acquired_unseen_count, t.acquired_unseen_bytes, t.acquired_count_variance, t.acquired_bytes_variance,
       coalesce(w.interval, 0) AS interval, coalesce(w.weight, 0) AS weight
FROM total t JOIN site s ON s.id = t.site_id JOIN process p ON p.id = t.process_id
LEFT JOIN inherited i ON i.process_id = t.process_id AND i.site_id = t.site_id
LEFT JOIN sampled_site w ON w.process_id = t.process_id AND w.site_id = t.site_id;

-- One row a process, callsite and moment at which something changed, at the best resolution kept.
CREATE VIEW callsite_series AS
SELECT time, process_id, site_id, acquired_count, acquired_bytes, released_count, released_bytes, temporary_count,
       1 AS resolution, acquired_unseen_count, acquired_unseen_bytes, released_unseen_count, released_unseen_bytes, acquired_count_variance,
       acquired_bytes_variance, released_count_variance, released_bytes_variance
FROM sample_second
UNION ALL
SELECT time, process_id, site_id, acquired_count, acquired_bytes, released_count, released_bytes, temporary_count, 60,
       acquired_unseen_count, acquired_unseen_bytes, released_unseen_count, released_unseen_bytes, acquired_count_variance,
       acquired_bytes_variance, released_count_variance, released_bytes_variance
FROM sample_minute WHERE time < (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'seconds_from')
UNION ALL
SELECT time, process_id, site_id, acquired_count, acquired_bytes, released_count, released_bytes, temporary_count, 3600,
       acquired_unseen_count, acquired_unseen_bytes, released_unseen_count, released_unseen_bytes, acquired_count_variance,
       acquired_bytes_variance, released_count_variance, released_bytes_variance
FROM sample_hour WHERE time < (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'minutes_from');

-- The frames of every tree node's stack, depth 0 innermost; inlined functions are rows of their own.
CREATE VIEW stack AS
WITH RECURSIVE up(node_id, depth, at) AS (
  SELECT id, 0, id FROM node
  UNION ALL
  SELECT up.node_id, up.depth + 1, n.parent_id FROM up JOIN node n ON n.id = up.at WHERE n.parent_id <> 0)
SELECT up.node_id, up.depth, coalesce(y.inline_depth, 0) AS inline_depth,
       coalesce(y.function, l.pseudo, printf('%s+0x%x', m.path, l.offset)) AS function, y.file, y.line,
       m.path AS module, l.offset
FROM up JOIN node n ON n.id = up.at JOIN location l ON l.id = n.location_id JOIN module m ON m.id = l.module_id
LEFT JOIN symbol y ON y.location_id = l.id;

-- What each process and callsite held at the newest reading, by age.
CREATE VIEW age_histogram AS
SELECT process_id, site_id, time, CASE bucket WHEN 0 THEN 0 ELSE 1 << (bucket - 1) END AS from_s, 1 << bucket AS to_s,
       count, bytes
FROM age a WHERE time = (SELECT max(time) FROM age_reading r WHERE r.process_id = a.process_id AND r.state = 'read');

CREATE VIEW process_series AS SELECT * FROM process_sample;

-- Who a process's private memory belonged to, moment by moment: the parts and `unattributed`, which may be negative, add
-- up to `bytes`, and that is RssAnon + VmSwap.
CREATE VIEW memory_parts AS
SELECT time, process_id, resolution, rss_anon + swap AS bytes, heap, anonymous, mapping, stack, seep, file, other,
       rss_anon + swap - heap - anonymous - mapping - stack - seep - file - other AS unattributed,
       live_bytes, live_count, large_bytes, heap_size, anonymous_size
FROM memory_look;

-- The newest limits of each process.
CREATE VIEW limits AS
SELECT process_id, name, max(time) AS since, value FROM process_limit GROUP BY process_id, name;

-- One row a process: what the hooks have cost it so far. cpu_ns and percent are of the newest moment at which its CPU
-- time was known, the rest of the newest of all.
CREATE VIEW hook_cost AS
SELECT c.process_id, p.pid, c.time, c.acquisition_ns + c.release_ns AS hook_ns, c.error_ns,
       c.acquisition_ns, c.release_ns, c.acquisitions_timed, c.releases_timed, c.clipped,
       l.cpu_ns, 100.0 * (l.acquisition_ns + l.release_ns) / nullif(l.cpu_ns, 0) AS percent,
       c.captures, c.captured_frames, c.rule_misses
FROM process p
JOIN cost c ON c.process_id = p.id AND c.time = (SELECT max(time) FROM cost WHERE process_id = p.id)
LEFT JOIN cost l ON l.process_id = p.id
 AND l.time = (SELECT max(time) FROM cost WHERE process_id = p.id AND cpu_ns IS NOT NULL);

-- One row a process and moment; percent is that of the time since the row before.
CREATE VIEW hook_cost_series AS
SELECT time, process_id, resolution, cpu_ns, acquisition_ns + release_ns AS hook_ns, error_ns,
       acquisition_ns, release_ns, acquisitions_timed, releases_timed,
       100.0 * (acquisition_ns + release_ns - coalesce(lag(acquisition_ns + release_ns) OVER earlier, 0))
        / nullif(cpu_ns - coalesce(lag(cpu_ns) OVER earlier, 0), 0) AS percent,
       captures, captured_frames, rule_misses
FROM cost WHERE cpu_ns IS NOT NULL WINDOW earlier AS (PARTITION BY process_id ORDER BY time);

-- One row a process and event: the newest count, and the time of its last change.
CREATE VIEW event_total AS
SELECT e.process_id, p.pid, e.name, e.count, max(e.time) AS time
FROM event_series e JOIN process p ON p.id = e.process_id GROUP BY e.process_id, e.name;

-- One row a process, event and moment at which it had happened again; per_second is that of the time since the row
-- before, NULL in the first one.
CREATE VIEW event_rate AS
SELECT time, process_id, name, resolution, count,
       1.0 * (count - lag(count) OVER earlier) / (time - lag(time) OVER earlier) AS per_second
FROM event_series WINDOW earlier AS (PARTITION BY process_id, name ORDER BY time);
