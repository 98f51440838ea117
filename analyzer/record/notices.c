/* SPDX-License-Identifier: MIT */
#include "notices.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const mark_kinds[NOTICE_COUNT] = {
#define X(id, kind) [NOTICE_##id] = kind,
	NOTICES(X)
#undef X
};

void notice_say(struct notices *notices, enum notice what, int64_t time_ns, uint32_t process_id, const char *format,
		...)
{
	va_list arguments;

	if (notices->entries[what].is_said)
		return;
	notices->entries[what].is_said = notices->entries[what].is_pending = true;
	notices->entries[what].time_ns = time_ns;
	notices->entries[what].process_id = process_id;
	va_start(arguments, format);
	vsnprintf(notices->entries[what].text, sizeof(notices->entries[what].text), format, arguments);
	va_end(arguments);
	fprintf(stderr, "seep record: %s\n", notices->entries[what].text);
}

void notice_retract(struct notices *notices, enum notice what)
{
	notices->entries[what].is_said = false;
}

int notices_put(const struct notices *notices, struct store *store, struct error *error)
{
	int code = SEEP_OK;

	for (int i = 0; i < NOTICE_COUNT && code == SEEP_OK; i++) {
		struct store_mark mark = {.time_ns = notices->entries[i].time_ns,
					  .process_id = notices->entries[i].process_id,
					  .kind = mark_kinds[i],
					  .text = notices->entries[i].text};

		if (notices->entries[i].is_pending)
			code = store_put_mark(store, &mark, NULL, error);
	}
	return code;
}

void notices_written(struct notices *notices)
{
	for (int i = 0; i < NOTICE_COUNT; i++)
		notices->entries[i].is_pending = false;
}
