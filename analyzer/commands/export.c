/* SPDX-License-Identifier: MIT */
/* seep export --FORMAT - a recording's figures as a file for other tools. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analysis/sampling.h"
#include "../render/sampling.h"
#include "commands.h"
#include "open.h"

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

static int add_export(const struct session *session, struct buffer *out, struct error *error)
{
	const struct export_row *format = export_row(session->options->format);
	struct report_head head = head_of(session);
	struct samples_options wanted = {session->options->type, format->has_every_type, session->has_base};
	struct samples samples;
	struct export_source source = {
		.head = &head,
		.samples = &samples,
		.recording = &session->main.recording,
		.base = session->has_base ? &session->base.recording : NULL,
	};

	(void)error;
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

static int write_file(const char *path, const struct buffer *content, struct error *error)
{
	FILE *file = fopen(path, "we");
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

static int build(const struct options *options, struct buffer *out, struct error *error)
{
	struct session session = {0};
	int code = check_output(options, error);

	if (!code)
		code = session_open(options, &session, error);
	if (!code)
		code = check_overwritten(&session, error);
	if (!code)
		code = session_build(&session, NULL, error);
	if (!code)
		code = add_export(&session, out, error);
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
		code = write_file(options->output, &out, &error);
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
