/* SPDX-License-Identifier: MIT */
/*
 * suppression.h - which callsites a line of a policy, of LeakSanitizer or of Valgrind means.
 *
 * A callsite is given as its whole stack, the allocator's frames too (profile_of_node() with show_all), and its
 * fingerprint. The forms:
 *
 *  - A pattern as LeakSanitizer has it: it matches if it is found in the function, the source file or the module of any
 *    frame. '*' stands for any characters, '^' at its start and '$' at its end hold it there. C++ functions are
 *    looked at as reports show them and as fingerprints have them (without parameters and template arguments).
 *  - A fingerprint.
 *  - Valgrind's list of frames, innermost first: fun:, obj: and src: with '*' and '?', "..." for any number of frames;
 *    a stack may go on behind it. Valgrind's innermost frame is the allocation function itself, which Seep's
 *    stacks begin after: a first fun:malloc, fun:_Znwm and so on is taken as said. Mangled names are demangled first,
 * so wildcards within one cannot match. Pure.
 */
#ifndef SEEP_SUPPRESSION_H
#define SEEP_SUPPRESSION_H

#include "fingerprint.h"

enum selector_form {
	SELECT_ALL,
	SELECT_PATTERN,
	SELECT_FINGERPRINT,
	SELECT_FRAMES,
};

enum selector_frame_form {
	SELECT_FUNCTION,
	SELECT_OBJECT,
	SELECT_SOURCE,
	SELECT_ANY_FRAMES,
};

struct selector_frame {
	enum selector_frame_form form;
	char *pattern;
};

/* Which callsites. Zeroed is valid: all callsites of no kind. */
struct selector {
	uint32_t kinds; /* bit 1 << enum seep_kind */
	enum selector_form form;
	char *pattern; /* as written: of a pattern and of a fingerprint */
	struct fingerprint fingerprint;
	struct selector_frame *frames;
	size_t frame_count, frame_capacity;
};

/* A callsite to be looked at; stack is the only one of a profile_of_node() with show_all. */
struct callsite {
	enum seep_kind kind;
	struct fingerprint fingerprint;
	const struct profile *stack;
	size_t shown; /* index of the first frame that is not the allocator's */
};

bool selector_matches(const struct selector *selector, const struct callsite *callsite);
void selector_release(struct selector *selector);

/* As LeakSanitizer matches: see above. */
bool pattern_is_in(const char *pattern, const char *text);
/* The whole text, '*' and '?' being wildcards. */
bool pattern_is_all(const char *pattern, const char *text);

#endif
