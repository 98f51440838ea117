-- SPDX-License-Identifier: MIT
-- postgres.sql - what `seep push` keeps of the recordings of many hosts. Compiled into `seep-push`; the manual is
-- seep-push(1), and what the columns mean is said in seep-schema(5).
--
-- All is in the schema "seep". A recording's rows have its number; host and build are dimensions. The tables may change
-- with schema_version; the views at the end are stable, and have the columns of a recording's views of the same name
-- after recording_id, host, program and build_id. Times and sizes as in a recording: nanoseconds in *_ns, whole seconds
-- since 1970 in `time` (to_timestamp(time) makes a moment of them), bytes.
--
-- History (the tables *_history) has one row a minute, of which nothing changes once it is there; all rows before
-- recording.history_s are there. Everything else is as it was at recording.newest_ns.

-- One that is there, and empty, was made for us by somebody who may.
DO $$ BEGIN
  IF to_regnamespace('seep') IS NULL THEN CREATE SCHEMA seep; END IF;
END $$;

CREATE TABLE seep.schema_version (
  version integer NOT NULL
);
INSERT INTO seep.schema_version VALUES (1);

CREATE TABLE seep.host (
  id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE
);

CREATE TABLE seep.build (
  id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program  text NOT NULL,                -- its path
  build_id text NOT NULL,                -- hex; '' none
  UNIQUE (program, build_id)
);

CREATE TABLE seep.recording (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity     text NOT NULL UNIQUE,     -- what tells a recording, and every copy of it, from all others
  host_id      integer NOT NULL REFERENCES seep.host(id),
  build_id     integer NOT NULL REFERENCES seep.build(id),  -- of the program that reports name
  created_ns   bigint NOT NULL,
  newest_ns    bigint NOT NULL,
  ended_ns     bigint,                   -- NULL: is recorded into
  interval_ms  integer NOT NULL,
  kernel       text,
  seep_version text,
  history_s    bigint NOT NULL,          -- all history before it has been pushed
  folded       bigint NOT NULL           -- processes that were added together when that was pushed
);

CREATE TABLE seep.process (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  pid          bigint NOT NULL,
  ppid         bigint,
  parent_id    integer,
  exe          text NOT NULL,
  build_id     text NOT NULL,
  command      text,
  allocator    text,
  started_ns   bigint NOT NULL,
  ended_ns     bigint,
  end_reason   text,
  PRIMARY KEY (recording_id, process_id)
);

CREATE TABLE seep.site (
  recording_id integer NOT NULL,
  site_id      integer NOT NULL,
  node_id      integer NOT NULL,
  kind         text NOT NULL,
  fingerprint  text NOT NULL,            -- of the stack: the same in every build
  callsite     text,                     -- judgement.callsite; NULL: was not judged
  function     text NOT NULL,            -- the one that reports name: the first that is no allocation wrapper
  file         text,
  line         integer,
  module       text,
  frames       jsonb NOT NULL,           -- view stack
  PRIMARY KEY (recording_id, site_id)
);

CREATE TABLE seep.total (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  site_id      integer NOT NULL,
  live_count bigint NOT NULL, live_bytes bigint NOT NULL,
  acquired_count bigint NOT NULL, acquired_bytes bigint NOT NULL,
  released_count bigint NOT NULL, released_bytes bigint NOT NULL,
  temporary_count bigint NOT NULL,
  inherited_count bigint NOT NULL, inherited_bytes bigint NOT NULL,
  changed bigint NOT NULL,
  live_unseen_count bigint NOT NULL, live_unseen_bytes bigint NOT NULL,
  live_count_variance float8 NOT NULL, live_bytes_variance float8 NOT NULL,
  acquired_unseen_count bigint NOT NULL, acquired_unseen_bytes bigint NOT NULL,
  acquired_count_variance float8 NOT NULL, acquired_bytes_variance float8 NOT NULL,
  "interval" bigint NOT NULL, weight float8 NOT NULL,
  PRIMARY KEY (recording_id, site_id, process_id)
);

CREATE TABLE seep.judgement (            -- groups of callsites, as `seep growth` shows them
  recording_id integer NOT NULL,
  callsite     text NOT NULL,            -- kind and function: the same in every build
  kind         text NOT NULL,
  function     text NOT NULL,
  file         text,
  line         integer,
  module       text,
  verdict      text NOT NULL,            -- leak | undecided | warm-up | churn | steady
  reason       text NOT NULL,
  unit         text NOT NULL,            -- of rate: bytes | objects
  objects float8 NOT NULL, bytes float8 NOT NULL,             -- held
  rate float8, rate_low float8, rate_high float8,             -- a second of activity, with the 95 % interval
  since        bigint,                   -- when the growth began
  share        float8 NOT NULL,          -- of what everything of its sort grew by
  estimated    boolean NOT NULL,
  goes_with    text,                     -- an event
  ratio        float8,                   -- objects per event
  stacks       integer NOT NULL,
  judged_from  bigint NOT NULL,
  judged_to    bigint NOT NULL,
  PRIMARY KEY (recording_id, callsite)
);

