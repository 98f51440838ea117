/* SPDX-License-Identifier: MIT */
/*
 * companion.h - the commands that are programs of their own: `seep serve` is seep-serve, `seep push` is seep-push, and
 * `seep top --watch` on a terminal is seep-watch.
 *
 * seep is also the recorder, which starts with every recorded program: the libraries of a web server and of a
 * database's client, some twenty, and a terminal's are not to be loaded there.
 */
#ifndef SEEP_COMPANION_H
#define SEEP_COMPANION_H

#include <limits.h>
#include <stdbool.h>

/* Finds seep-NAME beside this program, or where it is installed. False: with a sentence on stderr; `command` says it.
 */
bool companion_find(const char *name, const char *command, char out[PATH_MAX]);

/* Goes on as seep-NAME, with these arguments (argv[0] becomes its path); returns the exit code if that fails. */
int companion_become(const char *name, const char *command, char **argv);

#endif
