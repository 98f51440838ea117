/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "../render/json.h"

/* ---- handlers ---- */

static void answer_version(const struct http_request *request, struct http_response *response, void *context)
{
	struct json json = {.out = &response->body};

	(void)request;
	(void)context;
	json_begin_object(&json, NULL);
	json_string(&json, "seep_version", SEEP_VERSION);
	json_end_object(&json);
}

/* ---- the table ---- */

const struct http_route serve_routes[] = {
	{"/api/version", answer_version},
};
const size_t serve_route_count = sizeof(serve_routes) / sizeof(serve_routes[0]);

void serve_tick(void *context)
{
	struct serve *serve = context;
	struct buffer event = {0};

	buffer_add(&event, "{}");
	http_publish(serve->http, "tick", &event);
	buffer_release(&event);
}
