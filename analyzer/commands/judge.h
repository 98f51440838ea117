/* SPDX-License-Identifier: MIT */
/*
 * judge.h - from an open session to its judgement: reads the series, resolves names, judges. Shared by the commands
 * that speak of growth.
 */
#ifndef SEEP_JUDGE_H
#define SEEP_JUDGE_H

#include "../analysis/judgement.h"
#include "../analysis/process_growth.h"
#include "../render/growth.h"
#include "../store/series.h"
#include "open.h"

/* Owns what the judgement borrows, beside the session's recording. Zeroed is valid and empty. */
struct judged_recording {
	struct judgement judgement;
	struct store_series series;
	struct judgement_site *sites; /* as in the series, and as judged */
	size_t site_count;
	struct correlate_counter *events; /* as in the series */
	struct judged_process *processes; /* that lived at the end, by the growth of their memory */
	size_t process_count;
	struct store_release *releases;
	size_t release_count;
};

/* What the command line says of judging: kinds, filters, wrappers. */
struct judgement_options judge_options(const struct options *options);

/*
 * Judges what the session has open, from --since to --until, one process or all; fills session->head and closes its
 * files. SEEP_ERR_NOT_FOUND, with a sentence, if there is nothing to judge: no callsite (that passes the filters), or
 * less than two seconds. Release with judge_release(), also after an error, and before the session is closed.
 */
int judge_session(struct session *session, const struct judgement_options *options, struct judged_recording *out,
		  struct error *error);

/* What `seep growth` reports of it: borrows from both. */
struct growth_report judge_report(const struct session *session, const struct judged_recording *judged);

/*
 * The judgement as it was at the grid's point points - 1, of what was read then: 2 points at least. It borrows from
 * `judged` and the session; release it with judgement_release().
 */
void judge_earlier(const struct session *session, const struct judgement_options *options,
		   const struct judged_recording *judged, size_t points, struct judgement *out);
void judge_release(struct judged_recording *judged);

#endif
