/* SPDX-License-Identifier: MIT */
/* writer_internal.h - what the writing half of the store shares with its reading half. */
#ifndef SEEP_WRITER_INTERNAL_H
#define SEEP_WRITER_INTERNAL_H

#include "store_internal.h"

/* Finalizes the writer's statements and frees its maps; NULL is fine. */
void writer_release(struct writer *writer);

/* A connection with the settings of every Seep connection; `flags` are SQLITE_OPEN_*. */
int store_open_connection(const char *path, int flags, struct store **out, struct error *error);

/* SEEP_OK if the open file is a recording of a version that this program knows. */
int store_check_identity(const struct store *store, struct error *error);

#endif
