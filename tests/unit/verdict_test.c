/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "series_fixture.h"

enum { INSTANCES = 300 };

/* ---- load ---- */

/* Requests of a second: about a rate that wanders, with a swell of minutes now and then. */
struct load {
	double rate, wander, level, swell, period;
};

static struct load load_make(struct made *made, double low, double high)
{
	return (struct load){.rate = made_rate(made, low, high),
			     .wander = made_uniform(made) < 0.5 ? 0 : 0.1,
			     .swell = made_uniform(made) < 0.5 ? 0 : made_between(made, 0, 0.5),
			     .period = made_between(made, 20, 300)};
}

static double load_next(struct made *made, struct load *load, size_t second)
{
	load->level = 0.9 * load->level + load->wander * made_normal(made) * 0.44;
	return made_poisson(made, load->rate * fmax(0, 1 + load->level) *
					  (1 + load->swell * sin((double)second * 2 * M_PI / load->period)));
}

/* ---- leaks: the first site is the one ---- */

static void one_in_a_thousand_requests(struct made *made)
{
	bool siblings = made_uniform(made) < 0.5, regular = made_uniform(made) < 0.5;
	double *calls = made_add_counter(made, "read_calls"), due = 0;
	struct made_site *leak = made_add_site(made, made_rate(made, 16, 8192), 0);
	struct made_site *request = made_add_site(made, 512, 0);
	struct load load = load_make(made, 1900, 2100);

	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		double requests = load_next(made, &load, i), leaked = made_poisson(made, requests / 1000);

		due += requests / 1000;
		if (regular) {
			leaked = floor(due);
			due -= leaked;
		}
		calls[i] = requests;
		made_acquire(leak, i, leaked);
		if (siblings)
			made_transient(leak, i, requests - leaked);
		made_transient(request, i, requests);
		made_close(leak, i);
		made_close(request, i);
	}
}

static void one_for_each_reset(struct made *made)
{
	double *resets = made_add_counter(made, "reset"), *accepted = made_add_counter(made, "accepted");
	struct made_site *leak = made_add_site(made, 256, made_between(made, 0, 20));
	struct load load = load_make(made, 20, 500), reset = load_make(made, 0.8, 20);

	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		resets[i] = load_next(made, &reset, i);
		accepted[i] = load_next(made, &load, i) + resets[i];
		made_transient(leak, i, accepted[i] - resets[i]);
		made_acquire(leak, i, resets[i]);
		made_close(leak, i);
	}
}

static void one_for_each_request(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls"), *bytes = made_add_counter(made, "read_bytes");
	struct made_site *leak = made_add_site(made, 10240, 0), *request = made_add_site(made, 512, 0);
	struct load load = load_make(made, 20, 5000);

	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = load_next(made, &load, i);
		bytes[i] = calls[i] * made_between(made, 80, 90);
		made_acquire(leak, i, calls[i]);
		made_transient(request, i, calls[i] * 3);
		made_close(leak, i);
		made_close(request, i);
	}
}

static void two_for_each_turn_of_a_loop(struct made *made)
{
	struct made_site *leak = made_add_site(made, 64, 0), *message = made_add_site(made, 200, 0);
	struct load load = load_make(made, 20, 5000);

	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		double turns = load_next(made, &load, i);

		made_acquire(leak, i, 2 * turns);
		made_transient(message, i, turns);
		made_close(leak, i);
		made_close(message, i);
	}
}

static void a_timer_for_each_write(struct made *made)
{
	double *calls = made_add_counter(made, "write_calls");
	struct made_site *leak = made_add_site(made, 0, 3);
	struct load load = load_make(made, 5, 500);

	leak->is_handle = true;
	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = load_next(made, &load, i);
		made_acquire(leak, i, calls[i]);
		made_close(leak, i);
	}
}

/* Load comes in spells; between them nothing happens. */
/* A history in one block, longer by each line. */
static void a_buffer_that_is_never_emptied(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *leak = made_add_site(made, 0, 1), *request = made_add_site(made, 64, 0);
	double rate = made_rate(made, 5, 500), line = made_between(made, 20, 200), length = 0;

	made->count = 60;
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = made_poisson(made, rate);
		length += calls[i] * line;
		made_transient(leak, i, calls[i]);
		made_transient(request, i, calls[i]);
		made_close(leak, i);
		made_close(request, i);
		leak->bytes[i] = length;
	}
}

static void a_leak_under_load_that_stops_and_starts(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls"), share = made_rate(made, 0.01, 0.2);
	struct made_site *leak = made_add_site(made, 100, 0);
	struct load load = load_make(made, 100, 2000);
	double on = made_between(made, 10, 60), off = made_between(made, 10, 60);

	made->count = 300;
	for (size_t i = 0; i < made->count; i++) {
		double requests = fmod((double)i, on + off) < on ? load_next(made, &load, i) : 0;
		double leaked = made_poisson(made, requests * share);

		calls[i] = requests;
		made_acquire(leak, i, leaked);
		made_transient(leak, i, fmax(0, requests - leaked));
		made_close(leak, i);
	}
}

