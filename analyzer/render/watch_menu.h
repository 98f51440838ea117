/* SPDX-License-Identifier: MIT */
/* watch_menu.h - the menus and the help of `seep top --watch`. Pure. */
#ifndef SEEP_WATCH_MENU_H
#define SEEP_WATCH_MENU_H

#include "watch_view.h"

/* The order that a key stands for; false: none. */
bool watch_order_of_key(uint32_t key, enum row_order *order);

/* The lines of the sort menu or the type menu, and one of them, to be freed. */
size_t watch_menu_count(enum watch_mode mode);
char *watch_menu_line(enum watch_mode mode, size_t line);

/* "everything", "inuse_space", ... by watch_view.type */
const char *watch_type_name(unsigned type);

/* Lines, each with a newline. */
const char *watch_help(void);

#endif
