/* SPDX-License-Identifier: MIT */
/* seep diff A B - what B holds more than A: `seep top --base A B`. */
#include "commands.h"
#include "open.h"
#include "top.h"

int command_diff(int argc, char **argv)
{
	struct options options;
	int exit_code;

	if (!command_begin(FOR_DIFF, argc, argv, &options, &exit_code))
		return exit_code;
	exit_code = command_report(&options, top_add);
	options_release(&options);
	return exit_code;
}
