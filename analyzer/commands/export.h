/* SPDX-License-Identifier: MIT */
/* export.h - a session's figures as a file for other tools, for `seep export` and for who asks over HTTP. */
#ifndef SEEP_COMMANDS_EXPORT_H
#define SEEP_COMMANDS_EXPORT_H

#include "open.h"

/* SEEP_ERR_USAGE, with a sentence, if the format cannot hold what is asked for. */
int export_check(const struct options *options, struct error *error);

/* Appends the whole file, of options->format, but no EXPORT_SQLITE and EXPORT_HTML. The session is open, and built when
 * this returns. */
int export_session(struct session *session, struct buffer *out, struct error *error);

#endif
