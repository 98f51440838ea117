/* SPDX-License-Identifier: MIT */
/*
 * symbols.h - code address -> functions, file, line: the one place that reads ELF and DWARF (elfutils libdw).
 *
 * A `struct symbolizer` keeps opened modules by (path, build-id); it is not thread-safe. Debug info is looked
 * for in the file itself, by build-id below the debug directories, by .gnu_debuglink, and with debuginfod
 * only if asked. A file whose build-id differs from the recorded one is never used for names: its
 * addresses would lie. What cannot be resolved is said with its reason.
 */
#ifndef SEEP_SYMBOLS_H
#define SEEP_SYMBOLS_H

#include "../base/error.h"
#include "../base/model.h"

struct symbolizer;

struct symbolizer_options {
	bool use_debuginfod;    /* default off: no network without being asked */
	const char *debug_path; /* NULL: elfutils' default, "/usr/lib/debug" and beside the file */
	/*
	 * Where answers are kept from run to run (symbol_cache.h), NULL: nowhere. A module whose addresses are all
	 * known there is not opened. Not together with use_debuginfod.
	 */
	const char *cache_directory;
};

int symbolizer_open(const struct symbolizer_options *options, struct symbolizer **out, struct error *error);
void symbolizer_close(struct symbolizer *symbolizer); /* NULL is fine */
/* Writes what was found out for the next run. */
void symbolizer_save(struct symbolizer *symbolizer);

/*
 * Resolves one location of a module: *symbols gets its functions, innermost first, inlined ones included;
 * the caller frees with symbols_release(). Offset is module-relative (address - load bias); with exact false
 * it is a return address and offset - 1 is looked up. Returns SEEP_OK with *count 0 if nothing is known.
 */
int symbolizer_resolve(struct symbolizer *symbolizer, const struct model_module *module, uint64_t offset, bool exact,
		       struct model_symbol **symbols, size_t *count);
void symbols_release(struct model_symbol *symbols, size_t count);

/*
 * Why functions or lines of this module are missing: "debug info" when nothing is, else one of "no debug info",
 * "file gone", "file unreadable", "file changed" (it has no build-id, and another size in memory), "build-id differs",
 * "zstd-compressed section", "supplementary file missing" (dwz), "not an ELF file", "code of no file".
 * Borrowed: valid until symbolizer_close(). *debug_file, if not NULL, gets where the debug info was found, or NULL.
 */
const char *symbolizer_status(struct symbolizer *symbolizer, const struct model_module *module,
			      const char **debug_file);

/*
 * Fills in what is not yet resolved of the recording, in memory. `resolved` is set where the module has its debug info:
 * elsewhere a later try, on another machine or with the debug package installed, may know more. A try that
 * finds less than is already there leaves that, and the module's status, as it was.
 */
int symbolizer_resolve_recording(struct symbolizer *symbolizer, struct recording *recording);

#endif
