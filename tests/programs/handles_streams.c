/* SPDX-License-Identifier: MIT */
/* handles_streams.c - a configuration that is read with fopen and not always closed, and other ways to a FILE. */
#include "handles.h"

#include <fcntl.h>

static FRAME FILE *config_open(void)
{
	FILE *file = fopen("/etc/passwd", "r");

	REQUIRE(file);
	return file;
}

static FRAME FILE *descriptor_wrap(void)
{
	int fd = open("/dev/null", O_RDONLY);
	FILE *file = fdopen(fd, "r");

	REQUIRE(file);
	return file;
}

static FRAME FILE *scratch_open(void)
{
	FILE *file = tmpfile();

	REQUIRE(file);
	return file;
}

static FRAME FILE *memory_open(char **text, size_t *size)
{
	FILE *file = open_memstream(text, size);

	REQUIRE(file);
	return file;
}

static FRAME void log_reopen(FILE **log)
{
	*log = freopen("/dev/null", "w", *log);
	REQUIRE(*log);
}

static FRAME void log_reopen_in_vain(FILE *log)
{
	REQUIRE(!freopen("/there/is/no/such", "w", log));
}

int main(void)
{
	char *text;
	size_t size;
	FILE *log;

	for (int i = 0; i < 12; i++) {
		FILE *file = config_open();

		if (i % 4)
			fclose(file);
	}
	fclose(descriptor_wrap());
	descriptor_wrap();
	fclose(scratch_open());
	scratch_open();
	fclose(memory_open(&text, &size));
	memory_open(&text, &size);

	log = config_open();
	log_reopen(&log);
	log_reopen(&log);
	log_reopen_in_vain(log);
	log = config_open();
	log_reopen(&log);
	fclose(stdin);

	expect_handles("config_open", "stream", 14, 11);
	expect_handles("config_open", "file", 14, 11);
	expect_handles("descriptor_wrap", "stream", 2, 1);
	expect_handles("descriptor_wrap", "file", 2, 1);
	expect_handles("scratch_open", "stream", 2, 1);
	expect_handles("scratch_open", "file", 2, 1);
	expect_handles("memory_open", "stream", 2, 1);
	expect_handles("memory_open", "descriptor", 0, 0);
	expect_handles("log_reopen", "stream", 3, 2);
	expect_handles("log_reopen", "file", 3, 2);
	expect_handles("log_reopen_in_vain", "file", 0, 0);
	expect_misuses(0);
	expect_trust("unseen_closes", 0);
	expect_trust("overwritten_blocks", 0);
	return 0;
}
