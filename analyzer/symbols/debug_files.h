/* SPDX-License-Identifier: MIT */
/*
 * debug_files.h - where separate debug info lies: by build-id, by .gnu_debuglink, by .gnu_debugaltlink, and over
 * the network only if asked.
 *
 * Nothing here trusts a file for its place: a build-id is compared, a debuglink's CRC is computed.
 * On success `out` is an open elf_file that the caller closes; every other result leaves it closed.
 */
#ifndef SEEP_DEBUG_FILES_H
#define SEEP_DEBUG_FILES_H

#include "elf_file.h"

struct debug_search {
	char *path; /* directories as /usr/lib/debug, separated by colons */
	bool use_debuginfod;
};

/* The debug file of a build-id, hex. 0 or SEEP_ERR_NOT_FOUND, SEEP_ERR_MEMORY. */
int debug_file_by_build_id(const struct debug_search *search, const char *build_id, struct elf_file *out);

/* The file that `file`'s .gnu_debuglink names: beside it, in .debug there, below the directories. */
int debug_file_by_link(const struct debug_search *search, const struct elf_file *file, struct elf_file *out);

/*
 * Whether a file of a name is there that one of the two above would look at: where it says no, they find nothing.
 * `path` is the module's own, `link` what its .gnu_debuglink names ("" none).
 */
bool debug_file_may_be_there(const struct debug_search *search, const char *build_id, const char *path,
			     const char *link);

/* The supplementary file (dwz) that debug info in `referrer` names by path and build-id. */
int debug_file_supplementary(const struct debug_search *search, const struct elf_file *referrer, const char *name,
			     const char *build_id, struct elf_file *out);

/* debuginfod.c: asks the servers of DEBUGINFOD_URLS. Only called when search->use_debuginfod. */
int debuginfod_fetch(const char *build_id, struct elf_file *out);

#endif
