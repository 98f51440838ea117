/* SPDX-License-Identifier: MIT */
#include "sha256.h"

#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, LENGTH_AT = 56 };

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static uint32_t read_word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_word(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void schedule(const uint8_t *block, uint32_t words[ROUNDS])
{
	for (int i = 0; i < 16; i++)
		words[i] = read_word(block + 4 * (size_t)i);
	for (int i = 16; i < ROUNDS; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[i - 7] +
			   (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* The eight words a .. h of the standard are v[0] .. v[7]. */
static void add_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t words[ROUNDS], v[8];

	schedule(block, words);
	memcpy(v, state, sizeof(v));
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
				 ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + words[i];
		uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
				  ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(&v[1], &v[0], 7 * sizeof(v[0]));
		v[4] += first;
		v[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256(const void *bytes, size_t size, uint8_t digest[SHA256_BYTES])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	size_t whole = size / BLOCK * BLOCK, rest = size - whole;
	uint8_t tail[2 * BLOCK] = {0};
	size_t tail_size = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;

	for (size_t at = 0; at < whole; at += BLOCK)
		add_block(state, (const uint8_t *)bytes + at);
	if (rest)
		memcpy(tail, (const uint8_t *)bytes + whole, rest);
	tail[rest] = 0x80;
	write_word(tail + tail_size - 8, (uint32_t)((uint64_t)size >> 29));
	write_word(tail + tail_size - 4, (uint32_t)((uint64_t)size << 3));
	for (size_t at = 0; at < tail_size; at += BLOCK)
		add_block(state, tail + at);
	for (size_t i = 0; i < 8; i++)
		write_word(digest + 4 * i, state[i]);
}

void sha256_base64(const void *bytes, size_t size, char text[SHA256_BASE64])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t digest[SHA256_BYTES + 1] = {0}; /* 33 bytes are 44 digits, of which the last stands for nothing */

	sha256(bytes, size, digest);
	for (size_t i = 0; i < SHA256_BYTES + 1; i += 3) {
		uint32_t three = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];

		for (size_t j = 0; j < 4; j++)
			text[i / 3 * 4 + j] = digits[three >> (18 - 6 * j) & 63];
	}
	text[SHA256_BASE64 - 2] = '=';
	text[SHA256_BASE64 - 1] = '\0';
}
