/* SPDX-License-Identifier: MIT */
/* chat.c - the server but for the two functions of chat.h: one thread, epoll, signalfd. */
#include "chat.h"
#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTION_MAX = 256, QUEUE_MAX = 4096, SILENT_PERIODS = 3 };

struct chat {
	int epoll, listener, signals;
	struct timers timers;
	uint32_t last_id;
	struct connection connections[CONNECTION_MAX]; /* the place of id is id % CONNECTION_MAX */
	struct chat_log log;
	uint64_t turns;
};

/* ---- events: each names its connection by id, since a timer may outlive it ---- */

static int watch(struct chat *chat, int fd, uint32_t events, uint32_t connection_id)
{
	return watch_add(chat->epoll, fd, events, (uint64_t)connection_id << 32 | (uint32_t)fd);
}

static void watch_change(struct chat *chat, const struct connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events,
				    .data.u64 = (uint64_t)connection->id << 32 | (uint32_t)connection->fd};

	epoll_ctl(chat->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

/* ---- connections ---- */

static struct connection *connection_by_id(struct chat *chat, uint32_t id)
{
	struct connection *connection = &chat->connections[id % CONNECTION_MAX];

	return id && connection->id == id ? connection : NULL;
}

static void connection_open(struct chat *chat, int fd)
{
	struct connection *connection = NULL;

	for (size_t tries = 0; tries < CONNECTION_MAX && !connection; tries++) {
		if (++chat->last_id == 0)
			chat->last_id = 1;
		if (!chat->connections[chat->last_id % CONNECTION_MAX].id)
			connection = &chat->connections[chat->last_id % CONNECTION_MAX];
	}
	if (!connection) {
		close(fd);
		return;
	}
	*connection = (struct connection){.id = chat->last_id, .fd = fd, .timer.number = -1, .heard_ms = clock_ms()};
	connection->last = &connection->first;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	watch(chat, fd, EPOLLIN, connection->id);
	turn_set_timer(&chat->timers, connection);
}

static void connection_end(struct connection *connection)
{
	while (connection->first) {
		struct message *message = connection->first;

		connection->first = message->next;
		free(message);
	}
	close(connection->fd);
	timer_end(&connection->timer);
	connection->id = 0;
}

/* ---- the write loop ---- */

static void turn_log(struct chat *chat, const struct connection *connection, const struct message *message)
{
	char *line = malloc(128);

	if (!line)
		return;
	snprintf(line, 128, "turn %llu, to %s: %zu bytes", (unsigned long long)chat->turns, connection->name,
		 message ? message->size : 0);
	log_keep(&chat->log, line);
}

/* Returns false when the peer is to be waited for, or is gone (connection->id is 0 then). */
static bool message_write(struct connection *connection, struct message *message)
{
	while (message->written < message->size) {
		ssize_t done = send(connection->fd, message->text + message->written, message->size - message->written,
				    MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			if (errno != EAGAIN)
				connection_end(connection);
			return false;
		}
		message->written += (size_t)done;
	}
	connection->first = message->next;
	if (!connection->first)
		connection->last = &connection->first;
	connection->queued--;
	free(message);
	return true;
}

/* One turn: writes the next message, if there is one. False: no further turn now. */
static bool write_turn(struct chat *chat, struct connection *connection)
{
	chat->turns++;
	turn_set_timer(&chat->timers, connection);
	turn_log(chat, connection, connection->first);
	if (clock_ms() - connection->heard_ms >= SILENT_PERIODS * chat->timers.period_ms) {
		connection_end(connection);
		return false;
	}
	return connection->first && message_write(connection, connection->first);
}

static void write_loop(struct chat *chat, struct connection *connection)
{
	while (connection->first && write_turn(chat, connection)) {
	}
	if (connection->id)
		watch_change(chat, connection, connection->first ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void message_send(struct chat *chat, struct connection *connection, const char *name, const char *text)
{
	size_t size = strlen(name) + strlen(text) + 3;
	struct message *message = malloc(sizeof(*message) + size + 1);

	if (!message || connection->queued == QUEUE_MAX) {
		free(message); /* who reads so slowly misses something */
		return;
	}
	*message = (struct message){.size = size};
	snprintf(message->text, size + 1, "%s%s%s\n", name, strcmp(name, "welcome") ? ": " : " ", text);
	message->size = strlen(message->text);
	*connection->last = message;
	connection->last = &message->next;
	connection->queued++;
	write_loop(chat, connection);
}

/* ---- the read side ---- */

static void line_heard(struct chat *chat, struct connection *connection, const char *line)
{
	char name[sizeof(connection->name)];

	if (!connection->name[0]) {
		snprintf(connection->name, sizeof(connection->name), "%.31s", line);
		message_send(chat, connection, "welcome", connection->name);
		return;
	}
	memcpy(name, connection->name, sizeof(name));
	for (size_t i = 0; i < CONNECTION_MAX; i++)
		if (chat->connections[i].id && chat->connections[i].name[0])
			message_send(chat, &chat->connections[i], name, line);
}

static void read_ready(struct chat *chat, struct connection *connection)
{
	uint32_t id = connection->id;
	ssize_t got = recv(connection->fd, connection->line + connection->line_size,
			   sizeof(connection->line) - 1 - connection->line_size, 0);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_end(connection);
		return;
	}
	connection->heard_ms = clock_ms();
	connection->line_size += (size_t)got;
	while (connection->id == id && (end = memchr(connection->line, '\n', connection->line_size))) {
		char line[sizeof(connection->line)];
		size_t size = (size_t)(end - connection->line);

		memcpy(line, connection->line, size);
		line[size] = '\0';
		connection->line_size -= size + 1;
		memmove(connection->line, end + 1, connection->line_size);
		line_heard(chat, connection, line);
	}
	if (connection->id == id && connection->line_size == sizeof(connection->line) - 1)
		connection_end(connection); /* no line is that long */
}

/* ---- the event loop ---- */

/* Edge-triggered: when there are no descriptors left, who waits is let in with the next who comes. */
static void connections_accept(struct chat *chat)
{
	int accepted;

	while ((accepted = accept4(chat->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		connection_open(chat, accepted);
}

static void timer_expired(struct chat *chat, uint32_t connection_id, int32_t number)
{
	struct connection *connection = connection_by_id(chat, connection_id);

	if (connection && connection->timer.number == number)
		write_turn(chat, connection);
}

static void timers_expired(struct chat *chat)
{
	uint32_t connection_id;
	int32_t number;

	while (timers_next(&chat->timers, &connection_id, &number))
		timer_expired(chat, connection_id, number);
}

static void event_handle(struct chat *chat, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	uint32_t id = (uint32_t)(event->data.u64 >> 32);
	struct connection *connection = connection_by_id(chat, id);

	if (fd == chat->listener)
		connections_accept(chat);
	else if (fd == chat->timers.signals)
		timers_expired(chat);
	else if (!connection || fd != connection->fd)
		timer_expired(chat, id, fd);
	else if (event->events & EPOLLOUT)
		write_loop(chat, connection);
	else
		read_ready(chat, connection);
}

/* Until SIGTERM or SIGINT. */
static void chat_serve(struct chat *chat)
{
	struct epoll_event events[64];

	for (;;) {
		int count = epoll_wait(chat->epoll, events, 64, -1);

		for (int i = 0; i < count; i++) {
			if ((int)(uint32_t)events[i].data.u64 == chat->signals)
				return;
			event_handle(chat, &events[i]);
		}
	}
}

static int chat_open(struct chat *chat, uint16_t *port)
{
	chat->epoll = epoll_create1(EPOLL_CLOEXEC);
	chat->timers.epoll = chat->epoll;
	chat->signals = signals_open();
	chat->listener = loopback_listen(port);
	if (chat->epoll < 0 || chat->signals < 0 || chat->listener < 0 || timers_open(&chat->timers))
		return -1;
	return watch(chat, chat->signals, EPOLLIN, 0) || watch(chat, chat->listener, EPOLLIN | EPOLLET, 0) ? -1 : 0;
}

static void chat_close(struct chat *chat)
{
	for (size_t i = 0; i < CONNECTION_MAX; i++)
		if (chat->connections[i].id)
			connection_end(&chat->connections[i]);
	close(chat->listener);
	close(chat->signals);
	close(chat->epoll);
}

int main(int argc, char **argv)
{
	static struct chat chat;
	int wanted = 0, period_ms = 5000;
	uint16_t port;

	arguments_read(argc, argv, &wanted,
		       (struct argument[]){{"period", &period_ms, 1, 3600 * 1000}, {.name = NULL}});
	port = (uint16_t)wanted;
	chat.timers.period_ms = period_ms;
	descriptors_raise();
	if (chat_open(&chat, &port)) {
		fprintf(stderr, "chat: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
		return 1;
	}
	port_print(port);
	chat_serve(&chat);
	chat_close(&chat);
	fprintf(stderr, "chat: %llu turns, bye\n", (unsigned long long)chat.turns);
	return 0;
}
