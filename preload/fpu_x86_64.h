/* SPDX-License-Identifier: MIT */
/*
 * fpu_x86_64.h - floating-point arithmetic inside a hook: with the program's rounding, flags and traps put aside.
 */
#ifndef SEEP_FPU_H
#define SEEP_FPU_H

#include <stdint.h>

#define FPU_DEFAULT 0x1f80u /* all traps masked, to nearest (Intel SDM 1, 10.2.3) */

static inline uint32_t fpu_begin(void)
{
	uint32_t programs = __builtin_ia32_stmxcsr();

	__builtin_ia32_ldmxcsr(FPU_DEFAULT);
	return programs;
}

static inline void fpu_end(uint32_t programs)
{
	__asm__ volatile("" ::: "memory"); /* what was computed has been stored */
	__builtin_ia32_ldmxcsr(programs);
}

#endif
