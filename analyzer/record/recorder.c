/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/cycles.h"
#include "cost_limit.h"
#include "fd_mark.h"
#include "member.h"
#include "notices.h"
#include "place.h"
#include "symbol_pass.h"

/* At ten a second, wake-ups were 18 % of the samples of a recorder with 2,048 busy callsites (perf, cpu-clock). */
#define POLL_NS (250 * NS_PER_MS)
/* Nobody may be left for this long before a recording is finished: a child that is just being made is somebody. */
#define LINGER_NS (500 * NS_PER_MS)
/* A claim is followed by a process within microseconds, unless its maker has died over it or could not fork. */
#define CLAIM_ORPHANED_NS (5 * NS_PER_S)
#define CLAIM_STALE_NS (60 * NS_PER_S)
/* After a failed write, and how long with nobody left. */
#define RETRY_NS (2 * NS_PER_S)
#define GIVE_UP_NS (10 * NS_PER_S)
/* The clocks differ by this much: somebody has set one. */
#define CLOCK_STEP_NS NS_PER_S
/* A stop leaves this long for processes that are ending as well. */
#define STOP_NS (5 * NS_PER_S)
#define SYMBOLS_EACH_TICK_NS (50 * NS_PER_MS)
#define SYMBOLS_AT_END_NS NS_PER_S
/*
 * A tick that took the CPU time t is followed by the next one after so many times t at the earliest, and after that
 * long at the latest: with hundreds of thousands of callsites the history gets coarser, and not the server slower.
 */
#define TICK_REST 200
#define TICK_LATEST_NS (5 * NS_PER_S)

/* For children that have not lived from one tick to the next: about a ten-thousandth of a core. */
enum { INHERITED_ROWS_EACH_SECOND = 2000 };

struct claim {
	uint32_t generation; /* of the claim; 0: none is watched */
	int64_t since_ns;
};

struct recorder {
	struct arena_reader *arena;
	struct store *store; /* NULL: could not be opened yet */
	struct arena_entry *entries;
	struct member **members;   /* by slot; NULL: nobody */
	struct claim *claims;      /* by slot */
	uint32_t *done_generation; /* by slot: an owner whose slot could not be given back */
	struct pollfd *ends;       /* pidfds, for the wait */
	uint32_t slot_count;

	int64_t now_ns;       /* boot time of this step */
	int64_t time_ns;      /* the recording's clock: it goes on evenly from the arena's creation */
	int64_t clock_gap_ns; /* realtime - boottime, when last looked at */
	struct member_origin origin;
	int64_t tick_due_ns, retry_due_ns, failing_since_ns, alone_since_ns;
	int64_t last_end_ns;    /* the recording's time at which the last process ended */
	int64_t second;         /* for inherited_rows */
	int64_t tick_cost_ns;   /* CPU time of the last tick */
	int64_t inherited_rows; /* left of this second's */
	bool has_ticked;
	uint32_t unslotted;
	uint64_t sample_interval; /* of the arena, as last seen */
	int64_t sampled_since_ns; /* in the recording's time */
	bool sampling_is_stored;
	int64_t arena_peak_bytes;

	struct cycle_clock cycles;
	struct cost_limit limit;
	struct sampler sampler;
	struct age_pace ages;
	struct symbol_pass symbols;
	struct notices notices;
};

/* ---- opening ---- */

static bool allocate(struct recorder *recorder)
{
	uint32_t count = arena_head(recorder->arena)->slot_count;

	recorder->slot_count = count;
	recorder->entries = calloc(count, sizeof(*recorder->entries));
	recorder->members = calloc(count, sizeof(struct member *));
	recorder->claims = calloc(count, sizeof(*recorder->claims));
	recorder->done_generation = calloc(count, sizeof(*recorder->done_generation));
	recorder->ends = calloc(count, sizeof(*recorder->ends));
	return recorder->entries && recorder->members && recorder->claims && recorder->done_generation &&
	       recorder->ends;
}

static int64_t clock_gap(void)
{
	return clock_realtime_ns() - clock_boottime_ns();
}

static struct proc_file arena_file(const struct arena_reader *arena)
{
	const char *slash = strrchr(arena_path(arena), '/');
	struct proc_file file = {.name = slash ? slash + 1 : arena_path(arena)};
	struct stat status;

