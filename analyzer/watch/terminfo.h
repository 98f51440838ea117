/* SPDX-License-Identifier: MIT */
/*
 * terminfo.h - what the terminal's description says, apart from what curses does with it: its header and that of curses
 * take each other's names for macros.
 */
#ifndef SEEP_WATCH_TERMINFO_H
#define SEEP_WATCH_TERMINFO_H

#include <stdbool.h>
#include <stddef.h>

/* True if $TERM is a terminal that is known and can place its cursor; without, curses would draw all the same. */
bool terminfo_load(int descriptor);

/* After that: what ends all modes that a view may have set. Cut to `size`. */
void terminfo_leave(char *out, size_t size);

#endif
