/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the files of this folder share. Each is one target of `make fuzz`, in libFuzzer's form:
 * LLVMFuzzerTestOneInput is given bytes, and must neither crash nor break what fuzz_must() says.
 * tests/unit/serve_fuzz_test.c includes them all, and gives them the corpus and some thousand mutations of it.
 */
#ifndef SEEP_FUZZ_H
#define SEEP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fuzz_must_at(bool holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "line %d: this does not hold: %s\n", line, what);
	abort();
}

#define fuzz_must(what) fuzz_must_at(what, #what, __LINE__)

static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	fuzz_must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
