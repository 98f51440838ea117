/* SPDX-License-Identifier: MIT */
/*
 * access.h - who may read: the rules, as a function of a request's headers. Pure; hostile input.
 *
 * - The token, compared in constant time: as `?token=`, as "Authorization: Bearer TOKEN", or as the cookie that the
 *   first of these sets.
 * - Host must be one by which this server is known, since a page of elsewhere whose name is made to lead here (DNS
 *   rebinding) is of the same origin to a browser, and then only the name betrays it. The port does not matter: a
 *   tunnel or a proxy has another one.
 * - A browser must ask on behalf of this server's own page, or because the user typed the address (Sec-Fetch-Site,
 *   Origin). Another port of this host is elsewhere, too. A link of elsewhere may open the page if it has the token.
 */
#ifndef SEEP_HTTP_ACCESS_H
#define SEEP_HTTP_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

struct access_rules {
	const char *token;
	const char *cookie;       /* its name */
	const char *const *hosts; /* allowed beside localhost, 127.0.0.1 and [::1] */
	size_t host_count;
};

/* Of a request; NULL: not there. */
struct access_request {
	const char *method, *path;
	const char *host;
	size_t host_count;         /* Host headers */
	const char *local_address; /* that this connection came to, as in a URL */
	const char *origin, *fetch_site, *fetch_mode;
	const char *authorization, *cookie, *query_token;
	bool has_body;
};

struct access_answer {
	unsigned status;      /* 0: allowed; 400, 401, 403, 405, 413, 421: refused */
	const char *sentence; /* why */
	bool takes_cookie;    /* allowed, and to be answered with the cookie and a way to "/" */
	bool is_from_outside; /* the user came by a link of elsewhere: no redirect would bring a strict cookie */
};

struct access_answer access_check(const struct access_rules *rules, const struct access_request *request);

#endif
