/* SPDX-License-Identifier: MIT */
#include "sampling.h"

uint64_t sampling_largest(const struct recording *recording, int64_t until_ns)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < recording->sampling_count; i++) {
		const struct model_sampling *sampling = &recording->samplings[i];

		if (sampling->time_ns <= until_ns && sampling->interval > largest)
			largest = sampling->interval;
	}
	return largest;
}

/* ---- bounds ---- */

static void bound_parts(struct model_parts *parts, double weight)
{
	parts->live.weight = parts->acquired.weight = parts->released.weight = weight;
}

static void bound(struct model_total *total, uint64_t interval)
{
	double mean = total->acquired_count ? (double)total->acquired_bytes / (double)total->acquired_count : 0;

	if (!interval || total->byte_parts.live.weight > (double)interval)
		bound_parts(&total->byte_parts, (double)interval);
	if (!interval)
		bound_parts(&total->count_parts, 0);
	if (!interval || total->byte_parts.live.weight > 0)
		return;
	bound_parts(&total->byte_parts, (double)interval);
	bound_parts(&total->count_parts, (double)interval / (mean > ARENA_LEAST_CHARGE ? mean : ARENA_LEAST_CHARGE));
}

void sampling_bound(const struct recording *recording, struct model_total *totals, size_t count, int64_t until_ns)
{
	uint64_t interval = sampling_largest(recording, until_ns);

	for (size_t i = 0; i < count && recording->sampling_count; i++)
		if (totals[i].site_id < recording->site_count &&
		    recording->sites[totals[i].site_id].kind == SEEP_KIND_HEAP)
			bound(&totals[i], interval);
}

/* ---- of a report's values ---- */

static const struct model_parts *parts_of(const struct value_type *type, const struct model_total *total)
{
	return value_type_is_bytes(type) ? &total->byte_parts : &total->count_parts;
}

struct uncertainty sampling_of(const struct value_type *type, const struct model_total *total)
{
	const struct model_parts *parts = parts_of(type, total);

	return (struct uncertainty){.gained = value_type_is_alloc(type) ? parts->acquired : parts->live};
}

/* Of what happened between two moments: sums that only grow. */
static struct model_part increment(const struct model_part *earlier, const struct model_part *later)
{
	return (struct model_part){.unseen = later->unseen - earlier->unseen,
				   .variance = later->variance - earlier->variance,
				   .weight = later->weight};
}

/* Where processes began or ended in between, what lives has changed by more than what was acquired and released. */
static bool is_all_seen(const struct value_type *type, const struct model_total *earlier,
			const struct model_total *later)
{
	int64_t live = later->live_count - earlier->live_count;
	uint64_t events =
		later->acquired_count - earlier->acquired_count - later->released_count + earlier->released_count;

	if (value_type_is_bytes(type)) {
		live = later->live_bytes - earlier->live_bytes;
		events = later->acquired_bytes - earlier->acquired_bytes - later->released_bytes +
			 earlier->released_bytes;
	}
	return live == (int64_t)events;
}

static double variance_of(const struct uncertainty *uncertainty)
{
	return uncertainty->gained.variance + uncertainty->lost.variance;
}

struct uncertainty sampling_of_growth(const struct value_type *type, const struct model_total *earlier,
				      const struct model_total *later)
{
	const struct model_parts *from = parts_of(type, earlier), *to = parts_of(type, later);
	struct uncertainty events = {.gained = increment(&from->acquired, &to->acquired)};
	struct uncertainty moments = {.gained = to->live, .lost = from->live};

	if (value_type_is_alloc(type))
		return events;
	events.lost = increment(&from->released, &to->released);
	return is_all_seen(type, earlier, later) && variance_of(&events) < variance_of(&moments) ? events : moments;
}
