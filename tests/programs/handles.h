/* SPDX-License-Identifier: MIT */
/*
 * handles.h - what the handles_*.c fixtures share: expectations about things that are counted and have no size.
 *
 * Besides the lines of expect.h (here a kind's spaces are written as "-": "posix-timer"), a fixture may print
 *	misuse PID double-close|never-opened FUNCTION PREVIOUS COUNT
 *		wrong closes with FUNCTION in their stack, PREVIOUS ("-" any) in the stack of the close before
 *	misuses PID COUNT		wrong closes in all
 *	mark PID ERRNO FUNCTION COUNT	the first EMFILE was met in FUNCTION, with COUNT descriptors in the table
 *	trust PID NAME VALUE		a figure of the trust line
 */
#ifndef SEEP_TESTS_HANDLES_H
#define SEEP_TESTS_HANDLES_H

#include <stdlib.h>

#include "expect.h"

/* A fixture whose own steps fail has no answers to give. */
#define REQUIRE(condition)                                                                            \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			exit(2);                                                                      \
		}                                                                                     \
	} while (0)

static inline void expect_handles(const char *function, const char *kind, unsigned acquired, unsigned released)
{
	expect(1, function, kind, (struct expected){.acquired = acquired, .released = released});
}

static inline void expect_misuse(const char *what, const char *function, const char *previous, unsigned count)
{
	dprintf(1, "misuse %d %s %s %s %u\n", (int)getpid(), what, function, previous, count);
}

static inline void expect_misuses(unsigned count)
{
	dprintf(1, "misuses %d %u\n", (int)getpid(), count);
}

static inline void expect_mark(int error, const char *function, unsigned descriptors)
{
	dprintf(1, "mark %d %d %s %u\n", (int)getpid(), error, function, descriptors);
}

static inline void expect_trust(const char *name, unsigned value)
{
	dprintf(1, "trust %d %s %u\n", (int)getpid(), name, value);
}

#endif
