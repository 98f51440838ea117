/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket_diag.h"

static const char *const state_names[] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",  [3] = "SYN_RECV", [4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",   [6] = "TIME_WAIT", [7] = "CLOSE",    [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",   [11] = "CLOSING",
};

const char *tcp_state_name(uint8_t state)
{
	return state < sizeof(state_names) / sizeof(state_names[0]) ? state_names[state] : NULL;
}

/* ---- a line ---- */

/*
 * "0100007F:1F90": words of four bytes, each printed as a number of the machine's byte order; the port as a number.
 * Reading a word as a number and storing it gives the bytes in the network's order, on any machine.
 */
static bool parse_address(const char *text, char *out, size_t size)
{
	const char *colon = strchr(text, ':');
	uint32_t words[4];
	size_t digits = colon ? (size_t)(colon - text) : 0;
	char address[INET6_ADDRSTRLEN];
	char word[9] = {0};

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		memcpy(word, text + 8 * i, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (!inet_ntop(digits == 8 ? AF_INET : AF_INET6, words, address, sizeof(address)))
		return false;
	snprintf(out, size, digits == 8 ? "%s:%lu" : "[%s]:%lu", address, strtoul(colon + 1, NULL, 16));
	return true;
}

bool sockets_parse_inet(const char *line, bool is_tcp, struct socket_entry *out, char *name)
{
	char local[80], remote[80], local_text[64], remote_text[64];
	unsigned state;
	unsigned long long inode;

	if (sscanf(line, " %*d: %79s %79s %x %*s %*s %*s %*s %*s %llu", local, remote, &state, &inode) != 4 || !inode ||
	    state > UINT8_MAX)
		return false;
	if (!parse_address(local, local_text, sizeof(local_text)) ||
	    !parse_address(remote, remote_text, sizeof(remote_text)))
		return false;
	*out = (struct socket_entry){.inode = inode, .tcp_state = is_tcp ? (uint8_t)state : 0};
	/* who listens, or has not been connected, has no peer: port 0 */
	if (strcmp(strrchr(remote_text, ':'), ":0") == 0)
		snprintf(name, SOCKET_NAME_SIZE, "%s", local_text);
	else
		snprintf(name, SOCKET_NAME_SIZE, "%s -> %s", local_text, remote_text);
	return true;
}

/* "0000: 00000002 00000000 00010000 0001 01 12345 /run/x": the path may be missing. */
static bool parse_unix(const char *line, struct socket_entry *out, char *name)
{
	unsigned long long inode;
	int end = 0;

	if (sscanf(line, "%*x: %*x %*x %*x %*x %*x %llu%n", &inode, &end) != 1 || !inode)
		return false;
	*out = (struct socket_entry){.inode = inode};
	line += end;
	line += strspn(line, " ");
	snprintf(name, SOCKET_NAME_SIZE, "unix%s%.*s", *line && *line != '\n' ? " " : "", (int)strcspn(line, "\n"),
		 line);
	return true;
}

/* ---- the table ---- */

static bool add(struct sockets *sockets, const struct socket_entry *entry, const char *name)
{
	size_t capacity = sockets->capacity ? sockets->capacity * 2 : 256;
	struct socket_entry *grown;

	if (sockets->count == sockets->capacity) {
		grown = realloc(sockets->entries, capacity * sizeof(*grown));
		if (!grown)
			return false;
		sockets->entries = grown;
		sockets->capacity = capacity;
	}
	sockets->entries[sockets->count] = *entry;
	sockets->entries[sockets->count++].name = name ? strdup(name) : NULL;
	return true;
}

enum table_kind { TABLE_TCP, TABLE_UDP, TABLE_UNIX };

static bool read_table(struct sockets *sockets, uint32_t pid, const char *table, enum table_kind kind, bool names)
{
	char path[64], line[512], name[SOCKET_NAME_SIZE];
	struct socket_entry entry;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, table);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		bool is_entry = kind == TABLE_UNIX ? parse_unix(line, &entry, name)
						   : sockets_parse_inet(line, kind == TABLE_TCP, &entry, name);

		if (is_entry && !add(sockets, &entry, names ? name : NULL))
			break;
	}
	fclose(file);
	return true;
}

static int compare_inodes(const void *a, const void *b)
{
	uint64_t left = ((const struct socket_entry *)a)->inode;
	uint64_t right = ((const struct socket_entry *)b)->inode;

	return (left > right) - (left < right);
}

static bool add_diag(uint64_t inode, uint8_t tcp_state, void *context)
{
	const struct socket_entry entry = {.inode = inode, .tcp_state = tcp_state};

	return add(context, &entry, NULL);
}

/* The kernel is asked for the namespace that the asker is in. */
static bool is_in_our_network(uint32_t pid)
{
	char path[64], its[64], ours[64];
	ssize_t its_length, our_length;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	its_length = readlink(path, its, sizeof(its));
	our_length = readlink("/proc/self/ns/net", ours, sizeof(ours));
	return its_length > 0 && its_length == our_length && memcmp(its, ours, (size_t)its_length) == 0;
}

static bool read_states(struct sockets *sockets, uint32_t pid)
{
	if (!is_in_our_network(pid))
		return false;
	if (socket_diag_read(add_diag, sockets))
		return true;
	sockets_release(sockets);
	return false;
}

static bool read_tables(struct sockets *sockets, uint32_t pid, bool names)
{
	bool found = read_table(sockets, pid, "tcp", TABLE_TCP, names);

	found |= read_table(sockets, pid, "tcp6", TABLE_TCP, names);
	if (names) {
		read_table(sockets, pid, "udp", TABLE_UDP, true);
		read_table(sockets, pid, "udp6", TABLE_UDP, true);
		read_table(sockets, pid, "unix", TABLE_UNIX, true);
	}
	return found;
}

bool sockets_read(struct sockets *sockets, uint32_t pid, bool names)
{
	bool found = !names && read_states(sockets, pid);

	if (!found)
		found = read_tables(sockets, pid, names);
	if (sockets->count)
		qsort(sockets->entries, sockets->count, sizeof(sockets->entries[0]), compare_inodes);
	return found;
}

const struct socket_entry *sockets_find(const struct sockets *sockets, uint64_t inode)
{
	struct socket_entry key = {.inode = inode};

	if (!sockets->count)
		return NULL;
	return bsearch(&key, sockets->entries, sockets->count, sizeof(key), compare_inodes);
}

void sockets_release(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		free(sockets->entries[i].name);
	free(sockets->entries);
	*sockets = (struct sockets){0};
}