	if (stat(arena_path(arena), &status) == 0) {
		file.device_major = major(status.st_dev);
		file.device_minor = minor(status.st_dev);
		file.inode = status.st_ino;
	}
	return file;
}

static void start_clocks(struct recorder *recorder)
{
	const struct arena_header *head = arena_head(recorder->arena);
	int64_t gap_ns = (int64_t)head->created_realtime_ns - (int64_t)head->created_boottime_ns;

	recorder->origin.arena = arena_file(recorder->arena);
	recorder->origin.creator_pid = head->creator_pid;
	recorder->origin.created_realtime_ns = (int64_t)head->created_realtime_ns;
	recorder->origin.created_boottime_ns = (int64_t)head->created_boottime_ns;
	recorder->clock_gap_ns = gap_ns;
	recorder->time_ns = (int64_t)head->created_realtime_ns;
	recorder->last_end_ns = recorder->time_ns;
	recorder->sample_interval = arena_sample_interval(recorder->arena);
	recorder->sampled_since_ns = recorder->time_ns;
}

static int take_arena(struct recorder *recorder, const char *path, struct error *error)
{
	int code = arena_open(path, &recorder->arena, error);

	cycle_clock_start(&recorder->cycles);
	if (code)
		return code;
	if (!arena_lock(recorder->arena))
		return error_set(error, SEEP_ERR_IO, "%s has a recorder that lives; leave it to that one", path);
	/* the recorder that held the lock until now may have finished it */
	if (!arena_is_in_place(recorder->arena))
		return error_set(error, SEEP_ERR_NOT_FOUND, "%s does not exist; its recording may be finished", path);
	if (!allocate(recorder))
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot record %s", path);
	recorder->notices.server_pid = arena_head(recorder->arena)->creator_pid;
	start_clocks(recorder);
	cost_limit_begin(&recorder->limit, arena_head(recorder->arena));
	return SEEP_OK;
}

int recorder_open(const char *arena_path, struct recorder **out, struct error *error)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int code;

	*out = NULL;
	if (!recorder)
		return error_set(error, SEEP_ERR_MEMORY, "out of memory; cannot record %s", arena_path);
	code = take_arena(recorder, arena_path, error);
	if (code) {
		recorder_close(recorder);
		return code;
	}
	*out = recorder;
	return SEEP_OK;
}

void recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return;
	for (uint32_t i = 0; recorder->members && i < recorder->slot_count; i++)
		member_close(recorder->members[i]);
	symbol_pass_release(&recorder->symbols);
	sampler_release(&recorder->sampler);
	proc_inner_release(&recorder->origin.inner);
	store_close(recorder->store);
	arena_close(recorder->arena);
	free(recorder->entries);
	free(recorder->members);
	free(recorder->claims);
	free(recorder->done_generation);
	free(recorder->ends);
	free(recorder);
}

/* To take apart what libdw has read is a tenth of the CPU time of recording a short run. */
void recorder_leave(struct recorder *recorder)
{
	store_close(recorder->store);
}

const char *recorder_path(const struct recorder *recorder)
{
	return arena_head(recorder->arena)->recording_path;
}

size_t recorder_live_processes(const struct recorder *recorder)
{
	size_t count = 0;

	for (uint32_t i = 0; i < recorder->slot_count; i++)
		count += recorder->members[i] && recorder->members[i]->state == MEMBER_LIVE;
	return count;
}

/* ---- time ---- */

static void notice_clock_step(struct recorder *recorder)
{
	int64_t gap_ns = clock_gap();
	int64_t step_ns = gap_ns - recorder->clock_gap_ns;

	if (step_ns < CLOCK_STEP_NS && step_ns > -CLOCK_STEP_NS)
		return;
	recorder->clock_gap_ns = gap_ns;
	recorder->origin.clock_has_stepped = true;
	notice_retract(&recorder->notices, NOTICE_CLOCK);
	notice_say(&recorder->notices, NOTICE_CLOCK, recorder->time_ns, 0,
		   "the system's clock was set %s by %lld s; times in this recording go on by the clock it began with",
		   step_ns < 0 ? "back" : "forward", (long long)((step_ns < 0 ? -step_ns : step_ns) / NS_PER_S));
}

/*
 * The recording's clock: boot time from the arena's creation on, so that setting the system's clock neither repeats nor
 * skips a second. An arena on a disk may have survived a reboot: then its processes have not, and the time is that of
 * its end.
 */