static void a_leak_under_much_that_comes_and_goes(struct made *made)
{
	struct made_site *leak = made_add_site(made, 100, 0);
	struct load load = load_make(made, 20, 200);
	double share = made_between(made, 0.05, 0.3), life = made_between(made, 0.2, 0.9);

	made->count = 60 + (size_t)made_between(made, 0, 100);
	for (size_t i = 0; i < made->count; i++) {
		double requests = load_next(made, &load, i), kept = made_poisson(made, requests * share);

		made_release_share(leak, i, 0, 0);
		made_acquire(leak, i, kept);
		made_transient(leak, i, fmax(0, requests - kept));
		made_close(leak, i);
		leak->live[i] += made_poisson(made, load.rate * life);
	}
}

static void a_leak_that_begins_late(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *leak = made_add_site(made, 100, made_between(made, 0, 1000));
	struct load load = load_make(made, 100, 1000);
	size_t begin;

	made->count = 200 + (size_t)made_between(made, 0, 400);
	begin = (size_t)(made_between(made, 0.3, 0.75) * (double)made->count);
	for (size_t i = 0; i < made->count; i++) {
		double requests = load_next(made, &load, i),
		       leaked = i < begin ? 0 : made_poisson(made, requests * 0.02);

		calls[i] = requests;
		made_acquire(leak, i, leaked);
		made_transient(leak, i, requests - leaked);
		made_close(leak, i);
	}
}

static void a_leak_after_a_start(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *leak = made_add_site(made, 100, 0);
	struct load load = load_make(made, 100, 1000);
	size_t start = (size_t)made_between(made, 1, 6);

	made->count = 60 + (size_t)made_between(made, 0, 200);
	for (size_t i = 0; i < made->count; i++) {
		double requests = load_next(made, &load, i), leaked = made_poisson(made, requests * 0.02);

		calls[i] = requests;
		made_acquire(leak, i, i < start ? 1000 + leaked : leaked);
		made_transient(leak, i, requests - leaked);
		made_close(leak, i);
	}
}

static void a_task_that_leaks_now_and_then(struct made *made)
{
	struct made_site *leak = made_add_site(made, 100, 0), *request = made_add_site(made, 512, 0);
	struct load load = load_make(made, 100, 1000);
	size_t period = (size_t)made_between(made, 5, 30), batch = (size_t)made_between(made, 1, 20);

	made->count = MADE_SECONDS;
	for (size_t i = 0; i < made->count; i++) {
		if (i % period == 0)
			made_acquire(leak, i, (double)batch);
		made_transient(request, i, load_next(made, &load, i));
		made_close(leak, i);
		made_close(request, i);
	}
}

/* ---- no leaks ---- */

static void steady(struct made *made)
{
	struct made_site *site = made_add_site(made, 100, 0);
	double mean = made_rate(made, 1, 10000), back = made_uniform(made), level = 0;

	made->count = 20 + (size_t)made_between(made, 0, 580);
	for (size_t i = 0; i < made->count; i++) {
		level = back * level + sqrt(1 - back * back) * made_normal(made);
		made_transient(site, i, made_poisson(made, mean));
		made_close(site, i);
		site->live[i] = fmax(0, round(mean + sqrt(mean) * level));
		site->bytes[i] = site->live[i] * site->size;
		site->age[i] = 1;
	}
}

static void random_walk(struct made *made)
{
	struct made_site *site = made_add_site(made, 100, 1000);
	double step = made_rate(made, 1, 20);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		made_acquire(site, i, made_poisson(made, step));
		made_release(site, i, made_poisson(made, step));
		made_close(site, i);
	}
}

/* Requests' objects live for a mean time that is short beside the recording. */
static void sessions(struct made *made, double rate, double life, size_t i, struct made_site *site)
{
	made_release_share(site, i, 1 - exp(-1 / life), 1);
	made_acquire(site, i, made_poisson(made, rate));
	made_close(site, i);
}

static void birth_and_death(struct made *made)
{
	struct made_site *site = made_add_site(made, 100, 0);
	double life = made_rate(made, 1, 20), rate = made_rate(made, 1, 1000);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	site->inherited = site->lives = made_poisson(made, rate * life);
	for (size_t i = 0; i < made->count; i++) {
		double old = site->inherited * (1 - exp(-1 / life));

		site->inherited -= old;
		site->lives -= old;
		site->released[i] += old;
		sessions(made, rate, life, i, site);
	}
}

static void saw_teeth(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 100, 0);
	struct load load = load_make(made, 10, 1000);
	double period;

	made->count = 60 + (size_t)made_between(made, 0, 540);
	period = made_between(made, 3, (double)made->count / 2.2);
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = load_next(made, &load, i);
		made_acquire(site, i, calls[i]);
		if (fmod((double)i, period) < 1)
			made_release(site, i, site->lives);
		made_close(site, i);
	}
}

