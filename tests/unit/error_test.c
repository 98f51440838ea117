/* SPDX-License-Identifier: MIT */
/* An error's sentence is fit for a terminal, whatever it quotes: a damaged file's names, a database's words, a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../analyzer/base/error.h"
#include "../../analyzer/base/utf8.h"

static void what_a_sentence_quotes_controls_no_terminal(void **state)
{
	struct error error = {""};

	(void)state;
	assert_int_equal(error_set(&error, SEEP_ERR_DAMAGED, "%s is damaged (%s)", "a.db",
				   "\033[2J\a\x7f"
				   "b\nc"),
			 SEEP_ERR_DAMAGED);
	assert_string_equal(error.text, "a.db is damaged (?[2J??b?c)");
}

/* C1 in UTF-8 is CSI and the like for a terminal, as ESC is. */
static void what_is_no_text_is_shown_as_question_marks(void **state)
{
	struct error error = {""};

	(void)state;
	error_set(&error, SEEP_ERR_IO, "%s",
		  "\xff \xc2\x9b"
		  "1m \xc2\x80 \xc2\xa0 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xb0 \xed\xa0\x80 \xc0\xaf \xe2\x82");
	assert_string_equal(error.text, "? ?1m ? \xc2\xa0 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xb0 ??? ?? ??");
}

static void a_sentence_that_is_too_long_ends_with_a_whole_character(void **state)
{
	struct error error = {""};
	char long_name[2 * sizeof(error.text)];

	(void)state;
	for (size_t i = 0; i < sizeof(long_name) - 2; i += 2)
		memcpy(long_name + i, "\xc3\xa4", 2);
	long_name[sizeof(long_name) - 2] = '\0';
	error_set(&error, SEEP_ERR_IO, "%s", long_name);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
	assert_true(utf8_is_valid(error.text));
	assert_string_equal(error.text + sizeof(error.text) - 4, "\xc3\xa4?");
}

static void the_first_cause_stands(void **state)
{
	struct error error = {""};

	(void)state;
	error_set(&error, SEEP_ERR_IO, "no disk");
	assert_int_equal(error_set(&error, SEEP_ERR_MEMORY, "no memory"), SEEP_ERR_MEMORY);
	assert_string_equal(error.text, "no disk");
	assert_int_equal(error_set(NULL, SEEP_ERR_MEMORY, "no memory"), SEEP_ERR_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_sentence_quotes_controls_no_terminal),
		cmocka_unit_test(what_is_no_text_is_shown_as_question_marks),
		cmocka_unit_test(a_sentence_that_is_too_long_ends_with_a_whole_character),
		cmocka_unit_test(the_first_cause_stands),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
