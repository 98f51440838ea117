/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.h - the name of a callsite that survives a rebuild: what baselines and suppressions know it by.
 *
 * "s1:0123456789abcdef": version 1, and the 64-bit FNV-1a hash (Fowler, Noll, Vo) of the kind's name and of one line
 * "MODULE!FUNCTION" for each frame, innermost first. There are no addresses, lines, files or directories in it, so that
 * it stays when lines shift, a source file is renamed or moved, and the program is built anew, elsewhere, or for
 * another address. What goes into it:
 *
 *  - Frames. Inlined functions count as frames. Which functions get inlined changes from build to build, but where a
 *    recording has debug info the sequence of functions does not; leaving the inlined ones out would make it depend on
 *    the compiler's mood. (A call that an optimiser has made a jump leaves no frame, inlined or not: builds that differ
 *    in -foptimize-sibling-calls may differ in fingerprints.) Left out are the allocator's frames, innermost (as
 * profile.h hides them), and the C library's start-up code, outermost. A run of equal frames is one: a function that
 * was split (foo, foo.part.0), and a recursion of whatever depth.
 *  - Functions, demangled, without what compilers and other declarations change: parameters, return type and template
 *    arguments, clone suffixes (.part.0, .constprop.1, .isra.0, .cold, ...), ABI tags and inline namespaces of the
 *    standard libraries, the numbers of lambdas and closures.
 *  - Modules: the program itself is "[program]", whatever its file is called; a library is its file's name up to ".so",
 *    without a version ("libssl-3.so.3" and "libssl.so.1.1" are both "libssl.so").
 *  - Functions without a name. In a library such a frame is its module alone: the calls around it tell it from others.
 *    In the program itself, and where no frame of a stack has a name, it is the module and the offset of its code.
 *    Such a fingerprint holds for this very build only, and says so: "o1:...". Build with symbols.
 *
 * Two acquisitions in one function have the same fingerprint if their kinds are the same. They are judged together.
 * A change to these rules is a change of the version. Pure.
 */
#ifndef SEEP_FINGERPRINT_H
#define SEEP_FINGERPRINT_H

#include "profile.h"

struct fingerprint {
	uint64_t hash;
	bool by_offset; /* holds for one build only */
};

struct fingerprint_text {
	char text[20];
};

/* Of a stack of a profile that hides the allocator's frames. */
struct fingerprint fingerprint_of_stack(const struct recording *recording, const struct profile *profile,
					const struct profile_stack *stack, enum seep_kind kind);

/* Of a node of the recording's tree. */
struct fingerprint fingerprint_of_node(const struct recording *recording, uint32_t node_id, enum seep_kind kind);

/* Of one function and kind, whoever calls it. */
struct fingerprint fingerprint_of_frame(const struct recording *recording, const struct profile_frame *frame,
					enum seep_kind kind);

/* How many frames of a stack count: without the start-up code, unless there is nothing else. */
size_t fingerprint_frames(const struct profile *profile, const struct profile_stack *stack);

struct fingerprint_text fingerprint_text(struct fingerprint fingerprint);

/* True if the text is a fingerprint of this version. */
bool fingerprint_parse(const char *text, struct fingerprint *out);

/* By kind of fingerprint and hash: for qsort(), and 0 where they are the same. */
int fingerprint_compare(struct fingerprint a, struct fingerprint b);

/* The parts that the hash is made of, to be freed. */
char *fingerprint_function(const char *function);
char *fingerprint_module(const char *path);

#endif
