/* SPDX-License-Identifier: MIT */
/* descriptors.c - the hooks of all that gives, copies or closes a descriptor. */
#include <errno.h>
#include <stdarg.h>

#include "descriptor_table.h"
#include "hooks.h"
#include "misuse.h"
#include "sys.h"
#include "traffic.h"
#include "watches.h"

/* Received beside SCM_RIGHTS; not in the headers of older systems. */
#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

static inline int opened(const struct hook_frame *frame, int fd, enum seep_kind kind)
{
	if (LIKELY(fd >= 0))
		descriptor_acquired(frame, fd, kind);
	else
		descriptor_refused(frame);
	return fd;
}

static inline int opened_two(const struct hook_frame *frame, int result, const int *fds, enum seep_kind kind)
{
	if (LIKELY(result == 0))
		descriptors_acquired(frame, fds, 2, kind);
	else
		descriptor_refused(frame);
	return result;
}

/* ---- files ---- */

/* open() has the argument only where it may create a file; elsewhere there is nothing to read. */
static mode_t open_mode(int flags, va_list arguments)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

HOOK int open(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = open_mode(flags, arguments);
	va_end(arguments);
	return opened(HERE, REAL(open)(path, flags, mode), SEEP_KIND_FILE);
}

HOOK int open64(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = open_mode(flags, arguments);
	va_end(arguments);
	return opened(HERE, REAL(open64)(path, flags, mode), SEEP_KIND_FILE);
}

HOOK int openat(int directory, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = open_mode(flags, arguments);
	va_end(arguments);
	return opened(HERE, REAL(openat)(directory, path, flags, mode), SEEP_KIND_FILE);
}

HOOK int openat64(int directory, const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = open_mode(flags, arguments);
	va_end(arguments);
	return opened(HERE, REAL(openat64)(directory, path, flags, mode), SEEP_KIND_FILE);
}

HOOK int __open_2(const char *path, int flags)
{
	return opened(HERE, REAL(__open_2)(path, flags), SEEP_KIND_FILE);
}

HOOK int __open64_2(const char *path, int flags)
{
	return opened(HERE, REAL(__open64_2)(path, flags), SEEP_KIND_FILE);
}

HOOK int __openat_2(int directory, const char *path, int flags)
{
	return opened(HERE, REAL(__openat_2)(directory, path, flags), SEEP_KIND_FILE);
}

HOOK int __openat64_2(int directory, const char *path, int flags)
{
	return opened(HERE, REAL(__openat64_2)(directory, path, flags), SEEP_KIND_FILE);
}

HOOK int creat(const char *path, mode_t mode)
{
	return opened(HERE, REAL(creat)(path, mode), SEEP_KIND_FILE);
}

HOOK int creat64(const char *path, mode_t mode)
{
	return opened(HERE, REAL(creat64)(path, mode), SEEP_KIND_FILE);
}

HOOK int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	return opened(HERE, REAL(open_by_handle_at)(mount, handle, flags), SEEP_KIND_FILE);
}

HOOK int shm_open(const char *name, int flags, mode_t mode)
{
	return opened(HERE, REAL(shm_open)(name, flags, mode), SEEP_KIND_FILE);
}

HOOK int mkstemp(char *pattern)
{
	return opened(HERE, REAL(mkstemp)(pattern), SEEP_KIND_FILE);
}

HOOK int mkstemp64(char *pattern)
{
	return opened(HERE, REAL(mkstemp64)(pattern), SEEP_KIND_FILE);
}

HOOK int mkostemp(char *pattern, int flags)
{
	return opened(HERE, REAL(mkostemp)(pattern, flags), SEEP_KIND_FILE);
}

HOOK int mkostemp64(char *pattern, int flags)
{
	return opened(HERE, REAL(mkostemp64)(pattern, flags), SEEP_KIND_FILE);
}

HOOK int mkstemps(char *pattern, int suffix)
{
	return opened(HERE, REAL(mkstemps)(pattern, suffix), SEEP_KIND_FILE);
}

