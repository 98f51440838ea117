/* SPDX-License-Identifier: MIT */
/* actor.c - the endpoint but for the function of actor.h: a thread that accepts, one a connection, and the endpoint's.
 */
#include "actor.h"
#include "actor_frame.h"
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CHANNEL_ROOM = 1024, SLOW_PEER_S = 2 };
/* Beside the frames that peers send; the last message of a connection, and of the endpoint. */
enum { MESSAGE_CLOSED = 100, MESSAGE_STOP };

struct message {
	struct message *next;
	struct connection *connection;
	uint32_t type, actor, sequence;
	size_t size;
	unsigned char payload[];
};

struct connection {
	struct connection *next;
	struct endpoint *endpoint;
	int fd;
	pthread_t reader;
	struct message *closed; /* made beforehand, so that it can always be sent */
	uint32_t sums[ACTOR_COUNT];
};

/* ---- channels ---- */

static void waiter_drop(struct waiter *waiter)
{
	if (--waiter->holders == 0)
		free(waiter);
}

struct waiter *channel_wait(struct endpoint *endpoint, struct channel *channel)
{
	struct waiter *waiter = malloc(sizeof(*waiter));

	if (!waiter)
		return NULL;
	pthread_mutex_lock(&endpoint->lock);
	*waiter = (struct waiter){.channel = channel,
				  .since_ns = clock_ns(),
				  .turn = endpoint->turns,
				  .holders = 1,
				  .is_complete = channel->first != NULL};
	if (!waiter->is_complete) {
		waiter->holders++;
		waiter->next = channel->waiters;
		channel->waiters = waiter;
	}
	pthread_mutex_unlock(&endpoint->lock);
	return waiter;
}

bool waiter_is_complete(struct endpoint *endpoint, const struct waiter *waiter)
{
	bool is_complete;

	pthread_mutex_lock(&endpoint->lock);
	is_complete = !waiter || waiter->is_complete;
	pthread_mutex_unlock(&endpoint->lock);
	return is_complete;
}

void waiter_release(struct endpoint *endpoint, struct waiter *waiter)
{
	if (!waiter)
		return;
	pthread_mutex_lock(&endpoint->lock);
	waiter_drop(waiter);
	pthread_mutex_unlock(&endpoint->lock);
}

static void waiters_complete(struct endpoint *endpoint, struct channel *channel)
{
	while (channel->waiters) {
		struct waiter *waiter = channel->waiters;

		channel->waiters = waiter->next;
		waiter->is_complete = true;
		waiter_drop(waiter);
	}
	pthread_cond_signal(&endpoint->has_completed);
}

/* Takes over the message. Waits while the channel is full. */
static void channel_write(struct endpoint *endpoint, struct channel *channel, struct message *message)
{
	pthread_mutex_lock(&endpoint->lock);
	while (channel->size == CHANNEL_ROOM)
		pthread_cond_wait(&endpoint->has_room, &endpoint->lock);
	message->next = NULL;
	*channel->last = message;
	channel->last = &message->next;
	channel->size++;
	waiters_complete(endpoint, channel);
	pthread_mutex_unlock(&endpoint->lock);
}

/* The first message, now the caller's, or NULL. */
static struct message *channel_read(struct endpoint *endpoint, struct channel *channel)
{
	struct message *message;

	pthread_mutex_lock(&endpoint->lock);
	message = channel->first;
	if (message) {
		channel->first = message->next;
		if (!channel->first)
			channel->last = &channel->first;
		channel->size--;
		pthread_cond_broadcast(&endpoint->has_room);
	}
	pthread_mutex_unlock(&endpoint->lock);
	return message;
}

/* ---- a connection's thread ---- */

static struct message *message_new(struct connection *connection, uint32_t type, size_t size)
{
	struct message *message = calloc(1, sizeof(*message) + size);

	if (!message)
		return NULL;
	message->connection = connection;
	message->type = type;
	message->size = size;
	return message;
}

static bool bytes_read(int fd, void *bytes, size_t size)
{
	ssize_t got;

	do
		got = size ? recv(fd, bytes, size, MSG_WAITALL) : 0;
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)size;
}

/* The next frame, or NULL when there are no more, or what came is none. */
static struct message *frame_read(struct connection *connection)
{
	struct message *message;
	struct frame frame;

	if (!bytes_read(connection->fd, &frame, sizeof(frame)) || ntohl(frame.size) > PAYLOAD_MAX ||
	    ntohl(frame.actor) >= ACTOR_COUNT ||
	    (ntohl(frame.type) != FRAME_MESSAGE && ntohl(frame.type) != FRAME_PING))
		return NULL;
	message = message_new(connection, ntohl(frame.type), ntohl(frame.size));
	if (!message)
		return NULL;
	message->actor = ntohl(frame.actor);
	message->sequence = ntohl(frame.sequence);
	if (bytes_read(connection->fd, message->payload, message->size))
		return message;
	free(message);
	return NULL;
}

static void *connection_read(void *argument)
{
	struct connection *connection = argument;
	struct endpoint *endpoint = connection->endpoint;
	struct message *message;

	while ((message = frame_read(connection)))
		channel_write(endpoint, message->type == FRAME_PING ? &endpoint->system : &endpoint->messages, message);
	/* after all its messages, and not as a system message: the actors are told in order */
	channel_write(endpoint, &endpoint->messages, connection->closed);
	return NULL;
}

static void connection_free(struct connection *connection)
{
	close(connection->fd);
	free(connection->closed);
	free(connection);
}

