/* SPDX-License-Identifier: MIT */
/* server.c - opening and closing, and the worker's loop. */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../analysis/memory.h"
#include "../base/clock.h"

/* ---- requests ---- */

const char *http_path(const struct http_request *request)
{
	return request->target.path;
}

const char *http_query(const struct http_request *request, const char *name)
{
	return target_value(&request->target, name);
}

void http_each_query(const struct http_request *request, void (*each)(const char *name, const char *value, void *),
		     void *context)
{
	const struct target *target = &request->target;

	for (size_t i = 0; i < target->parameter_count; i++)
		if (strcmp(target->parameters[i].name, "token") != 0)
			each(target->parameters[i].name, target->parameters[i].value, context);
}

/* ---- waking each other ---- */

void server_wake(int event_file)
{
	uint64_t one = 1;

	/* a full counter wakes as well */
	while (write(event_file, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void server_slept(int event_file)
{
	uint64_t count;

	while (read(event_file, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* ---- the worker ---- */

static bool ticks(const struct http_server *server)
{
	return server->options.tick && http_stream_count(server);
}

static void tick_if_due(struct http_server *server)
{
	int64_t now_ns = clock_boottime_ns();

	if (!ticks(server) || now_ns < server->tick_due_ns)
		return;
	server->tick_due_ns = now_ns + (int64_t)(server->options.tick_s * NS_PER_S);
	server->options.tick(server->options.context);
}

/* False: nothing was asked. */
static bool handle_next(struct http_server *server)
{
	struct http_request *request = queue_take(server);

	if (!request)
		return false;
	request->route->handle(request, &request->response, server->options.context);
	queue_answer(server, request);
	return true;
}

static int until_tick_ms(const struct http_server *server)
{
	int64_t wait_ns = server->tick_due_ns - clock_boottime_ns();

	if (!ticks(server))
		return -1;
	return wait_ns > 0 ? (int)(wait_ns / NS_PER_MS) + 1 : 0;
}

int http_run(struct http_server *server, int stop_fd, struct error *error)
{
	struct pollfd files[] = {{.fd = stop_fd, .events = POLLIN}, {.fd = server->wake_worker, .events = POLLIN}};
	bool is_busy = false;

	for (;;) {
		if (poll(files, 2, is_busy ? 0 : until_tick_ms(server)) < 0 && errno != EINTR)
			return error_set(error, SEEP_ERR_IO, "cannot wait for requests: %s; start again",
					 strerror(errno));
		if (files[0].revents)
			return SEEP_OK;
		if (files[1].revents)
			server_slept(server->wake_worker);
		is_busy = handle_next(server);
		tick_if_due(server);
	}
}

/* ---- opening and closing ---- */

static void copy_options(struct http_server *server, const struct http_options *options)
{
	const char **hosts = memory_zeroed(options->host_count + 1, sizeof(*hosts));

	server->options = *options;
	server->options.token = memory_string(options->token);
	for (size_t i = 0; i < options->host_count; i++)
		hosts[i] = memory_string(options->hosts[i]);
	server->options.hosts = hosts;
}

static void set_rules(struct http_server *server)
{
	snprintf(server->cookie, sizeof(server->cookie), "seep-%u", (unsigned)server->listener.port);
	server->rules = (struct access_rules){
		.token = server->options.token,
		.cookie = server->cookie,
		.hosts = server->options.hosts,
		.host_count = server->options.host_count,
	};
}

static int open_events(struct http_server *server, struct error *error)
{
	server->wake_transport = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->wake_worker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake_transport < 0 || server->wake_worker < 0)
		return error_set(error, SEEP_ERR_IO, "cannot open an eventfd: %s; allow more descriptors",
				 strerror(errno));
	return SEEP_OK;
}

int http_open(const struct http_options *options, struct http_server **out, struct error *error)
{
	struct http_server *server = memory_zeroed(1, sizeof(*server));
	int code;

	pthread_mutex_init(&server->lock, NULL);
	server->listener.socket = server->wake_transport = server->wake_worker = -1;
	copy_options(server, options);
	code = listen_open(options->listen, &server->listener, error);
	if (!code)
		code = open_events(server, error);
	if (!code) {
		set_rules(server);
		code = transport_open(server, error);
	}
	*out = code ? NULL : server;
	if (code)
		http_close(server);
	return code;
}

uint16_t http_port(const struct http_server *server)
{
	return server->listener.port;
}

const char *http_address(const struct http_server *server)
{
	const char *address = server->listener.address;

	if (!strcmp(address, "0.0.0.0"))
		return "127.0.0.1";
	return strcmp(address, "[::]") != 0 ? address : "[::1]";
}

static void close_file(int file)
{
	if (file >= 0)
		close(file);
}

static void free_options(struct http_options *options)
{
	free((char *)(uintptr_t)options->token);
	for (size_t i = 0; i < options->host_count; i++)
		free((char *)(uintptr_t)options->hosts[i]);
	free((void *)(uintptr_t)options->hosts);
}

void http_close(struct http_server *server)
{
	if (!server)
		return;
	transport_close(server);
	close_file(server->listener.socket);
	close_file(server->wake_transport);
	close_file(server->wake_worker);
	free(server->shared.newest);
	free_options(&server->options);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
