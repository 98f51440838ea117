// SPDX-License-Identifier: MIT
// stack_exceptions.cc [ROUNDS] - exceptions thrown across frames, with destructors and handlers on the way that
// allocate.
#include "expect.h"

#include <cstdlib>
#include <new>
#include <stdexcept>

// An object whose destructor, run by the unwinder, allocates.
struct guard {
	FRAME ~guard()
	{
		void *block = malloc(10);
		KEEP(block);
	}
};

extern "C" FRAME void thrower(int depth)
{
	guard here;

	if (depth == 0)
		throw std::runtime_error("as arranged");
	thrower(depth - 1);
	KEEP(&here);
}

extern "C" FRAME void catcher(int depth)
{
	try {
		thrower(depth);
	} catch (const std::exception &) {
		void *block = ::operator new(20);
		KEEP(block);
	}
	char *after = new char[30];
	KEEP(after);
}

int main(int argc, char **argv)
{
	uint64_t guards = 0, rounds = argc > 1 ? strtoul(argv[1], nullptr, 10) : 1;

	for (uint64_t i = 0; i < rounds * 50; i++) {
		catcher(i % 50);
		guards += i % 50 + 1;
	}
	// beside these: an exception object and its message each throw, made below thrower and freed again
	dprintf(1, "live %d catcher heap %llu %llu\n", getpid(), (unsigned long long)(guards + rounds * 100),
		(unsigned long long)(guards * 10 + rounds * 50 * 50));
	return 0;
}
