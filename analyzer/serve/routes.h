/* SPDX-License-Identifier: MIT */
/* routes.h - everything that can be asked of `seep serve`, in one table. */
#ifndef SEEP_SERVE_ROUTES_H
#define SEEP_SERVE_ROUTES_H

#include "../commands/page.h"
#include "../http/http.h"
#include "metrics.h"

/* What handlers and ticks are given. */
struct serve {
	struct http_server *http;
	struct page *page;
	struct metrics *metrics;
};

extern const struct http_route serve_routes[];
extern const size_t serve_route_count;

/* Each second, while a page is open. */
void serve_tick(void *context);

#endif
