/* SPDX-License-Identifier: MIT */
/* The page that is built in: all of its files, whole, and such that a report can carry them inline. */
#include "../../analyzer/commands/page_assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static size_t count_of(struct page_asset asset, const char *text)
{
	size_t length = strlen(text), found = 0;

	for (size_t i = 0; i + length <= asset.size; i++)
		found += !strncasecmp(asset.bytes + i, text, length);
	return found;
}

static void the_assets_are_the_built_files(void **state)
{
	static const char *const files[] = {
#define X(id, path, type, file) "dashboards/page/dist/" file,
		PAGE_ASSETS(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < PAGE_ASSET_COUNT; i++) {
		struct page_asset asset = page_asset((enum page_asset_name)i);
		FILE *file = fopen(files[i], "rb");
		char *bytes = malloc(asset.size + 1);

		assert_non_null(file);
		assert_non_null(bytes);
		assert_true(asset.size > 0);
		assert_int_equal(fread(bytes, 1, asset.size + 1, file), asset.size);
		assert_memory_equal(bytes, asset.bytes, asset.size);
		free(bytes);
		fclose(file);
	}
}

static void the_shell_has_each_line_that_a_report_replaces_once(void **state)
{
	struct page_asset index = page_asset(PAGE_ASSET_INDEX);

	(void)state;
	assert_int_equal(count_of(index, PAGE_STYLE_LINE), 1);
	assert_int_equal(count_of(index, PAGE_SCRIPT_LINE), 1);
	assert_int_equal(count_of(index, PAGE_DATA_LINE), 1);
}

static void script_and_style_can_stand_inline(void **state)
{
	(void)state;
	assert_int_equal(count_of(page_asset(PAGE_ASSET_SCRIPT), "</script"), 0);
	assert_int_equal(count_of(page_asset(PAGE_ASSET_SCRIPT), "<!--"), 0);
	assert_int_equal(count_of(page_asset(PAGE_ASSET_STYLE), "</style"), 0);
}

static void the_page_asks_for_nothing_from_elsewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGE_ASSET_COUNT; i++) {
		struct page_asset asset = page_asset((enum page_asset_name)i);

		/* the name space of SVG is the one address, and no request */
		assert_int_equal(count_of(asset, "http://") + count_of(asset, "https://"),
				 count_of(asset, "http://www.w3.org/2000/svg"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_assets_are_the_built_files),
		cmocka_unit_test(the_shell_has_each_line_that_a_report_replaces_once),
		cmocka_unit_test(script_and_style_can_stand_inline),
		cmocka_unit_test(the_page_asks_for_nothing_from_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
