/* SPDX-License-Identifier: MIT */
/*
 * transport.c - the thread of libmicrohttpd: one loop, which waits for sockets, for the worker's answers, for events
 * and for the next deadline, whichever comes first.
 *
 * libmicrohttpd could have a thread of its own, but then deadlines would need another one, and locks.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "server.h"

/* ---- a request ---- */

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void release_request(struct peer *peer)
{
	struct http_request *request = peer->request;

	if (!request)
		return;
	if (request->stage == REQUEST_STREAM)
		stream_close(request);
	target_release(&request->target);
	buffer_release(&request->response.body);
	free(request);
	peer->request = NULL;
}

/*
 * With the request line, before its headers; what it returns is the request from here on. The line is read here and not
 * as libmicrohttpd has decoded it, which takes %00 for an end.
 */
static void *on_target(void *context, const char *raw, struct MHD_Connection *connection)
{
	struct peer *peer = peer_of(connection);
	struct http_request *request = peer ? calloc(1, sizeof(*request)) : NULL;

	if (!request)
		return NULL;
	release_request(peer);
	request->server = context;
	request->connection = connection;
	request->peer = peer;
	request->fault = target_parse(raw ? raw : "", &request->target);
	peer->request = request;
	return request;
}

static int64_t arrival_deadline_ns(void)
{
	return clock_boottime_ns() + HTTP_ARRIVAL_S * NS_PER_S;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode how)
{
	struct peer *peer = peer_of(connection);

	(void)context;
	(void)how;
	if (peer)
		release_request(peer);
	if (peer && !peer->is_put_out)
		peer->deadline_ns = arrival_deadline_ns();
	*slot = NULL;
}

/* ---- admission ---- */

static enum MHD_Result refuse(struct http_request *request, unsigned status, const char *sentence)
{
	return answer_send(request->connection, status, answer_refusal(status, sentence));
}

static enum MHD_Result refuse_target(struct http_request *request)
{
	switch (request->fault) {
	case TARGET_TOO_LONG:
		return refuse(request, MHD_HTTP_URI_TOO_LONG, "the address is too long");
	case TARGET_TOO_MANY:
		return refuse(request, MHD_HTTP_BAD_REQUEST, "there are too many parameters");
	case TARGET_NO_MEMORY:
		return MHD_NO;
	default:
		return refuse(request, MHD_HTTP_BAD_REQUEST, "the address is malformed");
	}
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	size_t *count = context;

	(void)kind;
	(void)value;
	*count += !strcasecmp(name, "Host");
	return MHD_YES;
}

static const char *header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static bool has_body(const struct http_request *request)
{
	const char *length = header(request, "Content-Length");

	return header(request, "Transfer-Encoding") || (length && strcmp(length, "0") != 0);
}

static struct access_answer check_access(const struct http_request *request, const char *method)
{
	char local_address[LISTEN_ADDRESS_BYTES] = "";
	struct access_request asked = {
		.method = method,
		.path = request->target.path,
		.host = header(request, "Host"),
		.local_address = local_address,
		.origin = header(request, "Origin"),
		.fetch_site = header(request, "Sec-Fetch-Site"),
		.fetch_mode = header(request, "Sec-Fetch-Mode"),
		.authorization = header(request, "Authorization"),
		.cookie = header(request, "Cookie"),
		.query_token = target_value(&request->target, "token"),
		.has_body = has_body(request),
	};

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_host, &asked.host_count);
	listen_address_of(request->peer->socket, local_address);
	return access_check(&request->server->rules, &asked);
}

/* An answer at this point ends the connection, which is right for a refusal. */
static enum MHD_Result admit(struct http_request *request, const char *method)
{
	struct access_answer answer;

	request->peer->deadline_ns = INT64_MAX;
	if (request->fault)
		return refuse_target(request);
	answer = check_access(request, method);
	if (answer.status)
		return refuse(request, answer.status, answer.sentence);
	request->peer->is_known = true;
	request->takes_cookie = answer.takes_cookie;
	request->is_from_outside = answer.is_from_outside;
	request->stage = REQUEST_ADMITTED;
	return MHD_YES;
}

/* ---- what is asked for ---- */

