/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (!error || error->text[0])
		return code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	utf8_make_line(error->text); /* names in a damaged file, a database's words, a path that was cut: anything */
	return code;
}

int error_exit_code(int code)
{
	if (code == SEEP_OK)
		return SEEP_EXIT_OK;
	return code == SEEP_ERR_USAGE ? SEEP_EXIT_USAGE : SEEP_EXIT_UNKNOWN;
}
