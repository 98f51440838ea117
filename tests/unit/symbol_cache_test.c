/* SPDX-License-Identifier: MIT */
/* symbol_cache_test.c - what was found out about addresses, from one process to the next; and files that cannot be
 * relied upon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../analyzer/symbols/symbol_cache.h"
#include "../../analyzer/symbols/symbols.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

static char base[] = "/tmp/seep-cache-XXXXXX";
static char *directory, *file;

static const struct symbol_cache_basis complete = {
	.status = "debug info", .debug_file = "/usr/lib/debug/x.debug", .link = ""};

static struct model_symbol inlined[] = {
	{.function = (char *)"inner", .file = (char *)"/src/a.c", .line = 7, .start_line = 3},
	{.function = (char *)"outer(int)", .file = (char *)"/src/b.cc", .line = 70, .start_line = 60},
};
static struct model_symbol nameless[] = {{.function = (char *)"f", .file = NULL}};

static struct symbol_cache *open_cache(void)
{
	struct symbol_cache *cache = symbol_cache_open(directory, ID);

	assert_non_null(cache);
	return cache;
}

static void assert_known(const struct symbol_cache *cache, uint64_t pc, const struct model_symbol *expected,
			 size_t count)
{
	struct model_symbol *symbols;
	size_t found;

	assert_true(symbol_cache_find(cache, pc, &symbols, &found));
	assert_int_equal(found, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(symbols[i].function, expected[i].function);
		if (expected[i].file)
			assert_string_equal(symbols[i].file, expected[i].file);
		else
			assert_null(symbols[i].file);
		assert_int_equal(symbols[i].line, expected[i].line);
		assert_int_equal(symbols[i].start_line, expected[i].start_line);
	}
	symbols_release(symbols, found);
}

static void assert_unknown(const struct symbol_cache *cache, uint64_t pc)
{
	struct model_symbol *symbols;
	size_t count;

	assert_false(symbol_cache_find(cache, pc, &symbols, &count));
	assert_null(symbols);
	assert_int_equal(count, 0);
}

/* A file that knows 0x2000 (two frames) and 0x1000 (that there is nothing). */
static void write_file(void)
{
	struct symbol_cache *cache = open_cache();

	assert_int_equal(symbol_cache_begin(cache, &complete), 0);
	assert_int_equal(symbol_cache_add(cache, 0x2000, inlined, 2), 0);
	assert_int_equal(symbol_cache_add(cache, 0x1000, NULL, 0), 0);
	symbol_cache_save(cache);
	symbol_cache_close(cache);
}

static void what_was_kept_is_known_to_the_next_process(void **state)
{
	struct symbol_cache_basis basis;
	struct symbol_cache *cache;

	(void)state;
	write_file();
	cache = open_cache();
	assert_true(symbol_cache_read_basis(cache, &basis));
	assert_string_equal(basis.status, complete.status);
	assert_string_equal(basis.debug_file, complete.debug_file);
	assert_string_equal(basis.link, "");
	assert_known(cache, 0x2000, inlined, 2);
	assert_known(cache, 0x1000, NULL, 0);
	assert_unknown(cache, 0x1001);
	assert_unknown(cache, 0x2001);
	symbol_cache_close(cache);
}

static void additions_keep_what_was_there(void **state)
{
	struct symbol_cache *cache;

	(void)state;
	write_file();
	for (uint64_t round = 0; round < 3; round++) {
		cache = open_cache();
		assert_int_equal(symbol_cache_add(cache, 0x500 + round, nameless, 1), 0);
		symbol_cache_save(cache);
		/* a second save of the same process has all of it, too */
		assert_int_equal(symbol_cache_add(cache, 0x3000 + round, inlined, 2), 0);
		assert_int_equal(symbol_cache_add(cache, 0x3000 + round, inlined, 2), 0);
		symbol_cache_save(cache);
		symbol_cache_close(cache);
	}
	cache = open_cache();
	assert_known(cache, 0x2000, inlined, 2);
	assert_known(cache, 0x1000, NULL, 0);
	for (uint64_t round = 0; round < 3; round++) {
		assert_known(cache, 0x500 + round, nameless, 1);
		assert_known(cache, 0x3000 + round, inlined, 2);
	}
	symbol_cache_close(cache);
}

