/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "paths.h"

/* The end of a server's processes is not one instant: as store_read_totals() has it. */
#define ENDED_TOGETHER_NS INT64_C(2000000000)

bool process_lasted(const struct recording *recording, const struct model_process *process)
{
	if (process->exec_ended)
		return false;
	return !process->ended_ns ||
	       (recording->ended_ns && process->ended_ns > recording->ended_ns - ENDED_TOGETHER_NS);
}

char *process_program(const struct model_process *process)
{
	char *first = memory_format("%.*s", (int)strcspn(process->command, " "), process->command), *name;
	const char *base = path_base(first);
	size_t size;

	base += *base == '-'; /* a login shell */
	size = strlen(base);
	if (size && base[size - 1] == ':')
		size--;
	name = size ? memory_format("%.*s", (int)size, base) : memory_string(path_base(process->exe));
	free(first);
	return name;
}
