/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "writer_internal.h"

void writer_release(struct writer *writer)
{
	free(writer);
}
