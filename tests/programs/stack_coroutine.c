/* SPDX-License-Identifier: MIT */
/* stack_coroutine.c - two coroutines (makecontext, swapcontext) and main allocate in turn, each on its own stack. */
#include "expect.h"

#include <stdlib.h>
#include <ucontext.h>

enum { TURNS = 200, STACK = 64 * 1024 };

static ucontext_t contexts[3];

static FRAME void coroutine_allocate(size_t size)
{
	void *block = malloc(size);

	KEEP(block);
}

static FRAME void first_body(void)
{
	for (int i = 0; i < TURNS; i++) {
		coroutine_allocate(10);
		swapcontext(&contexts[1], &contexts[2]);
	}
}

static FRAME void second_body(void)
{
	for (int i = 0; i < TURNS; i++) {
		coroutine_allocate(20);
		swapcontext(&contexts[2], &contexts[0]);
	}
}

static void coroutine_make(int number, void (*body)(void))
{
	getcontext(&contexts[number]);
	contexts[number].uc_stack.ss_sp = malloc(STACK);
	contexts[number].uc_stack.ss_size = STACK;
	contexts[number].uc_link = &contexts[0];
	makecontext(&contexts[number], body, 0);
}

int main(void)
{
	coroutine_make(1, first_body);
	coroutine_make(2, second_body);
	for (int i = 0; i < TURNS; i++) {
		coroutine_allocate(30);
		swapcontext(&contexts[0], &contexts[1]);
	}
	expect(1, "first_body", "heap", (struct expected){.acquired = TURNS, .acquired_bytes = TURNS * 10});
	expect(1, "second_body", "heap", (struct expected){.acquired = TURNS, .acquired_bytes = TURNS * 20});
	expect(1, "coroutine_allocate", "heap", (struct expected){.acquired = 3 * TURNS, .acquired_bytes = TURNS * 60});
	return 0;
}