static void bursts(struct made *made)
{
	struct made_site *site = made_add_site(made, 100, 50), *request = made_add_site(made, 512, 0);
	double rate = made_rate(made, 0.01, 0.2), size = made_rate(made, 10, 10000);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		made_release_share(site, i, 0.7, 1);
		if (made_uniform(made) < rate)
			made_acquire(site, i, made_poisson(made, size));
		made_transient(request, i, made_poisson(made, 100));
		made_close(site, i);
		made_close(request, i);
	}
}

/* What lives follows a load that stops and starts. */
static void load_that_stops_and_starts(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 100, 0);
	double rate = made_rate(made, 10, 1000), life = made_rate(made, 0.5, 8);
	double on = made_between(made, 15, 60), off = made_between(made, 5, 60);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		double now = fmod((double)i, on + off) < on ? rate : 0;

		calls[i] = now;
		sessions(made, now, life, i, site);
	}
}

/* From a part of a day to some days. */
static void days(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 100, 0);
	double rate = made_rate(made, 10, 1000), life = made_rate(made, 0.5, 20), period, phase;

	made->count = 120 + (size_t)made_between(made, 0, 480);
	period = made_between(made, 0.3, 3) * (double)made->count;
	phase = made_between(made, 0, 2 * M_PI);
	for (size_t i = 0; i < made->count; i++) {
		double now = rate * (1.05 + sin(phase + (double)i * 2 * M_PI / period));

		calls[i] = made_poisson(made, now);
		sessions(made, calls[i], life, i, site);
	}
}

static void doubling_table(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 64, 1), *request = made_add_site(made, 64, 0);
	double entries = 0, rate = made_rate(made, 10, 1000), room = 16;

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = made_poisson(made, rate);
		entries += calls[i];
		made_transient(request, i, calls[i]);
		for (; room < entries; room *= 2)
			made_transient(site, i, 1);
		made_close(request, i);
		made_close(site, i);
		site->bytes[i] = room * 8;
	}
}

/* As the history above, but written to a file now and then, or as large as a message is, by chance. */
static void buffer_that_is_emptied(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 0, 1), *request = made_add_site(made, 64, 0);
	double rate = made_rate(made, 5, 500), length = 0, most = rate * made_between(made, 1, 20);
	bool is_by_chance = made_uniform(made) < 0.5;

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = made_poisson(made, rate);
		length = is_by_chance ? made_between(made, 0, most) : length + calls[i] > most ? 0 : length + calls[i];
		made_transient(site, i, calls[i]);
		made_transient(request, i, calls[i]);
		made_close(site, i);
		made_close(request, i);
		site->bytes[i] = 100 * length;
	}
}

/* One at a time, up to a size. */
static void thread_pool(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 0, 1);
	double most = floor(made_rate(made, 4, 64)), rate = made_rate(made, 0.1, 5);

	site->is_handle = true;
	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = made_poisson(made, 300);
		made_acquire(site, i, fmin(most - site->lives, made_poisson(made, rate)));
		made_close(site, i);
	}
}

/* Random keys: each one that is not there is put there, up to the limit; then for each the oldest goes. */
static void cache(struct made *made, double share, size_t fill)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *entry = made_add_site(made, 100, 0), *request = made_add_site(made, 300, 0);
	struct load load = load_make(made, 50, 5000);
	double limit = share * load.rate * (double)fill / -log(1 - share), keys = limit / share;

	for (size_t i = 0; i < made->count; i++) {
		double requests = load_next(made, &load, i), missed = 0;

		for (int part = 0; part < 10; part++) {
			double hit = (entry->lives + missed) / keys, mean = requests / 10 * fmax(0, 1 - hit);

			missed += fmin(requests / 10, made_poisson(made, mean * hit) + mean * (1 - hit));
		}
		missed = floor(missed);
		calls[i] = requests;
		made_acquire(entry, i, missed);
		if (entry->lives > limit)
			made_release(entry, i, entry->lives - limit);
		made_transient(request, i, requests);
		made_close(entry, i);
		made_close(request, i);
	}
}

static void cache_that_fills_for_five_minutes(struct made *made)
{
	made->count = 60 + (size_t)made_between(made, 0, 220);
	cache(made, made_rate(made, 0.03, 0.99), 300);
}

static void cache_that_is_full(struct made *made)
{
	made->count = 400 + (size_t)made_between(made, 0, 200);
	cache(made, made_rate(made, 0.03, 0.99), 300);
}

/* A new key each time, no request that can be seen, up to a limit after five minutes. */
static void cache_of_new_keys(struct made *made)
{
	struct made_site *entry = made_add_site(made, 100, 0);
	double rate = made_rate(made, 1, 1000);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		made_acquire(entry, i, made_poisson(made, rate));
		if (entry->lives > 300 * rate)
			made_release(entry, i, entry->lives - 300 * rate);
		made_close(entry, i);
	}
}

