/* SPDX-License-Identifier: MIT */
/*
 * protobuf.h - writes protocol buffer messages into a buffer: what a profile needs of the encoding.
 *
 * The encoding (https://protobuf.dev/programming-guides/encoding/): a message is a sequence of fields, each a varint
 * `number << 3 | wire type`, then its value: wire type 0 a varint, seven bits a byte, least first, the top bit says
 * that another follows; wire type 2 a length and that many bytes: a string, a message, or packed numbers. Negative
 * int64 are the varint of their two's complement, ten bytes. A field of value 0 may be left out, and is.
 */
#ifndef SEEP_PROTOBUF_H
#define SEEP_PROTOBUF_H

#include <stdint.h>

#include "buffer.h"

void protobuf_uint(struct buffer *out, uint32_t field, uint64_t value);
void protobuf_int(struct buffer *out, uint32_t field, int64_t value);
/* These three are written even if empty: they are elements of lists. */
void protobuf_bytes(struct buffer *out, uint32_t field, const char *bytes, size_t size);
void protobuf_packed(struct buffer *out, uint32_t field, const uint64_t *values, size_t count);
/* Adds a message that was written into a buffer of its own, and empties that for the next. */
void protobuf_message(struct buffer *out, uint32_t field, struct buffer *message);

#endif
