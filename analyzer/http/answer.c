/* SPDX-License-Identifier: MIT */
/* answer.c - responses as libmicrohttpd wants them, with the headers that all of them have. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../render/json.h"
#include "server.h"

/*
 * Nothing of elsewhere is loaded, framed, embedded or told; nothing is kept in a cache, since what is shown is secret
 * and lasts a second.
 */
static const struct {
	const char *name, *value;
} common_headers[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
	 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cache-Control", "no-store"},
};

static struct MHD_Response *with_headers(struct MHD_Response *response, const char *type)
{
	if (!response)
		return NULL;
	MHD_add_response_header(response, "Content-Type", type);
	for (size_t i = 0; i < sizeof(common_headers) / sizeof(common_headers[0]); i++)
		MHD_add_response_header(response, common_headers[i].name, common_headers[i].value);
	return response;
}

struct MHD_Response *answer_text(const char *type, struct buffer *body)
{
	static char nothing[] = "";
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body->size, body->text ? body->text : nothing,
						body->text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	if (response)
		*body = (struct buffer){0};
	return with_headers(response, type ? type : "application/json");
}

struct MHD_Response *answer_asset(const struct http_asset *asset)
{
	/* not written to, though the parameter is not const */
	return with_headers(
		MHD_create_response_from_buffer(asset->size, (void *)(uintptr_t)asset->bytes, MHD_RESPMEM_PERSISTENT),
		asset->type);
}

struct MHD_Response *answer_stream(struct http_request *request)
{
	return with_headers(
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_CONNECTION_BYTES, stream_read, request, NULL),
		"text/event-stream");
}

static void put_sentence(struct buffer *out, const char *sentence)
{
	buffer_add(out, "{\"error\": ");
	json_quote(out, sentence);
	buffer_add(out, "}\n");
}

/* What HTTP wants beside the status. */
void answer_add_advice(struct MHD_Response *response, unsigned status)
{
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	else if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	else if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
}

struct MHD_Response *answer_refusal(unsigned status, const char *sentence)
{
	struct buffer body = {0};
	struct MHD_Response *response;

	put_sentence(&body, sentence);
	response = answer_text(NULL, &body);
	buffer_release(&body);
	if (response)
		answer_add_advice(response, status);
	return response;
}

/*
 * The cookie, and the way to "/", so that the token leaves the address bar. To a user who comes by a link of elsewhere
 * a browser's redirect would come without the strict cookie; a page that leads on is of here.
 */
struct MHD_Response *answer_entry(const struct http_request *request, unsigned *status)
{
	const struct http_server *server = request->server;
	struct buffer body = {0};
	struct MHD_Response *response;
	char cookie[512];

	if (request->is_from_outside)
		buffer_add(&body, "<!doctype html><meta http-equiv=\"refresh\" content=\"0; url=/\">\n");
	*status = request->is_from_outside ? MHD_HTTP_OK : MHD_HTTP_SEE_OTHER;
	response = answer_text("text/html; charset=utf-8", &body);
	buffer_release(&body);
	if (!response)
		return NULL;
	snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Strict", server->cookie,
		 server->options.token);
	MHD_add_response_header(response, "Set-Cookie", cookie);
	if (!request->is_from_outside)
		MHD_add_response_header(response, "Location", "/");
	return response;
}

enum MHD_Result answer_send(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

void http_fail(struct http_response *response, unsigned status, const char *format, ...)
{
	char sentence[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	buffer_release(&response->body);
	*response = (struct http_response){.status = status};
	put_sentence(&response->body, sentence);
}
