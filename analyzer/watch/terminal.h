/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - the terminal: ncurses, signals, and how both end.
 *
 * From terminal_open() to terminal_close() the terminal shows the view, and what is written to standard error is kept
 * back; terminal_close() gives the terminal back as it was and then writes what was kept, so that a sentence of
 * whatever part of the program is read where people read. It is called by exit(), too, from whichever thread, and a
 * crash does the same with what is allowed in a signal handler. Only SIGKILL leaves the terminal as it is.
 *
 * There is one terminal, so this is one state. Only this folder knows ncurses.
 */
#ifndef SEEP_WATCH_TERMINAL_H
#define SEEP_WATCH_TERMINAL_H

#include "../base/error.h"
#include "../render/screen.h"
#include "../render/watch_view.h"

enum terminal_event {
	TERMINAL_READY,  /* there are keys, or the descriptor is readable */
	TERMINAL_REDRAW, /* its size has changed, or it was another program's for a while */
	TERMINAL_ENDED,  /* a signal ends the program, or nobody types any more */
};

/* False: this terminal cannot place its cursor, or standard input and output are none. */
bool terminal_is_capable(void);

/* SEEP_ERR_IO, and nothing is changed, if there is no memory for it. */
int terminal_open(struct error *error);
void terminal_close(void); /* as often as one likes */

/* Waits for a key, a signal, or until the descriptor is readable; -1: none. */
enum terminal_event terminal_wait(int descriptor);

/* What was typed; WATCH_KEY_NONE: nothing more. */
uint32_t terminal_key(void);

/* An empty screen of the terminal's size; and what was drawn into it, shown. */
void terminal_begin(struct screen *screen);
void terminal_show(const struct screen *screen);

/* Ends the process: by the signal that ended the view if there was one, with the exit code otherwise. */
void terminal_leave(int exit_code) __attribute__((noreturn));

#endif
