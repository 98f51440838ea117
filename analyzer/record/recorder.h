/* SPDX-License-Identifier: MIT */
/*
 * recorder.h - reads one arena into its recording until the last of its processes has ended.
 *
 * Life: recorder_open() (takes the arena's lock), recorder_step() again and again with recorder_wait() in between,
 * until it says that it is done; recorder_close(). recorder_run() does all that.
 *
 * Invariants
 *  - A slot is given back only after its final figures are committed: whoever opens the arena later finds everything
 *    that is not in the recording.
 *  - A failure to write is said once, and tried again for as long as there are processes; the arena keeps what could
 * not be written. No failure of the recorder reaches a recorded process.
 */
#ifndef SEEP_RECORDER_H
#define SEEP_RECORDER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"

struct recorder;

enum recorder_state {
	RECORDER_WORKS,
	RECORDER_FINISHED, /* the recording is complete, the arena gone */
	RECORDER_GIVEN_UP, /* all processes have ended and the recording cannot be written: the arena stays */
};

/* SEEP_ERR_IO: the arena has a recorder that lives. Other errors: arena_open()'s. */
int recorder_open(const char *arena_path, struct recorder **out, struct error *error);
void recorder_close(struct recorder *recorder); /* NULL is fine */
/* For a process that ends now: closes the recording, and leaves memory and the arena's lock to the system. */
void recorder_leave(struct recorder *recorder);

/* One look at the directory, and what is due. `now`: a tick though none is due. */
enum recorder_state recorder_step(struct recorder *recorder, bool now);
/* Sleeps until the next look, a process's end, or a signal that `mask` lets through. */
void recorder_wait(struct recorder *recorder, const sigset_t *mask);

/* Where the recording is, or is to be. Borrowed; changes when it has to go elsewhere. */
const char *recorder_path(const struct recorder *recorder);
size_t recorder_live_processes(const struct recorder *recorder);

/*
 * All of it. *stop, set by a signal handler, ends it early: with a last tick, and the arena left for another recorder.
 * Processes that are ending at that moment, too (a service is stopped as a whole), are waited for some seconds.
 */
enum recorder_state recorder_run(struct recorder *recorder, const volatile sig_atomic_t *stop, const sigset_t *mask);

#endif
