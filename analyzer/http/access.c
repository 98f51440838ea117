/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <string.h>
#include <strings.h>

#include "http.h"

/* ---- the token ---- */

/* Of the length only the time it takes tells. */
static bool token_is(const char *token, const char *given, size_t size)
{
	unsigned char difference = 0;

	if (strlen(token) != size)
		return false;
	for (size_t i = 0; i < size; i++)
		difference |= (unsigned char)(token[i] ^ given[i]);
	return !difference;
}

static bool whole_token_is(const char *token, const char *given)
{
	return token_is(token, given, strlen(given));
}

bool http_token_is_usable(const char *token)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t size = strlen(token);

	return size >= 16 && size <= 256 && strspn(token, characters) == size;
}

/* RFC 6265, 4.2.1: pairs "name=value", separated by "; ". Browsers send several of a name, if they have them. */
static bool cookie_has(const char *cookies, const char *name, const char *token)
{
	size_t name_size = strlen(name);

	while (*cookies) {
		size_t size = strcspn(cookies, ";");

		if (size > name_size && !strncmp(cookies, name, name_size) && cookies[name_size] == '=' &&
		    token_is(token, cookies + name_size + 1, size - name_size - 1))
			return true;
		cookies += size;
		cookies += strspn(cookies, "; \t");
	}
	return false;
}

static bool is_bearer(const char *authorization, const char *token)
{
	static const char scheme[] = "Bearer ";

	return !strncasecmp(authorization, scheme, sizeof(scheme) - 1) &&
	       whole_token_is(token, authorization + sizeof(scheme) - 1);
}

static bool has_token(const struct access_rules *rules, const struct access_request *request)
{
	return (request->query_token && whole_token_is(rules->token, request->query_token)) ||
	       (request->authorization && is_bearer(request->authorization, rules->token)) ||
	       (request->cookie && cookie_has(request->cookie, rules->cookie, rules->token));
}

/* ---- the host ---- */

/* Without the port: "name:port", "[address]:port". */
static size_t host_size(const char *host)
{
	if (host[0] == '[')
		return strcspn(host, "]") + (strchr(host, ']') != NULL);
	return strcspn(host, ":");
}

static bool is_port(const char *text)
{
	return !*text || (text[0] == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static bool host_is(const char *host, const char *name)
{
	size_t size = host_size(host);

	return strlen(name) == size && !strncasecmp(host, name, size) && is_port(host + size);
}

static bool host_is_ours(const struct access_rules *rules, const struct access_request *request)
{
	static const char *const always[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (host_is(request->host, always[i]))
			return true;
	for (size_t i = 0; i < rules->host_count; i++)
		if (host_is(request->host, rules->hosts[i]))
			return true;
	return request->local_address && host_is(request->host, request->local_address);
}

/* ---- the origin ---- */

/* "http://HOST" as the request itself says it; behind a proxy, https. */
static bool is_own_origin(const char *origin, const char *host)
{
	const char *rest = strstr(origin, "://");

	return rest && (!strncmp(origin, "http://", 7) || !strncmp(origin, "https://", 8)) &&
	       !strcasecmp(rest + 3, host);
}

static bool comes_from_elsewhere(const struct access_request *request)
{
	if (request->origin && !is_own_origin(request->origin, request->host))
		return true;
	return request->fetch_site && strcmp(request->fetch_site, "none") != 0 &&
	       strcmp(request->fetch_site, "same-origin") != 0;
}

static bool is_navigation(const struct access_request *request)
{
	return !request->origin && request->fetch_mode && !strcmp(request->fetch_mode, "navigate");
}

/* ---- all ---- */

static struct access_answer refuse(unsigned status, const char *sentence)
{
	return (struct access_answer){.status = status, .sentence = sentence};
}

/* Whether a token is right is told to nobody whom the headers before it give away. */
struct access_answer access_check(const struct access_rules *rules, const struct access_request *request)
{
	bool is_entry = request->query_token && !strcmp(request->path, "/");
	bool is_from_outside;

	if (!request->host || request->host_count != 1)
		return refuse(400, "a request names one host");
	if (!host_is_ours(rules, request))
		return refuse(421, "this server does not go by that name; seep serve --allow-host NAME allows it");
	is_from_outside = comes_from_elsewhere(request);
	if (is_from_outside && !(is_entry && is_navigation(request)))
		return refuse(403, "pages of elsewhere may not read this");
	if (!has_token(rules, request))
		return refuse(401, "the token is missing or wrong; open the URL that seep serve printed");
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return refuse(405, "only GET and HEAD are answered");
	if (request->has_body)
		return refuse(413, "a request has no body here");
	return (struct access_answer){.takes_cookie = is_entry, .is_from_outside = is_from_outside};
}
