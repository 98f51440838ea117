/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <time.h>

#include "../base/clock.h"

static void add_title(const struct session *session, struct buffer *out)
{
	time_t now = time(NULL);
	struct tm parts;
	char clock[16];

	localtime_r(&now, &parts);
	strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
	buffer_format(out, "%s  ", clock);
	report_name(out, session->head.recording);
	buffer_format(out, "  %s, every %g s\n", session->head.is_live ? "recording" : "ended",
		      session->options->watch_s);
}

static int add_report(const struct options *options, report_function *print, struct session *previous,
		      struct buffer *out, struct error *error)
{
	struct session session = {0};
	int code = session_open(options, &session, error);

	if (!code)
		code = session_build(&session, previous, error);
	if (!code)
		add_title(&session, out);
	if (!code)
		code = print(&session, out, error);
	buffer_add(out, "\n");
	session_close(previous);
	*previous = session;
	return code;
}

int watch_report(const struct options *options, report_function *print)
{
	struct timespec pause = {.tv_sec = (time_t)options->watch_s};
	struct session previous = {0};
	struct error error = {0};
	int code, cause = 0;

	pause.tv_nsec = (long)((options->watch_s - (double)pause.tv_sec) * (double)NS_PER_S);
	for (;;) {
		struct buffer out = {0};

		code = add_report(options, print, &previous, &out, &error);
		if (!code)
			cause = buffer_print(&out, stdout);
		buffer_release(&out);
		if (code || cause)
			break;
		nanosleep(&pause, NULL);
	}
	session_close(&previous);
	return code ? command_fail(options->command_name, &error, code) : command_written(options, cause);
}