HOOK int mkstemps64(char *pattern, int suffix)
{
	return opened(HERE, REAL(mkstemps64)(pattern, suffix), SEEP_KIND_FILE);
}

HOOK int mkostemps(char *pattern, int suffix, int flags)
{
	return opened(HERE, REAL(mkostemps)(pattern, suffix, flags), SEEP_KIND_FILE);
}

HOOK int mkostemps64(char *pattern, int suffix, int flags)
{
	return opened(HERE, REAL(mkostemps64)(pattern, suffix, flags), SEEP_KIND_FILE);
}

/* ---- terminals ---- */

HOOK int posix_openpt(int flags)
{
	return opened(HERE, REAL(posix_openpt)(flags), SEEP_KIND_OTHERFD);
}

HOOK int getpt(void)
{
	return opened(HERE, REAL(getpt)(), SEEP_KIND_OTHERFD);
}

HOOK int openpty(int *master, int *slave, char *name, const struct termios *terminal, const struct winsize *window)
{
	int result = REAL(openpty)(master, slave, name, terminal, window);
	int fds[2] = {-1, -1};

	if (result == 0) {
		fds[0] = *master;
		fds[1] = *slave;
	}
	return opened_two(HERE, result, fds, SEEP_KIND_OTHERFD);
}

HOOK int forkpty(int *master, char *name, const struct termios *terminal, const struct winsize *window)
{
	int pid = REAL(forkpty)(master, name, terminal, window);

	/* the child has the slave, as its standard descriptors */
	if (pid > 0) {
		event_add(EVENT_FORKS, 1);
		descriptor_acquired(HERE, *master, SEEP_KIND_OTHERFD);
	} else if (pid < 0) {
		descriptor_refused(HERE);
	}
	return pid;
}

/* ---- sockets and pipes ---- */

enum { SOCKET_TYPE = 0xf }; /* of what socket() takes; above are flags */

HOOK int socket(int domain, int type, int protocol)
{
	int fd = opened(HERE, REAL(socket)(domain, type, protocol), SEEP_KIND_SOCKET);

	if ((type & SOCKET_TYPE) == SOCK_DGRAM || (type & SOCKET_TYPE) == SOCK_RAW)
		descriptor_is_of_datagrams(fd);
	return fd;
}

HOOK int socketpair(int domain, int type, int protocol, int fds[2])
{
	return opened_two(HERE, REAL(socketpair)(domain, type, protocol, fds), fds, SEEP_KIND_SOCKET);
}

static int accepted(const struct hook_frame *frame, int fd)
{
	if (LIKELY(fd >= 0))
		event_add(EVENT_ACCEPTED, 1);
	return opened(frame, fd, SEEP_KIND_SOCKET);
}

HOOK int accept(int fd, __SOCKADDR_ARG address, socklen_t *restrict length)
{
	return accepted(HERE, REAL(accept)(fd, address, length));
}

HOOK int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict length, int flags)
{
	return accepted(HERE, REAL(accept4)(fd, address, length, flags));
}

HOOK int pipe(int fds[2])
{
	return opened_two(HERE, REAL(pipe)(fds), fds, SEEP_KIND_PIPE);
}

HOOK int pipe2(int fds[2], int flags)
{
	return opened_two(HERE, REAL(pipe2)(fds, flags), fds, SEEP_KIND_PIPE);
}

/* ---- descriptors that came in a message ---- */

static void received(const struct hook_frame *frame, const struct cmsghdr *item, size_t size)
{
	for (size_t at = CMSG_LEN(0); at + sizeof(int) <= size; at += sizeof(int)) {
		int fd = *(const int *)((const char *)item + at);

		if (fd >= 0)
			descriptor_acquired(frame, fd, descriptor_probe(fd));
	}
}

/*
 * msg_controllen is what the kernel wrote; with MSG_CTRUNC the last item's length says how many descriptors it really
 * installed. MSG_PEEK installs them as well, each time.
 */
