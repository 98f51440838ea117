/* SPDX-License-Identifier: MIT */
/*
 * notices.h - what the recorder has to say: once on its standard error (or the server's, if the shim has started it),
 * and as a mark in the recording when that can be written.
 *
 * Zeroed is valid and empty. Nothing is owned.
 */
#ifndef SEEP_NOTICES_H
#define SEEP_NOTICES_H

#include "../store/writer.h"

/* X(identifier, kind of mark) */
#define NOTICES(X)                     \
	X(RESUMED, "recorder resumed") \
	X(CLOCK, "clock")              \
	X(ELSEWHERE, "message")        \
	X(WRITE_FAILED, "message")     \
	X(WRITE_AGAIN, "message")      \
	X(REPLACED, "message")         \
	X(RESTORED, "message")         \
	X(ARENA, "message")            \
	X(UNSLOTTED, "message")        \
	X(IMPOSSIBLE, "message")

enum notice {
#define X(id, kind) NOTICE_##id,
	NOTICES(X)
#undef X
		NOTICE_COUNT
};

struct notices {
	uint32_t server_pid; /* also said on this process's standard error, where the recorder's own leads nowhere; 0:
				not */
	struct {
		bool is_said;    /* since it was last retracted */
		bool is_pending; /* not yet in the recording */
		int64_t time_ns;
		uint32_t process_id;
		char text[1024];
	} entries[NOTICE_COUNT];
};

/* Says it, unless it has been said. */
void notice_say(struct notices *notices, enum notice what, int64_t time_ns, uint32_t process_id, const char *format,
		...) __attribute__((format(printf, 5, 6)));
/* It is over: the next time it is said again. */
void notice_retract(struct notices *notices, enum notice what);
/* Puts what is pending into the transaction; notices_written() after its commit. */
int notices_put(const struct notices *notices, struct store *store, struct error *error);
void notices_written(struct notices *notices);

#endif
