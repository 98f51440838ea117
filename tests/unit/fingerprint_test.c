/* SPDX-License-Identifier: MIT */
/* What a callsite's fingerprint is made of, and what it survives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/analysis/fingerprint.h"
#include "recording_fixture.h"

static void expect_function(const char *given, const char *expected)
{
	char *found = fingerprint_function(given);

	assert_string_equal(found, expected);
	free(found);
}

static void expect_module(const char *given, const char *expected)
{
	char *found = fingerprint_module(given);

	assert_string_equal(found, expected);
	free(found);
}

static struct fingerprint_text of_stack(const char *stack)
{
	struct fixture fixture;
	struct fingerprint_text text;

	fixture_init(&fixture);
	text = fingerprint_text(fingerprint_of_node(&fixture.recording, fixture_node(&fixture, stack), SEEP_KIND_HEAP));
	fixture_release(&fixture);
	return text;
}

static void expect_same(const char *stack, const char *other)
{
	assert_string_equal(of_stack(stack).text, of_stack(other).text);
}

static void expect_different(const char *stack, const char *other)
{
	assert_string_not_equal(of_stack(stack).text, of_stack(other).text);
}

static void test_functions_lose_what_the_compiler_adds(void **state)
{
	(void)state;
	expect_function("cache_insert", "cache_insert");
	expect_function("cache_insert.part.0", "cache_insert");
	expect_function("cache_insert.constprop.1.isra.0", "cache_insert");
	expect_function("cache_insert.cold", "cache_insert");
	expect_function("cache_insert.lto_priv.12.cold.1", "cache_insert");
	expect_function("nested.4", "nested");
	expect_function("cache::insert(int, char const*) [clone .part.0]", "cache::insert");
	expect_function("main.handler", "main.handler"); /* Go's names have dots of their own */
	expect_function("", "");
	expect_function(".hidden", ".hidden");
}

static void test_functions_lose_parameters_templates_and_return_types(void **state)
{
	(void)state;
	expect_function("cache::insert(int)", "cache::insert");
	expect_function("cache::insert(int) const", "cache::insert");
	expect_function("void fill<int, std::vector<int> >(int)", "fill<>");
	expect_function("std::vector<int, std::allocator<int> >::push_back(int const&)", "std::vector<>::push_back");
	expect_function("std::__cxx11::basic_string<char>::append[abi:cxx11](char const*)",
			"std::basic_string<>::append");
	expect_function("std::__1::vector<int>::reserve(unsigned long)", "std::vector<>::reserve");
	expect_function("(anonymous namespace)::leak(int)", "(anonymous namespace)::leak");
	expect_function("non-virtual thunk to server::close()", "server::close");
}

static void test_operators_are_names_and_not_brackets(void **state)
{
	(void)state;
	expect_function("operator new(unsigned long)", "operator new");
	expect_function("operator new[](unsigned long)", "operator new[]");
	expect_function("pool::operator()(int) const", "pool::operator()");
	expect_function("std::ostream& operator<< <char>(std::ostream&, char)", "operator<<<>");
	expect_function("list::operator->() const", "list::operator->");
	expect_function("bool operator< <int>(box<int> const&, box<int> const&)", "operator<<>");
	expect_function("text::operator std::string() const", "text::operator std::string");
	expect_function("operators_count(int)", "operators_count");
}

static void test_lambdas_and_closures_lose_their_numbers(void **state)
{
	(void)state;
	expect_function("main::{lambda(int)#1}::operator()(int) const", "main::{lambda}::operator()");
	expect_function("main::{lambda(int)#2}::operator()(int) const", "main::{lambda}::operator()");
	expect_function("main()::<lambda(int)>::operator()(int) const", "main::{lambda}::operator()");
	expect_function("app::serve::{{closure}}", "app::serve::{closure}");
	expect_function("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
			"<alloc::vec::Vec<> as core::ops::drop::Drop>::drop");
}

