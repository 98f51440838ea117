/* SPDX-License-Identifier: MIT */
/* Rows for COPY: whatever a name or a number is, it is one value of one row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs the ones above */

#include "../../analyzer/push/batch.h"

static void values_are_one_row_each(void **state)
{
	struct batch batch = {0};
	struct batch_rows *rows = &batch.tables[TABLE_TRUST];

	(void)state;
	batch_add_column(rows, "a");
	batch_add_column(rows, "b");
	batch_add_column(rows, "c");
	batch_add_integer(rows, INT64_MIN);
	batch_add_integer(rows, INT64_MAX);
	batch_add_null(rows);
	assert_int_equal(batch_size(&batch), 1);
	batch_add_real(rows, 0.1);
	batch_add_real(rows, NAN);
	batch_add_real(rows, -INFINITY);
	batch_add_boolean(rows, true);
	batch_add_text(rows, NULL);
	batch_add_real(rows, 0);
	assert_int_equal(batch_size(&batch), 3);
	assert_string_equal(rows->text.text, "-9223372036854775808\t9223372036854775807\t\\N\n"
					     "0.10000000000000001\t\\N\t-Infinity\n"
					     "t\t\\N\t0\n");
	batch_release(&batch);
	assert_int_equal(batch_size(&batch), 0);
}

static void check_text(const char *text, size_t size, const char *expected)
{
	struct batch batch = {0};

	batch_add_column(&batch.tables[TABLE_TRUST], "a");
	batch_add_bytes(&batch.tables[TABLE_TRUST], text, size);
	assert_string_equal(batch.tables[TABLE_TRUST].text.text, expected);
	batch_release(&batch);
}

static void text_of_any_bytes_is_utf8_and_escaped(void **state)
{
	(void)state;
	check_text("", 0, "\n");
	check_text("\\N", 2, "\\\\N\n");
	check_text("\\.", 2, "\\\\.\n");
	check_text("a\tb\nc\rd", 7, "a\\tb\\nc\\rd\n");
	check_text("a\0b", 3,
		   "a\xef\xbf\xbd"
		   "b\n");
	check_text("\xc3\xa4\xf0\x9f\x98\x80", 6, "\xc3\xa4\xf0\x9f\x98\x80\n");
	/* lone, overlong, a surrogate, and one that ends too early */
	check_text("\xff", 1, "\xef\xbf\xbd\n");
	check_text("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd\n");
	check_text("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
	check_text("\xe2\x82\xac", 2, "\xef\xbf\xbd\xef\xbf\xbd\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_one_row_each),
		cmocka_unit_test(text_of_any_bytes_is_utf8_and_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
