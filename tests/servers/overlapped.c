/* SPDX-License-Identifier: MIT */
/* overlapped.c - the server but for the function of overlapped.h: one thread, epoll, one-shot events. */
#include "overlapped.h"

#include "common.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_SIZE = 512, TICK_MS = 1000 };

struct connection {
	struct waiter waiter; /* for the next request */
	struct connection *next, **link;
	int socket;
	struct operation *operation; /* NULL: none */
	int64_t heard_ms;            /* when something was last sent or received */
	bool is_ending;              /* after the answer that is being sent */
	size_t input_size;
	char input[LINE_SIZE]; /* received and not yet answered */
};

struct server {
	struct waiter accepting, ending;
	int epoll, listener, signals;
	bool is_accepting, is_ended;
	int silence_s; /* after so long a connection is ended */
	int64_t tick_ms;
	struct connection *connections;
	struct operation *completed, **completed_last;
	long long accepted, answered;
};

/* Asks for one event. The first one of a socket adds it to epoll, each further one has to arm it again. */
static int wait_for(struct server *server, int socket, uint32_t events, struct waiter *waiter)
{
	struct epoll_event event = {.events = events | EPOLLONESHOT, .data.ptr = waiter};

	if (!epoll_ctl(server->epoll, EPOLL_CTL_MOD, socket, &event))
		return 0;
	return errno == ENOENT ? epoll_ctl(server->epoll, EPOLL_CTL_ADD, socket, &event) : -1;
}

/* ---- operations ---- */

void operation_complete(struct server *server, struct operation *operation)
{
	operation->is_in_progress = false;
	operation->next = NULL;
	*server->completed_last = operation;
	server->completed_last = &operation->next;
}