static void test_names_that_never_close_are_cut_and_not_overrun(void **state)
{
	static const char *const odd[] = {"f<",       "f(",   "f{",   "f[abi:", "<<<<<<<<",
					  "operator", "((((", "{{{{", ">>>>",   " "};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		free(fingerprint_function(odd[i]));
	expect_function("f<", "f<>");
	expect_function("f(", "f");
}

static void test_modules_lose_directory_and_version(void **state)
{
	(void)state;
	expect_module("/usr/lib/x86_64-linux-gnu/libevent-2.1.so.7.0.1", "libevent.so");
	expect_module("/lib/libssl.so.3", "libssl.so");
	expect_module("libc-2.36.so", "libc.so");
	expect_module("/opt/libX11.so.6", "libX11.so");
	expect_module("/usr/bin/python3.11", "python");
	expect_module("/usr/sbin/app-1.4.2", "app");
	expect_module("/usr/sbin/app2", "app2");
	expect_module("/srv/app (deleted)", "app");
	expect_module("/srv/plugin.sold", "plugin.sold");
	expect_module("7", "7");
}

static void test_lines_files_and_offsets_do_not_count(void **state)
{
	(void)state;
	expect_same("app!put@cache.c:10; app!main@main.c:5", "app!put@store/kv.c:210; app!main@start.c:77");
	expect_same("app!put@cache.c:10; app!main@main.c:5", "app!put; app!main");
}

static void test_a_clone_an_inlined_function_and_a_recursion_do_not_count(void **state)
{
	(void)state;
	expect_same("app!put; app!insert; app!main", "app!put.part.0 + put + insert; app!main");
	expect_same("app!put; app!walk; app!main", "app!put; app!walk; app!walk; app!walk; app!main");
	expect_same("app!put; app!insert; app!main", "app!put.isra.0; app!insert.constprop.0; app!main.cold");
}

static void test_the_allocator_and_the_start_up_code_do_not_count(void **state)
{
	(void)state;
	expect_same("app!put; app!main", "libc.so.6!strdup; app!put; app!main; libc.so.6!__libc_start_call_main; "
					 "libc.so.6!__libc_start_main_impl; app!_start");
	expect_same("app!put; app!worker",
		    "app!operator new(unsigned long); app!put; app!worker; libc.so.6!start_thread; "
		    "libc.so.6!clone3");
}

static void test_a_callback_through_a_library_counts(void **state)
{
	(void)state;
	expect_different("app!put; app!main", "app!put; libc.so.6!qsort; app!main");
}

static void test_the_program_may_change_its_name_and_libraries_their_version(void **state)
{
	struct fixture fixture;
	struct fingerprint named;

	(void)state;
	fixture_init(&fixture);
	named = fingerprint_of_node(&fixture.recording, fixture_node(&fixture, "app-next!put; app-next!main"),
				    SEEP_KIND_HEAP);
	assert_string_not_equal(fingerprint_text(named).text, of_stack("app!put; app!main").text);
	free(fixture.recording.processes[1].exe);
	fixture.recording.processes[1].exe = memory_string("/srv/app-next");
	named = fingerprint_of_node(&fixture.recording, fixture_node(&fixture, "app-next!put; app-next!main"),
				    SEEP_KIND_HEAP);
	assert_string_equal(fingerprint_text(named).text, of_stack("app!put; app!main").text);
	fixture_release(&fixture);
	expect_same("app!put; libev-1.so.4!run; app!main", "app!put; libev.so.5.2!run; app!main");
}

static void test_other_functions_modules_and_kinds_are_other_callsites(void **state)
{
	struct fixture fixture;
	uint32_t node;

	(void)state;
	expect_different("app!put; app!main", "app!get; app!main");
	expect_different("app!put; app!main", "app!put; app!worker");
	expect_different("libkv.so!put; app!main", "app!put; app!main");
	fixture_init(&fixture);
	node = fixture_node(&fixture, "app!put; app!main");
	assert_int_not_equal(fingerprint_compare(fingerprint_of_node(&fixture.recording, node, SEEP_KIND_HEAP),
						 fingerprint_of_node(&fixture.recording, node, SEEP_KIND_SOCKET)),
			     0);
	fixture_release(&fixture);
}

