/* SPDX-License-Identifier: MIT */
/*
 * symbol_cache.h - what earlier runs found out about the addresses of one module, by its build-id.
 *
 * A build-id names the code. So an answer out of complete debug info holds for ever; one without debug info
 * (from the symbol table) holds as long as the module's file is the same and there is still no debug file for it, which
 * the caller asks. Nothing else is kept.
 *
 * One file a module in a directory of this user alone; a file that is not, or is damaged, or of another version of
 * Seep, is as good as none. Written whole and renamed, so that readers and other writers meet an old or a new one; of
 * two that write at once the later wins, and what the other had added is looked up again one day. Of more than
 * SYMBOL_CACHE_FILES files the oldest go. No failure is reported: a cache may always be empty.
 *
 * Ownership: the struct owns all text that it hands out, until symbol_cache_close().
 */
#ifndef SEEP_SYMBOL_CACHE_H
#define SEEP_SYMBOL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/model.h"

enum { SYMBOL_CACHE_FILES = 256 };

struct symbol_cache;

/* What an answer depends on besides the build-id. */
struct symbol_cache_basis {
	const char *status;                  /* symbolizer_status() */
	const char *debug_file;              /* where the debug info was, "" none */
	const char *link;                    /* the name in the module's .gnu_debuglink, "" none */
	int64_t file_bytes, file_changed_ns; /* the module's own file; 0 where the debug info was found */
};

/*
 * $XDG_CACHE_HOME/seep, or $HOME/.cache/seep if that home is this user's. Made if it is missing, nothing above .cache.
 * NULL: there is none, or others may write to it. The caller frees.
 */
char *symbol_cache_directory(void);

/* Of a module; empty if nothing is kept. NULL: no memory, or the build-id is none to rely on. */
struct symbol_cache *symbol_cache_open(const char *directory, const char *build_id);
void symbol_cache_close(struct symbol_cache *cache); /* NULL is fine */

/* False: it is empty. */
bool symbol_cache_read_basis(const struct symbol_cache *cache, struct symbol_cache_basis *out);
/* Empties it: what it knew does not hold, or is of another basis. The strings are copied. */
int symbol_cache_begin(struct symbol_cache *cache, const struct symbol_cache_basis *basis);

/* True if the answer for a pc is known: as symbolizer_resolve() gives it, the caller's (NULL when memory is short: then
 * false). */
bool symbol_cache_find(const struct symbol_cache *cache, uint64_t pc, struct model_symbol **symbols, size_t *count);
/* Only for a pc that is not known. The symbols are copied. */
int symbol_cache_add(struct symbol_cache *cache, uint64_t pc, const struct model_symbol *symbols, size_t count);

/* Writes the file if something was added. */
void symbol_cache_save(struct symbol_cache *cache);

#endif
