/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - small malloc and free pairs at call depth 9, as a big-number program makes them: each operation allocates
 * its result and frees what it used up, sizes vary with the value, and a few objects live for a few operations.
 *
 * usage: pairs [MILLIONS]      (pairs to make; 10)
 *
 * It expands the square root of a number into its continued fraction and looks for smooth remainders, as the factoring
 * method CFRAC does. Numbers are arrays of 16-bit digits on the heap. The result is checked: A^2 = (-1)^n Q modulo N
 * holds in each step (Morrison and Brillhart, 1975).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

typedef unsigned __int128 value;

/* A number below 2^128, least digit first; owned by whoever holds the pointer. */
struct number {
	uint32_t length;
	uint32_t digits[];
};

/* The state of the expansion: step n's numerator of the convergent modulo N and the one before, P, Q and Q before. */
struct expansion {
	struct number *modulus, *root;
	struct number *numerator, *numerator_before;
	struct number *p, *q, *q_before, *quotient;
	uint64_t steps, smooth;
};

static const uint32_t factor_base[] = {2,   3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,
				       43,  47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101,
				       103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
				       173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239};

static uint64_t pairs;

static NOINLINE struct number *number_new(uint32_t length)
{
	struct number *number = malloc(sizeof *number + length * sizeof number->digits[0]);

	if (number == NULL) {
		fputs("pairs: out of memory\n", stderr);
		exit(3);
	}
	number->length = length;
	pairs++;
	return number;
}

static inline value number_value(const struct number *number)
{
	value result = 0;

	for (uint32_t i = number->length; i-- > 0;)
		result = result << 16 | number->digits[i];
	return result;
}

static inline struct number *number_of(value content)
{
	uint32_t length = 1;
	struct number *number;

	for (value rest = content >> 16; rest != 0; rest >>= 16)
		length++;
	number = number_new(length);
	for (uint32_t i = 0; i < length; i++)
		number->digits[i] = (uint16_t)(content >> 16 * i);
	return number;
}

static NOINLINE struct number *number_add(const struct number *a, const struct number *b)
{
	return number_of(number_value(a) + number_value(b));
}

static NOINLINE struct number *number_subtract(const struct number *a, const struct number *b)
{
	return number_of(number_value(a) - number_value(b));
}

static NOINLINE struct number *number_multiply(const struct number *a, const struct number *b)
{
	return number_of(number_value(a) * number_value(b));
}

static NOINLINE struct number *number_divide(const struct number *a, const struct number *b)
{
	return number_of(number_value(a) / number_value(b));
}

static NOINLINE struct number *number_remainder(const struct number *a, const struct number *b)
{
	return number_of(number_value(a) % number_value(b));
}

static void number_replace(struct number **where, struct number *by)
{
	free(*where);
	*where = by;
}

/* P' = a Q - P */
static NOINLINE struct number *next_p(const struct expansion *e)
{
	struct number *product = number_multiply(e->quotient, e->q);
	struct number *p = number_subtract(product, e->p);

	free(product);
	return p;
}

/* Q' = Q before + a (P - P'); P - P' may be negative, so that the two halves are taken apart. */
static NOINLINE struct number *next_q(const struct expansion *e, const struct number *p)
{
	struct number *plus = number_multiply(e->quotient, e->p);
	struct number *minus = number_multiply(e->quotient, p);
	struct number *sum = number_add(e->q_before, plus);
	struct number *q = number_subtract(sum, minus);

	free(plus);
	free(minus);
	free(sum);
	return q;
}

/* A' = a A + A before, modulo N */
static NOINLINE struct number *next_numerator(const struct expansion *e)
{
	struct number *product = number_multiply(e->quotient, e->numerator);
	struct number *sum = number_add(product, e->numerator_before);
	struct number *numerator = number_remainder(sum, e->modulus);

	free(product);
	free(sum);
	return numerator;
}

/* a' = (root + P') / Q' */
static NOINLINE struct number *next_quotient(const struct expansion *e)
{
	struct number *sum = number_add(e->root, e->p);
	struct number *quotient = number_divide(sum, e->q);

	free(sum);
	return quotient;
}

/* Q is smooth when the factor base divides it to 1; Q is below 2^33. */
static NOINLINE int remainder_is_smooth(const struct number *q)
{
	uint64_t rest = (uint64_t)number_value(q);

	for (size_t i = 0; i < sizeof factor_base / sizeof factor_base[0]; i++)
		while (rest % factor_base[i] == 0)
			rest /= factor_base[i];
	return rest == 1;
}

static NOINLINE void expansion_step(struct expansion *e)
{
	struct number *p = next_p(e);
	struct number *q = next_q(e, p);
	struct number *numerator = next_numerator(e);

	number_replace(&e->numerator_before, e->numerator);
	e->numerator = numerator;
	number_replace(&e->p, p);
	number_replace(&e->q_before, e->q);
	e->q = q;
	number_replace(&e->quotient, next_quotient(e));
	e->steps++;
	e->smooth += remainder_is_smooth(e->q);
}

static NOINLINE int expansion_is_right(const struct expansion *e)
{
	value modulus = number_value(e->modulus), numerator = number_value(e->numerator);
	value square = numerator * numerator % modulus, q = number_value(e->q) % modulus;

	return square == (e->steps % 2 == 0 ? q : (modulus - q) % modulus);
}

static NOINLINE int expand_round(struct expansion *e)
{
	for (int i = 0; i < 1000; i++)
		expansion_step(e);
	return expansion_is_right(e);
}

static NOINLINE int expand(struct expansion *e, uint64_t wanted)
{
	while (pairs < wanted)
		if (!expand_round(e))
			return 0;
	return 1;
}

static uint64_t square_root(uint64_t n)
{
	uint64_t root = 0;

	for (uint64_t bit = 1ull << 31; bit != 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

static NOINLINE int expand_root(uint64_t n, uint64_t wanted)
{
	uint64_t root = square_root(n);
	struct expansion e = {
		.modulus = number_of(n),
		.root = number_of(root),
		.numerator = number_of(root),
		.numerator_before = number_of(1),
		.p = number_of(root),
		.q = number_of(n - root * root),
		.q_before = number_of(1),
		.steps = 1,
	};
	int right;

	e.quotient = number_of((root + root) / (n - root * root));
	right = expand(&e, wanted);
	free(e.modulus);
	free(e.root);
	free(e.numerator);
	free(e.numerator_before);
	free(e.p);
	free(e.q);
	free(e.q_before);
	free(e.quotient);
	printf("%llu pairs, %llu of %llu remainders smooth\n", (unsigned long long)pairs, (unsigned long long)e.smooth,
	       (unsigned long long)e.steps);
	return right;
}

static NOINLINE int factor(uint64_t n, uint64_t wanted)
{
	if (n < 4 || !expand_root(n, wanted)) {
		fputs("pairs: the expansion is wrong\n", stderr);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	double millions = argc > 1 ? atof(argv[1]) : 10;

	/* a product of two primes of 31 bits */
	return factor(2147483629ull * 1073741789ull, (uint64_t)(millions * 1e6));
}
