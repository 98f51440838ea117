/* SPDX-License-Identifier: MIT */
/*
 * prometheus.h - what /metrics says, in Prometheus' text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 *
 * One table has every metric: X(identifier, name, type, help). Names and units are by
 * https://prometheus.io/docs/practices/naming/: base units, _total for counters, and sums over a metric's labels mean
 * something. What is not known has no sample; what has no limit is +Inf.
 *
 * Labels: `recording` and `program` on all that is of a recording, `pid` on what is of a process, where `program` is
 * that process's own. Callsites: shown_callsites.h.
 *
 * Pure. Everything is borrowed for the call.
 */
#ifndef SEEP_PROMETHEUS_H
#define SEEP_PROMETHEUS_H

#include "../analysis/process_growth.h"
#include "../analysis/shown_callsites.h"
#include "../analysis/trust.h"
#include "../store/store.h"
#include "buffer.h"

#define PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* clang-format off */
#define PROMETHEUS_METRICS(X) \
	X(BUILD, "seep_build_info", "gauge", "The Seep that answers, by version; always 1.") \
	X(SERVE_CPU, "seep_serve_cpu_seconds_total", "counter", "CPU time of seep serve itself.") \
	X(RECORDING, "seep_recording_info", "gauge", \
	  "A recording: the program's build ID, the host and the Seep that recorded; always 1.") \
	X(READABLE, "seep_recording_readable", "gauge", \
	  "1 if the recording could be read just now; 0: all else of it is missing.") \
	X(LIVE, "seep_recording_live", "gauge", "1 while the recording goes on, 0 when it has ended.") \
	X(STARTED, "seep_recording_start_timestamp_seconds", "gauge", "When the recording began.") \
	X(NEWEST, "seep_recording_newest_timestamp_seconds", "gauge", "When the newest figures were recorded.") \
	X(FILE_SIZE, "seep_recording_file_bytes", "gauge", "Size of the recording's file.") \
	X(SAMPLING, "seep_sampling_interval_bytes", "gauge", \
	  "Largest mean number of bytes between recorded heap blocks; 0: every block was, and heap figures are exact.") \
	X(LIVE_OBJECTS, "seep_live_objects", "gauge", "What is held, by kind: blocks, descriptors, timers, threads.") \
	X(LIVE_BYTES, "seep_live_bytes", "gauge", "Bytes that are held, by kind, as they were asked for.") \
	X(ACQUIRED_OBJECTS, "seep_acquired_objects_total", "counter", "What was acquired, by kind.") \
	X(ACQUIRED_BYTES, "seep_acquired_bytes_total", "counter", "Bytes that were acquired, by kind.") \
	X(RELEASED_OBJECTS, "seep_released_objects_total", "counter", "What was released, by kind.") \
	X(RELEASED_BYTES, "seep_released_bytes_total", "counter", "Bytes that were released, by kind.") \
	X(CALLSITES, "seep_callsites", "gauge", "Number of callsites, by verdict.") \
	X(CALLSITE, "seep_callsite_info", "gauge", "A callsite's function and line; always 1. \"other\": the rest of a kind.") \
	X(CALLSITE_LIVE_OBJECTS, "seep_callsite_live_objects", "gauge", \
	  "What callsites hold. With \"other\" the sum is seep_live_objects.") \
	X(CALLSITE_LIVE_BYTES, "seep_callsite_live_bytes", "gauge", \
	  "Bytes that callsites hold. With \"other\" the sum is seep_live_bytes.") \
	X(CALLSITE_ACQUIRED_OBJECTS, "seep_callsite_acquired_objects_total", "counter", \
	  "What callsites acquired since they are shown.") \
	X(CALLSITE_ACQUIRED_BYTES, "seep_callsite_acquired_bytes_total", "counter", \
	  "Bytes that callsites acquired since they are shown.") \
	X(CALLSITE_RELEASED_OBJECTS, "seep_callsite_released_objects_total", "counter", \
	  "What was released of what callsites acquired, since they are shown.") \
	X(CALLSITE_RELEASED_BYTES, "seep_callsite_released_bytes_total", "counter", \
	  "Bytes that were released of what callsites acquired, since they are shown.") \
	X(CALLSITE_GROWTH_OBJECTS, "seep_callsite_growth_objects_per_second", "gauge", \
	  "How fast what a callsite holds grows, as it was judged.") \
	X(CALLSITE_GROWTH_BYTES, "seep_callsite_growth_bytes_per_second", "gauge", \
	  "How fast the bytes that a callsite holds grow, as they were judged.") \
	X(CALLSITE_VERDICT, "seep_callsite_verdict", "gauge", "1 for the verdict on a callsite, 0 for the others.") \
	X(EVENTS, "seep_events_total", "counter", "What happened to the processes, and what they marked (mark:NAME).") \
	X(READ_BYTES, "seep_read_bytes_total", "counter", "Bytes that the processes read.") \
	X(WRITTEN_BYTES, "seep_written_bytes_total", "counter", "Bytes that the processes wrote.") \
	X(TRUST, "seep_trust_total", "counter", \
	  "What the recording lacks, by reason, as in the reports' trust line (bytes for unseen_unmaps).") \
	X(UNSLOTTED, "seep_unrecorded_processes_total", "counter", "Processes that ran unrecorded: there was no slot.") \
	X(ARENA, "seep_arena_bytes", "gauge", "Shared memory of the recording's processes and its recorder.") \
	X(RECORDER_CPU, "seep_recorder_cpu_seconds_total", "counter", "CPU time of the recorder.") \
	X(PROCESSES, "seep_processes", "gauge", "Recorded processes that run.") \
	X(PROCESS, "seep_process_info", "gauge", "A process's program; always 1.") \
	X(PROCESS_STARTED, "seep_process_start_timestamp_seconds", "gauge", "When the process started to be recorded.") \
	X(RESIDENT, "seep_process_resident_memory_bytes", "gauge", \
	  "Resident memory, by part: anon (private), file and shmem. The sum is RSS.") \
	X(SWAP, "seep_process_swap_bytes", "gauge", "Private memory that is swapped out.") \
	X(VIRTUAL, "seep_process_virtual_memory_bytes", "gauge", "Address space in use.") \
	X(PRIVATE, "seep_process_private_memory_bytes", "gauge", \
	  "Whom the private memory belongs to, by part, at the newest look. The sum is anon and swap of then.") \
	X(CHARGED, "seep_process_memory_charged_bytes", "gauge", \
	  "Memory of all that share the process's limit, less idle file cache.") \
	X(MEMORY_LIMIT, "seep_process_memory_limit_bytes", "gauge", "Memory limit of the process's control group.") \
	X(CPU, "seep_process_cpu_seconds_total", "counter", "CPU time, by mode.") \
	X(THREADS, "seep_process_threads", "gauge", "Threads, as the kernel counts them.") \
	X(OPEN_FDS, "seep_process_open_fds", "gauge", "Open descriptors, as the kernel counts them.") \
	X(MAX_FDS, "seep_process_max_fds", "gauge", "Limit on open descriptors.") \
	X(SIGNALS, "seep_process_queued_signals", "gauge", \
	  "Signals queued for the process's user, every POSIX timer among them.") \
	X(MAX_SIGNALS, "seep_process_max_queued_signals", "gauge", "Limit on queued signals.") \
	X(FORECAST, "seep_process_limit_forecast_seconds", "gauge", \
	  "Seconds until a limit is reached if all goes on as judged; +Inf: it is not approached.") \
	X(PROCESS_OBJECTS, "seep_process_live_objects", "gauge", "What a process holds, by kind.") \
	X(PROCESS_BYTES, "seep_process_live_bytes", "gauge", "Bytes that a process holds, by kind.") \
	X(HOOKS, "seep_process_hook_seconds_total", "counter", \
	  "Time that the process spent in Seep's hooks, an estimate; a part of its CPU time.") \
	X(OWN_MEMORY, "seep_process_own_memory_bytes", "gauge", "Private memory of Seep's own in the process.")
