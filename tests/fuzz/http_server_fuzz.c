/* SPDX-License-Identifier: MIT */
/*
 * A whole server, with libmicrohttpd, over TCP: the input is what a client sends before it half-closes its end. Only
 * who shows the token is answered 200 or 303.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../analyzer/http/http.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SERVER_TOKEN "0123456789abcdef"
/* An answer comes at once or, to what is no whole request, never. */
#define SERVER_PATIENCE_MS 4

static struct {
	struct http_server *http;
	pthread_t worker;
	int stop;
} served = {.stop = -1};

static void server_answer(const struct http_request *request, struct http_response *response, void *context)
{
	(void)context;
	buffer_format(&response->body, "{\"path\": \"%s\"}", http_path(request));
}

static void *server_work(void *context)
{
	(void)context;
	http_run(served.http, served.stop, NULL);
	return NULL;
}

static void server_close(void)
{
	uint64_t one = 1;

	fuzz_must(write(served.stop, &one, sizeof(one)) == sizeof(one));
	pthread_join(served.worker, NULL);
	http_close(served.http);
	close(served.stop);
}

static void server_open(void)
{
	static const struct http_route route = {"/route", server_answer};
	static const struct http_asset asset = {"/", "text/html", "page", 4};
	static const struct http_options options = {.listen = "127.0.0.1:0",
						    .token = SERVER_TOKEN,
						    .routes = &route,
						    .route_count = 1,
						    .assets = &asset,
						    .asset_count = 1,
						    .events_path = "/events"};

	fuzz_must(!http_open(&options, &served.http, NULL));
	served.stop = eventfd(0, EFD_CLOEXEC);
	fuzz_must(!pthread_create(&served.worker, NULL, server_work, NULL));
	atexit(server_close);
}

static int server_connect(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http_port(served.http))};
	struct linger reset = {.l_onoff = 1};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fuzz_must(client >= 0 && !connect(client, (struct sockaddr *)&address, sizeof(address)));
	/* no port is left in TIME_WAIT */
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return client;
}

/* What has come back by then. */
static size_t server_hear(int client, char *out, size_t room)
{
	struct pollfd file = {.fd = client, .events = POLLIN};
	ssize_t size = poll(&file, 1, SERVER_PATIENCE_MS) > 0 ? recv(client, out, room - 1, MSG_DONTWAIT) : 0;

	out[size > 0 ? size : 0] = '\0';
	return size > 0 ? (size_t)size : 0;
}

static bool server_is_given_token(const uint8_t *data, size_t size)
{
	/* it may be escaped in the query */
	return memmem(data, size, SERVER_TOKEN, sizeof(SERVER_TOKEN) - 1) || memchr(data, '%', size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char answer[4096];
	int client;

	if (!served.http)
		server_open();
	client = server_connect();
	if (send(client, data, size, MSG_NOSIGNAL) >= 0 && !shutdown(client, SHUT_WR) &&
	    server_hear(client, answer, sizeof(answer))) {
		fuzz_must(!strncmp(answer, "HTTP/1.", 7));
		fuzz_must((strncmp(answer + 9, "200", 3) && strncmp(answer + 9, "303", 3)) ||
			  server_is_given_token(data, size));
	}
	close(client);
	return 0;
}
