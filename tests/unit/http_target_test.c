/* SPDX-License-Identifier: MIT */
/* What a request asks for, taken apart: what is understood, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/http/target.h"

static void expect_fault(const char *raw, enum target_fault expected)
{
	struct target target;
	enum target_fault fault = target_parse(raw, &target);

	if (fault != expected)
		fail_msg("'%.80s' gives %d, not %d", raw, fault, expected);
	target_release(&target);
}

static void expect_parameter(const char *raw, const char *name, const char *expected)
{
	struct target target;
	const char *value;

	if (target_parse(raw, &target))
		fail_msg("'%s' is refused", raw);
	value = target_value(&target, name);
	if (!value != !expected || (value && strcmp(value, expected) != 0))
		fail_msg("'%s': %s is '%s', not '%s'", raw, name, value ? value : "(none)",
			 expected ? expected : "(none)");
	target_release(&target);
}

static void path_and_parameters_are_decoded(void **state)
{
	struct target target;

	(void)state;
	assert_int_equal(target_parse("/debug/pp%72of/h%65ap?type=a%26b&focus=x+y%2B&&=z&flag", &target), TARGET_FINE);
	assert_string_equal(target.path, "/debug/pprof/heap");
	assert_int_equal(target.parameter_count, 3);
	assert_string_equal(target.parameters[0].name, "type");
	assert_string_equal(target.parameters[0].value, "a&b");
	assert_string_equal(target.parameters[1].value, "x y+");
	assert_string_equal(target.parameters[2].name, "flag");
	assert_string_equal(target.parameters[2].value, "");
	target_release(&target);
}

static void decoding_happens_once(void **state)
{
	(void)state;
	expect_parameter("/?a=%252e", "a", "%2e");
	expect_parameter("/?a=%25", "a", "%");
}

static void the_first_of_several_counts_and_what_is_missing_is_not_empty(void **state)
{
	(void)state;
	expect_parameter("/?a=1&a=2", "a", "1");
	expect_parameter("/?a=1=2", "a", "1=2");
	expect_parameter("/?a", "a", "");
	expect_parameter("/?a=", "a", "");
	expect_parameter("/?a=1", "b", NULL);
	expect_parameter("/", "a", NULL);
	expect_parameter("/?", "a", NULL);
	expect_parameter("/?a%3d=1", "a=", "1");
}

static void plus_is_a_space_in_the_query_only(void **state)
{
	struct target target;

	(void)state;
	assert_int_equal(target_parse("/a+b?c=d+e", &target), TARGET_FINE);
	assert_string_equal(target.path, "/a+b");
	assert_string_equal(target_value(&target, "c"), "d e");
	target_release(&target);
}

static void bytes_beyond_ascii_stay(void **state)
{
	(void)state;
	expect_parameter("/?a=%c3%a9", "a", "\xc3\xa9");
	expect_parameter("/?a=\xc3\xa9", "a", "\xc3\xa9");
	expect_parameter("/?a=%ff", "a", "\xff");
}

static void what_is_malformed_is_refused(void **state)
{
	static const char *const all[] = {
		"",           "*",        "a",        "http://h/", "/%",     "/%1",          "/%g1",   "/%1g",
		"/%00",       "/a%00b",   "/a?b=%00", "/a?%00=b",  "/a?b=%", "/a?b=%2&c=00", "/\n",    "/a\tb",
		"/a b",       "/?a=\x01", "/%0a",     "/%7f",      "/\x7f",  "/?a=%0d%0aX:", "//\x1f", "?a=b",
		"/%\xff\x30", "/?%=1",    "/?a%=1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		expect_fault(all[i], TARGET_MALFORMED);
}

static void what_is_too_much_is_refused(void **state)
{
	char text[HTTP_TARGET_BYTES + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[HTTP_TARGET_BYTES + 1] = '\0';
	expect_fault(text, TARGET_TOO_LONG);
	text[HTTP_TARGET_BYTES] = '\0';
	expect_fault(text, TARGET_FINE);
	strcpy(text, "/?");
	for (int i = 0; i < HTTP_PARAMETERS_MOST; i++)
		strcat(text, "a=1&");
	expect_fault(text, TARGET_FINE);
	strcat(text, "a=1");
	expect_fault(text, TARGET_TOO_MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_and_parameters_are_decoded),
		cmocka_unit_test(decoding_happens_once),
		cmocka_unit_test(the_first_of_several_counts_and_what_is_missing_is_not_empty),
		cmocka_unit_test(plus_is_a_space_in_the_query_only),
		cmocka_unit_test(bytes_beyond_ascii_stay),
		cmocka_unit_test(what_is_malformed_is_refused),
		cmocka_unit_test(what_is_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
