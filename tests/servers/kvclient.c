/* SPDX-License-Identifier: MIT */
/* kvclient.c - the proxy but for the functions of kvclient.h: one thread, epoll (edge-triggered), signalfd. */
#include "kvclient.h"
#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	CLIENT_MAX = 256,
	LINE_MAX_BYTES = KEY_MAX + 64,
	REQUEST_MAX = LINE_MAX_BYTES + VALUE_MAX + 4,
	CACHE_SLOTS = 64,
	CACHE_MS = 1000,
	LATE_S = 2
};

/* What an event is about is in the upper half of its data. */
enum event_kind { EVENT_LISTENER, EVENT_SIGNALS, EVENT_BACKEND, EVENT_CLIENT, EVENT_LATE };

/* Its next request is looked at when the answer to the one before has gone out, so that answers stay in order. */
struct client {
	uint32_t id; /* 0: this place is free */
	int fd;
	bool is_waiting; /* for an operation */
	bool is_leaving; /* after its answer */
	char in[REQUEST_MAX];
	size_t in_size;
	char out[ANSWER_MAX];
	size_t out_size, out_sent;
};

struct backend {
	uint16_t port;
	int fd;                          /* -1: not connected */
	struct operation *first, **last; /* not yet answered, in order */
	char in[4 * ANSWER_MAX];
	size_t in_size;
};

struct proxy {
	int epoll, listener, signals;
	uint32_t last_id;
	uint64_t last_number;
	struct client clients[CLIENT_MAX]; /* the place of id is id % CLIENT_MAX */
	struct backend backend;
	struct cache_entry cache[CACHE_SLOTS];
	unsigned long gets, cached, writes, failed;
};

static void client_run(struct proxy *proxy, struct client *client);

static void watch(const struct proxy *proxy, int fd, uint32_t events, enum event_kind kind, uint32_t number)
{
	watch_add(proxy->epoll, fd, events | EPOLLET, (uint64_t)kind << 32 | number);
}

/* ---- the cache ---- */

static struct cache_entry *cache_slot(struct proxy *proxy, const char *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return &proxy->cache[hash % CACHE_SLOTS];
}

static const struct cache_entry *cache_find(struct proxy *proxy, const char *key)
{
	const struct cache_entry *entry = cache_slot(proxy, key);

	return !strcmp(entry->key, key) && clock_ms() < entry->until_ms ? entry : NULL;
}

static void cache_forget(struct proxy *proxy, const char *key)
{
	struct cache_entry *entry = cache_slot(proxy, key);

	if (!strcmp(entry->key, key))
		entry->key[0] = '\0';
}

static void cache_learn(struct proxy *proxy, const struct operation *operation)
{
	struct cache_entry *entry = cache_slot(proxy, operation->key);

	memcpy(entry->key, operation->key, sizeof(entry->key));
	entry->until_ms = clock_ms() + CACHE_MS;
	cache_keep(entry, operation);
}

/* ---- operations ---- */

/* Without a descriptor for it an operation waits as long as it takes. */
static int late_timer_start(const struct proxy *proxy, uint64_t number)
{
	struct itimerspec when = {.it_value.tv_sec = LATE_S};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (timer < 0)
		return -1;
	timerfd_settime(timer, 0, &when, NULL);
	watch(proxy, timer, EPOLLIN, EVENT_LATE, (uint32_t)number);
	return timer;
}

static void operation_enqueue(struct proxy *proxy, struct client *client, struct operation *operation)
{
	operation->number = ++proxy->last_number;
	operation->client_id = client->id;
	operation->timer = late_timer_start(proxy, operation->number);
	client->is_waiting = true;
	*proxy->backend.last = operation;
	proxy->backend.last = &operation->next;
}

static bool get_start(struct proxy *proxy, struct client *client, const char *key)
{
	struct operation *operation = calloc(1, sizeof(*operation) + ANSWER_MAX);

	if (!operation)
		return false;
	operation->is_get = true;
	operation->room = ANSWER_MAX;
	snprintf(operation->key, sizeof(operation->key), "%s", key);
	operation->size = (size_t)snprintf(operation->buffer, ANSWER_MAX, "get %s\r\n", key);
	operation_enqueue(proxy, client, operation);
	return true;
}

/* A set or a delete: the request goes on as it came. */
static bool write_start(struct proxy *proxy, struct client *client, const char *key, size_t size)
{
	size_t room = size < LINE_MAX_BYTES ? LINE_MAX_BYTES : size;
	struct operation *operation = malloc(sizeof(*operation) + room);

	if (!operation)
		return false;
	*operation = (struct operation){.room = room, .size = size};
	snprintf(operation->key, sizeof(operation->key), "%s", key);
	memcpy(operation->buffer, client->in, size);
	operation_enqueue(proxy, client, operation);
	return true;
}