static const struct http_route *find_route(const struct http_options *options, const char *path)
{
	for (size_t i = 0; i < options->route_count; i++)
		if (!strcmp(options->routes[i].path, path))
			return &options->routes[i];
	return NULL;
}

static const struct http_asset *find_asset(const struct http_options *options, const char *path)
{
	for (size_t i = 0; i < options->asset_count; i++)
		if (!strcmp(options->assets[i].path, path))
			return &options->assets[i];
	return NULL;
}

static enum MHD_Result open_stream(struct http_request *request)
{
	if (!stream_open(request))
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many pages are open; close one");
	return answer_send(request->connection, MHD_HTTP_OK, answer_stream(request));
}

static enum MHD_Result ask_worker(struct http_request *request)
{
	/* lent from the moment it is in the queue: nothing of it is touched after that */
	request->stage = REQUEST_ASKED;
	MHD_suspend_connection(request->connection);
	if (queue_ask(request->server, request))
		return MHD_YES;
	http_fail(&request->response, MHD_HTTP_SERVICE_UNAVAILABLE, "too much is asked at once; ask again");
	request->stage = REQUEST_ANSWERED;
	MHD_resume_connection(request->connection);
	return MHD_YES;
}

static enum MHD_Result dispatch(struct http_request *request)
{
	const struct http_options *options = &request->server->options;
	const char *path = request->target.path;
	const struct http_asset *asset = find_asset(options, path);
	unsigned status;

	if (request->takes_cookie) {
		struct MHD_Response *entry = answer_entry(request, &status);

		return answer_send(request->connection, status, entry);
	}
	if (options->events_path && !strcmp(path, options->events_path))
		return open_stream(request);
	request->route = find_route(options, path);
	if (request->route)
		return ask_worker(request);
	if (asset)
		return answer_send(request->connection, MHD_HTTP_OK, answer_asset(asset));
	return refuse(request, MHD_HTTP_NOT_FOUND, "there is nothing at that address");
}

static void add_file_name(struct MHD_Response *response, const char *name)
{
	char value[256];

	snprintf(value, sizeof(value), "attachment; filename=\"%.200s\"", name);
	for (char *c = strchr(value, '"') + 1; c[0] && c[1]; c++)
		if (*c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f)
			*c = '_';
	MHD_add_response_header(response, "Content-Disposition", value);
}

static enum MHD_Result send_answer(struct http_request *request)
{
	struct http_response *answer = &request->response;
	unsigned status = answer->status ? answer->status : MHD_HTTP_OK;
	struct MHD_Response *response = answer_text(answer->type, &answer->body);

	if (response && answer->file_name)
		add_file_name(response, answer->file_name);
	if (response)
		answer_add_advice(response, status);
	return answer_send(request->connection, status, response);
}

/* Called when the headers have come, when all has come, and after the worker's answer. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *body, size_t *body_size, void **slot)
{
	struct http_request *request = *slot;

	(void)context;
	(void)connection;
	(void)url;
	(void)version;
	(void)body;
	*body_size = 0;
	if (!request)
		return MHD_NO;
	switch (request->stage) {
	case REQUEST_NEW:
		return admit(request, method);
	case REQUEST_ADMITTED:
		return dispatch(request);
	case REQUEST_ANSWERED:
		return send_answer(request);
	default:
		return MHD_NO;
	}
}

/* ---- connections ---- */

static void *join(struct http_server *server, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct peer *peer = info ? calloc(1, sizeof(*peer)) : NULL;

	if (!peer)
		return NULL;
	peer->socket = info->connect_fd;
	peer->deadline_ns = arrival_deadline_ns();
	crowd_join(&server->crowd, peer, clock_boottime_ns());
	return peer;
}

/* libmicrohttpd 0.9.75 does not say of each request that it is over: not if two things are wrong with it. */
static void leave(struct http_server *server, struct peer *peer)
{
	release_request(peer);
	crowd_leave(&server->crowd, peer);
	free(peer);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*slot = join(context, connection);
	} else if (*slot) {
		leave(context, *slot);
		*slot = NULL;
	}
}

/* ---- the loop ---- */

