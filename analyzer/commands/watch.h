/* SPDX-License-Identifier: MIT */
/*
 * watch.h - a report that is printed again and again, whole each time, until nobody reads any more: `seep top --watch`
 * where its output is no terminal. On one it is a program of its own (analyzer/watch/).
 */
#ifndef SEEP_WATCH_H
#define SEEP_WATCH_H

#include "open.h"

/* Each options->watch_s seconds. Returns the exit code. */
int watch_report(const struct options *options, report_function *print);

#endif
