/* SPDX-License-Identifier: MIT */
/* playground.c - the server but for its pages: one thread that accepts, workers with an epoll each, and the upstream
 * worker. */
#include "playground.h"

#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WORKER_MAX = 64, SILENT_MS = 30000, DRAIN_MS = 2000, TICK_MS = 1000, ACCEPT_AGAIN_MS = 100 };

struct connection {
	struct connection *next, **link;
	int socket;
	int64_t until_ms; /* when it is ended unless something comes or goes */
	uint32_t events;  /* what epoll waits for */
	bool is_ending;   /* after the answer */
	bool is_draining; /* answered for the last time: until the client has closed, what comes is discarded */
	size_t skip;      /* bytes of a request's body that are still to come */
	size_t head_size, sent;
	char head[512]; /* of the answer that is being sent; head_size 0: none is */
	bool has_body;
	struct answer answer;
	size_t input_size;
	char input[HTTP_HEAD_MAX];
};

struct worker {
	pthread_t thread;
	int epoll;
	int incoming[2]; /* a pipe of accepted sockets; its end is the worker's */
	uint16_t upstream;
	int64_t tick_ms;
	struct connection *connections;
	long long answered;
};

struct server {
	int signals;
	struct pollfd listeners[2]; /* for clients, and for the upstream worker */
	int worker_count, next;
	struct worker workers[WORKER_MAX + 1]; /* the last one in use is the upstream */
};

/* ---- connections ---- */

static void connection_close(struct connection *connection)
{
	answer_release(&connection->answer);
	close(connection->socket);
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	free(connection);
}

static void connection_open(struct worker *worker, int socket)
{
	struct connection *connection = malloc(sizeof(*connection));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

	if (!connection || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, socket, &event)) {
		free(connection);
		close(socket);
		return;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	memset(connection, 0, offsetof(struct connection, input));
	connection->socket = socket;
	connection->events = EPOLLIN;
	connection->until_ms = clock_ms() + SILENT_MS;
	connection->next = worker->connections;
	connection->link = &worker->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	worker->connections = connection;
}

static void connection_wait(struct worker *worker, struct connection *connection, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};

	if (connection->events == events)
		return;
	epoll_ctl(worker->epoll, EPOLL_CTL_MOD, connection->socket, &event);
	connection->events = events;
}

static void input_drop(struct connection *connection, size_t size)
{
	connection->input_size -= size;
	memmove(connection->input, connection->input + size, connection->input_size);
}

/* ---- answers ---- */

static void answer_begin(struct connection *connection, const struct http_request *request)
{
	struct http_answer_head head = {.status = connection->answer.status,
					.type = connection->answer.type,
					.body_size = connection->answer.size,
					.keeps_connection = !connection->is_ending};

	connection->head_size = http_answer_write(&head, connection->head, sizeof(connection->head));
	connection->has_body = !request->is_head;
	connection->sent = 0;
}

/* Sends what can be sent now. Returns 0 when that was all of it, else an errno value. */
static int answer_send(struct connection *connection)
{
	size_t body_size = connection->has_body ? connection->answer.size : 0;

	while (connection->sent < connection->head_size + body_size) {
		size_t in_head = connection->sent < connection->head_size ? connection->sent : connection->head_size;
		size_t in_body = connection->sent - in_head;
		struct iovec parts[] = {{connection->head + in_head, connection->head_size - in_head},
					{(char *)connection->answer.body + in_body, body_size - in_body}};
		struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
		ssize_t done = sendmsg(connection->socket, &message, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		connection->sent += (size_t)done;
		connection->until_ms = clock_ms() + SILENT_MS;
	}
	return 0;
}

/*
 * After the last answer. Closing at once while something unread has come would reset the connection, and the client
 * might never see the answer.
 */
static void connection_drain(struct connection *connection)
{
	connection->is_draining = true;
	connection->input_size = 0;
	connection->until_ms = clock_ms() + DRAIN_MS;
	shutdown(connection->socket, SHUT_WR);
}

/* ---- requests ---- */

/* Takes a request from the input and makes its answer. False: none has come as a whole. */
static bool request_answer(struct worker *worker, struct connection *connection)
{
	struct http_request request;
	size_t skipped = connection->skip < connection->input_size ? connection->skip : connection->input_size;

	input_drop(connection, skipped);
	connection->skip -= skipped;
	if (connection->skip > 0 || !http_request_read(connection->input, connection->input_size, &request))
		return false;
	worker->answered++;
	connection->is_ending = request.status || !request.keeps_connection;
	if (request.status)
		answer_refuse(&connection->answer, request.status, "the request cannot be served");
	else
		endpoints_answer(&request, worker->upstream, &connection->answer);
	input_drop(connection, request.head_size);
	connection->skip = request.body_size;
	answer_begin(connection, &request);
	return true;
}

/* Answers all requests of the input, as far as the client takes the answers. */
static void connection_serve(struct worker *worker, struct connection *connection)
{
	while (!connection->is_draining && (connection->head_size || request_answer(worker, connection))) {
		int error = answer_send(connection);

		if (error == EAGAIN) {
			connection_wait(worker, connection, EPOLLOUT);
			return;
		}
		if (error) {
			connection_close(connection);
			return;
		}
		connection->head_size = 0;
		answer_release(&connection->answer);
		if (connection->is_ending)
			connection_drain(connection);
	}
	connection_wait(worker, connection, EPOLLIN);
}

static void connection_ready(struct worker *worker, struct connection *connection)
{
	ssize_t got;

	if (connection->head_size) {
		connection_serve(worker, connection);
		return;
	}
	got = recv(connection->socket, connection->input + connection->input_size,
		   sizeof(connection->input) - connection->input_size, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_close(connection);
		return;
	}
	if (connection->is_draining)
		return;
	connection->until_ms = clock_ms() + SILENT_MS;
	connection->input_size += (size_t)got;
	connection_serve(worker, connection);
}

/* ---- workers ---- */

/* Once a second. */
static void worker_tick(struct worker *worker)
{
	int64_t now_ms = clock_ms();
	struct connection *next;

	if (now_ms - worker->tick_ms < TICK_MS)
		return;
	worker->tick_ms = now_ms;
	for (struct connection *connection = worker->connections; connection; connection = next) {
		next = connection->next;
		if (now_ms >= connection->until_ms)
			connection_close(connection);
	}
}

/* Takes accepted sockets over. False: there will be no more, as the server ends. */
static bool incoming_take(struct worker *worker)
{
	int sockets[64];
	ssize_t got = read(worker->incoming[0], sockets, sizeof(sockets));

	for (ssize_t i = 0; i < got / (ssize_t)sizeof(sockets[0]); i++)
		connection_open(worker, sockets[i]);
	return got != 0;
}

static bool worker_turn(struct worker *worker)
{
	struct epoll_event events[64];
	int count = epoll_wait(worker->epoll, events, 64, TICK_MS);
	bool goes_on = true;

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr)
			connection_ready(worker, events[i].data.ptr);
		else
			goes_on = incoming_take(worker);
	}
	worker_tick(worker);
	return goes_on;
}