static void another_basis_begins_anew(void **state)
{
	const struct symbol_cache_basis other = {
		.status = "no debug info", .debug_file = "", .link = "x.debug", .file_bytes = 5, .file_changed_ns = 6};
	struct symbol_cache_basis basis;
	struct symbol_cache *cache;

	(void)state;
	write_file();
	cache = open_cache();
	assert_int_equal(symbol_cache_begin(cache, &other), 0);
	assert_unknown(cache, 0x2000);
	assert_int_equal(symbol_cache_add(cache, 0x10, nameless, 1), 0);
	symbol_cache_save(cache);
	symbol_cache_close(cache);
	cache = open_cache();
	assert_true(symbol_cache_read_basis(cache, &basis));
	assert_string_equal(basis.status, "no debug info");
	assert_string_equal(basis.link, "x.debug");
	assert_int_equal(basis.file_bytes, 5);
	assert_int_equal(basis.file_changed_ns, 6);
	assert_unknown(cache, 0x2000);
	assert_known(cache, 0x10, nameless, 1);
	symbol_cache_close(cache);
}

/* ---- files that cannot be relied upon ---- */

static size_t read_file(unsigned char *bytes, size_t size)
{
	FILE *stream = fopen(file, "re");
	size_t count;

	assert_non_null(stream);
	count = fread(bytes, 1, size, stream);
	fclose(stream);
	return count;
}

static void replace_file(const unsigned char *bytes, size_t count)
{
	FILE *stream = fopen(file, "we");

	assert_non_null(stream);
	assert_int_equal(fwrite(bytes, 1, count, stream), count);
	fclose(stream);
}

static void assert_file_is_as_none(void)
{
	struct symbol_cache *cache = open_cache();
	struct symbol_cache_basis basis;

	assert_false(symbol_cache_read_basis(cache, &basis));
	assert_unknown(cache, 0x2000);
	symbol_cache_close(cache);
}

static void a_damaged_file_is_as_good_as_none(void **state)
{
	unsigned char bytes[4096];
	size_t count;

	(void)state;
	write_file();
	count = read_file(bytes, sizeof(bytes));
	for (size_t i = 0; i < count; i++) {
		bytes[i] ^= 0x81;
		replace_file(bytes, count);
		assert_file_is_as_none();
		bytes[i] ^= 0x81;
		replace_file(bytes, i);
		assert_file_is_as_none();
	}
}

static void a_file_that_others_may_write_is_not_read(void **state)
{
	(void)state;
	write_file();
	assert_int_equal(chmod(file, 0622), 0);
	assert_file_is_as_none();
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_file_is_as_none();
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("/dev/zero", file), 0);
	assert_file_is_as_none();
	assert_int_equal(unlink(file), 0);
}

static void a_directory_that_others_may_write_is_not_used(void **state)
{
	char *found;

	(void)state;
	assert_int_equal(chmod(directory, 0777), 0);
	found = symbol_cache_directory();
	assert_null(found);
	assert_int_equal(chmod(directory, 0700), 0);
	found = symbol_cache_directory();
	assert_string_equal(found, directory);
	free(found);
	assert_int_equal(setenv("XDG_CACHE_HOME", "/nonexistent/x", 1), 0);
	assert_null(symbol_cache_directory());
	assert_int_equal(setenv("XDG_CACHE_HOME", base, 1), 0);
}

static void names_that_are_no_build_ids_are_refused(void **state)
{
	(void)state;
	assert_null(symbol_cache_open(directory, ""));
	assert_null(symbol_cache_open(directory, "0123"));
	assert_null(symbol_cache_open(directory, "../../../../../../../etc/passwd"));
}

static void of_too_many_files_the_oldest_goes(void **state)
{
	char path[256];
	struct timespec old[2] = {{1000, 0}, {1000, 0}};

	(void)state;
	for (int i = 0; i < SYMBOL_CACHE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%040d", directory, i);
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
		if (i == 77)
			assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	}
	unlink(file);
	write_file();
	assert_int_equal(access(file, F_OK), 0);
	for (int i = 0; i < SYMBOL_CACHE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%040d", directory, i);
		assert_int_equal(access(path, F_OK), i == 77 ? -1 : 0);
		unlink(path);
	}
}

/* ---- */

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(base) || setenv("XDG_CACHE_HOME", base, 1))
		return -1;
	directory = symbol_cache_directory();
	return directory && asprintf(&file, "%s/%s", directory, ID) > 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(file);
	rmdir(directory);
	rmdir(base);
	free(file);
	free(directory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_kept_is_known_to_the_next_process),
		cmocka_unit_test(additions_keep_what_was_there),
		cmocka_unit_test(another_basis_begins_anew),
		cmocka_unit_test(a_damaged_file_is_as_good_as_none),
		cmocka_unit_test(a_file_that_others_may_write_is_not_read),
		cmocka_unit_test(a_directory_that_others_may_write_is_not_used),
		cmocka_unit_test(names_that_are_no_build_ids_are_refused),
		cmocka_unit_test(of_too_many_files_the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
