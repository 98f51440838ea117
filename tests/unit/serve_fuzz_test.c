/* SPDX-License-Identifier: MIT */
/*
 * The targets of `make fuzz` (tests/fuzz/), each given its corpus and mutations of it: always the same ones, so that a
 * test that fails does so again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#define LLVMFuzzerTestOneInput fuzz_http_request
#include "../fuzz/http_request_fuzz.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_serve_routes
#include "../fuzz/serve_routes_fuzz.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_http_server
#include "../fuzz/http_server_fuzz.c"
#undef LLVMFuzzerTestOneInput

#define SEEDS_MOST 64
#define SEED_BYTES 16384

struct seeds {
	struct seed {
		uint8_t bytes[SEED_BYTES];
		size_t size;
	} * all;
	size_t count;
};

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static struct seeds read_seeds(const char *target)
{
	struct seeds seeds = {.all = calloc(SEEDS_MOST, sizeof(*seeds.all))};
	struct dirent **names;
	char path[512];
	int count;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", target);
	count = scandir(path, &names, is_seed, compare_names);
	if (count < 1 || count > SEEDS_MOST)
		fail_msg("%s has %d files", path, count);
	for (int i = 0; i < count; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", target, names[i]->d_name);
		file = fopen(path, "r");
		assert_non_null(file);
		seeds.all[i].size = fread(seeds.all[i].bytes, 1, SEED_BYTES, file);
		fclose(file);
		free(names[i]);
	}
	free(names);
	seeds.count = (size_t)count;
	return seeds;
}

/* Marsaglia, "Xorshift RNGs", 2003. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One of: a byte is another, a part is left out, a part comes twice, the rest is another seed's. */
static void mutate(struct seed *seed, const struct seeds *seeds, uint32_t *state)
{
	const struct seed *other = &seeds->all[next_random(state) % seeds->count];
	size_t at = next_random(state) % (seed->size + 1), length = next_random(state) % 16;

	length = length < seed->size - at ? length : seed->size - at;
	switch (next_random(state) % 4) {
	case 0:
		if (at < seed->size)
			seed->bytes[at] = (uint8_t)next_random(state);
		break;
	case 1:
		memmove(seed->bytes + at, seed->bytes + at + length, seed->size - at - length);
		seed->size -= length;
		break;
	case 2:
		if (seed->size + length <= SEED_BYTES) {
			memmove(seed->bytes + at + length, seed->bytes + at, seed->size - at);
			seed->size += length;
		}
		break;
	default:
		length = other->size < at ? 0 : other->size - at;
		memcpy(seed->bytes + at, other->bytes + (other->size - length), length);
		seed->size = at + length;
		break;
	}
}

static void run_target(const char *name, int (*target)(const uint8_t *, size_t), unsigned rounds)
{
	struct seeds seeds = read_seeds(name);
	struct seed *seed = malloc(sizeof(*seed));
	uint32_t state = 1;

	for (size_t i = 0; i < seeds.count; i++)
		target(seeds.all[i].bytes, seeds.all[i].size);
	for (unsigned round = 0; round < rounds; round++) {
		*seed = seeds.all[next_random(&state) % seeds.count];
		for (unsigned changes = 1 + next_random(&state) % 4; changes; changes--)
			mutate(seed, &seeds, &state);
		target(seed->bytes, seed->size);
	}
	free(seed);
	free(seeds.all);
}

static void targets_and_headers_let_nobody_in_without_the_token(void **state)
{
	(void)state;
	run_target("http_request", fuzz_http_request, 100000);
}

static void whatever_is_asked_is_answered_or_refused(void **state)
{
	(void)state;
	run_target("serve_routes", fuzz_serve_routes, 3000);
}

static void a_server_bears_whatever_is_sent(void **state)
{
	(void)state;
	run_target("http_server", fuzz_http_server, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_and_headers_let_nobody_in_without_the_token),
		cmocka_unit_test(whatever_is_asked_is_answered_or_refused),
		cmocka_unit_test(a_server_bears_whatever_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
