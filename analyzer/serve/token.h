/* SPDX-License-Identifier: MIT */
/* token.h - the secret that whoever reads must have. */
#ifndef SEEP_SERVE_TOKEN_H
#define SEEP_SERVE_TOKEN_H

#include "../base/error.h"

enum { TOKEN_BYTES = 257 };

/*
 * From the file, which is created with a random one, readable by its owner only, if it is not there. `path` NULL: a
 * random one. SEEP_ERR_IO: the file cannot be read or created; SEEP_ERR_USAGE: what is in it is no token.
 */
int token_get(const char *path, char out[TOKEN_BYTES], struct error *error);

#endif