static void warm_up(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls");
	struct made_site *site = made_add_site(made, 100, 0);
	double all = made_rate(made, 200, 100000), time, rate = made_rate(made, 100, 5000);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	time = made_between(made, 0.1, 1) * (double)made->count;
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = made_poisson(made, rate);
		made_acquire(site, i, made_poisson(made, all / time * exp(-(double)i / time)));
		made_close(site, i);
	}
}

/* Four to ten equal steps of load, each of which leaves as much, then no more. */
static void steps_of_load(struct made *made)
{
	double *calls = made_add_counter(made, "read_calls"), room = made_rate(made, 1, 1000);
	struct made_site *site = made_add_site(made, 4096, 0);
	size_t steps = (size_t)made_between(made, 4, 11), length = (size_t)made_between(made, 10, 30);

	made->count = (steps + 6) * length;
	if (made->count > MADE_SECONDS)
		made->count = MADE_SECONDS;
	for (size_t i = 0; i < made->count; i++) {
		calls[i] = i % length < length - 3 ? made_poisson(made, 500) : 0;
		if (i % length == 0 && i / length < steps)
			made_acquire(site, i, ceil(room));
		made_close(site, i);
	}
}

static void start_then_level(struct made *made)
{
	struct made_site *site = made_add_site(made, 100, 0), *request = made_add_site(made, 64, 0);
	double count = made_rate(made, 10, 10000);
	size_t start;

	made->count = 60 + (size_t)made_between(made, 0, 540);
	start = (size_t)(made_between(made, 0.02, 0.6) * (double)made->count);
	for (size_t i = 0; i < made->count; i++) {
		if (i < start)
			made_acquire(site, i, made_poisson(made, count / (double)start));
		made_transient(request, i, made_poisson(made, 500));
		made_close(site, i);
		made_close(request, i);
	}
}

/* Connections that stay for a while, from the first one on. */
static void connections_that_come(struct made *made)
{
	double *accepted = made_add_counter(made, "accepted"), rate = made_rate(made, 2, 200);
	struct made_site *site = made_add_site(made, 100, 0);
	double life = made_between(made, 5, 60);

	made->count = 60 + (size_t)made_between(made, 0, 540);
	for (size_t i = 0; i < made->count; i++) {
		accepted[i] = made_poisson(made, rate);
		made_release_share(site, i, 1 - exp(-1 / life), 0);
		made_acquire(site, i, accepted[i]);
		made_close(site, i);
	}
}

/* ---- how they are judged ---- */

struct pattern {
	const char *name;
	void (*make)(struct made *);
	bool leaks;
	int errors;      /* allowed of INSTANCES */
	bool needs_ages; /* to be told */
};

#define PATTERN(name, ...)               \
	{                                \
#name, name, __VA_ARGS__ \
	}
static const struct pattern patterns[] = {
	PATTERN(one_in_a_thousand_requests, true, 3, false),
	PATTERN(one_for_each_reset, true, 3, false),
	PATTERN(one_for_each_request, true, 3, false),
	PATTERN(two_for_each_turn_of_a_loop, true, 3, false),
	PATTERN(a_timer_for_each_write, true, 3, false),
	PATTERN(a_buffer_that_is_never_emptied, true, 3, false),
	PATTERN(a_leak_under_load_that_stops_and_starts, true, 3, false),
	PATTERN(a_leak_under_much_that_comes_and_goes, true, 6, true),
	PATTERN(a_leak_that_begins_late, true, 3, false),
	PATTERN(a_leak_after_a_start, true, 6, true),
	PATTERN(a_task_that_leaks_now_and_then, true, 3, false),
	PATTERN(steady, false, 0, false),
	PATTERN(random_walk, false, 0, false),
	PATTERN(birth_and_death, false, 0, false),
	PATTERN(saw_teeth, false, 0, false),
	PATTERN(bursts, false, 0, false),
	PATTERN(load_that_stops_and_starts, false, 0, false),
	PATTERN(days, false, 0, false),
	PATTERN(doubling_table, false, 0, false),
	PATTERN(buffer_that_is_emptied, false, 0, false),
	PATTERN(thread_pool, false, 0, false),
	PATTERN(cache_that_fills_for_five_minutes, false, 0, false),
	PATTERN(cache_that_is_full, false, 0, false),
	PATTERN(cache_of_new_keys, false, 0, false),
	PATTERN(warm_up, false, 1, false), /* with 200 objects there are too few to see that they grow fewer */
	PATTERN(steps_of_load, false, 0, false),
	PATTERN(start_then_level, false, 0, false),
	PATTERN(connections_that_come, false, 0, false),
};

