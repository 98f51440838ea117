/* SPDX-License-Identifier: MIT */
/*
 * gate.h - what a gate has found, for people and for the machines that run it. Each function appends one whole
 * document.
 *
 * Whatever a program calls its functions and files, the document stays one of its format: each writer escapes by that
 * format's rules, and bytes that are no UTF-8 or no character of the format become U+FFFD.
 */
#ifndef SEEP_RENDER_GATE_H
#define SEEP_RENDER_GATE_H

#include "../analysis/gate.h"
#include "buffer.h"
#include "style.h"

/* X(identifier, name, summary) */
#define GATE_FORMATS(X)                                                                             \
	X(TEXT, "text", "for people (default)")                                                     \
	X(JUNIT, "junit", "JUnit XML: GitLab, Jenkins and most others show it as tests")            \
	X(SARIF, "sarif", "SARIF 2.1.0: GitHub code scanning and others")                           \
	X(GITHUB, "github", "GitHub's annotations, and its step summary into $GITHUB_STEP_SUMMARY") \
	X(SUMMARY, "summary", "the step summary alone, Markdown")                                   \
	X(GITLAB, "gitlab", "GitLab's code quality report")                                         \
	X(TAP, "tap", "the Test Anything Protocol, version 13")                                     \
	X(JSON, "json", "everything")

enum gate_format {
#define X(id, name, summary) GATE_##id,
	GATE_FORMATS(X)
#undef X
		GATE_FORMAT_COUNT
};

/* Borrowed strings; NULL where nothing is known. */
struct gate_report {
	const struct gate_input *input;
	const struct gate_result *result;
	const char *program, *recording;
	const char *source_root; /* files below it are shown relative to it; no '/' at its end */
	int64_t start_ns;        /* of the judged span, since 1970 */
	struct style style;      /* of the text */
};

void gate_render(enum gate_format format, const struct gate_report *report, struct buffer *out);

/* The format of that name; -1 if there is none. */
int gate_format_by_name(const char *name);
const char *gate_format_name(enum gate_format format);
const char *gate_format_summary(enum gate_format format);

/* A baseline as the file to commit (baseline.h). */
void gate_render_baseline(const struct baseline *baseline, struct buffer *out);

#endif
