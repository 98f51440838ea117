/* SPDX-License-Identifier: MIT */
/* Who may read: every rule from both of its sides; and where a server may be told to listen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/http/access.h"
#include "../../analyzer/http/http.h"
#include "../../analyzer/http/listen.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static const char *const hosts[] = {"proxy.example", "10.1.2.3"};
static const struct access_rules rules = {.token = TOKEN, .cookie = "seep-8080", .hosts = hosts, .host_count = 2};

/* A request that is allowed, to be spoilt. */
static struct access_request good(void)
{
	return (struct access_request){.method = "GET",
				       .path = "/api/series",
				       .host = "127.0.0.1:8080",
				       .host_count = 1,
				       .local_address = "127.0.0.1",
				       .authorization = "Bearer " TOKEN};
}

static void expect_status(struct access_request request, unsigned status)
{
	struct access_answer answer = access_check(&rules, &request);

	if (answer.status != status)
		fail_msg("%u (%s), not %u", answer.status, answer.sentence ? answer.sentence : "", status);
	assert_int_equal(answer.sentence != NULL, status != 0);
}

static void the_token_is_taken_from_three_places(void **state)
{
	struct access_request request = good();

	(void)state;
	expect_status(request, 0);
	request.authorization = "bearer " TOKEN;
	expect_status(request, 0);
	request.authorization = NULL;
	expect_status(request, 401);
	request.cookie = "a=b; seep-8080=" TOKEN;
	expect_status(request, 0);
	request.cookie = "seep-8080=wrong; seep-8080=" TOKEN "; c=d";
	expect_status(request, 0);
	request.cookie = NULL;
	request.query_token = TOKEN;
	expect_status(request, 0);
}

static void a_token_that_is_nearly_right_is_wrong(void **state)
{
	static const char *const wrong[] = {"Bearer ",
					    "Bearer",
					    "",
					    TOKEN,
					    "Basic " TOKEN,
					    "Bearer " TOKEN "0",
					    "Bearer  " TOKEN,
					    "Bearer 0123456789abcdef0123456789abcdee",
					    "Bearer 1123456789abcdef0123456789abcdef",
					    "Bearer 0123456789abcdef0123456789abcde"};
	static const char *const wrong_cookies[] = {"",
						    ";",
						    "=",
						    "seep-8080",
						    "seep-8080=",
						    "seep-80800=" TOKEN,
						    "xseep-8080=" TOKEN,
						    "seep-8081=" TOKEN,
						    "seep-8080=" TOKEN "0",
						    "seep-8080 =" TOKEN,
						    "seep-8080=\"" TOKEN "\""};
	struct access_request request = good();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		request.authorization = wrong[i];
		expect_status(request, 401);
	}
	request.authorization = NULL;
	for (size_t i = 0; i < sizeof(wrong_cookies) / sizeof(wrong_cookies[0]); i++) {
		request.cookie = wrong_cookies[i];
		expect_status(request, 401);
	}
}

static void the_host_must_be_one_of_ours(void **state)
{
	static const char *const ours[] = {"localhost", "LOCALHOST:1",   "127.0.0.1",         "127.0.0.1:80", "[::1]",
					   "[::1]:9",   "proxy.example", "Proxy.Example:443", "10.1.2.3:8080"};
	static const char *const others[] = {"evil.example",
					     "localhost.evil.example",
					     "127.0.0.1.evil.example",
					     "",
					     ":80",
					     "127.0.0.2",
					     "[::2]",
					     "[::1",
					     "::1",
					     "localhost:80:80",
					     "localhost:80@evil.example",
					     "localhost:x",
					     "proxy.example.",
					     "10.1.2.30",
					     "127.0.0.1:80/",
					     "[::1]x"};
	struct access_request request = good();

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		request.host = ours[i];
		expect_status(request, 0);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		request.host = others[i];
		expect_status(request, 421);
	}
	request.host = "192.0.2.7:8080";
	expect_status(request, 421);
	request.local_address = "192.0.2.7";
	expect_status(request, 0);
}

static void there_is_one_host(void **state)
{
	struct access_request request = good();

	(void)state;
	request.host_count = 2;
	expect_status(request, 400);
	request.host = NULL;
	request.host_count = 0;
	expect_status(request, 400);
}

static void pages_of_elsewhere_are_refused_even_with_the_token(void **state)
{
	struct access_request request = good();

	(void)state;
	request.fetch_site = "same-origin";
	expect_status(request, 0);
	request.fetch_site = "none";
	expect_status(request, 0);
	request.fetch_site = "same-site"; /* another port of this host */
	expect_status(request, 403);
	request.fetch_site = "cross-site";
	expect_status(request, 403);
	request.fetch_site = NULL;
	request.origin = "http://127.0.0.1:8080";
	expect_status(request, 0);
	request.origin = "https://127.0.0.1:8080";
	expect_status(request, 0);
	request.origin = "http://127.0.0.1:8081";
	expect_status(request, 403);
	request.origin = "http://evil.example";
	expect_status(request, 403);
	request.origin = "null";
	expect_status(request, 403);
	request.origin = "file://127.0.0.1:8080";
	expect_status(request, 403);
}