CREATE TABLE seep.process_limit (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  name         text NOT NULL,
  since        bigint NOT NULL,
  value        bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, name)
);

CREATE TABLE seep.trust (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  name         text NOT NULL,
  value        bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, name)
);

CREATE TABLE seep.process_cost (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  time bigint NOT NULL, hook_ns bigint NOT NULL, error_ns bigint NOT NULL,
  acquisition_ns bigint NOT NULL, release_ns bigint NOT NULL,
  acquisitions_timed bigint NOT NULL, releases_timed bigint NOT NULL, clipped bigint NOT NULL,
  cpu_ns bigint, percent float8,
  captures bigint NOT NULL, captured_frames bigint NOT NULL, rule_misses bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id)
);

CREATE TABLE seep.event (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  name         text NOT NULL,
  count        bigint NOT NULL,
  time         bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, name)
);

CREATE TABLE seep.age (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  site_id      integer NOT NULL,
  time bigint NOT NULL, from_s bigint NOT NULL, to_s bigint NOT NULL, count bigint NOT NULL, bytes bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, site_id, from_s)
);

CREATE TABLE seep.mark (
  recording_id integer NOT NULL,
  mark_id      integer NOT NULL,
  time_ns      bigint NOT NULL,
  process_id   integer,
  kind         text NOT NULL,
  text         text NOT NULL,
  PRIMARY KEY (recording_id, mark_id)
);

CREATE TABLE seep.total_history (
  recording_id integer NOT NULL,
  site_id      integer NOT NULL,
  process_id   integer NOT NULL,
  time         bigint NOT NULL,
  resolution   integer NOT NULL,
  acquired_count bigint NOT NULL, acquired_bytes bigint NOT NULL,
  released_count bigint NOT NULL, released_bytes bigint NOT NULL,
  temporary_count bigint NOT NULL,
  acquired_unseen_count bigint NOT NULL, acquired_unseen_bytes bigint NOT NULL,
  released_unseen_count bigint NOT NULL, released_unseen_bytes bigint NOT NULL,
  acquired_count_variance float8 NOT NULL, acquired_bytes_variance float8 NOT NULL,
  released_count_variance float8 NOT NULL, released_bytes_variance float8 NOT NULL,
  PRIMARY KEY (recording_id, site_id, process_id, time)
);

CREATE TABLE seep.process_history (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  time         bigint NOT NULL,
  resolution   integer NOT NULL,
  rss_anon bigint, rss_file bigint, rss_shmem bigint, swap bigint, vm_size bigint, vm_hwm bigint,
  cpu_user_ns bigint, cpu_system_ns bigint,
  threads bigint, descriptors bigint,
  tcp_established bigint, tcp_syn_sent bigint, tcp_syn_recv bigint, tcp_fin_wait1 bigint, tcp_fin_wait2 bigint,
  tcp_time_wait bigint, tcp_close bigint, tcp_close_wait bigint, tcp_last_ack bigint, tcp_listen bigint,
  tcp_closing bigint,
  seep_private_bytes bigint,
  PRIMARY KEY (recording_id, process_id, time)
);

CREATE TABLE seep.memory_history (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  time         bigint NOT NULL,
  resolution   integer NOT NULL,
  bytes bigint, heap bigint, anonymous bigint, mapping bigint, stack bigint, seep bigint, file bigint, other bigint,
  unattributed bigint, live_bytes bigint, live_count bigint, large_bytes bigint, heap_size bigint, anonymous_size bigint,
  PRIMARY KEY (recording_id, process_id, time)
);

CREATE TABLE seep.cost_history (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  time         bigint NOT NULL,
  resolution   integer NOT NULL,
  cpu_ns bigint NOT NULL, acquisition_ns bigint NOT NULL, release_ns bigint NOT NULL, error_ns bigint NOT NULL,
  acquisitions_timed bigint NOT NULL, releases_timed bigint NOT NULL,
  captures bigint NOT NULL, captured_frames bigint NOT NULL, rule_misses bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, time)
);

CREATE TABLE seep.event_history (
  recording_id integer NOT NULL,
  process_id   integer NOT NULL,
  name         text NOT NULL,
  time         bigint NOT NULL,
  resolution   integer NOT NULL,
  count        bigint NOT NULL,
  PRIMARY KEY (recording_id, process_id, name, time)
);

-- The public views ------------------------------------------------------------------------------

