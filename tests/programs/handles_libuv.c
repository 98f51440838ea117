/* SPDX-License-Identifier: MIT */
/* handles_libuv.c - libuv timers that are not closed. Build with: -luv */
#include "handles.h"

#include <uv.h>

enum { TIMERS = 9, CLOSED = 6 };

static uv_timer_t timers[TIMERS];
static uv_idle_t idle;

static FRAME void timer_start(uv_timer_t *timer)
{
	REQUIRE(uv_timer_init(uv_default_loop(), timer) == 0);
}

static FRAME void timer_start_again(uv_timer_t *timer)
{
	REQUIRE(uv_timer_init(uv_default_loop(), timer) == 0);
}

int main(void)
{
	for (int i = 0; i < TIMERS; i++)
		timer_start(&timers[i]);
	timer_start_again(&timers[TIMERS - 1]);
	for (int i = 0; i < CLOSED; i++)
		uv_close((uv_handle_t *)&timers[i], NULL);
	/* another kind of handle, not ours to count */
	uv_idle_init(uv_default_loop(), &idle);
	uv_close((uv_handle_t *)&idle, NULL);
	/* once it is closed, its memory may be a timer again */
	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	timer_start(&timers[0]);

	expect_handles("timer_start", "libuv-timer", TIMERS + 1, CLOSED);
	expect_handles("timer_start_again", "libuv-timer", 0, 0);
	return 0;
}
