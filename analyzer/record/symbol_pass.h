/* SPDX-License-Identifier: MIT */
/*
 * symbol_pass.h - names for new code addresses, a little each tick, so that a library that is gone tomorrow has been
 * read today.
 *
 * Owns its symbolizer; symbol_pass_release() closes it. Zeroed is valid: nothing resolved yet.
 */
#ifndef SEEP_SYMBOL_PASS_H
#define SEEP_SYMBOL_PASS_H

#include "../store/writer.h"

struct symbolizer;

struct symbol_pass {
	struct symbolizer *symbolizer;
	uint32_t after;             /* locations up to this one are done */
	struct model_module module; /* as last read; id 0: none */
	char **status_of_module;    /* as stored, by module id; NULL not yet */
	uint32_t module_capacity;
	int64_t idle_since_ns; /* nothing to do since; 0: there was */
	bool is_off;           /* could not be opened: said once */
};

/*
 * Resolves for up to budget_ns and puts the names into the transaction under way. *done: nothing is left. A
 * transaction that is rolled back must be followed by symbol_pass_forget().
 */
int symbol_pass_run(struct symbol_pass *pass, struct store *store, int64_t budget_ns, bool *done, struct error *error);
void symbol_pass_forget(struct symbol_pass *pass);
/* Keeps what was found out for the next recorder of this user. */
void symbol_pass_save(struct symbol_pass *pass);
void symbol_pass_release(struct symbol_pass *pass);

#endif
