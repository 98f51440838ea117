/* SPDX-License-Identifier: MIT */
/*
 * sys.h - system calls as the shim makes them: past libc, past our own hooks, past errno.
 *
 * Every function returns what the kernel returns: zero or a positive result, or -errno (sys_mmap: MAP_FAILED-like
 * values are seen with sys_failed()). None of them is a cancellation point, none touches errno, all are
 * async-signal-safe. Structures are the kernel's, which on this architecture are libc's where a libc type is named.
 */
#ifndef SEEP_SYS_H
#define SEEP_SYS_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

/* Kernel numbers that older headers lack. */
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

#if defined(__x86_64__)
#include "sys_x86_64.h"
#else
#error "write sys_<architecture>.h beside sys_x86_64.h"
#endif

/* True for the -errno range of a raw result, also of one that is an address. */
static inline bool sys_failed(const void *result)
{
	return (uintptr_t)result > (uintptr_t)-4096L;
}

/* A directory entry of sys_getdents64(); the name is NUL-terminated, the next entry `d_reclen` bytes on. */
struct sys_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

/* ---- descriptors and files ---- */

static inline int sys_open(const char *path, int flags, mode_t mode)
{
	return (int)sys_call4(SYS_openat, AT_FDCWD, (long)path, flags, (long)mode);
}

static inline int sys_close(int fd)
{
	return (int)sys_call1(SYS_close, fd);
}

static inline ssize_t sys_read(int fd, void *buffer, size_t size)
{
	return sys_call3(SYS_read, fd, (long)buffer, (long)size);
}

static inline ssize_t sys_write(int fd, const void *buffer, size_t size)
{
	return sys_call3(SYS_write, fd, (long)buffer, (long)size);
}

static inline ssize_t sys_pread64(int fd, void *buffer, size_t size, off_t offset)
{
	return sys_call4(SYS_pread64, fd, (long)buffer, (long)size, offset);
}

static inline int sys_fstat(int fd, struct stat *status)
{
	return (int)sys_call2(SYS_fstat, fd, (long)status);
}

static inline int sys_statfs(const char *path, struct statfs *status)
{
	return (int)sys_call2(SYS_statfs, (long)path, (long)status);
}

static inline long sys_fcntl(int fd, int command, long argument)
{
	return sys_call3(SYS_fcntl, fd, command, argument);
}

static inline int sys_ftruncate(int fd, off_t size)
{
	return (int)sys_call2(SYS_ftruncate, fd, size);
}

static inline int sys_fallocate(int fd, int mode, off_t offset, off_t size)
{
	return (int)sys_call4(SYS_fallocate, fd, mode, offset, size);
}

static inline int sys_flock(int fd, int operation)
{
	return (int)sys_call2(SYS_flock, fd, operation);
}

static inline int sys_dup2(int fd, int wanted)
{
	return (int)sys_call2(SYS_dup2, fd, wanted);
}

static inline ssize_t sys_getdents64(int fd, void *buffer, size_t size)
{
	return sys_call3(SYS_getdents64, fd, (long)buffer, (long)size);
}

static inline ssize_t sys_readlink(const char *path, char *buffer, size_t size)
{
	return sys_call3(SYS_readlink, (long)path, (long)buffer, (long)size);
}

static inline int sys_mkdir(const char *path, mode_t mode)
{
	return (int)sys_call2(SYS_mkdir, (long)path, (long)mode);
}

static inline int sys_unlink(const char *path)
{
	return (int)sys_call1(SYS_unlink, (long)path);
}

static inline int sys_chdir(const char *path)
{
	return (int)sys_call1(SYS_chdir, (long)path);
}

/* ---- memory ---- */

/* The address, or a value for which sys_failed() is true: then -(intptr_t)result is the errno. */
static inline void *sys_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return (void *)sys_call6(SYS_mmap, (long)address, (long)size, protection, flags, fd, offset);
}

static inline int sys_munmap(void *address, size_t size)
{
	return (int)sys_call2(SYS_munmap, (long)address, (long)size);
}

static inline int sys_mprotect(void *address, size_t size, int protection)
{
	return (int)sys_call3(SYS_mprotect, (long)address, (long)size, protection);
}

static inline int sys_madvise(void *address, size_t size, int advice)
{
	return (int)sys_call3(SYS_madvise, (long)address, (long)size, advice);
}

static inline int sys_membarrier(int command, unsigned int flags)
{
	return (int)sys_call3(SYS_membarrier, command, flags, 0);
}

/* ---- processes and threads ---- */

static inline pid_t sys_getpid(void)
{
	return (pid_t)sys_call0(SYS_getpid);
}

static inline pid_t sys_gettid(void)
{
	return (pid_t)sys_call0(SYS_gettid);
}

static inline uid_t sys_geteuid(void)
{
	return (uid_t)sys_call0(SYS_geteuid);
}

/*
 * Like fork(): no new stack, no thread state given. Without CLONE_VM only: a child on the same stack in the same
 * memory would overwrite the caller's frames. No pthread_atfork handler runs.
 */
static inline pid_t sys_clone(unsigned long flags)
{
	return (pid_t)sys_call5(SYS_clone, (long)flags, 0, 0, 0, 0);
}

static inline int sys_execve(const char *path, char *const *arguments, char *const *environment)
{
	return (int)sys_call3(SYS_execve, (long)path, (long)arguments, (long)environment);
}

static inline pid_t sys_wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return (pid_t)sys_call4(SYS_wait4, pid, (long)status, options, (long)usage);
}

__attribute__((noreturn)) static inline void sys_exit_group(int status)
{
	for (;;)
		sys_call1(SYS_exit_group, status);
}

static inline pid_t sys_setsid(void)
{
	return (pid_t)sys_call0(SYS_setsid);
}

static inline int sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return (int)sys_call5(SYS_prctl, option, (long)a, (long)b, (long)c, (long)d);
}

/* `set` and `old` are kernel signal sets: one 64-bit word, bit n - 1 for signal n. */
static inline int sys_rt_sigprocmask(int how, const uint64_t *set, uint64_t *old)
{
	return (int)sys_call4(SYS_rt_sigprocmask, how, (long)set, (long)old, sizeof(uint64_t));
}

static inline int sys_sched_yield(void)
{
	return (int)sys_call0(SYS_sched_yield);
}

/* ---- the rest ---- */

static inline int sys_clock_gettime(clockid_t clock, struct timespec *now)
{
	return (int)sys_call2(SYS_clock_gettime, clock, (long)now);
}

/* A clock's time in nanoseconds; 0 if there is no such clock. */
static inline int64_t sys_clock_ns(clockid_t clock)
{
	struct timespec now = {0, 0};

	sys_clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline ssize_t sys_getrandom(void *buffer, size_t size, unsigned int flags)
{
	return sys_call3(SYS_getrandom, (long)buffer, (long)size, flags);
}

#endif
