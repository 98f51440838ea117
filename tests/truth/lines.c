/* SPDX-License-Identifier: MIT */
/* lines.c - see lines.h. */
#include "lines.h"

#include "../servers/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 512, EVENTS_AT_ONCE = 16 };

struct connection {
	struct connection *next, **link;
	int socket;
	size_t size;
	char line[LINE_MAX_SIZE];
};

struct server {
	int epoll, listener, signals;
	struct connection *connections;
};

/* epoll's data for these two; a connection's is its address. */
enum { LISTENER, SIGNALS };

static void connection_accept(struct server *server)
{
	int socket = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *connection = socket < 0 ? NULL : malloc(sizeof(*connection));

	if (!connection || watch_add(server->epoll, socket, EPOLLIN, (uintptr_t)connection)) {
		free(connection);
		if (socket >= 0)
			close(socket);
		return;
	}
	connection->socket = socket;
	connection->size = 0;
	connection->next = server->connections;
	connection->link = &server->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	server->connections = connection;
}

static void connection_end(struct server *server, struct connection *connection)
{
	epoll_ctl(server->epoll, EPOLL_CTL_DEL, connection->socket, NULL);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	if (service.ended)
		service.ended(connection->socket);
	else
		close(connection->socket);
	free(connection);
}

static bool line_answer(const struct connection *connection, char *line)
{
	struct request request = {0};
	bool is_good = false;
	const char *answer;
	char *rest;

	if (!strncmp(line, "put ", 4)) {
		request.key = (unsigned)strtoul(line + 4, &rest, 10);
		request.value = *rest == ' ' ? rest + 1 : NULL;
		is_good = service.answer(&request);
	}
	answer = is_good ? "ok\n" : "error\n";
	return send(connection->socket, answer, strlen(answer), MSG_NOSIGNAL) == (ssize_t)strlen(answer);
}

/* Returns false when the connection is over: its peer closed it, or spoke no sense. */
static bool connection_read(struct connection *connection)
{
	ssize_t got = recv(connection->socket, connection->line + connection->size,
			   sizeof(connection->line) - 1 - connection->size, 0);
	char *line = connection->line, *end;

	if (got <= 0)
		return false;
	connection->size += (size_t)got;
	connection->line[connection->size] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (!line_answer(connection, line))
			return false;
	}
	connection->size -= (size_t)(line - connection->line);
	memmove(connection->line, line, connection->size);
	return connection->size < sizeof(connection->line) - 1;
}

/* Returns false at the signal to end. */
static bool event_handle(struct server *server, const struct epoll_event *event)
{
	struct connection *connection = event->data.ptr;

	if (event->data.u64 == SIGNALS)
		return false;
	if (event->data.u64 == LISTENER)
		connection_accept(server);
	else if (!connection_read(connection))
		connection_end(server, connection);
	return true;
}

int main(int argc, char **argv)
{
	struct server server = {.signals = signals_open(), .epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct epoll_event events[EVENTS_AT_ONCE];
	uint16_t bound = 0;
	bool is_over = false;
	int port = 0, count;

	arguments_read(argc, argv, &port, (struct argument[]){{.name = NULL}});
	descriptors_raise();
	bound = (uint16_t)port;
	server.listener = loopback_listen(&bound);
	if (server.listener < 0 || watch_add(server.epoll, server.listener, EPOLLIN, LISTENER) ||
	    watch_add(server.epoll, server.signals, EPOLLIN, SIGNALS)) {
		perror("cannot listen");
		return 1;
	}
	port_print(bound);
	while (!is_over) {
		count = epoll_wait(server.epoll, events, EVENTS_AT_ONCE, -1);
		for (int i = 0; i < count; i++)
			is_over |= !event_handle(&server, &events[i]);
	}
	while (server.connections)
		connection_end(&server, server.connections);
	close(server.listener);
	close(server.signals);
	close(server.epoll);
	return 0;
}
