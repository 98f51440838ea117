/* SPDX-License-Identifier: MIT */
/*
 * common.h - what the sample servers and their load drivers share: loopback sockets, clocks, the end by signal,
 * command lines, and the pace and the words of a load driver.
 *
 * A server prints its port as its first line and ends with 0 at SIGTERM or SIGINT. A load driver is told that port,
 * does so many operations a second for so many seconds, prints what it did in lines "name count", and ends with
 * 1 and a sentence when the server misbehaved. Both end with 2 on wrong usage. All sockets are on 127.0.0.1.
 */
#ifndef SEEP_TESTS_COMMON_H
#define SEEP_TESTS_COMMON_H

#include <stdbool.h>
#include <stdint.h>

/* ---- sockets ---- */

/* A listening socket, non-blocking. *port 0 asks for a free one; *port is then the one taken. -1: see errno. */
int loopback_listen(uint16_t *port);
/* A connection, blocking and without delay; its reads give up after ten seconds (EAGAIN). -1: see errno. */
int loopback_connect(uint16_t port);
/* Has epoll watch fd; `data` comes back with its events. -1: see errno. */
int watch_add(int epoll, int fd, uint32_t events, uint64_t data);

/* ---- a server's life ---- */

/* Blocks SIGTERM and SIGINT in this thread and those that it will start, and returns a non-blocking descriptor
 * that is readable once one of them has come. -1: see errno. */
int signals_open(void);
/* As many descriptors as the hard limit allows. */
void descriptors_raise(void);
void port_print(uint16_t port);
/* Of CLOCK_MONOTONIC. */
int64_t clock_ns(void);
int64_t clock_ms(void);

/* ---- command lines ---- */

/* "--name N" with N from least to most, or, where most is 0, the flag "--name", which sets 1. */
struct argument {
	const char *name;
	int *value; /* holds the default before */
	int least, most;
};

/*
 * Reads "[PORT] [--name N]..." into *port and the values of `arguments`, whose last has no name. A *port of -1 says
 * that there has to be one. Prints the usage and exits with 2 when the command line is wrong.
 */
void arguments_read(int argc, char **argv, int *port, const struct argument *arguments);

/* ---- load drivers ---- */

/* Rate limit: operations are due at even distances; what is more than a tenth of a second late is not caught up. */
struct pace {
	int64_t end_ns, due_ns, period_ns;
};

struct pace pace_start(int seconds, double per_second);
/* Sleeps until the next operation is due. False: the time is over. */
bool pace_wait(struct pace *pace);

/* The server misbehaved: prints "PROGRAM: SENTENCE" and exits with 1. */
_Noreturn void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints "name count". */
void load_print(const char *name, long long count);

#endif
