/* SPDX-License-Identifier: MIT */
/*
 * streams.c - FILE and DIR: the stream is one thing that can leak, the descriptor beneath it another.
 *
 * libc opens that descriptor inside itself, where no hook sees it: it is entered here, at the callsite of the stream.
 * fdopen and fdopendir take over one that is in the table already. Streams without a descriptor (fmemopen and its kin)
 * have the first part only. Closing a stream that was not seen opened (stdout, or one that a library made before us) is
 * nothing to report.
 */
#include <errno.h>

#include "descriptor_table.h"
#include "hooks.h"

/* The descriptor beneath, -1 if there is none; errno is kept. */
static int stream_descriptor(FILE *stream)
{
	int error = errno;
	int fd = fileno(stream);

	errno = error;
	return fd;
}

static FILE *stream_opened(const struct hook_frame *frame, FILE *stream, enum seep_kind kind)
{
	if (!stream) {
		descriptor_refused(frame);
		return NULL;
	}
	handle_acquired(frame, SEEP_KIND_STREAM, (uintptr_t)stream);
	descriptor_acquired(frame, stream_descriptor(stream), kind);
	return stream;
}

/* Over a descriptor that the caller had, or none at all. */
static FILE *stream_taken_over(const struct hook_frame *frame, FILE *stream)
{
	if (stream)
		handle_acquired(frame, SEEP_KIND_STREAM, (uintptr_t)stream);
	return stream;
}

static struct closing stream_closing(const struct hook_frame *frame, FILE *stream)
{
	if (!stream)
		return (struct closing){.state = CLOSING_IGNORED};
	handle_released(SEEP_KIND_STREAM, (uintptr_t)stream, false);
	return descriptor_closing(frame, stream_descriptor(stream));
}

/*
 * A stream's close can fail with EBADF for another reason than its descriptor's absence: what it had to write last met
 * a descriptor open for reading. So a known descriptor says nothing of misuse here.
 */
static void stream_closed(const struct hook_frame *frame, const struct closing *closing, int result)
{
	if (closing->state == CLOSING_UNKNOWN)
		descriptor_closed(frame, closing, result, false);
}

/* ---- FILE ---- */

HOOK FILE *fopen(const char *restrict path, const char *restrict mode)
{
	return stream_opened(HERE, REAL(fopen)(path, mode), SEEP_KIND_FILE);
}

HOOK FILE *fopen64(const char *restrict path, const char *restrict mode)
{
	return stream_opened(HERE, REAL(fopen64)(path, mode), SEEP_KIND_FILE);
}

HOOK FILE *tmpfile(void)
{
	return stream_opened(HERE, REAL(tmpfile)(), SEEP_KIND_FILE);
}

HOOK FILE *tmpfile64(void)
{
	return stream_opened(HERE, REAL(tmpfile64)(), SEEP_KIND_FILE);
}

HOOK FILE *popen(const char *command, const char *mode)
{
	return stream_opened(HERE, REAL(popen)(command, mode), SEEP_KIND_PIPE);
}

HOOK FILE *fdopen(int fd, const char *mode)
{
	return stream_taken_over(HERE, REAL(fdopen)(fd, mode));
}

HOOK FILE *fmemopen(void *buffer, size_t size, const char *mode)
{
	return stream_taken_over(HERE, REAL(fmemopen)(buffer, size, mode));
}

HOOK FILE *open_memstream(char **buffer, size_t *size)
{
	return stream_taken_over(HERE, REAL(open_memstream)(buffer, size));
}

HOOK FILE *open_wmemstream(wchar_t **buffer, size_t *size)
{
	return stream_taken_over(HERE, REAL(open_wmemstream)(buffer, size));
}

HOOK FILE *fopencookie(void *restrict cookie, const char *restrict mode, cookie_io_functions_t functions)
{
	return stream_taken_over(HERE, REAL(fopencookie)(cookie, mode, functions));
}

/*
 * freopen closes the old descriptor in any case, and the stream is closed if it fails: released before, and acquired
 * anew, at this callsite, when it has succeeded.
 */
HOOK FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	stream_closing(HERE, stream);
	return stream_opened(HERE, REAL(freopen)(path, mode, stream), SEEP_KIND_FILE);
}

HOOK FILE *freopen64(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	stream_closing(HERE, stream);
	return stream_opened(HERE, REAL(freopen64)(path, mode, stream), SEEP_KIND_FILE);
}

HOOK int fclose(FILE *stream)
{
	struct closing closing = stream_closing(HERE, stream);
	int result = REAL(fclose)(stream);

	stream_closed(HERE, &closing, result);
	return result;
}

/* Its result is the child's, or that there is no child any more: nothing of the descriptor. */
HOOK int pclose(FILE *stream)
{
	stream_closing(HERE, stream);
	return REAL(pclose)(stream);
}

/* ---- DIR ---- */

HOOK DIR *opendir(const char *path)
{
	DIR *directory = REAL(opendir)(path);

	if (!directory) {
		descriptor_refused(HERE);
		return NULL;
	}
	handle_acquired(HERE, SEEP_KIND_DIRECTORY, (uintptr_t)directory);
	descriptor_acquired(HERE, dirfd(directory), SEEP_KIND_FILE);
	return directory;
}

HOOK DIR *fdopendir(int fd)
{
	DIR *directory = REAL(fdopendir)(fd);

	if (directory)
		handle_acquired(HERE, SEEP_KIND_DIRECTORY, (uintptr_t)directory);
	return directory;
}

HOOK int closedir(DIR *directory)
{
	struct closing closing = {.state = CLOSING_IGNORED};

	/* the header says that it is never NULL, libc itself answers EINVAL: the compiler must not know */
	__asm__("" : "+r"(directory));
	if (directory) {
		handle_released(SEEP_KIND_DIRECTORY, (uintptr_t)directory, false);
		closing = descriptor_closing(HERE, dirfd(directory));
	}
	int result = REAL(closedir)(directory);
	stream_closed(HERE, &closing, result);
	return result;
}