void operation_release(struct operation *operation)
{
	if (operation->timer >= 0)
		close(operation->timer);
	free(operation);
}

/* ---- the memcached ---- */

static int backend_connect(struct proxy *proxy)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(proxy->backend.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	watch(proxy, fd, EPOLLIN | EPOLLOUT, EVENT_BACKEND, 0);
	return fd;
}

/* What it was asked and has not answered fails: nobody can tell which answer would be whose. */
static void backend_fail(struct proxy *proxy, const char *why)
{
	struct operation *operation = proxy->backend.first, *next;

	if (proxy->backend.fd >= 0)
		close(proxy->backend.fd);
	proxy->backend.fd = -1;
	proxy->backend.in_size = 0;
	proxy->backend.first = NULL;
	proxy->backend.last = &proxy->backend.first;
	for (; operation; operation = next) {
		next = operation->next;
		proxy->failed++;
		operation_failed(proxy, operation, why);
	}
}

/* Sends what has not been sent. Returns false when the connection is lost. */
static bool requests_send(struct backend *backend)
{
	for (struct operation *operation = backend->first; operation; operation = operation->next) {
		while (operation->sent < operation->size) {
			ssize_t done = send(backend->fd, operation->buffer + operation->sent,
					    operation->size - operation->sent, MSG_NOSIGNAL);

			if (done < 0)
				return errno == EAGAIN;
			operation->sent += (size_t)done;
		}
	}
	return true;
}

static bool requests_wait(const struct backend *backend)
{
	return backend->first && backend->fd < 0;
}

static void backend_send(struct proxy *proxy)
{
	if (requests_wait(&proxy->backend))
		proxy->backend.fd = backend_connect(proxy);
	if (requests_wait(&proxy->backend) || !requests_send(&proxy->backend))
		backend_fail(proxy, "SERVER_ERROR no backend\r\n");
}

/* The size of the whole answer at the beginning of what has come: 0 when there is more to come, -1 when it is none. */
static ssize_t answer_size(const struct backend *backend, bool is_get)
{
	const char *end = memmem(backend->in, backend->in_size, "\r\n", 2);
	size_t line, value;

	if (!end)
		return backend->in_size > LINE_MAX_BYTES ? -1 : 0;
	line = (size_t)(end - backend->in) + 2;
	if (!is_get || strncmp(backend->in, "VALUE ", 6))
		return (ssize_t)line;
	if (sscanf(backend->in, "VALUE %*250s %*u %zu", &value) != 1 || value > VALUE_MAX)
		return -1;
	if (backend->in_size < line + value + 7)
		return 0;
	return memcmp(backend->in + line + value, "\r\nEND\r\n", 7) ? -1 : (ssize_t)(line + value + 7);
}

/* The first operation has its answer in backend.in. Returns false when that is not possible. */
static bool answer_take(struct proxy *proxy, size_t size)
{
	struct backend *backend = &proxy->backend;
	struct operation *operation = backend->first;

	if (operation->sent < operation->size || size > operation->room)
		return false;
	memcpy(operation->buffer, backend->in, size);
	operation->size = size;
	backend->in_size -= size;
	memmove(backend->in, backend->in + size, backend->in_size);
	backend->first = operation->next;
	if (!backend->first)
		backend->last = &backend->first;
	if (!operation->is_get)
		cache_forget(proxy, operation->key);
	else if (!strncmp(operation->buffer, "VALUE ", 6))
		cache_learn(proxy, operation);
	operation_answered(proxy, operation);
	return true;
}

/* Takes the answers that are whole. Returns false when what has come is no answer. */
static bool answers_take(struct proxy *proxy)
{
	struct backend *backend = &proxy->backend;

	while (backend->in_size) {
		ssize_t size = backend->first ? answer_size(backend, backend->first->is_get) : -1;

		if (size < 0 || (size && !answer_take(proxy, (size_t)size)))
			return false;
		if (!size)
			break;
	}
	return true;
}

static void backend_ready(struct proxy *proxy)
{
	struct backend *backend = &proxy->backend;

	while (backend->fd >= 0) {
		ssize_t got = recv(backend->fd, backend->in + backend->in_size,
				   sizeof(backend->in) - 1 - backend->in_size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			backend_fail(proxy, "SERVER_ERROR backend lost\r\n");
			return;
		}
		backend->in_size += (size_t)got;
		backend->in[backend->in_size] = '\0';
		if (!answers_take(proxy)) {
			backend_fail(proxy, "SERVER_ERROR backend talks nonsense\r\n");
			return;
		}
	}
}

