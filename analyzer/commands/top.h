/* SPDX-License-Identifier: MIT */
/* top.h - the report of `seep top`, which `seep diff` prints too. */
#ifndef SEEP_TOP_H
#define SEEP_TOP_H

#include "open.h"

report_function top_add;

#endif