static void read_clocks(struct recorder *recorder)
{
	const struct member_origin *created = &recorder->origin;
	int64_t time_ns;

	recorder->now_ns = clock_boottime_ns();
	time_ns = created->created_realtime_ns + recorder->now_ns - created->created_boottime_ns;
	if (time_ns > recorder->time_ns)
		recorder->time_ns = time_ns;
	notice_clock_step(recorder);
}

/* 0: the arena is of before a reboot. */
static uint32_t epoch_at(const struct recorder *recorder)
{
	int64_t age_ns = recorder->now_ns - recorder->origin.created_boottime_ns;

	return age_ns >= 0 ? (uint32_t)(1 + age_ns / NS_PER_S) : 0;
}

static void set_epoch(struct recorder *recorder)
{
	uint32_t epoch = epoch_at(recorder);

	if (epoch)
		arena_set_epoch(recorder->arena, epoch);
}

/* ---- who is there ---- */

static void give_back(struct recorder *recorder, uint32_t slot)
{
	if (arena_release_slot(recorder->arena, slot) == SEEP_OK)
		return;
	recorder->done_generation[slot] = recorder->entries[slot].generation;
	notice_say(&recorder->notices, NOTICE_ARENA, recorder->time_ns, 0,
		   "the file system of %s cannot give memory back; this arena serves %u processes and no more",
		   arena_path(recorder->arena), recorder->slot_count);
}

/* A claim whose process does not come. */
static void look_at_claim(struct recorder *recorder, uint32_t slot)
{
	const struct arena_entry *entry = &recorder->entries[slot];
	struct claim *claim = &recorder->claims[slot];
	bool is_orphaned;
	int64_t age_ns;

	if (claim->generation != entry->generation + 1 || !claim->since_ns)
		*claim = (struct claim){.generation = entry->generation + 1, .since_ns = recorder->now_ns};
	age_ns = recorder->now_ns - claim->since_ns;
	is_orphaned = !entry->pid || (kill((pid_t)entry->pid, 0) < 0 && errno == ESRCH);
	if (age_ns > CLAIM_STALE_NS || (is_orphaned && age_ns > CLAIM_ORPHANED_NS))
		give_back(recorder, slot);
}

static void drop_member(struct recorder *recorder, uint32_t slot)
{
	member_close(recorder->members[slot]);
	recorder->members[slot] = NULL;
}

static void follow_member(struct recorder *recorder, uint32_t slot)
{
	struct member *member = recorder->members[slot];
	const struct arena_entry *entry = &recorder->entries[slot];

	if (entry->state == SLOT_EXECED && member->state == MEMBER_LIVE)
		member->state = MEMBER_EXECED;
	member_check_life(member);
	/* the shim asks for a look before the next tick */
	if (entry->attention != member->attention)
		recorder->tick_due_ns = recorder->now_ns;
	member->attention = entry->attention;
}

static void begin_member(struct recorder *recorder, uint32_t slot)
{
	struct member *member = member_open(slot, &recorder->entries[slot], &recorder->origin, recorder->now_ns);

	recorder->members[slot] = member;
	if (member)
		ages_begin(&member->ages, recorder->time_ns);
}

/* What is asked for is due now. */
static void follow_wishes(struct recorder *recorder)
{
	uint32_t wanted = arena_ages_wanted(recorder->arena);

	if (wanted == recorder->ages.wanted || recorder->time_ns < recorder->ages.asked_rest_until_ns)
		return;
	recorder->ages.wanted = wanted;
	recorder->tick_due_ns = recorder->now_ns;
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++)
		if (recorder->members[slot])
			recorder->members[slot]->ages.is_wanted = true;
}

static void follow_slot(struct recorder *recorder, uint32_t slot)
{
	const struct arena_entry *entry = &recorder->entries[slot];
	struct member *member = recorder->members[slot];
	bool is_owned = entry->state == SLOT_LIVE || entry->state == SLOT_EXECED;

	if (member && (!is_owned || entry->generation != watch_generation(member->watch))) {
		/* only a recorder frees a slot: what is in it now is not what this member left */
		drop_member(recorder, slot);
		member = NULL;
	}
	if (entry->state == SLOT_CLAIMED)
		look_at_claim(recorder, slot);
	if (!is_owned || recorder->done_generation[slot] == entry->generation)
		return;
	if (!member)
		begin_member(recorder, slot);
	else
		follow_member(recorder, slot);
}