/* clang-format on */

struct prometheus_live {
	bool is_any;
	int64_t objects, bytes;
};

/* NULL, and -1 in figures, where nothing is known. */
struct prometheus_process {
	const struct model_process *process;
	const char *program;
	const struct store_process_figures *figures;
	const struct store_costs *costs;
	const struct process_growth *growth;
	struct model_limits limits;
	struct prometheus_live live[SEEP_KIND_COUNT];
};

struct prometheus_event {
	const char *name; /* as in store_each_event() */
	uint64_t count;
};

struct prometheus_recording {
	const char *name; /* no two recordings have the same */
	const char *program, *build_id, *host, *seep_version;
	const struct recording *recording;
	const struct trust *trust;
	int64_t recorder_cpu_ns;
	const struct judgement *judgement;     /* NULL: none yet */
	const struct shown_callsites *shown;   /* by that judgement */
	const struct prometheus_event *events; /* by name */
	size_t event_count;
	const struct prometheus_process *processes; /* of those that run */
	size_t process_count;                       /* that are shown */
	size_t running_count;                       /* that there are */
};

/* An answer that is being made. */
struct prometheus;

/* Its first samples are of who answers: the version, and the CPU time that it took so far. */
struct prometheus *prometheus_begin(const char *seep_version, int64_t cpu_ns);
/* Of every recording, first: whether the rest follows. */
void prometheus_add_readable(struct prometheus *answer, const char *recording, bool is_readable);
void prometheus_add(struct prometheus *answer, const struct prometheus_recording *recording);
/* Appends it to `out`, and releases it. */
void prometheus_end(struct prometheus *answer, struct buffer *out);

#endif
