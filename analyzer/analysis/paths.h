/* SPDX-License-Identifier: MIT */
/* paths.h - names of files, as strings only: nothing here looks at the disk. */
#ifndef SEEP_PATHS_H
#define SEEP_PATHS_H

/* What follows the last '/': borrowed from `path`. */
const char *path_base(const char *path);

/*
 * The shortest equal path: without ".", "dir/.." and double slashes, as debug info of a build with
 * relative directories is full of them. Rewrites the string in place.
 */
void path_clean(char *path);

#endif
