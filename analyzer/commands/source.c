/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analysis/memory.h"

#define LARGEST (64 << 20)

/*
 * A source is a plain file of sane size: whatever else the name leads to is not read. Of no size are the files of
 * /proc, of which some never end.
 */
static FILE *open_plain(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) || !status.st_size || status.st_size > LARGEST)
		return NULL;
	return fopen(path, "re");
}

static FILE *open_any(const char *file, char **found)
{
	const char *tail = file;
	FILE *stream = open_plain(file);

	while (!stream && (tail = strchr(tail, '/'))) {
		tail++;
		if (*tail && *tail != '/')
			stream = open_plain(tail);
	}
	*found = stream ? memory_string(tail) : NULL;
	return stream;
}

static void read_lines(FILE *stream, struct report_source *out)
{
	size_t capacity = 0, size = 0;
	char *line = NULL;
	ssize_t length;

	while ((length = getline(&line, &size, stream)) >= 0) {
		while (length && (line[length - 1] == '\n' || line[length - 1] == '\r'))
			line[--length] = '\0';
		out->lines = memory_grow(out->lines, &capacity, out->line_count + 1, sizeof(*out->lines));
		out->lines[out->line_count++] = memory_string(line);
	}
	free(line);
}

void source_read(const char *file, struct report_source *out)
{
	char *found = NULL, *here = NULL;
	FILE *stream;

	*out = (struct report_source){0};
	if (!file)
		return;
	stream = open_any(file, &found);
	out->found = found;
	if (!stream) {
		here = getcwd(NULL, 0);
		out->looked = memory_format("%s%s%s%s", file, file[0] == '/' ? ", and for its tails below " : " below ",
					    here ? here : ".", "");
		free(here);
		return;
	}
	read_lines(stream, out);
	fclose(stream);
}

void source_release(struct report_source *source)
{
	for (size_t i = 0; i < source->line_count; i++)
		free(source->lines[i]);
	free(source->lines);
	free((char *)source->found);
	free((char *)source->looked);
	*source = (struct report_source){0};
}
