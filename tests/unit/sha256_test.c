/* SPDX-License-Identifier: MIT */
/* Digests, against those that the standard's examples (FIPS 180-4) and sha256sum give. */
#include "../../analyzer/base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const void *bytes, size_t size, const char *wanted)
{
	uint8_t digest[SHA256_BYTES];
	char text[2 * SHA256_BYTES + 1];

	sha256(bytes, size, digest);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

static void digests_are_those_of_the_standard(void **state)
{
	(void)state;
	expect("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* Around 55, 56 and 64 bytes the length takes a block of its own or none. */
static void every_length_around_a_block_is_right(void **state)
{
	char command[128], line[128] = "", bytes[130];

	(void)state;
	for (size_t size = 50; size <= sizeof(bytes); size++) {
		FILE *pipe;

		memset(bytes, 'a', size);
		snprintf(command, sizeof(command), "head -c %zu /dev/zero | tr '\\0' a | sha256sum", size);
		pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
		assert_non_null(pipe);
		assert_non_null(fgets(line, sizeof(line), pipe));
		pclose(pipe);
		line[2 * SHA256_BYTES] = '\0';
		expect(bytes, size, line);
	}
}

static void a_policy_gets_base_64(void **state)
{
	char text[SHA256_BASE64];

	(void)state;
	sha256_base64("alert('Hello, world.');", 23, text);
	assert_string_equal(text, "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(every_length_around_a_block_is_right),
		cmocka_unit_test(a_policy_gets_base_64),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