static bool is_closing(struct http_server *server)
{
	bool closing;

	pthread_mutex_lock(&server->lock);
	closing = server->shared.is_closing;
	pthread_mutex_unlock(&server->lock);
	return closing;
}

static void take_answers(struct http_server *server)
{
	struct http_request *request = queue_answers(server);

	while (request) {
		struct http_request *next = request->next;

		request->stage = REQUEST_ANSWERED;
		MHD_resume_connection(request->connection);
		request = next;
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * How long nothing needs to be done unless something happens, in ms; -1: for ever. At its limit libmicrohttpd stops
 * listening, and begins again not when a connection has gone but the next time that it is run.
 */
static int patience_ms(struct http_server *server)
{
	bool somebody_left = crowd_has_shrunk(&server->crowd);
	int64_t due_ns = earlier(crowd_due_ns(&server->crowd), streams_due_ns(server));
	int64_t wait_ms = INT64_MAX;
	unsigned long long daemon_ms;

	if (somebody_left)
		return 0;
	if (due_ns != INT64_MAX) {
		int64_t wait_ns = due_ns - clock_boottime_ns();

		wait_ms = wait_ns > 0 ? wait_ns / NS_PER_MS + 1 : 0;
	}
	if (MHD_get_timeout(server->daemon, &daemon_ms) == MHD_YES && daemon_ms < (unsigned long long)wait_ms)
		wait_ms = (int64_t)daemon_ms;
	return wait_ms == INT64_MAX ? -1 : (int)earlier(wait_ms, 3600 * INT64_C(1000));
}

static void wait_for_work(struct http_server *server)
{
	struct pollfd files[] = {{.fd = server->daemon_events, .events = POLLIN},
				 {.fd = server->wake_transport, .events = POLLIN}};

	poll(files, 2, patience_ms(server));
	if (files[1].revents)
		server_slept(server->wake_transport);
}

/* What waits for the worker will wait for ever: it has left. */
static void answer_the_rest(struct http_server *server)
{
	struct http_request *request;

	take_answers(server);
	while ((request = queue_take(server))) {
		http_fail(&request->response, MHD_HTTP_SERVICE_UNAVAILABLE, "the server ends");
		request->stage = REQUEST_ANSWERED;
		MHD_resume_connection(request->connection);
	}
	streams_resume(server, true);
	/* the first turn answers, the second sends what the first could not */
	MHD_run(server->daemon);
	MHD_run(server->daemon);
}

static void *transport_run(void *context)
{
	struct http_server *server = context;

	while (!is_closing(server)) {
		int64_t now_ns = clock_boottime_ns();

		take_answers(server);
		streams_sign_of_life(server, now_ns);
		streams_resume(server, false);
		crowd_put_out(&server->crowd, now_ns);
		MHD_run(server->daemon);
		wait_for_work(server);
	}
	answer_the_rest(server);
	return NULL;
}

/* ---- opening ---- */

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
				MHD_OPTION_LISTEN_SOCKET, server->listener.socket, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)HTTP_CONNECTIONS_MOST, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)HTTP_CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_ARRIVAL_S,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
				on_connection, server, MHD_OPTION_END);
}

/* Signals are the other threads' business. */
static int start_thread(struct http_server *server)
{
	sigset_t all, before;
	int cause;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	cause = pthread_create(&server->transport, NULL, transport_run, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	server->has_transport = !cause;
	return cause;
}

int transport_open(struct http_server *server, struct error *error)
{
	const union MHD_DaemonInfo *info;
	int cause;

	server->daemon = start_daemon(server);
	if (!server->daemon)
		return error_set(error, SEEP_ERR_IO,
				 "the HTTP server does not start; try again when the system has room");
	server->listener.socket = -1; /* closed with the daemon */
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	server->daemon_events = info->epoll_fd;
	cause = start_thread(server);
	return cause ? error_set(error, SEEP_ERR_IO, "cannot start a thread: %s; try again when the system has room",
				 strerror(cause))
		     : SEEP_OK;
}

void transport_close(struct http_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->shared.is_closing = true;
	pthread_mutex_unlock(&server->lock);
	if (server->has_transport) {
		server_wake(server->wake_transport);
		pthread_join(server->transport, NULL);
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
}
