/* SPDX-License-Identifier: MIT */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../http/http.h"

enum { RANDOM_BYTES = 16 };

static int make_random(char out[TOKEN_BYTES], struct error *error)
{
	unsigned char bytes[RANDOM_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_set(error, SEEP_ERR_IO, "the system has no random number: %s; try again", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	return SEEP_OK;
}

static int create(const char *path, char out[TOKEN_BYTES], struct error *error)
{
	int code = make_random(out, error);
	int file = code ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written;

	if (code)
		return code;
	if (file < 0)
		return error_set(error, SEEP_ERR_IO, "cannot create the token file %s: %s; name another one", path,
				 strerror(errno));
	is_written = dprintf(file, "%s\n", out) > 0;
	if (close(file) == 0 && is_written)
		return SEEP_OK;
	error_set(error, SEEP_ERR_IO, "cannot write the token file %s: %s; make room", path, strerror(errno));
	unlink(path);
	return SEEP_ERR_IO;
}

int token_get(const char *path, char out[TOKEN_BYTES], struct error *error)
{
	char text[TOKEN_BYTES + 2] = "";
	FILE *file;
	bool is_read;

	if (!path)
		return make_random(out, error);
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return create(path, out, error);
	is_read = file && (fgets(text, sizeof(text), file) || !ferror(file));
	if (!is_read)
		error_set(error, SEEP_ERR_IO, "cannot read the token file %s: %s; check its permissions", path,
			  strerror(errno));
	if (file)
		fclose(file);
	if (!is_read)
		return SEEP_ERR_IO;
	text[strcspn(text, "\r\n")] = '\0';
	if (!http_token_is_usable(text))
		return error_set(error, SEEP_ERR_USAGE,
				 "%s has no token in its first line: 16 to 256 letters, digits and -._~; remove the "
				 "file to have one made",
				 path);
	strcpy(out, text);
	return SEEP_OK;
}
