/* SPDX-License-Identifier: MIT */
/*
 * expect.h - how a fixture says what a recording of it has to hold.
 *
 * A line of its output is "expect PID FUNCTION KIND ACQUIRED RELEASED ACQUIRED_BYTES RELEASED_BYTES": the sums over
 * all callsites of that kind that have FUNCTION in their stack, in the process PID. tests/lib/helpers.bash compares
 * it with the recording. "-" stands for a figure that the fixture does not know.
 */
#ifndef SEEP_TESTS_EXPECT_H
#define SEEP_TESTS_EXPECT_H

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* The function keeps a frame and a name of its own: not inlined, not cloned, not merged with one of equal code. */
#define FRAME __attribute__((noipa))
/* After a call that must not become a jump; the pointer must not be optimised away. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct expected {
	uint64_t acquired, released, acquired_bytes, released_bytes;
};

static inline void expect(int out, const char *function, const char *kind, struct expected expected)
{
	dprintf(out, "expect %d %s %s %llu %llu %llu %llu\n", (int)getpid(), function, kind,
		(unsigned long long)expected.acquired, (unsigned long long)expected.released,
		(unsigned long long)expected.acquired_bytes, (unsigned long long)expected.released_bytes);
}

#endif
