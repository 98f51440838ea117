/* SPDX-License-Identifier: MIT */
/*
 * sampler.h - the kernel's figures of the recorded processes, each tick as far as their cost allows.
 *
 * What could not be read, and what was not looked at this time, is unknown (NULL in the recording), not 0.
 * Zeroed is valid; sampler_release() frees.
 */
#ifndef SEEP_SAMPLER_H
#define SEEP_SAMPLER_H

#include "fd_survey.h"
#include "look.h"
#include "sockets.h"
#include "watch.h"

/* Those before LOOK_OWNERS are of the process's figures. */
enum look { LOOK_MEMORY, LOOK_DESCRIPTORS, LOOK_SOCKETS, LOOK_PAGES, LOOK_OWNERS, LOOK_COUNT };

struct sampler {
	int64_t due_ns[LOOK_COUNT];
	bool is_due[LOOK_COUNT];    /* in the round under way */
	int64_t cpu_ns[LOOK_COUNT]; /* spent in it */
	struct sockets sockets;     /* of the network namespace below, read in this round */
	bool sockets_known;
	char network[64];
};

/* What is remembered of one process between rounds. Zeroed is valid. */
struct sample_memory {
	struct unseen_list last_look, stored;
	bool has_looked;
	bool is_stored; /* `stored` is what the recording has: not after a rollback */
	bool is_whole;  /* the watch's last reading was not one of events only */
	struct look_memory look;
	int64_t unseen_descriptors; /* of those counted the last time, what the shim did not count */
	int64_t cpu_ns;             /* user and system time at this tick's look; -1 not looked at, or unknown */
};

/* A round: begin, one take for each process, end. `now_ns` is any clock that does not step. */
void sampler_begin(struct sampler *sampler, int64_t now_ns);
int sampler_take(struct sampler *sampler, const struct watch *watch, struct sample_memory *memory,
		 const struct tick *tick);
void sampler_end(struct sampler *sampler, int64_t now_ns);
void sampler_release(struct sampler *sampler);

#endif
