/* SPDX-License-Identifier: MIT */
/* common.c - see common.h. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_LIMIT_S = 10, LATE_LIMIT_NS = 100 * 1000 * 1000 };

/* ---- sockets ---- */

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int close_keeping_errno(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

int loopback_listen(uint16_t *port)
{
	struct sockaddr_in address = loopback(*port);
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		return close_keeping_errno(fd);
	*port = ntohs(address.sin_port);
	return fd;
}

int loopback_connect(uint16_t port)
{
	struct sockaddr_in address = loopback(port);
	struct timeval limit = {.tv_sec = ANSWER_LIMIT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return close_keeping_errno(fd);
	return fd;
}

int watch_add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* ---- a server's life ---- */

int signals_open(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL))
		return -1;
	return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

void descriptors_raise(void)
{
	struct rlimit descriptors;

	if (getrlimit(RLIMIT_NOFILE, &descriptors))
		return;
	descriptors.rlim_cur = descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &descriptors);
}

void port_print(uint16_t port)
{
	printf("%u\n", port);
	fflush(stdout);
}

int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_ms(void)
{
	return clock_ns() / 1000000;
}

/* ---- command lines ---- */

static _Noreturn void usage(int port, const struct argument *arguments)
{
	fprintf(stderr, "usage: %s %s", program_invocation_short_name, port < 0 ? "PORT" : "[PORT]");
	for (; arguments->name; arguments++)
		fprintf(stderr, arguments->most ? " [--%s N]" : " [--%s]", arguments->name);
	fputc('\n', stderr);
	exit(2);
}

static bool number_read(const char *text, int least, int most, int *value)
{
	char *end = NULL;
	long number;

	if (!text || !*text)
		return false;
	errno = 0;
	number = strtol(text, &end, 10);
	if (*end || errno || number < least || number > most)
		return false;
	*value = (int)number;
	return true;
}

void arguments_read(int argc, char **argv, int *port, const struct argument *arguments)
{
	int needed = *port;

	for (int i = 1; i < argc; i++) {
		const struct argument *argument = arguments;

		if (strncmp(argv[i], "--", 2)) {
			if (!number_read(argv[i], 0, UINT16_MAX, port))
				usage(needed, arguments);
			continue;
		}
		while (argument->name && strcmp(argument->name, argv[i] + 2))
			argument++;
		if (argument->name && !argument->most)
			*argument->value = 1;
		else if (!argument->name || !number_read(argv[++i], argument->least, argument->most, argument->value))
			usage(needed, arguments);
	}
	if (*port < 0)
		usage(needed, arguments);
}

/* ---- load drivers ---- */

struct pace pace_start(int seconds, double per_second)
{
	int64_t now = clock_ns();

	return (struct pace){
		.end_ns = now + seconds * (int64_t)1000000000, .due_ns = now, .period_ns = (int64_t)(1e9 / per_second)};
}

bool pace_wait(struct pace *pace)
{
	int64_t now = clock_ns();
	struct timespec due;

	if (pace->due_ns < now - LATE_LIMIT_NS)
		pace->due_ns = now;
	if (pace->due_ns >= pace->end_ns || now >= pace->end_ns)
		return false;
	due = (struct timespec){.tv_sec = pace->due_ns / 1000000000, .tv_nsec = pace->due_ns % 1000000000};
	pace->due_ns += pace->period_ns;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
	}
	return true;
}

void load_fail(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

void load_print(const char *name, long long count)
{
	printf("%s %lld\n", name, count);
}
