/* SPDX-License-Identifier: MIT */
/*
 * gate_words.h - a gate's findings in words, written once for all formats, and each format's writer. Strings returned
 * are to be freed, and may hold any byte that names hold: escaping is the writer's business.
 */
#ifndef SEEP_GATE_WORDS_H
#define SEEP_GATE_WORDS_H

#include "gate.h"

/* "timerfd leak in turn_set_timer" */
char *gate_title(const struct gate_finding *finding);

/* One sentence or two with the figures. */
char *gate_message(const struct gate_report *report, const struct gate_finding *finding);

/* "This run would have seen ..." */
char *gate_power_sentence(const struct gate_report *report);

/* "2 new, 1 known, 3 suppressed"; "no leak" */
char *gate_counts(const struct gate_report *report);

/*
 * Where a finding is shown: the named function, or the first frame around it that lies below the source root; for what
 * is about a line of the policy that line. file NULL: nowhere. `file` is relative to the source root if it is below it.
 */
struct gate_place {
	const char *file;
	uint32_t line; /* 0 unknown */
	bool is_relative;
};
struct gate_place gate_place(const struct gate_report *report, const struct gate_finding *finding);

/* A frame's file as gate_place() has it. */
struct gate_place gate_frame_place(const struct gate_report *report, const struct profile_frame *frame);

/* What the policy makes of a finding's outcome. */
enum gate_outcome gate_effect(const struct gate_report *report, const struct gate_finding *finding);

/* The finding's identity over runs, for what has no callsite made of its words. */
struct fingerprint gate_identity(const struct gate_finding *finding);

void gate_text(const struct gate_report *report, struct buffer *out);
void gate_junit(const struct gate_report *report, struct buffer *out);
void gate_sarif(const struct gate_report *report, struct buffer *out);
void gate_github(const struct gate_report *report, struct buffer *out);
void gate_summary(const struct gate_report *report, struct buffer *out);
void gate_gitlab(const struct gate_report *report, struct buffer *out);
void gate_tap(const struct gate_report *report, struct buffer *out);
void gate_json(const struct gate_report *report, struct buffer *out);

#endif
