/* SPDX-License-Identifier: MIT */
/*
 * server_stderr.h - a sentence for the operator, where the watched server's own messages go.
 *
 * A recorder that the shim has started holds none of the server's descriptors; its own standard error is /dev/null. So
 * the server's is borrowed for one write: pidfd_getfd(2) gives the same open file, whose offset they then share. Where
 * that is not permitted a terminal or a pipe is opened through /proc; a file or a socket is left alone.
 */
#ifndef SEEP_SERVER_STDERR_H
#define SEEP_SERVER_STDERR_H

#include <stdint.h>

/* Writes `line` (with its newline) unless it would block. Nothing happens if the process is gone or lets nobody in. */
void server_stderr_write(uint32_t pid, const char *line);

#endif
