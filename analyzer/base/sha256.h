/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - the digest by which a browser knows a script that it may run (Content Security Policy, "sha256-...").
 *
 * FIPS 180-4, section 6.2. For a file or two; not for speed. Pure.
 */
#ifndef SEEP_SHA256_H
#define SEEP_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BASE64 = 45 /* with its NUL */ };

void sha256(const void *bytes, size_t size, uint8_t digest[SHA256_BYTES]);

/* The same in base 64 (RFC 4648, section 4), as a policy wants it. */
void sha256_base64(const void *bytes, size_t size, char text[SHA256_BASE64]);

#endif