-- One row a recording.
CREATE VIEW seep.recordings AS
SELECT r.id AS recording_id, h.name AS host, b.program, b.build_id, r.created_ns, r.newest_ns, r.ended_ns, r.interval_ms,
       r.kernel, r.seep_version
FROM seep.recording r JOIN seep.host h ON h.id = r.host_id JOIN seep.build b ON b.id = r.build_id;

-- What a view of processes begins with; program and build are the process's own.
CREATE VIEW seep.processes AS
SELECT p.recording_id, h.name AS host, p.exe AS program, p.build_id, p.process_id, p.pid, p.ppid, p.parent_id, p.command,
       p.allocator, p.started_ns, p.ended_ns, p.end_reason
FROM seep.process p JOIN seep.recording r ON r.id = p.recording_id JOIN seep.host h ON h.id = r.host_id;

-- One row a recording and group of callsites: does it leak?
CREATE VIEW seep.verdict AS
SELECT r.recording_id, r.host, r.program, r.build_id, j.callsite, j.kind, j.function, j.file, j.line, j.module, j.verdict,
       j.reason, j.unit, j.objects, j.bytes, j.rate, j.rate_low, j.rate_high, j.since, j.share, j.estimated, j.goes_with,
       j.ratio, j.stacks, j.judged_from, j.judged_to
FROM seep.judgement j JOIN seep.recordings r USING (recording_id);

-- One row a process and callsite: the newest figures; and what the callsite is called.
CREATE VIEW seep.callsite AS
SELECT t.recording_id, p.host, p.program, p.build_id, t.process_id, p.pid, t.site_id, s.kind, s.node_id, t.live_count,
       t.live_bytes, t.acquired_count, t.acquired_bytes, t.released_count, t.released_bytes, t.temporary_count,
       t.inherited_count, t.inherited_bytes, t.changed, t.live_unseen_count, t.live_unseen_bytes, t.live_count_variance,
       t.live_bytes_variance, t.acquired_unseen_count, t.acquired_unseen_bytes, t.acquired_count_variance,
       t.acquired_bytes_variance, t."interval", t.weight,
       s.fingerprint, s.callsite, s.function, s.file, s.line, s.module
FROM seep.total t JOIN seep.site s USING (recording_id, site_id) JOIN seep.processes p USING (recording_id, process_id);

CREATE VIEW seep.callsite_series AS
SELECT t.recording_id, p.host, p.program, p.build_id, t.time, t.process_id, t.site_id, t.acquired_count, t.acquired_bytes,
       t.released_count, t.released_bytes, t.temporary_count, t.resolution, t.acquired_unseen_count,
       t.acquired_unseen_bytes, t.released_unseen_count, t.released_unseen_bytes, t.acquired_count_variance,
       t.acquired_bytes_variance, t.released_count_variance, t.released_bytes_variance
FROM seep.total_history t JOIN seep.processes p USING (recording_id, process_id);

-- The frames of every callsite's stack, depth 0 innermost; inlined functions are rows of their own.
CREATE VIEW seep.stack AS
SELECT s.recording_id, r.host, r.program, r.build_id, s.node_id, f.depth, f.inline_depth, f.function, f.file, f.line,
       f.module, f."offset"
FROM (SELECT DISTINCT ON (recording_id, node_id) recording_id, node_id, frames FROM seep.site
      ORDER BY recording_id, node_id, site_id) s
JOIN seep.recordings r USING (recording_id)
CROSS JOIN LATERAL jsonb_to_recordset(s.frames)
  AS f(depth integer, inline_depth integer, function text, file text, line bigint, module text, "offset" bigint);

CREATE VIEW seep.process_series AS
SELECT p.recording_id, p.host, p.program, p.build_id, s.time, s.process_id, s.resolution, s.rss_anon, s.rss_file,
       s.rss_shmem, s.swap, s.vm_size, s.vm_hwm, s.cpu_user_ns, s.cpu_system_ns, s.threads, s.descriptors,
       s.tcp_established, s.tcp_syn_sent, s.tcp_syn_recv, s.tcp_fin_wait1, s.tcp_fin_wait2, s.tcp_time_wait, s.tcp_close,
       s.tcp_close_wait, s.tcp_last_ack, s.tcp_listen, s.tcp_closing, s.seep_private_bytes
FROM seep.process_history s JOIN seep.processes p USING (recording_id, process_id);

CREATE VIEW seep.memory_parts AS
SELECT p.recording_id, p.host, p.program, p.build_id, m.time, m.process_id, m.resolution, m.bytes, m.heap, m.anonymous,
       m.mapping, m.stack, m.seep, m.file, m.other, m.unattributed, m.live_bytes, m.live_count, m.large_bytes,
       m.heap_size, m.anonymous_size
FROM seep.memory_history m JOIN seep.processes p USING (recording_id, process_id);

