/* SPDX-License-Identifier: MIT */
/*
 * error.h - the one list of errors, and of exit codes.
 *
 * A function that can fail returns 0 or a negative `enum seep_error`, and writes the sentence for the user
 * into a `struct error` where the failure is seen: what happened, to what, what to do. The command prints it.
 */
#ifndef SEEP_ERROR_H
#define SEEP_ERROR_H

enum seep_error {
	SEEP_OK = 0,
	SEEP_ERR_USAGE = -1,     /* an unknown option, type, command: exit 2 */
	SEEP_ERR_IO = -2,        /* the system refused: exit 3 */
	SEEP_ERR_NOT_OURS = -3,  /* not a recording, not an arena: exit 3 */
	SEEP_ERR_NEWER = -4,     /* written by a newer Seep: exit 3 */
	SEEP_ERR_DAMAGED = -5,   /* ours, but truncated or inconsistent: exit 3 */
	SEEP_ERR_NOT_FOUND = -6, /* no such recording, process, module: exit 3 */
	SEEP_ERR_MEMORY = -7,    /* exit 3 */
};

enum seep_exit {
	SEEP_EXIT_OK = 0,
	SEEP_EXIT_FINDING = 1,
	SEEP_EXIT_USAGE = 2,
	SEEP_EXIT_UNKNOWN = 3, /* could not tell: too little data, file unreadable */
};

/* Zeroed is valid and empty. `text` is one sentence: a line of UTF-8 without control characters, whatever it quotes. */
struct error {
	char text[1024];
};

/* Fills error->text (kept if already set, so that the first cause stands); returns code. `error` may be NULL. */
int error_set(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The exit code for an enum seep_error. */
int error_exit_code(int code);

#endif