static int follow_directory(struct recorder *recorder, struct error *error)
{
	int code = arena_read_directory(recorder->arena, recorder->entries, error);

	if (code == SEEP_OK && !arena_is_whole(recorder->arena))
		code = error_set(error, SEEP_ERR_DAMAGED,
				 "%s was cut short; the recording ends with what was read before",
				 arena_path(recorder->arena));
	for (uint32_t slot = 0; slot < recorder->slot_count && code == SEEP_OK; slot++)
		follow_slot(recorder, slot);
	follow_wishes(recorder);
	return code;
}

static bool is_alone(const struct recorder *recorder)
{
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		const struct arena_entry *entry = &recorder->entries[slot];

		if (recorder->members[slot] ||
		    (entry->state != SLOT_FREE && recorder->done_generation[slot] != entry->generation))
			return false;
	}
	return true;
}

static bool has_ended_members(const struct recorder *recorder)
{
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		if (recorder->members[slot] && recorder->members[slot]->state != MEMBER_LIVE)
			return true;
	}
	return false;
}

/* ---- the recording ---- */

static int describe_system(struct recorder *recorder, struct error *error)
{
	struct utsname system;
	int code;

	if (uname(&system) < 0)
		return SEEP_OK;
	code = store_begin(recorder->store, recorder->time_ns, error);
	if (code == SEEP_OK)
		code = store_put_meta(recorder->store, "host", system.nodename, error);
	if (code == SEEP_OK)
		code = store_put_meta(recorder->store, "kernel", system.release, error);
	if (code == SEEP_OK)
		code = store_commit(recorder->store, error);
	if (code)
		store_rollback(recorder->store);
	return code;
}

/*
 * A recorder that died between the commit of a process's end and the giving back of its slot: the figures are stored.
 * Before the first transaction, which may fold that process away.
 */
static void give_back_what_has_ended(struct recorder *recorder)
{
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		struct member *member = recorder->members[slot];
		bool has_ended;
		uint32_t id;

		if (!member ||
		    store_find_process(recorder->store, slot, watch_generation(member->watch), &id, &has_ended))
			continue;
		if (!has_ended)
			continue;
		give_back(recorder, slot);
		drop_member(recorder, slot);
	}
}

static void say_resumed(struct recorder *recorder)
{
	char *newest = store_read_meta(recorder->store, "newest_ns");
	int64_t newest_ns = newest ? strtoll(newest, NULL, 10) : 0;

	free(newest);
	if (newest_ns > recorder->time_ns)
		recorder->time_ns = newest_ns;
	if (newest_ns > recorder->last_end_ns)
		recorder->last_end_ns = newest_ns;
	notice_say(&recorder->notices, NOTICE_RESUMED, recorder->time_ns, 0,
		   "went on with %s, %lld s after the recorder before; the totals are exact, the history has that gap",
		   recorder_path(recorder), (long long)((recorder->time_ns - newest_ns) / NS_PER_S));
}

static int open_recording(struct recorder *recorder, struct error *error)
{
	struct placed placed;
	int code = place_open(recorder->arena, &placed, error);

	if (code)
		return code;
	recorder->store = placed.store;
	recorder->limit.is_resumed = placed.is_resumed;
	if (placed.is_resumed) {
		say_resumed(recorder);
		give_back_what_has_ended(recorder);
	}
	if (placed.is_elsewhere)
		notice_say(&recorder->notices, NOTICE_ELSEWHERE, recorder->time_ns, 0, "%s", placed.because.text);
	return describe_system(recorder, error);
}

/* ---- failures ---- */

static void forget(struct recorder *recorder)
{
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		struct member *member = recorder->members[slot];

		if (!member)
			continue;
		watch_forget(member->watch);
		member->sample.is_stored = false;
		member->cost.is_stored = false;
		member->events = (struct event_memory){{0}, {0}};
		member->ages.due_ns = recorder->time_ns;
	}
	recorder->unslotted = 0;
	recorder->sampling_is_stored = false;
	recorder->ages.answered = 0;
	symbol_pass_forget(&recorder->symbols);
}

static void write_failed(struct recorder *recorder, const struct error *error)
{
	if (recorder->store)
		store_rollback(recorder->store);
	forget(recorder);
	if (!recorder->failing_since_ns)
		recorder->failing_since_ns = recorder->now_ns;
	recorder->retry_due_ns = recorder->now_ns + RETRY_NS;
	notice_say(&recorder->notices, NOTICE_WRITE_FAILED, recorder->time_ns, 0,
		   "%s; what was recorded stays, the counters are kept in %s, and writing is tried again", error->text,
		   arena_path(recorder->arena));
}

