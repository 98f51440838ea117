/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - the parts of `seep doctor`: what an examination finds, and who looks where.
 *
 * Nothing of the examined program is run. An examination owns its strings; zeroed is valid, release with
 * examination_release(). A finding is one sentence: what it means and what to do.
 */
#ifndef SEEP_DOCTOR_H
#define SEEP_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

/* How much of the program a finding takes out of sight. */
enum finding_weight {
	FINDING_NOTE,   /* nothing, but a report would be better */
	FINDING_LIMITS, /* a part */
	FINDING_HEAP,   /* all of its heap */
	FINDING_BLOCKS, /* everything */
};

struct finding {
	enum finding_weight weight;
	const char *id; /* stable, for --json */
	char *text;
};

struct examination {
	char *subject;   /* what was looked at, as a path or "process 12" */
	char *path;      /* the file whose code runs; NULL unknown */
	char *recording; /* of a process that is recorded; else NULL */
	struct finding *findings;
	size_t count, capacity;
};

void finding_add(struct examination *examination, enum finding_weight weight, const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void examination_release(struct examination *examination);

/* The heaviest weight found; FINDING_NOTE if there is nothing. */
enum finding_weight examination_weight(const struct examination *examination);

/*
 * A command as a shell would find it, or a path. Follows scripts to their interpreters. SEEP_ERR_NOT_FOUND and
 * SEEP_ERR_IO: nothing can be said of it.
 */
int doctor_examine_command(const char *command, struct examination *out, struct error *error);
/* The ELF program `path`, whose name in sentences is `name`; `python` is the value of PYTHONMALLOC for it, or NULL. */
int doctor_examine_file(const char *path, const char *name, const char *python, struct examination *out,
			struct error *error);
/* A running process: is libseep in it, does it record; if not, why not. */
int doctor_examine_process(uint32_t pid, struct examination *out, struct error *error);
/* This machine: kernel, /dev/shm, and where libseep.so lies. */
void doctor_examine_host(struct examination *out);

/* The Debian package that installed a file, or NULL; the caller frees it. */
char *doctor_package_of(const char *path);

#endif
