/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - the one table of what libseep.so interposes.
 *
 * (What libseep.so exports beside these is seep.h's seep_mark_event(), in marks.c.)
 *
 * From it come the pointers to the next definition of each function, their resolution (real.c), and the test that
 * every hook is exported and every exported function is in the table. The bodies are in the file that the
 * section names. X(function)
 */
#ifndef SEEP_HOOKS_H
#define SEEP_HOOKS_H

#include "hook_prototypes.h"
#include "shim.h"

/* clang-format off */

/* heap.c: the C library's */
#define HEAP_HOOKS(X)                                                                                         \
	X(malloc) X(free) X(calloc) X(realloc) X(reallocarray) X(posix_memalign) X(aligned_alloc)             \
	X(memalign) X(valloc) X(pvalloc) X(cfree) X(free_sized) X(free_aligned_sized)

/* heap_cxx.c: operator new and delete (Itanium names, size_t = unsigned long) */
#define CXX_HOOKS(X)                                                                                          \
	X(_Znwm) X(_Znam) X(_ZnwmRKSt9nothrow_t) X(_ZnamRKSt9nothrow_t) X(_ZnwmSt11align_val_t)               \
	X(_ZnamSt11align_val_t) X(_ZnwmSt11align_val_tRKSt9nothrow_t) X(_ZnamSt11align_val_tRKSt9nothrow_t)   \
	X(_ZdlPv) X(_ZdaPv) X(_ZdlPvm) X(_ZdaPvm) X(_ZdlPvRKSt9nothrow_t) X(_ZdaPvRKSt9nothrow_t)             \
	X(_ZdlPvSt11align_val_t) X(_ZdaPvSt11align_val_t) X(_ZdlPvmSt11align_val_t)                           \
	X(_ZdaPvmSt11align_val_t) X(_ZdlPvSt11align_val_tRKSt9nothrow_t)                                      \
	X(_ZdaPvSt11align_val_tRKSt9nothrow_t)

/* heap_other.c: the own interfaces of jemalloc, mimalloc and tcmalloc */
#define OTHER_HEAP_HOOKS(X)                                                                                   \
	X(mallocx) X(rallocx) X(xallocx) X(dallocx) X(sdallocx) X(mi_malloc) X(mi_calloc) X(mi_zalloc)        \
	X(mi_realloc) X(mi_free) X(mi_malloc_aligned) X(mi_malloc_small) X(mi_zalloc_small) X(mi_mallocn)     \
	X(mi_reallocf) X(tc_malloc) X(tc_free) X(tc_calloc) X(tc_realloc) X(tc_memalign) X(tc_cfree)          \
	X(tc_posix_memalign) X(tc_valloc) X(tc_pvalloc) X(tc_free_sized) X(tc_malloc_skip_new_handler)

/* mappings.c */
#define MAPPING_HOOKS(X)                                                                                      \
	X(mmap) X(mmap64) X(munmap) X(mremap)

/* descriptors.c */
#define DESCRIPTOR_HOOKS(X)                                                                                   \
	X(open) X(open64) X(openat) X(openat64) X(creat) X(creat64) X(__open_2) X(__open64_2) X(__openat_2)   \
	X(__openat64_2) X(open_by_handle_at) X(shm_open) X(posix_openpt) X(getpt) X(openpty) X(forkpty)       \
	X(socket) X(socketpair) X(accept) X(accept4) X(pipe) X(pipe2) X(dup) X(dup2) X(dup3) X(fcntl)         \
	X(fcntl64) X(eventfd) X(signalfd) X(epoll_create) X(epoll_create1) X(inotify_init) X(inotify_init1)   \
	X(fanotify_init) X(timerfd_create) X(memfd_create) X(pidfd_open) X(pidfd_getfd) X(mq_open)            \
	X(__mq_open_2) X(recvmsg) X(recvmmsg) X(close) X(close_range) X(closefrom) X(mq_close) X(mkstemp)     \
	X(mkstemp64) X(mkostemp) X(mkostemp64) X(mkstemps) X(mkstemps64) X(mkostemps) X(mkostemps64)          \
	X(inotify_add_watch) X(inotify_rm_watch)

/* io.c */
#define IO_HOOKS(X)                                                                                           \
	X(getsockopt) X(connect) X(read) X(__read_chk) X(readv) X(recv) X(__recv_chk) X(recvfrom)             \
	X(__recvfrom_chk) X(write) X(writev) X(send) X(sendto) X(sendmsg) X(sendmmsg) X(sendfile)             \
	X(sendfile64) X(splice)

/* streams.c */
#define STREAM_HOOKS(X)                                                                                       \
	X(fopen) X(fopen64) X(fdopen) X(freopen) X(freopen64) X(tmpfile) X(tmpfile64) X(popen) X(fmemopen)    \
	X(open_memstream) X(open_wmemstream) X(fopencookie) X(fclose) X(pclose) X(opendir) X(fdopendir)       \
	X(closedir)

/* timers.c */
#define TIMER_HOOKS(X)                                                                                        \
	X(timer_create) X(timer_delete) X(event_new) X(event_free) X(event_base_once) X(uv_timer_init)        \
	X(uv_close)

/* threads.c */
#define THREAD_HOOKS(X)                                                                                       \
	X(pthread_create) X(pthread_join) X(pthread_tryjoin_np) X(pthread_timedjoin_np)                       \
	X(pthread_clockjoin_np) X(pthread_detach) X(thrd_create) X(thrd_join) X(thrd_detach)

/*
 * fork.c, vfork_x86_64.S, init.c, cost.c. Not dlopen: it looks for libraries by its caller's RUNPATH, and that caller must stay
 * the program. Nothing has to be done there; modules are found when a stack first leads through them (tree.c).
 */
#define LIFECYCLE_HOOKS(X)                                                                                    \
	X(fork) X(_Fork) X(vfork) X(dlclose) X(prctl)

#define SEEP_HOOKS(X)                                                                                         \
	HEAP_HOOKS(X) CXX_HOOKS(X) OTHER_HEAP_HOOKS(X) MAPPING_HOOKS(X) DESCRIPTOR_HOOKS(X) IO_HOOKS(X)       \
	STREAM_HOOKS(X) TIMER_HOOKS(X) THREAD_HOOKS(X) LIFECYCLE_HOOKS(X)
/* clang-format on */

enum hook {
#define X(name) HOOK_##name,
	SEEP_HOOKS(X)
#undef X
		HOOK_COUNT,
	HEAP_HOOK_END = HOOK_mmap, /* the hooks before it allocate or free */
};

extern void *real_functions[HOOK_COUNT] __attribute__((visibility("hidden")));

/* The next definition after ours, or NULL where the process has none. Safe at any moment, from any hook. */
void *real_resolve(enum hook hook) __attribute__((visibility("hidden")));

struct link_map;
/* The loaded object that a function lies in, or NULL; and whether that is the C library. */
const struct link_map *real_library(const void *function) __attribute__((visibility("hidden")));
bool real_is_libcs(const void *function) __attribute__((visibility("hidden")));

/* The next definition, typed. NULL only for functions of libraries that the process may lack. */
#define REAL(name)                                                                             \
	((__typeof__(&name))(LIKELY(real_functions[HOOK_##name]) ? real_functions[HOOK_##name] \
								 : real_resolve(HOOK_##name)))

#endif