static void message_received(const struct hook_frame *frame, const struct msghdr *message)
{
	size_t size = message->msg_control ? message->msg_controllen : 0;
	size_t at = 0;

	while (at < size && size - at >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *item = (const struct cmsghdr *)((const char *)message->msg_control + at);
		size_t length = item->cmsg_len < size - at ? item->cmsg_len : size - at;

		if (length < sizeof(*item))
			return;
		if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
			received(frame, item, length);
		else if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_PIDFD &&
			 length >= CMSG_LEN(sizeof(int)))
			descriptor_acquired(frame, *(const int *)CMSG_DATA(item), SEEP_KIND_PIDFD);
		at += CMSG_ALIGN(length);
	}
}

HOOK ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t result = REAL(recvmsg)(fd, message, flags);

	if (result >= 0 && UNLIKELY(message->msg_controllen))
		message_received(HERE, message);
	return traffic_received(fd, result, flags);
}

HOOK int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout)
{
	int result = REAL(recvmmsg)(fd, messages, count, flags, timeout);

	for (int i = 0; i < result; i++)
		if (UNLIKELY(messages[i].msg_hdr.msg_controllen))
			message_received(HERE, &messages[i].msg_hdr);
	if (UNLIKELY(flags & (MSG_PEEK | MSG_ERRQUEUE)) && result >= 0)
		return result;
	return traffic_messages(fd, result, messages, EVENT_READ_CALLS);
}

/* ---- copies ---- */

HOOK int dup(int fd)
{
	return opened(HERE, REAL(dup)(fd), descriptor_kind(fd));
}

/* The number is the caller's throughout, so that one exchange after the call is enough, and a failure changes nothing.
 */
static int duplicated_onto(const struct hook_frame *frame, int fd, int result)
{
	if (result < 0)
		descriptor_refused(frame);
	else if (result != fd)
		descriptor_replaced(frame, result, descriptor_kind(fd));
	return result;
}

HOOK int dup2(int fd, int wanted)
{
	return duplicated_onto(HERE, fd, REAL(dup2)(fd, wanted));
}

HOOK int dup3(int fd, int wanted, int flags)
{
	return duplicated_onto(HERE, fd, REAL(dup3)(fd, wanted, flags));
}

