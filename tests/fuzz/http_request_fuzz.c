/* SPDX-License-Identifier: MIT */
/*
 * A request's target and headers, one a line: target, method, Host, Origin, Sec-Fetch-Site, Sec-Fetch-Mode,
 * Authorization, Cookie; an empty line is a header that is not there. Nobody is let in without the token.
 */
#include "../../analyzer/http/access.h"
#include "../../analyzer/http/target.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUEST_TOKEN "0123456789abcdef"

static bool request_is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void request_check_target(const struct target *target)
{
	fuzz_must(target->path[0] == '/');
	fuzz_must(request_is_clean(target->path));
	fuzz_must(target->parameter_count <= HTTP_PARAMETERS_MOST);
	for (size_t i = 0; i < target->parameter_count; i++) {
		fuzz_must(target->parameters[i].name[0]);
		fuzz_must(request_is_clean(target->parameters[i].name));
		fuzz_must(request_is_clean(target->parameters[i].value));
		fuzz_must(target_value(target, target->parameters[i].name));
	}
}

static const char *request_line(char **rest)
{
	const char *line = strsep(rest, "\n");

	return line && *line ? line : NULL;
}

static void request_check_access(const struct target *target, char *rest)
{
	static const char *const hosts[] = {"stats.example"};
	static const struct access_rules rules = {REQUEST_TOKEN, "seep-80", hosts, 1};
	struct access_request request = {.path = target->path, .local_address = "192.0.2.7"};
	struct access_answer answer;

	request.method = request_line(&rest);
	request.host = request_line(&rest);
	request.origin = request_line(&rest);
	request.fetch_site = request_line(&rest);
	request.fetch_mode = request_line(&rest);
	request.authorization = request_line(&rest);
	request.cookie = request_line(&rest);
	request.query_token = target_value(target, "token");
	request.host_count = request.host != NULL;
	request.method = request.method ? request.method : "";
	answer = access_check(&rules, &request);
	fuzz_must(!answer.status == !answer.sentence);
	fuzz_must(answer.status || (request.query_token && !strcmp(request.query_token, REQUEST_TOKEN)) ||
		  (request.authorization && strstr(request.authorization, REQUEST_TOKEN)) ||
		  (request.cookie && strstr(request.cookie, "seep-80=" REQUEST_TOKEN)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	char *raw = strsep(&rest, "\n");
	struct target target;

	if (target_parse(raw, &target) == TARGET_FINE) {
		request_check_target(&target);
		request_check_access(&target, rest);
	} else {
		fuzz_must(!target.text && !target.parameter_count);
	}
	target_release(&target);
	free(text);
	return 0;
}
