/* SPDX-License-Identifier: MIT */
/*
 * daemon_chroot.c DIRECTORY - what a careful daemon does: forks twice, a session of its own, closes every descriptor,
 * chroots into DIRECTORY, gives up its privileges, and works then. Writes to DIRECTORY/result, which it opens
 * last before the chroot, what it sees and what its recording must hold (expect.h). Needs root.
 */
#include "expect.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { NOBODY = 65534, MADE = 1000, KEPT = 100, SOCKETS = 10, SOCKETS_KEPT = 3 };

static FRAME void *daemon_make(void)
{
	void *block = malloc(40);

	KEEP(block);
	return block;
}

static FRAME int daemon_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	KEEP(&fd);
	return fd;
}

static FRAME void *before_make(void)
{
	void *block = malloc(50);

	KEEP(block);
	return block;
}

static void daemonize(void)
{
	if (fork())
		_exit(0);
	setsid();
	if (fork())
		_exit(0);
	closefrom(0);
	open("/dev/null", O_RDWR);
	dup(0);
	dup(0);
}

static int drop_privileges(const char *directory)
{
	return chroot(directory) || chdir("/") || setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	       setresuid(NOBODY, NOBODY, NOBODY);
}

static void work(void)
{
	for (int i = 0; i < MADE; i++) {
		void *block = daemon_make();

		if (i >= KEPT)
			free(block);
	}
	for (int i = 0; i < SOCKETS; i++) {
		int fd = daemon_connect();

		if (i >= SOCKETS_KEPT)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	void *before[2] = {before_make(), before_make()};
	int result;

	if (argc != 2)
		return 2;
	umask(022);
	daemonize();
	chdir(argv[1]);
	result = open("result", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (drop_privileges(argv[1])) {
		dprintf(result, "cannot drop privileges\n");
		return 1;
	}
	free(before[0]);
	work();
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(result, "descriptor %d\n", fd);
	dprintf(result, "uid %d, can open /etc: %d\n", (int)getuid(), open("/etc", O_RDONLY) >= 0);
	/* this process was forked: it inherited two blocks and frees one */
	expect(result, "before_make", "heap", (struct expected){.released = 1, .released_bytes = 50});
	expect(result, "daemon_make", "heap", (struct expected){MADE, MADE - KEPT, MADE * 40, (MADE - KEPT) * 40});
	expect(result, "daemon_connect", "socket", (struct expected){SOCKETS, SOCKETS - SOCKETS_KEPT, 0, 0});
	dprintf(result, "done\n");
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	return 0;
}
