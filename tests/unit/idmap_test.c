/* SPDX-License-Identifier: MIT */
/* idmap_test.c - the map of two numbers to an id: what is put is found, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../analyzer/base/idmap.h"

enum { SIDE = 200 };

/* Close numbers, equal sums and equal products: all are different keys. */
static void every_pair_has_its_own_id(void **state)
{
	struct idmap map = {0};
	uint32_t id = 0;

	(void)state;
	for (uint64_t a = 0; a < SIDE; a++)
		for (uint64_t b = 0; b < SIDE; b++)
			assert_int_equal(idmap_put(&map, a, b, ++id), 0);
	assert_int_equal(idmap_count(&map), SIDE * SIDE);
	id = 0;
	for (uint64_t a = 0; a < SIDE; a++)
		for (uint64_t b = 0; b < SIDE; b++)
			assert_int_equal(idmap_find(&map, a, b), ++id);
	assert_int_equal(idmap_find(&map, SIDE, 0), 0);
	assert_int_equal(idmap_find(&map, UINT64_MAX, UINT64_MAX), 0);
	idmap_clear(&map);
	assert_int_equal(idmap_find(&map, 1, 1), 0);
	assert_int_equal(idmap_count(&map), 0);
}

static void a_second_put_replaces(void **state)
{
	struct idmap map = {0};

	(void)state;
	assert_int_equal(idmap_find(&map, 1, 2), 0);
	assert_int_equal(idmap_put(&map, 1, 2, 7), 0);
	assert_int_equal(idmap_put(&map, 2, 1, 8), 0);
	assert_int_equal(idmap_put(&map, 1, 2, 9), 0);
	assert_int_equal(idmap_find(&map, 1, 2), 9);
	assert_int_equal(idmap_find(&map, 2, 1), 8);
	assert_int_equal(idmap_count(&map), 2);
	idmap_clear(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_has_its_own_id),
		cmocka_unit_test(a_second_put_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
