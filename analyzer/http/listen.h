/* SPDX-License-Identifier: MIT */
/* listen.h - where the server listens: an address read, a socket opened. */
#ifndef SEEP_HTTP_LISTEN_H
#define SEEP_HTTP_LISTEN_H

#include <netinet/in.h>
#include <stdint.h>

#include "../base/error.h"

/* "127.0.0.1", "[::1]": an address as it stands in a URL. */
enum { LISTEN_ADDRESS_BYTES = INET6_ADDRSTRLEN + 2 };

struct listen_place {
	char host[256]; /* without brackets */
	char port[6];
};

/* ADDR:PORT, [ADDR]:PORT, NAME:PORT. Pure. SEEP_ERR_USAGE with the sentence. */
int listen_parse(const char *text, struct listen_place *out, struct error *error);

struct listener {
	int socket; /* the caller closes it */
	uint16_t port;
	char address[LISTEN_ADDRESS_BYTES]; /* as listened on, which may be any */
};

/* `text` as of listen_parse(). SEEP_ERR_IO: no such address here, the port is in use, ... */
int listen_open(const char *text, struct listener *out, struct error *error);

/* The address of this end of a connection, or of a listening socket; "" if it has none. */
void listen_address_of(int socket, char out[LISTEN_ADDRESS_BYTES]);

#endif
