/* SPDX-License-Identifier: MIT */
/* queue.c - requests to the worker and back; a full queue is said, not waited for. */
#include "server.h"

bool queue_ask(struct http_server *server, struct http_request *request)
{
	bool has_room;

	pthread_mutex_lock(&server->lock);
	has_room = server->shared.count < HTTP_QUEUE_MOST && !server->shared.is_closing;
	if (has_room)
		server->shared.asked[(server->shared.first + server->shared.count++) % HTTP_QUEUE_MOST] = request;
	pthread_mutex_unlock(&server->lock);
	if (has_room)
		server_wake(server->wake_worker);
	return has_room;
}

struct http_request *queue_take(struct http_server *server)
{
	struct http_request *request = NULL;

	pthread_mutex_lock(&server->lock);
	if (server->shared.count) {
		request = server->shared.asked[server->shared.first];
		server->shared.first = (server->shared.first + 1) % HTTP_QUEUE_MOST;
		server->shared.count--;
	}
	pthread_mutex_unlock(&server->lock);
	return request;
}

void queue_answer(struct http_server *server, struct http_request *request)
{
	pthread_mutex_lock(&server->lock);
	request->next = server->shared.answered;
	server->shared.answered = request;
	pthread_mutex_unlock(&server->lock);
	server_wake(server->wake_transport);
}

struct http_request *queue_answers(struct http_server *server)
{
	struct http_request *answers;

	pthread_mutex_lock(&server->lock);
	answers = server->shared.answered;
	server->shared.answered = NULL;
	pthread_mutex_unlock(&server->lock);
	return answers;
}