/* A timer may have gone off for an operation that is over. */
static void operation_late(struct proxy *proxy, uint32_t number)
{
	for (struct operation *operation = proxy->backend.first; operation; operation = operation->next) {
		if ((uint32_t)operation->number == number) {
			backend_fail(proxy, "SERVER_ERROR backend too slow\r\n");
			return;
		}
	}
}

/* ---- clients ---- */

static struct client *client_by_id(struct proxy *proxy, uint32_t id)
{
	struct client *client = &proxy->clients[id % CLIENT_MAX];

	return id && client->id == id ? client : NULL;
}

static void client_end(struct client *client)
{
	close(client->fd);
	client->id = 0;
}

static void clients_accept(struct proxy *proxy)
{
	int fd;

	while ((fd = accept4(proxy->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct client *client = NULL;

		for (size_t tries = 0; tries < CLIENT_MAX && !client; tries++) {
			if (++proxy->last_id == 0)
				proxy->last_id = 1;
			if (!proxy->clients[proxy->last_id % CLIENT_MAX].id)
				client = &proxy->clients[proxy->last_id % CLIENT_MAX];
		}
		if (!client) {
			close(fd);
			continue;
		}
		client->id = proxy->last_id;
		client->fd = fd;
		client->is_waiting = client->is_leaving = false;
		client->in_size = client->out_size = client->out_sent = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		watch(proxy, fd, EPOLLIN | EPOLLOUT, EVENT_CLIENT, client->id);
	}
}

static void client_say(struct client *client, const char *answer, size_t size)
{
	memcpy(client->out, answer, size);
	client->out_size = size;
	client->out_sent = 0;
}

static void client_say_line(struct client *client, const char *line, bool is_leaving)
{
	client_say(client, line, strlen(line));
	client->is_leaving = is_leaving;
}

void client_answer(struct proxy *proxy, uint32_t client_id, const char *answer, size_t size)
{
	struct client *client = client_by_id(proxy, client_id);

	if (!client)
		return;
	client_say(client, answer, size);
	client->is_waiting = false;
	client_run(proxy, client);
}

/* Returns false when the peer is to be waited for, or is gone (client->id is 0 then). */
static bool client_send(struct client *client)
{
	while (client->out_sent < client->out_size) {
		ssize_t done = send(client->fd, client->out + client->out_sent, client->out_size - client->out_sent,
				    MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			if (errno != EAGAIN)
				client_end(client);
			return false;
		}
		client->out_sent += (size_t)done;
	}
	client->out_size = client->out_sent = 0;
	if (client->is_leaving)
		client_end(client);
	return client->id != 0;
}

/* As client_send. */
static bool client_receive(struct client *client)
{
	ssize_t got;

	do
		got = recv(client->fd, client->in + client->in_size, sizeof(client->in) - client->in_size, 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			client_end(client);
		return false;
	}
	client->in_size += (size_t)got;
	return true;
}

static void get_handle(struct proxy *proxy, struct client *client, const char *key)
{
	const struct cache_entry *entry = cache_find(proxy, key);

	proxy->gets++;
	if (entry) {
		proxy->cached++;
		client_say(client, entry->answer, entry->size);
	} else if (!get_start(proxy, client, key)) {
		client_say_line(client, "SERVER_ERROR out of memory\r\n", false);
	}
}

static void write_handle(struct proxy *proxy, struct client *client, const char *key, size_t size)
{
	proxy->writes++;
	if (!write_start(proxy, client, key, size))
		client_say_line(client, "SERVER_ERROR out of memory\r\n", false);
}

/* Handles a set whose line is `line` bytes long. Returns what the request takes, 0: there is more to come. */
static size_t set_handle(struct proxy *proxy, struct client *client, const char *key, size_t line, size_t value)
{
	size_t size = line + value + 2;

	if (value > VALUE_MAX) {
		client_say_line(client, "SERVER_ERROR object too large for cache\r\n", true);
		return line;
	}
	if (client->in_size < size)
		return 0;
	if (memcmp(client->in + line + value, "\r\n", 2))
		client_say_line(client, "CLIENT_ERROR bad data chunk\r\n", true);
	else
		write_handle(proxy, client, key, size);
	return size;
}

/* What a memcached would not take as one request must not reach it: it would answer twice. */
static bool line_is_clean(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			return false;
	return true;
}

/* Handles the request whose line, `size` bytes with its end, is at the beginning of client->in. As set_handle. */
static size_t line_handle(struct proxy *proxy, struct client *client, const char *line, size_t size)
{
	char key[KEY_MAX + 1], more[2];
	unsigned long flags, value;
	long expires;

	if (sscanf(line, "set %250s %lu %ld %lu%1s", key, &flags, &expires, &value, more) == 4 && flags <= UINT32_MAX &&
	    expires >= INT32_MIN && expires <= INT32_MAX)
		return set_handle(proxy, client, key, size, value);
	if (sscanf(line, "get %250s%1s", key, more) == 1)
		get_handle(proxy, client, key);
	else if (sscanf(line, "delete %250s%1s", key, more) == 1)
		write_handle(proxy, client, key, size);
	else if (!strcmp(line, "version"))
		client_say_line(client, "VERSION kvclient " SEEP_VERSION "\r\n", false);
	else if (!strcmp(line, "quit"))
		client_end(client);
	else
		client_say_line(client, "ERROR\r\n", true); /* what follows may be its data */
	return size;
}

/* Takes the first request, if it is whole. */
static bool request_take(struct proxy *proxy, struct client *client)
{
	const char *end = memmem(client->in, client->in_size, "\r\n", 2);
	char line[LINE_MAX_BYTES + 1];
	size_t length = end ? (size_t)(end - client->in) : client->in_size;
	size_t taken;

	if (length <= LINE_MAX_BYTES && !end)
		return false;
	if (length > LINE_MAX_BYTES || !line_is_clean(client->in, length)) {
		client_say_line(client, "CLIENT_ERROR bad command line\r\n", true);
		return true;
	}
	memcpy(line, client->in, length);
	line[length] = '\0';
	taken = line_handle(proxy, client, line, length + 2);
	client->in_size -= taken;
	memmove(client->in, client->in + taken, client->in_size);
	return taken > 0;
}

/* As far as it goes: until it has to wait for the client or for the memcached, or the client is gone. */
static void client_run(struct proxy *proxy, struct client *client)
{
	while (client->id && !client->is_waiting) {
		if (!client_send(client))
			return;
		if (!request_take(proxy, client) && !client_receive(client))
			return;
	}
}

/* ---- the event loop ---- */

static void event_handle(struct proxy *proxy, const struct epoll_event *event)
{
	uint32_t number = (uint32_t)event->data.u64;
	struct client *client;

	switch ((enum event_kind)(event->data.u64 >> 32)) {
	case EVENT_LISTENER:
		clients_accept(proxy);
		break;
	case EVENT_BACKEND:
		backend_ready(proxy);
		break;
	case EVENT_CLIENT:
		client = client_by_id(proxy, number);
		if (client)
			client_run(proxy, client);
		break;
	case EVENT_LATE:
		operation_late(proxy, number);
		break;
	case EVENT_SIGNALS:
		break;
	}
}

/* Until SIGTERM or SIGINT. */
static void proxy_serve(struct proxy *proxy)
{
	struct epoll_event events[64];

	for (;;) {
		/* operations that failed may have let clients start others, which are not sent yet */
		int count = epoll_wait(proxy->epoll, events, 64, requests_wait(&proxy->backend) ? 0 : -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.u64 >> 32 == EVENT_SIGNALS)
				return;
			event_handle(proxy, &events[i]);
		}
		backend_send(proxy);
	}
}

static int proxy_open(struct proxy *proxy, uint16_t *port)
{
	proxy->backend.fd = -1;
	proxy->backend.last = &proxy->backend.first;
	proxy->epoll = epoll_create1(EPOLL_CLOEXEC);
	proxy->signals = signals_open();
	proxy->listener = loopback_listen(port);
	if (proxy->epoll < 0 || proxy->signals < 0 || proxy->listener < 0)
		return -1;
	watch(proxy, proxy->signals, EPOLLIN, EVENT_SIGNALS, 0);
	watch(proxy, proxy->listener, EPOLLIN, EVENT_LISTENER, 0);
	return 0;
}

static void proxy_close(struct proxy *proxy)
{
	for (size_t i = 0; i < CLIENT_MAX; i++)
		if (proxy->clients[i].id)
			client_end(&proxy->clients[i]);
	backend_fail(proxy, "");
	close(proxy->listener);
	close(proxy->signals);
	close(proxy->epoll);
}

int main(int argc, char **argv)
{
	static struct proxy proxy;
	int wanted = 0, backend = 11211;
	uint16_t port;

	arguments_read(argc, argv, &wanted,
		       (struct argument[]){{"memcached", &backend, 1, UINT16_MAX}, {.name = NULL}});
	port = (uint16_t)wanted;
	proxy.backend.port = (uint16_t)backend;
	descriptors_raise();
	if (proxy_open(&proxy, &port)) {
		fprintf(stderr, "kvclient: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
		return 1;
	}
	port_print(port);
	proxy_serve(&proxy);
	proxy_close(&proxy);
	fprintf(stderr, "kvclient: %lu gets, %lu of them from the cache, %lu writes, %lu operations failed, bye\n",
		proxy.gets, proxy.cached, proxy.writes, proxy.failed);
	return 0;
}
