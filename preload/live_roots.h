/* SPDX-License-Identifier: MIT */
/* live_roots.h - tells the recorder where the tables of what lives are in this process (live_layout.h). */
#ifndef SEEP_LIVE_ROOTS_H
#define SEEP_LIVE_ROOTS_H

#include "live_layout.h"

/* When the own slot is there, before its process counts as live. */
void live_roots_tell(void);

/* mappings.c: fills in its part. */
void mappings_describe(struct live_roots *roots);

#endif
