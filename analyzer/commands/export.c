/* SPDX-License-Identifier: MIT */
/* seep export --FORMAT - a recording's figures as a file for other tools. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "commands.h"
#include "export.h"
#include "export_html.h"

/* The head of a file with every type tells how blocks were sampled, whatever --type says. */
static struct report_head head_of(const struct session *session)
{
	struct report_head head = session->head;

	if (!export_row(session->options->format)->has_every_type)
		return head;
	head.samplings = session->main.recording.samplings;
	head.base_samplings = session->base.recording.samplings;
	return head;
}

int export_session(struct session *session, struct buffer *out, struct error *error)
{
	const struct export_row *format = export_row(session->options->format);
	struct samples_options wanted = {.type = session->options->type, .every_type = format->has_every_type};
	struct report_head head;
	struct samples samples;
	struct export_source source = {
		.head = &head,
		.samples = &samples,
		.recording = &session->main.recording,
	};
	int code = session_build(session, NULL, error);

	if (code)
		return code;
	head = head_of(session);
	source.base = session->has_base ? &session->base.recording : NULL;
	wanted.several_recordings = session->has_base;
	samples_build(&session->profile, &wanted, &samples);
	format->render(out, &source);
	samples_release(&samples);
	return SEEP_OK;
}

/* ---- where to ---- */

/* A recording that was exported onto itself would be lost. */
static bool is_same_file(const char *a, const char *b)
{
	struct stat its, other;

	return a && b && !stat(a, &its) && !stat(b, &other) && its.st_dev == other.st_dev && its.st_ino == other.st_ino;
}

static bool is_held_heap(const struct value_type *type)
{
	return value_type_has_kind(type, SEEP_KIND_HEAP) && !value_type_is_alloc(type);
}

int export_check(const struct options *options, struct error *error)
{
	if (options->format == EXPORT_HEAPTRACK && !is_held_heap(&options->type))
		return error_set(error, SEEP_ERR_USAGE,
				 "a file for heaptrack has heap blocks that are held, and no %s; leave out --type",
				 options->type.name);
	return SEEP_OK;
}

static int check_output(const struct options *options, struct error *error)
{
	const struct export_row *format = export_row(options->format);

	if (!options->output && format->is_binary && isatty(STDOUT_FILENO))
		return error_set(error, SEEP_ERR_USAGE,
				 "--%s writes a binary file, and standard output is a terminal; name a file with -o",
				 format->name);
	return SEEP_OK;
}

static int check_overwritten(const struct session *session, struct error *error)
{
	const char *output = session->options->output;

	if (is_same_file(output, session->main.recording.path) || is_same_file(output, session->options->base))
		return error_set(error, SEEP_ERR_USAGE, "-o %s is the recording itself; name another file", output);
	return SEEP_OK;
}

/* A file that is not whole is none; what is no file (/dev/null, a pipe) stays. */
static void remove_rest(const char *path)
{
	struct stat status;

	if (!stat(path, &status) && S_ISREG(status.st_mode))
		unlink(path);
}

/* A recording is its owner's, and so is a copy of it. */
static FILE *create_file(const struct options *options)
{
	mode_t mode = options->format == EXPORT_SQLITE ? 0600 : 0666;
	int file = open(options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	return file < 0 ? NULL : fdopen(file, "w");
}

static int write_file(const struct options *options, const struct buffer *content, struct error *error)
{
	const char *path = options->output;
	FILE *file = create_file(options);
	int cause;

	if (!file)
		return error_set(error, SEEP_ERR_IO, "cannot write %s: %s; name another file with -o", path,
				 strerror(errno));
	cause = buffer_print(content, file);
	if (fclose(file) && !cause)
		cause = errno;
	if (!cause)
		return SEEP_OK;
	remove_rest(path);
	return error_set(error, SEEP_ERR_IO, "cannot write %s: %s; make room or write it elsewhere", path,
			 strerror(cause));
}

/* ---- the recording itself ---- */

/* All of it or nothing: what would choose is refused. */
static int check_whole(const struct options *options, struct error *error)
{
	bool is_chosen = options->type_is_given || options->focus || options->ignore || options->hide ||
			 options->show_all || options->since.form || options->until.form || options->process_pid;

	if (options->format == EXPORT_SQLITE && (is_chosen || options->base || options->debuginfod))
		return error_set(error, SEEP_ERR_USAGE,
				 "--sqlite copies the whole recording; leave out all options but -o and --pid");
	if (options->format == EXPORT_HTML && is_chosen)
		return error_set(error, SEEP_ERR_USAGE,
				 "--html has the whole recording, and the page chooses; leave out all options but -o, "
				 "--base, --pid and --debuginfod");
	return SEEP_OK;
}

static int read_file(const char *path, struct buffer *out, struct error *error)
{
	FILE *file = fopen(path, "re");
	char part[65536];
	size_t size;
	bool failed;

	while (file && (size = fread(part, 1, sizeof(part), file)) > 0)
		buffer_add_bytes(out, part, size);
	failed = !file || ferror(file);
	if (file)
		fclose(file);
	return failed ? error_set(error, SEEP_ERR_IO, "cannot read the copy %s: %s; try again", path, strerror(errno))
		      : SEEP_OK;
}

/* By way of a temporary file, for SQLite writes no pipe. */
static int add_copy(const struct session *session, struct buffer *out, struct error *error)
{
	const char *directory = getenv("TMPDIR");
	char *path = memory_format("%s/seep-export.XXXXXX", directory && *directory ? directory : "/tmp");
	int file = mkstemp(path), code;

	if (file < 0) {
		code = error_set(error, SEEP_ERR_IO, "cannot make the temporary file %s: %s; set TMPDIR", path,
				 strerror(errno));
	} else {
		close(file);
		code = store_copy(session->main.recording.path, path, error);
		if (!code)
			code = read_file(path, out, error);
		unlink(path);
	}
	free(path);
	return code;
}

static int add_content(struct session *session, struct buffer *out, struct error *error)
{
	const struct options *options = session->options;

	switch (options->format) {
	case EXPORT_SQLITE:
		return add_copy(session, out, error);
	case EXPORT_HTML:
		return export_html(session->main.recording.path, options->base, options->debuginfod, out, error);
	default:
		return export_session(session, out, error);
	}
}

static int build(const struct options *options, struct buffer *out, struct error *error)
{
	struct session session = {0};
	int code = export_check(options, error);

	if (!code)
		code = check_output(options, error);
	if (!code)
		code = check_whole(options, error);
	if (!code)
		code = session_open(options, &session, error);
	if (!code)
		code = check_overwritten(&session, error);
	if (!code)
		code = add_content(&session, out, error);
	session_close(&session);
	return code;
}

static int export(const struct options *options)
{
	struct error error = {0};
	struct buffer out = {0};
	int code = build(options, &out, &error);

	if (!code && !options->output)
		return command_print(options, &out);
	if (!code)
		code = write_file(options, &out, &error);
	buffer_release(&out);
	return code ? command_fail(options->command_name, &error, code) : SEEP_EXIT_OK;
}

int command_export(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_EXPORT, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = export(&options);
	options_release(&options);
	return exit_code;
}