static int run_pattern(const struct pattern *pattern, bool with_ages)
{
	static struct made made;
	struct verdict_result results[MADE_SITES];
	int counts[5] = {0}, wrong = 0;
	const char *example = NULL;

	for (int i = 0; i < INSTANCES; i++) {
		memset(&made, 0, sizeof(made));
		made.seed = (uint64_t)i * 7919 + 1;
		pattern->make(&made);
		made_sum(&made);
		made_judge(&made, with_ages, results);
		counts[results[0].verdict]++;
		if ((results[0].verdict == VERDICT_LEAK) != pattern->leaks) {
			wrong++;
			example = results[0].reason;
			if (getenv("SHOW"))
				printf("   %d %zu s: %s p %g\n", i, made.count, results[0].reason, results[0].p_value);
		}
	}
	printf("%-42s %s: %3d leak %3d warm-up %3d steady %3d churn %3d undecided%s%s%s\n", pattern->name,
	       with_ages ? "ages" : "    ", counts[VERDICT_LEAK], counts[VERDICT_WARM_UP], counts[VERDICT_STEADY],
	       counts[VERDICT_CHURN], counts[VERDICT_UNDECIDED], wrong > pattern->errors ? "  WRONG" : "",
	       example ? ": " : "", example ? example : "");
	return wrong > pattern->errors;
}

static void patterns_are_told_apart(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		for (int with_ages = patterns[i].needs_ages; with_ages < 2; with_ages++)
			wrong += run_pattern(&patterns[i], with_ages);
	assert_int_equal(wrong, 0);
}

/* In the first minute, of which a recorder that rolls up keeps one row; then nothing for a long time. */
static void what_came_in_a_few_steps_at_the_start_is_steady(void **state)
{
	static struct made made;
	struct verdict_result results[MADE_SITES];

	(void)state;
	memset(&made, 0, sizeof(made));
	double *calls = made_add_counter(&made, "read_calls");
	struct made_site *few = made_add_site(&made, 64, 0), *request = made_add_site(&made, 64, 0);
	made.count = 600;
	for (size_t i = 0; i < made.count; i++) {
		calls[i] = 10;
		made_acquire(few, i, i > 0 && i <= 60 && i % 15 == 0);
		made_transient(request, i, 10);
		made_close(few, i);
		made_close(request, i);
	}
	made_sum(&made);
	made_judge(&made, true, results);
	assert_int_equal(results[0].verdict, VERDICT_STEADY);
	made.count = 60;
	made_judge(&made, true, results);
	assert_int_not_equal(results[0].verdict, VERDICT_LEAK);
}

/* ---- many callsites ---- */

static void null_series(struct made *made, struct made_site *site, double back)
{
	double level = 0, mean = made_rate(made, 10, 10000);

	memset(site, 0, sizeof(*site));
	for (size_t i = 0; i < made->count; i++) {
		level = back * level + sqrt(1 - back * back) * made_normal(made);
		site->live[i] = fmax(0, round(mean + 3 * sqrt(mean) * level));
		site->bytes[i] = site->live[i] * 64;
	}
}

/* The share of instances without a trend whose p is below the limit. */
static double false_positives(size_t count, double back, double limit, int instances)
{
	static struct made made;
	static struct made_site site;
	struct growth_grid grid = {.step_s = 1, .count = count};
	struct verdict_options options = {0};
	int found = 0;

	made.seed = 42;
	made.count = count;
	for (int i = 0; i < instances; i++) {
		struct growth_series series;
		struct verdict_result result;

		null_series(&made, &site, back);
		series = (struct growth_series){.live_objects = site.live, .live_bytes = site.bytes};
		verdicts_judge(&grid, &series, 1, &options, &result);
		found += result.p_value < limit;
	}
	return (double)found / instances;
}

static void neighbours_that_resemble_each_other_are_no_trend(void **state)
{
	static const double backs[] = {0, 0.5, 0.8, 0.95, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(backs) / sizeof(*backs); i++)
		for (size_t count = 60; count <= 600; count *= 10) {
			double share = false_positives(count, backs[i], 0.01, 2000);

			printf("lag 1 %.2f, %3zu points: p < 0.01 in %.2f %%\n", backs[i], count, 100 * share);
			assert_true(share < 0.02);
		}
}

enum { MANY = 3000 };
static struct made_site many[MANY];

static void of_3000_callsites_without_growth_none_leaks_and_those_that_do_are_found(void **state)
{
	static struct growth_series series[MANY];
	static struct verdict_result results[MANY];
	static struct made made = {.seed = 7, .count = 60};
	struct growth_grid grid = {.step_s = 1, .count = 60};
	struct verdict_options options = {0};
	int grow = 0, found = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		null_series(&made, &many[i], made_uniform(&made));
		if (i % 300 == 7) {
			memset(&many[i], 0, sizeof(many[i]));
			for (size_t second = 0; second < 60; second++) {
				made_acquire(&many[i], second, made_poisson(&made, 2));
				made_transient(&many[i], second, 2000);
				made_close(&many[i], second);
			}
		}
		series[i] = made_series(&many[i]);
	}
	verdicts_judge(&grid, series, MANY, &options, results);
	for (size_t i = 0; i < MANY; i++) {
		grow += i % 300 != 7 && results[i].verdict != VERDICT_STEADY && results[i].verdict != VERDICT_CHURN;
		found += i % 300 == 7 && results[i].verdict == VERDICT_LEAK;
	}
	printf("%d of %d without growth are not called level; %d of 10 leaks found\n", grow, MANY - 10, found);
	assert_true(grow <= 15);
	assert_int_equal(found, 10);
}

