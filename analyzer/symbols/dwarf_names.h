/* SPDX-License-Identifier: MIT */
/*
 * dwarf_names.h - the readable name of a function's DIE, remembered.
 *
 * The linkage name demangled, where there is one. A C++ or Rust function without one (internal linkage, lambdas)
 * gets its scopes in front of its name, "(anonymous namespace)::helper". Zeroed is valid and empty.
 */
#ifndef SEEP_DWARF_NAMES_H
#define SEEP_DWARF_NAMES_H

#include <elfutils/libdw.h>

struct dwarf_name;
struct scope_map;

struct dwarf_names {
	struct dwarf_name *names; /* uthash: DIE -> name */
	struct scope_map *scopes; /* uthash: unit -> its named scopes */
	unsigned depth;           /* of names being read, one inside another */
};

/* Borrowed until dwarf_names_release(); "" if the DIE has no name, NULL if memory ran out. */
const char *dwarf_names_get(struct dwarf_names *names, Dwarf_Die *function);
void dwarf_names_release(struct dwarf_names *names);

#endif
