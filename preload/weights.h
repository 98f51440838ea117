/* SPDX-License-Identifier: MIT */
/*
 * weights.h - the arithmetic of Poisson sampling by bytes. Pure; no libm, whose functions may be hooked, lazily bound
 * or not signal-safe.
 *
 * Points lie on the stream of a thread's allocated bytes with exponential gaps of mean `interval`. A block counts there
 * with its charge, max(size, 256). One with a point on it is sampled: with probability p = 1 - exp(-charge / interval),
 * independently of every other block, because the process has no memory. A sampled block stands for 1 / p blocks of
 * its size (Horvitz and Thompson, "A Generalization of Sampling Without Replacement From a Finite Universe", JASA 47,
 * 1952): itself, and
 *
 *	unseen = 1 / p - 1 = 1 / (exp(charge / interval) - 1)
 *
 * others that were not sampled. The variance of its part of an estimated count is estimated without bias by
 * (1 - p) / p^2 = unseen (1 + unseen), and of an estimated number of bytes by size^2 times that.
 *
 * Why a least charge: a block of 16 bytes, if seen one time in 32768, stands for 32768 objects, and a callsite that
 * mixes it with large blocks would have its count from blocks that are hardly ever seen. With the charge none stands
 * for more than interval / 256.
 */
#ifndef SEEP_WEIGHTS_H
#define SEEP_WEIGHTS_H

#include <stdint.h>
#include <string.h>

static inline uint64_t weights_charge(uint64_t size)
{
	return size > ARENA_LEAST_CHARGE ? size : ARENA_LEAST_CHARGE;
}

/*
 * 1 / (exp(x) - 1) for x = charge / interval, relative error below 1e-7: the Laurent series (Bernoulli numbers, DLMF
 * 24.2.1) below 1, and u(2x) = u(x)^2 / (2 u(x) + 1) above. 0 from x = 64 on, where it is below 1e-27.
 */
static inline double weights_unseen(uint64_t size, uint64_t interval)
{
	double x = (double)weights_charge(size) / (double)interval, square, unseen;
	int doublings = 0;

	if (x >= 64)
		return 0;
	for (; x >= 1; doublings++)
		x /= 2;
	square = x * x;
	unseen = 1 / x - 0.5 +
		 x * (1.0 / 12 -
		      square * (1.0 / 720 - square * (1.0 / 30240 - square * (1.0 / 1209600 - square / 47900160))));
	for (; doublings; doublings--)
		unseen = unseen * unseen / (2 * unseen + 1);
	return unseen;
}

/* The next of a sequence of independent 64-bit numbers (SplitMix64: Steele, Lea and Flood, OOPSLA 2014). */
static inline uint64_t weights_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* -ln of the uniform number ((random >> 11) + 1) / 2^53 in (0, 1], error below 1e-12: 2 atanh((m - 1) / (m + 1)). */
static inline double weights_exponential(uint64_t random)
{
	double uniform = (double)((random >> 11) + 1), z, square, sum = 0;
	uint64_t bits;
	int exponent;

	memcpy(&bits, &uniform, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & UINT64_C(0x000fffffffffffff)) | UINT64_C(0x3ff0000000000000);
	memcpy(&uniform, &bits, sizeof(uniform));
	if (uniform > 1.4142135623730951) {
		uniform /= 2;
		exponent++;
	}
	z = (uniform - 1) / (uniform + 1);
	square = z * z;
	for (int power = 15; power > 0; power -= 2)
		sum = sum * square + 1.0 / power;
	return (53 - exponent) * 0.69314718055994531 - 2 * z * sum;
}

/* Bytes to the next point, at least 1: whole, so that P(gap <= charge) is 1 - exp(-charge / interval). */
static inline int64_t weights_gap(uint64_t random, uint64_t interval)
{
	return (int64_t)(weights_exponential(random) * (double)interval) + 1;
}

#endif