static void two_thousand_callsites_of_600_points_take_less_than_a_second(void **state)
{
	static struct growth_series series[MANY];
	static struct verdict_result results[MANY];
	static struct made made = {.seed = 7, .count = 600};
	struct growth_grid grid = {.step_s = 1, .count = 600};
	struct verdict_options options = {0};
	clock_t start;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		null_series(&made, &many[i], 0.5);
		for (size_t second = 0; second < 600 && i % 4 == 0; second++)
			many[i].live[second] += (double)second * 10;
		series[i] = made_series(&many[i]);
	}
	start = clock();
	verdicts_judge(&grid, series, 2000, &options, results);
	printf("%.3f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
	assert_true(clock() - start < CLOCKS_PER_SEC);
}

/* ---- particular cases ---- */

static struct verdict_result judge_first(const struct made *made, const double *open_connections)
{
	struct growth_grid grid = {.start_s = 1000, .step_s = 1, .count = made->count};
	struct growth_series series[MADE_SITES];
	struct correlate_counter counters[MADE_COUNTERS];
	struct verdict_options options = {
		.counters = counters, .counter_count = made->counter_count, .open_connections = open_connections};
	struct verdict_result results[MADE_SITES];

	for (size_t i = 0; i < made->site_count; i++)
		series[i] = made_series(&made->sites[i]);
	for (size_t i = 0; i < made->counter_count; i++)
		counters[i] = (struct correlate_counter){made->names[i], made->counts[i]};
	verdicts_judge(&grid, series, made->site_count, &options, results);
	return results[0];
}

static void an_object_for_each_client_that_stays_is_no_leak_and_for_one_that_left_it_is(void **state)
{
	static struct made made = {.seed = 3, .count = 60};
	double *accepted = made_add_counter(&made, "accepted"), open[60], closed[60] = {0};
	struct made_site *site = made_add_site(&made, 100, 0);

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		accepted[i] = made_poisson(&made, 5);
		made_acquire(site, i, accepted[i]);
		made_close(site, i);
		open[i] = site->live[i];
	}
	made_sum(&made);
	assert_int_equal(judge_first(&made, open).verdict, VERDICT_UNDECIDED);
	assert_int_equal(judge_first(&made, closed).verdict, VERDICT_LEAK);
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_LEAK);
}

static void handles_that_have_met_their_limit_are_still_a_leak(void **state)
{
	static struct made made = {.seed = 3, .count = 90};
	double *writes = made_add_counter(&made, "write_calls");
	struct made_site *site = made_add_site(&made, 0, 0);
	struct verdict_result result;

	(void)state;
	site->is_handle = true;
	for (size_t i = 0; i < made.count; i++) {
		writes[i] = made_poisson(&made, 20);
		made_acquire(site, i, fmin(writes[i], 1000 - site->lives));
		made_close(site, i);
	}
	made_sum(&made);
	result = judge_first(&made, NULL);
	assert_int_equal(result.verdict, VERDICT_LEAK);
	assert_int_equal(result.goes_with.counter, 0);
	assert_true(fabs(result.goes_with.ratio - 1) < 0.01);
}

/* The record of an operation, and a timer for each; two kinds of operations, so that no event has as many. */
static void what_grows_one_for_one_with_a_leak_is_one(void **state)
{
	static struct made made = {.seed = 3, .count = 60};
	double *reads = made_add_counter(&made, "read_calls");
	struct made_site *record = made_add_site(&made, 1000, 0), *timer = made_add_site(&made, 0, 0);

	(void)state;
	timer->is_handle = true;
	for (size_t i = 0; i < made.count; i++) {
		double operations = made_poisson(&made, 50);

		reads[i] = 3 * operations + made_poisson(&made, 100);
		made_acquire(record, i, operations);
		made_acquire(timer, i, operations);
		made_close(record, i);
		made_close(timer, i);
	}
	made_sum(&made);
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_LEAK);
	made.site_count = 1;
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_UNDECIDED);
}

static void since_when_is_told_to_a_few_seconds(void **state)
{
	static struct made made = {.seed = 3, .count = 400};
	struct made_site *site = made_add_site(&made, 100, 500), *request = made_add_site(&made, 64, 0);
	struct verdict_result result;

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		made_acquire(site, i, i < 250 ? 0 : made_poisson(&made, 3));
		made_transient(request, i, 1000);
		made_close(site, i);
		made_close(request, i);
	}
	result = judge_first(&made, NULL);
	assert_int_equal(result.verdict, VERDICT_LEAK);
	assert_in_range(result.since_s, 1240, 1260);
	assert_true(result.objects.low < 3 && 3 < result.objects.high);
}