static void write_succeeded(struct recorder *recorder)
{
	notices_written(&recorder->notices);
	cost_limit_written(&recorder->limit);
	if (!recorder->failing_since_ns)
		return;
	notice_retract(&recorder->notices, NOTICE_WRITE_AGAIN);
	notice_say(&recorder->notices, NOTICE_WRITE_AGAIN, recorder->time_ns, 0,
		   "writing to %s works again after %lld s; the totals are exact, the history has that gap",
		   recorder_path(recorder), (long long)((recorder->now_ns - recorder->failing_since_ns) / NS_PER_S));
	notice_retract(&recorder->notices, NOTICE_WRITE_FAILED);
	recorder->failing_since_ns = 0;
}

/* The file was deleted, or renamed, under its name: all of it is still there to be written again. */
static void look_after_file(struct recorder *recorder)
{
	struct error error = {""};

	if (store_is_in_place(recorder->store))
		return;
	notice_say(&recorder->notices, NOTICE_REPLACED, recorder->time_ns, 0,
		   "%s was deleted or replaced while it was written; it is written again when the name is free",
		   recorder_path(recorder));
	if (recorder->now_ns < recorder->retry_due_ns)
		return;
	if (store_restore(recorder->store, &error)) {
		recorder->retry_due_ns = recorder->now_ns + RETRY_NS;
		return;
	}
	notice_retract(&recorder->notices, NOTICE_RESTORED);
	notice_say(&recorder->notices, NOTICE_RESTORED, recorder->time_ns, 0, "%s was written again, with all it had",
		   recorder_path(recorder));
	notice_retract(&recorder->notices, NOTICE_REPLACED);
}

/* ---- a tick ---- */

/* A child's whole inheritance is stored when it has lived from one tick to the next, or as far as the rows of this
 * second go. */
static enum watch_reading reading_of(const struct recorder *recorder, const struct member *member)
{
	bool is_full = member->is_recorded || !recorder->has_ticked || recorder->inherited_rows > 0;

	if (member->state == MEMBER_LIVE)
		return is_full ? WATCH_LIVE : WATCH_LIVE_EVENTS;
	return is_full ? WATCH_FINAL : WATCH_FINAL_EVENTS;
}

static void spend_rows(struct recorder *recorder, const struct member *member, enum watch_reading reading)
{
	if (!member->is_recorded && (reading == WATCH_LIVE || reading == WATCH_FINAL))
		recorder->inherited_rows -= watch_header(member->watch)->sites_used;
}

static void refill_rows(struct recorder *recorder)
{
	int64_t second = recorder->now_ns / NS_PER_S;

	if (second != recorder->second)
		recorder->inherited_rows = INHERITED_ROWS_EACH_SECOND;
	recorder->second = second;
}

static void say_impossible(struct recorder *recorder, struct member *member)
{
	uint32_t count = watch_impossible_entries(member->watch);

	if (!count || member->impossible_said)
		return;
	member->impossible_said = true;
	notice_retract(&recorder->notices, NOTICE_IMPOSSIBLE);
	notice_say(&recorder->notices, NOTICE_IMPOSSIBLE, recorder->time_ns, watch_process_id(member->watch),
		   "the arena's part of process %u holds %u entries that cannot be: something writes over it",
		   watch_pid(member->watch), count);
}

static int record_cost(struct recorder *recorder, struct member *member, const struct tick *tick, bool lives)
{
	int64_t cpu_ns = lives ? member->sample.cpu_ns : member_final_cpu_ns(member);
	struct hook_cost_part part = hook_cost_since(member->watch, &member->cost, tick, cpu_ns);

	cost_limit_add(&recorder->limit, part.hook_ns, part.cpu_ns);
	return hook_cost_record(member->watch, &member->cost, tick, cpu_ns, lives);
}

