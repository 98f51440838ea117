/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "../render/json.h"
#include "../render/prometheus.h"
#include "pprof.h"

/* ---- queries and errors ---- */

struct query_walk {
	struct page_query *query;
	struct error *error;
	int code;
};

static void take_parameter(const char *name, const char *value, void *context)
{
	struct query_walk *walk = context;

	if (!walk->code)
		walk->code = page_query_add(walk->query, name, value, walk->error);
}

static int query_of(const struct http_request *request, struct page_query *query, struct error *error)
{
	struct query_walk walk = {query, error, SEEP_OK};

	http_each_query(request, take_parameter, &walk);
	return walk.code;
}

static void answer_error(struct http_response *response, int code, const struct error *error)
{
	unsigned status = code == SEEP_ERR_USAGE ? 400 : code == SEEP_ERR_NOT_FOUND ? 404 : 500;

	http_fail(response, status, "%s", error->text);
}

/* ---- the page's ---- */

/* X(path, page_function) */
#define PAGE_ROUTES(X)                        \
	X("/api/recordings", page_recordings) \
	X("/api/series", page_series)         \
	X("/api/callsites", page_callsites)   \
	X("/api/callsite", page_callsite)     \
	X("/api/flame", page_flame)

static void answer_page(const struct http_request *request, struct http_response *response, struct serve *serve,
			page_function *function)
{
	struct page_query query = {0};
	struct error error = {0};
	int code = query_of(request, &query, &error);

	if (!code)
		code = function(serve->page, &query, &response->body, &error);
	page_query_release(&query);
	if (code)
		answer_error(response, code, &error);
}

#define X(path, function)                                                                                 \
	static void answer_##function(const struct http_request *request, struct http_response *response, \
				      void *context)                                                      \
	{                                                                                                 \
		answer_page(request, response, context, function);                                        \
	}
PAGE_ROUTES(X)
#undef X

static void answer_export(const struct http_request *request, struct http_response *response, void *context)
{
	struct serve *serve = context;
	struct page_query query = {0};
	struct page_file file = {0};
	struct error error = {0};
	int code = query_of(request, &query, &error);

	if (!code)
		code = page_export(serve->page, &query, &response->body, &file, &error);
	page_query_release(&query);
	response->type = file.type;
	response->file_name = file.name;
	if (code)
		answer_error(response, code, &error);
}

static void answer_version(const struct http_request *request, struct http_response *response, void *context)
{
	struct json json = {.out = &response->body};

	(void)request;
	(void)context;
	json_begin_object(&json, NULL);
	json_string(&json, "seep_version", SEEP_VERSION);
	json_end_object(&json);
}

/* ---- for tools ---- */

static void answer_metrics(const struct http_request *request, struct http_response *response, void *context)
{
	struct serve *serve = context;

	(void)request;
	response->type = PROMETHEUS_TYPE;
	metrics_add(serve->metrics, &response->body);
}

static void answer_pprof_index(const struct http_request *request, struct http_response *response, void *context)
{
	(void)request;
	(void)context;
	response->type = "text/html; charset=utf-8";
	pprof_index(&response->body);
}

static void answer_profile(const struct http_request *request, struct http_response *response, struct serve *serve,
			   const char *type)
{
	struct page_query query = {0};
	struct error error = {0};
	int code = query_of(request, &query, &error);

	if (!code)
		code = pprof_profile(serve->page, &query, type, &response->body, &error);
	page_query_release(&query);
	response->type = "application/octet-stream";
	if (code)
		answer_error(response, code, &error);
}

static void answer_heap(const struct http_request *request, struct http_response *response, void *context)
{
	response->file_name = "heap.pb.gz";
	answer_profile(request, response, context, "inuse_space");
}

static void answer_allocs(const struct http_request *request, struct http_response *response, void *context)
{
	response->file_name = "allocs.pb.gz";
	answer_profile(request, response, context, "alloc_space");
}

/* ---- the table ---- */

const struct http_route serve_routes[] = {
	{"/api/version", answer_version},
#define X(path, function) {path, answer_##function},
	PAGE_ROUTES(X)
#undef X
		{"/api/export", answer_export},
	{"/metrics", answer_metrics},
	{"/debug/pprof/", answer_pprof_index},
	{"/debug/pprof/heap", answer_heap},
	{"/debug/pprof/allocs", answer_allocs},
};
const size_t serve_route_count = sizeof(serve_routes) / sizeof(serve_routes[0]);

void serve_tick(void *context)
{
	struct serve *serve = context;
	struct buffer event = {0};

	page_tick(serve->page, &event);
	http_publish(serve->http, "tick", &event);
	buffer_release(&event);
}
