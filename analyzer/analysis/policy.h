/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what a project lets its server hold and gain: the file that `seep gate` reads. seep-gate(1) documents it.
 *
 * One statement a line; '#' begins a comment; words are separated by blanks, and quoted ("...") where they have some.
 *
 *	warm-up 20s
 *	minimum 60s
 *	inconclusive fail
 *	tolerance 25%
 *	power 64 bytes per accepted
 *	budget heap 200 bytes per second
 *	budget timers in turn_set_timer 0.5 objects per mark:request
 *	budget sockets 10 objects at exit
 *	suppress any in log_keep owner=chat-team expires=2027-01-31
 *	suppressions tests/lsan.supp
 *
 * The parsers are pure: text in, structs out. A line that is wrong is refused with SEEP_ERR_USAGE and
 * "FILE:LINE: what is wrong". Zeroed is valid: no budgets, no suppressions, nothing demanded.
 */
#ifndef SEEP_POLICY_H
#define SEEP_POLICY_H

#include "../base/error.h"
#include "suppression.h"

/* What an inconclusive run counts as. */
enum policy_inconclusive {
	INCONCLUSIVE_IS_ITSELF, /* exit code 3 */
	INCONCLUSIVE_PASSES,
	INCONCLUSIVE_FAILS,
};

enum rate_per {
	PER_SECOND,
	PER_EVENT, /* of an event counter */
	AT_EXIT,   /* no rate: what is held at the end */
};

struct rate {
	double amount; /* PER_SECOND: in one second, whatever was written */
	bool in_bytes;
	enum rate_per per;
	char *event; /* PER_EVENT: its counter; otherwise NULL */
};

struct policy_budget {
	struct selector selector;
	struct rate rate;
	char *text; /* as written, without "budget" */
	unsigned line;
};

struct policy_suppression {
	struct selector selector;
	char *name;     /* for reports: the pattern, or Valgrind's name of it */
	char *owner;    /* NULL: nobody said */
	char *expires;  /* NULL: never; "2027-01-31" */
	int64_t expiry; /* the last day it holds, in days since 1970 */
	char *file;
	unsigned line;
};

struct policy {
	char *file; /* NULL: there is none */
	double warm_up_s, minimum_s;
	double tolerance; /* a known leak may be faster by this part of its rate: 0.25 */
	bool has_tolerance;
	enum policy_inconclusive inconclusive;
	struct rate *powers; /* a run that would not have seen this much is inconclusive */
	size_t power_count, power_capacity;
	struct policy_budget *budgets;
	size_t budget_count, budget_capacity;
	struct policy_suppression *suppressions;
	size_t suppression_count, suppression_capacity;
	char **files; /* other suppression files that it names, as written; to be read by the caller */
	size_t file_count, file_capacity;
};

/* Adds what the file's text says. Release with policy_release() also after an error. */
int policy_parse(const char *file, const char *text, struct policy *out, struct error *error);

/* Adds the suppressions of a file of LeakSanitizer ("leak:PATTERN" lines) or Valgrind ("{ ... }"): it is seen which. */
int policy_parse_suppressions(const char *file, const char *text, struct policy *out, struct error *error);

void policy_release(struct policy *policy);

/* "2027-01-31" in days since 1970-01-01; false if there is no such day. */
bool policy_day(const char *text, int64_t *out);

/* The event counters that a rate can be per, beside "mark:NAME"; NULL after the last. */
const char *policy_event_name(unsigned index);

/* ---- for the parsers ---- */

/* A new suppression at its end. */
struct policy_suppression *policy_add_suppression(struct policy *policy, const char *file, unsigned line);
int policy_refuse(struct error *error, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int policy_parse_lsan(const char *file, const char *text, struct policy *out, struct error *error);
int policy_parse_valgrind(const char *file, const char *text, struct policy *out, struct error *error);

#endif
