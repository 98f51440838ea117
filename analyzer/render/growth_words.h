/* SPDX-License-Identifier: MIT */
/*
 * growth_words.h - the words in which growth is told, made once: for `seep growth` and for the page.
 *
 * All text is plain, each line ends in a newline. Pure.
 */
#ifndef SEEP_GROWTH_WORDS_H
#define SEEP_GROWTH_WORDS_H

#include "growth.h"

/* Every line about a callsite but the first begins with this. */
#define GROWTH_INDENT "      "

enum { GROWTH_PROCESSES = 3 };

/* "leak" as growth says it: "LEAK", "cannot tell yet", ... */
const char *growth_verdict_word(enum verdict verdict);

/*
 * A callsite after its verdict: "put (cache.c:10) in app, heap: +4kB/s (3.90kB..4.10kB) since 22:14:07", and lines for
 * what is held, how old it is, who called it (report->with_stacks: whole stacks) and where others are released.
 */
void growth_words(struct buffer *out, const struct growth_report *report, const struct judged_group *group);

/*
 * The callsites to tell of, at most report->limit; *left so many more there are. Heap blocks that come and go, and what
 * is steady, is what every server has: it is told only if the limit is 0. Free what is returned.
 */
const struct judged_group **growth_groups(const struct growth_report *report, size_t *count, size_t *left);

/* A site's part of its group, 0 to 1: of the growth, of what came and went, or of what is held. */
double growth_part(const struct judged_group *group, const struct judged_site *site);

/* "Judged: 22:14:00 to 22:15:59, every 1 s; in brackets 95% intervals" */
void growth_words_span(struct buffer *out, const struct judgement *judgement);

/* "No leak.", "No leak found yet."; nothing if there is one. */
void growth_words_none(struct buffer *out, const struct judgement *judgement);

/* "8 callsites: 3 leak, 1 cannot be told yet, ..." */
void growth_words_counts(struct buffer *out, const struct judgement *judgement);

/*
 * The processes to tell of: the first one, and those whose own memory grows or is kept. Returns how many of `told` were
 * filled; *left so many more there are.
 */
size_t growth_processes(const struct growth_report *report, const struct judged_process *told[GROWTH_PROCESSES],
			size_t *left);

#endif
