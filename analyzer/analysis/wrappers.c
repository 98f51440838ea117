/* SPDX-License-Identifier: MIT */
#include "wrappers.h"

#include <stdlib.h>
#include <string.h>

#include "interner.h"
#include "memory.h"

enum { LEAST_CALLERS = 4, MOST_ROUNDS = 16 };
#define NONE SIZE_MAX

/* ---- by name ---- */

static bool is_c_allocator(const char *name, size_t size)
{
	static const char *const endings[] = {"malloc",   "calloc", "realloc", "reallocarray", "zalloc",  "palloc",
					      "memalign", "strdup", "strndup", "memdup",       "asprintf"};

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t length = strlen(endings[i]);

		if (size >= length && !strncasecmp(name + size - length, endings[i], length))
			return true;
	}
	return false;
}

bool wrapper_by_name(const char *function)
{
	size_t size;

	if (!strncmp(function, "std::", 5) || !strncmp(function, "__gnu_cxx::", 11))
		return true;
	/* zmalloc, zmalloc_usable, CRYPTO_malloc; not a template's or a parameter's name */
	size = strcspn(function, "(<");
	if (size >= 4 && !strncmp(function + size - 4, "free", 4) && !memchr(function, '_', size))
		return true;
	while (size) {
		if (is_c_allocator(function, size))
			return true;
		while (size && function[size - 1] != '_')
			size--;
		size -= size != 0;
	}
	return false;
}

/* ---- functions of frames ---- */

/* In one round. */
struct tally {
	double within, direct; /* acquired in stacks with it; as the innermost that is no wrapper */
	size_t callers, growing_callers;
	size_t counted_stack; /* + 1: `within` has it */
};

struct finder {
	const struct profile *profile;
	const struct wrapper_evidence *evidence;
	size_t *counts;
	size_t *function_of; /* by frame id */
	size_t function_count;
	bool *is_wrapper; /* by function */
	struct tally *tallies;
};

/* A function, the one that called it, and whether that one keeps what it got. */
struct call {
	size_t function, caller;
	bool grows;
};

static void name_functions(struct finder *finder, const regex_t *named)
{
	const struct profile *profile = finder->profile;
	struct interned *table = NULL;

	finder->function_of = memory_zeroed(profile->frame_count, sizeof(*finder->function_of));
	finder->is_wrapper = memory_zeroed(profile->frame_count, sizeof(*finder->is_wrapper));
	for (size_t i = 0; i < profile->frame_count; i++) {
		const struct profile_frame *frame = &profile->frames[i];
		char *key = memory_format("%s\n%s", frame->function, frame->module);
		bool is_new;
		size_t id = intern(&table, key, strlen(key), &is_new)->number;

		finder->function_of[i] = id;
		finder->is_wrapper[id] |=
			wrapper_by_name(frame->function) || (named && !regexec(named, frame->function, 0, NULL, 0));
	}
	finder->function_count = interned_count(table);
	interned_release(table);
}

static size_t function_at(const struct finder *finder, size_t stack, size_t depth)
{
	const struct profile_stack *frames = &finder->profile->stacks[stack];

	return finder->function_of[finder->profile->frame_ids[frames->first + depth]];
}

/* ---- rounds ---- */

/* Over the wrappers known by now; true if the first frame is no wrapper's, or the last of all. */
static void skip_wrappers(struct finder *finder)
{
	for (size_t i = 0; i < finder->profile->stack_count; i++)
		while (finder->counts[i] + 1 < finder->profile->stacks[i].count &&
		       finder->is_wrapper[function_at(finder, i, finder->counts[i])])
			finder->counts[i]++;
}

/* The next function out that is another one; NONE: it has no caller. */
static size_t caller_of(const struct finder *finder, size_t stack)
{
	size_t function = function_at(finder, stack, finder->counts[stack]);

	for (size_t i = finder->counts[stack] + 1; i < finder->profile->stacks[stack].count; i++)
		if (function_at(finder, stack, i) != function)
			return function_at(finder, stack, i);
	return NONE;
}

static void tally_stack(struct finder *finder, size_t stack)
{
	const struct profile_stack *frames = &finder->profile->stacks[stack];
	double acquired = finder->evidence[stack].acquired;

	for (size_t i = finder->counts[stack]; i < frames->count; i++) {
		struct tally *tally = &finder->tallies[function_at(finder, stack, i)];

		if (tally->counted_stack == stack + 1)
			continue;
		tally->counted_stack = stack + 1;
		tally->within += acquired;
	}
	finder->tallies[function_at(finder, stack, finder->counts[stack])].direct += acquired;
}

static int compare_calls(const void *left, const void *right)
{
	const struct call *a = left, *b = right;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->caller != b->caller)
		return a->caller < b->caller ? -1 : 1;
	return b->grows - a->grows; /* one stack that grows is enough */
}

static void count_callers(struct finder *finder)
{
	struct call *calls = memory_zeroed(finder->profile->stack_count, sizeof(*calls));
	size_t count = 0;

	for (size_t i = 0; i < finder->profile->stack_count; i++) {
		size_t caller = finder->profile->stacks[i].count ? caller_of(finder, i) : NONE;

		if (caller != NONE)
			calls[count++] = (struct call){function_at(finder, i, finder->counts[i]), caller,
						       finder->evidence[i].grows};
	}
	qsort(calls, count, sizeof(*calls), compare_calls);
	for (size_t i = 0; i < count; i++) {
		struct tally *tally = &finder->tallies[calls[i].function];

		if (i && calls[i].function == calls[i - 1].function && calls[i].caller == calls[i - 1].caller)
			continue;
		tally->callers++;
		tally->growing_callers += calls[i].grows;
	}
	free(calls);
}

/* True if another wrapper was found. */
static bool find_more(struct finder *finder)
{
	bool found = false;

	memset(finder->tallies, 0, finder->function_count * sizeof(*finder->tallies));
	for (size_t i = 0; i < finder->profile->stack_count; i++)
		if (finder->profile->stacks[i].count)
			tally_stack(finder, i);
	count_callers(finder);
	for (size_t i = 0; i < finder->function_count; i++) {
		const struct tally *tally = &finder->tallies[i];

		if (finder->is_wrapper[i] || tally->callers < LEAST_CALLERS || tally->direct * 2 < tally->within ||
		    tally->growing_callers * 2 > tally->callers)
			continue;
		finder->is_wrapper[i] = found = true;
	}
	return found;
}

void wrappers_find(const struct profile *profile, const struct wrapper_evidence *evidence, const regex_t *named,
		   size_t *wrapper_counts)
{
	struct finder finder = {.profile = profile, .evidence = evidence, .counts = wrapper_counts};

	name_functions(&finder, named);
	finder.tallies = memory_zeroed(finder.function_count, sizeof(*finder.tallies));
	memset(wrapper_counts, 0, profile->stack_count * sizeof(*wrapper_counts));
	skip_wrappers(&finder);
	for (int round = 0; round < MOST_ROUNDS && find_more(&finder); round++)
		skip_wrappers(&finder);
	free(finder.function_of);
	free(finder.is_wrapper);
	free(finder.tallies);
}
