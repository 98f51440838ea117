/* SPDX-License-Identifier: MIT */
/*
 * main.c - `seep serve`: the command line, the token, the start and the end.
 *
 * Started by `seep run --serve` (--for-run) it listens and prints its URL before there is a recording: the recording's
 * name comes as a line of standard input, and the end of standard input ends it, so that it never outlives the run.
 * Who asks before there is a recording waits.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../commands/open.h"
#include "../commands/page_assets.h"
#include "command_line.h"
#include "routes.h"
#include "token.h"

#define LOOK_AGAIN_MS 50

/* ---- what ends it ---- */

static bool watch(int epoll_file, int file)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = file};

	return epoll_ctl(epoll_file, EPOLL_CTL_ADD, file, &event) == 0;
}

/* A descriptor that is readable when it is to end; the signals are taken from now on. -1 with errno. */
static int open_stop(void)
{
	int stop = epoll_create1(EPOLL_CLOEXEC), signals;
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop < 0 || signals < 0 || !watch(stop, signals))
		return -1;
	return stop;
}

static bool is_readable(int file, int wait_ms)
{
	struct pollfd files = {.fd = file, .events = POLLIN};

	return poll(&files, 1, wait_ms) > 0;
}

/* ---- the recordings ---- */

static int check_recording(const char *path, struct error *error)
{
	struct store *store;
	int code = store_open(path, &store, error);

	if (!code)
		store_close(store);
	return code;
}

static int open_page(struct serve *serve, const struct serve_line *line, const char *const *files, size_t count,
		     struct error *error)
{
	struct page_options options = {
		.files = files, .file_count = count, .wrapper = line->wrapper, .debuginfod = line->debuginfod};
	int code = page_open(&options, &serve->page, error);

	if (!code)
		serve->metrics = metrics_open(serve->page, line->metrics_callsites);
	return code;
}

static int open_recordings(struct serve *serve, const struct serve_line *line, struct error *error)
{
	char *newest = NULL;
	int code;

	if (line->file_count)
		return open_page(serve, line, (const char *const *)line->files, line->file_count, error);
	code = session_newest(&newest, error);
	if (!code)
		code = open_page(serve, line, (const char *const *)&newest, 1, error);
	free(newest);
	return code;
}

/* ---- started by `seep run` ---- */

/* False: the run has ended before it had a recording, or the signals say so. */
static bool read_recording_name(int stop, char *out, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		struct pollfd files[] = {{.fd = stop, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

		if (poll(files, 2, -1) < 0 && errno == EINTR)
			continue;
		if (files[0].revents || read(STDIN_FILENO, out + length, 1) != 1)
			return false;
		if (out[length] == '\n') {
			out[length] = '\0';
			return true;
		}
		length++;
	}
	return false;
}

/* The recorder makes it at its own time. */
static bool await_recording(int stop, const char *path)
{
	while (check_recording(path, NULL))
		if (is_readable(stop, LOOK_AGAIN_MS))
			return false;
	return true;
}

/* False: there is nothing to serve, and it is to end. */
static bool await_run(struct serve *serve, const struct serve_line *line, int stop, int *code, struct error *error)
{
	char path[4096];
	const char *file = path;

	if (!read_recording_name(stop, path, sizeof(path)) || !watch(stop, STDIN_FILENO) ||
	    !await_recording(stop, path))
		return false;
	*code = open_page(serve, line, &file, 1, error);
	return !*code;
}

/* ---- serving ---- */

/* Nobody could open a page whose URL was never told. */
static int print_url(const struct http_server *http, const char *token, struct error *error)
{
	if (printf("http://%s:%u/?token=%s\n", http_address(http), (unsigned)http_port(http), token) > 0 &&
	    !fflush(stdout))
		return SEEP_OK;
	return error_set(error, SEEP_ERR_IO, "cannot print the page's URL: %s; give standard output a place",
			 strerror(errno));
}

static void list_assets(struct http_asset assets[PAGE_ASSET_COUNT])
{
	for (int i = 0; i < PAGE_ASSET_COUNT; i++) {
		struct page_asset asset = page_asset((enum page_asset_name)i);

		assets[i] = (struct http_asset){asset.path, asset.type, asset.bytes, asset.size};
	}
}

static int serve(const struct serve_line *line, const char *token, int stop, struct error *error)
{
	struct serve serve = {0};
	struct http_asset assets[PAGE_ASSET_COUNT];
	struct http_options options = {
		.listen = line->listen,
		.token = token,
		.hosts = line->hosts,
		.host_count = line->host_count,
		.routes = serve_routes,
		.route_count = serve_route_count,
		.assets = assets,
		.asset_count = PAGE_ASSET_COUNT,
		.events_path = "/api/events",
		.tick = serve_tick,
		.tick_s = 1,
		.context = &serve,
	};
	int code = line->for_run ? SEEP_OK : open_recordings(&serve, line, error);

	list_assets(assets);
	if (!code)
		code = http_open(&options, &serve.http, error);
	if (!code)
		code = print_url(serve.http, token, error);
	if (!code && (!line->for_run || await_run(&serve, line, stop, &code, error)))
		code = http_run(serve.http, stop, error);
	http_close(serve.http);
	metrics_close(serve.metrics);
	page_close(serve.page);
	return code;
}

static int start(const struct serve_line *line, struct error *error)
{
	char token[TOKEN_BYTES];
	int code = token_get(line->token_file, token, error), stop;

	if (code)
		return code;
	stop = open_stop();
	if (stop < 0)
		return error_set(error, SEEP_ERR_IO, "cannot wait for signals: %s; allow more descriptors",
				 strerror(errno));
	return serve(line, token, stop, error);
}

int main(int argc, char **argv)
{
	struct serve_line line;
	struct error error = {0};
	int code = serve_line_parse(argc, argv, &line, &error);

	if (!code && line.help) {
		serve_line_help();
		return fflush(stdout) ? SEEP_EXIT_UNKNOWN : SEEP_EXIT_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!code)
		code = start(&line, &error);
	return code ? command_fail("serve", &error, code) : SEEP_EXIT_OK;
}
