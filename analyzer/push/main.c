/* SPDX-License-Identifier: MIT */
/*
 * main.c - `seep push`: the command line, each recording in turn, and again with --follow.
 *
 * A signal just ends it, whatever it waits for: nothing that is pushed can be left half there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../analysis/memory.h"
#include "../commands/open.h"
#include "command_line.h"
#include "push.h"

enum { FIRST_WAIT_S = 1, LONGEST_WAIT_S = 60 };

struct program {
	const struct push_line *line;
	struct database *database;
	struct pushed *recordings;
	size_t count;
	double wait_s; /* for a database that is away; 0: it is there */
	int code;      /* of the first recording that failed by itself */
};

static void say(const struct error *error, const char *more)
{
	fprintf(stderr, "seep push: %s%s\n", error->text, more);
}

/* ---- one turn ---- */

static void say_pushed(const struct program *program, const struct pushed *pushed, const struct push_counts *counts)
{
	if (program->line->quiet || program->line->follow_s)
		return;
	printf("%s: %lld rows in %lld transactions\n", pushed->path, (long long)counts->rows,
	       (long long)counts->transactions);
	fflush(stdout);
}

/* A recording that cannot be read is no reason to leave out the others. */
static void give_up(struct program *program, struct pushed *pushed, int code, struct error *error)
{
	say(error, "");
	error->text[0] = '\0';
	pushed->has_ended = true;
	program->code = program->code ? program->code : code;
}

/* Pushes what has not ended; fails if the database does. */
static int push_all(struct program *program, bool *all_ended, struct error *error)
{
	*all_ended = true;
	for (size_t i = 0; i < program->count; i++) {
		struct pushed *pushed = &program->recordings[i];
		struct push_counts counts = {0};
		int code;

		if (pushed->has_ended)
			continue;
		code = push_recording(program->database, pushed, program->line->host, &counts, error);
		if (code && database_trouble(program->database))
			return code;
		if (code)
			give_up(program, pushed, code, error);
		else
			say_pushed(program, pushed, &counts);
		*all_ended = *all_ended && pushed->has_ended;
	}
	return SEEP_OK;
}

/* ---- again and again ---- */

static void rest(double seconds)
{
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

/* Once for each time that it is away. */
static void say_waiting(struct program *program, const struct error *error)
{
	if (!program->wait_s)
		say(error, " (--follow goes on trying)");
	program->wait_s = program->wait_s ? program->wait_s * 2 : FIRST_WAIT_S;
	if (program->wait_s > LONGEST_WAIT_S)
		program->wait_s = LONGEST_WAIT_S;
}

static void say_caught_up(struct program *program)
{
	if (program->wait_s)
		fputs("seep push: the database is back, and has what was recorded in the meantime\n", stderr);
	program->wait_s = 0;
}

static int follow(struct program *program, struct error *error)
{
	bool all_ended = false;

	for (;;) {
		int code = push_all(program, &all_ended, error);

		if (code && database_trouble(program->database) == TROUBLE_LASTING)
			return code;
		if (code)
			say_waiting(program, error);
		else
			say_caught_up(program);
		error->text[0] = '\0';
		if (!code && all_ended)
			return SEEP_OK;
		rest(code ? program->wait_s : program->line->follow_s);
	}
}

/* ---- the whole ---- */

static int open_recordings(struct program *program, struct error *error)
{
	const struct push_line *line = program->line;
	char *newest = NULL;
	int code = line->file_count ? SEEP_OK : session_newest(&newest, error);

	program->recordings = memory_zeroed(line->file_count + 1, sizeof(*program->recordings));
	for (size_t i = 0; i < line->file_count + (newest != NULL) && !code; i++)
		code = pushed_init(&program->recordings[program->count++], newest ? newest : line->files[i], error);
	free(newest);
	return code;
}

static int push(const struct push_line *line, struct error *error)
{
	struct program program = {.line = line};
	bool all_ended;
	int code = database_open(line->url, &program.database, error);

	database_hide_password(line->url);
	if (!code)
		code = open_recordings(&program, error);
	if (!code)
		code = line->follow_s ? follow(&program, error) : push_all(&program, &all_ended, error);
	for (size_t i = 0; i < program.count; i++)
		pushed_release(&program.recordings[i]);
	free(program.recordings);
	database_close(program.database);
	return code ? code : program.code;
}

int main(int argc, char **argv)
{
	struct push_line line;
	struct error error = {0};
	int code = push_line_parse(argc, argv, &line, &error);

	if (!code && line.help)
		push_line_help();
	else if (!code && line.print_schema)
		fputs(database_schema(), stdout);
	else if (!code)
		code = push(&line, &error);
	if (error.text[0])
		say(&error, "");
	if (fflush(stdout) && errno != EPIPE && !code)
		return SEEP_EXIT_UNKNOWN;
	return error_exit_code(code);
}
