/* SPDX-License-Identifier: MIT */
/*
 * http.h - a small HTTP server for one page and a few tools, which strangers may attack: transport only, it knows
 * nothing of recordings. The only folder that says MHD_.
 *
 * Two threads. The transport's reads requests, refuses what may not be (access.h), answers assets and feeds the event
 * streams. Handlers and ticks run on the worker, which is the thread that called http_run(): never two at a time, in
 * the order of arrival. So whatever they use needs no lock. Between both is a queue of HTTP_QUEUE_MOST requests; one
 * more is answered 503. Nothing wakes up while nothing happens: ticks come only while an event stream is open.
 *
 * Bounds: HTTP_CONNECTIONS_MOST connections, of them HTTP_STREAMS_MOST event streams; HTTP_CONNECTION_BYTES of memory
 * for a connection's request line, headers and answer's headers; HTTP_TARGET_BYTES (target.h) for path and query;
 * HTTP_ARRIVAL_S seconds for a request to arrive whole. Only GET and HEAD, no bodies. When connections get scarce,
 * those go that have waited longest without having shown the token (crowd.h).
 *
 * Ownership: what http_options points to (routes, assets, context) stays the caller's and must live until
 * http_close(); token and hosts are copied. A request is borrowed for its handler's call. Only http_publish() and
 * http_stream_count() may be called from other threads than the worker's.
 */
#ifndef SEEP_HTTP_H
#define SEEP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../render/buffer.h"

enum {
	HTTP_CONNECTIONS_MOST = 64,
	HTTP_STREAMS_MOST = 16,
	HTTP_QUEUE_MOST = 32,
	HTTP_CONNECTION_BYTES = 32768,
	HTTP_ARRIVAL_S = 10,
};

struct http_server;
struct http_request;

/* The path, decoded, without the query. */
const char *http_path(const struct http_request *request);
/* A parameter of the query, decoded; the first of several. NULL: not given; "": given without a value. */
const char *http_query(const struct http_request *request, const char *name);
/* All parameters but the token, in their order. */
void http_each_query(const struct http_request *request, void (*each)(const char *name, const char *value, void *),
		     void *context);

/* Zeroed, a handler fills it. */
struct http_response {
	unsigned status;       /* 0: 200 */
	const char *type;      /* a static string, such as "application/json" (also if NULL) */
	struct buffer body;    /* taken by the server */
	const char *file_name; /* the answer is a download of that name; NULL: it is none. Static, or of the context */
};

/* Answers {"error": "sentence"}; what the response held so far is released. */
void http_fail(struct http_response *response, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* On the worker. */
typedef void http_handler(const struct http_request *request, struct http_response *response, void *context);

struct http_route {
	const char *path; /* exactly; it comes before an asset of the same path */
	http_handler *handle;
};

struct http_asset {
	const char *path, *type;
	const void *bytes;
	size_t size;
};

struct http_options {
	const char *listen;       /* ADDR:PORT, [ADDR]:PORT; port 0: a free one */
	const char *token;        /* whoever has it may read; see http_token_is_usable() */
	const char *const *hosts; /* names by which the server may be called, beside its address and localhost */
	size_t host_count;
	const struct http_route *routes;
	size_t route_count;
	const struct http_asset *assets;
	size_t asset_count;
	const char *events_path;     /* of the event stream; NULL: none */
	void (*tick)(void *context); /* NULL: none. On the worker: at once when an event stream opens after none was */
	double tick_s;               /* open, and then each so many seconds until the last one has closed */
	void *context;               /* of handlers and ticks */
};

/*
 * Listens, and starts the transport; requests wait for http_run(). SEEP_ERR_USAGE: `listen` is no address and port;
 * SEEP_ERR_IO: the system refused (the address is in use, ...).
 */
int http_open(const struct http_options *options, struct http_server **out, struct error *error);

/* The worker's loop; returns when stop_fd is readable (what was asked by then is answered 503 by http_close()). */
int http_run(struct http_server *server, int stop_fd, struct error *error);

/*
 * Sends an event to every open event stream: `data` is one line of text, copied. A stream whose reader is slow gets
 * the newest event only.
 */
void http_publish(struct http_server *server, const char *event, const struct buffer *data);

/* The open event streams: without any, nobody would see what is published. */
size_t http_stream_count(const struct http_server *server);

/* Where it listens: the port, and an address as it stands in a URL (of all addresses, one of this host's own). */
uint16_t http_port(const struct http_server *server);
const char *http_address(const struct http_server *server);

/* Ends all connections and the transport; NULL is allowed. */
void http_close(struct http_server *server);

/* 16 to 256 of the characters that need no escape in URLs and cookies: letters, digits, and -._~ */
bool http_token_is_usable(const char *token);

#endif
