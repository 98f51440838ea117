/* SPDX-License-Identifier: MIT */
/*
 * golden.h - what a report looks like: compared with a file of tests/golden. SEEP_UPDATE_GOLDEN=1 writes it anew; look
 * at what `git diff` then says. Included after cmocka.h.
 */
#ifndef SEEP_GOLDEN_H
#define SEEP_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "../../analyzer/analysis/memory.h"
#include "../../analyzer/render/buffer.h"

static inline char *read_file(const char *path)
{
	struct buffer text = {0};
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t size;

	if (!file)
		return NULL;
	buffer_add(&text, "");
	while ((size = fread(part, 1, sizeof(part), file)) > 0)
		buffer_add_bytes(&text, part, size);
	fclose(file);
	return text.text;
}

static inline void write_file(const char *path, const struct buffer *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(buffer_print(text, file), 0);
	fclose(file);
}

static inline void expect_golden(const struct buffer *text, const char *name)
{
	char *path = memory_format("tests/golden/%s", name), *golden;

	if (getenv("SEEP_UPDATE_GOLDEN"))
		write_file(path, text);
	golden = read_file(path);
	if (!golden)
		fail_msg("%s is missing; the tests are run from the repository's root", path);
	assert_string_equal(text->text, golden);
	free(golden);
	free(path);
}

#endif
