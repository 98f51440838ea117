// SPDX-License-Identifier: MIT
// sampling_new.cc - operators new and delete in their forms, and a bad_alloc out of a call that is not sampled.
// Prints what it really did, by function (expect.h).
#include "expect.h"

#include <cstdlib>
#include <new>
#include <sys/resource.h>
#include <vector>

enum { BLOCKS = 20000, PIECE = 8 << 20 };

extern "C" FRAME void *made_single()
{
	void *block = ::operator new(40);
	KEEP(block);
	return block;
}

extern "C" FRAME char *made_array()
{
	char *block = new char[500];
	KEEP(block);
	return block;
}

extern "C" FRAME void *made_nothrow()
{
	void *block = ::operator new(120, std::nothrow);
	KEEP(block);
	return block;
}

// Until the address space is used up.
static bool bad_alloc_passes()
{
	const struct rlimit little = {UINT64_C(16) << 30, RLIM_INFINITY};
	std::vector<char *> pieces;

	pieces.reserve(1 << 16);
	if (setrlimit(RLIMIT_AS, &little) != 0)
		return false;
	try {
		for (;;)
			pieces.push_back(new char[PIECE]);
	} catch (const std::bad_alloc &) {
		for (char *piece : pieces)
			delete[] piece;
		return true;
	}
}

static void tell(const char *function, uint64_t made, uint64_t gone, uint64_t size)
{
	expect(1, function, "heap", expected{made, gone, made * size, gone * size});
}

int main(int argc, char **)
{
	if (argc > 1)
		return bad_alloc_passes() ? 0 : 1;
	for (int i = 0; i < BLOCKS; i++) {
		void *single = made_single(), *nothrow = made_nothrow();
		char *array = made_array();

		if (i % 2 == 0)
			continue;
		::operator delete(single, 40);
		::operator delete(nothrow, std::nothrow);
		delete[] array;
	}
	tell("made_single", BLOCKS, BLOCKS / 2, 40);
	tell("made_array", BLOCKS, BLOCKS / 2, 500);
	tell("made_nothrow", BLOCKS, BLOCKS / 2, 120);
	return 0;
}
