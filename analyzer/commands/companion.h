/* SPDX-License-Identifier: MIT */
/*
 * companion.h - the commands that are programs of their own: `seep serve` is seep-serve, `seep push` is seep-push.
 *
 * seep is also the recorder, which starts with every recorded program: the libraries of a web server and of a
 * database's client, some twenty, are not to be loaded there.
 */
#ifndef SEEP_COMPANION_H
#define SEEP_COMPANION_H

#include <limits.h>
#include <stdbool.h>

/* Finds seep-NAME beside this program, or where it is installed. False: with a sentence on stderr; `command` says it.
 */
bool companion_find(const char *name, const char *command, char out[PATH_MAX]);

#endif
