/* SPDX-License-Identifier: MIT */
/* leak_event_pair.c - a request waits for its completion with an eventfd and an epoll of its own, and leaves both open.
 */
#include "lines.h"

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct completion {
	int event, epoll;
};

static bool completion_open(struct completion *completion)
{
	struct epoll_event wanted = {.events = EPOLLIN};

	completion->event = eventfd(0, EFD_CLOEXEC);
	completion->epoll = epoll_create1(EPOLL_CLOEXEC);
	return completion->event >= 0 && completion->epoll >= 0 &&
	       !epoll_ctl(completion->epoll, EPOLL_CTL_ADD, completion->event, &wanted);
}

static bool completion_wait(const struct completion *completion)
{
	uint64_t one = 1;
	struct epoll_event event;

	return write(completion->event, &one, sizeof(one)) == sizeof(one) &&
	       epoll_wait(completion->epoll, &event, 1, 1000) == 1;
}

static bool completed(const struct request *request)
{
	struct completion completion;

	return completion_open(&completion) && completion_wait(&completion) && request->value;
}

const struct service service = {.answer = completed};