static void *worker_run(void *argument)
{
	struct worker *worker = argument;

	while (worker_turn(worker)) {
	}
	while (worker->connections)
		connection_close(worker->connections);
	close(worker->incoming[0]);
	close(worker->epoll);
	return NULL;
}

static int worker_start(struct worker *worker, uint16_t upstream)
{
	worker->upstream = upstream;
	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll < 0 || pipe2(worker->incoming, O_CLOEXEC | O_NONBLOCK))
		return -1;
	if (watch_add(worker->epoll, worker->incoming[0], EPOLLIN, 0))
		return -1;
	errno = pthread_create(&worker->thread, NULL, worker_run, worker);
	return errno ? -1 : 0;
}

/* A worker whose pipe is full has thousands of connections to take over: this one is one too many. */
static void worker_hand(struct worker *worker, int socket)
{
	if (write(worker->incoming[1], &socket, sizeof(socket)) != sizeof(socket))
		close(socket);
}

/* The worker ends its connections and itself once it reads the end of its pipe. */
static long long worker_stop(struct worker *worker)
{
	close(worker->incoming[1]);
	pthread_join(worker->thread, NULL);
	return worker->answered;
}

/* ---- the server ---- */

static int server_open(struct server *server, uint16_t *port)
{
	uint16_t upstream = 0;

	server->signals = signals_open();
	server->listeners[0] = (struct pollfd){.fd = loopback_listen(port), .events = POLLIN};
	server->listeners[1] = (struct pollfd){.fd = loopback_listen(&upstream), .events = POLLIN};
	if (server->signals < 0 || server->listeners[0].fd < 0 || server->listeners[1].fd < 0)
		return -1;
	for (int i = 0; i <= server->worker_count; i++)
		if (worker_start(&server->workers[i], i < server->worker_count ? upstream : 0))
			return -1;
	return 0;
}

/* The clients' connections go to the workers in turn, the workers' own to the upstream. */
static void server_accept(struct server *server, bool is_upstream)
{
	int socket = accept4(server->listeners[is_upstream].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		poll(NULL, 0, ACCEPT_AGAIN_MS); /* the next try would fail as well */
	if (socket < 0)
		return;
	worker_hand(&server->workers[is_upstream ? server->worker_count : server->next], socket);
	if (!is_upstream)
		server->next = (server->next + 1) % server->worker_count;
}

/* Until SIGTERM or SIGINT. */
static void server_run(struct server *server)
{
	for (;;) {
		struct pollfd waits[] = {
			server->listeners[0], server->listeners[1], {.fd = server->signals, .events = POLLIN}};

		if (poll(waits, 3, -1) < 0)
			continue;
		if (waits[2].revents)
			return;
		for (int i = 0; i < 2; i++)
			if (waits[i].revents)
				server_accept(server, i == 1);
	}
}

/* The upstream goes last, as workers may wait for its answers; those that it did not accept yet fail with its listener.
 */
static long long server_close(struct server *server)
{
	long long answered = 0;

	close(server->listeners[0].fd);
	close(server->listeners[1].fd);
	for (int i = 0; i <= server->worker_count; i++)
		answered += worker_stop(&server->workers[i]);
	close(server->signals);
	return answered;
}

int main(int argc, char **argv)
{
	static struct server server = {.worker_count = 4};
	const struct argument arguments[] = {{"workers", &server.worker_count, 1, WORKER_MAX}, {0}};
	int port = 0;
	uint16_t bound;

	arguments_read(argc, argv, &port, arguments);
	bound = (uint16_t)port;
	descriptors_raise();
	if (server_open(&server, &bound)) {
		perror("playground: cannot start");
		return 1;
	}
	port_print(bound);
	server_run(&server);
	fprintf(stderr, "playground: %lld answers, bye\n", server_close(&server));
	return 0;
}