static int record_member(struct recorder *recorder, struct member *member, const struct tick *tick, bool sample)
{
	bool lives = member->state == MEMBER_LIVE;
	enum watch_reading reading = reading_of(recorder, member);
	int code = watch_record(member->watch, tick, reading);

	spend_rows(recorder, member, reading);
	member->sample.is_whole = reading == WATCH_LIVE;
	if (code == SEEP_OK)
		code = fd_mark_record(member->watch, tick, lives);
	if (code == SEEP_OK)
		code = events_record(member->watch, &member->events, tick);
	if (code == SEEP_OK && lives && sample)
		code = sampler_take(&recorder->sampler, member->watch, &member->sample, tick);
	if (code == SEEP_OK && (sample || !lives))
		code = record_cost(recorder, member, tick, lives);
	if (code == SEEP_OK && !lives)
		code = watch_end(member->watch, tick, member->state == MEMBER_EXECED);
	if (code == SEEP_OK)
		say_impossible(recorder, member);
	return code;
}

/* One costly tick is no reason: it may have met a new process. */
static void put_off_next_tick(struct recorder *recorder, int64_t cost_ns)
{
	int64_t lesser_ns = cost_ns < recorder->tick_cost_ns ? cost_ns : recorder->tick_cost_ns;
	int64_t rest_ns = lesser_ns * TICK_REST < TICK_LATEST_NS ? lesser_ns * TICK_REST : TICK_LATEST_NS;

	recorder->tick_cost_ns = cost_ns;
	if (recorder->tick_due_ns < recorder->now_ns + rest_ns)
		recorder->tick_due_ns = recorder->now_ns + rest_ns;
}

static int record_members(struct recorder *recorder, const struct tick *tick, bool is_full)
{
	int code = SEEP_OK;

	for (uint32_t slot = 0; slot < recorder->slot_count && code == SEEP_OK; slot++) {
		struct member *member = recorder->members[slot];

		if (member && is_full && recorder->sampler.is_due[LOOK_MEMORY])
			member_check_program(member);
		if (member && (is_full || member->state != MEMBER_LIVE))
			code = record_member(recorder, member, tick, is_full);
	}
	return code;
}

/* ---- ages ---- */

/* Whose turn it is: those that were asked for, and when the rest is over, the one that has waited longest. */
static struct member *next_to_age(const struct recorder *recorder)
{
	struct member *longest = NULL;

	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		struct member *member = recorder->members[slot];

		if (!member || member->state != MEMBER_LIVE || !watch_process_id(member->watch))
			continue;
		if (member->ages.is_wanted)
			return member;
		if (member->ages.due_ns <= recorder->time_ns &&
		    (!longest || member->ages.due_ns < longest->ages.due_ns))
			longest = member;
	}
	return recorder->time_ns < recorder->ages.rest_until_ns ? NULL : longest;
}

static int record_ages(struct recorder *recorder, const struct tick *tick)
{
	struct member *member = next_to_age(recorder);
	int code = SEEP_OK;

	/* a reading is followed by a rest: further ones are those that were asked for */
	for (; member && code == SEEP_OK; member = next_to_age(recorder))
		code = ages_record(member->watch, &member->ages, &recorder->ages, tick, epoch_at(recorder));
	if (code || recorder->ages.answered == recorder->ages.wanted)
		return code;
	recorder->ages.answered = recorder->ages.wanted;
	return store_put_meta_integer(recorder->store, "ages_answered", recorder->ages.answered, tick->error);
}

static int record_unslotted(struct recorder *recorder, struct error *error)
{
	uint32_t count = arena_unslotted(recorder->arena);

	if (count == recorder->unslotted)
		return SEEP_OK;
	recorder->unslotted = count;
	notice_say(&recorder->notices, NOTICE_UNSLOTTED, recorder->time_ns, 0,
		   "more than %u processes ran at once, or the arena's file system was full: some are not recorded",
		   recorder->slot_count);
	return store_put_meta_integer(recorder->store, "unslotted_processes", count, error);
}

static int record_sampling(struct recorder *recorder, struct error *error)
{
	uint64_t interval = arena_sample_interval(recorder->arena);

	if (interval != recorder->sample_interval) {
		recorder->sample_interval = interval;
		recorder->sampled_since_ns = recorder->time_ns;
		recorder->sampling_is_stored = false;
	}
	if (recorder->sampling_is_stored)
		return SEEP_OK;
	recorder->sampling_is_stored = true;
	return store_put_sampling(recorder->store, recorder->sampled_since_ns, interval, error);
}

