/* SPDX-License-Identifier: MIT */
/*
 * verify.c - SEEP_OPTIONS=verify_unwind=1: every capture is compared with libunwind's full walk. A debug mode.
 *
 * libunwind is loaded here only, with RTLD_LOCAL: linked, Debian's would export _Unwind_* and take over the server's
 * C++ exceptions. Its caches are off, because they go stale when a library is unloaded.
 */
#define UNW_LOCAL_ONLY /* the local unwinder, in libunwind.so.8 itself */
#include <errno.h>
#include <libunwind.h>
#include <string.h>

#include "capture.h"
#include "hooks.h"
#include "sys.h"
#include "tree.h"

#define STRING(x) STRING_(x)
#define STRING_(x) #x

/* The names are macros for the architecture's symbols. */
static __typeof__(&unw_init_local) init_local;
static __typeof__(&unw_step) step;
static __typeof__(&unw_get_reg) get_reg;
static int (*getcontext_of)(unw_context_t *);

bool verify_init(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_LOCAL | RTLD_NOW);
	__typeof__(&unw_set_caching_policy) set_policy;
	unw_addr_space_t *space;

	if (!library)
		return false;
	init_local = (__typeof__(init_local))dlsym(library, STRING(unw_init_local));
	step = (__typeof__(step))dlsym(library, STRING(unw_step));
	get_reg = (__typeof__(get_reg))dlsym(library, STRING(unw_get_reg));
	getcontext_of = (int (*)(unw_context_t *))dlsym(library, "_Ux86_64_getcontext");
	set_policy = (__typeof__(set_policy))dlsym(library, STRING(unw_set_caching_policy));
	space = dlsym(library, STRING(unw_local_addr_space));
	if (!init_local || !step || !get_reg || !getcontext_of || !set_policy || !space)
		return false;
	set_policy(*space, UNW_CACHE_NONE);
	return true;
}

static void say(const char *text)
{
	sys_write(2, text, strlen(text));
}

static void say_hex(uintptr_t value)
{
	char text[19];

	for (int i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	text[16] = ' ';
	text[17] = '\0';
	say(text);
}

static COLD void difference(const uintptr_t *frames, uint32_t count, uint32_t at, uintptr_t expected)
{
	static _Atomic(int) said;

	trust_add(TRUST_VERIFY_DIFFERENCES, 1);
	if (atomic_fetch_add(&said, 1))
		return;
	say("libseep: verify_unwind: libunwind has ");
	say_hex(expected);
	say("at the frame after the first of these that it shares\n");
	for (uint32_t i = 0; i < count && i <= at; i++)
		say_hex(TREE_FRAME_ADDRESS(frames[i]));
	say("\n");
}

/* Advances to the hook's caller; false if the walk does not meet it. */
static bool skip_own_frames(unw_cursor_t *cursor, const struct hook_frame *hook)
{
	unw_word_t ip, sp;

	while (step(cursor) > 0) {
		get_reg(cursor, UNW_REG_IP, &ip);
		get_reg(cursor, UNW_REG_SP, &sp);
		if (ip == hook->return_address && sp == (uintptr_t)(hook + 1))
			return true;
	}
	return false;
}

/*
 * Compared up to the first guessed frame: beyond it both go by their own guess. Where libunwind stops early (it takes a
 * frame that it has no information for as the end) nothing can be said of the frames above.
 */
static void frames_compare(unw_cursor_t *cursor, const uintptr_t *frames, const struct capture *capture)
{
	unw_word_t ip = 0;

	for (uint32_t i = 0; i < capture->count; i++) {
		if (TREE_FRAME_FLAGS(frames[i]) & FRAME_GUESSED)
			return;
		get_reg(cursor, UNW_REG_IP, &ip);
		if (ip != TREE_FRAME_ADDRESS(frames[i])) {
			difference(frames, capture->count, i, ip);
			return;
		}
		if (step(cursor) <= 0) {
			if (i + 1 < capture->count)
				difference(frames, capture->count, i + 1, 0);
			return;
		}
	}
	get_reg(cursor, UNW_REG_IP, &ip);
	if (ip != 0 && !capture->is_truncated)
		difference(frames, capture->count, capture->count, ip);
}

void verify_stack(const struct hook_frame *hook, const uintptr_t *frames, const struct capture *capture)
{
	uintptr_t allocator_frame = local.allocator_frame;
	int saved_errno = errno;
	unw_context_t context;
	unw_cursor_t cursor;

	local.allocator_frame = UINTPTR_MAX; /* whatever libunwind acquires is not the program's */
	trust_add(TRUST_VERIFY_CAPTURES, 1);
	getcontext_of(&context);
	init_local(&cursor, &context);
	if (skip_own_frames(&cursor, hook))
		frames_compare(&cursor, frames, capture);
	else
		difference(frames, capture->count, 0, 0);
	local.allocator_frame = allocator_frame;
	errno = saved_errno;
}
