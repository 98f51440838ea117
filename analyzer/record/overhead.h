/* SPDX-License-Identifier: MIT */
/*
 * overhead.h - the limit on what the hooks may cost (--max-overhead): from a measured cost to the next sampling
 * interval.
 *
 * Pure but for the little that is remembered between two decisions.
 *
 * Up, by powers of two: over the limit the interval goes from exact (0) to OVERHEAD_LEAST, then twice as far, or four
 * times where the cost is more than twice the limit, to OVERHEAD_MOST at most: what is left then is the cost of the
 * hooks that record nothing, which no interval makes less.
 *
 * Down: what was a burst (a start, a reload) must not leave a server sampled for ever. Half the interval costs twice as
 * much at most, so a quarter of the limit is room enough; exact costs up to some ten times what 1 in OVERHEAD_LEAST
 * does, so the last step is made below a sixteenth. It has to stay so for `patience` decisions in a row. A step down
 * that has to be taken back doubles the patience: a load that goes up and down has few changes in its recording, not
 * one each minute.
 */
#ifndef SEEP_OVERHEAD_H
#define SEEP_OVERHEAD_H

#include <stdbool.h>
#include <stdint.h>

#define OVERHEAD_LEAST (UINT64_C(4) << 10) /* bytes */
#define OVERHEAD_MOST (UINT64_C(4) << 20)
/* Less CPU time than this says too little of the cost: it is added to that of the next look. */
#define OVERHEAD_LEAST_CPU_NS INT64_C(50000000)
enum { OVERHEAD_PATIENCE = 30, OVERHEAD_MOST_PATIENCE = 30 * 128 };

/* Zeroed: nothing is known yet. */
struct overhead {
	unsigned calm;     /* decisions in a row that were low enough for a step down */
	unsigned patience; /* how many of them it takes; 0 stands for OVERHEAD_PATIENCE */
	bool went_down;    /* the last change was a step down */
};

struct overhead_measure {
	int64_t hook_ns, cpu_ns; /* since the last decision: in hooks, and in all by the processes (hooks included) */
	uint64_t interval;       /* in force in that time: mean bytes between sampled blocks, 0 exact */
	double limit_percent;
};

/* What part of the CPU time the hooks took. */
double overhead_percent(const struct overhead_measure *measure);

/* The interval from now on. cpu_ns is OVERHEAD_LEAST_CPU_NS at least. */
uint64_t overhead_decide(struct overhead *overhead, const struct overhead_measure *measure);

#endif
