/* SPDX-License-Identifier: MIT */
#include "notices.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "server_stderr.h"

static const char *const mark_kinds[NOTICE_COUNT] = {
#define X(id, kind) [NOTICE_##id] = kind,
	NOTICES(X)
#undef X
};

static bool own_stderr_leads_nowhere(void)
{
	struct stat status;

	return fstat(2, &status) || (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));
}

static void say(uint32_t server_pid, const char *text)
{
	char line[1100];

	snprintf(line, sizeof(line), "seep record: %s\n", text);
	if (server_pid && own_stderr_leads_nowhere())
		server_stderr_write(server_pid, line);
	else
		fputs(line, stderr);
}

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
	say(notices->server_pid, notices->entries[what].text);
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
