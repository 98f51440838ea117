/* SPDX-License-Identifier: MIT */
/* stack_signal.c - a handler that allocates, on an alternate stack and on the thread's own; main is below it. */
#include "expect.h"

#include <signal.h>
#include <stdlib.h>

static volatile sig_atomic_t handled;

static FRAME void handler(int number)
{
	void *block = malloc(number == SIGUSR1 ? 100 : 200);

	KEEP(block);
	handled++;
}

static FRAME void interrupted(int number)
{
	raise(number);
	KEEP(&handled);
}

int main(void)
{
	static char stack[64 * 1024];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK}, NULL);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = handler}, NULL);
	for (int i = 0; i < 50; i++) {
		interrupted(SIGUSR1);
		interrupted(SIGUSR2);
	}
	expect(1, "handler", "heap", (struct expected){.acquired = 100, .acquired_bytes = 50 * 300});
	expect(1, "interrupted", "heap", (struct expected){.acquired = 100, .acquired_bytes = 50 * 300});
	return 0;
}