static void connection_open(struct endpoint *endpoint, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct timeval limit = {.tv_sec = SLOW_PEER_S};

	if (!connection) {
		close(fd);
		return;
	}
	connection->endpoint = endpoint;
	connection->fd = fd;
	connection->closed = message_new(connection, MESSAGE_CLOSED, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	pthread_mutex_lock(&endpoint->lock);
	if (connection->closed && !pthread_create(&connection->reader, NULL, connection_read, connection)) {
		connection->next = endpoint->connections;
		endpoint->connections = connection;
		connection = NULL;
	}
	pthread_mutex_unlock(&endpoint->lock);
	if (connection)
		connection_free(connection);
}

/* ---- the endpoint's thread ---- */

static void connection_end(struct endpoint *endpoint, struct connection *connection)
{
	struct connection **place = &endpoint->connections;

	pthread_mutex_lock(&endpoint->lock);
	while (*place != connection)
		place = &(*place)->next;
	*place = connection->next;
	pthread_mutex_unlock(&endpoint->lock);
	pthread_join(connection->reader, NULL);
	connection->closed = NULL; /* it is the message being handled */
	connection_free(connection);
}

/* A peer that does not read its answers is given up. */
static void frame_answer(const struct message *message, uint32_t type, uint32_t value)
{
	struct frame frame = {.type = htonl(type), .actor = htonl(value), .sequence = htonl(message->sequence)};

	if (send(message->connection->fd, &frame, sizeof(frame), MSG_NOSIGNAL) != sizeof(frame))
		shutdown(message->connection->fd, SHUT_RDWR);
}

static void actor_receive(const struct message *message)
{
	uint32_t *sum = &message->connection->sums[message->actor];

	for (size_t i = 0; i < message->size; i++)
		*sum += message->payload[i];
	frame_answer(message, FRAME_REPLY, *sum);
}

static void message_handle(struct endpoint *endpoint, struct message *message)
{
	switch (message->type) {
	case FRAME_MESSAGE:
		actor_receive(message);
		break;
	case FRAME_PING:
		frame_answer(message, FRAME_PONG, 0);
		break;
	case MESSAGE_CLOSED:
		connection_end(endpoint, message->connection);
		break;
	case MESSAGE_STOP:
		endpoint->is_stopping = true;
		break;
	}
	free(message);
}

/* Until one of the two reads is complete. */
static void endpoint_sleep(struct endpoint *endpoint)
{
	const struct waiter *message_read = endpoint->message_read, *system_read = endpoint->system_read;

	pthread_mutex_lock(&endpoint->lock);
	while (message_read && system_read && !message_read->is_complete && !system_read->is_complete)
		pthread_cond_wait(&endpoint->has_completed, &endpoint->lock);
	pthread_mutex_unlock(&endpoint->lock);
}

static void endpoint_turn(struct endpoint *endpoint)
{
	struct message *message;

	turn_wait(endpoint);
	endpoint_sleep(endpoint);
	endpoint->turns++;
	message = channel_read(endpoint, &endpoint->system);
	if (!message)
		message = channel_read(endpoint, &endpoint->messages);
	if (message)
		message_handle(endpoint, message);
}

static void *endpoint_run(void *argument)
{
	struct endpoint *endpoint = argument;

	while (!endpoint->is_stopping || endpoint->connections)
		endpoint_turn(endpoint);
	return NULL;
}

/* ---- the thread that accepts ---- */

/* Until SIGTERM or SIGINT. */
static void connections_accept(struct endpoint *endpoint, int listener, int signals)
{
	struct pollfd ready[] = {{.fd = signals, .events = POLLIN}, {.fd = listener, .events = POLLIN}};

	while (poll(ready, 2, -1) < 0 || !ready[0].revents) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			connection_open(endpoint, fd);
		else if (errno == EMFILE || errno == ENFILE)
			poll(ready, 1, 100); /* whoever waits is still there then */
	}
}

/* The connections end as if their peers had, then the endpoint. */
static void endpoint_stop(struct endpoint *endpoint, struct message *stop)
{
	pthread_mutex_lock(&endpoint->lock);
	for (struct connection *connection = endpoint->connections; connection; connection = connection->next)
		shutdown(connection->fd, SHUT_RDWR);
	pthread_mutex_unlock(&endpoint->lock);
	channel_write(endpoint, &endpoint->messages, stop);
}

static int endpoint_serve(struct endpoint *endpoint, int listener, int signals)
{
	struct message *stop = message_new(NULL, MESSAGE_STOP, 0);
	pthread_t thread;

	if (!stop || pthread_create(&thread, NULL, endpoint_run, endpoint)) {
		free(stop);
		return -1;
	}
	connections_accept(endpoint, listener, signals);
	endpoint_stop(endpoint, stop);
	return pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	static struct endpoint endpoint = {.lock = PTHREAD_MUTEX_INITIALIZER,
					   .has_completed = PTHREAD_COND_INITIALIZER,
					   .has_room = PTHREAD_COND_INITIALIZER};
	int wanted = 0, signals = signals_open(), listener;
	uint16_t port;

	arguments_read(argc, argv, &wanted, (struct argument[]){{.name = NULL}});
	endpoint.messages.last = &endpoint.messages.first;
	endpoint.system.last = &endpoint.system.first;
	port = (uint16_t)wanted;
	listener = loopback_listen(&port);
	if (signals < 0 || listener < 0) {
		fprintf(stderr, "actor: cannot listen on 127.0.0.1:%u: %s\n", port, strerror(errno));
		return 1;
	}
	port_print(port);
	if (endpoint_serve(&endpoint, listener, signals)) {
		fprintf(stderr, "actor: cannot start the endpoint\n");
		return 1;
	}
	close(listener);
	close(signals);
	fprintf(stderr, "actor: %llu turns, bye\n", (unsigned long long)endpoint.turns);
	return 0;
}