/* At the end the arena is empty: what counts is what it took at most. */
static int record_own_cost(struct recorder *recorder, struct error *error)
{
	int64_t bytes = arena_allocated_bytes(recorder->arena);
	int code = store_put_meta_integer(recorder->store, "recorder_cpu_ns", clock_cpu_ns(), error);

	if (bytes > recorder->arena_peak_bytes)
		recorder->arena_peak_bytes = bytes;
	if (code)
		return code;
	return store_put_meta_integer(recorder->store, "arena_bytes", recorder->arena_peak_bytes, error);
}

static int write_tick(struct recorder *recorder, bool is_full, struct error *error)
{
	struct tick tick = {.arena = recorder->arena,
			    .store = recorder->store,
			    .now_ns = recorder->time_ns,
			    .ns_per_cycle = cycle_clock_ns(&recorder->cycles),
			    .error = error};
	bool done;
	int code = store_begin(recorder->store, recorder->time_ns, error);

	if (code == SEEP_OK)
		code = record_members(recorder, &tick, is_full);
	if (code == SEEP_OK && is_full)
		code = record_ages(recorder, &tick);
	if (code == SEEP_OK && is_full)
		cost_limit_decide(&recorder->limit, recorder->arena, recorder->time_ns);
	if (code == SEEP_OK)
		code = cost_limit_put(&recorder->limit, recorder->store, error);
	if (code == SEEP_OK)
		code = record_unslotted(recorder, error);
	if (code == SEEP_OK)
		code = record_sampling(recorder, error);
	if (code == SEEP_OK && is_full)
		code = record_own_cost(recorder, error);
	if (code == SEEP_OK && is_full)
		code = symbol_pass_run(&recorder->symbols, recorder->store, SYMBOLS_EACH_TICK_NS, &done, error);
	if (code == SEEP_OK)
		code = notices_put(&recorder->notices, recorder->store, error);
	return code ? code : store_commit(recorder->store, error);
}

/* Only now that their figures are committed. */
static void settle_members(struct recorder *recorder, bool is_full)
{
	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		struct member *member = recorder->members[slot];

		if (!member)
			continue;
		member->is_recorded |= is_full;
		if (member->state == MEMBER_LIVE)
			continue;
		recorder->last_end_ns = recorder->time_ns;
		give_back(recorder, slot);
		drop_member(recorder, slot);
	}
}

static void tick(struct recorder *recorder, bool is_full)
{
	struct error error = {""};
	int code = SEEP_OK;
	int64_t began_ns;

	if (!recorder->store)
		code = open_recording(recorder, &error);
	if (code == SEEP_OK && is_full)
		look_after_file(recorder);
	refill_rows(recorder);
	began_ns = clock_cpu_ns();
	if (is_full)
		sampler_begin(&recorder->sampler, recorder->now_ns);
	if (code == SEEP_OK)
		code = write_tick(recorder, is_full, &error);
	if (is_full) {
		sampler_end(&recorder->sampler, recorder->now_ns);
		put_off_next_tick(recorder, clock_cpu_ns() - began_ns);
	}
	if (code) {
		write_failed(recorder, &error);
		return;
	}
	recorder->has_ticked = true;
	settle_members(recorder, is_full);
	write_succeeded(recorder);
}

/* ---- the end ---- */

static int resolve_rest(struct recorder *recorder, struct error *error)
{
	bool done = false;
	int code = SEEP_OK;

	while (code == SEEP_OK && !done) {
		code = store_begin(recorder->store, recorder->last_end_ns, error);
		if (code == SEEP_OK)
			code = symbol_pass_run(&recorder->symbols, recorder->store, SYMBOLS_AT_END_NS, &done, error);
		if (code == SEEP_OK)
			code = record_unslotted(recorder, error);
		if (code == SEEP_OK)
			code = record_own_cost(recorder, error);
		if (code == SEEP_OK)
			code = notices_put(&recorder->notices, recorder->store, error);
		if (code == SEEP_OK)
			code = store_commit(recorder->store, error);
	}
	if (code == SEEP_OK)
		notices_written(&recorder->notices);
	return code;
}

static enum recorder_state finish(struct recorder *recorder)
{
	struct error error = {""};
	int code = recorder->store ? SEEP_OK : open_recording(recorder, &error);

