/* SPDX-License-Identifier: MIT */
/* hook_prototypes.h - declarations of everything in hooks.h: the system's headers, and what they do not declare. */
#ifndef SEEP_HOOK_PROTOTYPES_H
#define SEEP_HOOK_PROTOTYPES_H

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <mqueue.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

void cfree(void *pointer);
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);

/* C++: nothrow_t const & and align_val_t as the ABI passes them */
void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *nothrow);
void _ZdlPv(void *pointer);
void _ZdaPv(void *pointer);
void _ZdlPvm(void *pointer, size_t size);
void _ZdaPvm(void *pointer, size_t size);
void _ZdlPvRKSt9nothrow_t(void *pointer, const void *nothrow);
void _ZdaPvRKSt9nothrow_t(void *pointer, const void *nothrow);
void _ZdlPvSt11align_val_t(void *pointer, size_t alignment);
void _ZdaPvSt11align_val_t(void *pointer, size_t alignment);
void _ZdlPvmSt11align_val_t(void *pointer, size_t size, size_t alignment);
void _ZdaPvmSt11align_val_t(void *pointer, size_t size, size_t alignment);
void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *pointer, size_t alignment, const void *nothrow);
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *pointer, size_t alignment, const void *nothrow);

/* jemalloc */
void *mallocx(size_t size, int flags);
void *rallocx(void *pointer, size_t size, int flags);
size_t xallocx(void *pointer, size_t size, size_t extra, int flags);
void dallocx(void *pointer, int flags);
void sdallocx(void *pointer, size_t size, int flags);

/* mimalloc */
void *mi_malloc(size_t size);
void *mi_calloc(size_t count, size_t size);
void *mi_zalloc(size_t size);
void *mi_realloc(void *pointer, size_t size);
void mi_free(void *pointer);
void *mi_malloc_aligned(size_t size, size_t alignment);
void *mi_malloc_small(size_t size);
void *mi_zalloc_small(size_t size);
void *mi_mallocn(size_t count, size_t size);
void *mi_reallocf(void *pointer, size_t size);

/* tcmalloc */
void *tc_malloc(size_t size);
void tc_free(void *pointer);
void *tc_calloc(size_t count, size_t size);
void *tc_realloc(void *pointer, size_t size);
void *tc_memalign(size_t alignment, size_t size);
void tc_cfree(void *pointer);
int tc_posix_memalign(void **out, size_t alignment, size_t size);
void *tc_valloc(size_t size);
void *tc_pvalloc(size_t size);
void tc_free_sized(void *pointer, size_t size);
void *tc_malloc_skip_new_handler(size_t size);

/* the fortified and large-file names */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);
int fcntl64(int fd, int command, ...);
mqd_t __mq_open_2(const char *name, int flags);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags, __SOCKADDR_ARG address,
		       socklen_t *length);

/* libevent 2, libuv 1: opaque here */
struct event;
struct event_base;
struct uv_loop_s;
struct uv_timer_s;
struct uv_handle_s;
struct event *event_new(struct event_base *base, int fd, short what, void (*callback)(int, short, void *),
			void *argument);
void event_free(struct event *event);
int event_base_once(struct event_base *base, int fd, short what, void (*callback)(int, short, void *), void *argument,
		    const struct timeval *timeout);
int uv_timer_init(struct uv_loop_s *loop, struct uv_timer_s *timer);
void uv_close(struct uv_handle_s *handle, void (*callback)(struct uv_handle_s *));

#endif
