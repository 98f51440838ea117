/* SPDX-License-Identifier: MIT */
/* chat.c - the server but for the two functions of chat.h: one thread, epoll, timerfd, signalfd. */
#include "chat.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTION_MAX = 256, QUEUE_MAX = 4096, SILENT_PERIODS = 3 };

struct chat {
	int epoll, listener, signals;
	int64_t period_ms;
	uint32_t last_id;
	struct connection connections[CONNECTION_MAX]; /* the place of id is id % CONNECTION_MAX */
	struct chat_log log;
	uint64_t turns;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- events: each names its connection by id, since a timer may outlive it ---- */

static int watch(struct chat *chat, int fd, uint32_t events, uint32_t connection_id)
{
	struct epoll_event event = {.events = events, .data.u64 = (uint64_t)connection_id << 32 | (uint32_t)fd};

	return epoll_ctl(chat->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void watch_change(struct chat *chat, const struct connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events,
				    .data.u64 = (uint64_t)connection->id << 32 | (uint32_t)connection->fd};

	epoll_ctl(chat->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

int timer_start(struct chat *chat, const struct connection *connection)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (timer < 0)
		return -1;
	timer_restart(chat, timer);
	watch(chat, timer, EPOLLIN | EPOLLET, connection->id);
	return timer;
}

void timer_restart(struct chat *chat, int timer)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = chat->period_ms / 1000, .tv_nsec = chat->period_ms % 1000 * 1000000}};

	timerfd_settime(timer, 0, &when, NULL);
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
	*connection = (struct connection){.id = chat->last_id, .fd = fd, .timer = -1, .heard_ms = now_ms()};
	connection->last = &connection->first;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	watch(chat, fd, EPOLLIN, connection->id);
	turn_set_timer(chat, connection);
}

static void connection_end(struct connection *connection)
{
	while (connection->first) {
		struct message *message = connection->first;

		connection->first = message->next;
		free(message);
	}
	close(connection->fd);
	if (connection->timer >= 0)
		close(connection->timer);
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
	turn_set_timer(chat, connection);
	turn_log(chat, connection, connection->first);
	if (now_ms() - connection->heard_ms >= SILENT_PERIODS * chat->period_ms) {
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
	connection->heard_ms = now_ms();
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

static void event_handle(struct chat *chat, const struct epoll_event *event)
{
	int fd = (int)(uint32_t)event->data.u64;
	struct connection *connection = connection_by_id(chat, (uint32_t)(event->data.u64 >> 32));

	if (fd == chat->listener) {
		int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted >= 0)
			connection_open(chat, accepted);
	} else if (connection && fd == connection->timer) {
		write_turn(chat, connection);
	} else if (connection && fd == connection->fd && event->events & EPOLLOUT) {
		write_loop(chat, connection);
	} else if (connection && fd == connection->fd) {
		read_ready(chat, connection);
	}
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
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	chat->epoll = epoll_create1(EPOLL_CLOEXEC);
	chat->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	chat->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	address.sin_port = htons(*port);
	if (bind(chat->listener, (struct sockaddr *)&address, sizeof(address)) || listen(chat->listener, 128) ||
	    getsockname(chat->listener, (struct sockaddr *)&address, &size))
		return -1;
	*port = ntohs(address.sin_port);
	watch(chat, chat->signals, EPOLLIN, 0);
	return watch(chat, chat->listener, EPOLLIN, 0);
}

int main(int argc, char **argv)
{
	static struct chat chat;
	struct rlimit descriptors;
	uint16_t port = argc > 2 ? (uint16_t)atoi(argv[2]) : 0;

	chat.period_ms = argc > 1 ? atoi(argv[1]) : 5000;
	if (argc > 3 || chat.period_ms <= 0) {
		fprintf(stderr, "usage: %s [PERIOD_MS [PORT]]\n", argv[0]);
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &descriptors)) {
		descriptors.rlim_cur = descriptors.rlim_max;
		setrlimit(RLIMIT_NOFILE, &descriptors);
	}
	if (chat_open(&chat, &port)) {
		perror("chat: cannot listen on 127.0.0.1");
		return 1;
	}
	printf("%u\n", port);
	fflush(stdout);
	chat_serve(&chat);
	for (size_t i = 0; i < CONNECTION_MAX; i++)
		if (chat.connections[i].id)
			connection_end(&chat.connections[i]);
	fprintf(stderr, "chat: %llu turns, bye\n", (unsigned long long)chat.turns);
	return 0;
}
