/* SPDX-License-Identifier: MIT */
/*
 * server.h - the state that the files of this folder share; http.h is what others see.
 *
 * Who touches what: the transport's thread alone calls libmicrohttpd and owns connections, requests and streams. A
 * request whose connection is suspended may be lent to the worker: it goes through `asked` to the worker, and comes
 * back through `answered`; a suspended connection is never closed, so it cannot go away meanwhile. `lock` guards what
 * says so, and nothing is done under it but moving pointers. Each side wakes the other by an eventfd.
 */
#ifndef SEEP_HTTP_SERVER_H
#define SEEP_HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "access.h"
#include "crowd.h"
#include "http.h"
#include "listen.h"
#include "target.h"

/* What is sent to event streams, as it goes over the line; shared by those that are sending it. */
struct event {
	size_t references; /* guarded by the lock */
	uint64_t number;   /* they are numbered from 1 */
	size_t size;
	char text[];
};

struct stream {
	struct http_request *previous, *next; /* in the server's list */
	struct event *event;                  /* being sent; NULL: none */
	size_t sent;                          /* of its bytes */
	uint64_t seen;                        /* the number of the last event that was begun */
	bool is_suspended;
};

enum request_stage {
	REQUEST_NEW,      /* its headers have come */
	REQUEST_ADMITTED, /* and it may read */
	REQUEST_ASKED,    /* the worker has it, or will; its connection is suspended */
	REQUEST_ANSWERED, /* `response` is what to send */
	REQUEST_STREAM,
};

struct http_request {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct peer *peer;
	struct target target;
	enum target_fault fault;
	enum request_stage stage;
	bool takes_cookie, is_from_outside;
	const struct http_route *route;
	struct http_response response;
	struct http_request *next; /* in `answered` */
	struct stream stream;
};

struct http_server {
	struct http_options options; /* with our copies of token and hosts */
	struct listener listener;
	char cookie[32]; /* its name */
	struct access_rules rules;
	struct MHD_Daemon *daemon;
	int daemon_events; /* libmicrohttpd's descriptor: readable when MHD_run() has something to do */
	pthread_t transport;
	bool has_transport;
	struct crowd crowd;
	struct http_request *streams;
	int wake_transport, wake_worker; /* eventfds; -1 none */
	int64_t tick_due_ns;             /* the worker's */
	int64_t published_ns;            /* the transport's: when a stream was last sent something */

	atomic_size_t stream_count;
	pthread_mutex_t lock;
	struct { /* guarded by the lock */
		struct http_request *asked[HTTP_QUEUE_MOST];
		size_t first, count;
		struct http_request *answered;
		struct event *newest; /* NULL: none yet */
		uint64_t event_count;
		bool is_closing;
	} shared;
};

void server_wake(int event_file);
void server_slept(int event_file); /* takes in what has woken it */

/* transport.c: the thread. */
int transport_open(struct http_server *server, struct error *error);
void transport_close(struct http_server *server);

/* queue.c: between both. False: it is full. */
bool queue_ask(struct http_server *server, struct http_request *request);
struct http_request *queue_take(struct http_server *server); /* the worker's; NULL: it is empty */
void queue_answer(struct http_server *server, struct http_request *request);
struct http_request *queue_answers(struct http_server *server); /* all that were answered, linked by `next` */

/* stream.c: the transport's part of the event streams. */
bool stream_open(struct http_request *request); /* false: there are too many */
void stream_close(struct http_request *request);
ssize_t stream_read(void *request, uint64_t position, char *out, size_t most);
void streams_resume(struct http_server *server, bool all); /* those for which there is something to send, or all */
int64_t streams_due_ns(const struct http_server *server);  /* when to send a sign of life; INT64_MAX: never */
void streams_sign_of_life(struct http_server *server, int64_t now_ns);

/* answer.c: responses as libmicrohttpd wants them. NULL: no memory. */
struct MHD_Response *answer_text(const char *type, struct buffer *body); /* takes the body */
struct MHD_Response *answer_asset(const struct http_asset *asset);
struct MHD_Response *answer_stream(struct http_request *request);
struct MHD_Response *answer_refusal(unsigned status, const char *sentence);
struct MHD_Response *answer_entry(const struct http_request *request, unsigned *status);
void answer_add_advice(struct MHD_Response *response, unsigned status); /* the headers that a status wants */
enum MHD_Result answer_send(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response);

#endif
