/* SPDX-License-Identifier: MIT */
/*
 * watch.h - a report that is printed again and again.
 *
 * On a terminal it is refreshed in place on the alternate screen, cut to the window; `q` ends it. Whatever ends it,
 * a signal too, the terminal is as it was before. Elsewhere a whole report is written each time,
 * until nobody reads any more.
 */
#ifndef SEEP_WATCH_H
#define SEEP_WATCH_H

#include "open.h"

/* Each options->watch_s seconds. Returns the exit code. */
int watch_report(const struct options *options, report_function *print);

#endif
