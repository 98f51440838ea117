/* SPDX-License-Identifier: MIT */
/* handles_kinds.c - one callsite for each kind of descriptor; each is called twice, and one of the two closed. */
#include "handles.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

static FRAME int open_epoll(int turn)
{
	int fd = turn ? epoll_create1(0) : epoll_create(1);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_eventfd(int turn)
{
	int fd = eventfd((unsigned)turn, EFD_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_signalfd(int turn)
{
	sigset_t mask;
	int fd;

	sigemptyset(&mask);
	fd = signalfd(-1, &mask, turn ? SFD_CLOEXEC : 0);
	/* another mask for it: not another descriptor */
	REQUIRE(signalfd(fd, &mask, 0) == fd);
	return fd;
}

static FRAME int open_inotify(int turn)
{
	int fd = turn ? inotify_init() : inotify_init1(0);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_timerfd(int turn)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, turn ? TFD_CLOEXEC : 0);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_memfd(int turn)
{
	int fd = memfd_create("fixture", turn ? MFD_CLOEXEC : 0);

	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_pidfd(int turn)
{
	int fd = pidfd_open(getpid(), 0);

	(void)turn;
	REQUIRE(fd >= 0);
	return fd;
}

static FRAME int open_pipe(int turn)
{
	int fds[2];

	REQUIRE((turn ? pipe(fds) : pipe2(fds, O_CLOEXEC)) == 0);
	close(fds[1]);
	return fds[0];
}

static FRAME int open_terminal(int turn)
{
	int fds[2] = {-1, -1};
	pid_t child;

	(void)turn;
	close(posix_openpt(O_RDWR | O_NOCTTY));
	child = forkpty(&fds[0], NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	REQUIRE(child > 0 && waitpid(child, NULL, 0) == child);
	close(fds[0]);
	REQUIRE(openpty(&fds[0], &fds[1], NULL, NULL, NULL) == 0);
	close(fds[1]);
	return fds[0];
}

static FRAME int open_temporary(int turn)
{
	char path[] = "/tmp/handles_kinds.XXXXXX";
	int fd = turn ? mkstemp(path) : mkostemp(path, O_CLOEXEC);

	unlink(path);
	return fd;
}

static FRAME int open_shared(int turn)
{
	int fd = shm_open("/seep-handles-kinds", O_RDWR | O_CREAT, 0600);

	(void)turn;
	shm_unlink("/seep-handles-kinds");
	return fd;
}

static FRAME int open_created(int turn)
{
	char path[] = "/tmp/handles_kinds_created";
	int fd = turn ? creat(path, 0600) : openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0640);

	unlink(path);
	return fd;
}

int main(void)
{
	static const struct {
		int (*open)(int turn);
		const char *function, *kind;
		unsigned inner; /* opened and closed inside, in both calls */
	} kinds[] = {
		{open_epoll, "open_epoll", "epoll", 0},
		{open_eventfd, "open_eventfd", "eventfd", 0},
		{open_signalfd, "open_signalfd", "signalfd", 0},
		{open_inotify, "open_inotify", "inotify", 0},
		{open_timerfd, "open_timerfd", "timerfd", 0},
		{open_memfd, "open_memfd", "memfd", 0},
		{open_pidfd, "open_pidfd", "pidfd", 0},
		{open_pipe, "open_pipe", "pipe", 2},
		{open_terminal, "open_terminal", "descriptor", 6},
		{open_temporary, "open_temporary", "file", 0},
		{open_shared, "open_shared", "file", 0},
		{open_created, "open_created", "file", 0},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int turn = 0; turn < 2; turn++) {
			int fd = kinds[i].open(turn);

			REQUIRE(fd >= 0);
			if (turn)
				close(fd);
		}
		expect_handles(kinds[i].function, kinds[i].kind, 2 + kinds[i].inner, 1 + kinds[i].inner);
	}
	expect_misuses(0);
	expect_trust("unseen_closes", 0);
	expect_trust("overwritten_blocks", 0);
	return 0;
}
