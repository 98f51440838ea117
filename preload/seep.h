/* SPDX-License-Identifier: MIT */
/*
 * seep.h - marks: a program tells Seep what it does, so that growth can be held against it.
 *
 *	#include <seep.h>
 *
 *	seep_mark("request");
 *
 * counts an event by that name. `seep growth` then says "1.00 objects per request" where that is so. There is nothing
 * to link: without Seep a mark does nothing and costs a load and a branch. With it, about as much as a function call.
 *
 * For C and C++, in programs and libraries. The name is the same at every call of one place: it is looked at the first
 * time only (for another name, write another seep_mark). What counts are its first 59 bytes; bytes that are no
 * printable UTF-8 are shown as '?'. A process has up to 64 names; marks of more are counted as dropped.
 * Async-signal-safe, thread-safe; errno is kept. Forked children count from 0. Nothing is counted before exec in a
 * vfork child, nor in statically linked programs.
 */
#ifndef SEEP_H
#define SEEP_H

#ifdef __cplusplus
extern "C" {
#endif

/* libseep.so's, if that is preloaded. `slot` is the place's own, and 0 at first. */
typedef void seep_mark_function(unsigned int *slot, const char *name);
extern seep_mark_function seep_mark_event __attribute__((__weak__));

/*
 * The function, or a null pointer. The address of a weak function is a constant, 0, to the linker of a program at a
 * fixed address (-no-pie); in the global offset table it is looked up when the program starts.
 */
static __inline__ seep_mark_function *seep_mark_find(void)
{
#if defined(__x86_64__) && !defined(__ILP32__)
	seep_mark_function *function;

	__asm__(".weak seep_mark_event\n\tmovq seep_mark_event@GOTPCREL(%%rip), %0" : "=r"(function));
	return function;
#else
	return seep_mark_event;
#endif
}

#ifdef __cplusplus
}
#endif

#define seep_mark(name)                                                 \
	do {                                                            \
		static unsigned int seep_mark_slot;                     \
		seep_mark_function *seep_mark_found = seep_mark_find(); \
                                                                        \
		if (__builtin_expect(seep_mark_found != 0, 0))          \
			(*seep_mark_found)(&seep_mark_slot, (name));    \
	} while (0)

#endif