static void a_short_recording_says_how_much_longer(void **state)
{
	static struct made made = {.seed = 3, .count = 20};
	struct made_site *site = made_add_site(&made, 100, 0);
	struct verdict_result result;

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		made_acquire(site, i, 10);
		made_close(site, i);
	}
	result = judge_first(&made, NULL);
	assert_int_equal(result.verdict, VERDICT_UNDECIDED);
	assert_true(result.more_seconds > 5 && result.more_seconds < 30);
	made.count = 5;
	result = judge_first(&made, NULL);
	assert_int_equal(result.verdict, VERDICT_UNDECIDED);
	assert_true(result.more_seconds > 5);
}

static void what_never_changed_is_steady_however_short_the_recording(void **state)
{
	static struct made made = {.seed = 3, .count = 3};
	struct made_site *site = made_add_site(&made, 100, 10);

	(void)state;
	for (size_t i = 0; i < made.count; i++)
		made_close(site, i);
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_STEADY);
}

/* Of a run that found nothing: what it would have found is found. */
static void a_slope_that_is_said_to_be_detectable_is_found(void **state)
{
	static struct made made = {.count = 60};
	int found = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct made_site *site;
		struct verdict_result result;
		double slope;

		made.seed = (uint64_t)i * 77 + 5;
		made.site_count = 0;
		site = made_add_site(&made, 64, 0);
		null_series(&made, site, 0.3);
		slope = judge_first(&made, NULL).detectable_objects;
		for (size_t second = 0; second < made.count; second++) {
			site->live[second] += slope * (double)second;
			site->bytes[second] = site->live[second] * 64;
		}
		result = judge_first(&made, NULL);
		found += result.p_value < 0.001;
	}
	printf("found: %d of 200\n", found);
	assert_true(found >= 180);
}

/* Entry, key and value for each request, and a table that doubles: a map, full or not. */
static void what_fills_a_map_is_not_told_from_a_cache_at_once(void **state)
{
	static struct made made = {.seed = 3, .count = 80};
	double *calls = made_add_counter(&made, "read_calls"), room = 4;
	struct made_site *entry = made_add_site(&made, 24, 0), *key = made_add_site(&made, 16, 0);
	struct made_site *value = made_add_site(&made, 100, 0), *table = made_add_site(&made, 0, 1);

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		calls[i] = made_poisson(&made, 200);
		made_acquire(entry, i, calls[i]);
		made_acquire(key, i, calls[i]);
		made_acquire(value, i, calls[i]);
		made_close(entry, i);
		made_close(key, i);
		made_close(value, i);
		made_close(table, i);
		for (; room < entry->live[i]; room *= 2)
			;
		table->bytes[i] = room * 8;
	}
	made_sum(&made);
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_UNDECIDED);
	made.site_count = 3; /* without a table */
	assert_int_equal(judge_first(&made, NULL).verdict, VERDICT_LEAK);
}

/* As every server has hundreds: allocated in the first second, and never again. */
static void what_came_in_the_first_second_is_told_not_to_grow(void **state)
{
	static struct made made = {.seed = 3, .count = 90};
	struct made_site *site = made_add_site(&made, 100, 0), *request = made_add_site(&made, 64, 0);

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		made_acquire(site, i, i < 2 ? 10 : 0);
		made_transient(request, i, 1000);
		made_close(site, i);
		made_close(request, i);
	}
	assert_int_not_equal(judge_first(&made, NULL).verdict, VERDICT_LEAK);
	assert_int_not_equal(judge_first(&made, NULL).verdict, VERDICT_UNDECIDED);
}

/* ---- what it goes with ---- */

static struct correlate_result correlate_made(struct made *made, const double *level)
{
	struct growth_grid grid = {.step_s = 1, .count = made->count};
	struct correlate_counter counters[MADE_COUNTERS];
	struct correlate_result result;

	for (size_t i = 0; i < made->counter_count; i++)
		counters[i] = (struct correlate_counter){made->names[i], made->counts[i]};
	correlate(&grid, level, counters, made->counter_count, &result);
	return result;
}

/* One object for each reset; requests and their bytes rise with the load, too. */
static void of_counters_of_one_load_the_one_of_whole_numbers_is_named(void **state)
{
	static struct made made = {.seed = 3, .count = 60};
	double *bytes = made_add_counter(&made, "read_bytes"), *calls = made_add_counter(&made, "read_calls");
	double *resets = made_add_counter(&made, "reset"), level[60];
	struct correlate_result result;

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		resets[i] = made_poisson(&made, 2);
		calls[i] = 7 * resets[i] + made_poisson(&made, 3);
		bytes[i] = calls[i] * 100;
	}
	made_sum(&made);
	for (size_t i = 0; i < made.count; i++)
		level[i] = 40 + resets[i];
	result = correlate_made(&made, level);
	assert_int_equal(result.counter, 2);
	assert_true(result.is_whole && result.low <= 1 && 1 <= result.high);
}

