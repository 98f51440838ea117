/* SPDX-License-Identifier: MIT */
/* handles_popen.c - a command's pipe that is not always given back. */
#include "handles.h"

static FRAME FILE *command_run(void)
{
	FILE *pipe = popen("exit 3", "r");

	REQUIRE(pipe);
	return pipe;
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		FILE *pipe = command_run();

		/* the child's answer comes through */
		REQUIRE(i == 0 || pclose(pipe) == 3 << 8);
	}
	expect_handles("command_run", "stream", 4, 3);
	expect_handles("command_run", "pipe", 4, 3);
	expect_misuses(0);
	expect_trust("unseen_closes", 0);
	return 0;
}
