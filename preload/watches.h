/* SPDX-License-Identifier: MIT */
/*
 * watches.h - inotify watches: which (descriptor, watch) pairs are live.
 *
 * inotify_add_watch on a path that is watched already returns the same watch: it is counted once, at its first
 * callsite. inotify_rm_watch ends one, closing the inotify descriptor ends all that were made through its number.
 * Not seen: a watch that the kernel ends by itself (the file is gone, IN_ONESHOT), which it tells in an IN_IGNORED
 * event that the program reads; it counts as live until the descriptor is closed. Nor that a dup of the descriptor
 * keeps the watches alive.
 *
 * At most WATCHES_MAX at once (fewer when they crowd in one part of the table): the rest is counted as dropped.
 * Lock-free; errno is kept.
 */
#ifndef SEEP_WATCHES_H
#define SEEP_WATCHES_H

#include "shim.h"

#define WATCHES_MAX (1u << 16)

/* After inotify_add_watch() returned `watch`. */
void watch_acquired(const struct hook_frame *frame, int fd, int watch);

/* Before inotify_rm_watch(). It fails only where there is no such watch: there is nothing to restore. */
void watch_released(int fd, int watch);

/* Before `fd` is closed. */
void watches_released(int fd);

#endif
