/* SPDX-License-Identifier: MIT */
#include "watch_menu.h"

#include "../analysis/memory.h"

static const char order_keys[ROW_ORDER_COUNT] = {
	[ROWS_BY_VERDICT] = 'v', [ROWS_BY_NAME] = 'n',   [ROWS_BY_FLAT] = 'f',
	[ROWS_BY_CUM] = 'c',     [ROWS_BY_GROWTH] = 'g', [ROWS_BY_AGE] = 'a',
};

bool watch_order_of_key(uint32_t key, enum row_order *order)
{
	for (int i = 0; i < ROW_ORDER_COUNT; i++)
		if (order_keys[i] && (uint32_t)order_keys[i] == key) {
			*order = (enum row_order)i;
			return true;
		}
	return false;
}

static size_t type_count(void)
{
	size_t count = 1;

	while (value_type_name((unsigned)count - 1))
		count++;
	return count;
}

size_t watch_menu_count(enum watch_mode mode)
{
	return mode == WATCH_SORT_MENU ? ROW_ORDER_COUNT : type_count();
}

const char *watch_type_name(unsigned type)
{
	return type ? value_type_name(type - 1) : "everything";
}

char *watch_menu_line(enum watch_mode mode, size_t line)
{
	if (mode == WATCH_TYPE_MENU)
		return memory_string(watch_type_name((unsigned)line));
	if (!order_keys[line])
		return memory_format("   %s", row_order_text((enum row_order)line));
	return memory_format("%c  %s", order_keys[line], row_order_text((enum row_order)line));
}

const char *watch_help(void)
{
	return "Up Down PgUp PgDn Home End, j k   move\n"
	       "Enter   what is known of the callsite: its stacks, its ages, what it goes with\n"
	       "s F6    sort by ...; at once: v verdict, f flat, c cum, g growth, a age, n name\n"
	       "r       the other way round\n"
	       "/ F4    filter by function, file:line, kind or verdict as you type; Esc clears it\n"
	       "t       show another type: bytes in use, allocated ones, sockets, timers, ...\n"
	       "p       pause, and go on\n"
	       "h ? F1  this help\n"
	       "q Esc   back; quit\n"
	       "\n"
	       "VERDICT LEAK grows without bound; undecided cannot be told yet; warm-up grew, and is level;\n"
	       "        churn comes and goes; steady does not grow; new came after the newest judgement\n"
	       "FLAT    what the callsite holds; of alloc types what it acquired since the start\n"
	       "CUM     what all callsites hold in whose stacks the function is\n"
	       "GROWTH  of flat, a second (a minute or an hour where it is slow)\n"
	       "AGE     mean age of what is held; s, m, h, d\n"
	       "COUNT   objects\n"
	       "\n"
	       "Figures are read anew each time, verdicts when they have had time to change, with at most 2 % of\n"
	       "a core. `seep growth` tells the same in words, seep-top(1) has the rest.\n";
}
