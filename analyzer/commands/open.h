/* SPDX-License-Identifier: MIT */
/*
 * open.h - what every reporting command does first: find the recording, read it, resolve names, build the profile.
 *
 * A session owns all it opened; session_close() releases a zeroed, a half opened and an open one. The
 * profile and the head borrow from it.
 */
#ifndef SEEP_OPEN_H
#define SEEP_OPEN_H

#include "../analysis/profile.h"
#include "../render/report.h"
#include "../store/store.h"
#include "options.h"

struct symbolizer;

struct session_recording {
	struct store *store;
	struct recording recording;
	struct model_total *totals; /* at --until */
	size_t count;
	struct model_total *earlier; /* at --since */
	size_t earlier_count;
};

struct session {
	const struct options *options;
	struct session_recording main, base;
	bool has_base;       /* --base, or diff's A */
	uint32_t process_id; /* of --process; 0 all */
	int64_t since_ns, until_ns;
	struct symbolizer *symbolizer; /* NULL until something had to be resolved */
	char *program;                 /* named by the report's head */
	struct profile profile;
	struct report_head head;
};

/* The path of the recording that the command line means; to be freed, also after an error. */
int session_path(const struct options *options, char **out, struct error *error);
/* The recording that is meant if none is named: the newest of this directory; its path is to be freed. */
int session_newest(char **out, struct error *error);
/* When a recording, or the journal beside it, was last written to; -1: it is not there. */
int64_t session_changed_ns(const char *path);

/*
 * Opens the recording that the command line means and reads all but its figures; of the session, main and
 * process_id are then filled.
 */
int session_open(const struct options *options, struct session *session, struct error *error);

/*
 * Reads the figures of an open session, resolves names and builds the profile. `previous`, if not NULL, is an
 * earlier session of the same recording: names that it has resolved are taken from it. The files are closed
 * when this returns.
 */
int session_build(struct session *session, struct session *previous, struct error *error);

/* A refresh of the same recording need not look up the same names again: moves them over, after session_open(). */
void session_adopt_names(struct session *session, struct session *previous);

/* The parts of session_build(), for commands that read other figures: since_ns and until_ns; the head; no more reading.
 */
int session_moments(struct session *session, struct error *error);
void session_head(struct session *session);
void session_close_files(struct session *session);

void session_close(struct session *session);

/* The shared part of the reports' options for graph_build(). */
struct graph_options session_graph_options(const struct session *session);

/* A number in the open recording's description; `missing` if it is not there. */
int64_t session_meta_integer(const struct session *session, const char *key, int64_t missing);

/* What is known of the trust in an open session's figures. */
struct trust session_trust(const struct session *session);

/* Resolves in memory the names of marked locations; shows progress on stderr if that is a terminal and it takes long.
 */
int session_resolve(struct session *session, struct recording *recording, const bool *needed, struct error *error);

/* Prints the sentence of a failure and returns the exit code. */
int command_fail(const char *command, const struct error *error, int code);

/* Prints a report and releases it; returns the exit code. */
int command_print(const struct options *options, struct buffer *report);

/*
 * The exit code after buffer_print() returned `cause`: SEEP_EXIT_UNKNOWN, with a sentence, if the report could not be
 * written; that nobody reads it (EPIPE) is no error.
 */
int command_written(const struct options *options, int cause);

/* Bold and colours: only for a terminal, and not against NO_COLOR. */
struct style command_style(void);

/*
 * The beginning of each command: options read, --help printed. True: go on, and release the options at the
 * end; false: return *exit_code.
 */
bool command_begin(enum options_command command, int argc, char **argv, struct options *options, int *exit_code);

/* Adds a report of a built session to `out`. */
typedef int report_function(const struct session *session, struct buffer *out, struct error *error);

/* Opens, builds, prints and closes: all of a command after command_begin(). Returns the exit code. */
int command_report(const struct options *options, report_function *print);

#endif
