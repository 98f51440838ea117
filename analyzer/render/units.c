/* SPDX-License-Identifier: MIT */
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct scale {
	const char *name;
	double factor;
};

static const struct scale byte_scales[] = {
	{"B", 1}, {"kB", 1024.0}, {"MB", 0x1p20}, {"GB", 0x1p30}, {"TB", 0x1p40}, {"PB", 0x1p50},
};

static const struct scale time_scales[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"hrs", 3600e9}};

/* The largest unit that the value has at least one of; the first if it has none of any. */
static struct scale suited(const struct scale *scales, size_t count, double value)
{
	size_t best = 0;

	for (size_t i = 0; i < count; i++)
		if (value / scales[i].factor >= 1.0)
			best = i;
	return scales[best];
}

static struct unit byte_unit(int64_t value)
{
	struct scale scale = suited(byte_scales, COUNT_OF(byte_scales), fabs((double)value));

	return (struct unit){.name = scale.name, .factor = scale.factor};
}

struct unit unit_own(bool in_bytes)
{
	return (struct unit){.name = "", .factor = 1, .own = in_bytes};
}

struct unit unit_common(bool in_bytes, int64_t smallest, int64_t largest)
{
	struct unit unit;

	if (!in_bytes)
		return unit_own(false);
	if (!smallest)
		smallest = largest;
	unit = byte_unit(smallest);
	if (strcmp(unit.name, byte_unit(largest).name) != 0 && smallest < largest / 100.0)
		unit = byte_unit(100 * smallest);
	return unit;
}

static struct figure scaled(double value, const char *name)
{
	struct figure figure;
	size_t size;

	snprintf(figure.text, sizeof(figure.text), "%.2f", value);
	size = strlen(figure.text);
	if (size > 3 && !strcmp(figure.text + size - 3, ".00"))
		figure.text[size -= 3] = '\0';
	if (!strcmp(figure.text, "0") || !strcmp(figure.text, "-0"))
		return (struct figure){"0"};
	snprintf(figure.text + size, sizeof(figure.text) - size, "%s", name);
	return figure;
}

struct figure figure_value(struct unit unit, int64_t value)
{
	if (unit.own)
		unit = byte_unit(value);
	return scaled((double)value / (unit.factor > 0 ? unit.factor : 1), unit.name ? unit.name : "");
}

struct figure figure_percent(int64_t value, int64_t total)
{
	double percent = total ? fabs((double)value / (double)total) * 100 : 0;
	struct figure figure;

	if (percent >= 99.95 && percent <= 100.05)
		return (struct figure){"  100%"};
	snprintf(figure.text, sizeof(figure.text), percent >= 1.0 ? "%5.2f%%" : "%5.2g%%", percent);
	return figure;
}

struct figure figure_percent_bare(int64_t value, int64_t total)
{
	struct figure padded = figure_percent(value, total), bare;

	snprintf(bare.text, sizeof(bare.text), "%s", padded.text + strspn(padded.text, " "));
	return bare;
}

struct figure figure_duration(int64_t duration_ns)
{
	struct scale scale = suited(time_scales, COUNT_OF(time_scales), (double)duration_ns);

	return scaled((double)duration_ns / scale.factor, scale.name);
}

struct figure figure_rate(double per_second, bool in_bytes)
{
	static const struct scale scales[] = {{"h", 3600}, {"min", 60}, {"s", 1}};
	struct scale scale = scales[0];
	struct figure figure, amount;

	for (size_t i = 1; i < COUNT_OF(scales); i++)
		if (fabs(per_second) * scales[i].factor >= 1)
			scale = scales[i];
	per_second *= scale.factor;
	if (fabs(per_second) < 0.01)
		return (struct figure){"0"};
	if (in_bytes && fabs(per_second) >= 100)
		amount = figure_value(unit_own(true), llround(per_second));
	else
		snprintf(amount.text, sizeof(amount.text), fabs(per_second) >= 100 ? "%.0f%s" : "%.3g%s", per_second,
			 in_bytes ? "B" : "");
	snprintf(figure.text, sizeof(figure.text), "%s%.24s/%s", per_second > 0 ? "+" : "", amount.text, scale.name);
	return figure;
}

struct figure figure_age(double seconds)
{
	static const struct scale scales[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"days", 86400}};
	struct scale scale = suited(scales, COUNT_OF(scales), seconds);
	struct figure figure;

	snprintf(figure.text, sizeof(figure.text), "%.3g %s", seconds / scale.factor, scale.name);
	return figure;
}
