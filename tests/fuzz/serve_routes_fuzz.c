/* SPDX-License-Identifier: MIT */
/*
 * Whatever can be asked of `seep serve`: the input is a request's target, answered from a small recording. What is
 * wrong is said in a sentence, and is the one's fault who asks: never 500.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* page_fixture.h wants it */

#include "../../analyzer/http/server.h"
#include "../../analyzer/serve/routes.h"
#include "../unit/page_fixture.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct page_fixture fixture;
	struct serve serve;
} routes;

static void routes_close(void)
{
	metrics_close(routes.serve.metrics);
	page_fixture_close(&routes.fixture);
}

static void routes_open(void)
{
	struct page_fixture *fixture = &routes.fixture;
	uint32_t heap, socket;

	page_fixture_open(fixture);
	page_fixture_begin(fixture, 1);
	heap = page_fixture_site(fixture, SEEP_KIND_HEAP);
	socket = page_fixture_site(fixture, SEEP_KIND_SOCKET);
	page_fixture_commit(fixture);
	for (int64_t second = 2; second < 90; second++) {
		page_fixture_begin(fixture, second);
		page_fixture_put(fixture, fixture->process, heap, 10 * (uint64_t)second, 4 * (uint64_t)second, 100);
		page_fixture_put(fixture, fixture->process, socket, 3, 3, 0);
		page_fixture_commit(fixture);
	}
	page_fixture_serve(fixture);
	routes.serve.page = fixture->page;
	routes.serve.metrics = metrics_open(fixture->page, METRICS_CALLSITES);
	atexit(routes_close);
}

static const struct http_route *routes_find(const char *path)
{
	for (size_t i = 0; i < serve_route_count; i++)
		if (!strcmp(serve_routes[i].path, path))
			return &serve_routes[i];
	return NULL;
}

static void routes_ask(const struct http_route *route, struct http_request *request)
{
	struct http_response *response = &request->response;

	route->handle(request, response, &routes.serve);
	if (response->status && response->status != 200) {
		fuzz_must(response->status == 400 || response->status == 404);
		fuzz_must(response->body.size > 12 && !strncmp(response->body.text, "{\"error\": ", 10));
	} else {
		fuzz_must(response->body.size > 0);
	}
	buffer_release(&response->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct http_request request = {0};
	const struct http_route *route;

	if (!routes.serve.page)
		routes_open();
	if (target_parse(text, &request.target) == TARGET_FINE) {
		route = routes_find(request.target.path);
		if (route)
			routes_ask(route, &request);
	}
	target_release(&request.target);
	free(text);
	return 0;
}
