/* SPDX-License-Identifier: MIT */
/*
 * stream.c - event streams: text/event-stream as in the HTML standard, 9.2.
 *
 * A stream sends one event at a time, whole, and then the newest that there is by then: what a slow reader misses is
 * not kept for it. With nothing to send its connection is suspended.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "server.h"

/* A client that has gone is noticed when it is written to. */
#define SIGN_OF_LIFE_NS (15 * NS_PER_S)
/* Sent at once, so that the client sees the stream open; in ms, after which it comes back to a server that has gone. */
#define HELLO "retry: 2000\n\n"

/* ---- events ---- */

static struct event *new_event(const char *text, size_t size)
{
	struct event *event = malloc(sizeof(*event) + size);

	if (!event)
		return NULL;
	*event = (struct event){.references = 1, .size = size};
	memcpy(event->text, text, size);
	return event;
}

/* Under the lock. */
static void drop_event(struct event *event)
{
	if (event && --event->references == 0)
		free(event);
}

/* An event that does not fit into memory is as one that a slow reader missed. */
static void replace_newest(struct http_server *server, const struct buffer *text)
{
	struct event *event = new_event(text->text, text->size);

	if (!event)
		return;
	pthread_mutex_lock(&server->lock);
	event->number = ++server->shared.event_count;
	drop_event(server->shared.newest);
	server->shared.newest = event;
	pthread_mutex_unlock(&server->lock);
	server_wake(server->wake_transport);
}

void http_publish(struct http_server *server, const char *event, const struct buffer *data)
{
	struct buffer text = {0};

	if (!http_stream_count(server))
		return;
	buffer_format(&text, "event: %s\ndata: ", event);
	if (data->size)
		buffer_add_bytes(&text, data->text, data->size);
	buffer_add(&text, "\n\n");
	replace_newest(server, &text);
	buffer_release(&text);
}

size_t http_stream_count(const struct http_server *server)
{
	return atomic_load(&server->stream_count);
}

/* ---- a stream ---- */

bool stream_open(struct http_request *request)
{
	struct http_server *server = request->server;

	if (atomic_load(&server->stream_count) >= HTTP_STREAMS_MOST)
		return false;
	request->stage = REQUEST_STREAM;
	request->stream.event = new_event(HELLO, sizeof(HELLO) - 1);
	pthread_mutex_lock(&server->lock);
	request->stream.seen = server->shared.event_count;
	pthread_mutex_unlock(&server->lock);
	request->stream.next = server->streams;
	if (server->streams)
		server->streams->stream.previous = request;
	server->streams = request;
	if (atomic_fetch_add(&server->stream_count, 1) == 0) {
		server->published_ns = clock_boottime_ns();
		server_wake(server->wake_worker);
	}
	return true;
}

void stream_close(struct http_request *request)
{
	struct http_server *server = request->server;
	struct stream *stream = &request->stream;

	*(stream->previous ? &stream->previous->stream.next : &server->streams) = stream->next;
	if (stream->next)
		stream->next->stream.previous = stream->previous;
	pthread_mutex_lock(&server->lock);
	drop_event(stream->event);
	pthread_mutex_unlock(&server->lock);
	atomic_fetch_sub(&server->stream_count, 1);
}

/* Gives up the event that was sent for the newest, if that is another. True: the server closes. */
static bool next_event(struct http_server *server, struct stream *stream)
{
	bool is_closing;

	pthread_mutex_lock(&server->lock);
	is_closing = server->shared.is_closing;
	drop_event(stream->event);
	stream->event = NULL;
	stream->sent = 0;
	if (server->shared.newest && server->shared.newest->number > stream->seen) {
		stream->event = server->shared.newest;
		stream->event->references++;
		stream->seen = stream->event->number;
	}
	pthread_mutex_unlock(&server->lock);
	return is_closing;
}

ssize_t stream_read(void *context, uint64_t position, char *out, size_t most)
{
	struct http_request *request = context;
	struct stream *stream = &request->stream;
	size_t size;

	(void)position;
	if ((!stream->event || stream->sent == stream->event->size) && next_event(request->server, stream))
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!stream->event) {
		stream->is_suspended = true;
		MHD_suspend_connection(request->connection);
		return 0;
	}
	size = stream->event->size - stream->sent;
	size = size < most ? size : most;
	memcpy(out, stream->event->text + stream->sent, size);
	stream->sent += size;
	return (ssize_t)size;
}

/* ---- all of them ---- */

void streams_resume(struct http_server *server, bool all)
{
	uint64_t newest;

	pthread_mutex_lock(&server->lock);
	newest = server->shared.event_count;
	pthread_mutex_unlock(&server->lock);
	for (struct http_request *request = server->streams; request; request = request->stream.next) {
		if (!request->stream.is_suspended || (!all && request->stream.seen >= newest))
			continue;
		request->stream.is_suspended = false;
		server->published_ns = clock_boottime_ns();
		MHD_resume_connection(request->connection);
	}
}

int64_t streams_due_ns(const struct http_server *server)
{
	return server->streams ? server->published_ns + SIGN_OF_LIFE_NS : INT64_MAX;
}

void streams_sign_of_life(struct http_server *server, int64_t now_ns)
{
	static char comment[] = ":\n\n";
	static const struct buffer text = {.text = comment, .size = sizeof(comment) - 1};

	if (now_ns < streams_due_ns(server))
		return;
	server->published_ns = now_ns;
	replace_newest(server, &text);
}
