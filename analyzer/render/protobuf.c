/* SPDX-License-Identifier: MIT */
#include "protobuf.h"

enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2 };

#define VARINT_MOST 10 /* bytes of 64 bits */

static size_t varint_encode(uint64_t value, char *out)
{
	size_t size = 0;

	while (value > 0x7f) {
		out[size++] = (char)(0x80 | (value & 0x7f));
		value >>= 7;
	}
	out[size++] = (char)value;
	return size;
}

static void add_varint(struct buffer *out, uint64_t value)
{
	char bytes[VARINT_MOST];

	buffer_add_bytes(out, bytes, varint_encode(value, bytes));
}

static void add_tag(struct buffer *out, uint32_t field, enum wire_type type)
{
	add_varint(out, (uint64_t)field << 3 | type);
}

void protobuf_uint(struct buffer *out, uint32_t field, uint64_t value)
{
	if (!value)
		return;
	add_tag(out, field, WIRE_VARINT);
	add_varint(out, value);
}

void protobuf_int(struct buffer *out, uint32_t field, int64_t value)
{
	protobuf_uint(out, field, (uint64_t)value);
}

void protobuf_bytes(struct buffer *out, uint32_t field, const char *bytes, size_t size)
{
	add_tag(out, field, WIRE_BYTES);
	add_varint(out, size);
	buffer_add_bytes(out, bytes, size);
}

void protobuf_packed(struct buffer *out, uint32_t field, const uint64_t *values, size_t count)
{
	char bytes[VARINT_MOST];
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += varint_encode(values[i], bytes);
	add_tag(out, field, WIRE_BYTES);
	add_varint(out, size);
	for (size_t i = 0; i < count; i++)
		add_varint(out, values[i]);
}

void protobuf_message(struct buffer *out, uint32_t field, struct buffer *message)
{
	protobuf_bytes(out, field, message->text, message->size);
	message->size = 0;
}