CREATE VIEW seep.limits AS
SELECT p.recording_id, p.host, p.program, p.build_id, l.process_id, l.name, l.since, l.value
FROM seep.process_limit l JOIN seep.processes p USING (recording_id, process_id);

CREATE VIEW seep.hook_cost AS
SELECT p.recording_id, p.host, p.program, p.build_id, c.process_id, p.pid, c.time, c.hook_ns, c.error_ns,
       c.acquisition_ns, c.release_ns, c.acquisitions_timed, c.releases_timed, c.clipped, c.cpu_ns, c.percent, c.captures,
       c.captured_frames, c.rule_misses
FROM seep.process_cost c JOIN seep.processes p USING (recording_id, process_id);

-- percent is that of the time since the row before.
CREATE VIEW seep.hook_cost_series AS
SELECT p.recording_id, p.host, p.program, p.build_id, c.time, c.process_id, c.resolution, c.cpu_ns,
       c.acquisition_ns + c.release_ns AS hook_ns, c.error_ns, c.acquisition_ns, c.release_ns, c.acquisitions_timed,
       c.releases_timed,
       100.0::float8 * (c.acquisition_ns + c.release_ns - coalesce(lag(c.acquisition_ns + c.release_ns) OVER earlier, 0))
        / nullif(c.cpu_ns - coalesce(lag(c.cpu_ns) OVER earlier, 0), 0) AS percent,
       c.captures, c.captured_frames, c.rule_misses
FROM seep.cost_history c JOIN seep.processes p USING (recording_id, process_id)
WINDOW earlier AS (PARTITION BY c.recording_id, c.process_id ORDER BY c.time);

CREATE VIEW seep.event_total AS
SELECT p.recording_id, p.host, p.program, p.build_id, e.process_id, p.pid, e.name, e.count, e.time
FROM seep.event e JOIN seep.processes p USING (recording_id, process_id);

-- per_second is that of the time since the row before, NULL in the first one.
CREATE VIEW seep.event_rate AS
SELECT p.recording_id, p.host, p.program, p.build_id, e.time, e.process_id, e.name, e.resolution, e.count,
       1.0::float8 * (e.count - lag(e.count) OVER earlier) / (e.time - lag(e.time) OVER earlier) AS per_second
FROM seep.event_history e JOIN seep.processes p USING (recording_id, process_id)
WINDOW earlier AS (PARTITION BY e.recording_id, e.process_id, e.name ORDER BY e.time);

CREATE VIEW seep.age_histogram AS
SELECT p.recording_id, p.host, p.program, p.build_id, a.process_id, a.site_id, a.time, a.from_s, a.to_s, a.count, a.bytes
FROM seep.age a JOIN seep.processes p USING (recording_id, process_id);

-- Room ------------------------------------------------------------------------------------------

-- A recording is no longer wanted. Pushed again, it is there again.
CREATE FUNCTION seep.forget(which integer) RETURNS void LANGUAGE sql AS $$
  DELETE FROM seep.process WHERE recording_id = which;
  DELETE FROM seep.site WHERE recording_id = which;
  DELETE FROM seep.total WHERE recording_id = which;
  DELETE FROM seep.judgement WHERE recording_id = which;
  DELETE FROM seep.process_limit WHERE recording_id = which;
  DELETE FROM seep.trust WHERE recording_id = which;
  DELETE FROM seep.process_cost WHERE recording_id = which;
  DELETE FROM seep.event WHERE recording_id = which;
  DELETE FROM seep.age WHERE recording_id = which;
  DELETE FROM seep.mark WHERE recording_id = which;
  DELETE FROM seep.total_history WHERE recording_id = which;
  DELETE FROM seep.process_history WHERE recording_id = which;
  DELETE FROM seep.memory_history WHERE recording_id = which;
  DELETE FROM seep.cost_history WHERE recording_id = which;
  DELETE FROM seep.event_history WHERE recording_id = which;
  DELETE FROM seep.recording WHERE id = which;
$$;

-- Callsites' history before that moment: of each hour the last row is kept, as a recording does after two hours.
CREATE FUNCTION seep.thin(before timestamptz) RETURNS void LANGUAGE sql AS $$
  DELETE FROM seep.total_history o WHERE time < floor(extract(epoch FROM before) / 3600) * 3600 AND EXISTS (
    SELECT FROM seep.total_history n
    WHERE n.recording_id = o.recording_id AND n.site_id = o.site_id AND n.process_id = o.process_id
      AND n.time > o.time AND n.time < o.time / 3600 * 3600 + 3600);
  UPDATE seep.total_history SET resolution = 3600
  WHERE time < floor(extract(epoch FROM before) / 3600) * 3600 AND resolution < 3600;
$$;