	if (code == SEEP_OK)
		look_after_file(recorder);
	if (code == SEEP_OK && !store_is_in_place(recorder->store))
		code = error_set(&error, SEEP_ERR_IO, "%s was replaced by another file; move that away",
				 recorder_path(recorder));
	if (code == SEEP_OK)
		code = resolve_rest(recorder, &error);
	if (code) {
		write_failed(recorder, &error);
		return RECORDER_WORKS;
	}
	if (store_finish(recorder->store, recorder->last_end_ns, &error))
		fprintf(stderr, "seep record: %s\n", error.text);
	arena_unlink(recorder->arena);
	symbol_pass_save(&recorder->symbols);
	return RECORDER_FINISHED;
}

/* The arena itself is gone: what was read before is the recording. */
static enum recorder_state finish_without_arena(struct recorder *recorder, const struct error *error)
{
	notice_say(&recorder->notices, NOTICE_ARENA, recorder->time_ns, 0, "%s", error->text);
	recorder->last_end_ns = recorder->time_ns;
	return finish(recorder) == RECORDER_FINISHED ? RECORDER_FINISHED : RECORDER_GIVEN_UP;
}

static enum recorder_state end_if_alone(struct recorder *recorder)
{
	int64_t alone_ns;

	if (!is_alone(recorder) && !(recorder->failing_since_ns && recorder_live_processes(recorder) == 0)) {
		recorder->alone_since_ns = 0;
		return RECORDER_WORKS;
	}
	if (!recorder->alone_since_ns)
		recorder->alone_since_ns = recorder->now_ns;
	alone_ns = recorder->now_ns - recorder->alone_since_ns;
	if (alone_ns > GIVE_UP_NS) /* finishing was tried, more than once */
		return RECORDER_GIVEN_UP;
	if (!is_alone(recorder) || alone_ns < LINGER_NS || recorder->now_ns < recorder->retry_due_ns)
		return RECORDER_WORKS;
	return finish(recorder);
}

/* ---- the loop ---- */

enum recorder_state recorder_step(struct recorder *recorder, bool now)
{
	struct error error = {""};
	bool is_full;

	read_clocks(recorder);
	set_epoch(recorder);
	if (follow_directory(recorder, &error))
		return finish_without_arena(recorder, &error);
	is_full = now || recorder->now_ns >= recorder->tick_due_ns;
	if (is_full)
		recorder->tick_due_ns = recorder->now_ns + arena_head(recorder->arena)->interval_ms * NS_PER_MS;
	if (recorder->now_ns >= recorder->retry_due_ns && (is_full || has_ended_members(recorder)))
		tick(recorder, is_full);
	return end_if_alone(recorder);
}

static nfds_t collect_ends(struct recorder *recorder)
{
	nfds_t count = 0;

	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		const struct member *member = recorder->members[slot];

		if (member && member->state == MEMBER_LIVE && member->pidfd >= 0)
			recorder->ends[count++] = (struct pollfd){.fd = member->pidfd, .events = POLLIN};
	}
	return count;
}

static void note_ends(struct recorder *recorder)
{
	nfds_t at = 0;

	for (uint32_t slot = 0; slot < recorder->slot_count; slot++) {
		struct member *member = recorder->members[slot];

		if (!member || member->state != MEMBER_LIVE || member->pidfd < 0)
			continue;
		if (recorder->ends[at++].revents)
			member->state = MEMBER_ENDED;
	}
}

void recorder_wait(struct recorder *recorder, const sigset_t *mask)
{
	struct timespec until = {0, POLL_NS};
	int64_t left_ns = recorder->tick_due_ns - clock_boottime_ns();

	if (left_ns < POLL_NS)
		until.tv_nsec = left_ns > 0 ? left_ns : 0;
	if (ppoll(recorder->ends, collect_ends(recorder), &until, mask) > 0)
		note_ends(recorder);
}

enum recorder_state recorder_run(struct recorder *recorder, const volatile sig_atomic_t *stop, const sigset_t *mask)
{
	enum recorder_state state = RECORDER_WORKS;
	int64_t stop_ns = 0;

	while (state == RECORDER_WORKS) {
		bool is_stopping = *stop != 0;

		state = recorder_step(recorder, is_stopping && !stop_ns);
		if (state != RECORDER_WORKS)
			break;
		if (is_stopping && !stop_ns)
			stop_ns = clock_boottime_ns() + STOP_NS;
		if (is_stopping && (*stop > 1 || clock_boottime_ns() > stop_ns)) {
			recorder_step(recorder, true);
			break;
		}
		recorder_wait(recorder, mask);
	}
	return state;
}
