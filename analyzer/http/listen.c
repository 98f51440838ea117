/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Many more than connections: who comes while a crowd is turned away waits, and for less time than TCP tries again. */
#define BACKLOG 1024

/* ---- reading ---- */

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits] && digits <= 5 && atoi(text) <= UINT16_MAX;
}

/* The size of the host in "host:port"; it is inside the brackets, if it has them. */
static size_t find_host(const char *text, const char *colon, const char **host)
{
	size_t size = (size_t)(colon - text);
	bool has_brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';

	*host = text + has_brackets;
	size -= has_brackets ? 2 : 0;
	/* without brackets, nothing tells which colon is the port's */
	return !has_brackets && strcspn(text, ":[]") < size ? 0 : size;
}

int listen_parse(const char *text, struct listen_place *out, struct error *error)
{
	const char *colon = strrchr(text, ':'), *host = NULL;
	size_t size = colon ? find_host(text, colon, &host) : 0;

	if (!size || size >= sizeof(out->host) || !is_port(colon + 1))
		return error_set(error, SEEP_ERR_USAGE,
				 "'%.64s' is no address to listen on; give ADDR:PORT, such as 127.0.0.1:8080", text);
	memcpy(out->host, host, size);
	out->host[size] = '\0';
	strcpy(out->port, colon + 1);
	return SEEP_OK;
}

/* ---- addresses ---- */

static void put_address(const struct sockaddr_storage *from, char out[LISTEN_ADDRESS_BYTES])
{
	char text[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (from->ss_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, text, sizeof(text));
		snprintf(out, LISTEN_ADDRESS_BYTES, "%s", text);
	} else if (from->ss_family == AF_INET6) {
		const struct in6_addr *address = &((const struct sockaddr_in6 *)from)->sin6_addr;
		bool is_mapped = IN6_IS_ADDR_V4MAPPED(address);

		/* who came to [::] by IPv4 knows it by that */
		inet_ntop(is_mapped ? AF_INET : AF_INET6, is_mapped ? &address->s6_addr[12] : address->s6_addr, text,
			  sizeof(text));
		snprintf(out, LISTEN_ADDRESS_BYTES, is_mapped ? "%s" : "[%s]", text);
	}
}

void listen_address_of(int socket, char out[LISTEN_ADDRESS_BYTES])
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(socket, (struct sockaddr *)&address, &size) < 0)
		address.ss_family = AF_UNSPEC;
	put_address(&address, out);
}

static uint16_t port_of(int socket)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(socket, (struct sockaddr *)&address, &size) < 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
						   : ((const struct sockaddr_in *)&address)->sin_port);
}

/* ---- the socket ---- */

/* The socket, or -1 with errno. */
static int open_socket(const struct addrinfo *place)
{
	int on = 1, cause;
	int file = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (file < 0)
		return -1;
	/* connections of an earlier server that are still in TIME_WAIT do not keep the port */
	setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!bind(file, place->ai_addr, place->ai_addrlen) && !listen(file, BACKLOG))
		return file;
	cause = errno;
	close(file);
	errno = cause;
	return -1;
}

static int say_failed(const char *text, int cause, struct error *error)
{
	if (cause == EADDRINUSE)
		return error_set(error, SEEP_ERR_IO,
				 "cannot listen on %s: the port is in use; choose another, or 0 for a free one", text);
	if (cause == EADDRNOTAVAIL)
		return error_set(error, SEEP_ERR_IO,
				 "cannot listen on %s: this machine has no such address; choose another", text);
	return error_set(error, SEEP_ERR_IO, "cannot listen on %s: %s; choose another address or port", text,
			 strerror(cause));
}

int listen_open(const char *text, struct listener *out, struct error *error)
{
	static const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct listen_place place;
	struct addrinfo *found;
	int code = listen_parse(text, &place, error), cause;

	if (code)
		return code;
	cause = getaddrinfo(place.host, place.port, &wanted, &found);
	if (cause)
		return error_set(error, SEEP_ERR_IO, "cannot listen on %s: %s; give an address of this machine", text,
				 gai_strerror(cause));
	out->socket = open_socket(found);
	cause = errno;
	freeaddrinfo(found);
	if (out->socket < 0)
		return say_failed(text, cause, error);
	out->port = port_of(out->socket);
	listen_address_of(out->socket, out->address);
	return SEEP_OK;
}
