/* SPDX-License-Identifier: MIT */
/*
 * misuse.h - wrong use of descriptors, by callsite, and which failing closes are no misuse.
 *
 * A close() that fails with EBADF is a bug waiting for its victim: a moment later the same number may be somebody
 * else's descriptor. Each such callsite (kind, node, node of the earlier close) has one entry in the slot's table.
 * An entry whose count is 0 says nothing: what it counted was taken back.
 *
 * The sweep rule. A daemon that closes all it may have inherited, `for (fd = 3; fd < max; fd++) close(fd)`, is no
 * misuse. A run is a series of close() calls of one thread, from one stack frame and within SWEEP_CODE bytes of code
 * (a compiler unrolls loops), each number 1 to SWEEP_STRIDE above the one before, or each as much below (a loop that
 * spares a few descriptors is a run too). Failing closes of a run count as misuse until the run is SWEEP_MINIMUM calls
 * long; then those are taken back and the rest of the run is ignored. The price: a loop that closes eight neighbouring
 * descriptors a second time is taken for a sweep.
 *
 * Lock-free and async-signal-safe; errno is kept. Nothing here allocates.
 */
#ifndef SEEP_MISUSE_H
#define SEEP_MISUSE_H

#include "shim.h"

#define SWEEP_MINIMUM 8u
#define SWEEP_STRIDE 4
#define SWEEP_CODE 1024u

/* Notes a close() about to be made. True: it belongs to a sweep, its failure means nothing. */
bool misuse_sweeping(const struct hook_frame *frame, int fd);

/*
 * Counts one misuse at `frame`. `previous` is where the descriptor was closed before, 0 if that does not apply.
 * A full table, or none, is counted in TRUST_DROPPED_EVENTS.
 */
void misuse_record(const struct hook_frame *frame, enum arena_misuse_kind kind, struct node_id previous, int fd);

#endif