/* Transfers what can be transferred now. Returns 0 when that was all of it, else an errno value. */
static int operation_try(struct operation *operation)
{
	do {
		char *at = operation->buffer + operation->done;
		size_t left = operation->size - operation->done;
		ssize_t done = operation->direction == DIRECTION_SEND ? send(operation->socket, at, left, MSG_NOSIGNAL)
								      : recv(operation->socket, at, left, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		operation->done += (size_t)done;
	} while (operation->direction == DIRECTION_SEND && operation->done < operation->size);
	return 0;
}

static int operation_wait(struct server *server, struct operation *operation)
{
	uint32_t events = operation->direction == DIRECTION_SEND ? EPOLLOUT : EPOLLIN;

	return wait_for(server, operation->socket, events, &operation->waiter) ? errno : EAGAIN;
}

/* What a pending operation waited for has come. */
static void operation_ready(struct server *server, struct waiter *waiter)
{
	struct operation *operation = (struct operation *)waiter;
	int error = operation_try(operation);

	if (error == EAGAIN)
		error = operation_wait(server, operation);
	if (error == EAGAIN)
		return;
	operation->error = error;
	operation_complete(server, operation);
}

static void operation_submit(struct server *server, struct operation *operation)
{
	int error;

	operation->is_in_progress = true;
	error = operation_try(operation);
	if (error == EAGAIN)
		error = operation_wait(server, operation);
	if (error == EAGAIN)
		return;
	operation->error = error;
	if (error)
		operation_refused(server, operation);
	else
		operation_complete(server, operation);
}

/* The connection's next operation, to be filled and submitted. NULL: there is no memory, and the connection was closed.
 */
static struct operation *operation_new(struct connection *connection, enum direction direction)
{
	struct operation *operation = malloc(sizeof(*operation));

	if (!operation) {
		connection_close(connection);
		return NULL;
	}
	operation->waiter.ready = operation_ready;
	operation->connection = connection;
	operation->socket = connection->socket;
	operation->direction = direction;
	operation->is_in_progress = false;
	operation->size = operation->done = 0;
	connection->operation = operation;
	return operation;
}

/* ---- connections ---- */

void connection_close(struct connection *connection)
{
	struct operation *operation = connection->operation;

	shutdown(connection->socket, SHUT_RDWR);
	if (operation && operation->is_in_progress) {
		operation->connection = NULL;
	} else {
		free(operation);
		close(connection->socket);
	}
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	free(connection);
}

/* A request may have come, or the end. */
static void connection_ready(struct server *server, struct waiter *waiter)
{
	struct connection *connection = (struct connection *)waiter;
	struct operation *receive = operation_new(connection, DIRECTION_RECEIVE);

	if (!receive)
		return;
	receive->size = sizeof(connection->input) - connection->input_size;
	operation_submit(server, receive);
}

static bool connection_open(struct server *server, int socket)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return false;
	connection->waiter.ready = connection_ready;
	connection->socket = socket;
	connection->heard_ms = clock_ms();
	if (wait_for(server, socket, EPOLLIN, &connection->waiter)) {
		free(connection);
		return false;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	server->connections = connection;
	return true;
}

/* ---- requests ---- */

static void text_upper(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
}

static void text_reverse(char *text, size_t size)
{
	for (size_t i = 0; i < size / 2; i++) {
		char other = text[size - 1 - i];

		text[size - 1 - i] = text[i];
		text[i] = other;
	}
}

/* Writes the answer to `line`, which it changes, into `answer` of `room` bytes. Returns its size. */
static size_t request_answer(char *line, char *answer, size_t room)
{
	const char *result = line;

	if (!strncmp(line, "upper ", 6)) {
		result = line + 6;
		text_upper(line + 6, strlen(result));
	} else if (!strncmp(line, "reverse ", 8)) {
		result = line + 8;
		text_reverse(line + 8, strlen(result));
	} else if (strcmp(line, "ping")) {
		return (size_t)snprintf(answer, room, "ERR unknown request\n");
	}
	return (size_t)snprintf(answer, room, "OK %s\n", result);
}

/* Sends the answer to the first line of the input, which is `size` bytes long without its end. */
static void line_answer(struct server *server, struct connection *connection, size_t size)
{
	struct operation *answer = operation_new(connection, DIRECTION_SEND);

	if (!answer)
		return;
	connection->input[size] = '\0';
	answer->size = request_answer(connection->input, answer->buffer, sizeof(answer->buffer));
	connection->input_size -= size + 1;
	memmove(connection->input, connection->input + size + 1, connection->input_size);
	server->answered++;
	operation_submit(server, answer);
}

static void line_refuse(struct server *server, struct connection *connection)
{
	struct operation *answer = operation_new(connection, DIRECTION_SEND);

	if (!answer)
		return;
	answer->size = (size_t)snprintf(answer->buffer, sizeof(answer->buffer), "ERR line too long\n");
	connection->is_ending = true;
	operation_submit(server, answer);
}

/* No operation is in progress: answers the next request, or waits for it. */
static void connection_next(struct server *server, struct connection *connection)
{
	const char *end = memchr(connection->input, '\n', connection->input_size);

	if (end)
		line_answer(server, connection, (size_t)(end - connection->input));
	else if (connection->input_size == sizeof(connection->input))
		line_refuse(server, connection);
	else if (wait_for(server, connection->socket, EPOLLIN, &connection->waiter))
		connection_close(connection);
}

/* ---- completions ---- */

static void receive_completed(struct connection *connection, const struct operation *receive)
{
	memcpy(connection->input + connection->input_size, receive->buffer, receive->done);
	connection->input_size += receive->done;
	if (receive->done == 0)
		connection->is_ending = true;
}

static void operation_completed(struct server *server, struct operation *operation)
{
	struct connection *connection = operation->connection;

	if (!connection) {
		close(operation->socket);
		free(operation);
		return;
	}
	if (operation->direction == DIRECTION_RECEIVE)
		receive_completed(connection, operation);
	connection->is_ending |= operation->error != 0;
	connection->heard_ms = clock_ms();
	connection->operation = NULL;
	free(operation);
	if (connection->is_ending)
		connection_close(connection);
	else
		connection_next(server, connection);
}

/* A completion may submit the next operation, which may complete at once: until there is none. */
static void completions_handle(struct server *server)
{
	while (server->completed) {
		struct operation *operation = server->completed;

		server->completed = operation->next;
		if (!server->completed)
			server->completed_last = &server->completed;
		operation_completed(server, operation);
	}
}

/* ---- the event loop ---- */

static void listener_ready(struct server *server, struct waiter *waiter)
{
	int socket;

	do {
		socket = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (socket < 0)
			continue;
		server->accepted++;
		if (!connection_open(server, socket))
			close(socket);
	} while (socket >= 0 || errno == EINTR || errno == ECONNABORTED);
	/* out of descriptors or memory: the tick tries again, as an event would come at once and change nothing */
	server->is_accepting = errno == EAGAIN && !wait_for(server, server->listener, EPOLLIN, waiter);
}

static void signals_ready(struct server *server, struct waiter *waiter)
{
	(void)waiter;
	server->is_ended = true;
}

/* Once a second. */
static void server_tick(struct server *server)
{
	int64_t now_ms = clock_ms();
	struct connection *next;

	if (now_ms - server->tick_ms < TICK_MS)
		return;
	server->tick_ms = now_ms;
	for (struct connection *connection = server->connections; connection; connection = next) {
		next = connection->next;
		if (now_ms - connection->heard_ms >= server->silence_s * (int64_t)1000)
			connection_close(connection);
	}
	if (!server->is_accepting)
		listener_ready(server, &server->accepting);
}

/* Returns how many there were. */
static int events_handle(struct server *server, int limit_ms)
{
	struct epoll_event events[64];
	int count = epoll_wait(server->epoll, events, 64, limit_ms);

	for (int i = 0; i < count; i++) {
		struct waiter *waiter = events[i].data.ptr;

		waiter->ready(server, waiter);
		completions_handle(server);
	}
	return count;
}

static int server_open(struct server *server, uint16_t *port)
{
	server->completed_last = &server->completed;
	server->accepting.ready = listener_ready;
	server->ending.ready = signals_ready;
	server->is_accepting = true;
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->signals = signals_open();
	server->listener = loopback_listen(port);
	if (server->epoll < 0 || server->signals < 0 || server->listener < 0)
		return -1;
	if (wait_for(server, server->signals, EPOLLIN, &server->ending))
		return -1;
	return wait_for(server, server->listener, EPOLLIN, &server->accepting);
}

/* Closes all connections. Their pending operations complete at once, as their sockets have been shut down. */
static void server_close(struct server *server)
{
	close(server->listener);
	while (server->connections)
		connection_close(server->connections);
	while (events_handle(server, 0) > 0) {
	}
	close(server->epoll);
	close(server->signals);
}

int main(int argc, char **argv)
{
	static struct server server = {.silence_s = 30};
	const struct argument arguments[] = {{"silence", &server.silence_s, 1, 3600}, {0}};
	int port = 0;
	uint16_t bound;

	arguments_read(argc, argv, &port, arguments);
	bound = (uint16_t)port;
	descriptors_raise();
	if (server_open(&server, &bound)) {
		perror("overlapped: cannot listen on 127.0.0.1");
		return 1;
	}
	port_print(bound);
	while (!server.is_ended) {
		events_handle(&server, TICK_MS);
		server_tick(&server);
		completions_handle(&server);
	}
	server_close(&server);
	fprintf(stderr, "overlapped: %lld connections, %lld answers, bye\n", server.accepted, server.answered);
	return 0;
}
