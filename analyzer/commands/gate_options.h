/* SPDX-License-Identifier: MIT */
/* gate_options.h - the command line of `seep gate`: one table that is parser and help at once. */
#ifndef SEEP_GATE_OPTIONS_H
#define SEEP_GATE_OPTIONS_H

#include "../base/error.h"
#include "../render/gate.h"
#include "gate_run.h"

#define GATE_POLICY_FILE "seep.gate"

/* X(identifier, long name, short or 0, argument or NULL, help) */
/* clang-format off */
#define GATE_OPTIONS(X) \
	X(POLICY, "policy", 0, "FILE", "budgets, suppressions, demands (default: " GATE_POLICY_FILE " of this directory, if there is one)") \
	X(BASELINE, "baseline", 0, "FILE", "what leaked before is known: a recording, or what --write-baseline wrote") \
	X(WRITE_BASELINE, "write-baseline", 0, "FILE", "write what leaks in this run as a baseline, and let it pass") \
	X(SUPPRESSIONS, "suppressions", 0, "FILE", "a suppression file of LeakSanitizer or Valgrind; may be repeated") \
	X(FORMAT, "format", 0, "F[=FILE]", "a report in format F, to FILE or standard output; may be repeated:") \
	X(JSON, "json", 0, NULL, "as --format json") \
	X(SOURCE_ROOT, "source-root", 0, "DIR", "show files below it relative to it (default: the working directory)") \
	X(OUT, "out", 'o', "FILE", "with CMD: the recording (default: seep.CMD.PID.db here)") \
	X(INTERVAL, "interval", 0, "S", "with CMD: look each S seconds, 0.01 to 3600 (default: 1)") \
	X(SAMPLE, "sample", 0, "BYTES", "with CMD: record one heap block in so many bytes, and estimate the rest") \
	X(FOR, "for", 0, "S", "with CMD: end it by SIGTERM after S seconds") \
	X(DRIVE, "drive", 0, "LOAD", "with CMD: run the shell command LOAD beside it, and end CMD after it;\n$SEEP_GATE_PID is CMD's process") \
	X(HELP, "help", 'h', NULL, "print this")
/* clang-format on */

struct gate_output {
	enum gate_format format;
	const char *path; /* NULL: standard output */
};

/* Strings are borrowed from argv. Zeroed is valid. */
struct gate_options {
	const char *policy, *baseline, *write_baseline, *source_root, *recording;
	const char **suppressions;
	size_t suppression_count, suppression_capacity;
	struct gate_output *outputs;
	size_t output_count, output_capacity;
	struct gate_run_options run; /* run.program NULL: a recording is judged */
	bool help;
};

/* 0, or SEEP_ERR_USAGE with the sentence. Release in either case. */
int gate_options_parse(int argc, char **argv, struct gate_options *out, struct error *error);
void gate_options_release(struct gate_options *options);
void gate_options_help(struct buffer *out);

#endif
