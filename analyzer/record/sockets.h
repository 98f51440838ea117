/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - the sockets of a network namespace, by inode: /proc/PID/net/{tcp,tcp6,udp,udp6,unix}, or socket_diag.h
 * where that does.
 *
 * Ownership: the table owns its entries and names; zeroed is valid and empty; sockets_release() frees.
 */
#ifndef SEEP_SOCKETS_H
#define SEEP_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_entry {
	uint64_t inode;
	uint8_t tcp_state; /* by the kernel's number; 0: not TCP */
	char *name;        /* "127.0.0.1:6379 -> 127.0.0.1:50000", a unix path; NULL: read without names, or has none */
};

struct sockets {
	struct socket_entry *entries; /* by inode */
	size_t count, capacity;
};

/*
 * Reads the TCP tables as the process sees them, and with `names` the others and all names. False if none can be read.
 */
bool sockets_read(struct sockets *sockets, uint32_t pid, bool names);
const struct socket_entry *sockets_find(const struct sockets *sockets, uint64_t inode);
void sockets_release(struct sockets *sockets);

/* "ESTABLISHED"; NULL for no state. */
const char *tcp_state_name(uint8_t state);

/*
 * One line of an inet table: fills the entry but its name, and `name` (at least SOCKET_NAME_SIZE bytes). False if it is
 * none. Pure.
 */
enum { SOCKET_NAME_SIZE = 160 };
bool sockets_parse_inet(const char *line, bool is_tcp, struct socket_entry *out, char *name);

#endif
