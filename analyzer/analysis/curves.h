/* SPDX-License-Identifier: MIT */
/*
 * curves.h - what a chart draws over time: levels and rates, of a recording's figures by kind. Pure.
 *
 * NAN is what is not known. A rate at a point is the mean over the step that ends there, so that the first point has
 * none unless there is one before it.
 */
#ifndef SEEP_CURVES_H
#define SEEP_CURVES_H

#include "../store/series.h"

#define CURVE_KIND(id) (UINT32_C(1) << SEEP_KIND_##id)
#define CURVE_EVERY_KIND ((UINT32_C(1) << SEEP_KIND_COUNT) - 1)
#define CURVE_FIGURE(id) (UINT32_C(1) << SERIES_##id)

enum curve_source {
	CURVE_LIVE_BYTES,   /* of kinds */
	CURVE_LIVE_OBJECTS, /* of kinds; none of these: no curve */
	CURVE_ACQUIRED,     /* a second */
	CURVE_RELEASED,
	CURVE_ACQUIRED_BYTES,
	CURVE_KERNEL,    /* the sum of the kernel's figures */
	CURVE_CPU,       /* percent of one core */
	CURVE_RETENTION, /* private less tracked */
};

/*
 * X(name, label, unit, chart, source, what): the curves there are, in order. `what` is a mask of kinds, or of the
 * kernel's figures. What happens to the process comes after them: a curve "event:NAME" for each event, a second.
 */
/* clang-format off */
#define CURVES(X) \
	X("tracked", "tracked live bytes", "bytes", "memory", LIVE_BYTES, CURVE_KIND(HEAP)) \
	X("private", "private bytes", "bytes", "memory", KERNEL, CURVE_FIGURE(RSS_ANON) | CURVE_FIGURE(SWAP)) \
	X("working_set", "working set", "bytes", "memory", KERNEL, CURVE_FIGURE(RSS_ANON) | CURVE_FIGURE(RSS_FILE) | CURVE_FIGURE(RSS_SHMEM)) \
	X("retention", "private but not tracked", "bytes", "memory", RETENTION, 0) \
	X("sockets", "sockets", "count", "handles", LIVE_OBJECTS, CURVE_KIND(SOCKET)) \
	X("files", "files", "count", "handles", LIVE_OBJECTS, CURVE_KIND(FILE)) \
	X("pipes", "pipes", "count", "handles", LIVE_OBJECTS, CURVE_KIND(PIPE)) \
	X("epolls", "epoll descriptors", "count", "handles", LIVE_OBJECTS, CURVE_KIND(EPOLL)) \
	X("eventfds", "eventfds", "count", "handles", LIVE_OBJECTS, CURVE_KIND(EVENTFD)) \
	X("signalfds", "signalfds", "count", "handles", LIVE_OBJECTS, CURVE_KIND(SIGNALFD)) \
	X("inotify", "inotify descriptors", "count", "handles", LIVE_OBJECTS, CURVE_KIND(INOTIFY)) \
	X("watches", "inotify watches", "count", "handles", LIVE_OBJECTS, CURVE_KIND(WATCH)) \
	X("memfds", "memfds", "count", "handles", LIVE_OBJECTS, CURVE_KIND(MEMFD)) \
	X("pidfds", "pidfds", "count", "handles", LIVE_OBJECTS, CURVE_KIND(PIDFD)) \
	X("other_descriptors", "other descriptors", "count", "handles", LIVE_OBJECTS, CURVE_KIND(OTHERFD)) \
	X("timers", "timers", "count", "handles", LIVE_OBJECTS, CURVE_KIND(TIMERFD) | CURVE_KIND(TIMER) | CURVE_KIND(EVENT) | CURVE_KIND(UVTIMER)) \
	X("threads_held", "threads not joined", "count", "handles", LIVE_OBJECTS, CURVE_KIND(THREAD)) \
	X("streams", "streams", "count", "handles", LIVE_OBJECTS, CURVE_KIND(STREAM) | CURVE_KIND(DIRECTORY)) \
	X("descriptors", "descriptors (kernel)", "count", "handles", KERNEL, CURVE_FIGURE(DESCRIPTORS)) \
	X("threads", "threads (kernel)", "count", "handles", KERNEL, CURVE_FIGURE(THREADS)) \
	X("cpu", "CPU, percent of a core", "percent", "cpu", CPU, 0) \
	X("acquired_per_s", "acquired", "per_s", "rates", ACQUIRED, CURVE_EVERY_KIND) \
	X("released_per_s", "released", "per_s", "rates", RELEASED, CURVE_EVERY_KIND) \
	X("allocated_bytes_per_s", "allocated bytes", "bytes_per_s", "rates", ACQUIRED_BYTES, CURVE_KIND(HEAP)) \
	X("blocks", "live blocks", "count", "blocks", LIVE_OBJECTS, CURVE_KIND(HEAP)) \
	X("mapped", "mappings", "bytes", "mappings", LIVE_BYTES, CURVE_KIND(MAPPING)) \
	X("rss_anon", "anonymous", "bytes", "resident memory", KERNEL, CURVE_FIGURE(RSS_ANON)) \
	X("rss_file", "of files", "bytes", "resident memory", KERNEL, CURVE_FIGURE(RSS_FILE)) \
	X("rss_shmem", "shared", "bytes", "resident memory", KERNEL, CURVE_FIGURE(RSS_SHMEM)) \
	X("swap", "swapped out", "bytes", "resident memory", KERNEL, CURVE_FIGURE(SWAP))
/* clang-format on */

struct curve {
	const char *name, *label, *unit, *chart; /* an event's name is without "event:" */
	bool is_event;
	double *values; /* one a point */
};

/* Zeroed is valid and empty. */
struct curves {
	struct store_grid grid;
	struct curve *curves;
	size_t count;
	double *values;
};

/*
 * Of what store_read_kinds() has read. The first `skip` points serve only as what is before the others: the curves
 * begin after them. Borrows the events' names. Release with curves_release().
 */
void curves_build(const struct store_series *series, size_t skip, struct curves *out);
void curves_release(struct curves *curves);

#endif
