/* SPDX-License-Identifier: MIT */
/*
 * The client library is loaded when a fetch was asked for and never before: loading it pulls in an HTTP stack, and
 * linking it would make Seep depend on one.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/error.h"
#include "debug_files.h"

#define CLIENT_LIBRARY "libdebuginfod.so.1"

typedef void *begin_function(void);
typedef void end_function(void *client);
typedef int find_function(void *client, const unsigned char *build_id, int length, char **path);

struct client_api {
	begin_function *begin;
	end_function *end;
	find_function *find;
};

static int load_client(struct client_api *api)
{
	void *library = dlopen(CLIENT_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return SEEP_ERR_NOT_FOUND;
	api->begin = (begin_function *)dlsym(library, "debuginfod_begin");
	api->end = (end_function *)dlsym(library, "debuginfod_end");
	api->find = (find_function *)dlsym(library, "debuginfod_find_debuginfo");
	/* Never unloaded: the HTTP library below it does not survive that. */
	return api->begin && api->end && api->find ? SEEP_OK : SEEP_ERR_NOT_FOUND;
}

int debuginfod_fetch(const char *build_id, struct elf_file *out)
{
	struct client_api api;
	void *client;
	char *path = NULL;
	int fd, result = SEEP_ERR_NOT_FOUND;

	if (load_client(&api))
		return SEEP_ERR_NOT_FOUND;
	client = api.begin();
	if (!client)
		return SEEP_ERR_NOT_FOUND;
	/* Length 0: the build-id is hex text. */
	fd = api.find(client, (const unsigned char *)build_id, 0, &path);
	if (fd >= 0) {
		close(fd);
		result = elf_file_open(out, path);
	}
	free(path);
	api.end(client);
	if (!result && strcmp(out->build_id, build_id) != 0) {
		elf_file_close(out);
		result = SEEP_ERR_NOT_FOUND;
	}
	return result;
}
