/* SPDX-License-Identifier: MIT */
/* ages.h - seep peek --ages REGEX: how old is what matching functions hold. */
#ifndef SEEP_COMMANDS_AGES_H
#define SEEP_COMMANDS_AGES_H

#include "options.h"

/* All of it after command_begin(); returns the exit code. */
int command_ages(const struct options *options);

#endif