static int controlled(const struct hook_frame *frame, int fd, int command, int result)
{
	if (UNLIKELY(command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		return opened(frame, result, descriptor_kind(fd));
	return result;
}

/* The third argument is a number, a pointer or absent. Absent, what is read is a register that nobody will use. */
HOOK int fcntl(int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return controlled(HERE, fd, command, REAL(fcntl)(fd, command, argument));
}

HOOK int fcntl64(int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return controlled(HERE, fd, command, REAL(fcntl64)(fd, command, argument));
}

/* ---- events ---- */

HOOK int eventfd(unsigned int count, int flags)
{
	return opened(HERE, REAL(eventfd)(count, flags), SEEP_KIND_EVENTFD);
}

HOOK int signalfd(int fd, const sigset_t *mask, int flags)
{
	int result = REAL(signalfd)(fd, mask, flags);

	/* a given descriptor gets another mask and is returned: nothing new */
	return fd == -1 ? opened(HERE, result, SEEP_KIND_SIGNALFD) : result;
}

HOOK int epoll_create(int size)
{
	return opened(HERE, REAL(epoll_create)(size), SEEP_KIND_EPOLL);
}

HOOK int epoll_create1(int flags)
{
	return opened(HERE, REAL(epoll_create1)(flags), SEEP_KIND_EPOLL);
}

HOOK int timerfd_create(clockid_t clock, int flags)
{
	return opened(HERE, REAL(timerfd_create)(clock, flags), SEEP_KIND_TIMERFD);
}

/*
 * EMFILE of inotify and fanotify speaks of the user's number of instances as a rule, not of this process's descriptors:
 * it is not passed to descriptor_refused(), whose mark is set only once.
 */
HOOK int inotify_init(void)
{
	int fd = REAL(inotify_init)();

	descriptor_acquired(HERE, fd, SEEP_KIND_INOTIFY);
	return fd;
}

HOOK int inotify_init1(int flags)
{
	int fd = REAL(inotify_init1)(flags);

	descriptor_acquired(HERE, fd, SEEP_KIND_INOTIFY);
	return fd;
}

HOOK int fanotify_init(unsigned int flags, unsigned int event_flags)
{
	int fd = REAL(fanotify_init)(flags, event_flags);

	descriptor_acquired(HERE, fd, SEEP_KIND_OTHERFD);
	return fd;
}

HOOK int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	int watch = REAL(inotify_add_watch)(fd, path, mask);

	if (watch >= 0)
		watch_acquired(HERE, fd, watch);
	return watch;
}

HOOK int inotify_rm_watch(int fd, int watch)
{
	watch_released(fd, watch);
	return REAL(inotify_rm_watch)(fd, watch);
}

/* ---- the rest ---- */

HOOK int memfd_create(const char *name, unsigned int flags)
{
	return opened(HERE, REAL(memfd_create)(name, flags), SEEP_KIND_MEMFD);
}

HOOK int pidfd_open(pid_t pid, unsigned int flags)
{
	return opened(HERE, REAL(pidfd_open)(pid, flags), SEEP_KIND_PIDFD);
}

HOOK int pidfd_getfd(int pidfd, int target, unsigned int flags)
{
	int fd = REAL(pidfd_getfd)(pidfd, target, flags);

	return opened(HERE, fd, descriptor_probe(fd));
}

HOOK mqd_t mq_open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	struct mq_attr *attributes = NULL;
	va_list arguments;

	va_start(arguments, flags);
	if (flags & O_CREAT) {
		mode = va_arg(arguments, mode_t);
		attributes = va_arg(arguments, struct mq_attr *);
	}
	va_end(arguments);
	return opened(HERE, REAL(mq_open)(name, flags, mode, attributes), SEEP_KIND_OTHERFD);
}

HOOK mqd_t __mq_open_2(const char *name, int flags)
{
	return opened(HERE, REAL(__mq_open_2)(name, flags), SEEP_KIND_OTHERFD);
}

/* ---- closing ---- */

HOOK int close(int fd)
{
	struct closing closing = descriptor_closing(HERE, fd);
	bool sweeping = closing.state != CLOSING_IGNORED && misuse_sweeping(HERE, fd);
	int result = REAL(close)(fd);

	descriptor_closed(HERE, &closing, result, sweeping);
	return result;
}

HOOK int mq_close(mqd_t queue)
{
	struct closing closing = descriptor_closing(HERE, queue);
	int result = REAL(mq_close)(queue);

	descriptor_closed(HERE, &closing, result, false);
	return result;
}

/*
 * Whether the call that follows will close: an old kernel or a filter answers ENOSYS or EPERM, and the caller then
 * closes one by one. Asked with the one range that is always empty, so that there is nothing to restore.
 * (CLOSE_RANGE_UNSHARE could still fail for want of memory.)
 */
static bool close_range_closes(unsigned int first, unsigned int last, int flags)
{
	return !(flags & (int)CLOSE_RANGE_CLOEXEC) && first <= last &&
	       sys_call3(SYS_close_range, ~0u, ~0u, flags & ~(int)CLOSE_RANGE_UNSHARE) == 0;
}

HOOK int close_range(unsigned int first, unsigned int last, int flags)
{
	if (close_range_closes(first, last, flags))
		descriptors_released(HERE, first, last);
	return REAL(close_range)(first, last, flags);
}

HOOK void closefrom(int lowest)
{
	descriptors_released(HERE, lowest < 0 ? 0 : (unsigned int)lowest, ~0u);
	REAL(closefrom)(lowest);
}
