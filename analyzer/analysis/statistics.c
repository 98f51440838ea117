/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <math.h>

double select_smallest(double *values, size_t count, size_t k)
{
	size_t low = 0, high = count - 1;

	while (low < high) { /* Hoare's quickselect, with the middle as pivot: sorted input is common */
		double pivot = values[low + (high - low) / 2];
		size_t i = low, j = high;

		for (;;) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i >= j)
				break;
			double swap = values[i];

			values[i++] = values[j];
			values[j--] = swap;
		}
		if (k <= j)
			high = j;
		else
			low = j + 1;
	}
	return values[k];
}

double median_of(double *values, size_t count)
{
	double upper = select_smallest(values, count, count / 2);

	return count % 2 ? upper : (upper + select_smallest(values, count, count / 2 - 1)) / 2;
}

double normal_above(double z)
{
	return erfc(z / sqrt(2)) / 2;
}

double normal_quantile(double p)
{
	double low = -40, high = 40;

	for (int n = 0; n < 60; n++) {
		double middle = (low + high) / 2;

		if (normal_above(middle) > 1 - p)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double student_above(double t, double freedom)
{
	double z = sqrt(freedom * log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3);

	return normal_above(t < 0 ? -z : z);
}

double student_quantile(double p, double freedom)
{
	double z = normal_quantile(p) * (8 * freedom + 3) / (8 * freedom + 1);

	return copysign(sqrt(freedom * expm1(z * z / freedom)), z);
}