static void test_code_without_names_is_its_module_in_a_library_and_its_offset_in_the_program(void **state)
{
	(void)state;
	expect_same("libx.so.1!0x1234; app!main", "libx.so.1!0x9999; app!main");
	assert_memory_equal(of_stack("libx.so.1!0x1234; app!main").text, "s1:", 3);
	expect_different("app!0x1234; libuv.so.1!uv_run", "app!0x2345; libuv.so.1!uv_run");
	assert_memory_equal(of_stack("app!0x1234; libuv.so.1!uv_run").text, "o1:", 3);
	expect_different("libx.so.1!0x1234; libx.so.1!0x20", "libx.so.1!0x5678; libx.so.1!0x20");
	assert_memory_equal(of_stack("libx.so.1!0x1234").text, "o1:", 3);
}

static void test_a_frame_of_no_file_counts_with_its_words(void **state)
{
	(void)state;
	expect_different("app!put; [outer frames cut]", "app!put; app!main");
	assert_memory_equal(of_stack("[open at start]").text, "s1:", 3);
}

/* FNV-1a of "heap", "[program]!put", "[program]!insert", "[program]!main", a line each. A change here is a change of
 * the version. */
static void test_version_1_is_what_it_was(void **state)
{
	(void)state;
	assert_string_equal(
		of_stack("libc.so.6!strdup; app!put@cache.c:10 + insert@cache.c:90; app!main@main.c:5").text,
		"s1:aaa5f02dfaf3920f");
}

static void test_text_and_back(void **state)
{
	struct fingerprint fingerprint = {.hash = 0x0123456789abcdef, .by_offset = true}, back;

	(void)state;
	assert_string_equal(fingerprint_text(fingerprint).text, "o1:0123456789abcdef");
	assert_true(fingerprint_parse("o1:0123456789abcdef", &back));
	assert_int_equal(fingerprint_compare(fingerprint, back), 0);
	assert_true(fingerprint_parse("s1:0000000000000000", &back));
	assert_true(fingerprint_compare(fingerprint, back) > 0);
	assert_false(fingerprint_parse("s2:0123456789abcdef", &back));
	assert_false(fingerprint_parse("s1:0123456789abcde", &back));
	assert_false(fingerprint_parse("s1:0123456789abcdefa", &back));
	assert_false(fingerprint_parse("s1:0123456789abcdeg", &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_lose_what_the_compiler_adds),
		cmocka_unit_test(test_functions_lose_parameters_templates_and_return_types),
		cmocka_unit_test(test_operators_are_names_and_not_brackets),
		cmocka_unit_test(test_lambdas_and_closures_lose_their_numbers),
		cmocka_unit_test(test_names_that_never_close_are_cut_and_not_overrun),
		cmocka_unit_test(test_modules_lose_directory_and_version),
		cmocka_unit_test(test_lines_files_and_offsets_do_not_count),
		cmocka_unit_test(test_a_clone_an_inlined_function_and_a_recursion_do_not_count),
		cmocka_unit_test(test_the_allocator_and_the_start_up_code_do_not_count),
		cmocka_unit_test(test_a_callback_through_a_library_counts),
		cmocka_unit_test(test_the_program_may_change_its_name_and_libraries_their_version),
		cmocka_unit_test(test_other_functions_modules_and_kinds_are_other_callsites),
		cmocka_unit_test(test_code_without_names_is_its_module_in_a_library_and_its_offset_in_the_program),
		cmocka_unit_test(test_a_frame_of_no_file_counts_with_its_words),
		cmocka_unit_test(test_version_1_is_what_it_was),
		cmocka_unit_test(test_text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
