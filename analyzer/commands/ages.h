/* SPDX-License-Identifier: MIT */
/* ages.h - how old is what callsites hold: `seep peek --ages REGEX`, and what others need of it. */
#ifndef SEEP_COMMANDS_AGES_H
#define SEEP_COMMANDS_AGES_H

#include "../render/ages.h"
#include "../store/store.h"
#include "options.h"

/* All of it after command_begin(); returns the exit code. */
int command_ages(const struct options *options);

/* What was read of the processes that count, and what they hold. Zeroed is valid and empty. */
struct known_ages {
	struct ages_reading *readings;
	size_t reading_count, reading_capacity;
	struct model_ages *sites; /* of one process after the other */
	size_t site_count, site_capacity;
};

/* The newest readings of a process, or of those that lived at the end (0). Release in any case. */
int known_ages_read(struct store *store, const struct recording *recording, uint32_t process_id,
		    struct known_ages *known, struct error *error);
void known_ages_release(struct known_ages *known);

/* Why there are none: a clause, static. */
const char *known_ages_because(const struct known_ages *known);

#endif
