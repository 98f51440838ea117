/* SPDX-License-Identifier: MIT */
/*
 * fd_survey.h - the descriptors that a process has, as /proc/PID/fd shows them, and what the shim knows of them.
 *
 * Ownership: a survey owns its entries; zeroed is valid and empty; fd_survey_release() frees.
 */
#ifndef SEEP_FD_SURVEY_H
#define SEEP_FD_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/model.h"

enum { FD_TARGET_SIZE = 256 };

struct fd_entry {
	int32_t fd;
	enum seep_kind kind;
	uint64_t socket_inode; /* 0: not a socket */
	char target[FD_TARGET_SIZE];
};

struct fd_survey {
	struct fd_entry *entries; /* by descriptor */
	size_t count, capacity;
};

/* False if the directory cannot be read: then nothing is known. */
bool fd_survey_read(struct fd_survey *survey, uint32_t pid);
const struct fd_entry *fd_survey_find(const struct fd_survey *survey, int32_t fd);
void fd_survey_release(struct fd_survey *survey);

/* What a link's target stands for: "socket:[77]", "pipe:[77]", "anon_inode:[eventfd]", a path. Pure. */
enum seep_kind fd_kind_of_target(const char *target);

/* ---- what the shim did not see ---- */

/* Descriptors of each kind: those of /proc, or those that the shim counts as open. */
struct fd_counts {
	int64_t by_kind[SEEP_KIND_COUNT];
};
struct fd_counts fd_survey_counts(const struct fd_survey *survey);
/* All descriptors; streams, watches and what else is no descriptor are none. */
int64_t fd_counts_sum(const struct fd_counts *counts);

enum { UNSEEN_MOST = 12 };
struct unseen_list {
	struct model_unseen entries[UNSEEN_MOST]; /* targets borrowed: literals */
	size_t count;
};
/*
 * Kinds of which /proc has more than the shim counts. A surplus of the shim's in one kind is set against a lack in
 * another: a descriptor of which it knows only that it is one, it cannot have put into the right kind. Pure.
 */
struct unseen_list fd_unseen(const struct fd_counts *in_proc, const struct fd_counts *in_shim);
/* The lesser of two looks: what opened or closed between the reading of the one and the other table is not unseen. */
struct unseen_list unseen_in_both(const struct unseen_list *a, const struct unseen_list *b);

#endif
