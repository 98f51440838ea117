// SPDX-License-Identifier: MIT
// stack_exceptions.cc - exceptions thrown across frames, with destructors and handlers on the way that allocate.
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

int main()
{
	uint64_t guards = 0;

	for (int depth = 0; depth < 50; depth++) {
		catcher(depth);
		guards += depth + 1;
	}
	// beside these: an exception object and its message each throw, made below thrower and freed again
	dprintf(1, "live %d catcher heap %llu %llu\n", getpid(), (unsigned long long)guards + 100,
		(unsigned long long)guards * 10 + 50 * 50);
	return 0;
}