static void a_link_of_elsewhere_may_open_the_page_with_the_token(void **state)
{
	struct access_request request = good();
	struct access_answer answer;

	(void)state;
	request.authorization = NULL;
	request.query_token = TOKEN;
	request.path = "/";
	request.fetch_site = "cross-site";
	request.fetch_mode = "navigate";
	answer = access_check(&rules, &request);
	assert_int_equal(answer.status, 0);
	assert_true(answer.takes_cookie && answer.is_from_outside);
	request.fetch_mode = "no-cors";
	expect_status(request, 403);
	request.fetch_mode = NULL;
	expect_status(request, 403);
	request.fetch_mode = "navigate";
	request.path = "/api/series";
	expect_status(request, 403);
	request.path = "/";
	request.query_token = NULL;
	request.cookie = "seep-8080=" TOKEN;
	expect_status(request, 403);
	request.fetch_site = "none";
	request.query_token = TOKEN;
	answer = access_check(&rules, &request);
	assert_true(answer.takes_cookie && !answer.is_from_outside);
}

static void only_reading_is_answered(void **state)
{
	static const char *const methods[] = {"POST",    "PUT", "DELETE", "OPTIONS", "TRACE",
					      "CONNECT", "get", "GETX",   ""};
	struct access_request request = good();

	(void)state;
	request.method = "HEAD";
	expect_status(request, 0);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		request.method = methods[i];
		expect_status(request, 405);
	}
	request.authorization = NULL;
	expect_status(request, 401); /* without the token nothing is told */
	request = good();
	request.has_body = true;
	expect_status(request, 413);
}

static void a_token_needs_no_escapes_and_is_long_enough(void **state)
{
	char text[300];

	(void)state;
	assert_true(http_token_is_usable(TOKEN));
	assert_true(http_token_is_usable("AZaz09-._~AZaz09"));
	assert_false(http_token_is_usable(""));
	assert_false(http_token_is_usable("0123456789abcde"));
	assert_false(http_token_is_usable("0123456789abcdef;"));
	assert_false(http_token_is_usable("0123456789 abcdef"));
	memset(text, 'a', sizeof(text));
	text[256] = '\0';
	assert_true(http_token_is_usable(text));
	text[256] = 'a';
	text[257] = '\0';
	assert_false(http_token_is_usable(text));
}

static void expect_place(const char *text, const char *host, const char *port)
{
	struct listen_place place;
	struct error error = {0};
	int code = listen_parse(text, &place, &error);

	if (!host) {
		if (code != SEEP_ERR_USAGE || !error.text[0])
			fail_msg("'%s' is taken", text);
		return;
	}
	assert_int_equal(code, SEEP_OK);
	assert_string_equal(place.host, host);
	assert_string_equal(place.port, port);
}

static void an_address_to_listen_on_has_a_port(void **state)
{
	(void)state;
	expect_place("127.0.0.1:0", "127.0.0.1", "0");
	expect_place("localhost:65535", "localhost", "65535");
	expect_place("[::1]:80", "::1", "80");
	expect_place("", NULL, NULL);
	expect_place(":", NULL, NULL);
	expect_place(":80", NULL, NULL);
	expect_place("127.0.0.1", NULL, NULL);
	expect_place("127.0.0.1:", NULL, NULL);
	expect_place("127.0.0.1:65536", NULL, NULL);
	expect_place("127.0.0.1:-1", NULL, NULL);
	expect_place("127.0.0.1:8x", NULL, NULL);
	expect_place("::1:80", NULL, NULL);
	expect_place("[]:80", NULL, NULL);
	expect_place("[::1]", NULL, NULL);
	expect_place("1:2:3", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_taken_from_three_places),
		cmocka_unit_test(a_token_that_is_nearly_right_is_wrong),
		cmocka_unit_test(the_host_must_be_one_of_ours),
		cmocka_unit_test(there_is_one_host),
		cmocka_unit_test(pages_of_elsewhere_are_refused_even_with_the_token),
		cmocka_unit_test(a_link_of_elsewhere_may_open_the_page_with_the_token),
		cmocka_unit_test(only_reading_is_answered),
		cmocka_unit_test(a_token_needs_no_escapes_and_is_long_enough),
		cmocka_unit_test(an_address_to_listen_on_has_a_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
