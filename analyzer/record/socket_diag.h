/* SPDX-License-Identifier: MIT */
/*
 * socket_diag.h - TCP sockets of this network namespace from the kernel, without their names: sock_diag(7).
 *
 * One walk over the kernel's table for IPv4 and IPv6, in binary. /proc/net/tcp and tcp6 walk it once each and print
 * every socket: with a table of 262,144 places and 71 sockets 2.9 against 0.4 ms. The kernel may load its tcp_diag
 * module for it, as for ss(8).
 */
#ifndef SEEP_SOCKET_DIAG_H
#define SEEP_SOCKET_DIAG_H

#include <stdbool.h>
#include <stdint.h>

/* Calls `each` for every socket that has an inode, until that returns false. False: the kernel does not tell. */
bool socket_diag_read(bool (*each)(uint64_t inode, uint8_t tcp_state, void *context), void *context);

#endif
