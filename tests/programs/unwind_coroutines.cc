// SPDX-License-Identifier: MIT
// unwind_coroutines.cc COUNT - C++20 coroutines, nested and resumed from changing depths, that allocate COUNT times.
// Build with: -std=c++20 -fcoroutines
#include "expect.h"

#include <coroutine>
#include <cstdlib>
#include <utility>
#include <vector>

namespace
{

unsigned made;

FRAME void allocate()
{
	free(malloc(10));
	made++;
	KEEP(&made);
}

// Yields numbers; a coroutine that is resumed continues in a frame above whoever resumes it.
struct numbers {
	struct promise_type {
		int value = 0;

		numbers get_return_object()
		{
			return numbers{std::coroutine_handle<promise_type>::from_promise(*this)};
		}
		std::suspend_always initial_suspend()
		{
			return {};
		}
		std::suspend_always final_suspend() noexcept
		{
			return {};
		}
		std::suspend_always yield_value(int given)
		{
			value = given;
			allocate();
			return {};
		}
		void return_void()
		{
		}
		void unhandled_exception()
		{
			abort();
		}
	};

	explicit numbers(std::coroutine_handle<promise_type> given) : handle(given)
	{
	}
	numbers(numbers &&other) noexcept : handle(std::exchange(other.handle, nullptr))
	{
	}
	numbers(const numbers &) = delete;
	~numbers()
	{
		if (handle)
			handle.destroy();
	}
	bool next()
	{
		handle.resume();
		return !handle.done();
	}

	std::coroutine_handle<promise_type> handle;
};

numbers count_to(int limit, int nesting)
{
	for (int i = 0; i < limit; i++) {
		allocate();
		if (nesting > 0) {
			numbers inner = count_to(2, nesting - 1);

			while (inner.next())
				co_yield inner.handle.promise().value;
		}
		co_yield i;
	}
}

FRAME bool resume_from(numbers &coroutine, int depth)
{
	bool goes_on = depth > 0 ? resume_from(coroutine, depth - 1) : coroutine.next();

	allocate();
	return goes_on;
}

} // namespace

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? strtoul(argv[1], nullptr, 10) : 1000;

	while (made < count) {
		std::vector<numbers> running;

		for (int i = 0; i < 5; i++)
			running.push_back(count_to(10, i % 3));
		for (int depth = 0; resume_from(running[depth % 5], depth % 11); depth++) {
		}
	}
	printf("%u allocations\n", made);
	return 0;
}