static void a_leak_by_the_clock_goes_with_no_event(void **state)
{
	static struct made made = {.seed = 3, .count = 60};
	double *calls = made_add_counter(&made, "read_calls"), level[60];

	(void)state;
	for (size_t i = 0; i < made.count; i++) {
		calls[i] = made_poisson(&made, i < 30 ? 10 : 60);
		level[i] = 3 * (double)i;
	}
	made_sum(&made);
	assert_int_equal(correlate_made(&made, level).counter, -1);
	for (size_t i = 0; i < made.count; i++)
		level[i] = 5;
	assert_int_equal(correlate_made(&made, level).counter, -1);
}

/* Ratios of 0.2 to 3 with chance: the interval holds the true one in about 95 of 100. */
static void the_true_ratio_lies_in_the_interval(void **state)
{
	static struct made made = {.seed = 3, .count = 60};
	double *calls = made_add_counter(&made, "read_calls"), level[60];
	int named = 0, covered = 0;

	(void)state;
	for (int run = 0; run < 1000; run++) {
		double ratio = made_rate(&made, 0.2, 3), rate = made_rate(&made, 20, 500);
		struct correlate_result result;

		for (size_t i = 0; i < made.count; i++) {
			double now = made_poisson(&made, rate * (1 + sin((double)i / 5) / 2));

			calls[i] = (i ? calls[i - 1] : 0) + now;
			level[i] = (i ? level[i - 1] : 0) + made_poisson(&made, ratio * now);
		}
		result = correlate_made(&made, level);
		named += result.counter == 0;
		covered += result.counter == 0 && result.low <= ratio && ratio <= result.high;
	}
	printf("named %d of 1000, ratio in the interval %d\n", named, covered);
	assert_true(named > 950);
	assert_true(covered > 0.91 * named);
}

/* ---- intervals ---- */

static void the_true_slope_lies_in_the_interval_in_95_of_100(void **state)
{
	static struct made made = {.seed = 11, .count = 120};
	static struct made_site site;
	struct growth_grid grid = {.step_s = 1, .count = 120};
	struct verdict_options options = {0};
	int covered = 0, with_noise = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		double rate = made_rate(&made, 1, 100), noise = made_rate(&made, 1, 100);
		struct growth_series series;
		struct verdict_result result;

		memset(&site, 0, sizeof(site));
		for (size_t second = 0; second < made.count; second++) {
			made_acquire(&site, second, made_poisson(&made, rate));
			made_close(&site, second);
		}
		series = made_series(&site);
		verdicts_judge(&grid, &series, 1, &options, &result);
		covered += result.objects.low <= rate && rate <= result.objects.high;
		for (size_t second = 0; second < made.count; second++)
			site.live[second] = rate * (double)second + noise * made_normal(&made);
		verdicts_judge(&grid, &series, 1, &options, &result);
		with_noise += result.objects.low <= rate && rate <= result.objects.high;
	}
	printf("covered: %d of 1000 that only grow, %d with noise\n", covered, with_noise);
	assert_in_range(covered, 920, 990);
	assert_in_range(with_noise, 920, 990);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_told_apart),
		cmocka_unit_test(neighbours_that_resemble_each_other_are_no_trend),
		cmocka_unit_test(what_came_in_a_few_steps_at_the_start_is_steady),
		cmocka_unit_test(of_3000_callsites_without_growth_none_leaks_and_those_that_do_are_found),
		cmocka_unit_test(two_thousand_callsites_of_600_points_take_less_than_a_second),
		cmocka_unit_test(an_object_for_each_client_that_stays_is_no_leak_and_for_one_that_left_it_is),
		cmocka_unit_test(handles_that_have_met_their_limit_are_still_a_leak),
		cmocka_unit_test(what_grows_one_for_one_with_a_leak_is_one),
		cmocka_unit_test(since_when_is_told_to_a_few_seconds),
		cmocka_unit_test(a_short_recording_says_how_much_longer),
		cmocka_unit_test(what_never_changed_is_steady_however_short_the_recording),
		cmocka_unit_test(a_slope_that_is_said_to_be_detectable_is_found),
		cmocka_unit_test(what_fills_a_map_is_not_told_from_a_cache_at_once),
		cmocka_unit_test(what_came_in_the_first_second_is_told_not_to_grow),
		cmocka_unit_test(of_counters_of_one_load_the_one_of_whole_numbers_is_named),
		cmocka_unit_test(a_leak_by_the_clock_goes_with_no_event),
		cmocka_unit_test(the_true_ratio_lies_in_the_interval),
		cmocka_unit_test(the_true_slope_lies_in_the_interval_in_95_of_100)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
