/* SPDX-License-Identifier: MIT */
#include "run_finish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../arena/arena_reader.h"
#include "../base/clock.h"
#include "../record/recorder.h"

#define LOOK_NS (50 * NS_PER_MS)
/* A recorder that was just started may not have taken the lock yet. */
#define RECORDER_START_NS (1 * NS_PER_S)
/* A child of the program that ends just after it is no program in the background. */
#define BACKGROUND_NS (2 * NS_PER_S)
#define ARENA_LATE_NS (300 * NS_PER_MS)

enum outcome {
	RUN_WAITING,
	RUN_DONE,
	RUN_UNSEEN,      /* no arena, no recording: libseep.so was not loaded */
	RUN_BACKGROUND,  /* other processes of the program live on */
	RUN_INTERRUPTED, /* by a signal to this process */
	RUN_STUCK,       /* the recording could not be written */
};

/* ---- looking ---- */

static bool process_lives(uint32_t pid)
{
	return pid && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

static bool has_live_processes(struct run *run)
{
	uint32_t count = arena_head(run->reader)->slot_count;
	struct arena_entry *entries = calloc(count, sizeof(*entries));
	bool found = false;

	if (entries && arena_read_directory(run->reader, entries, NULL) == SEEP_OK) {
		for (uint32_t i = 0; i < count && !found; i++)
			found = entries[i].state == SLOT_LIVE && process_lives(entries[i].pid);
	}
	free(entries);
	return found;
}

/* The recorder is gone, and the arena is not: this process is the recorder now. */
static enum outcome record_here(struct run *run)
{
	volatile sig_atomic_t stop = 0;
	struct recorder *recorder;
	enum recorder_state state;
	sigset_t mask;

	if (recorder_open(run->arena, &recorder, NULL))
		return RUN_WAITING; /* there is one after all, or it has just finished */
	sigprocmask(SIG_BLOCK, NULL, &mask);
	state = recorder_run(recorder, &stop, &mask);
	recorder_close(recorder);
	return state == RECORDER_FINISHED ? RUN_DONE : RUN_STUCK;
}

static bool recorder_lives(struct run *run)
{
	struct arena_reader *other;
	bool lives;

	if (arena_open(run->arena, &other, NULL))
		return true; /* not to be told */
	lives = !arena_lock(other);
	arena_close(other);
	return lives;
}

static enum outcome look(struct run *run, int64_t waited_ns)
{
	run_look_for_arena(run);
	if (!run->reader)
		return waited_ns < ARENA_LATE_NS ? RUN_WAITING : RUN_UNSEEN;
	if (!arena_is_in_place(run->reader))
		return RUN_DONE;
	if (has_live_processes(run))
		return waited_ns < BACKGROUND_NS ? RUN_WAITING : RUN_BACKGROUND;
	if (waited_ns >= RECORDER_START_NS && !recorder_lives(run))
		return record_here(run);
	return RUN_WAITING;
}

/* Signals that ask this process to end do so, now that the program has. */
static bool is_interrupted(struct run *run)
{
	static const struct timespec look_again = {0, LOOK_NS};
	siginfo_t signal;
	int number = sigtimedwait(&run->waited_for, &signal, &look_again);

	if (number == SIGCHLD)
		run_reap(run);
	return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static enum outcome wait_for_recorder(struct run *run)
{
	int64_t start_ns = clock_boottime_ns();
	enum outcome outcome = look(run, 0);
	bool said = false;

	while (outcome == RUN_WAITING) {
		int64_t waited_ns = clock_boottime_ns() - start_ns;

		if (is_interrupted(run))
			return RUN_INTERRUPTED;
		if (!said && waited_ns > 3 * NS_PER_S) {
			fputs("seep run: the recorder is still at work (resolving names)\n", stderr);
			said = true;
		}
		outcome = look(run, waited_ns);
	}
	return outcome;
}

/* ---- saying ---- */

/* The path as one would type it here. */
static const char *short_path(const char *path)
{
	char directory[ARENA_PATH_MAX];
	size_t length;

	if (!getcwd(directory, sizeof(directory)))
		return path;
	length = strlen(directory);
	return strncmp(path, directory, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

static void say_unseen(const struct run *run)
{
	fprintf(stderr,
		"seep run: nothing was recorded: '%s' did not load libseep.so (is it static, or setuid?); "
		"`seep doctor %s` says why\n",
		run->program[0], run->program[0]);
}

static void say_outcome(const struct run *run, enum outcome outcome, const char *recording)
{
	const char *path = short_path(recording);

	switch (outcome) {
	case RUN_WAITING:
	case RUN_DONE:
		fprintf(stderr, "seep run: the recording is %s; read it with `seep top %s`\n", path, path);
		break;
	case RUN_UNSEEN:
		say_unseen(run);
		break;
	case RUN_BACKGROUND:
		fprintf(stderr,
			"seep run: processes of '%s' live on and are recorded into %s; read it with `seep top %s`\n",
			run->program[0], path, path);
		break;
	case RUN_INTERRUPTED:
		fprintf(stderr, "seep run: %s is not finished yet; read it with `seep top %s`\n", path, path);
		break;
	case RUN_STUCK:
		fprintf(stderr,
			"seep run: %s could not be written; the figures are in %s: make room, and run `seep record`\n",
			path, run->arena);
		break;
	}
}

bool run_finish(struct run *run, char recording[ARENA_PATH_MAX])
{
	enum outcome outcome = wait_for_recorder(run);

	/* a recorder that had to go elsewhere has noted so in the arena, which we still hold open */
	if (!run->reader || arena_read_recording_path(run->reader, recording))
		memcpy(recording, run->recording, sizeof(run->recording));
	if (outcome == RUN_UNSEEN && access(recording, F_OK) == 0)
		outcome = RUN_DONE;
	say_outcome(run, outcome, recording);
	arena_close(run->reader);
	return outcome == RUN_DONE;
}
